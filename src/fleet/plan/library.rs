//! What devices cannot do whose client is a library.

use mqttspec_fleet::plan::{Client, Group, Pace, SubscriptionOptions};
use mqttspec_spec::Version;

use super::{reader::Reader, value};
use crate::{diagnostic::Span, scenario::node::Node};

/// The most devices of one group whose client is a library: each needs three sockets and a task.
const MOST: u32 = 1000;

/// The shortest keep alive that rumqttc lets a client of MQTT 5.0 have, in seconds.
const SHORTEST: u16 = 5;

pub(super) fn client(reader: &mut Reader<'_>, node: &Node) -> Option<Client> {
    match value::text(reader, node)?.as_str() {
        "own" => Some(Client::Own),
        "rumqttc" => Some(Client::Rumqttc),
        other => {
            let message = format!("there is no client `{other}`");
            reader.wrong_value(&node.span, message, "expected `own` or `rumqttc`")
        }
    }
}

/// Refuses what the library cannot do, or what nobody can have it do from outside.
pub(super) fn check(reader: &mut Reader<'_>, place: impl Fn(&str) -> Span, group: Group) -> Option<Group> {
    if group.client == Client::Own {
        return Some(group);
    }
    let own = [
        ("receive-maximum", group.receive_maximum.is_some()),
        ("acknowledge-after", group.acknowledge_after.most > 0),
        ("clock-skew", group.clock_skew > 0),
        ("duty", group.duty.is_some()),
    ];
    if let Some((key, _)) = own.iter().find(|(_, is_said)| *is_said) {
        let message = format!("`{key}` is nothing that a device with rumqttc does");
        return reader.wrong_value(&place(key), message, "leave it out, or leave out `client`");
    }
    let parts = [
        ("subscribe", "lasts", group.subscribe.iter().any(|each| each.renewal.is_some())),
        ("subscribe", "no-local", group.subscribe.iter().any(|each| each.options.no_local)),
        (
            "subscribe",
            "retain-as-published",
            group.subscribe.iter().any(|each| each.options.retain_as_published),
        ),
        (
            "subscribe",
            "retain-handling",
            group.subscribe.iter().any(|each| each.options != SubscriptionOptions::default()),
        ),
        ("publish", "clears", group.publish.iter().any(|each| each.clears > 0)),
        ("publish", "in-flight", group.publish.iter().any(|each| matches!(each.pace, Pace::InFlight(..)))),
        ("will", "chance", group.will.as_ref().is_some_and(|will| will.chance < 1_000_000)),
    ];
    if let Some((key, part, _)) = parts.iter().find(|(_, _, is_said)| *is_said) {
        let message = format!("`{part}` in `{key}` is nothing that a device with rumqttc does");
        return reader.wrong_value(&place(key), message, "leave it out, or leave out `client`");
    }
    if group.version == Version::V5_0 && group.keep_alive < SHORTEST {
        let message = format!("a keep alive of {} s with rumqttc", group.keep_alive);
        return reader.wrong_value(&place("keep-alive"), message, "expected at least 5s under v5.0");
    }
    if group.count > MOST {
        let message = format!("a group of {} devices with rumqttc", group.count);
        return reader.wrong_value(&place("count"), message, "expected at most 1000");
    }
    Some(group)
}
