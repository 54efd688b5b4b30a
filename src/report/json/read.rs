//! Reports read back from JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use mqttspec_spec::StatementId;
use serde::Deserialize;

use super::FORMAT;
use crate::{
    report::{Report, fleet::Measured, model::Provenance},
    verdict::{
        RunReport, ScenarioResult, Summary, TargetReport,
        written::{id, seconds},
    },
};

/// Why a text is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON, or not that of a report.
    #[error("this is no report of mqttspec: {0}\nreports are written by `mqttspec run --report json=FILE`")]
    NoReport(String),
    /// It was written by another mqttspec.
    #[error(
        "this report has the format {0}, and this mqttspec reads format {FORMAT}: run the newer one of both"
    )]
    OtherFormat(u64),
    /// It has the format, and a value that makes no sense.
    #[error("{place}: {why}")]
    Wrong {
        /// The place: `results[3].grade`.
        place: String,
        /// What is wrong there.
        why: String,
    },
}

/// The reports in a text: one, or several that were merged.
pub fn read(text: &str) -> Result<Vec<Report>, ReadError> {
    #[derive(Deserialize)]
    struct Envelope {
        format: Option<u64>,
        reports: Option<serde::de::IgnoredAny>,
    }
    let Envelope { format, reports } =
        serde_json::from_str(text).map_err(|error| ReadError::NoReport(error.to_string()))?;
    match format {
        None => return Err(ReadError::NoReport("it says no `format`".to_owned())),
        Some(format) if format != u64::from(FORMAT) => return Err(ReadError::OtherFormat(format)),
        Some(_) => {}
    }
    let documents = match reports {
        None => vec![parse::<Document>(text)?],
        Some(_) => parse::<Merged>(text)?.reports,
    };
    documents.into_iter().map(Document::report).collect()
}

fn parse<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, ReadError> {
    let deserializer = &mut serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let place = error.path().to_string();
        ReadError::Wrong { place, why: error.into_inner().to_string() }
    })
}

#[derive(Deserialize)]
struct Merged {
    #[serde(rename = "format")]
    _format: u32,
    reports: Vec<Document>,
}

/// What is read of a report; what follows from the rest is worked out again.
#[derive(Deserialize)]
struct Document {
    mqttspec: String,
    provenance: Provenance,
    target: Option<TargetReport>,
    stopped: Option<String>,
    #[serde(with = "seconds")]
    seconds: Duration,
    results: Vec<ScenarioResult>,
    #[serde(default)]
    known: Vec<Known>,
    #[serde(default)]
    fleet: Option<Measured>,
    statements: Vec<Row>,
    scenarios: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Known {
    result: usize,
    why: String,
}

#[derive(Deserialize)]
struct Row {
    #[serde(with = "id")]
    id: StatementId,
    judged: String,
}

impl Document {
    fn report(self) -> Result<Report, ReadError> {
        for (index, result) in self.results.iter().enumerate() {
            check(result).map_err(|why| ReadError::Wrong { place: format!("results[{index}]"), why })?;
        }
        if let Some(known) = self.known.iter().find(|known| known.result >= self.results.len()) {
            let why = format!("there is no result {}", known.result);
            return Err(ReadError::Wrong { place: "known".to_owned(), why });
        }
        let known = self.known.into_iter().map(|known| (known.result, known.why)).collect();
        let run = RunReport {
            mqttspec: self.mqttspec,
            target: self.target,
            stopped: self.stopped,
            duration: self.seconds,
            summary: Summary::of(&self.results),
            results: self.results,
        };
        let judges = self.statements.into_iter().map(|row| (row.id, row.judged)).collect();
        let Self { provenance, scenarios, fleet, .. } = self;
        Ok(Report { provenance, run, scenarios, known, fleet, judges })
    }
}

/// A result that contradicts itself would be rendered as nonsense.
fn check(result: &ScenarioResult) -> Result<(), String> {
    let packets = result.findings.iter().flat_map(|finding| &finding.packets);
    if let Some(packet) = packets.max().filter(|packet| **packet >= result.evidence.len()) {
        return Err(format!("a finding points to packet {packet}, and there are {}", result.evidence.len()));
    }
    let other = result.statements.iter().chain(&result.broken).find(|id| id.version() != result.version);
    match other {
        Some(id) => Err(format!("{id} is no statement of MQTT {}", result.version.number())),
        None => Ok(()),
    }
}
