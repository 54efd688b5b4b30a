//! Who may publish and subscribe to what.

use mqttspec_wire::{
    Packet, QoS, ReasonCode, Version,
    packet::{Ack, Connack, Connect, Publish},
};
use reference_broker::{Config, core::Permission};
use rstest::rstest;

use crate::world::*;

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

fn with(rules: &[&str]) -> World {
    let permissions = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    World::with(Config { permissions, ..Config::default() })
}

fn named(version: Version, client_id: &str, user: &str) -> Connect {
    Connect { username: Some(text(user)), ..connect(version, client_id) }
}

#[rstest]
#[case("allow all #")]
#[case("deny write user=guest admin/#")]
#[case("allow read user=a client=b $SYS/two words/#")]
#[case("allow all devices/${client}/${user}")]
#[case("deny all user=\"Ann Lee\" client=c #")]
fn rules_are_shown_as_they_are_written(#[case] text: &str) {
    let permission: Permission = text.parse().unwrap();
    assert_eq!(permission.to_string(), text);
}

#[rstest]
#[case("", "neither with `allow` nor")]
#[case("permit all #", "neither with `allow` nor")]
#[case("allow #", "neither `read` nor")]
#[case("allow read", "neither `read` nor")]
#[case("allow publish a", "neither `read` nor")]
#[case("allow read a/#/b", "`a/#/b` is no topic filter: `#` must be the last level")]
#[case("deny all user=a", "names no topic filter")]
#[case("deny all client=b user=\"a c\"", "names no topic filter")]
#[case("deny all user= #", "has no name behind it")]
#[case("deny all user=\"a #", "is not closed")]
#[case("allow read ${usr}/#", "`${usr}` stands for nothing; there are `${user}` and `${client}`")]
fn what_is_no_rule(#[case] text: &str, #[case] expected: &str) {
    let error = text.parse::<Permission>().unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

/// Under MQTT 3.1.1 a refused message is acknowledged, under MQTT 5.0 the code says so.
#[rstest]
#[case(V3, ReasonCode::SUCCESS)]
#[case(V5, ReasonCode::NOT_AUTHORIZED)]
fn what_may_not_be_written_is_not_passed_on(#[case] version: Version, #[case] reason: ReasonCode) {
    let mut world = with(&["deny write secret/#", "allow all #"]);
    let subscriber = world.subscriber(version, "#", QoS::AtMostOnce);
    let publisher = world.client(version, "p");
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        world.send(publisher, Packet::Publish(publish("secret/x", "no", qos)));
        let ack = Ack { reason, ..Ack::success(id(7)) };
        match (qos, world.try_next(publisher)) {
            (QoS::AtMostOnce, None) => {}
            (QoS::AtLeastOnce, Some(Packet::Puback(got))) | (QoS::ExactlyOnce, Some(Packet::Pubrec(got))) => {
                assert_eq!((got.id, got.reason), (ack.id, ack.reason));
            }
            (_, other) => panic!("{other:?}"),
        }
    }
    world.expect_nothing(subscriber);
    world.publish(publisher, publish("open", "yes", QoS::AtMostOnce));
    assert_eq!(world.payloads(subscriber), ["yes"]);
}

#[rstest]
#[case("open", 0, 0)]
#[case("secret/x", 0x80, 0x87)]
#[case("secret/#", 0x80, 0x87)]
#[case("#", 0, 0)]
#[case("+/x", 0, 0)]
#[case("$SYS/#", 0x80, 0x87)]
#[case("$share/g/secret/#", 0, 0x87)]
fn what_may_not_be_read_is_not_subscribed_to(#[case] filter: &str, #[case] old: u8, #[case] new: u8) {
    for (version, expected) in [(V3, old), (V5, new)] {
        let mut world = with(&["deny read secret/#", "allow all $share/#", "allow all #"]);
        let client = world.client(version, "c");
        assert_eq!(world.subscribe(client, subscription(filter, QoS::AtMostOnce)), ReasonCode(expected));
    }
}

