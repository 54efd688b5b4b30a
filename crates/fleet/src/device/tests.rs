//! What a device makes of packets.

use mqttspec_wire::{
    QoS,
    packet::{Ack, Connack},
};

use super::*;
use crate::{
    identity::Identity,
    testing::{self, Board, group, publication},
};

/// One device that publishes at QoS 2 every second.
fn layout() -> Layout {
    testing::layout(Group { publish: vec![publication([0, 0, 1])], ..group("publisher", Version::V5_0) })
}

/// Hands a device what happens at a time; what the history gets to know of messages.
fn events(layout: &Layout, device: &mut Device, now: Micros, input: Input) -> Vec<Event> {
    let mut board = Board::default();
    device.handle(&mut board.desk(layout, now), input);
    let mut events = board.events;
    events.retain(|event| matches!(event, Event::Publish { .. } | Event::Acked { .. } | Event::Abandoned(_)));
    events
}

fn packet(packet: &Packet) -> Input {
    Input::Bytes(packet.to_bytes(Version::V5_0))
}

fn connack(session_present: bool) -> Input {
    let (reason, properties) = (mqttspec_wire::ReasonCode::SUCCESS, mqttspec_wire::Properties::new());
    packet(&Packet::Connack(Connack { session_present, reason, properties }))
}

#[test]
fn a_qos_2_message_is_done_with_when_pubcomp_comes() {
    let layout = layout();
    let mut device = Device::new(&layout, 0, 1, 1);
    let mut happens = |now, input| events(&layout, &mut device, now, input);
    let mut first = Vec::new();
    for (now, input) in [(1, Input::Wake), (2, Input::Opened), (3, connack(false)), (SECOND, Input::Wake)] {
        first.extend(happens(now, input));
    }
    let message = Identity { stream: u32::from(QoS::ExactlyOnce.level()), sequence: 1, due: 0 };
    let is_first = |own: &Identity| (own.stream, own.sequence) == (message.stream, message.sequence);
    assert!(matches!(first.as_slice(), [Event::Publish { message, again: false }] if is_first(message)));
    let ack = Ack::success(mqttspec_wire::PacketId::MIN);
    assert_eq!(happens(SECOND + 1, packet(&Packet::Pubrec(ack.clone()))), [], "it may wait for PUBREL");
    let done = happens(SECOND + 2, packet(&Packet::Pubcomp(ack)));
    assert!(matches!(done.as_slice(), [Event::Acked { message, accepted: true }] if is_first(message)));
}
