//! Groups of devices.

use mqttspec_fleet::{
    plan::{
        Backoff, Client, Credentials, Duty, Group, Link, Micros, Parting, SubscriptionOptions, Template, Will,
    },
    random::Range,
};
use mqttspec_spec::Version;

use super::{
    library, link,
    message::{publish, subscribe},
    reader::{Keys, Reader},
    value,
};
use crate::{diagnostic::Span, scenario::node::Node};

/// The most devices of one group.
const MOST: u32 = 10_000_000;

/// The most subscriptions of one device.
const SUBSCRIPTIONS: usize = 8;

/// The groups of a plan.
pub(super) fn groups(reader: &mut Reader<'_>, node: &Node, links: &[(String, Link)]) -> Option<Vec<Group>> {
    let Some(entries) = node.entries() else {
        return reader.wrong_type(node, "a mapping of groups");
    };
    let groups: Vec<Option<Group>> =
        entries.iter().map(|entry| group(reader, &entry.key, &entry.key_span, &entry.value, links)).collect();
    if groups.is_empty() {
        return reader.wrong_value(&node.span, "there is no group".to_owned(), "expected at least one");
    }
    groups.into_iter().collect()
}

fn group(
    reader: &mut Reader<'_>,
    name: &str,
    span: &Span,
    node: &Node,
    links: &[(String, Link)],
) -> Option<Group> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() > 32 || !name.chars().all(is_name) {
        let message = format!("`{name}` is no name of a group");
        return reader.wrong_value(span, message, "expected at most 32 of a-z, 0-9 and -");
    }
    let mut keys = reader.keys(node, "a group")?;
    let count = keys.need(reader, "count").and_then(|node| value::count(reader, node, 1));
    let version = keys.take("version").map_or(Some(Version::V5_0), |node| version(reader, node));
    let client = keys.take("client").map_or(Some(Client::Own), |node| library::client(reader, node));
    let session = keys.take("session").map_or(Some((true, 0)), |node| session(reader, node));
    let keep_alive = keys.take("keep-alive").map_or(Some(60), |node| value::seconds(reader, node));
    let credentials = credentials(reader, &mut keys);
    let receive_maximum = value::optional(keys.take("receive-maximum"), |node| value::shorts(reader, node));
    let will = value::optional(keys.take("will"), |node| will(reader, node));
    let subscribe = list(reader, keys.take("subscribe"), subscribe);
    let publish = list(reader, keys.take("publish"), publish);
    let acknowledge_after =
        keys.take("acknowledge-after").map_or(Some(Range::default()), |node| value::durations(reader, node));
    let clock_skew = keys.take("clock-skew").map_or(Some(0), |node| value::percent(reader, node));
    let duty = value::optional(keys.take("duty"), |node| duty(reader, node));
    let backoff = keys.take("backoff").map_or(Some(Backoff::default()), |node| backoff(reader, node));
    let link = keys.take("link").map_or(Some(Link::default()), |node| link::link(reader, node, links));
    keys.finish(reader);
    let (clean_start, expiry) = session?;
    let group = Group {
        name: name.to_owned(),
        count: count?,
        client: client?,
        version: version?,
        clean_start,
        expiry,
        keep_alive: u16::try_from(keep_alive?).unwrap_or(u16::MAX),
        credentials: credentials?,
        receive_maximum: receive_maximum?,
        will: will?,
        subscribe: subscribe?,
        publish: publish?,
        acknowledge_after: acknowledge_after?,
        clock_skew: clock_skew?,
        duty: duty?,
        backoff: backoff?,
        link: link?,
    };
    check(reader, span, node, group)
}

/// What is right by itself and wrong together.
fn check(reader: &mut Reader<'_>, span: &Span, node: &Node, group: Group) -> Option<Group> {
    let place = |key: &str| {
        let entry = node.entries().and_then(|entries| entries.iter().find(|entry| entry.key == key));
        entry.map_or_else(|| span.clone(), |entry| entry.key_span.clone())
    };
    if group.count > MOST {
        let message = format!("a group of {} devices", group.count);
        return reader.wrong_value(&place("count"), message, "expected at most 10000000");
    }
    if group.subscribe.len() > SUBSCRIPTIONS {
        let message = format!("{} subscriptions of one device", group.subscribe.len());
        return reader.wrong_value(&place("subscribe"), message, "expected at most 8");
    }
    if group.subscribe.is_empty() && group.publish.is_empty() && group.will.is_none() {
        let message = format!("the group `{}` does nothing", group.name);
        return reader.wrong_value(span, message, "expected `publish`, `subscribe` or `will`");
    }
    if group.version == Version::V3_1_1 {
        let new = [
            ("receive-maximum", group.receive_maximum.is_some()),
            ("will", group.will.as_ref().is_some_and(|will| will.delay > 0)),
            ("publish", group.publish.iter().any(|publish| publish.expiry.is_some())),
            ("subscribe", group.subscribe.iter().any(|each| each.options != SubscriptionOptions::default())),
            ("duty", group.duty.as_ref().is_some_and(|duty| is_new(duty.parting))),
        ];
        if let Some((key, _)) = new.iter().find(|(_, is_new)| *is_new) {
            let message = format!("`{key}` says something that MQTT 3.1.1 does not have");
            return reader.wrong_value(&place(key), message, "only v5.0 has it");
        }
    }
    if group.expiry == 0 && group.duty.as_ref().is_some_and(|duty| is_raised(duty.parting)) {
        let message = "DISCONNECT with a Session Expiry Interval after one of 0".to_owned();
        return reader.wrong_value(&place("duty"), message, "MQTT 5.0 forbids it (§3.14.2.2.2)");
    }
    library::check(reader, place, group)
}