/// A filter that is wider than what may be read brings what may be read, and nothing else: neither now, nor of what was
/// retained, nor of what waited.
#[rstest]
fn wide_filters_bring_nothing_forbidden(#[values(V3, V5)] version: Version) {
    let mut world = with(&["allow all user=admin #", "allow read open/#"]);
    let (admin, _) = world.connect(named(version, "admin", "admin"));
    for topic in ["open/a", "secret/a"] {
        world.publish(admin, Publish { retain: true, ..publish(topic, "retained", QoS::AtMostOnce) });
    }
    let (client, _) = world.connect(resume(version, "c"));
    world.subscribe(client, subscription("+/a", QoS::AtLeastOnce));
    assert_eq!(world.payloads(client), ["retained"]);
    for topic in ["secret/a", "open/a"] {
        world.publish(admin, publish(topic, topic, QoS::AtLeastOnce));
    }
    assert_eq!(world.payloads(client), ["open/a"]);
    world.cut(client);
    for topic in ["secret/a", "open/a"] {
        world.publish(admin, publish(topic, "waits", QoS::AtLeastOnce));
    }
    let (client, _) = world.connect(resume(version, "c"));
    assert_eq!(world.payloads(client), ["open/a", "waits"]);
    world.expect_nothing(client);
}

/// A message goes to a member of a Shared Subscription that may have it.
#[test]
fn shares_pass_by_who_may_not_read() {
    let mut world = with(&["deny read client=b secret/#", "allow all #"]);
    let members = ["a", "b", "c"].map(|name| {
        let client = world.client(V5, name);
        world.subscribe(client, subscription("$share/g/+/x", QoS::AtMostOnce));
        client
    });
    let publisher = world.client(V5, "p");
    for _ in 0..6 {
        world.publish(publisher, publish("secret/x", "x", QoS::AtMostOnce));
    }
    let counts = members.map(|member| world.payloads(member).len());
    assert_eq!(counts.iter().sum::<usize>(), 6, "none is lost");
    assert_eq!(counts[1], 0);
    assert!(counts[0] > 0 && counts[2] > 0, "{counts:?}");
}

#[rstest]
#[case(V3, ReasonCode::V3_NOT_AUTHORIZED)]
#[case(V5, ReasonCode::NOT_AUTHORIZED)]
fn a_will_needs_the_right_to_write(#[case] version: Version, #[case] reason: ReasonCode) {
    let mut world = with(&["allow write wills/${client}"]);
    let client = world.open(version);
    let connect = |topic: &str| Connect { will: Some(will(topic, "x")), ..connect(version, "c") };
    world.send(client, Packet::Connect(Box::new(connect("wills/other"))));
    assert!(matches!(world.next(client), Packet::Connack(Connack { reason: got, .. }) if got == reason));
    assert!(world.is_closed(client));
    world.connect(connect("wills/c"));
}

#[test]
fn placeholders_stand_for_the_client() {
    let mut world = with(&["allow all devices/${client}/#", "allow read users/${user}"]);
    let (client, _) = world.connect(named(V5, "c1", "ann"));
    for (filter, reason) in [
        ("devices/c1/#", ReasonCode::SUCCESS),
        ("devices/c2/#", ReasonCode::NOT_AUTHORIZED),
        ("users/ann", ReasonCode::SUCCESS),
        ("users/bob", ReasonCode::NOT_AUTHORIZED),
    ] {
        assert_eq!(world.subscribe(client, subscription(filter, QoS::AtMostOnce)), reason, "{filter}");
    }
    let anonymous = world.client(V5, "c3");
    let own = subscription("devices/c3/x", QoS::AtMostOnce);
    assert_eq!(world.subscribe(anonymous, own), ReasonCode::SUCCESS);
    let user = subscription("users/+", QoS::AtMostOnce);
    assert_eq!(world.subscribe(anonymous, user), ReasonCode::NOT_AUTHORIZED);
}

