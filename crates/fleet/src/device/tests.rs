//! What a device makes of packets.

use mqttspec_wire::{
    QoS,
    packet::{Ack, Connack},
};

use super::*;
use crate::{
    identity::Identity,
    plan::{Backoff, Client, Limits, Link, Pace, Phase, PhaseEvent, Plan, Publish, Sizes, Template},
    random::Range,
};

/// One device that publishes at QoS 2 every second.
fn layout() -> Layout {
    let publish = Publish {
        topic: Template::parse("t").unwrap(),
        qos: [0, 0, 1],
        pace: Pace::Every(Range::only(SECOND)),
        retain: false,
        clears: 0,
        size: Sizes::only(Range::only(32)),
        expiry: None,
    };
    let group = Group {
        name: "publisher".to_owned(),
        count: 1,
        version: Version::V5_0,
        clean_start: false,
        expiry: 60,
        keep_alive: 0,
        credentials: None,
        receive_maximum: None,
        clock_skew: 0,
        will: None,
        subscribe: Vec::new(),
        publish: vec![publish],
        client: Client::Own,
        acknowledge_after: Range::default(),
        duty: None,
        backoff: Backoff::default(),
        link: Link::default(),
    };
    let phase = Phase { name: "steady".to_owned(), lasts: SECOND, event: PhaseEvent::Steady };
    let limits = Limits::default();
    Layout::new(Plan { title: String::new(), groups: vec![group], phases: vec![phase], limits }).unwrap()
}

/// Hands a device what happens at a time; what the history gets to know of messages.
fn events(layout: &Layout, device: &mut Device, now: Micros, input: Input) -> Vec<Event> {
    let (mut actions, mut events, mut scratch) = (Vec::new(), Vec::new(), BytesMut::new());
    let mut desk = Desk {
        layout,
        run: 1,
        now,
        calm: false,
        messages: None,
        credentials: None,
        actions: &mut actions,
        events: &mut events,
        scratch: &mut scratch,
    };
    device.handle(&mut desk, input);
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
