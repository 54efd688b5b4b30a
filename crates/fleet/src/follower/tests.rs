//! What a follower makes of clients that keep the rules, and of those that do not.

use mqttspec_wire::{
    PacketId, Properties, QoS, ReasonCode, Utf8String, Version,
    packet::{Ack, Connack, Connect, Delivery, Publish},
};
use rstest::rstest;

use super::*;
use crate::{
    plan::Client,
    testing::{self, Board, group, publication, subscription},
};

const V: Version = Version::V5_0;

/// One client that publishes to `t` and subscribes to it.
fn layout() -> Layout {
    testing::layout(Group {
        client: Client::Rumqttc,
        keep_alive: 5,
        publish: vec![publication([1, 1, 1])],
        subscribe: vec![subscription()],
        ..group("library", V)
    })
}

/// What is done to a follower, one thing in each second.
enum Step {
    /// The client sends it.
    Up(Packet),
    /// The broker sends it.
    Down(Packet),
    /// The path ends the connection, and the client comes back to a session that is there or not.
    Again(bool),
    HangsUp,
    Hands(Identity),
}
use Step::{Again, Down, Hands, HangsUp, Up};

type Work = Box<dyn FnOnce(&mut Follower, &mut Desk<'_>)>;

/// The follower after these steps of a client that has just been accepted, with what the history got to know and what the
/// broker was sent.
fn followed(steps: Vec<Step>) -> (Follower, Vec<Event>, Vec<Packet>) {
    let layout = layout();
    let mut follower = Follower::new(&layout, 0, 1);
    let (mut board, mut now) = (Board::default(), 0);
    let mut step = |step: Work| {
        now += SECOND;
        step(&mut follower, &mut board.desk(&layout, now));
    };
    let connect = |session_present: bool| {
        move |follower: &mut Follower, desk: &mut Desk<'_>| {
            follower.follow(desk, Deed::Connects);
            follower.follow(desk, Deed::Sends(hello().to_bytes(V)));
            follower.handle(desk, Input::Opened);
            let (reason, properties) = (ReasonCode::SUCCESS, Properties::new());
            let connack = Packet::Connack(Connack { session_present, reason, properties });
            follower.handle(desk, Input::Bytes(connack.to_bytes(V)));
        }
    };
    step(Box::new(connect(false)));
    for next in steps {
        match next {
            Up(packet) => step(Box::new(move |follower, desk| {
                follower.follow(desk, Deed::Sends(packet.to_bytes(V)));
            })),
            Down(packet) => step(Box::new(move |follower, desk| {
                follower.handle(desk, Input::Bytes(packet.to_bytes(V)));
            })),
            Again(present) => {
                step(Box::new(|follower, desk| follower.handle(desk, Input::Closed(false))));
                step(Box::new(connect(present)));
            }
            HangsUp => step(Box::new(|follower, desk| follower.follow(desk, Deed::HangsUp))),
            Hands(message) => {
                step(Box::new(move |follower, desk| follower.follow(desk, Deed::Hands(message))));
            }
        }
    }
    let sent = board.actions.iter().filter_map(|action| match action {
        Action::Send(bytes) => decode(Sender::Client, Some(V), bytes).ok(),
        Action::Open | Action::Close | Action::Leave | Action::Begin | Action::Pass(_) | Action::HangUp => {
            None
        }
    });
    let sent = sent.collect();
    (follower, board.events, sent)
}

fn hello() -> Packet {
    Packet::Connect(Box::new(Connect {
        version: V,
        clean_start: false,
        keep_alive: 5,
        properties: Properties::new(),
        client_id: Utf8String::try_from("c").unwrap(),
        will: None,
        username: None,
        password: None,
    }))
}

fn message(qos: QoS, sequence: u32) -> Identity {
    Identity { stream: qos.level().into(), sequence, due: 0 }
}

fn publish(delivery: Delivery, sequence: u32) -> Packet {
    let payload = message(delivery.qos(), sequence).payload(1, 0);
    let topic = Utf8String::try_from("t").unwrap();
    Packet::Publish(Publish { delivery, retain: false, topic, properties: Properties::new(), payload })
}

fn once(id: u16, dup: bool, sequence: u32) -> Packet {
    publish(Delivery::AtLeastOnce { id: PacketId::new(id).unwrap(), dup }, sequence)
}

fn exactly(id: u16, dup: bool, sequence: u32) -> Packet {
    publish(Delivery::ExactlyOnce { id: PacketId::new(id).unwrap(), dup }, sequence)
}

fn ack(id: u16) -> Ack {
    Ack::success(PacketId::new(id).unwrap())
}

const LATE: Micros = 3600 * SECOND;

#[rstest]
#[case::keeps_the_rules(
    vec![Up(once(1, false, 1)), Again(true), Up(once(1, true, 1)), Down(Packet::Puback(ack(1)))], &[])]
#[case::sends_again_without_dup(
    vec![Up(once(1, false, 1)), Again(true), Up(once(1, false, 1))], &[Misdeed::WithoutDup])]
#[case::a_new_session_knows_nothing_of_repeats(
    vec![Up(once(1, false, 1)), Again(false), Up(once(1, false, 1))], &[])]
#[case::takes_another_identifier(
    vec![Up(once(1, false, 1)), Again(true), Up(once(2, true, 1))], &[Misdeed::OtherIdentifier])]
