//! What the devices of a group publish and subscribe to.

use mqttspec_fleet::{
    plan::{Pace, Publish, Renewal, Sizes, Subscribe, SubscriptionOptions},
    random::Range,
};

use mqttspec_wire::packet::RetainHandling;

use super::{
    reader::{Keys, Reader},
    value,
};
use crate::scenario::node::Node;

/// The most messages of a publication that may be under way.
const MOST_IN_FLIGHT: u16 = 1000;

pub(super) fn subscribe(reader: &mut Reader<'_>, node: &Node) -> Option<Subscribe> {
    let mut keys = reader.keys(node, "a subscription")?;
    let filter = keys.need(reader, "filter").and_then(|node| value::template(reader, node));
    let qos = keys.need(reader, "qos").and_then(|node| value::qos(reader, node));
    let lasts = value::optional(keys.take("lasts"), |node| value::durations(reader, node));
    let pause_node = keys.take("pause");
    let pause = value::optional(pause_node, |node| value::durations(reader, node));
    let options = options(reader, &mut keys);
    keys.finish(reader);
    let renewal = match (lasts?, pause?, pause_node) {
        (Some(lasts), pause, _) => Some(Renewal { lasts, pause }),
        (None, Some(_), Some(node)) => {
            let message = "a `pause` of a subscription that does not end".to_owned();
            return reader.wrong_value(&node.span, message, "say with `lasts` how long it lasts");
        }
        (None, _, _) => None,
    };
    let (filter, options) = (filter?, options?);
    if options.no_local && filter.to_string().starts_with("$share/") {
        let message = "`no-local` of a Shared Subscription".to_owned();
        return reader.wrong_value(&node.span, message, "MQTT 5.0 forbids it (§3.8.3.1)");
    }
    Some(Subscribe { filter, qos: qos?, renewal, options })
}

fn options(reader: &mut Reader<'_>, keys: &mut Keys<'_>) -> Option<SubscriptionOptions> {
    let no_local = value::flag(reader, keys.take("no-local"));
    let retain_as_published = value::flag(reader, keys.take("retain-as-published"));
    let handling = keys.take("retain-handling").map_or(Some(0), |node| value::short(reader, node, 0));
    let retain_handling = match handling? {
        0 => RetainHandling::Send,
        1 => RetainHandling::SendIfNew,
        _ => RetainHandling::DoNotSend,
    };
    Some(SubscriptionOptions {
        no_local: no_local?,
        retain_as_published: retain_as_published?,
        retain_handling,
    })
}

pub(super) fn publish(reader: &mut Reader<'_>, node: &Node) -> Option<Publish> {
    let mut keys = reader.keys(node, "a publication")?;
    let topic = keys.need(reader, "topic").and_then(|node| value::template(reader, node));
    let qos = keys.need(reader, "qos").and_then(|node| value::qos_mix(reader, node));
    let pace = pace(reader, node, &mut keys);
    let retain = value::flag(reader, keys.take("retain"));
    let clears_node = keys.take("clears");
    let clears = clears_node.map_or(Some(0), |node| value::percent(reader, node));
    let size =
        keys.take("size").map_or(Some(Sizes::only(Range::only(32))), |node| value::sizes(reader, node));
    let expiry = value::optional(keys.take("expiry"), |node| value::seconds(reader, node));
    keys.finish(reader);
    let (qos, pace, retain) = (qos?, pace?, retain?);
    if let Some(node) = clears_node.filter(|_| !retain) {
        let message = "`clears` of messages that are not retained".to_owned();
        return reader.wrong_value(&node.span, message, "say `retain: true`, too");
    }
    if pace.in_flight() > 0 && qos[0] > 0 {
        let message = "QoS 0 messages in a closed loop".to_owned();
        return reader.wrong_value(&node.span, message, "nobody acknowledges them: expected QoS 1 or 2");
    }
    Some(Publish { topic: topic?, qos, pace, retain, clears: clears?, size: size?, expiry: expiry? })
}

/// `every` for an open loop, `in-flight` and perhaps `pause` for a closed one.
fn pace(reader: &mut Reader<'_>, node: &Node, keys: &mut Keys<'_>) -> Option<Pace> {
    let every_node = keys.take("every");
    let every = value::optional(every_node, |node| value::durations(reader, node));
    let in_flight = value::optional(keys.take("in-flight"), |node| value::short(reader, node, 1));
    let pause = keys.take("pause").map_or(Some(Range::default()), |node| value::durations(reader, node));
    match (every?, in_flight?, pause?) {
        (Some(every), None, _) if every.most == 0 => {
            let message = "a message every 0 s".to_owned();
            reader.wrong_value(&node.span, message, "expected a longer interval, or `in-flight`")
        }
        (Some(every), None, _) => Some(Pace::Every(every)),
        (None, Some(most), _) if most > MOST_IN_FLIGHT => {
            let message = format!("{most} messages under way");
            reader.wrong_value(&node.span, message, "expected at most 1000")
        }
        (None, Some(most), pause) => Some(Pace::InFlight(most, pause)),
        (None, None, _) | (Some(_), Some(_), _) => reader.wrong_value(
            &node.span,
            "a publication has a pace".to_owned(),
            "expected either `every`, or `in-flight` to wait for acknowledgements",
        ),
    }
}
