//! The server's side of TLS.

use std::{
    error, fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use mqttspec_wire::Utf8String;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{
            CertificateDer, PrivateKeyDer,
            pem::{self, PemObject},
        },
        server::WebPkiClientVerifier,
    },
    server::TlsStream,
};

use super::certificate::common_name;

/// With what a listener proves who it is, and what it wants to know of its clients.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    /// Whether a client is the one that its certificate names.
    identifies: bool,
}

impl Tls {
    /// Reads the server's certificate, with those that lead to its authority behind it, and its private key.
    ///
    /// With `client_ca`, the certificates of authorities, only clients that show a certificate of one of them are let
    /// in. All are files in PEM.
    ///
    /// # Errors
    /// A file cannot be read or does not hold what it should, or the key does not belong to the certificate.
    pub fn from_files(certificate: &Path, key: &Path, client_ca: Option<&Path>) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(certificate)?;
        let secret = PrivateKeyDer::from_pem_file(key);
        let secret = secret.map_err(|error| unreadable(key, &error, "private key that needs no password"))?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::new(certificate, &error))?;
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let authorities = Arc::new(authorities(path)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| TlsError::new(path, &error))?)
            }
        };
        let config = builder.with_single_cert(chain, secret);
        let config = config.map_err(|error| {
            if let rustls::Error::InconsistentKeys(_) = error {
                return TlsError::new(key, &"it is not the key of the certificate");
            }
            invalid(certificate, &error)
        })?;
        Ok(Self { config: Arc::new(config), identifies: false })
    }

    /// Whether the common name of a client's certificate is taken for its user name, which needs no password then. Say so
    /// in [`Config::certified_users`](crate::Config::certified_users), too.
    #[must_use]
    pub fn identifying(self, identifies: bool) -> Self {
        Self { identifies, ..self }
    }

    /// Carries out the handshake.
    pub(super) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(Arc::clone(&self.config)).accept(stream).await
    }

    /// Who the client is by its certificate, if that is to count.
    pub(super) fn identity<S>(&self, stream: &TlsStream<S>) -> Option<Utf8String> {
        let certificate = stream.get_ref().1.peer_certificates()?.first().filter(|_| self.identifies)?;
        Utf8String::try_from(common_name(certificate)?).ok()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// What a file with certificates holds.
const CERTIFICATE: &str = "certificate";

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unreadable(path, &pem::Error::NoItemsFound, CERTIFICATE)),
        Err(error) => Err(unreadable(path, &error, CERTIFICATE)),
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|error| invalid(path, &error))?;
    }
    Ok(store)
}

/// A file that is not PEM, or holds something else than is wanted.
fn unreadable(path: &Path, error: &pem::Error, wanted: &str) -> TlsError {
    let none = format!("it holds no {wanted} in PEM");
    if let pem::Error::Io(error) = error {
        TlsError::new(path, error)
    } else if let pem::Error::MissingSectionEnd { .. } = error {
        TlsError::new(path, &"it is cut off: there is a BEGIN without its END")
    } else if let pem::Error::NoItemsFound = error {
        TlsError::new(path, &none)
    } else {
        // What a password protects is not always told apart.
        TlsError::new(path, &format!("{none} ({error})"))
    }
}

/// A certificate that is none.
fn invalid(path: &Path, error: &rustls::Error) -> TlsError {
    TlsError::new(path, &format!("a certificate in it is not valid ({error})"))
}

/// A file that TLS cannot be served with.
#[derive(Debug)]
pub struct TlsError {
    path: PathBuf,
    why: String,
}

impl TlsError {
    fn new(path: &Path, why: &dyn fmt::Display) -> Self {
        Self { path: path.to_owned(), why: why.to_string() }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot serve TLS with {}: {}", self.path.display(), self.why)
    }
}

impl error::Error for TlsError {}
