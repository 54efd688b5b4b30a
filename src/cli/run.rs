//! `mqttspec run`: plays scenarios against a broker and says what it keeps and what it breaks.

use std::{
    path::PathBuf,
    process,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;

use super::{
    BadInput, Exit,
    interrupt::on_interrupt,
    output::Destination,
    progress::Progress,
    scenarios,
    selection::Wanted,
    terminal::{Terminal, complain, print},
};
use crate::{
    report::{Conclusion, View, json, terminal as render},
    runner::{self, Options, Stop, plan::Selection},
    scenario::ast::Scenario,
    target::{Address, ConnectError, Trust},
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
    #[command(flatten)]
    wanted: Wanted,
    /// Play the scenarios of this folder (or file) instead of the built-in ones
    #[arg(long, value_name = "PATH")]
    scenarios: Option<PathBuf>,
    /// Over TLS, trust the certificates in this file, in PEM, and those that they have signed
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,
    /// Over TLS, accept any certificate
    #[arg(long)]
    insecure: bool,
    /// Send packets byte by byte
    #[arg(long)]
    drip: bool,
    /// Count warnings as failures
    #[arg(long)]
    strict: bool,
    /// Play so many scenarios at once
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Write the report as JSON too; `-` is standard output, and the text then goes to standard error
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let scenarios = scenarios::load(arguments.scenarios.as_deref(), terminal)?;
    let selection = arguments.wanted.selection(&scenarios)?;
    let trust = trust(arguments)?;
    let json_to = arguments.json.as_deref().map(Destination::open).transpose()?;
    let report = play(arguments, &scenarios, selection, trust, terminal)?;
    let repeated = repeated(arguments);
    let view = View {
        width: terminal.reading_width(),
        colour: terminal.colour,
        strict: arguments.strict,
        arguments: &repeated,
    };
    if json_to.as_ref().is_some_and(Destination::is_stdout) {
        complain(&render(&report, &View { colour: false, ..view }));
    } else {
        print(&render(&report, &view));
    }
    if let Some(destination) = json_to {
        let text = json(&report, arguments.strict);
        destination.write(&text.map_err(|error| BadInput::new(format!("cannot write JSON: {error}")))?)?;
    }
    Ok(Conclusion::of(&report, arguments.strict).into())
}

/// Whom to trust over TLS, which somebody has to say.
fn trust(arguments: &Arguments) -> Result<Trust, BadInput> {
    match (&arguments.ca, &arguments.target) {
        (Some(path), _) => Trust::certificates(path).map_err(|error| {
            let advice = "name a file with the certificate of the authority, in PEM";
            BadInput::new(format!("cannot trust {}: {error}\n{advice}", path.display()))
        }),
        (None, _) if arguments.insecure => {
            Trust::anybody().map_err(|error| BadInput::new(format!("TLS is not to be had: {error}")))
        }
        (None, Some(Address::Network { endpoint, .. })) if endpoint.transport.is_secure() => {
            Err(BadInput::new(format!("cannot test {endpoint}: {}", ConnectError::NoTrust)))
        }
        (None, _) => Ok(Trust::default()),
    }
}

/// What the command that plays a scenario again has to repeat.
fn repeated(arguments: &Arguments) -> Vec<String> {
    let mut repeated = Vec::new();
    for (option, path) in [("--scenarios", &arguments.scenarios), ("--ca", &arguments.ca)] {
        if let Some(path) = path {
            repeated.extend([option.to_owned(), path.display().to_string()]);
        }
    }
    for (option, is_set) in [("--insecure", arguments.insecure), ("--drip", arguments.drip)] {
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
    selection: Selection,
    trust: Trust,
    terminal: Terminal,
) -> Result<RunReport, BadInput> {
    let options = Options {
        target: arguments.target.clone().unwrap_or(Address::Embedded),
        trust,
        drip: arguments.drip,
        selection,
        jobs: arguments.jobs.map(usize::from),
        seed: seed(),
    };
    let stop = Stop::default();
    let asked = stop.clone();
    on_interrupt(move || asked.ask());
    let mut progress = Progress::new(terminal);
    let report = runner::run(scenarios, &options, &stop, &mut |event| progress.notice(event));
    progress.finish();
    report.ok_or_else(|| BadInput::new("nothing to play: there are no scenarios"))
}

/// Different for any two runs that a broker can meet at the same time.
fn seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or_default() ^ (u64::from(process::id()) << 40)
}
