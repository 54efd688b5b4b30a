//! What a PUBLISH says, its Topic Alias, and flow control.

use bytes::Bytes;
use mqttspec_spec::{v3, v5};
use mqttspec_wire::{
    Packet, Property, QoS,
    packet::{Delivery, Publish},
};

use super::super::build::*;

pub(in super::super) fn cases() -> Vec<Case> {
    [topics(), aliases(), announced(), receive_maximum()].concat()
}

fn topics() -> Vec<Case> {
    let named = |topic| Packet::Publish(message(topic, Delivery::AtMostOnce));
    let everything = |version| then(open(version), [c(subscribe(1, "#", Q0)), s(suback(1, &[0]))]);
    let garbled = Publish {
        payload: Bytes::from_static(&[0xC3]),
        properties: props([Property::PayloadFormatIndicator(1)]),
        ..message("t", Delivery::AtMostOnce)
    };
    vec![
        client(v3!("3.3.2-2"), then(open(V3), [c(named("a/#"))])),
        client(v5!("3.3.2-2"), then(open(V5), [c(named("+"))])),
        server(v3!("3.3.2-2"), then(everything(V3), [s(named("a/+"))])),
        server(v5!("3.3.2-2"), then(everything(V5), [s(named("#"))])),
        client(v3!("4.7.3-1"), then(open(V3), [c(named(""))])),
        server(v3!("4.7.3-1"), then(everything(V3), [s(named(""))])),
        client(
            v5!("3.3.2-14"),
            then(open(V5), [c(publish_with("t", [Property::ResponseTopic(text("r/#"))]))]),
        ),
        client(v5!("X-3.3.2.3.2-1"), then(open(V5), [c(Packet::Publish(garbled))])),
    ]
}

fn aliases() -> Vec<Case> {
    let aliased = |topic, alias| publish_with(topic, [Property::TopicAlias(alias)]);
    let sending =
        |granted: Vec<Property>, topic, alias| then(open_with([], granted), [c(aliased(topic, alias))]);
    let refusing = then(
        open_with([Property::TopicAliasMaximum(2)], []),
        [c(subscribe(1, "#", Q0)), s(suback(1, &[0])), s(aliased("t", 2)), c(disconnect(0x94, []))],
    );
    let receiving = |asked: Vec<Property>, topic, alias| {
        then(open_with(asked, []), [c(subscribe(1, "#", Q0)), s(suback(1, &[0])), s(aliased(topic, alias))])
    };
    let two = || vec![Property::TopicAliasMaximum(2)];
    vec![
        client(v5!("3.2.2-18"), sending(vec![], "t", 1)),
        client(v5!("3.2.2-18"), sending(vec![Property::TopicAliasMaximum(0)], "t", 1)),
        client(v5!("3.3.2-9"), sending(two(), "t", 3)),
        client(v5!("X-3.3.4-4"), sending(two(), "", 2)),
        client(v5!("3.3.2-10"), refusing),
        server(v5!("3.1.2-27"), receiving(vec![], "t", 1)),
        server(v5!("3.3.2-11"), receiving(two(), "t", 3)),
        server(v5!("X-3.3.4-4"), receiving(two(), "", 2)),
    ]
}

fn announced() -> Vec<Case> {
    let granting = |property| open_with([], [property]);
    vec![
        client(v5!("3.2.2-11"), then(granting(Property::MaximumQoS(1)), [c(publish(Q2, 1))])),
        client(v5!("3.2.2-11"), then(granting(Property::MaximumQoS(0)), [c(publish(Q1, 1))])),
        client(v5!("3.2.2-14"), then(granting(Property::RetainAvailable(0)), [c(retained("t"))])),
    ]
}

fn receive_maximum() -> Vec<Case> {
    let maximum = || Property::ReceiveMaximum(2);
    let receiving = |qos: QoS| {
        then(
            open_with([maximum()], []),
            [c(subscribe(9, "t", Q2)), s(suback(9, &[2])), s(publish(qos, 1)), s(publish(qos, 2))],
        )
    };
    let sending = |qos: QoS| then(open_with([], [maximum()]), [c(publish(qos, 1)), c(publish(qos, 2))]);
    vec![
        client(v5!("3.3.4-7"), then(sending(Q1), [c(publish(Q1, 3))])),
        // PUBREC gives nothing back.
        client(v5!("3.3.4-7"), then(sending(Q2), [s(pubrec(1)), c(pubrel(1)), c(publish(Q1, 3))])),
        server(v5!("3.3.4-9"), then(receiving(Q2), [s(publish(Q1, 3))])),
        server(v5!("3.3.4-9"), then(receiving(Q2), [c(pubrec(1)), s(pubrel(1)), s(publish(Q2, 3))])),
        server(v5!("3.3.4-9"), then(receiving(Q1), [c(puback(1)), s(publish(Q1, 3)), s(publish(Q1, 4))])),
    ]
}
