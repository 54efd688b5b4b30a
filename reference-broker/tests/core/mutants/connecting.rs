//! CONNECT, CONNACK, AUTH, sessions, keep alive.

use bytes::Bytes;
use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Auth, Connect, Disconnect},
};
use reference_broker::{
    Config,
    core::{Challenge, Redirect, User},
};

use super::{Script, Tour};
use crate::world::{connect, disconnect, properties, resume, text, will};

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

pub(crate) const TOURS: &[Tour] = &[
    Tour::new("CONNECT of many kinds", kinds),
    Tour::new("refusals", refusals),
    Tour::new("sessions", sessions),
    Tour::new("session expiry", expiry),
    Tour::new("keep alive", keep_alive),
    Tour::new("first packets", first_packets),
    Tour::with("a server with little to offer", little, little_to_offer),
    Tour::with("passwords", with_users, passwords),
    Tour::with("another server", with_redirect, first_packets_elsewhere),
    Tour::with("challenges", with_challenge, challenges),
];

fn kinds(script: &mut Script) {
    for version in [V3, V5] {
        script.client(version, "abcdefghijklmnopqrstuvw");
        script.client(version, "");
        script.client(version, "");
        let password = Some(Bytes::from_static(&[0xFF, 0]));
        script.connect(Connect { username: Some(text("u")), password, ..connect(version, "p") });
        let silent = script.world.open(version);
        script.world.wait(20.0);
        script.world.cut(silent);
    }
    let watcher = script.client(V5, "watcher");
    script.subscribe(watcher, "#", 0);
    let all = Connect { username: Some(text("u")), will: Some(will("t", "x")), ..connect(V5, "all") };
    let all = script.connect(all);
    script.world.cut(all);
    script.connect(Connect { password: Some(Bytes::from_static(b"x")), ..connect(V5, "alone") });
    let pair = || Property::UserProperty((text("a"), text("b")));
    let many = [Property::TopicAliasMaximum(1), pair(), Property::SessionExpiryInterval(1), pair()];
    script.connect(Connect { properties: properties(many), ..connect(V5, "many") });
    script.connect(Connect {
        properties: properties([Property::RequestResponseInformation(0)]),
        ..connect(V5, "no response")
    });
}

fn refusals(script: &mut Script) {
    script.connect(Connect { clean_start: false, ..connect(V3, "") });
    script.connect(Connect { will: Some(will("a/#", "")), ..connect(V3, "w") });
    script.connect(Connect { will: Some(will("a/#", "")), ..connect(V5, "w") });
    let answers = properties([Property::ResponseTopic(text("a/+"))]);
    let invalid = mqttspec_wire::packet::Will { properties: answers, ..will("a", "") };
    script.connect(Connect { will: Some(invalid), ..connect(V5, "w") });
    let behind = script.world.open(V5);
    let refused = Packet::Connect(Box::new(Connect { will: Some(will("#", "")), ..connect(V5, "r") }));
    let publish = Packet::Publish(crate::world::publish("x", "behind", QoS::AtMostOnce));
    let watcher = script.client(V5, "watcher");
    script.subscribe(watcher, "x", 0);
    script.world.send_bytes(behind, &[refused.to_bytes(V5), publish.to_bytes(V5)].concat());
    for version in [V3, V5] {
        let client = script.client(version, "second");
        script.send(client, Packet::Connect(Box::new(connect(version, "second"))));
        let pipelined = script.world.open(version);
        let first = Packet::Connect(Box::new(connect(version, "pipelined"))).to_bytes(version);
        script.world.send_bytes(pipelined, &[&first[..], &[0xC0, 0]].concat());
    }
}

fn sessions(script: &mut Script) {
    for version in [V3, V5] {
        let client = script.lasting(version, "s");
        script.subscribe(client, "t", 1);
        script.world.cut(client);
        let publisher = script.client(version, "p");
        script.publish(publisher, "t", "kept", 1);
        script.lasting(version, "newcomer");
        let client = script.lasting(version, "s");
        script.lasting(version, "s");
        script.world.cut(client);
        script.client(version, "s");
        script.publish(publisher, "t", "after", 1);
        let client = script.client(version, "short");
        script.world.cut(client);
        script.lasting(version, "short");
    }
}

fn expiry(script: &mut Script) {
    let with = |seconds| Connect {
        properties: properties([Property::SessionExpiryInterval(seconds)]),
        ..resume(V5, "e")
    };
    let leaving = |seconds: u32| {
        let properties = properties([Property::SessionExpiryInterval(seconds)]);
        Packet::Disconnect(Disconnect { reason: ReasonCode::SUCCESS, properties })
    };
    let nameless = script.connect(Connect { client_id: text(""), ..with(60) });
    script.world.cut(nameless);
    script.lasting(V5, "auto-0");
    for (seconds, leave, pause) in
        [(2, None, 3.0), (u32::MAX, None, 3.0), (60, Some(0), 0.0), (0, Some(60), 0.0)]
    {
        let client = script.connect(with(seconds));
        match leave {
            Some(seconds) => script.send(client, leaving(seconds)),
            None => script.world.cut(client),
        }
        script.world.wait(pause);
    }
    let client = script.connect(with(1));
    script.subscribe(client, "t", 0);
    script.world.cut(client);
    let client = script.connect(with(1));
    script.world.wait(3.0);
    script.publish(client, "t", "alive", 0);
}

