//! Where `mqttspec broker` listens: `--listen`.

use std::{io, path::PathBuf, str::FromStr};

use reference_broker::net::{Listener, Tls};
use tokio::net::TcpListener;

use crate::target::Transport;

/// A place to listen at, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Host and port.
    Network(Transport, String),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// A place that is listened at.
#[derive(Debug)]
pub(super) struct Socket {
    listener: Listener,
    address: String,
    file: Option<SocketFile>,
}

/// The file of a Unix socket, which goes with it.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        let _ = std::fs::remove_file(&self.0);
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
        // Clients may use any path of the same WebSocket address.
        let host = rest.split('/').next().unwrap_or_default();
        match host.rsplit_once(':').map(|(_, port)| port.parse::<u16>()) {
            Some(Ok(_)) => Ok(Self::Network(transport, host.to_owned())),
            Some(Err(_)) | None => Err("it names no port; write ADDRESS:PORT".to_owned()),
        }
    }
}

impl Place {
    /// Listens here, or says why not and what to do about it.
    pub(super) async fn bind(&self, tls: Option<&Tls>) -> Result<Socket, String> {
        match self {
            Self::Network(transport, host) => bind_tcp(*transport, host, tls).await,
            Self::Unix(path) => bind_unix(path.clone()).map_err(|error| {
                let advice = "name a file that does not exist yet with `--listen`";
                format!("cannot serve at unix:{}: {error}\n{advice}", path.display())
            }),
        }
    }
}

async fn bind_tcp(transport: Transport, host: &str, tls: Option<&Tls>) -> Result<Socket, String> {
    let scheme = transport.scheme();
    let failed =
        |why: &dyn std::fmt::Display, advice| format!("cannot serve at {scheme}://{host}: {why}\n{advice}");
    let io_failed =
        |error: io::Error| failed(&error, "name an address of this machine and a free port with `--listen`");
    let tls = match (transport.is_secure(), tls) {
        (false, _) => None,
        (true, Some(tls)) => Some(tls.clone()),
        (true, None) => {
            let advice = "name the files with `--cert` and `--key`";
            return Err(failed(&"TLS needs a certificate and its private key", advice));
        }
    };
    let socket = TcpListener::bind(host).await.map_err(io_failed)?;
    let address = format!("{scheme}://{}", socket.local_addr().map_err(io_failed)?);
    let mut listener = Listener::from(socket);
    if let Some(tls) = tls {
        listener = listener.with_tls(tls);
    }
    if transport.is_websocket() {
        listener = listener.with_websocket();
    }
    Ok(Socket { listener, address, file: None })
}

#[cfg(unix)]
fn bind_unix(path: PathBuf) -> io::Result<Socket> {
    let listener = tokio::net::UnixListener::bind(&path)?;
    let address = format!("unix:{}", path.display());
    Ok(Socket { listener: listener.into(), address, file: Some(SocketFile(path)) })
}

#[cfg(not(unix))]
fn bind_unix(_: PathBuf) -> io::Result<Socket> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets"))
}

impl Socket {
    /// Its address, with the port that it has been given.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The listener, and what is to be kept as long as it listens.
    pub(super) fn into_parts(self) -> (Listener, Option<SocketFile>) {
        (self.listener, self.file)
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
