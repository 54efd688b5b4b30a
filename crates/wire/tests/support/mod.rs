//! What several tests use.

use bytes::Bytes;

/// The bytes that hexadecimal digits say; spaces separate, `"…"` is text.
///
/// # Panics
/// If a test's own text is not of that form.
#[expect(clippy::panic, reason = "a mistake in a test must stop it")]
pub(crate) fn hex(text: &str) -> Bytes {
    let mut bytes = Vec::new();
    for (index, piece) in text.split('"').enumerate() {
        if index % 2 == 1 {
            bytes.extend_from_slice(piece.as_bytes());
            continue;
        }
        for word in piece.split_whitespace() {
            match u8::from_str_radix(word, 16) {
                Ok(byte) if word.len() == 2 => bytes.push(byte),
                Ok(_) | Err(_) => panic!("`{word}` is not a byte in hexadecimal, in {text}"),
            }
        }
    }
    Bytes::from(bytes)
}
