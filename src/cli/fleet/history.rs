//! The history of a broken promise, made small: as a scenario and as the evidence of a result.

use std::{fs, path::Path};

use mqttspec_fleet::{
    history::Finding,
    layout::Layout,
    shrink::{Shrunk, shrink},
    world::Options,
};

use super::super::BadInput;
use crate::{
    fleet::{
        evidence::evidence,
        outcome,
        scenario::{self, Written},
    },
    report::{Page, Tone, counted},
    verdict::{Evidence, Grade, RunReport},
};

/// The history of a finding, if it broke again.
pub(super) struct History(Option<Small>);

struct Small {
    shrunk: Shrunk,
    written: Written,
    evidence: Vec<Evidence>,
}

impl History {
    /// Makes the history of a finding small.
    pub(super) fn of(
        (layout, options): (&Layout, &Options),
        finding: &Finding,
        stopped: &dyn Fn() -> bool,
    ) -> Self {
        Self(shrink(layout, options, finding, stopped).map(|shrunk| Small {
            written: scenario::write(layout, options, &shrunk),
            evidence: evidence(layout, options, &shrunk),
            shrunk,
        }))
    }

    /// Writes the scenario, if a path is given, and tells about it.
    pub(super) fn write(&self, path: Option<&Path>, page: &mut Page) -> Result<(), BadInput> {
        let Some(path) = path else { return Ok(()) };
        page.blank();
        let Some(Small { shrunk, written, .. }) = &self.0 else {
            let sentence = "The promise did not break again, so there is no scenario.";
            page.paragraph(0, Tone::Plain, sentence);
            return Ok(());
        };
        fs::write(path, &written.text)
            .map_err(|error| BadInput::new(format!("cannot write {}: {error}", path.display())))?;
        let clients = counted(written.clients, "client");
        let proof = if written.is_proven {
            "it fails on this broker and passes on the reference broker"
        } else {
            "but it does not show the breach by itself: what breaks depends on the timing of the links"
        };
        let told = format!(
            "{} holds the history with {clients}, found in {} runs; {proof}.",
            path.display(),
            shrunk.runs
        );
        page.paragraph(0, Tone::Plain, &told);
        Ok(())
    }

    /// Gives the result that it belongs to what travelled in it.
    pub(super) fn attach(&self, run: &mut RunReport) {
        let Some(Small { shrunk, evidence, .. }) = &self.0 else { return };
        let (id, version) = (outcome::id(shrunk.finding.promise), shrunk.finding.statement.version());
        let own = run
            .results
            .iter_mut()
            .find(|result| result.grade == Grade::Fail && result.scenario == id && result.version == version);
        if let Some(own) = own {
            own.evidence.clone_from(evidence);
        }
    }

    /// The scenario, by the id of the result that it belongs to.
    pub(super) fn scenario(self) -> Option<(String, String)> {
        self.0.map(|small| (outcome::id(small.shrunk.finding.promise), small.written.text))
    }
}
