//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side.
//!
//! ```text
//! client                          server
//!   | client-first: name, nonce ->  |  Scram::challenge
//!   | <- server-first: both nonces, salt, iterations
//!   | client-final: proof ->        |  Challenged::finish
//!   | <- server-final: the server's own proof
//! ```
//!
//! Neither password nor proof is ever stored. Channel binding is not offered.

mod keys;
mod prepared;

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub use keys::{NotScramKeys, ScramKeys};
pub use prepared::{NotPrepared, prepared};

/// The Authentication Method.
pub(crate) const METHOD: &str = "SCRAM-SHA-256";

/// The iterations that a client is told whose name is not known: the fewest that RFC 7677 wants.
const ITERATIONS: u32 = 4_096;

/// A value of SHA-256.
type Hash = [u8; 32];

/// Why an exchange fails.
type Fault = &'static str;

/// SCRAM-SHA-256 as a method of enhanced authentication (MQTT 5.0 §4.12).
#[derive(Clone)]
pub struct Scram {
    secret: Hash,
    users: BTreeMap<String, ScramKeys>,
}

/// An exchange that waits for the client's proof.
#[derive(Clone, Debug)]
pub(crate) struct Challenged {
    name: String,
    /// The keys of this name, if it is known.
    keys: Option<ScramKeys>,
    /// What the client has said about channel binding.
    header: String,
    nonce: String,
    /// The first messages of both sides, which the proofs cover.
    said: String,
}

/// The end of an exchange.
#[derive(Debug)]
pub(crate) struct Proved {
    /// Who the client is.
    pub(crate) name: String,
    /// The server's proof.
    pub(crate) answer: Bytes,
}

impl Scram {
    /// Lets in the users with these keys, by their names as they are [`prepared`]. The nonces of the server are made from `secret`: draw it anew each time that a
    /// broker starts, and keep it to yourself.
    pub const fn new(secret: [u8; 32], users: BTreeMap<String, ScramKeys>) -> Self {
        Self { secret, users }
    }

    /// A nonce that no other `number` has.
    pub(crate) fn nonce(&self, number: u128) -> String {
        STANDARD.encode(hmac(&self.secret, &[b"nonce", &number.to_be_bytes()]))
    }

    /// The server's first message, in answer to the client's.
    pub(crate) fn challenge(&self, first: &[u8], own_nonce: &str) -> Result<(Bytes, Challenged), Fault> {
        let ClientFirst { header, bare, name, nonce } = ClientFirst::parse(first)?;
        let nonce = format!("{nonce}{own_nonce}");
        let keys = self.users.get(&name).cloned();
        let (salt, iterations) = match &keys {
            Some(keys) => (keys.salt(), keys.iterations()),
            // The same each time, so that nobody learns which names exist.
            None => (&hmac(&self.secret, &[b"salt", name.as_bytes()])[..16], ITERATIONS),
        };
        let answer = format!("r={nonce},s={},i={iterations}", STANDARD.encode(salt));
        let said = format!("{bare},{answer}");
        let header = header.to_owned();
        Ok((answer.into(), Challenged { name, keys, header, nonce, said }))
    }
}

impl Challenged {
    /// The server's last message, in answer to the client's proof.
    pub(crate) fn finish(self, last: &[u8]) -> Result<Proved, Fault> {
        const FORM: Fault = "this is not the last message of SCRAM";
        let last = std::str::from_utf8(last).map_err(|_| FORM)?;
        let (unproved, proof) = last.rsplit_once(",p=").ok_or(FORM)?;
        let mut attributes = unproved.split(',');
        let header = attributes.next().and_then(|text| text.strip_prefix("c=")).ok_or(FORM)?;
        let nonce = attributes.next().and_then(|text| text.strip_prefix("r=")).ok_or(FORM)?;
        if STANDARD.decode(header).ok().as_deref() != Some(self.header.as_bytes()) {
            return Err("the channel binding has changed");
        }
        if nonce != self.nonce {
            return Err("the nonce has changed");
        }
        let proof: Hash = STANDARD.decode(proof).ok().and_then(|proof| proof.try_into().ok()).ok_or(FORM)?;
        let said = format!("{},{unproved}", self.said);
        let keys = self.keys.filter(|keys| keys.are_proved(&said, proof)).ok_or("the proof is wrong")?;
        let answer = format!("v={}", STANDARD.encode(keys.server_signature(&said)));
        Ok(Proved { name: self.name, answer: answer.into() })
    }
}

/// The client's first message, taken apart.
struct ClientFirst<'a> {
    header: &'a str,
    bare: &'a str,
    name: String,
    nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    fn parse(message: &'a [u8]) -> Result<Self, Fault> {
        const FORM: Fault = "this is not the first message of SCRAM";
        let text = std::str::from_utf8(message).map_err(|_| FORM)?;
        let (binding, rest) = text.split_once(',').ok_or(FORM)?;
        let (on_behalf, bare) = rest.split_once(',').ok_or(FORM)?;
        if !matches!(binding, "n" | "y") {
            return Err("channel binding is not offered");
        }
        let mut attributes = bare.split(',');
        let name = attributes.next().and_then(|text| text.strip_prefix("n=")).ok_or(FORM)?;
        let nonce = attributes.next().and_then(|text| text.strip_prefix("r=")).ok_or(FORM)?;
        if !on_behalf.is_empty() && on_behalf.strip_prefix("a=") != Some(name) {
            return Err("nobody may come in for somebody else");
        }
        if nonce.is_empty() || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(FORM);
        }
        let name = prepared(&unescaped(name).ok_or(FORM)?).map_err(|_| "this is no user name")?;
        let header = text.strip_suffix(bare).ok_or(FORM)?;
        Ok(Self { header, bare, name, nonce })
    }
}

/// A name with `=2C` and `=3D` read as the characters that they stand for.
fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('=');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let (character, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            (None, None) => return None,
        };
        name.push(character);
        name.push_str(rest);
    }
    Some(name)
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn hmac(key: &[u8], parts: &[&[u8]]) -> Hash {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of some length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

impl std::fmt::Debug for Scram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scram").field("users", &self.users).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
