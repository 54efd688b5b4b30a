//! A broker that keeps all rules and takes its time.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mqttspec::target::in_process::Peer;
use mqttspec_wire::packet::PacketType;
use reference_broker::{Broker, ConnectionId, Input, Output};

/// Less than the player waits for anything.
const A_MOMENT: Duration = Duration::from_millis(300);

/// For which packets a broker takes its time.
pub(crate) type Unhurried = fn(PacketType) -> bool;

/// The reference broker, some of whose packets are sent a moment later than others.
pub(crate) struct Leisurely {
    broker: Broker,
    unhurried: Unhurried,
    /// What is sent later: when, and as what number of them.
    later: BTreeMap<(Duration, u64), (ConnectionId, Bytes)>,
    number: u64,
}

impl Leisurely {
    pub(crate) fn new(broker: Broker, unhurried: Unhurried) -> Self {
        Self { broker, unhurried, later: BTreeMap::new(), number: 0 }
    }

    fn send(&mut self, now: Duration, id: ConnectionId, bytes: Bytes, outputs: &mut Vec<Output>) {
        let packet = bytes.first().and_then(|byte| PacketType::from_number(byte >> 4));
        if packet.is_some_and(self.unhurried) {
            self.number += 1;
            self.later.insert((now + A_MOMENT, self.number), (id, bytes));
            return;
        }
        // After a DISCONNECT nothing can be sent any more.
        if packet == Some(PacketType::Disconnect) {
            self.hurry(id, outputs);
        }
        outputs.push(Output::Send(id, bytes));
    }

    /// Sends what was put off for this client.
    fn hurry(&mut self, id: ConnectionId, outputs: &mut Vec<Output>) {
        let due = self.later.extract_if(.., |_, (connection, _)| *connection == id);
        outputs.extend(due.map(|(_, (id, bytes))| Output::Send(id, bytes)));
    }
}

impl Peer for Leisurely {
    fn handle(&mut self, now: Duration, input: Input, outputs: &mut Vec<Output>) {
        let due = self.later.extract_if(..=(now, u64::MAX), |_, _| true);
        outputs.extend(due.map(|(_, (id, bytes))| Output::Send(id, bytes)));
        if let Input::Closed(id) = &input {
            self.later.retain(|_, (connection, _)| connection != id);
        }
        let mut made = Vec::new();
        self.broker.handle(now, input, &mut made);
        for output in made {
            match output {
                Output::Send(id, bytes) | Output::Pass(id, bytes) => self.send(now, id, bytes, outputs),
                Output::Close(id) | Output::Part(id) => {
                    self.hurry(id, outputs);
                    outputs.push(output);
                }
                Output::Verify { .. } => outputs.push(output),
            }
        }
    }

    fn next_timeout(&self) -> Option<Duration> {
        let later = self.later.first_key_value().map(|((at, _), _)| *at);
        [later, self.broker.next_timeout()].into_iter().flatten().min()
    }
}

/// Acknowledges later than it delivers.
pub(crate) fn acknowledges_late(packet: PacketType) -> bool {
    let acknowledgements = [
        PacketType::Puback,
        PacketType::Pubrec,
        PacketType::Pubcomp,
        PacketType::Suback,
        PacketType::Unsuback,
    ];
    acknowledgements.contains(&packet)
}

/// Delivers later than it acknowledges.
pub(crate) fn delivers_late(packet: PacketType) -> bool {
    packet == PacketType::Publish
}

/// Is slow in everything.
pub(crate) fn is_slow(_: PacketType) -> bool {
    true
}
