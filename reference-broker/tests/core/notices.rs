//! What the broker notices for a log.

use mqttspec_wire::{Packet, QoS, ReasonCode, Version, packet::Connect};
use reference_broker::{Config, core::Notice};

use crate::world::*;

const V5: Version = Version::V5_0;

fn world(notices: bool) -> World {
    let permissions = ["deny all secret", "allow all #"].map(|rule| rule.parse().unwrap()).to_vec();
    World::with(Config { notices, permissions, wills: false, ..Config::default() })
}

/// What is noticed of it, without the numbers of the connections.
fn told(notice: &Notice) -> String {
    match notice {
        Notice::Accepted { client_id, user, version, resumed, .. } => {
            let user = user.as_deref().unwrap_or("nobody");
            format!("{client_id} is {user}, {}, resumed {resumed}", version.number())
        }
        Notice::Refused { client_id, reason, text, .. } => {
            format!("{client_id} refused {:#x} {text}", reason.0)
        }
        Notice::Ended { client_id, reason, text, .. } => {
            format!("{client_id} ended {:?} {text}", reason.map(|reason| reason.0))
        }
        Notice::TooSlow { client_id, .. } => format!("{client_id} too slow"),
        Notice::Dropped { total } => format!("{total} dropped"),
        Notice::Denied { client_id, topic, publishes } => format!("{client_id} denied {topic} {publishes}"),
    }
}

fn live(world: &mut World) {
    let named = Connect { username: Some(text("ann")), ..resume(V5, "a") };
    let (client, _) = world.connect(named.clone());
    world.subscribe(client, subscription("secret", QoS::AtMostOnce));
    world.send(client, Packet::Publish(publish("secret", "x", QoS::AtMostOnce)));
    let (newer, _) = world.connect(named);
    world.send(newer, disconnect(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE));
    let refused = world.open(V5);
    let with_will = Connect { will: Some(will("t", "x")), ..connect(V5, "w") };
    world.send(refused, Packet::Connect(Box::new(with_will)));
    let lost = world.client(Version::V3_1_1, "old");
    world.cut(lost);
    let faulty = world.client(V5, "faulty");
    world.send_bytes(faulty, &[0xFF, 0]);
}

#[test]
fn what_happens_is_noticed() {
    let mut world = world(true);
    live(&mut world);
    let notices: Vec<String> = world.notices().iter().map(told).collect();
    assert_eq!(
        notices[..9],
        [
            "a is ann, 5.0, resumed false",
            "a denied secret false",
            "a denied secret true",
            "a ended Some(142) the client has connected anew",
            "a is ann, 5.0, resumed true",
            "a ended Some(4) the client has sent DISCONNECT",
            "w refused 0x87 wills are not accepted",
            "old is nobody, 3.1.1, resumed false",
            "old ended None the network connection is lost",
        ]
    );
    assert_eq!(notices.len(), 11, "{notices:?}");
    assert!(notices[10].starts_with("faulty ended Some(129) "), "{notices:?}");
    assert_eq!(world.notices(), []);
}

/// What is wrong with a packet is told to whoever runs the broker and to its sender, though not at any length.
#[test]
fn faults_are_explained() {
    let mut world = world(true);
    let client = world.client(V5, "a");
    world.send_bytes(client, b"\x30\x0a\x00\x01t\x06\x23\x00\x01\x23\x00\x01");
    let why = "topic-alias at byte 9: Topic Alias stands here more than once (v5.0:X-3.3.2.3.4-1)";
    let Packet::Disconnect(disconnect) = world.next(client) else { panic!("it is told why") };
    assert_eq!(disconnect.properties.reason_string().as_deref(), Some(why));
    assert_eq!(told(&world.notices()[1]), format!("a ended Some(130) {why}"));
    let talkative = world.open(V5);
    world.send_bytes(talkative, &[&[0x10, 0x88, 0x27, 0x13, 0x80][..], &[b'x'; 5_000]].concat());
    let notices = world.notices();
    let Some(Notice::Refused { text, .. }) = notices.first() else { panic!("{notices:?}") };
    assert!(text.starts_with("protocol-name at byte ") && text.len() == 200, "{text}");
}

#[test]
fn so_is_that_the_broker_ends() {
    let mut world = world(true);
    world.client(V5, "a");
    world.notices();
    world.shut_down();
    let notices: Vec<String> = world.notices().iter().map(told).collect();
    assert_eq!(notices, ["a ended Some(139) the server shuts down"]);
}

#[test]
fn nothing_is_kept_for_nobody() {
    let mut world = world(false);
    live(&mut world);
    assert_eq!(world.notices(), []);
}
