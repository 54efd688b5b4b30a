//! Server redirection (MQTT 5.0 §4.11).

use mqttspec_wire::{Packet, Property, ReasonCode, Version, packet::Connect};
use reference_broker::{Config, core::Redirect};
use rstest::rstest;

use crate::world::*;

fn world(is_permanent: bool, at_shutdown: bool) -> World {
    let redirect = Redirect { server_reference: "other.example:1883".into(), is_permanent, at_shutdown };
    World::with(Config { redirect: Some(redirect), ..Config::default() })
}

#[rstest]
#[case(false, ReasonCode::USE_ANOTHER_SERVER)]
#[case(true, ReasonCode::SERVER_MOVED)]
fn clients_are_sent_to_another_server(#[case] is_permanent: bool, #[case] reason: ReasonCode) {
    let mut world = world(is_permanent, false);
    let client = world.open(Version::V5_0);
    world.send(client, Packet::Connect(Box::new(connect(Version::V5_0, "c"))));
    let Packet::Connack(connack) = world.next(client) else { panic!("CONNACK expected") };
    assert_eq!(connack.reason, reason);
    assert_eq!(connack.properties.server_reference(), Some(text("other.example:1883")));
    assert!(world.is_closed(client));
}

#[test]
fn a_client_of_mqtt_3_1_1_is_only_refused() {
    let mut world = world(false, false);
    let client = world.open(Version::V3_1_1);
    world.send(client, Packet::Connect(Box::new(connect(Version::V3_1_1, "c"))));
    let Packet::Connack(connack) = world.next(client) else { panic!("CONNACK expected") };
    assert_eq!(connack.reason, ReasonCode::V3_SERVER_UNAVAILABLE);
    assert!(world.is_closed(client));
}

#[rstest]
#[case::place_and_reason(200, true)]
#[case::only_the_code(12, false)]
fn the_place_must_fit(#[case] maximum: u32, #[case] named: bool) {
    let mut world = world(false, false);
    let client = world.open(Version::V5_0);
    let properties = properties([Property::MaximumPacketSize(maximum)]);
    world.send(client, Packet::Connect(Box::new(Connect { properties, ..connect(Version::V5_0, "c") })));
    let Packet::Connack(connack) = world.next(client) else { panic!("CONNACK expected") };
    assert_eq!(connack.reason, ReasonCode::USE_ANOTHER_SERVER);
    assert_eq!(connack.properties.server_reference().is_some(), named);
}

#[test]
fn clients_are_served_until_the_server_shuts_down() {
    let mut world = world(false, true);
    let client = world.client(Version::V5_0, "c");
    world.ping(client);
    world.shut_down();
    let Packet::Disconnect(disconnect) = world.next(client) else { panic!("DISCONNECT expected") };
    assert_eq!(disconnect.reason, ReasonCode::USE_ANOTHER_SERVER);
    assert_eq!(disconnect.properties.server_reference(), Some(text("other.example:1883")));
}
