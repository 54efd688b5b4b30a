//! Passwords that are known by their argon2 hashes (RFC 9106), as PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$...`.
//!
//! Verifying one takes tens of milliseconds, so that guessing is expensive. It is done by a few threads with a bounded
//! queue; the core goes on meanwhile.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{self, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use bytes::Bytes;
use tokio::{
    sync::{Mutex, mpsc},
    task::spawn_blocking,
};

use super::Event;
use crate::core::{ConnectionId, Verified};

/// How many passwords may wait to be verified; further clients are told that the server is busy.
const WAITING: usize = 64;

/// How many are verified at once.
const AT_ONCE: usize = 2;

/// The hash of a password, with a salt of at least 8 bytes that no other password has.
///
/// # Errors
/// The salt is too short or too long.
pub fn hash_password(password: &[u8], salt: &[u8]) -> Result<String, password_hash::Error> {
    Argon2::default().hash_password_with_salt(password, salt).map(|hash| hash.to_string())
}

/// Whether a password has this hash; one that cannot be understood is that of none.
pub fn verify_password(hash: &str, password: &[u8]) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
}

/// Whether a text is a hash that passwords can be verified with, or why not.
///
/// # Errors
/// It is not a PHC string, or not one of argon2.
pub fn check_hash(text: &str) -> Result<(), String> {
    let hash = PasswordHash::new(text).map_err(|error| error.to_string())?;
    match argon2::Algorithm::new(hash.algorithm.as_str()) {
        Ok(_) if hash.salt.is_some() && hash.hash.is_some() => Ok(()),
        Ok(_) => Err("it has no salt or no hash".to_owned()),
        Err(_) => Err(format!("`{}` is not argon2", hash.algorithm)),
    }
}

/// A password to verify.
struct Order {
    connection: ConnectionId,
    hash: Arc<str>,
    password: Bytes,
}

/// Those who verify passwords.
pub(super) struct Verifiers {
    orders: mpsc::Sender<Order>,
}

impl Verifiers {
    /// They report with `events`, and end when they are no longer wanted.
    pub(super) fn start(events: &mpsc::Sender<Event>) -> Self {
        let (orders, queue) = mpsc::channel(WAITING);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..AT_ONCE {
            let (queue, events) = (Arc::clone(&queue), events.clone());
            spawn_blocking(move || work(&queue, &events));
        }
        Self { orders }
    }

    /// Verifies a password some time, or says that there is too much to do.
    pub(super) fn verify(&self, connection: ConnectionId, hash: Arc<str>, password: Bytes) -> bool {
        self.orders.try_send(Order { connection, hash, password }).is_ok()
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Order>>, events: &mpsc::Sender<Event>) {
    while let Some(Order { connection, hash, password }) = next(queue) {
        let is_right = verify_password(&hash, &password);
        let verified = if is_right { Verified::Right } else { Verified::Wrong };
        // The queue is gone when the server is.
        if events.blocking_send(Event::Verified(connection, verified)).is_err() {
            return;
        }
    }
}

/// The next order, unless nobody waits for its outcome any more.
fn next(queue: &Mutex<mpsc::Receiver<Order>>) -> Option<Order> {
    let mut queue = queue.blocking_lock();
    let order = queue.blocking_recv();
    order.filter(|_| !queue.is_closed())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_hash_is_of_one_password() {
        let hash = hash_password(b"secret", b"8 bytes!").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m="), "{hash}");
        assert_eq!(check_hash(&hash), Ok(()));
        assert!(verify_password(&hash, b"secret"));
        assert!(!verify_password(&hash, b"Secret"));
        assert_ne!(hash, hash_password(b"secret", b"8 others").unwrap());
    }

    #[rstest]
    #[case("secret")]
    #[case("$argon2id$v=19$m=19456,t=2,p=1")]
    #[case("$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo")]
    fn what_is_no_hash_is_of_none(#[case] text: &str) {
        assert!(check_hash(text).is_err());
        assert!(!verify_password(text, b"secret"));
    }
}