fn keep_alive(script: &mut Script) {
    for version in [V3, V5] {
        for seconds in [0, 2] {
            let id = format!("k{seconds}");
            let client = script.connect(Connect { keep_alive: seconds, ..connect(version, &id) });
            script.world.wait(2.5);
            script.publish(client, "t", "", 0);
            script.world.wait(60.0);
        }
        let listener = script.connect(Connect { keep_alive: 2, ..connect(version, "listener") });
        script.subscribe(listener, "news", 0);
        let talker = script.client(version, "talker");
        script.world.wait(2.5);
        script.publish(talker, "news", "", 0);
        script.world.wait(10.0);
    }
}

fn first_packets(script: &mut Script) {
    for bytes in [
        &b"\xC0\x00"[..],
        b"\x10\x0d\x00\x04MQTT\x03\x02\x00\x00\x00\x01a",
        b"\x10\x0d\x00\x04MQTX\x04\x02\x00\x00\x00\x01a",
        b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x00\x00\x01a",
    ] {
        let client = script.world.open(V3);
        script.world.send_bytes(client, bytes);
    }
}

fn little() -> Config {
    Config {
        version_3_1_1: false,
        maximum_qos: QoS::AtMostOnce,
        retain: false,
        wildcard_subscriptions: false,
        subscription_identifiers: false,
        shared_subscriptions: false,
        topic_alias_maximum: 1,
        receive_maximum: 1,
        maximum_packet_size: 100,
        session_expiry_maximum: Some(1),
        response_information: Some("answers/".into()),
        server_keep_alive: Some(600),
        client_id_maximum: 23,
        ..Config::default()
    }
}

fn little_to_offer(script: &mut Script) {
    script.client(V3, "old");
    script.connect(Connect {
        properties: properties([Property::SessionExpiryInterval(9)]),
        ..connect(V5, "l")
    });
    let above = mqttspec_wire::packet::Will { qos: QoS::AtLeastOnce, ..will("w", "") };
    script.connect(Connect { will: Some(above), ..connect(V5, "w") });
    let retained = mqttspec_wire::packet::Will { retain: true, ..will("w", "") };
    script.connect(Connect { will: Some(retained), ..connect(V5, "w") });
    let client = script.client(V5, "q");
    script.publish(client, "t", "", 1);
    let client = script.client(V5, "r");
    script.retain(client, "t", "x", 0);
    let client = script.client(V5, "large");
    script.publish(client, "t", &"x".repeat(100), 0);
    for filter in ["a/+", "$share/g/t", "t"] {
        let client = script.client(V5, "f");
        let identifier = (filter == "t").then_some(1);
        script.subscribe_with(client, crate::world::subscription(filter, QoS::AtMostOnce), identifier);
    }
    let client = script.client(V5, "2");
    script.subscribe(client, "t", 2);
    script.client(V5, "abcdefghijklmnopqrstuvwxyz");
    let old = script.world.open(V3);
    script.world.send_bytes(old, b"\x10\x0e\x00\x04MQTT\x06\x02\x00\x00\x00\x00\x01a");
}

fn with_users() -> Config {
    Config {
        anonymous: false,
        users: vec![User { name: "u".into(), password: "p".into() }],
        server_keep_alive: None,
        ..Config::default()
    }
}

fn passwords(script: &mut Script) {
    for version in [V3, V5] {
        script.client(version, "nobody");
        let password = Some(Bytes::from_static(b"wrong"));
        script.connect(Connect { username: Some(text("u")), password, ..connect(version, "w") });
    }
}

fn with_redirect() -> Config {
    let redirect = Redirect { server_reference: "other".into(), is_permanent: true, at_shutdown: false };
    Config { redirect: Some(redirect), ..Config::default() }
}

fn first_packets_elsewhere(script: &mut Script) {
    script.client(V3, "old");
    script.client(V5, "new");
}

fn with_challenge() -> Config {
    let challenge = Challenge { method: "ask".into(), question: "why?".into(), answer: "because".into() };
    Config { challenge: Some(challenge), ..Config::default() }
}

fn challenges(script: &mut Script) {
    let asking = |method: &str| properties([Property::AuthenticationMethod(text(method))]);
    let auth = |reason: u8, method: &str, data: &str| {
        let data = Property::AuthenticationData(Bytes::copy_from_slice(data.as_bytes()));
        let properties = properties([Property::AuthenticationMethod(text(method)), data]);
        Packet::Auth(Auth { reason: ReasonCode(reason), properties })
    };
    script.connect(Connect { properties: asking("unknown"), ..connect(V5, "unknown") });
    let attempt =
        |script: &mut Script| script.connect(Connect { properties: asking("ask"), ..connect(V5, "a") });
    for packet in
        [auth(0x18, "ask", "no"), auth(0x19, "ask", "because"), auth(0x18, "x", "because"), Packet::Pingreq]
    {
        let client = attempt(script);
        script.send(client, packet);
    }
    let client = attempt(script);
    script.send(client, auth(0x18, "ask", "because"));
    script.send(client, auth(0x19, "ask", ""));
    script.send(client, auth(0x18, "ask", "because"));
    script.send(client, auth(0x19, "other", ""));
    let client = attempt(script);
    script.send(client, auth(0x18, "ask", "because"));
    script.send(client, auth(0x19, "ask", ""));
    script.send(client, auth(0x18, "ask", "no"));
    let plain = script.client(V5, "plain");
    script.send(plain, auth(0x19, "ask", ""));
    script.send(plain, disconnect(ReasonCode::SUCCESS));
}
