//! What happens during a run as JSON, a line for each event, for programs that watch it.

use serde::Serialize;

use super::{
    conclusion::{Conclusion, sentence},
    json::harmless,
};
use crate::{
    runner::event::Event,
    verdict::{RunReport, ScenarioResult, Summary, TargetReport},
};

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'a> {
    Probed { target: &'a TargetReport },
    Planned { runs: usize },
    Finished { result: &'a ScenarioResult },
    Stopped { why: &'a str },
    Concluded { verdict: Conclusion, sentence: String, summary: Summary },
}

/// An event as one line of JSON with its line end: `probed`, `planned`, `finished` or `stopped`.
pub fn line(event: &Event) -> Result<String, serde_json::Error> {
    write(&match event {
        Event::Probed(target) => Line::Probed { target },
        Event::Planned(runs) => Line::Planned { runs: *runs },
        Event::Finished(result) => Line::Finished { result },
        Event::Stopped(why) => Line::Stopped { why },
    })
}

/// The last line: `concluded`, with the verdict.
pub fn last_line(run: &RunReport, strict: bool) -> Result<String, serde_json::Error> {
    let (verdict, sentence) = (Conclusion::of(run, strict), sentence(run, strict));
    write(&Line::Concluded { verdict, sentence, summary: run.summary })
}

fn write(line: &Line<'_>) -> Result<String, serde_json::Error> {
    serde_json::to_string(line).map(|text| harmless(&text) + "\n")
}
