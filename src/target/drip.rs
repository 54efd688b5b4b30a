//! Bytes that arrive one by one. A stream has no boundaries, so a broker has to come to the same conclusions.

use std::time::Duration;

use bytes::Bytes;
use reference_broker::{Input, Output};

use super::in_process::Peer;
use crate::verdict::Restart;

/// Of what is sent at once, so many bytes are sent singly, and the rest together.
const DRIPPED: usize = 1024;

/// The pieces in which bytes are sent.
pub(super) fn pieces(mut bytes: Bytes, drip: bool) -> impl Iterator<Item = Bytes> {
    let mut singly = if drip { DRIPPED } else { 0 };
    std::iter::from_fn(move || {
        let size = if singly > 0 { 1.min(bytes.len()) } else { bytes.len() };
        singly = singly.saturating_sub(1);
        (size > 0).then(|| bytes.split_to(size))
    })
}

/// A broker to which everything is sent byte by byte.
pub struct Dripped<'a>(pub &'a mut dyn Peer);

impl Peer for Dripped<'_> {
    fn handle(&mut self, now: Duration, input: Input, outputs: &mut Vec<Output>) {
        match input {
            Input::Bytes(connection, bytes) => {
                for piece in pieces(bytes, true) {
                    self.0.handle(now, Input::Bytes(connection, piece), outputs);
                }
            }
            Input::Opened(_)
            | Input::Identified(..)
            | Input::Written(..)
            | Input::Verified(..)
            | Input::Closed(_)
            | Input::Tick
            | Input::Shutdown => {
                self.0.handle(now, input, outputs);
            }
        }
    }

    fn next_timeout(&self) -> Option<Duration> {
        self.0.next_timeout()
    }

    fn restart(&mut self, now: Duration, restart: Restart, outputs: &mut Vec<Output>) -> Result<(), String> {
        self.0.restart(now, restart, outputs)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, true, 0)]
    #[case(3, true, 3)]
    #[case(1_024, true, 1_024)]
    #[case(100_000, true, 1_025)]
    #[case(0, false, 0)]
    #[case(100_000, false, 1)]
    fn nothing_is_lost(#[case] size: u32, #[case] drip: bool, #[case] expected: usize) {
        let bytes: Bytes = (0..size).map(|number| number.to_le_bytes()[0]).collect();
        let pieces: Vec<Bytes> = pieces(bytes.clone(), drip).collect();
        assert_eq!(pieces.len(), expected);
        assert_eq!(pieces.concat(), bytes);
    }
}