/// A name that means something in a filter gets nobody anything.
#[rstest]
#[case("+", "ann")]
#[case("#", "ann")]
#[case("a/b", "ann")]
#[case("c", "+")]
fn names_cannot_widen_a_rule(#[case] client_id: &str, #[case] user: &str) {
    let mut world = with(&["deny all private/${user}/${client}/#", "allow all #"]);
    let (client, _) = world.connect(named(V5, client_id, user));
    for filter in ["#", "open", "private/ann/x"] {
        let reason = world.subscribe(client, subscription(filter, QoS::AtMostOnce));
        assert_eq!(reason, ReasonCode::NOT_AUTHORIZED, "{filter}");
    }
    let (other, _) = world.connect(named(V5, "d", "bob"));
    assert_eq!(world.subscribe(other, subscription("open", QoS::AtMostOnce)), ReasonCode::SUCCESS);
}

/// Names are put in and not looked into, and one that begins with `$` does not get at the topics that do.
#[rstest]
#[case("allow all users/${user}/${client}/#", "${client}", "ann", "users/ann/ann/x")]
#[case("allow all ${client}/#", "ann", "$SYS", "$SYS/broker/uptime")]
#[case("allow all ${user}/#", "$SYS", "c", "$SYS/#")]
fn names_are_only_names(
    #[case] rule: &str,
    #[case] user: &str,
    #[case] client_id: &str,
    #[case] filter: &str,
) {
    let mut world = with(&[rule]);
    let (client, _) = world.connect(named(V5, client_id, user));
    let reason = world.subscribe(client, subscription(filter, QoS::AtMostOnce));
    assert_eq!(reason, ReasonCode::NOT_AUTHORIZED);
}

#[test]
fn the_first_rule_that_fits_decides() {
    let mut world = with(&["allow write a/b", "deny all user=ann a/#", "allow all client=c #"]);
    let (client, _) = world.connect(named(V5, "c", "ann"));
    let publish_to = |world: &mut World, topic: &str| {
        world.send(client, Packet::Publish(publish(topic, "x", QoS::AtLeastOnce)));
        match world.next(client) {
            Packet::Puback(ack) => ack.reason.is_error(),
            other => panic!("PUBACK expected, got {other:?}"),
        }
    };
    assert!(!publish_to(&mut world, "a/b"));
    assert!(publish_to(&mut world, "a/c"));
    assert!(!publish_to(&mut world, "b"));
    let other = world.client(V5, "d");
    assert_eq!(world.subscribe(other, subscription("b", QoS::AtMostOnce)), ReasonCode::NOT_AUTHORIZED);
}

/// What may be read by whom outlives the broker.
#[rstest]
fn a_restored_session_gets_nothing_forbidden(#[values(V3, V5)] version: Version) {
    let permissions = ["allow all user=admin #", "allow read ${user}/#"].map(|rule| rule.parse().unwrap());
    let config = Config { permissions: permissions.to_vec(), ..Config::default() };
    let mut world = World::kept(config.clone());
    let (client, _) = world.connect(Connect { username: Some(text("ann")), ..resume(version, "c") });
    world.subscribe(client, subscription("+/x", QoS::AtLeastOnce));
    world.save();
    let mut world = world.after_a_crash(config);
    let (admin, _) = world.connect(named(version, "admin", "admin"));
    for topic in ["bob/x", "ann/x"] {
        world.publish(admin, publish(topic, topic, QoS::AtLeastOnce));
    }
    let (client, _) = world.connect(Connect { username: Some(text("ann")), ..resume(version, "c") });
    assert_eq!(world.payloads(client), ["ann/x"]);
}

/// A session may go on with other rights: what waited may be forbidden by now.
#[test]
fn what_waited_may_be_forbidden_by_now() {
    let mut world =
        with(&["allow all client=p #", "allow read user=ann open", "deny all user=ann #", "allow all #"]);
    let (client, _) = world.connect(resume(V5, "c"));
    world.subscribe(client, subscription("+", QoS::AtLeastOnce));
    world.cut(client);
    let publisher = world.client(V5, "p");
    for topic in ["secret", "open"] {
        world.publish(publisher, publish(topic, topic, QoS::AtLeastOnce));
    }
    let (client, _) = world.connect(Connect { username: Some(text("ann")), ..resume(V5, "c") });
    assert_eq!(world.payloads(client), ["open"]);
}
