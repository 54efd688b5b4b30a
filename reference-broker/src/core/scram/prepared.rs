//! Names and passwords that look the same are the same (SASLprep, RFC 4013).

use std::fmt;

/// A text that is no name and no password: it is empty, has a character that RFC 4013 §2.3 or §2.5 rules out, or mixes
/// directions of writing as §2.4 does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPrepared(String);

impl fmt::Display for NotPrepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SASLprep (RFC 4013) does not allow it: {}", self.0)
    }
}

impl std::error::Error for NotPrepared {}

/// The text as SASLprep makes it.
///
/// ```
/// use reference_broker::core::prepared;
///
/// assert_eq!(prepared("I\u{AD}X").as_deref(), Ok("IX"), "a soft hyphen cannot be seen");
/// assert!(prepared("\u{7}").is_err());
/// ```
pub fn prepared(text: &str) -> Result<String, NotPrepared> {
    let prepared = stringprep::saslprep(text).map_err(|error| NotPrepared(error.to_string()))?;
    if prepared.is_empty() {
        return Err(NotPrepared("nothing is left of it".to_owned()));
    }
    Ok(prepared.into_owned())
}
