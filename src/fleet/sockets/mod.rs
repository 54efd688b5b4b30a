//! The same fleet against a broker on the network: the same world of devices and links, on the clock of the machine.
//!
//! The misfortunes of the links happen on this side of the sockets: what a link holds up is sent later, and what is cut is
//! closed. The world decides; here is only what reads and writes. One thread polls all lines, so that a device costs no
//! more than its state and an entry in a map.

mod driver;
mod library;
mod limits;
mod outage;
mod turns;
mod wishes;

use std::{
    collections::BTreeMap,
    fmt, io,
    net::{SocketAddr, TcpStream, ToSocketAddrs as _},
    time::Duration,
};

use mqttspec_fleet::{
    layout::Layout,
    plan::{Client, Micros, SECOND},
    world::{Options, Outcome, Progress, World},
};
use tokio::{
    runtime,
    time::{Instant, sleep},
};

pub use self::outage::Absence;
use self::{driver::Driver, wishes::Wishes};
use crate::target::{
    ConnectError, Dialler, Launched,
    network::{AGAIN, Network},
};

/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(5);

/// Why a fleet cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum CannotBegin {
    /// The broker cannot be reached.
    #[error("cannot reach the broker: {0}")]
    Unreachable(#[from] ConnectError),
    /// The system does not let this process have so many connections.
    #[error(
        "{devices} devices need {wanted} open files, and this process may have {limit}. Raise the limit (`ulimit -n {wanted}`, or LimitNOFILE= of a service), or play the plan in several processes"
    )]
    TooManyFiles {
        /// How many devices the plan has.
        devices: usize,
        /// How many files may be open.
        limit: u64,
        /// What would be enough.
        wanted: usize,
    },
    /// The system refuses to poll.
    #[error("cannot wait for sockets: {0}")]
    Poll(io::Error),
}

/// What came of a fleet on the network.
#[derive(Debug)]
pub struct Played {
    /// What came of it.
    pub outcome: Outcome,
    /// Why it is over.
    pub ending: Ending,
    /// When the broker was not there.
    pub absences: Vec<Absence>,
    /// Why this system could not open connections at times, if it could not.
    pub hindered: Option<String>,
    /// How often connections of clients that are a library failed, by what the library says of it.
    pub failures: BTreeMap<String, u64>,
}

/// Why a run is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It came to its end.
    Complete,
    /// The user wanted that.
    Interrupted,
    /// The broker has not been there for so long, in microseconds.
    NoBroker(Micros),
    /// The broker that was launched could not be started again.
    NotLaunched(String),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("it came to its end"),
            Self::Interrupted => f.write_str("it was interrupted"),
            Self::NoBroker(gone) => write!(f, "the broker has not been there for {} s", gone / SECOND),
            Self::NotLaunched(why) => write!(f, "the broker could not be started again: {why}"),
        }
    }
}

/// Plays a fleet against the broker at `target`, which may have been launched for that; then phases can restart it. `watch`
/// is asked several times a second whether to go on.
pub fn play(
    (layout, options): (&Layout, &Options),
    target: &Network,
    launched: Option<&mut Launched>,
    watch: &mut dyn FnMut(&Progress<'_>) -> bool,
) -> Result<Played, CannotBegin> {
    limits::make_room(layout.devices.len(), layout.devices.len() + library::FILES * libraries(layout))?;
    // What cannot be reached at all is said at once and in detail, not by a thousand devices.
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(CannotBegin::Poll)?;
    let patience = launched.as_ref().map_or(Duration::ZERO, |launched| launched.patience());
    runtime.block_on(reach(target, patience))?;
    let address = resolve(&target.endpoint.host, target.endpoint.port).map_err(ConnectError::Tcp)?;
    let dialler = Dialler::new(&target.endpoint, address, &target.trust)?;
    let wishes = Wishes::new(launched.is_some());
    let world = World::with(layout, options, wishes.clone());
    let driver =
        Driver::new((layout, options), world, wishes, dialler, launched).map_err(CannotBegin::Poll)?;
    Ok(driver.drive(watch))
}

/// How many devices have a client that is a library.
fn libraries(layout: &Layout) -> usize {
    let groups = layout.plan.groups.iter().filter(|group| group.client != Client::Own);
    groups.map(|group| usize::try_from(group.count).unwrap_or(usize::MAX)).sum()
}

/// Waits until the broker lets somebody connect; one that is just being launched may take a while.
async fn reach(target: &Network, patience: Duration) -> Result<(), ConnectError> {
    let deadline = Instant::now() + patience;
    loop {
        match target.try_connect().await {
            Err(_) if Instant::now() < deadline => sleep(AGAIN).await,
            outcome => return outcome,
        }
    }
}

/// The first address of the host at which somebody listens.
fn resolve(host: &str, port: u16) -> io::Result<SocketAddr> {
    let mut refusal = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, OPENING) {
            Ok(_) => return Ok(address),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}
