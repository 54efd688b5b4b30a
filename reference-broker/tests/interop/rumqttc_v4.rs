//! rumqttc, MQTT 3.1.1.

use std::time::Duration;

use reference_broker::Config;
use rstest::rstest;
use rumqttc::{Client, Connection, Event, LastWill, MqttOptions, Packet, Publish, QoS};

use crate::server::Server;

fn options(server: &Server, id: &str) -> MqttOptions {
    let mut options = MqttOptions::new(id, "127.0.0.1", server.address.port());
    options.set_keep_alive(Duration::from_secs(30));
    options
}

/// Waits for a packet.
fn wait(connection: &mut Connection, wanted: impl Fn(&Packet) -> bool) -> Packet {
    for event in connection.iter() {
        if let Event::Incoming(packet) = event.unwrap()
            && wanted(&packet)
        {
            return packet;
        }
    }
    panic!("the connection ended");
}

fn next_message(connection: &mut Connection) -> Publish {
    match wait(connection, |packet| matches!(packet, Packet::Publish(_))) {
        Packet::Publish(publish) => publish,
        other => panic!("{other:?}"),
    }
}

fn subscriber(server: &Server, id: &str, topic: &str, qos: QoS) -> (Client, Connection) {
    let (client, mut connection) = Client::new(options(server, id), 10);
    client.subscribe(topic, qos).unwrap();
    wait(&mut connection, |packet| matches!(packet, Packet::SubAck(_)));
    (client, connection)
}

#[rstest]
#[case(QoS::AtMostOnce)]
#[case(QoS::AtLeastOnce)]
#[case(QoS::ExactlyOnce)]
fn messages_arrive_once_and_in_order(#[case] qos: QoS) {
    let server = Server::start(Config::default());
    let (client, mut connection) = subscriber(&server, "a", "a/#", qos);
    let publisher = std::thread::spawn(move || {
        for number in 0..200 {
            client.publish("a/b", qos, false, number.to_string()).unwrap();
        }
        client
    });
    for number in 0..200 {
        let got = next_message(&mut connection);
        assert_eq!((got.payload, got.qos), (number.to_string().into(), qos));
    }
    publisher.join().unwrap();
}

#[test]
fn a_session_is_resumed() {
    let server = Server::start(Config::default());
    let session = || {
        let mut options = options(&server, "sleeper");
        options.set_clean_session(false);
        options
    };
    let (client, mut connection) = Client::new(session(), 10);
    client.subscribe("t", QoS::AtLeastOnce).unwrap();
    wait(&mut connection, |packet| matches!(packet, Packet::SubAck(_)));
    drop((client, connection));
    let (publisher, mut publishing) = Client::new(options(&server, "p"), 10);
    publisher.publish("t", QoS::AtLeastOnce, false, "kept").unwrap();
    wait(&mut publishing, |packet| matches!(packet, Packet::PubAck(_)));
    let (_client, mut connection) = Client::new(session(), 10);
    let connack = wait(&mut connection, |packet| matches!(packet, Packet::ConnAck(_)));
    assert!(matches!(connack, Packet::ConnAck(connack) if connack.session_present));
    assert_eq!(next_message(&mut connection).payload, "kept");
}

#[test]
fn a_will_is_retained() {
    let server = Server::start(Config::default());
    let (_watcher, mut watching) = subscriber(&server, "watcher", "will", QoS::AtLeastOnce);
    let mut mortal = options(&server, "mortal");
    mortal.set_last_will(LastWill::new("will", "gone", QoS::AtLeastOnce, true));
    let (client, mut connection) = Client::new(mortal, 10);
    wait(&mut connection, |packet| matches!(packet, Packet::ConnAck(_)));
    drop((client, connection));
    let got = next_message(&mut watching);
    assert_eq!((got.payload, got.retain), ("gone".into(), false));
    let (_late, mut connection) = subscriber(&server, "late", "will", QoS::AtLeastOnce);
    assert!(next_message(&mut connection).retain);
}
