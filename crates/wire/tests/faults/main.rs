//! The rules for a single packet, one case a fault: what it is, where it is found, which statement it breaks.
#![expect(clippy::unwrap_used, reason = "a mistake in a case stops the test")]

mod connect;
mod header;
mod properties;
mod simple;
mod subscribing;
#[path = "../support/mod.rs"]
mod support;
mod text;

use mqttspec_spec::StatementId;
use mqttspec_wire::{Fault, FaultKind, Sender, Version, decode};

/// What is wrong with the bytes, which stand for one whole packet.
fn fault(sender: Sender, version: impl Into<Option<Version>>, bytes: &str) -> Fault {
    decode(sender, version.into(), &support::hex(bytes)).unwrap_err()
}

/// The fault in the bytes, of the version whose statement is broken.
fn check(sender: Sender, bytes: &str, kind: FaultKind, place: (usize, &'static str), broken: StatementId) {
    let expected = Fault { offset: place.0, field: place.1, kind, statement: Some(broken) };
    assert_eq!(fault(sender, broken.version(), bytes), expected);
}

/// The bytes are a packet without fault.
fn accept(sender: Sender, version: Version, bytes: &str) {
    assert_eq!(decode(sender, Some(version), &support::hex(bytes)).err(), None);
}
