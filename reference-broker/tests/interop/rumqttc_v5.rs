//! rumqttc, MQTT 5.0.

use std::time::Duration;

use reference_broker::Config;
use rstest::rstest;
use rumqttc::v5::{
    Client, Connection, Event, MqttOptions,
    mqttbytes::{
        QoS,
        v5::{Packet, Publish, PublishProperties, SubscribeProperties},
    },
};

use crate::server::Server;

fn options(server: &Server, id: &str) -> MqttOptions {
    let mut options = MqttOptions::new(id, "127.0.0.1", server.address.port());
    options.set_keep_alive(Duration::from_secs(30));
    options
}

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

#[rstest]
#[case(QoS::AtMostOnce)]
#[case(QoS::AtLeastOnce)]
#[case(QoS::ExactlyOnce)]
fn messages_arrive_once_and_in_order(#[case] qos: QoS) {
    let server = Server::start(Config::default());
    let (client, mut connection) = Client::new(options(&server, "a"), 10);
    client.subscribe("a/#", qos).unwrap();
    wait(&mut connection, |packet| matches!(packet, Packet::SubAck(_)));
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
fn properties_are_passed_on() {
    let server = Server::start(Config::default());
    let (client, mut connection) = Client::new(options(&server, "a"), 10);
    let numbered = SubscribeProperties { id: Some(42), user_properties: Vec::new() };
    client.subscribe_with_properties("t", QoS::AtLeastOnce, numbered).unwrap();
    wait(&mut connection, |packet| matches!(packet, Packet::SubAck(_)));
    let sent = PublishProperties {
        content_type: Some("plain".into()),
        response_topic: Some("answers".into()),
        correlation_data: Some("1".into()),
        user_properties: vec![("a".into(), "1".into()), ("a".into(), "2".into())],
        ..PublishProperties::default()
    };
    client.publish_with_properties("t", QoS::AtLeastOnce, false, "x", sent.clone()).unwrap();
    let got = next_message(&mut connection).properties.unwrap();
    assert_eq!(got, PublishProperties { subscription_identifiers: vec![42], ..sent });
}
