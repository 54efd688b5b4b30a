//! `mqttspec explain`: what a statement requires, how it is tested, and where.

use std::sync::Arc;

use clap::Args;
use mqttspec_spec::{StatementId, Version, find};
use mqttspec_wire::Sender;
use reference_broker::Rule;

use super::{
    BadInput, Exit, scenarios,
    terminal::{Terminal, print},
};
use crate::{
    coverage::{Class, Coverage},
    diagnostic::suggest::did_you_mean,
    referee::judged,
    report::{Page, Tone},
    scenario::ast::Scenario,
};

/// Explain a statement: what it requires, of whom, how it is tested and where it stands
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A statement (`MQTT-3.3.1-5`, `v5.0:3.3.1-5`, `X-1.5.4-1`) or a section (`3.3.1`, `v5.0:3.3.1`)
    #[arg(required = true)]
    what: Vec<String>,
}

pub(super) fn explain(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let mut ids = Vec::new();
    for what in &arguments.what {
        ids.extend(meant(what)?);
    }
    let scenarios = scenarios::load(None, terminal)?;
    let mut page = terminal.page();
    let coverage = Coverage::of(scenarios.iter().map(Arc::as_ref));
    for id in ids {
        page.blank();
        write_statement(&mut page, id, &scenarios, coverage.class(id));
    }
    print(&page.finish());
    Ok(Exit::Success)
}

/// The statements that a name means: one statement, or those of a section and of the sections in it.
fn meant(what: &str) -> Result<Vec<StatementId>, BadInput> {
    let named = find(what);
    if !named.is_empty() {
        return Ok(named);
    }
    let (version, section) = match what.split_once(':') {
        Some((version, section)) => (Version::parse(version), section),
        None => (None, what),
    };
    let section = section.trim_start_matches('§').trim_end_matches('.');
    let inside = |id: &StatementId| {
        let rest = id.statement().section.strip_prefix(section);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let ids: Vec<StatementId> = Version::ALL
        .into_iter()
        .filter(|wanted| version.is_none_or(|version| version == *wanted))
        .flat_map(Version::statements)
        .filter(inside)
        .collect();
    if section.is_empty() || ids.is_empty() { Err(unknown(what)) } else { Ok(ids) }
}

fn unknown(what: &str) -> BadInput {
    let ids = || Version::ALL.into_iter().flat_map(Version::statements);
    let label = what.split_once(':').map_or(what, |(_, label)| label);
    let label = label.strip_prefix("MQTT-").unwrap_or(label);
    let known = ids().map(|id| id.statement().label).chain(ids().map(|id| id.statement().section));
    let guess = did_you_mean(label, known).map(|guess| format!("; {guess}")).unwrap_or_default();
    BadInput::new(format!(
        "`{what}` is neither a statement nor a section of MQTT 3.1.1 or 5.0{guess}\n\
         `mqttspec list statements` shows all statements"
    ))
}

fn write_statement(page: &mut Page, id: StatementId, scenarios: &[Arc<Scenario>], class: Class) {
    let statement = id.statement();
    let version = id.version();
    page.line(0, &[(Tone::Strong, &id.to_string()), (Tone::Plain, "  "), (Tone::Strong, statement.title)]);
    page.entry(2, "requires", Tone::Plain, statement.requires);
    page.entry(2, "level", Tone::Plain, &format!("{}, binds the {}", statement.level, statement.binds));
    page.entry(2, "visible", Tone::Plain, &statement.observable.to_string());
    page.entry(2, "tested", Tone::Plain, statement.how);
    let numbered = if statement.is_numbered() {
        ""
    } else {
        " (a label of this project's own: the standard gives it no number)"
    };
    page.entry(2, "standard", Tone::Plain, &format!("§{}{numbered}", statement.section));
    page.verbatim(13, Tone::Plain, version.url());
    for (count, line) in judges(id, scenarios, class).iter().enumerate() {
        page.entry(2, if count == 0 { "judged by" } else { "" }, Tone::Plain, line);
    }
    for (count, rule) in Rule::carrying_out(id).enumerate() {
        let label = if count == 0 { "kept by" } else { "" };
        page.entry(2, label, Tone::Plain, &format!("rule `{}`: {}", rule.name(), rule.describe()));
    }
    if let Some(why) = Rule::why_none(id) {
        page.entry(2, "kept by", Tone::Plain, &format!("no rule: {why}"));
    }
}

/// Who judges a statement, one line each.
fn judges(id: StatementId, scenarios: &[Arc<Scenario>], class: Class) -> Vec<String> {
    let covering = scenarios.iter().filter(|scenario| scenario.covers.of(id.version()).contains(&id));
    let mut lines: Vec<String> =
        covering.map(|scenario| format!("{} ({})", scenario.id, scenario.title)).collect();
    if judged(Sender::Server).contains(&id) {
        lines.push("the referee, on every packet of every scenario".to_owned());
    }
    let reason = id.statement().out_of_reach;
    match class {
        Class::Scenarios(_) | Class::Referee => {}
        Class::Captures => lines.push("the referee in captures: it is the client's duty".to_owned()),
        Class::WebSocket => {
            lines.push("the player, on every network connection over WebSocket (ws://, wss://)".to_owned());
        }
        Class::NotObservable => lines.push(format!("nothing: {}", reason.unwrap_or_default())),
        Class::Permission => {
            lines.push("nothing: it permits something, and every behaviour keeps it".to_owned());
        }
        Class::Unknown => lines.push("nothing yet".to_owned()),
    }
    lines
}

#[cfg(test)]
mod tests {
    use mqttspec_spec::{v3, v5};
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("MQTT-3.3.1-5", &[v3!("3.3.1-5"), v5!("3.3.1-5")])]
    #[case("v5.0:3.3.1-5", &[v5!("3.3.1-5")])]
    #[case("3.13", &[v3!("X-3.13.1-1"), v5!("X-3.13.1-1")])]
    #[case("v5.0:§4.11.", &[v5!("X-4.11-1")])]
    fn names_and_sections_mean_statements(#[case] what: &str, #[case] expected: &[StatementId]) {
        let found = meant(what).unwrap();
        assert!(expected.iter().all(|id| found.contains(id)), "{found:?}");
    }

    #[rstest]
    #[case("MQTT-3.3.1-55", Some("3.3.1-5"))]
    #[case("v5.0:MQTT-3.31.1-5", Some("3.3.1-5"))]
    #[case("PUBLISH", None)]
    #[case("", None)]
    fn unknown_names_get_a_suggestion(#[case] what: &str, #[case] guess: Option<&str>) {
        let message = meant(what).unwrap_err().to_string();
        assert!(message.contains(&format!("`{what}` is neither")), "{message}");
        let suggested = message.split_once("did you mean `").and_then(|(_, rest)| rest.split('`').next());
        assert_eq!(suggested, guess);
    }
}
