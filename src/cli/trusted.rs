//! Whom to trust over TLS.

use std::path::PathBuf;

use clap::Args;

use super::BadInput;
use crate::target::{Address, ConnectError, Trust};

/// Whom to trust over TLS, which somebody has to say.
#[derive(Clone, Debug, Args)]
pub(super) struct Trusted {
    /// Over TLS, trust the certificates in this file, in PEM, and those that they have signed
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(super) ca: Option<PathBuf>,
    /// Over TLS, accept any certificate
    #[arg(long)]
    pub(super) insecure: bool,
}

impl Trusted {
    /// Who is trusted to be this target.
    pub(super) fn trust(&self, target: Option<&Address>) -> Result<Trust, BadInput> {
        match (&self.ca, target) {
            (Some(path), _) => Trust::certificates(path).map_err(|error| {
                let advice = "name a file with the certificate of the authority, in PEM";
                BadInput::new(format!("cannot trust {}: {error}\n{advice}", path.display()))
            }),
            (None, _) if self.insecure => {
                Trust::anybody().map_err(|error| BadInput::new(format!("TLS is not to be had: {error}")))
            }
            (None, Some(Address::Network { endpoint, .. })) if endpoint.transport.is_secure() => {
                Err(BadInput::new(format!("cannot test {endpoint}: {}", ConnectError::NoTrust)))
            }
            (None, _) => Ok(Trust::default()),
        }
    }
}
