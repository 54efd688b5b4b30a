//! `mqttspec run`: plays scenarios against a broker and says what it keeps and what it breaks.

use std::{
    path::PathBuf,
    process,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::{Args, ValueEnum};

use super::{
    BadInput, Exit,
    baseline::Known,
    interrupt::on_interrupt,
    progress::Progress,
    reports::{self, Circumstances, Reports},
    scenarios,
    selection::Wanted,
    terminal::{Terminal, complain, print},
    trusted::Trusted,
};
use crate::{
    report::{Conclusion, Page, Tone, View, last_line, line, terminal as render, verdict},
    runner::{self, Options, Stop, plan::Selection},
    scenario::ast::Scenario,
    target::{Address, Launcher, Trust},
    verdict::RunReport,
};

/// Judge a broker: play the scenarios against it and report what it breaks
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_STATUS)]
pub(super) struct Arguments {
    /// Where the broker listens, with the credentials that it wants, if any: mqtt://USER:PASSWORD@127.0.0.1:1883, or
    /// mqtts://HOST:PORT, ws://HOST:PORT/PATH, wss://HOST:PORT/PATH.
    /// Without it, the reference broker inside this program
    #[arg(value_name = "TARGET")]
    target: Option<Address>,
    /// Launch a broker by the recipe in this file, also with the settings that some scenarios want, and end it
    /// afterwards
    #[arg(long, value_name = "RECIPE", conflicts_with = "target")]
    launch: Option<PathBuf>,
    /// Put the files of a launched broker into this folder, and leave them there
    #[arg(long, value_name = "FOLDER", requires = "launch")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
    /// Play the scenarios of this folder (or file) instead of the built-in ones
    #[arg(long, value_name = "PATH")]
    scenarios: Option<PathBuf>,
    #[command(flatten)]
    trusted: Trusted,
    /// Send packets byte by byte
    #[arg(long)]
    drip: bool,
    /// Count warnings as failures
    #[arg(long)]
    strict: bool,
    /// Play so many scenarios at once
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// The broker's name and version, for the reports: 'mosquitto 2.0.11'
    #[arg(long, value_name = "NAME")]
    broker: Option<String>,
    #[command(flatten)]
    known: Known,
    #[command(flatten)]
    reports: Reports,
    #[command(flatten)]
    showing: Showing,
}

/// How a run is shown.
#[derive(Clone, Copy, Debug, Args)]
struct Showing {
    /// How to show the run: as text when it is over, or as a line of JSON for each event while it goes on
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print only the verdict, in one sentence
    #[arg(long, short, conflicts_with = "format")]
    quiet: bool,
}

/// The form in which a run is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    JsonLines,
}

pub(super) fn run(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let scenarios = scenarios::load(arguments.scenarios.as_deref(), terminal)?;
    let selection = arguments.wanted.selection(&scenarios)?;
    let trust = arguments.trusted.trust(arguments.target.as_ref())?;
    let baseline = arguments.known.read(terminal)?;
    let opened = arguments.reports.open()?;
    if arguments.showing.format == Format::JsonLines && opened.takes_stdout() {
        return Err(BadInput::new("`--format json-lines` takes standard output: name a file for the report"));
    }
    let launcher = match &arguments.launch {
        Some(path) => Some(scenarios::launcher(path, arguments.folder.clone(), terminal)?),
        None => None,
    };
    let name = launcher.as_ref().map(|launcher| launcher.recipe.broker.clone());
    let broker = arguments.broker.as_deref().or(name.as_deref());
    let date = reports::now();
    let run = play(arguments, &scenarios, (selection, trust, launcher), terminal)?;
    let repeated = repeated(arguments);
    show(arguments, &run, &repeated, terminal, opened.takes_stdout());
    let conclusion = Conclusion::of(&run, arguments.strict);
    if arguments.reports.is_empty() && baseline.is_none() {
        return Ok(conclusion.into());
    }
    let strict = arguments.strict;
    let profile = arguments.launch.as_ref().map(|path| path.display().to_string());
    let profile = profile.as_deref();
    let about = Circumstances { scenarios: &scenarios, repeated: &repeated, broker, profile, strict, date };
    let mut report = reports::report(run, &about);
    let mut exit = conclusion.into();
    if let Some(baseline) = baseline {
        let (settled, lines) = arguments.known.settle(&mut report, baseline, arguments.wanted.is_all())?;
        let mut page = Page::new(usize::MAX, false);
        for line in lines {
            page.verbatim(0, Tone::Plain, &line);
        }
        say(&page.finish(), opened.takes_stdout() || arguments.showing.format == Format::JsonLines);
        exit = settled.conclusion(&report).into();
    }
    opened.write(&[report])?;
    Ok(exit)
}

/// Writes to standard output, or to standard error if something else takes that.
fn say(text: &str, elsewhere: bool) {
    if elsewhere { complain(text) } else { print(text) }
}

/// Shows what came of the run; on standard error if a report takes standard output.
fn show(arguments: &Arguments, run: &RunReport, repeated: &[String], terminal: Terminal, elsewhere: bool) {
    let strict = arguments.strict;
    let colour = terminal.colour && !elsewhere;
    let view = View { width: terminal.reading_width(), colour, strict, arguments: repeated };
    let text = match (arguments.showing.format, arguments.showing.quiet) {
        (Format::JsonLines, _) => last_line(run, strict).unwrap_or_default(),
        (Format::Text, true) => verdict(run, &view),
        (Format::Text, false) => render(run, &view),
    };
    say(&text, elsewhere);
}

/// What the command that plays a scenario again has to repeat.
fn repeated(arguments: &Arguments) -> Vec<String> {
    let mut repeated = Vec::new();
    for (option, path) in [
        ("--launch", &arguments.launch),
        ("--folder", &arguments.folder),
        ("--scenarios", &arguments.scenarios),
        ("--ca", &arguments.trusted.ca),
    ] {
        if let Some(path) = path {
            repeated.extend([option.to_owned(), path.display().to_string()]);
        }
    }
    for (option, is_set) in [("--insecure", arguments.trusted.insecure), ("--drip", arguments.drip)] {
        if is_set {
            repeated.push(option.to_owned());
        }
    }
    repeated
}

/// The seam to the runner.
fn play(
    arguments: &Arguments,
    scenarios: &[Arc<Scenario>],
    (selection, trust, launcher): (Selection, Trust, Option<Launcher>),
    terminal: Terminal,
) -> Result<RunReport, BadInput> {
    let options = Options {
        launcher,
        target: arguments.target.clone().unwrap_or(Address::Embedded),
        trust,
        drip: arguments.drip,
        selection,
        jobs: arguments.jobs.map(usize::from),
        seed: seed(),
    };
    let stop = Stop::default();
    let (asked, abandoned) = (stop.clone(), stop.clone());
    on_interrupt(move || asked.ask(), move || abandoned.abandon());
    let mut progress = Progress::new(terminal);
    let report = runner::run(scenarios, &options, &stop, &mut |event| {
        progress.notice(event);
        if arguments.showing.format == Format::JsonLines {
            print(&line(event).unwrap_or_default());
        }
    });
    progress.finish();
    report.ok_or_else(|| BadInput::new("nothing to play: there are no scenarios"))
}

/// Different for any two runs that a broker can meet at the same time.
fn seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or_default() ^ (u64::from(process::id()) << 40)
}
