//! What is being tested, and how plays reach it.

mod address;
mod connect;
mod credentials;
mod drip;
mod facts;
mod greeting;
pub mod in_process;
mod launch;
mod line;
pub mod network;
pub mod probe;
pub mod set_up;
mod stored;
mod stream;
mod tampered;
mod transport;
mod trust;

pub use address::{Address, Endpoint, ParseAddressError};
pub use connect::ConnectError;
pub use credentials::Credentials;
pub use drip::Dripped;
pub use facts::{Facts, VersionFacts};
pub use launch::{Keeper, LaunchError, Launched, Launcher, Leash};
pub use line::{Dialler, Line, Reading};
pub use stored::Stored;
pub use tampered::{Deed, Tampered, Tampering};
pub use transport::Transport;
pub use trust::{Trust, TrustError};
