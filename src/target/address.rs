//! Where the target is.

use std::{fmt, str::FromStr};

use super::Credentials;

/// Where the broker under test is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// The reference broker inside this process, in virtual time.
    Embedded,
    /// A broker that listens for MQTT over TCP.
    Tcp {
        /// Name or address of the host.
        host: String,
        /// The port.
        port: u16,
        /// What the broker wants to be told by its clients.
        credentials: Option<Credentials>,
    },
}

/// The port of MQTT over TCP, as registered with IANA (MQTT 5.0 §4.2).
const DEFAULT_PORT: u16 = 1883;

/// A text that is not the address of a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no address of a broker: {why}; write mqtt://HOST:PORT, for example mqtt://127.0.0.1:1883"
)]
pub struct ParseAddressError {
    text: String,
    why: &'static str,
}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |why| ParseAddressError { text: text.to_owned(), why };
        let rest = match text.split_once("://") {
            Some(("mqtt" | "tcp", rest)) => rest,
            Some(("mqtts" | "ws" | "wss", _)) => {
                return Err(error("only plain TCP (mqtt://) can be tested so far"));
            }
            Some(_) => return Err(error("its scheme is not mqtt://")),
            None => text,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((text, rest)) => {
                let credentials = Credentials::parse(text);
                (Some(credentials.ok_or_else(|| error("its USER:PASSWORD cannot be read"))?), rest)
            }
            None => (None, rest),
        };
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => match rest.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        if host.is_empty() || host.contains(['/', ' ']) {
            return Err(error("it names no host"));
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| error("its port is not 1 to 65535"))?,
        };
        Ok(Self::Tcp { host: host.to_owned(), port, credentials })
    }
}

impl Address {
    /// What the target wants to be told by its clients.
    pub fn credentials(&self) -> Option<&Credentials> {
        match self {
            Self::Embedded => None,
            Self::Tcp { credentials, .. } => credentials.as_ref(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Tcp { host, port, credentials } => {
                f.write_str("mqtt://")?;
                if let Some(credentials) = credentials {
                    write!(f, "{credentials}@")?;
                }
                if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
            }
        }
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
    fn addresses(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(text.parse::<Address>().unwrap().to_string(), expected);
    }

    #[rstest]
    #[case("http://x")]
    #[case("mqtt://")]
    #[case("mqtt://x:0")]
    #[case("mqtt://x:99999")]
    #[case("mqtts://x")]
    #[case("mqtt://a%4@x")]
    #[case("mqtt://%ff@x")]
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
