//! Phases.

use mqttspec_fleet::plan::{Phase, PhaseEvent, SECOND};

use super::{
    reader::{Keys, Reader},
    value,
};
use crate::{
    diagnostic::{Code, Mistake},
    scenario::node::Node,
};

/// The kinds of phases, each a key whose value is how long it lasts.
pub const PHASES: [&str; 5] = ["ramp", "steady", "storm", "partition", "restart"];

/// The phases of a plan.
pub(super) fn phases(reader: &mut Reader<'_>, node: &Node, groups: &[String]) -> Option<Vec<Phase>> {
    let items = reader.list(node, "a list of phases")?;
    let mut phases = Vec::new();
    let mut all = Some(());
    for (at, item) in items.iter().enumerate() {
        match phase(reader, item, groups) {
            Some(phase) if phase.event == PhaseEvent::Ramp && at > 0 => {
                let message = "devices come once".to_owned();
                all = reader.wrong_value(&item.span, message, "`ramp` can only be the first phase");
            }
            Some(phase) => phases.push(phase),
            None => all = None,
        }
    }
    if items.is_empty() {
        return reader.wrong_value(&node.span, "nothing happens".to_owned(), "expected at least one phase");
    }
    all.map(|()| phases)
}

fn phase(reader: &mut Reader<'_>, node: &Node, groups: &[String]) -> Option<Phase> {
    let mut keys = reader.keys(node, "a phase")?;
    let kinds: Vec<_> = PHASES.iter().filter_map(|kind| Some((*kind, keys.take(kind)?))).collect();
    let named = keys.take("name").map(|node| value::text(reader, node));
    let [(kind, length)] = kinds.as_slice() else {
        keys.finish(reader);
        let label =
            "expected one of `ramp`, `steady`, `storm`, `partition` and `restart`, with how long it lasts";
        return reader.refuse(Mistake::new(Code::Missing, &node.span, "a phase is one thing", label));
    };
    let lasts = value::duration(reader, length);
    let event = match *kind {
        "storm" => which(reader, &mut keys, groups).map(PhaseEvent::Storm),
        "partition" => which(reader, &mut keys, groups).map(PhaseEvent::Partition),
        "restart" => {
            let down = keys.take("down").map_or(Some(SECOND), |node| value::duration(reader, node));
            down.map(PhaseEvent::Restart)
        }
        "ramp" => Some(PhaseEvent::Ramp),
        _ => Some(PhaseEvent::Steady),
    };
    keys.finish(reader);
    let name = match named {
        Some(name) => name?,
        None => (*kind).to_owned(),
    };
    Some(Phase { name, lasts: lasts?, event: event? })
}

/// The groups that a phase is about.
fn which(reader: &mut Reader<'_>, keys: &mut Keys<'_>, groups: &[String]) -> Option<Vec<usize>> {
    let Some(node) = keys.take("groups") else { return Some(Vec::new()) };
    let mut indices = Vec::new();
    for item in reader.list(node, "a list of groups")? {
        let name = value::text(reader, item)?;
        let Some(index) = groups.iter().position(|group| *group == name) else {
            let message = format!("there is no group `{name}`");
            return reader.unknown(&item.span, message, &name, groups.iter().map(String::as_str));
        };
        indices.push(index);
    }
    Some(indices)
}