/// Whether MQTT 3.1.1 has no such way to leave.
const fn is_new(parting: Parting) -> bool {
    matches!(parting, Parting::WithWill | Parting::Disconnects(Some(_)))
}

const fn is_raised(parting: Parting) -> bool {
    matches!(parting, Parting::Disconnects(Some(1..)))
}

fn list<T>(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    read: fn(&mut Reader<'_>, &Node) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let items = reader.list(node, "a list")?;
    let items: Vec<Option<T>> = items.iter().map(|item| read(reader, item)).collect();
    items.into_iter().collect()
}

fn version(reader: &mut Reader<'_>, node: &Node) -> Option<Version> {
    let word = value::text(reader, node)?;
    match Version::ALL.into_iter().find(|version| version.to_string() == word) {
        Some(version) => Some(version),
        None => reader.wrong_value(
            &node.span,
            format!("there is no version `{word}`"),
            "expected `v3.1.1` or `v5.0`",
        ),
    }
}

fn session(reader: &mut Reader<'_>, node: &Node) -> Option<(bool, u32)> {
    let mut keys = reader.keys(node, "`session`")?;
    let clean = value::flag(reader, keys.take("clean-start"));
    let expiry = keys.take("expiry").map_or(Some(u32::MAX), |node| value::seconds(reader, node));
    keys.finish(reader);
    Some((clean?, expiry?))
}

fn will(reader: &mut Reader<'_>, node: &Node) -> Option<Will> {
    let mut keys = reader.keys(node, "a will")?;
    let topic = keys.need(reader, "topic").and_then(|node| value::template(reader, node));
    let qos = keys.need(reader, "qos").and_then(|node| value::qos(reader, node));
    let retain = value::flag(reader, keys.take("retain"));
    let delay = keys.take("delay").map_or(Some(0), |node| value::seconds(reader, node));
    let chance = keys.take("chance").map_or(Some(1_000_000), |node| value::percent(reader, node));
    keys.finish(reader);
    Some(Will { topic: topic?, qos: qos?, retain: retain?, delay: delay?, chance: chance? })
}

/// User Name and Password, which come together.
#[expect(clippy::option_option, reason = "left out and mistaken are different things")]
fn credentials(reader: &mut Reader<'_>, keys: &mut Keys<'_>) -> Option<Option<Credentials>> {
    let user = value::optional(keys.take("user"), |node| value::template(reader, node));
    let password_node = keys.take("password");
    let password = value::optional(password_node, |node| value::template(reader, node));
    match (user?, password?, password_node) {
        (Some(user), Some(password), _) => Some(Some(Credentials { user, password })),
        (None, Some(_), Some(node)) => reader.wrong_value(
            &node.span,
            "a `password` without `user`".to_owned(),
            "expected both or neither",
        ),
        (Some(user), None, _) => Some(Some(Credentials { user, password: Template::plain("") })),
        (None, _, _) => Some(None),
    }
}

fn duty(reader: &mut Reader<'_>, node: &Node) -> Option<Duty> {
    let mut keys = reader.keys(node, "`duty`")?;
    let online = keys.need(reader, "online").and_then(|node| value::durations(reader, node));
    let offline = keys.need(reader, "offline").and_then(|node| value::durations(reader, node));
    let vanishes = value::flag(reader, keys.take("vanishes"));
    let with_will = value::flag(reader, keys.take("with-will"));
    let expiry = value::optional(keys.take("expiry"), |node| value::seconds(reader, node));
    keys.finish(reader);
    let parting = match (vanishes?, with_will?, expiry?) {
        (false, false, expiry) => Parting::Disconnects(expiry),
        (false, true, None) => Parting::WithWill,
        (true, false, None) => Parting::Vanishes,
        (true, ..) | (_, true, _) => {
            let message = "several ways to leave".to_owned();
            return reader.wrong_value(&node.span, message, "expected `vanishes`, `with-will` or `expiry`");
        }
    };
    Some(Duty { online: online?, offline: offline?, parting })
}

fn backoff(reader: &mut Reader<'_>, node: &Node) -> Option<Backoff> {
    let mut keys = reader.keys(node, "`backoff`")?;
    let first: Option<Micros> = keys.need(reader, "first").and_then(|node| value::duration(reader, node));
    let most = keys.need(reader, "most").and_then(|node| value::duration(reader, node));
    keys.finish(reader);
    Some(Backoff { first: first?, most: most? })
}
