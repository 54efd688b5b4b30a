//! Where `mqttspec broker` listens: `--listen`.

use std::{
    io,
    path::{Path, PathBuf},
};

use reference_broker::net::{Listener, Tls};
use tokio::net::TcpListener;

use crate::{settings::Place, target::Transport};

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

/// Listens at a place, or says why not and what to do about it.
pub(super) async fn bind(place: &Place, tls: Option<&Tls>) -> Result<Socket, String> {
    match place {
        Place::Network { transport, host, identity } => {
            let tls = match (tls.cloned(), identity) {
                (Some(tls), Some(true)) => Some(tls.identifying(true)),
                (Some(tls), Some(false)) => Some(tls.identifying(false)),
                (tls, _) => tls,
            };
            bind_tcp(*transport, host, tls.as_ref()).await
        }
        Place::Unix(path) => bind_unix(path.clone()).await.map_err(|error| {
            let advice = if error.kind() == io::ErrorKind::AddrInUse {
                "name a file that does not exist yet"
            } else {
                "name a file with a short path, in a folder that exists and that you may write to,"
            };
            format!("cannot serve at {place}: {error}\n{advice} with `--listen`")
        }),
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
async fn bind_unix(path: PathBuf) -> io::Result<Socket> {
    use tokio::net::UnixListener;
    let listener = match UnixListener::bind(&path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(&path).await => {
            std::fs::remove_file(&path)?;
            UnixListener::bind(&path)
        }
        bound => bound,
    }?;
    let address = format!("unix:{}", path.display());
    Ok(Socket { listener: listener.into(), address, file: Some(SocketFile(path)) })
}

/// Whether it is the socket of a broker that was killed.
#[cfg(unix)]
async fn is_abandoned(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let is_socket = path.symlink_metadata().is_ok_and(|file| file.file_type().is_socket());
    let refuses = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && tokio::net::UnixStream::connect(path).await.is_err_and(refuses)
}

#[cfg(not(unix))]
async fn bind_unix(_: PathBuf) -> io::Result<Socket> {
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
