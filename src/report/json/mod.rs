//! Reports as JSON: the canonical form, from which every other one can be made later.

mod layout;
mod read;

use std::collections::BTreeMap;

use mqttspec_spec::{StatementId, Version};
use serde::Serialize;

use self::layout::Layout;
pub use self::read::{ReadError, read};
use super::{
    Chapter, Report,
    conclusion::Conclusion,
    fleet::Measured,
    latency::Latency,
    model::Provenance,
    standing::{Standing, link, standings},
    text::visible,
};
use crate::verdict::{ScenarioResult, Summary, TargetReport, written::id};

/// The version of this format. It changes when a reader of the older one would misunderstand the new one.
pub const FORMAT: u32 = 1;

/// A report as one JSON object, each result on a line of its own, with a line end.
///
/// Characters that are not plainly visible are written as escapes.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    write(&Document::of(report))
}

/// Several reports as one JSON object, whose `reports` they are.
pub fn merged(reports: &[Report]) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Merged<'a> {
        format: u32,
        reports: Vec<Document<'a>>,
    }
    write(&Merged { format: FORMAT, reports: reports.iter().map(Document::of).collect() })
}

fn write(document: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Layout::default()))?;
    Ok(harmless(&String::from_utf8_lossy(&bytes)) + "\n")
}

/// The same JSON without characters that a terminal would act upon; outside of strings there are none.
pub(in crate::report) fn harmless(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for char in json.chars() {
        if visible(char) || char == '\n' {
            safe.push(char);
        } else {
            safe.extend(char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    safe
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    mqttspec: &'a str,
    verdict: Conclusion,
    provenance: &'a Provenance,
    target: Option<&'a TargetReport>,
    stopped: Option<&'a str>,
    seconds: f64,
    summary: Summary,
    latency: Latency,
    results: &'a [ScenarioResult],
    known: Vec<Known<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fleet: Option<&'a Measured>,
    statements: Vec<Row<'a>>,
    scenarios: &'a BTreeMap<String, String>,
}

impl<'a> Document<'a> {
    fn of(report: &'a Report) -> Self {
        let Report { provenance, run, known, scenarios, judges, fleet } = report;
        let standings = standings(report);
        let ids = Version::ALL.into_iter().flat_map(Version::statements);
        let row = |id| Row::of(id, standings.get(&id).copied(), judges.get(&id));
        Self {
            format: FORMAT,
            mqttspec: &run.mqttspec,
            verdict: report.conclusion(),
            provenance,
            target: run.target.as_ref(),
            stopped: run.stopped.as_deref(),
            seconds: run.duration.as_secs_f64(),
            summary: run.summary,
            // What travelled in a fleet is told as a whole.
            latency: if fleet.is_none() { Latency::of(&run.results) } else { Latency::default() },
            results: &run.results,
            known: known.iter().map(|(result, why)| Known { result: *result, why }).collect(),
            fleet: fleet.as_ref(),
            statements: ids.map(row).collect(),
            scenarios,
        }
    }
}

/// A failure that a baseline accepts, by its place among the results.
#[derive(Serialize)]
struct Known<'a> {
    result: usize,
    why: &'a str,
}

/// A statement, what the catalogue says of it and what this run says.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(with = "id")]
    id: StatementId,
    standing: Standing,
    judged: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<&'static str>,
    chapter: String,
    section: &'static str,
    level: String,
    binds: String,
    title: &'static str,
    requires: &'static str,
    url: String,
}

impl<'a> Row<'a> {
    fn of(id: StatementId, standing: Option<Standing>, judged: Option<&'a String>) -> Self {
        let statement = id.statement();
        Self {
            id,
            standing: standing.unwrap_or(Standing::NotJudged),
            judged: judged.map_or("unknown", String::as_str),
            why_not: statement.out_of_reach,
            chapter: Chapter::of_statement(id).to_string(),
            section: statement.section,
            level: statement.level.to_string(),
            binds: statement.binds.to_string(),
            title: statement.title,
            requires: statement.requires,
            url: link(id),
        }
    }
}
