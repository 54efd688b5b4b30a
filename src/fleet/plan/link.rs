//! Links, by name or where they are used.

use mqttspec_fleet::{
    plan::{Link, Micros, Outage},
    random::Range,
};

use super::{reader::Reader, value};
use crate::scenario::node::Node;

/// The links that have names.
pub(super) fn named(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<(String, Link)>> {
    let Some(entries) = node.entries() else {
        return reader.wrong_type(node, "a mapping of links");
    };
    let links: Vec<Option<(String, Link)>> = entries
        .iter()
        .map(|entry| read(reader, &entry.value).map(|link| (entry.key.clone(), link)))
        .collect();
    links.into_iter().collect()
}

/// A link of a group: a name, or what it is like.
pub(super) fn link(reader: &mut Reader<'_>, node: &Node, links: &[(String, Link)]) -> Option<Link> {
    let Some(scalar) = node.scalar() else { return read(reader, node) };
    if let Some((_, link)) = links.iter().find(|(name, _)| *name == scalar.text) {
        return Some(link.clone());
    }
    let message = format!("there is no link `{}`", scalar.text);
    reader.unknown(&node.span, message, &scalar.text, links.iter().map(|(name, _)| name.as_str()))
}

fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Link> {
    let mut keys = reader.keys(node, "a link")?;
    let mut durations = |reader: &mut Reader<'_>, key| {
        let node = keys.take(key);
        node.map_or(Some(None), |node| value::durations(reader, node).map(Some))
    };
    let latency = durations(reader, "latency");
    let stall = durations(reader, "stall");
    let cut = durations(reader, "cut");
    let roam = durations(reader, "roam");
    let half_open = durations(reader, "half-open");
    let mut duration = |reader: &mut Reader<'_>, key| -> Option<Option<Micros>> {
        let node = keys.take(key);
        node.map_or(Some(None), |node| value::duration(reader, node).map(Some))
    };
    let nat_timeout = duration(reader, "nat-timeout");
    let radio_sleep = duration(reader, "radio-sleep");
    let outage = value::optional(keys.take("outage"), |node| outage(reader, node));
    let bandwidth = keys.take("bandwidth").map_or(Some(0), |node| value::count(reader, node, 1));
    let loss = keys.take("loss").map_or(Some(0), |node| value::percent(reader, node));
    keys.finish(reader);
    Some(Link {
        latency: latency?.unwrap_or_default(),
        bandwidth: u64::from(bandwidth?),
        loss: loss?,
        stall: stall?.unwrap_or(Range { least: 200_000, most: 3_000_000 }),
        cut: cut?,
        roam: roam?,
        half_open: half_open?,
        nat_timeout: nat_timeout?,
        radio_sleep: radio_sleep?,
        outage: outage?,
    })
}

fn outage(reader: &mut Reader<'_>, node: &Node) -> Option<Outage> {
    let mut keys = reader.keys(node, "`outage`")?;
    let every = keys.need(reader, "every").and_then(|node| value::durations(reader, node));
    let lasts = keys.need(reader, "lasts").and_then(|node| value::durations(reader, node));
    keys.finish(reader);
    Some(Outage { every: every?, lasts: lasts? })
}
