//! Whom to trust over TLS.

use std::{fmt, path::Path, sync::Arc};

use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, KeyLogFile, RootCertStore, SignatureScheme,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{
        CertificateDer, ServerName, UnixTime,
        pem::{self, PemObject},
    },
};

/// Which certificates of a broker are accepted over TLS. By default none: somebody has to say which.
#[derive(Clone, Default)]
pub struct Trust(Option<Arc<ClientConfig>>);

/// Authorities that cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read, or is no PEM.
    #[error(transparent)]
    File(#[from] pem::Error),
    /// The file holds no certificate.
    #[error("it holds no certificate in PEM")]
    Empty,
    /// TLS does not take what the file holds.
    #[error(transparent)]
    Tls(#[from] Error),
    /// What the file holds cannot verify anything.
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
}

impl Trust {
    /// Trusts the certificates in this file, in PEM, and those that they have signed.
    pub fn certificates(path: &Path) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_file_iter(path)? {
            let certificate = certificate?;
            roots.add(certificate.clone())?;
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err(TrustError::Empty);
        }
        let provider = Arc::new(ring::default_provider());
        let signed = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        Self::verified_by(Some(Listed { certificates, signed }))
    }

    /// Trusts every certificate, which is no protection at all.
    pub fn anybody() -> Result<Self, TrustError> {
        Self::verified_by(None)
    }

    fn verified_by(listed: Option<Listed>) -> Result<Self, TrustError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Verifier { provider: Arc::clone(&provider), listed });
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = builder.with_no_client_auth();
        // Only if the environment asks for it: to look into a capture of a run.
        config.key_log = Arc::new(KeyLogFile::new());
        Ok(Self(Some(Arc::new(config))))
    }

    /// How TLS is to be spoken, unless nobody is trusted.
    pub(super) fn config(&self) -> Option<Arc<ClientConfig>> {
        self.0.clone()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("tls", &self.0.is_some()).finish()
    }
}

/// The certificates that are trusted.
#[derive(Debug)]
struct Listed {
    /// They themselves, for whatever they were made: brokers often have one that they signed on their own.
    certificates: Vec<CertificateDer<'static>>,
    /// Those that they have signed, for the host that was asked for.
    signed: Arc<WebPkiServerVerifier>,
}

/// Accepts certificates, but no handshake of somebody who does not have the key.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// What is accepted; anything if nothing is listed.
    listed: Option<Listed>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.listed {
            Some(listed) if !listed.certificates.contains(certificate) => {
                listed.signed.verify_server_cert(certificate, intermediates, name, ocsp, now)
            }
            Some(_) | None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
