//! What is inside a layer, or why nobody can know.

use std::fmt;

use bytes::Bytes;

/// What a direction holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unpacked {
    /// Bytes that were inside.
    Bytes(Bytes),
    /// From here on nobody knows what the bytes mean, for this reason.
    Broken(Unreadable),
}

/// Why what is inside a connection cannot be read, or not any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unreadable {
    /// There are no TLS secrets at all.
    NoSecrets,
    /// There are TLS secrets, but not those of this connection.
    OtherSecrets,
    /// The capture began after the TLS handshake.
    TlsLate,
    /// Bytes inside TLS are missing.
    TlsGap,
    /// A TLS version that is not read, by its number.
    TlsVersion(u16),
    /// A cipher suite that is not read, by its number.
    Suite(u16),
    /// The client sent encrypted data before the server had answered, or the answer is missing.
    EarlyData,
    /// The TLS handshake makes no sense.
    Handshake,
    /// The TLS handshake was not completed.
    Unfinished,
    /// What should be a TLS record is none.
    NoRecord,
    /// The secrets do not open a record.
    Unopened,
    /// Bytes inside WebSocket are missing.
    WebSocketGap,
    /// A WebSocket text frame.
    WebSocketText,
    /// The HTTP header of a WebSocket connection is too long.
    WebSocketHeader,
}

/// A sentence without a full stop.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSecrets => {
                "no secrets were given; have the client or the broker log them (SSLKEYLOGFILE) and name the file with \
                 `--keylog`"
            }
            Self::OtherSecrets => "none of the secrets given belong to it",
            Self::TlsLate => "the capture began after its TLS handshake, so nobody knows which secrets are its own",
            Self::TlsGap => "bytes of a TLS connection are missing, without which what follows cannot be opened",
            Self::TlsVersion(version) => {
                return write!(f, "it uses version {version:#06x} of TLS; only TLS 1.2 and 1.3 are opened");
            }
            Self::Suite(suite) => {
                return write!(
                    f,
                    "it uses the cipher suite {suite:#06x}; only AES-GCM and ChaCha20-Poly1305 are opened"
                );
            }
            Self::EarlyData => {
                "its client sends encrypted data before an answer of the server was seen; early data (0-RTT) is not \
                 opened"
            }
            Self::Handshake => "its TLS handshake makes no sense",
            Self::Unfinished => "its TLS handshake was not completed",
            Self::NoRecord => "bytes of a TLS connection are no TLS record",
            Self::Unopened => "a TLS record is not opened by the secrets given",
            Self::WebSocketGap => {
                "bytes of a WebSocket connection are missing, and with them the place of the next frame"
            }
            Self::WebSocketText => "a WebSocket text frame came, where MQTT travels in binary frames only",
            Self::WebSocketHeader => "the HTTP header of a WebSocket connection has no end",
        })
    }
}
