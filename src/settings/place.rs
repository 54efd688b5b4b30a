//! Where a broker listens, as it is written.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::target::Transport;

/// A place to listen at, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Host and port.
    Network(Transport, String),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err("it names no file; write unix:/PATH".to_owned())
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        let (transport, rest) = match text.split_once("://") {
            None => (Transport::Tcp, text),
            Some((scheme, rest)) => {
                let transport = Transport::of_scheme(scheme);
                let known = "write mqtt://, mqtts://, ws://, wss:// or unix:";
                (transport.ok_or_else(|| format!("`{scheme}` is no transport; {known}"))?, rest)
            }
        };
        // Clients may use any path of the same WebSocket address.
        let host = rest.split('/').next().unwrap_or_default();
        match host.rsplit_once(':').map(|(_, port)| port.parse::<u16>()) {
            Some(Ok(_)) => Ok(Self::Network(transport, host.to_owned())),
            Some(Err(_)) | None => Err("it names no port; write ADDRESS:PORT".to_owned()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(transport, host) => write!(f, "{}://{host}", transport.scheme()),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("127.0.0.1:1883", Place::Network(Transport::Tcp, "127.0.0.1:1883".to_owned()))]
    #[case("mqtts://[::1]:0", Place::Network(Transport::Tls, "[::1]:0".to_owned()))]
    #[case("wss://localhost:443/mqtt", Place::Network(Transport::SecureWebSocket, "localhost:443".to_owned()))]
    #[case("unix:/tmp/mqtt", Place::Unix("/tmp/mqtt".into()))]
    #[case("unix:///tmp/mqtt", Place::Unix("/tmp/mqtt".into()))]
    fn places(#[case] text: &str, #[case] expected: Place) {
        assert_eq!(text.parse(), Ok(expected));
    }

    #[rstest]
    #[case("http://x:1", "`http` is no transport")]
    #[case("localhost", "it names no port")]
    #[case("mqtt://localhost:70000", "it names no port")]
    #[case("unix:", "it names no file")]
    fn what_is_no_place(#[case] text: &str, #[case] expected: &str) {
        let error = text.parse::<Place>().unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}
