//! `mqttspec capture`: what packet captures hold, and who of those in them broke the standards.

mod edit;
mod replay;
mod scenario;

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read},
    path::PathBuf,
    time::Instant,
};

use clap::{Args, Subcommand, ValueEnum};
use mqttspec_wire::Sender;

use super::{
    BadInput, Exit,
    reports::{self, Circumstances, Reports},
    terminal::{Terminal, complain, print},
};
use crate::{
    capture::{KeyLog, Recordings, Seen, Survey, outcome, record, summary, survey},
    report::{Conclusion, RenderError, capture as render, safe},
};

/// Look into packet captures: what is in them, and who broke the standards
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_STATUS)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Show(Show),
    Check(Check),
    Edit(edit::Edit),
    Replay(replay::Replay),
    ToScenario(scenario::ToScenario),
}

/// A capture, and what it takes to read it.
#[derive(Debug, Args)]
struct Source {
    /// A capture (pcap or pcapng, also compressed with gzip); `-` is standard input
    file: PathBuf,
    /// Open TLS with the secrets in this file, which clients and brokers write where SSLKEYLOGFILE says; those in the
    /// capture itself are used in any case
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
}

impl Source {
    /// What it is called in what is told.
    fn name(&self) -> String {
        if self.file.as_os_str() == "-" {
            "standard input".to_owned()
        } else {
            self.file.display().to_string()
        }
    }

    fn open(&self) -> Result<Box<dyn Read>, BadInput> {
        if self.file.as_os_str() == "-" {
            return Ok(Box::new(io::stdin().lock()));
        }
        let file = File::open(&self.file);
        Ok(Box::new(file.map_err(|error| BadInput::new(format!("cannot open `{}`: {error}", self.name())))?))
    }

    /// The text of the secrets; empty if none are named.
    fn secrets(&self) -> Result<Vec<u8>, BadInput> {
        let Some(path) = &self.keylog else { return Ok(Vec::new()) };
        let text = fs::read(path)
            .map_err(|error| BadInput::new(format!("cannot read `{}`: {error}", path.display())))?;
        if KeyLog::default().add(&text) == 0 {
            return Err(BadInput::new(format!(
                "`{}` holds no TLS secret; expected lines such as `CLIENT_RANDOM 52340c85... 21c3b6f8...`, as programs \
                 write them to the file that the environment variable SSLKEYLOGFILE names",
                path.display()
            )));
        }
        Ok(text)
    }

    fn keys(&self) -> Result<KeyLog, BadInput> {
        let mut keys = KeyLog::default();
        keys.add(&self.secrets()?);
        Ok(keys)
    }

    /// Reads the capture to its end.
    fn survey(&self, watcher: &mut dyn FnMut(u64, &Seen<'_>)) -> Result<Survey, BadInput> {
        survey(self.open()?, self.keys()?, watcher)
            .map_err(|error| BadInput::new(format!("cannot read `{}`: {error}", self.name())))
    }

    /// Reads the conversations with these numbers, or all, as they can be played again.
    fn record(&self, wanted: &[u64], purpose: &str) -> Result<Recordings, BadInput> {
        record(self.open()?, self.keys()?, wanted)
            .map_err(|error| BadInput::new(format!("cannot {purpose} `{}`: {error}", self.name())))
    }
}

/// Show the MQTT conversations of a capture: who talks, packets, answers, topics
#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    source: Source,
    /// List every packet instead
    #[arg(long)]
    packets: bool,
    /// List only the packets of the conversation with this number
    #[arg(long, value_name = "NUMBER", requires = "packets")]
    conversation: Option<u64>,
    /// For people or for programs: a document, and with `--packets` a line for each packet
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How the contents of a capture are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Judge clients and brokers by what a capture shows of them
#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    source: Source,
    /// Count warnings as failures
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    reports: Reports,
}

