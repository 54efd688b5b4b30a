//! What the server knows of a user instead of the password.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Hash, METHOD, NotPrepared, hash, hmac, prepared};

/// What SCRAM-SHA-256 needs to check a user's proof. The password cannot be read from it, and who has it cannot come in
/// with it.
///
/// Its text is `SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY`, with the last three in Base64, as PostgreSQL writes
/// it too:
///
/// ```
/// use reference_broker::core::ScramKeys;
///
/// let keys = ScramKeys::of_password("pencil", b"some salt", 4096)?;
/// let text = keys.to_string();
/// assert!(text.starts_with("SCRAM-SHA-256$4096:c29tZSBzYWx0$"));
/// assert_eq!(text.parse(), Ok(keys));
/// # Ok::<(), reference_broker::core::NotPrepared>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    salt: Vec<u8>,
    iterations: u32,
    stored_key: Hash,
    server_key: Hash,
}

/// A text that does not say what [`ScramKeys`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotScramKeys;

impl ScramKeys {
    /// The keys of a password, with a salt that nobody else has. RFC 7677 wants at least 4096 iterations; they cost
    /// the client time and, here only, the server.
    ///
    /// # Errors
    /// The password is none that can be typed in everywhere: see [`prepared`].
    pub fn of_password(password: &str, salt: &[u8], iterations: u32) -> Result<Self, NotPrepared> {
        let salted = salted(prepared(password)?.as_bytes(), salt, iterations);
        Ok(Self {
            salt: salt.to_vec(),
            iterations,
            stored_key: hash(&hmac(&salted, &[b"Client Key"])),
            server_key: hmac(&salted, &[b"Server Key"]),
        })
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(super) const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Whether the proof is that of somebody who knows the password.
    pub(super) fn are_proved(&self, said: &str, proof: Hash) -> bool {
        let mut client_key = hmac(&self.stored_key, &[said.as_bytes()]);
        client_key.iter_mut().zip(proof).for_each(|(byte, mask)| *byte ^= mask);
        // How soon hashes differ tells nothing about what was hashed.
        hash(&client_key) == self.stored_key
    }

    /// By this the client sees that the server knows the keys.
    pub(super) fn server_signature(&self, said: &str) -> Hash {
        hmac(&self.server_key, &[said.as_bytes()])
    }
}

/// `Hi()` of RFC 5802 §2.2.
fn salted(password: &[u8], salt: &[u8], iterations: u32) -> Hash {
    let mut last = hmac(password, &[salt, &1u32.to_be_bytes()]);
    let mut all = last;
    for _ in 1..iterations {
        last = hmac(password, &[&last]);
        all.iter_mut().zip(last).for_each(|(byte, mask)| *byte ^= mask);
    }
    all
}

impl FromStr for ScramKeys {
    type Err = NotScramKeys;

    fn from_str(text: &str) -> Result<Self, NotScramKeys> {
        let read = || {
            let (costs, keys) = text.strip_prefix(METHOD)?.strip_prefix('$')?.split_once('$')?;
            let (iterations, salt) = costs.split_once(':')?;
            let (stored_key, server_key) = keys.split_once(':')?;
            let bytes = |text| STANDARD.decode(text).ok();
            let salt = bytes(salt).filter(|salt| !salt.is_empty())?;
            Some(Self {
                salt,
                iterations: iterations.parse().ok().filter(|count| *count > 0)?,
                stored_key: bytes(stored_key)?.try_into().ok()?,
                server_key: bytes(server_key)?.try_into().ok()?,
            })
        };
        read().ok_or(NotScramKeys)
    }
}

impl fmt::Display for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| STANDARD.encode(bytes);
        write!(f, "{METHOD}${}:{}", self.iterations, text(&self.salt))?;
        write!(f, "${}:{}", text(&self.stored_key), text(&self.server_key))
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys").finish_non_exhaustive()
    }
}

impl fmt::Display for NotScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not of the form SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY")
    }
}

impl std::error::Error for NotScramKeys {}