#[case::takes_an_identifier_in_use(
    vec![Up(once(1, false, 1)), Up(once(1, false, 2))], &[Misdeed::IdentifierInUse])]
#[case::sends_it_twice(
    vec![Up(once(1, false, 1)), Up(once(1, true, 1))], &[Misdeed::AtOtherTimes])]
#[case::does_not_send_again(
    vec![Up(once(1, false, 1)), Again(true)], &[Misdeed::NotAgain])]
#[case::begins_anew_after_pubrel(
    vec![
        Up(exactly(1, false, 1)), Down(Packet::Pubrec(ack(1))), Up(Packet::Pubrel(ack(1))),
        Again(true), Up(exactly(1, true, 1)),
    ],
    &[Misdeed::AfterPubrel])]
#[case::may_not_have_seen_pubrec(
    vec![Up(exactly(1, false, 1)), Down(Packet::Pubrec(ack(1))), Again(true), Up(exactly(1, true, 1))], &[])]
#[case::does_not_answer(vec![Down(once(1, false, 1))], &[Misdeed::NoAcknowledgement])]
#[case::keeps_a_message_to_itself(
    vec![Down(once(1, false, 1)), Up(Packet::Puback(ack(1)))], &[Misdeed::NotHanded])]
#[case::does_not_complete(
    vec![
        Down(exactly(1, false, 1)), Up(Packet::Pubrec(ack(1))), Hands(message(QoS::ExactlyOnce, 1)),
        Down(Packet::Pubrel(ack(1))),
    ],
    &[Misdeed::NoPubcomp])]
#[case::hands_a_repeat_over(
    vec![
        Down(exactly(1, false, 1)), Hands(message(QoS::ExactlyOnce, 1)), Again(true), Down(exactly(1, true, 1)),
        Hands(message(QoS::ExactlyOnce, 1)), Up(Packet::Pubrec(ack(1))),
    ],
    &[Misdeed::HandedTwice])]
fn a_client(#[case] steps: Vec<Step>, #[case] misdeeds: &[Misdeed]) {
    let (follower, ..) = followed(steps);
    let conduct: Vec<Misdeed> = follower.conduct(LATE).all().map(|(misdeed, ..)| misdeed).collect();
    assert_eq!(conduct, misdeeds);
}

/// The messages that were sent to the broker, by their numbers.
fn numbers(sent: &[Packet]) -> Vec<u32> {
    let payload = |packet: &Packet| {
        let Packet::Publish(publish) = packet else { return None };
        Identity::of_payload(1, &publish.payload)
    };
    sent.iter().filter_map(payload).map(|message| message.sequence).collect()
}

#[test]
fn messages_have_the_numbers_of_the_order_in_which_they_set_out() {
    let (_, events, sent) =
        followed(vec![Up(once(1, false, 1)), Up(once(2, false, 4)), Up(once(3, false, 3))]);
    assert_eq!(numbers(&sent), [1, 2, 3]);
    let published = events.iter().filter(|event| matches!(event, Event::Publish { again: false, .. }));
    assert_eq!(published.count(), 3);
}

#[test]
fn what_is_sent_again_behind_later_messages_is_a_new_message() {
    let steps = vec![
        Up(once(1, false, 1)),
        Up(once(2, false, 2)),
        Again(true),
        Up(once(2, true, 2)),
        Up(once(1, true, 1)),
        Down(Packet::Puback(ack(1))),
    ];
    let (follower, events, sent) = followed(steps);
    assert_eq!(numbers(&sent), [1, 2, 2, 3]);
    assert!(events.contains(&Event::Abandoned(message(QoS::AtLeastOnce, 1))));
    assert!(events.contains(&Event::Acked { message: message(QoS::AtLeastOnce, 3), accepted: true }));
    assert_eq!(follower.conduct(LATE).all().count(), 0, "order over connections is not the client's to keep");
}

#[test]
fn nothing_is_owed_for_what_the_broker_may_take_for_another_message() {
    let steps = vec![
        Up(exactly(1, false, 1)),
        Up(exactly(1, false, 2)),
        Down(Packet::Pubrec(ack(1))),
        Up(Packet::Pubrel(ack(1))),
        Down(Packet::Pubcomp(ack(1))),
    ];
    let (_, events, _) = followed(steps);
    assert!(events.contains(&Event::Abandoned(message(QoS::ExactlyOnce, 2))));
    assert!(!events.iter().any(|event| matches!(event, Event::Acked { .. })));
}

#[test]
fn nothing_is_owed_to_a_client_that_closes_when_pubrel_comes() {
    let steps = vec![Down(exactly(1, false, 1)), Again(true), Down(Packet::Pubrel(ack(1)))];
    let layout = layout();
    let (mut follower, ..) = followed(steps);
    let (mut board, since) = (Board::default(), follower.owed.last().unwrap().since);
    follower.follow(&mut board.desk(&layout, since + 1), Deed::HangsUp);
    assert_eq!(board.events, [Event::Unsubscribe(0), Event::Ended { by_broker: false }]);
    assert_eq!(follower.conduct(LATE).all().next().unwrap().0, Misdeed::ClosedAtPubrel);
    let (mut lasting, ..) = followed(vec![HangsUp, Again(true)]);
    assert_eq!(lasting.last_words(&layout, LATE, SECOND), []);
    lasting.online_since = LATE;
    assert_eq!(lasting.last_words(&layout, LATE, SECOND), [Event::Ended { by_broker: false }]);
}
