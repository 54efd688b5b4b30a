//! The settings of a broker as users give them: options, environment variables, a file.

use std::{env, fs, path::Path};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use super::{
    BadInput,
    terminal::{Terminal, complain},
};
use crate::{
    diagnostic::suggest::did_you_mean,
    settings::{Group, PREFIX, Resolved, SETTINGS, Setting, Sources},
};

/// An option for each setting.
#[derive(Clone, Debug)]
pub(super) struct Flags(Vec<(&'static str, Vec<String>)>);

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(option))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = SETTINGS.iter().filter_map(|setting| {
            let values = matches.get_many::<String>(setting.key)?;
            Some((setting.key, values.cloned().collect()))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn option(setting: &'static Setting) -> Arg {
    let several = setting.holds_several();
    let about = setting.about.trim_end_matches('.');
    Arg::new(setting.key)
        .long(setting.flag())
        .value_name(if several { "VALUE ..." } else { "VALUE" })
        .num_args(1)
        .action(if several { ArgAction::Append } else { ArgAction::Set })
        .help_heading(setting.group.title())
        .hide_short_help(setting.group == Group::Limits)
        .help(if several { format!("{about}; may be repeated") } else { about.to_owned() })
}

impl Flags {
    /// What all sources of settings come to: these options, the environment, and the file if there is one.
    pub(super) fn resolve(&self, file: Option<&Path>, terminal: Terminal) -> Result<Resolved, BadInput> {
        let variable = env::var_os(CONFIG).filter(|path| !path.is_empty());
        let file = file.or(variable.as_ref().map(Path::new));
        let file = match file {
            Some(path) => Some((path.display().to_string(), read(path)?)),
            None => None,
        };
        let sources = Sources { file, environment: environment()?, flags: self.0.clone() };
        sources.resolve().map_err(|mistakes| {
            let count = mistakes.0.len();
            let shown = mistakes.render(terminal.stderr_colour);
            let s = if count == 1 { "" } else { "s" };
            BadInput::new(format!("the broker's settings have {count} mistake{s}\n\n{}", shown.trim_end()))
        })
    }
}

/// The environment variable that names the file.
const CONFIG: &str = "MQTTSPEC_BROKER_CONFIG";

fn read(path: &Path) -> Result<String, BadInput> {
    let failed = |why: String, advice| {
        BadInput::new(format!("cannot read the settings in `{}`: {why}\n{advice}", path.display()))
    };
    let advice = "name a file in TOML; `mqttspec broker --check` shows one";
    let bytes = fs::read(path).map_err(|error| failed(error.to_string(), advice))?;
    String::from_utf8(bytes).map_err(|error| {
        let text = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = 1 + text.filter(|byte| **byte == b'\n').count();
        failed(format!("line {line} is not UTF-8"), "save the file as UTF-8, which TOML is")
    })
}

/// The environment variables of settings. One that resembles them and is none may be of another program, and is only
/// pointed out.
fn environment() -> Result<Vec<(&'static str, String)>, BadInput> {
    let mut found = Vec::new();
    for (name, value) in env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX) && *name != CONFIG) else {
            continue;
        };
        let Some(setting) = Setting::of_variable(name) else {
            warn_of(name);
            continue;
        };
        let value = value.into_string();
        let value = value.map_err(|_| BadInput::new(format!("{name} in the environment is not UTF-8")))?;
        found.push((setting.key, value));
    }
    found.sort_unstable();
    Ok(found)
}

fn warn_of(name: &str) {
    let known: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
    let guess = did_you_mean(name, known.iter().map(String::as_str));
    let guess = guess.map(|guess| format!("; {guess}")).unwrap_or_default();
    complain(&format!("warning: {name} in the environment is no setting and sets nothing{guess}\n"));
}
