//! Ports for brokers that are launched.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU32, Ordering},
};

/// The ports that are given away: below those that systems give to outgoing network connections, for one of these could
/// take the port of a broker while it is restarted.
const FIRST: u16 = 16_384;
const LAST: u16 = 32_767;
/// A broker gets so many that follow each other: the one where it listens, and the rest for what it has to say to itself.
const EACH: u16 = 3;

/// The first of three free ports in a row. Nobody else in this process gets them until all others have been given away.
pub(super) fn free() -> io::Result<u16> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let groups = (LAST - FIRST + 1) / EACH;
    for _ in 0..groups {
        // Processes that run at the same time begin at different places.
        let group = GIVEN.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id().wrapping_mul(17))
            % u32::from(groups);
        let port = FIRST + u16::try_from(group).unwrap_or(0) * EACH;
        if (port..port + EACH).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return Ok(port);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no port from 16384 to 32767 is free"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_a_port_twice_or_one_that_is_taken() {
        // A process that another test begins has a copy of every socket for a moment, also of those that looked for a port.
        let take = |_| {
            let first = free().unwrap();
            Some((first, TcpListener::bind((Ipv4Addr::LOCALHOST, first)).ok()?))
        };
        let (first, taken) = (0..20).find_map(take).unwrap();
        let others: Vec<u16> = (0..100).map(|_| free().unwrap()).collect();
        assert!(others.iter().all(|port| !(first..first + EACH).contains(port)), "{others:?}");
        assert!(others.iter().all(|port| (FIRST..=LAST - EACH + 1).contains(port)), "{others:?}");
        drop(taken);
    }
}
