//! Where the target is.

use std::{fmt, str::FromStr};

use super::{Credentials, Transport};

/// Where the broker under test is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// The reference broker inside this process, in virtual time.
    Embedded,
    /// A broker on the network.
    Network {
        /// Where it listens.
        endpoint: Endpoint,
        /// What the broker wants to be told by its clients.
        credentials: Option<Credentials>,
    },
}

/// Where a broker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What carries the control packets.
    pub transport: Transport,
    /// Name or address of the host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path that a WebSocket is asked for, with its slash; empty for other transports.
    pub path: String,
}

/// The path that most brokers use, where none is named. The standard has none (MQTT 5.0 §6).
const DEFAULT_PATH: &str = "/mqtt";

/// A text that is not the address of a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no address of a broker: {why}; write mqtt://HOST:PORT, for example mqtt://127.0.0.1:1883, or mqtts://HOST:PORT, ws://HOST:PORT/PATH or wss://HOST:PORT/PATH"
)]
pub struct ParseAddressError {
    text: String,
    why: &'static str,
}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        network(text).map_err(|why| ParseAddressError { text: text.to_owned(), why })
    }
}

impl Address {
    /// What the target wants to be told by its clients.
    pub fn credentials(&self) -> Option<&Credentials> {
        match self {
            Self::Embedded => None,
            Self::Network { credentials, .. } => credentials.as_ref(),
        }
    }
}

fn network(text: &str) -> Result<Address, &'static str> {
    let (transport, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Transport::of_scheme(scheme).ok_or("its scheme is unknown")?, rest),
        None => (Transport::Tcp, text),
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let path = match (transport.is_websocket(), path) {
        (true, "") => DEFAULT_PATH,
        (true, path) if path.bytes().all(|byte| byte.is_ascii_graphic()) => path,
        (true, _) => return Err("its path has a character that is none of a URI"),
        (false, "" | "/") => "",
        (false, _) => return Err("only WebSocket has a path"),
    };
    let (credentials, authority) = match authority.rsplit_once('@') {
        Some((text, host)) => {
            (Some(Credentials::parse(text).ok_or("its USER:PASSWORD cannot be read")?), host)
        }
        None => (None, authority),
    };
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it names no host");
    }
    let port = match port {
        None => transport.default_port(),
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or("its port is not 1 to 65535")?,
    };
    let endpoint = Endpoint { transport, host: host.to_owned(), port, path: path.to_owned() };
    Ok(Address::Network { endpoint, credentials })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Network { endpoint, credentials: None } => endpoint.fmt(f),
            Self::Network { endpoint, credentials: Some(credentials) } => {
                endpoint.write(f, &format!("{credentials}@"))
            }
        }
    }
}

impl Endpoint {
    /// Writes it with what stands before the host.
    fn write(&self, f: &mut fmt::Formatter<'_>, user: &str) -> fmt::Result {
        let Self { transport, host, port, path } = self;
        let scheme = transport.scheme();
        if host.contains(':') {
            write!(f, "{scheme}://{user}[{host}]:{port}{path}")
        } else {
            write!(f, "{scheme}://{user}{host}:{port}{path}")
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("mqtt://127.0.0.1:1884", "mqtt://127.0.0.1:1884")]
    #[case("mqtt://broker.example", "mqtt://broker.example:1883")]
    #[case("localhost:1", "mqtt://localhost:1")]
    #[case("mqtt://[::1]:1883/", "mqtt://[::1]:1883")]
    #[case("mqtt://user@h", "mqtt://user@h:1883")]
    #[case("mqtt://a%40b:p%3a@ss@h:1", "mqtt://a%40b:***@h:1")]
    #[case("user:secret@[::1]:1", "mqtt://user:***@[::1]:1")]
    #[case("mqtts://x", "mqtts://x:8883")]
    #[case("ws://x:8080", "ws://x:8080/mqtt")]
    #[case("wss://[::1]/", "wss://[::1]:443/")]
    #[case("wss://user:secret@x/a", "wss://user:***@x:443/a")]
    #[case("wss://x:1/a/b?c", "wss://x:1/a/b?c")]
    fn addresses(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(text.parse::<Address>().unwrap().to_string(), expected);
    }

    #[rstest]
    #[case("http://x")]
    #[case("mqtt://")]
    #[case("mqtt://x:0")]
    #[case("mqtt://x:99999")]
    #[case("mqtt://a%4@x")]
    #[case("mqtt://%ff@x")]
    #[case("mqtts://x/path")]
    #[case("ws://x/a b")]
    #[case("ws:///mqtt")]
    fn what_is_no_address(#[case] text: &str) {
        assert!(text.parse::<Address>().is_err());
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let address: Address = "mqtt://a%40b:p%3A%ff@h".parse().unwrap();
        let credentials = address.credentials().unwrap();
        assert_eq!(credentials.username.as_str(), "a@b");
        assert_eq!(credentials.password.as_deref(), Some(&b"p:\xff"[..]));
        assert!(!format!("{address:?}").contains("p:"));
    }
}
