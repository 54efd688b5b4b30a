//! Which source of settings is stronger: the command line before the environment, before the file, before the profile,
//! before what is built in.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    Settings, file,
    profile::{PROFILES, Profile},
    table::Setting,
    value::{Place, Written},
};
use crate::diagnostic::{Code, Diagnostics, Mistake, Source, Span, suggest::guidance};

/// All that is said about a broker.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The path and the text of the file.
    pub file: Option<(String, String)>,
    /// The environment variables by the keys of their settings; several values stand in one, with commas between.
    pub environment: Vec<(&'static str, String)>,
    /// The options of the command line by the keys of their settings.
    pub flags: Vec<(&'static str, Vec<String>)>,
}

/// Where the value of a setting comes from, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// It is built in.
    Default,
    /// The profile says so.
    Profile,
    /// The file says so.
    File,
    /// An environment variable says so.
    Environment,
    /// An option of the command line says so.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Profile => "profile",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "command line",
        })
    }
}

/// What all sources come to.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The settings.
    pub settings: Settings,
    origins: BTreeMap<&'static str, Origin>,
}

/// A value that some source gives to a setting.
struct Assignment {
    setting: &'static Setting,
    written: Written,
    span: Span,
    source: Arc<Source>,
    origin: Origin,
}

impl Resolved {
    /// Where the value of a setting comes from.
    pub fn origin(&self, setting: &Setting) -> Origin {
        self.origins.get(setting.key).copied().unwrap_or(Origin::Default)
    }
}

impl Sources {
    /// What all sources come to, or all that is wrong with any of them.
    pub fn resolve(&self) -> Result<Resolved, Diagnostics> {
        let (mut assignments, mut wrong) = self.assignments();
        let profile = assignments.iter().rev().find(|assignment| assignment.setting.key == "profile");
        match profile.map(chosen_profile) {
            Some(Ok(profile)) => {
                let (below, mistakes) = from_file(profile.name, profile.text, Origin::Profile);
                wrong.extend(mistakes.0);
                assignments.splice(..0, below);
            }
            Some(Err(mistakes)) => wrong.extend(mistakes.0),
            None => {}
        }
        let mut settings = Settings::default();
        let mut origins = BTreeMap::new();
        for Assignment { setting, written, span, source, origin } in &assignments {
            let place = Place { key: setting.key, span, least: setting.least };
            match (setting.field)(&mut settings).read(written, place) {
                Ok(()) => drop(origins.insert(setting.key, *origin)),
                Err(mistakes) => wrong.extend(Diagnostics::of(source, mistakes).0),
            }
        }
        if wrong.is_empty() {
            return Ok(Resolved { settings, origins });
        }
        wrong.sort_by(|a, b| {
            (&a.source.path, a.mistake.span.start).cmp(&(&b.source.path, b.mistake.span.start))
        });
        Err(Diagnostics(wrong))
    }

    /// All values in the order of their strength, the weakest first.
    fn assignments(&self) -> (Vec<Assignment>, Vec<crate::diagnostic::Diagnostic>) {
        let (mut assignments, mut wrong) = (Vec::new(), Vec::new());
        if let Some((path, text)) = &self.file {
            let (found, mistakes) = from_file(path, text, Origin::File);
            assignments.extend(found);
            wrong.extend(mistakes.0);
        }
        for (key, text) in &self.environment {
            assignments.extend(Setting::of_key(key).map(|setting| from_environment(setting, text)));
        }
        for (key, values) in &self.flags {
            assignments.extend(Setting::of_key(key).map(|setting| from_flag(setting, values)));
        }
        (assignments, wrong)
    }
}

fn from_file(path: &str, text: &str, origin: Origin) -> (Vec<Assignment>, Diagnostics) {
    let source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
    let (found, mistakes) = file::read(text);
    let assigned = found.into_iter().map(|(setting, written, span)| {
        let source = Arc::clone(&source);
        Assignment { setting, written, span, source, origin }
    });
    (assigned.collect(), Diagnostics::of(&source, mistakes))
}

fn from_environment(setting: &'static Setting, text: &str) -> Assignment {
    let name = format!("the environment variable {}", setting.variable());
    let written = if setting.holds_several() { listed(text, ",") } else { Written::Word(text.to_owned()) };
    let source = Arc::new(Source { path: name, text: text.to_owned() });
    Assignment { setting, written, span: 0..text.len(), source, origin: Origin::Environment }
}

fn from_flag(setting: &'static Setting, values: &[String]) -> Assignment {
    let text = values.join("\n");
    let written = if setting.holds_several() { listed(&text, "\n") } else { Written::Word(text.clone()) };
    let span = 0..text.len();
    let source = Arc::new(Source { path: format!("the option --{}", setting.flag()), text });
    Assignment { setting, written, span, source, origin: Origin::Flag }
}

/// The parts of a text between commas or line ends, without the blanks around them.
fn listed(text: &str, separator: &str) -> Written {
    let mut start = 0;
    let parts = text.split(separator).filter_map(|part| {
        let blank = part.len() - part.trim_start().len();
        let trimmed = part.trim();
        let span = start + blank..start + blank + trimmed.len();
        start += part.len() + separator.len();
        (!trimmed.is_empty()).then(|| (span, Written::Word(trimmed.to_owned())))
    });
    Written::List(parts.collect())
}

fn chosen_profile(assignment: &Assignment) -> Result<&'static Profile, Diagnostics> {
    let (Written::Word(name) | Written::Text(name)) = &assignment.written else {
        // What else it is will be said where it is read.
        return Err(Diagnostics::default());
    };
    PROFILES.iter().find(|profile| profile.name == name).ok_or_else(|| {
        let known: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        let (label, help) = guidance(name, &known);
        let message = format!("there is no profile `{name}`");
        let mistake = Mistake::new(Code::UnknownName, &assignment.span, message, label).maybe_help(help);
        Diagnostics::of(&assignment.source, vec![mistake])
    })
}
