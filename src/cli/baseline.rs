//! `--baseline`: failures that are known, read from a file and written to it.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use mqttspec_spec::{StatementId, Version};

use super::{BadInput, terminal::Terminal};
use crate::{
    diagnostic::{Source, suggest::guidance},
    report::{
        Report,
        baseline::{Accepted, Baseline, Settled, What},
    },
    scenario::{
        Code, Diagnostics, Mistake,
        node::{Entry, Node, Value},
        parse::parse,
    },
};

/// Which failures are known.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Known {
    /// Accept the failures that this file lists, and no others; docs/ci.md says how it is written
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the file anew: new failures are added, what passes is deleted, reasons stay
    #[arg(long, requires = "baseline")]
    baseline_update: bool,
}

impl Known {
    /// The baseline and where it stands, if there is one.
    pub(super) fn read(&self, terminal: Terminal) -> Result<Option<(&Path, Baseline)>, BadInput> {
        let Some(path) = self.baseline.as_deref() else { return Ok(None) };
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some((path, baseline(path, &text, terminal)?))),
            Err(error) if error.kind() == ErrorKind::NotFound && self.baseline_update => {
                Ok(Some((path, Baseline::default())))
            }
            Err(error) => Err(BadInput::new(format!(
                "cannot read the baseline {}: {error}\nto write one, add --baseline-update",
                path.display()
            ))),
        }
    }

    /// Holds a run against its baseline, and writes that anew if this is wanted. `whole` says whether everything was
    /// selected: only then an entry that is about nothing that was played is worth a word.
    pub(super) fn settle(
        &self,
        report: &mut Report,
        (path, mut baseline): (&Path, Baseline),
        whole: bool,
    ) -> Result<(Settled, Vec<String>), BadInput> {
        let mut settled = Settled::of(report, &baseline);
        if self.baseline_update {
            baseline = settled.updated(report, &baseline);
            let cannot =
                |error| BadInput::new(format!("cannot write the baseline {}: {error}", path.display()));
            fs::write(path, baseline.yaml()).map_err(cannot)?;
            settled = Settled::of(report, &baseline);
        }
        if !whole {
            settled.stale.clear();
        }
        report.known = settled.known.iter().cloned().collect();
        let lines = settled.lines(report, &baseline);
        Ok((settled, lines))
    }
}

/// The baseline in a text.
fn baseline(path: &Path, text: &str, terminal: Terminal) -> Result<Baseline, BadInput> {
    let mut mistakes = Vec::new();
    let entries =
        parse(text, &mut mistakes).map(|root| Reader(&mut mistakes).root(&root)).unwrap_or_default();
    if mistakes.is_empty() {
        let head = text.split_inclusive('\n').take_while(|line| !line.starts_with("examined:")).collect();
        return Ok(Baseline { head, entries });
    }
    let source = Arc::new(Source { path: path.display().to_string(), text: text.to_owned() });
    let found = Diagnostics::of(&source, mistakes).render(terminal.stderr_colour);
    Err(BadInput::new(format!("mistakes in the baseline\n\n{found}")))
}

struct Reader<'m>(&'m mut Vec<Mistake>);

impl Reader<'_> {
    fn wrong(&mut self, node: &Node, message: impl Into<String>, label: &str) {
        self.0.push(Mistake::new(Code::WrongValue, &node.span, message, label));
    }

    fn unknown(&mut self, entry: &Entry, known: &[&str]) {
        let (label, help) = guidance(&entry.key, known);
        let message = format!("there is no `{}` here", entry.key);
        let mistake = Mistake::new(Code::UnknownName, &entry.key_span, message, label);
        self.0.push(mistake.maybe_help(help));
    }

    fn root(&mut self, root: &Node) -> Vec<Accepted> {
        const KNOWN: [&str; 3] = ["broker", "version", "examined"];
        let mut accepted = Vec::new();
        for entry in root.entries().unwrap_or_default() {
            match (entry.key.as_str(), &entry.value.value) {
                ("broker" | "version", _) => {}
                ("examined", Value::List(items)) => {
                    accepted.extend(items.iter().filter_map(|item| self.accepted(item)));
                }
                ("examined", _) => self.wrong(&entry.value, "`examined` is no list", "a list, or `[]`"),
                _ => self.unknown(entry, &KNOWN),
            }
        }
        if !root.entries().is_some_and(|entries| entries.iter().any(|entry| entry.key == "examined")) {
            self.wrong(root, "`examined` is missing", "a baseline has a list `examined`");
        }
        accepted
    }

    fn accepted(&mut self, item: &Node) -> Option<Accepted> {
        const KNOWN: [&str; 7] =
            ["scenario", "statement", "version", "variant", "broken", "broker-version", "why"];
        let entries = item.entries().unwrap_or_default();
        for entry in entries.iter().filter(|entry| !KNOWN.contains(&entry.key.as_str())) {
            self.unknown(entry, &KNOWN);
        }
        let field = |name: &str| entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value);
        let text = |name: &str| field(name).and_then(Node::scalar).map(|scalar| scalar.text.clone());
        let Some(why) = text("why") else {
            self.wrong(item, "`why` is missing", "every entry says why it is accepted");
            return None;
        };
        let what = match (text("scenario"), field("statement")) {
            (Some(id), None) => What::Scenario {
                id,
                version: field("version").and_then(|node| self.version(node)),
                variant: text("variant"),
                broken: field("broken").map(|node| self.labels(node)).unwrap_or_default(),
            },
            (None, Some(node)) => What::Statement(self.statement(node)?),
            _ => {
                self.wrong(item, "an entry is about a `scenario` or a `statement`", "one of both");
                return None;
            }
        };
        Some(Accepted { what, broker_version: text("broker-version"), why })
    }

    fn version(&mut self, node: &Node) -> Option<Version> {
        let version = node.scalar().and_then(|scalar| Version::parse(&scalar.text));
        if version.is_none() {
            self.wrong(node, "this is no version of MQTT", "\"3.1.1\" or \"5.0\"");
        }
        version
    }

    fn statement(&mut self, node: &Node) -> Option<StatementId> {
        let id = node.scalar().and_then(|scalar| scalar.text.parse().ok());
        if id.is_none() {
            self.wrong(node, "this names no statement", "write it as v5.0:3.3.1-5");
        }
        id
    }

    fn labels(&mut self, node: &Node) -> Vec<String> {
        let Value::List(items) = &node.value else {
            self.wrong(node, "`broken` is no list", "labels of statements: [3.3.1-5]");
            return Vec::new();
        };
        let texts = items.iter().filter_map(|item| Some(item.scalar()?.text.clone()));
        texts.map(|text| text.split_once(':').map_or(text.clone(), |(_, label)| label.to_owned())).collect()
    }
}
