//! What a target that does not serve everybody wants to be told.

use std::fmt;

use bytes::Bytes;
use mqttspec_wire::Utf8String;

/// The user name and password of every CONNECT that names neither of its own (MQTT 5.0 §3.1.3.5, §3.1.3.6).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: Utf8String,
    /// The password, if there is one.
    pub password: Option<Bytes>,
}

impl Credentials {
    /// Reads `USER` or `USER:PASSWORD`, where `%40` stands for `@` and so on (RFC 3986 §2.1); `None` if that is no
    /// text that MQTT can carry.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (username, password) = match text.split_once(':') {
            Some((username, password)) => (username, Some(password)),
            None => (text, None),
        };
        let username = String::from_utf8(decoded(username)?).ok()?;
        Some(Self {
            username: Utf8String::try_from(username.as_str()).ok()?,
            password: match password {
                Some(password) => Some(Bytes::from(decoded(password)?)),
                None => None,
            },
        })
    }
}

/// Never shows the password: what is shown ends up in reports.
impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.username.as_str().bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    write!(f, "{}", char::from(byte))?;
                }
                _ => write!(f, "%{byte:02X}")?,
            }
        }
        f.write_str(if self.password.is_some() { ":***" } else { "" })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({self})")
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' { hex(bytes.next()?)? << 4 | hex(bytes.next()?)? } else { byte });
    }
    Some(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| digit.try_into().ok())
}
