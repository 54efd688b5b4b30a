//! What is to be played, as the command line says it, with its slips of the pen.

use std::sync::Arc;

use clap::Args;
use mqttspec_spec::{StatementId, Version, find};

use super::BadInput;
use crate::{
    diagnostic::suggest::{closest, did_you_mean},
    runner::plan::{Run, Selection, plan},
    scenario::ast::Scenario,
};

/// Which scenarios to play; all without any.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Wanted {
    /// Play only what this names: a section (3.3.1), a statement (MQTT-3.3.1-5), a scenario's id, a folder of
    /// scenarios (v5.0/3.3-publish) or a part of an id (retained); may be repeated
    #[arg(long, value_name = "WHAT")]
    only: Vec<String>,
    /// Play only under this version: 3.1.1 or 5.0
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    version: Option<Version>,
    /// Play only this variant, as reports name it: 'qos=1 retain=true'
    #[arg(long, value_name = "NAME=VALUE...")]
    variant: Option<String>,
}

fn parse_version(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| "the versions are 3.1.1 and 5.0".to_owned())
}

impl Wanted {
    /// Whether nothing is left out.
    pub(super) fn is_all(&self) -> bool {
        self.only.is_empty() && self.version.is_none() && self.variant.is_none()
    }

    /// The selection, if each part of it selects something: a word that matches nothing is a slip, and a run that
    /// plays less than its user thinks proves nothing.
    pub(super) fn selection(&self, scenarios: &[Arc<Scenario>]) -> Result<Selection, BadInput> {
        let whole =
            Selection { only: self.only.clone(), version: self.version, variant: self.variant.clone() };
        for word in &self.only {
            let alone = Selection { only: vec![word.clone()], ..Selection::default() };
            if plan(scenarios, &alone).is_empty() {
                return Err(BadInput::new(format!("nothing to play: {}", unknown(word, scenarios))));
            }
            let here = Selection { version: self.version, ..alone };
            if let (Some(version), true) = (self.version, plan(scenarios, &here).is_empty()) {
                return Err(BadInput::new(format!(
                    "nothing to play: no scenario that `--only {word}` selects runs under MQTT {}\n\
                     leave out `--version` to play it under the other version",
                    version.number()
                )));
            }
        }
        if plan(scenarios, &whole).is_empty() { Err(self.no_variant(scenarios)) } else { Ok(whole) }
    }

    fn no_variant(&self, scenarios: &[Arc<Scenario>]) -> BadInput {
        let Some(wanted) = &self.variant else {
            return BadInput::new("nothing to play: there are no scenarios");
        };
        let any = Selection { only: self.only.clone(), version: self.version, variant: None };
        let mut names: Vec<String> = plan(scenarios, &any).iter().map(Run::variant_name).collect();
        names.retain(|name| !name.is_empty());
        names.sort();
        names.dedup();
        let some: Vec<String> = names.iter().take(8).map(|name| format!("'{name}'")).collect();
        let hint = match (closest(wanted, names.iter().map(String::as_str)), some.as_slice()) {
            (Some(guess), _) => format!("did you mean '{guess}'?"),
            (None, []) => "what is selected has no variants".to_owned(),
            (None, some) => format!("there are {}", some.join(", ")),
        };
        BadInput::new(format!("nothing to play: no selected scenario has the variant '{wanted}'; {hint}"))
    }
}

fn unknown(word: &str, scenarios: &[Arc<Scenario>]) -> String {
    if !find(word).is_empty() {
        return format!(
            "no scenario judges `{word}` yet\n`mqttspec explain {word}` says what is known about it"
        );
    }
    if let Some(version) = Version::parse(word) {
        return format!("`--only {word}` names no scenario; did you mean `--version {}`?", version.number());
    }
    let ids = scenarios.iter().map(|scenario| scenario.id.as_str());
    let words = ids.clone().flat_map(|id| id.split(['/', '-']).chain(id.rsplit('/').next()));
    let statements = Version::ALL.into_iter().flat_map(Version::statements).map(StatementId::statement);
    let numbers = statements.flat_map(|statement| [statement.label, statement.section]);
    let plain = word.split_once(':').map_or(word, |(_, label)| label);
    let guess = did_you_mean(plain.strip_prefix("MQTT-").unwrap_or(plain), ids.chain(words).chain(numbers))
        .map(|guess| format!("; {guess}"))
        .unwrap_or_default();
    format!("`--only {word}` matches no scenario{guess}\n`mqttspec list` shows all scenarios")
}
