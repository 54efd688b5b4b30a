//! Randomness for the core, which has none of its own.

use std::io;

use tokio_rustls::rustls::crypto::ring;

/// 32 bytes that nobody can guess, for [`Scram`](crate::core::Scram) and for salts.
///
/// # Errors
/// The system has no randomness to give.
pub fn secret() -> io::Result<[u8; 32]> {
    let mut secret = [0; 32];
    let filled = ring::default_provider().secure_random.fill(&mut secret);
    filled.map_err(|_| io::Error::other("the system has no randomness to give"))?;
    Ok(secret)
}
