//! What the system lets a process have.

use super::CannotBegin;

/// Files that are open beside the connections of devices, and connections that were left behind.
const SPARE: usize = 64;

/// Raises the limit of open files as far as one may, for so many devices that need so many files.
#[cfg(unix)]
pub(super) fn make_room(devices: usize, files: usize) -> Result<(), CannotBegin> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let wanted = files + SPARE;
    let needed = u64::try_from(wanted).unwrap_or(u64::MAX);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if enough(current) {
        return Ok(());
    }
    let raised = Rlimit { current: maximum, maximum };
    if enough(maximum) && setrlimit(Resource::Nofile, raised).is_ok() {
        return Ok(());
    }
    Err(CannotBegin::TooManyFiles { devices, limit: maximum.or(current).unwrap_or_default(), wanted })
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(super) fn make_room(_: usize, _: usize) -> Result<(), CannotBegin> {
    Ok(())
}
