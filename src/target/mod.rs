//! What is being tested, and how plays reach it.

mod address;
mod credentials;
mod facts;
pub mod in_process;
pub mod probe;
pub mod tcp;
mod transport;

pub use address::{Address, ParseAddressError};
pub use credentials::Credentials;
pub use facts::{Facts, VersionFacts};
pub use transport::Transport;
