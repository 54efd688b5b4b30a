//! Brokers that offer less than the standard lets them.

use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Connack, Connect, Suback},
};
use reference_broker::{
    Config,
    core::{AboveMaximumQos, Limits},
};
use rstest::rstest;

use crate::world::*;

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

fn with_limits(change: fn(&mut Limits)) -> Config {
    let mut config = Config::default();
    change(&mut config.limits);
    config
}

/// What the CONNECT is answered with, and whether the connection is open afterwards.
fn answer(config: Config, connect: Connect) -> (Option<ReasonCode>, bool) {
    let mut world = World::with(config);
    let client = world.open(connect.version);
    world.send(client, Packet::Connect(Box::new(connect)));
    let reason = world.try_next(client).map(|packet| match packet {
        Packet::Connack(Connack { reason, .. }) => reason,
        other => panic!("CONNACK expected, got {other:?}"),
    });
    (reason, !world.is_closed(client))
}

#[rstest]
#[case(V3, ReasonCode::V3_NOT_AUTHORIZED)]
#[case(V5, ReasonCode::NOT_AUTHORIZED)]
fn without_wills_a_connect_with_one_is_refused(#[case] version: Version, #[case] reason: ReasonCode) {
    let without = || Config { wills: false, ..Config::default() };
    let connect = connect(version, "a");
    assert_eq!(answer(without(), connect.clone()), (Some(ReasonCode::SUCCESS), true));
    let with_will = Connect { will: Some(will("t", "x")), ..connect };
    assert_eq!(answer(without(), with_will.clone()), (Some(reason), false));
    assert_eq!(answer(Config::default(), with_will), (Some(ReasonCode::SUCCESS), true));
}

#[rstest]
#[case("sensor-12", true)]
#[case("sensor-", false)]
#[case("", true)]
fn client_identifiers_match_the_pattern(#[case] id: &str, #[case] is_welcome: bool) {
    let pattern = regex_lite::Regex::new("^sensor-[0-9]+$").unwrap();
    let config = || Config { client_id_pattern: Some(pattern.clone()), ..Config::default() };
    let codes = if is_welcome {
        [ReasonCode::SUCCESS; 2]
    } else {
        [ReasonCode::V3_IDENTIFIER_REJECTED, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID]
    };
    for (version, code) in [V3, V5].into_iter().zip(codes) {
        assert_eq!(answer(config(), connect(version, id)), (Some(code), is_welcome));
    }
}

#[rstest]
#[case(V3, ReasonCode::V3_IDENTIFIER_REJECTED)]
#[case(V5, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID)]
fn nobody_gets_an_identifier(#[case] version: Version, #[case] reason: ReasonCode) {
    let config = || Config { assigned_client_ids: false, ..Config::default() };
    assert_eq!(answer(config(), connect(version, "")), (Some(reason), false));
    assert_eq!(answer(config(), connect(version, "a")), (Some(ReasonCode::SUCCESS), true));
}

#[rstest]
#[case(0, Some(20))]
#[case(30, Some(20))]
#[case(20, None)]
#[case(4, None)]
fn a_keep_alive_has_a_maximum(#[case] asked: u16, #[case] told: Option<u16>) {
    for version in [V3, V5] {
        let mut world = World::with(Config { keep_alive_maximum: Some(20), ..Config::default() });
        let (client, connack) = world.connect(Connect { keep_alive: asked, ..connect(version, "a") });
        let expected = told.filter(|_| version == V5);
        assert_eq!(connack.properties.server_keep_alive(), expected);
        let patience = f64::from(told.unwrap_or(asked)) * 1.5;
        world.wait(patience - 0.1);
        world.expect_nothing(client);
        world.wait(0.2);
        assert!(world.is_closed(client));
    }
}

#[rstest]
fn sessions_of_both_versions_end_in_time(#[values(V3, V5)] version: Version) {
    for (waited, present) in [(9.0, true), (11.0, false)] {
        let mut world = World::with(Config { session_expiry_maximum: Some(10), ..Config::default() });
        let (client, connack) = world.connect(resume(version, "a"));
        let told = connack.properties.session_expiry_interval();
        assert_eq!(told, (version == V5).then_some(10));
        world.cut(client);
        world.wait(waited);
        assert_eq!(world.connect(resume(version, "a")).1.session_present, present);
    }
}

