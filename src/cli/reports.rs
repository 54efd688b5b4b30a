//! The reports that a judging command writes beside its text, and where they come from.

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;

use super::{BadInput, output::Destination};
use crate::{
    coverage::Coverage,
    report::{Broker, Date, Kind, Provenance, Report},
    scenario::ast::Scenario,
    target::Address,
    verdict::RunReport,
};

/// Which reports to write.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Reports {
    /// Write reports too, each as KIND=FILE, separated by commas or by repeating the option; `-` as a file is standard
    /// output, and the text then goes to standard error
    #[arg(long = "report", value_name = "KIND=FILE", value_delimiter = ',', long_help = kinds())]
    wanted: Vec<Wanted>,
    /// The same as `--report json=FILE`
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn kinds() -> String {
    let kinds = Kind::ALL.map(|(kind, name)| format!("  {name:8} {}", kind.about())).join("\n");
    format!(
        "Write reports too, each as KIND=FILE, separated by commas or by repeating the option. `-` as a file is \
         standard output, and the text then goes to standard error.\nThe kinds are:\n{kinds}"
    )
}

/// `html=report.html`
#[derive(Clone, Debug)]
struct Wanted {
    kind: Kind,
    path: PathBuf,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let example = "write it as html=report.html";
        let (kind, path) = text.split_once('=').ok_or_else(|| format!("it names no file; {example}"))?;
        let kind = kind.parse().map_err(|error| format!("{error}"))?;
        if path.is_empty() {
            Err(format!("it names no file; {example}"))
        } else {
            Ok(Self { kind, path: path.into() })
        }
    }
}

impl Reports {
    /// Opens all files, so that a run is not played in vain.
    pub(super) fn open(&self) -> Result<Opened, BadInput> {
        let json = self.json.iter().map(|path| (Kind::Json, path));
        Opened::of(self.wanted.iter().map(|wanted| (wanted.kind, &wanted.path)).chain(json))
    }

    /// Whether any is wanted.
    pub(super) const fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.json.is_none()
    }
}

/// Reports that can be written.
#[derive(Debug)]
pub(super) struct Opened(Vec<(Kind, Destination)>);

impl Opened {
    /// Opens files for reports of these kinds.
    pub(super) fn of<'p>(wanted: impl Iterator<Item = (Kind, &'p PathBuf)>) -> Result<Self, BadInput> {
        let opened: Vec<(Kind, Destination)> = wanted
            .map(|(kind, path)| Ok((kind, Destination::open(path)?)))
            .collect::<Result<_, BadInput>>()?;
        if opened.iter().filter(|(_, destination)| destination.is_stdout()).count() > 1 {
            return Err(BadInput::new(
                "only one report can go to standard output: name files for the others",
            ));
        }
        Ok(Self(opened))
    }

    /// Whether one goes to standard output, where nothing else may be then.
    pub(super) fn takes_stdout(&self) -> bool {
        self.0.iter().any(|(_, destination)| destination.is_stdout())
    }

    /// Writes them all.
    pub(super) fn write(self, reports: &[Report]) -> Result<(), BadInput> {
        for (kind, destination) in self.0 {
            let rendered = kind.render(reports);
            let rendered = rendered
                .map_err(|error| BadInput::new(format!("cannot write the {kind} report: {error}")))?;
            destination.write(&rendered)?;
        }
        Ok(())
    }
}

/// What a report says of the run besides its results.
#[derive(Debug)]
pub(super) struct Circumstances<'a> {
    /// The scenarios that were chosen from.
    pub(super) scenarios: &'a [Arc<Scenario>],
    /// What of the command line plays the same again.
    pub(super) repeated: &'a [String],
    /// The broker, as the user named it.
    pub(super) broker: Option<&'a str>,
    /// The recipe by which it was launched, or the profile it was judged by.
    pub(super) profile: Option<&'a str>,
    /// Whether warnings count as failures.
    pub(super) strict: bool,
    /// When the run began.
    pub(super) date: Date,
}

/// The report of a run.
pub(super) fn report(run: RunReport, about: &Circumstances<'_>) -> Report {
    let is_embedded =
        run.target.as_ref().is_some_and(|target| target.address == Address::Embedded.to_string());
    let own = || Broker { name: "mqttspec's reference broker".to_owned(), version: run.mqttspec.clone() };
    let broker = about.broker.map(Broker::parse).or_else(|| is_embedded.then(own));
    let played = |scenario: &&Arc<Scenario>| run.results.iter().any(|result| result.scenario == scenario.id);
    let text = |scenario: &Arc<Scenario>| (scenario.id.clone(), scenario.source.text.clone());
    let scenarios: BTreeMap<String, String> = about.scenarios.iter().filter(played).map(text).collect();
    let coverage = Coverage::of(about.scenarios.iter().map(AsRef::as_ref));
    Report {
        provenance: Provenance {
            date: Some(about.date),
            broker,
            profile: about.profile.map(str::to_owned),
            command: command_line(env::args()),
            repeated: about.repeated.to_vec(),
            strict: about.strict,
        },
        known: BTreeMap::new(),
        fleet: None,
        scenarios,
        judges: coverage.statements.into_iter().map(|(id, class)| (id, class.name().to_owned())).collect(),
        run,
    }
}

/// The command line, without the passwords in addresses.
fn command_line(words: impl Iterator<Item = String>) -> Vec<String> {
    let shown = |word: String| match word.parse::<Address>() {
        Ok(address) if address.credentials().is_some() => address.to_string(),
        Ok(_) | Err(_) => word,
    };
    std::iter::once("mqttspec".to_owned()).chain(words.skip(1).map(shown)).collect()
}

/// The time of day, or the one of `SOURCE_DATE_EPOCH`, so that reports can be made again byte by byte.
pub(super) fn now() -> Date {
    let wanted = env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let since = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Date::from_unix(wanted.unwrap_or_else(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_stay_out_of_the_report() {
        let words = ["/usr/bin/mqttspec", "run", "mqtt://me:secret@127.0.0.1:1883", "--only", "3.1"];
        let shown = command_line(words.into_iter().map(str::to_owned)).join(" ");
        assert!(shown.starts_with("mqttspec run mqtt://me"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.ends_with("@127.0.0.1:1883 --only 3.1"), "{shown}");
    }
}
