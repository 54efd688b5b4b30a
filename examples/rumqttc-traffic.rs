//! Traffic of rumqttc, to be recorded: a client that subscribes to what it publishes, and that ends with two DISCONNECT
//! packets, a breach for the judge to find. `rumqttc-traffic PORT 3|5`

#![expect(clippy::unwrap_used, reason = "without a broker there is nothing to record")]

use std::time::Duration;

use rumqttc::{self as v4, v5};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, version] = &arguments[..] else { return };
    let port = port.parse().unwrap();
    if version == "5" { speak_v5(port) } else { speak_v4(port) }
}

/// A QoS 2 message that came is acknowledged behind the PUBCOMP of the own one, so that this is the last packet.
const LAST: u16 = 3;

fn speak_v4(port: u16) {
    let mut options = v4::MqttOptions::new("rumqttc-4", "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(5));
    let (client, mut connection) = v4::Client::new(options, 10);
    client.subscribe("rumqttc/#", v4::QoS::ExactlyOnce).unwrap();
    for (qos, payload) in
        [(v4::QoS::AtMostOnce, "zero"), (v4::QoS::AtLeastOnce, "one"), (v4::QoS::ExactlyOnce, "two")]
    {
        client.publish("rumqttc/4", qos, false, payload).unwrap();
    }
    let mut ended = 0;
    for event in connection.iter() {
        match event {
            Ok(v4::Event::Incoming(
                v4::Packet::PubComp(_) | v4::Packet::PubRel(_) | v4::Packet::PingResp,
            )) => {
                ended += 1;
            }
            Ok(_) => {}
            Err(_) => return,
        }
        // The event of the first DISCONNECT brings the second one about.
        if ended == LAST {
            client.disconnect().unwrap();
        }
    }
}

fn speak_v5(port: u16) {
    let mut options = v5::MqttOptions::new("rumqttc-5", "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(5));
    let (client, mut connection) = v5::Client::new(options, 10);
    client.subscribe("rumqttc/#", v5::mqttbytes::QoS::ExactlyOnce).unwrap();
    let properties = v5::mqttbytes::v5::PublishProperties {
        message_expiry_interval: Some(60),
        user_properties: vec![("made".to_owned(), "for a capture".to_owned())],
        ..Default::default()
    };
    for (qos, payload) in [
        (v5::mqttbytes::QoS::AtMostOnce, "zero"),
        (v5::mqttbytes::QoS::AtLeastOnce, "one"),
        (v5::mqttbytes::QoS::ExactlyOnce, "two"),
    ] {
        client.publish_with_properties("rumqttc/5", qos, false, payload, properties.clone()).unwrap();
    }
    let mut ended = 0;
    for event in connection.iter() {
        match event {
            Ok(v5::Event::Incoming(
                v5::mqttbytes::v5::Packet::PubComp(_)
                | v5::mqttbytes::v5::Packet::PubRel(_)
                | v5::mqttbytes::v5::Packet::PingResp(_),
            )) => ended += 1,
            Ok(_) => {}
            Err(_) => return,
        }
        if ended == LAST {
            client.disconnect().unwrap();
        }
    }
}
