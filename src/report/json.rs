//! The report as JSON, for programs.

use mqttspec_spec::StatementId;
use serde::Serialize;

use super::{conclusion::Conclusion, text::visible};
use crate::verdict::{Evidence, Finding, Grade, RunReport, ScenarioResult, Summary, TargetReport};

/// A run as one JSON object, indented, with a line end.
///
/// `results` holds an object per run of a scenario with `scenario`, `version`, `variant`, `grade` and `statements`.
/// Characters that are not plainly visible are written as escapes. Unless it passed, `broken`, `findings` and `evidence` are there too, if need be as empty lists.
pub fn json(report: &RunReport, strict: bool) -> Result<String, serde_json::Error> {
    let document = Document {
        mqttspec: report.mqttspec,
        verdict: Conclusion::of(report, strict),
        target: report.target.as_ref(),
        stopped: report.stopped.as_deref(),
        seconds: report.duration.as_secs_f64(),
        summary: report.summary,
        results: report.results.iter().map(Row::of).collect(),
    };
    serde_json::to_string_pretty(&document).map(|text| harmless(&text) + "\n")
}

/// The same JSON without characters that a terminal would act upon; outside of strings there are none.
fn harmless(json: &str) -> String {
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
    mqttspec: &'a str,
    verdict: Conclusion,
    target: Option<&'a TargetReport>,
    stopped: Option<&'a str>,
    seconds: f64,
    summary: Summary,
    results: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    scenario: &'a str,
    title: &'a str,
    version: &'static str,
    variant: &'a str,
    grade: Grade,
    statements: Vec<String>,
    seconds: f64,
    #[serde(flatten)]
    trouble: Option<Trouble<'a>>,
}

/// What is told only of runs that did not pass.
#[derive(Serialize)]
struct Trouble<'a> {
    broken: Vec<String>,
    findings: &'a [Finding],
    evidence: &'a [Evidence],
}

impl<'a> Row<'a> {
    fn of(result: &'a ScenarioResult) -> Self {
        let trouble = || Trouble {
            broken: names(&result.broken),
            findings: &result.findings,
            evidence: &result.evidence,
        };
        Self {
            scenario: &result.scenario,
            title: &result.title,
            version: result.version.number(),
            variant: &result.variant,
            grade: result.grade,
            statements: names(&result.statements),
            seconds: result.duration.as_secs_f64(),
            trouble: (result.grade != Grade::Pass).then(trouble),
        }
    }
}

fn names(ids: &[StatementId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
