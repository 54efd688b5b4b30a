//! The plan language: YAML in, checked plans or diagnostics out.
//!
//! A plan is read like a scenario, into a tree of nodes that know where they stand, and all its mistakes are found at
//! once, each with its place and what is allowed there.

mod group;
mod library;
mod link;
mod message;
mod phase;
mod reader;
#[cfg(test)]
mod tests;
mod value;

use std::{fs, io, path::Path, sync::Arc};

use mqttspec_fleet::{
    layout::{Layout, LayoutFault},
    plan::{Limits, Plan},
};

pub use self::phase::PHASES;
use self::reader::{Keys, Reader};
use crate::{
    diagnostic::{Code, Diagnostics, Mistake, Source, suggest::did_you_mean},
    scenario::{node::Node, parse::parse},
};

mod builtin {
    //! The plans of this repository with their names, in order.

    include!(concat!(env!("OUT_DIR"), "/plans.rs"));
}

/// Why no plan could be loaded.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A file could not be read.
    #[error(
        "cannot read {path}: {error}\nname a plan file, or one of the plans that `mqttspec fleet --list` shows"
    )]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// There is no plan of this name.
    #[error("there is no plan `{name}`: {advice}")]
    Unknown {
        /// The name.
        name: String,
        /// What there is instead.
        advice: String,
    },
    /// The file has mistakes.
    #[error("{0}")]
    Mistakes(Diagnostics),
}

/// The names of the plans that are built into the program, with their titles.
pub fn builtin() -> impl Iterator<Item = (&'static str, String)> {
    builtin::PLANS.iter().map(|(name, text)| {
        let title = text.lines().find_map(|line| line.strip_prefix("title: "));
        (*name, title.unwrap_or_default().to_owned())
    })
}

/// Loads a plan: a file, or one of those that are built into the program by its name.
pub fn load(name: &str) -> Result<Plan, PlanError> {
    let (path, text) = text(name)?;
    load_str(&path, &text).map_err(PlanError::Mistakes)
}

/// The text of a plan, and how diagnostics name it.
pub fn text(name: &str) -> Result<(String, String), PlanError> {
    if let Some((name, text)) = builtin::PLANS.iter().find(|(own, _)| *own == name) {
        return Ok((format!("scenarios/fleet/{name}.yaml"), (*text).to_owned()));
    }
    let path = Path::new(name);
    if !name.contains(['/', '\\', '.']) && !path.exists() {
        let names = || builtin::PLANS.iter().map(|(name, _)| *name);
        let advice = did_you_mean(name, names())
            .unwrap_or_else(|| "`mqttspec fleet --list` shows the plans; or name a file".to_owned());
        return Err(PlanError::Unknown { name: name.to_owned(), advice });
    }
    let unreadable = |error| PlanError::Unreadable { path: name.to_owned(), error };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Ok((name.to_owned(), text))
}

/// Loads the plan that `text` is; `path` is how diagnostics name it.
pub fn load_str(path: &str, text: &str) -> Result<Plan, Diagnostics> {
    let source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
    let mut mistakes = Vec::new();
    if text.trim().is_empty() {
        let label = "a plan has at least `title`, `groups` and `phases`";
        mistakes.push(Mistake::new(Code::Syntax, &(0..0), "this file says nothing", label));
        return Err(Diagnostics::of(&source, mistakes));
    }
    let plan = parse(text, &mut mistakes).and_then(|root| {
        let mut reader = Reader::new(&mut mistakes);
        let plan = plan(&mut reader, &root)?;
        check(&mut reader, &root, &plan)?;
        Some(plan)
    });
    match plan {
        Some(plan) if mistakes.is_empty() => Ok(plan),
        Some(_) | None => Err(Diagnostics::of(&source, mistakes)),
    }
}

fn plan(reader: &mut Reader<'_>, root: &Node) -> Option<Plan> {
    let mut keys = reader.keys(root, "a plan")?;
    let title = keys.need(reader, "title").and_then(|node| value::text(reader, node));
    let limits = keys.take("limits").map_or(Some(Limits::default()), |node| limits(reader, node));
    let links = keys.take("links").map_or(Some(Vec::new()), |node| link::named(reader, node));
    let groups_node = keys.need(reader, "groups");
    let phases_node = keys.need(reader, "phases");
    keys.finish(reader);
    let groups = groups_node.zip(links).and_then(|(node, links)| group::groups(reader, node, &links));
    let names: Vec<String> =
        groups.iter().flatten().map(|group: &mqttspec_fleet::plan::Group| group.name.clone()).collect();
    let phases = phases_node.and_then(|node| phase::phases(reader, node, &names));
    Some(Plan { title: title?, limits: limits?, groups: groups?, phases: phases? })
}

fn limits(reader: &mut Reader<'_>, node: &Node) -> Option<Limits> {
    let mut keys: Keys<'_> = reader.keys(node, "`limits`")?;
    let queued = keys.take("queued-messages").map(|node| value::count(reader, node, 1));
    let persistent = value::flag(reader, keys.take("persistent"));
    let expiry = keys.take("session-expiry").map(|node| value::seconds(reader, node));
    keys.finish(reader);
    let session_expiry = match expiry {
        Some(expiry) => Some(expiry?),
        None => None,
    };
    let queued_messages = match queued {
        Some(queued) => Some(queued?),
        None => None,
    };
    Some(Limits { queued_messages, persistent: persistent?, session_expiry })
}

/// What only shows when the plan is written out: topics and filters that are none.
fn check(reader: &mut Reader<'_>, root: &Node, plan: &Plan) -> Option<()> {
    // One device of each group says as much about its templates as all of them.
    let mut small = plan.clone();
    for group in &mut small.groups {
        group.count = group.count.min(1);
    }
    let (message, label) = match Layout::new(small) {
        Ok(_) => return Some(()),
        Err(LayoutFault::Topic(topic)) => {
            (format!("`{topic}` is no topic name"), "a topic name has no wildcards and is not empty")
        }
        Err(LayoutFault::Filter(filter)) => (
            format!("`{filter}` is no topic filter"),
            "`#` stands alone in the last level, `+` alone in any; `$share` needs v5.0",
        ),
        Err(LayoutFault::TooMany) => ("there is too much of something".to_owned(), "fewer devices"),
    };
    reader.refuse(Mistake::new(Code::WrongValue, &root.span, message, label))
}