pub(super) fn capture(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    match &arguments.action {
        Action::Show(arguments) if arguments.packets => list(arguments),
        Action::Show(arguments) => {
            let survey = arguments.source.survey(&mut |_, _| {})?;
            let name = arguments.source.name();
            print(&match arguments.format {
                Format::Text => render::show(&name, &survey, size(terminal)),
                Format::Json => render::show_json(&name, &survey).map_err(|error| unwritten(&error))?,
            });
            Ok(if survey.mqtt() == 0 { Exit::Undecided } else { Exit::Success })
        }
        Action::Check(arguments) => check(arguments, terminal),
        Action::Edit(arguments) => edit::edit(arguments),
        Action::Replay(arguments) => replay::replay(arguments, terminal),
        Action::ToScenario(arguments) => scenario::to_scenario(arguments),
    }
}

fn unwritten(error: &RenderError) -> BadInput {
    BadInput::new(error.to_string())
}

fn size(terminal: Terminal) -> (usize, bool) {
    (terminal.reading_width(), terminal.colour)
}

fn check(arguments: &Check, terminal: Terminal) -> Result<Exit, BadInput> {
    let opened = arguments.reports.open()?;
    let (began, date) = (Instant::now(), reports::now());
    let survey = arguments.source.survey(&mut |_, _| {})?;
    let name = arguments.source.name();
    let run = outcome(&survey, &name, began.elapsed());
    let conclusion = Conclusion::of(&run, arguments.strict);
    if opened.takes_stdout() {
        complain(&render::check(&name, &survey, conclusion, (terminal.reading_width(), false)));
    } else {
        print(&render::check(&name, &survey, conclusion, size(terminal)));
    }
    if !arguments.reports.is_empty() {
        let strict = arguments.strict;
        let about =
            Circumstances { scenarios: &[], repeated: &[], broker: None, profile: None, strict, date };
        opened.write(&[reports::report(run, &about)])?;
    }
    Ok(conclusion.into())
}

/// Lists packets as they are read.
fn list(arguments: &Show) -> Result<Exit, BadInput> {
    let mut lines = String::new();
    let mut began = None;
    let (mut found, mut failed) = (false, None);
    let survey = arguments.source.survey(&mut |number, seen| {
        let began = *began.get_or_insert(seen.stamp.at);
        if arguments.conversation.is_none_or(|wanted| wanted == number) {
            found = true;
            let seconds = seen.stamp.at.saturating_sub(began).as_secs_f64();
            match arguments.format {
                Format::Text => lines.push_str(&line(number, seconds, seen)),
                Format::Json => match render::packet_json(number, seconds, seen) {
                    Ok(line) => lines.push_str(&line),
                    Err(error) => failed = Some(error),
                },
            }
            if lines.len() > 1 << 16 {
                print(&lines);
                lines.clear();
            }
        }
    })?;
    print(&lines);
    if let Some(error) = failed {
        return Err(unwritten(&error));
    }
    if let Some(cut) = &survey.cut {
        complain(&format!("warning: {cut}\n"));
    }
    match arguments.conversation {
        Some(number) if !found => Err(BadInput::new(format!(
            "there is no MQTT packet in conversation {number}\n`mqttspec capture show` shows all conversations"
        ))),
        Some(_) | None => Ok(if found { Exit::Success } else { Exit::Undecided }),
    }
}

fn line(number: u64, seconds: f64, seen: &Seen<'_>) -> String {
    let arrow = match seen.sender {
        Sender::Client => "-->",
        Sender::Server => "<--",
    };
    let fault = seen.fault.map(|fault| format!(" [malformed: {fault}]")).unwrap_or_default();
    let mut text = format!(
        "{:>7} {seconds:>11.6} {number:>4} {arrow} {}{fault}",
        seen.stamp.frame,
        safe(&summary(seen))
    );
    for violation in seen.violations {
        let _ = write!(text, "\n{:29}{} {}", "", violation.statement, safe(&violation.what));
    }
    text + "\n"
}
