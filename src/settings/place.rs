//! Where a broker listens, as it is written.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::target::Transport;

/// A place to listen at, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address.
    Network {
        /// How bytes travel.
        transport: Transport,
        /// Host and port.
        host: String,
        /// Whether the certificate says who a client is, if that is said here.
        identity: Option<bool>,
    },
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl Place {
    /// Whether certificates say who the clients are that come in here, where `usually` is what holds if nothing is said.
    pub fn identifies(&self, usually: bool) -> bool {
        match self {
            Self::Network { transport, identity, .. } => transport.is_secure() && identity.unwrap_or(usually),
            Self::Unix(_) => false,
        }
    }
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
        let (rest, identity) = match rest.split_once("?identity=") {
            None => (rest, None),
            Some((rest, "true")) if transport.is_secure() => (rest, Some(true)),
            Some((rest, "false")) if transport.is_secure() => (rest, Some(false)),
            Some(_) if transport.is_secure() => return Err("`identity` is `true` or `false`".to_owned()),
            Some(_) => return Err("only TLS has certificates that identify a client".to_owned()),
        };
        // Clients may use any path of the same WebSocket address.
        let host = rest.split('/').next().unwrap_or_default().to_owned();
        match host.rsplit_once(':') {
            None | Some((_, "")) => Err("it names no port; write ADDRESS:PORT".to_owned()),
            Some((_, port)) if port.parse::<u16>().is_err() => {
                Err(format!("`{port}` is no port; write a number up to 65535"))
            }
            Some(("", port)) => {
                Err(format!("it names no address; write 0.0.0.0:{port} or [::]:{port} for all"))
            }
            Some(_) => Ok(Self::Network { transport, host, identity }),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { transport, host, identity } => {
                write!(f, "{}://{host}", transport.scheme())?;
                identity.map_or(Ok(()), |identity| write!(f, "?identity={identity}"))
            }
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn network(transport: Transport, host: &str, identity: Option<bool>) -> Place {
        Place::Network { transport, host: host.to_owned(), identity }
    }

    #[rstest]
    #[case("127.0.0.1:1883", network(Transport::Tcp, "127.0.0.1:1883", None))]
    #[case("mqtts://[::1]:0", network(Transport::Tls, "[::1]:0", None))]
    #[case("mqtts://[::1]:0?identity=true", network(Transport::Tls, "[::1]:0", Some(true)))]
    #[case("wss://localhost:443/mqtt", network(Transport::SecureWebSocket, "localhost:443", None))]
    #[case(
        "wss://localhost:443/mqtt?identity=false",
        network(Transport::SecureWebSocket, "localhost:443", Some(false))
    )]
    #[case("unix:/tmp/mqtt", Place::Unix("/tmp/mqtt".into()))]
    #[case("unix:///tmp/mqtt", Place::Unix("/tmp/mqtt".into()))]
    fn places(#[case] text: &str, #[case] expected: Place) {
        assert_eq!(text.parse(), Ok(expected));
    }

    #[rstest]
    #[case("http://x:1", "`http` is no transport")]
    #[case("localhost", "it names no port")]
    #[case("mqtt://localhost:", "it names no port")]
    #[case("mqtt://localhost:70000", "`70000` is no port")]
    #[case("mqtt://localhost:mqtt", "`mqtt` is no port")]
    #[case("mqtt://:1883", "it names no address; write 0.0.0.0:1883 or [::]:1883 for all")]
    #[case("unix:", "it names no file")]
    #[case("mqtts://localhost:1?identity=maybe", "`identity` is")]
    #[case("mqtt://localhost:1?identity=true", "only TLS has")]
    fn what_is_no_place(#[case] text: &str, #[case] expected: &str) {
        let error = text.parse::<Place>().unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}