#[rstest]
#[case(QoS::AtMostOnce, QoS::ExactlyOnce, 0)]
#[case(QoS::AtLeastOnce, QoS::ExactlyOnce, 1)]
#[case(QoS::AtLeastOnce, QoS::AtMostOnce, 0)]
fn no_more_than_the_maximum_is_granted(#[case] maximum: QoS, #[case] asked: QoS, #[case] granted: u8) {
    for version in [V3, V5] {
        let mut world = World::with(Config { maximum_qos: maximum, ..Config::default() });
        let client = world.client(version, "a");
        assert_eq!(world.subscribe(client, subscription("t", asked)), ReasonCode(granted));
    }
}

#[rstest]
fn asking_for_too_much_is_not_answered(#[values(V3, V5)] version: Version) {
    let above_maximum_qos = AboveMaximumQos::Ignored;
    let config = Config { maximum_qos: QoS::AtLeastOnce, above_maximum_qos, ..Config::default() };
    let mut world = World::with(config);
    let client = world.client(version, "a");
    world.send(client, subscribe(1, vec![subscription("t", QoS::ExactlyOnce)]));
    world.publish(client, publish("t", "x", QoS::AtLeastOnce));
    world.expect_nothing(client);
    assert_eq!(world.subscribe(client, subscription("t", QoS::AtLeastOnce)), ReasonCode(1));
}

#[rstest]
fn topics_have_a_size(
    #[values(V3, V5)] version: Version,
    #[values(with_limits(|limits| limits.levels_per_topic = 3), with_limits(|limits| limits.bytes_per_topic = 5))]
    config: Config,
) {
    let mut world = World::with(config);
    let client = world.client(version, "a");
    assert_eq!(world.subscribe(client, subscription("a/b/c", QoS::AtMostOnce)), ReasonCode::SUCCESS);
    let refused = if version == V5 { ReasonCode::TOPIC_FILTER_INVALID } else { ReasonCode(0x80) };
    assert_eq!(world.subscribe(client, subscription("a/b/c/#", QoS::AtMostOnce)), refused);
    let shared = world.subscribe(client, subscription("$share/group/a/b/c", QoS::AtMostOnce));
    assert_eq!(shared, if version == V5 { ReasonCode::SUCCESS } else { ReasonCode(0x80) });
    world.publish(client, publish("a/b/c", "x", QoS::AtMostOnce));
    assert!(world.payloads(client).contains(&"x".to_owned()));
    world.send(client, Packet::Publish(publish("a/b/c/d", "x", QoS::AtMostOnce)));
    world.expect_closed(client, ReasonCode::TOPIC_NAME_INVALID);
    let (client, _) = world.connect(connect(version, "b"));
    world.cut(client);
    let rejected = world.open(version);
    let connect = Connect { will: Some(will("a/b/c/d", "x")), ..connect(version, "w") };
    world.send(rejected, Packet::Connect(Box::new(connect)));
    assert!(world.is_closed(rejected));
}

#[rstest]
#[case(V3, 0x80)]
#[case(V5, 0x97)]
fn a_subscribe_holds_so_many_filters(#[case] version: Version, #[case] refused: u8) {
    let mut world = World::with(with_limits(|limits| limits.filters_per_subscribe = 2));
    let client = world.client(version, "a");
    let filters = ["a", "b", "c"].map(|filter| subscription(filter, QoS::AtMostOnce));
    world.send(client, subscribe(1, filters.to_vec()));
    let Packet::Suback(Suback { reasons, .. }) = world.next(client) else { panic!() };
    assert_eq!(reasons, [ReasonCode(0), ReasonCode(0), ReasonCode(refused)]);
    world.publish(client, publish("c", "x", QoS::AtMostOnce));
    world.expect_nothing(client);
}

#[rstest]
fn wildcards_get_nothing_retained(#[values(V3, V5)] version: Version) {
    let mut world = World::with(Config { retained_for_wildcards: false, ..Config::default() });
    let publisher = world.client(version, "p");
    world.publish(
        publisher,
        mqttspec_wire::packet::Publish { retain: true, ..publish("a/b", "x", QoS::AtMostOnce) },
    );
    let subscriber = world.client(version, "s");
    world.subscribe(subscriber, subscription("a/+", QoS::AtMostOnce));
    world.expect_nothing(subscriber);
    world.subscribe(subscriber, subscription("a/b", QoS::AtMostOnce));
    assert_eq!(world.payloads(subscriber), ["x"]);
}

#[test]
fn a_server_keep_alive_is_stronger_than_the_maximum() {
    let config = Config { keep_alive_maximum: Some(20), server_keep_alive: Some(40), ..Config::default() };
    let mut world = World::with(config);
    let (_, connack) = world.connect(connect(V5, "a"));
    assert!(connack.properties.iter().any(|property| *property == Property::ServerKeepAlive(40)));
}
