//! `mqttspec report`: renders reports that were written as JSON.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{
    BadInput, Exit, fleet,
    output::Destination,
    reports::{Opened, Reports},
    terminal::{Terminal, complain, print},
};
use crate::report::{
    self, Kind, Report, View,
    compare::{self, Comparison},
};

/// The largest report that is read, in bytes.
const LARGEST: u64 = 512 * 1024 * 1024;

/// Work with reports that were written as JSON
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Render(Render),
    Merge(Merge),
    Diff(Diff),
}

/// Show a report again, or write it in other forms
#[derive(Debug, Args)]
struct Render {
    /// Reports written by `--report json=FILE`
    #[arg(required = true, value_name = "REPORT")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reports: Reports,
}

/// Put the reports of several brokers, or of several versions of one, side by side; or judge the shares of a fleet together
#[derive(Debug, Args)]
struct Merge {
    /// Reports written by `--report json=FILE`, in the order in which they are to stand; or the histories that all shares of
    /// a fleet wrote by `mqttspec fleet --shard`
    #[arg(required = true, value_name = "REPORT")]
    files: Vec<PathBuf>,
    /// Where to write the matrix; the ending says the form: .html, .json, .md or .xml. May be repeated
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
}

/// Say what changed from one run to another; ends with status 1 if something got worse
#[derive(Debug, Args)]
struct Diff {
    /// The older report, written by `--report json=FILE`
    old: PathBuf,
    /// The newer report
    new: PathBuf,
    /// Write the comparison to a file too; the ending says the form: .html, .md or .txt. May be repeated
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
}

pub(super) fn report(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    match &arguments.command {
        Command::Render(arguments) => render(arguments, terminal),
        Command::Merge(arguments) => merge(arguments, terminal),
        Command::Diff(arguments) => diff(arguments, terminal),
    }
}

/// Shows the text only if no other form is asked for.
fn render(arguments: &Render, terminal: Terminal) -> Result<Exit, BadInput> {
    let reports = read_all(&arguments.files)?;
    if arguments.reports.is_empty() {
        for report in &reports {
            let view = View {
                width: terminal.reading_width(),
                colour: terminal.colour,
                strict: report.provenance.strict,
                arguments: &report.provenance.repeated,
            };
            print(&report::terminal(&report.run, &view));
        }
    } else {
        let opened = arguments.reports.open()?;
        if !opened.takes_stdout() {
            complain(&format!("rendered {}\n", report::counted(reports.len(), "report")));
        }
        opened.write(&reports)?;
    }
    Ok(Exit::Success)
}

/// What is merged keeps the packets only of the runs that did not pass. The histories of a fleet's shares are judged.
fn merge(arguments: &Merge, terminal: Terminal) -> Result<Exit, BadInput> {
    let are_histories = arguments.files.iter().all(|path| fleet::is_history(path));
    if !are_histories && arguments.output.is_empty() {
        return Err(BadInput::new("say with --output where to write the matrix"));
    }
    let kinds = arguments.output.iter().map(|path| {
        let unknown = || {
            let endings = Kind::ALL.map(|(kind, _)| format!(".{}", kind.ending())).join(", ");
            BadInput::new(format!(
                "cannot tell the form of `{}` by its ending; there are {endings}",
                path.display()
            ))
        };
        Ok((Kind::of_ending(path).ok_or_else(unknown)?, path))
    });
    let kinds: Vec<_> = kinds.collect::<Result<_, BadInput>>()?;
    if are_histories {
        return fleet::judge(&arguments.files, Opened::of(kinds.into_iter())?, terminal);
    }
    let reports = Report::beside(read_all(&arguments.files)?);
    Opened::of(kinds.into_iter())?.write(&reports)?;
    print(&format!("merged {}\n", report::counted(reports.len(), "report")));
    Ok(Exit::Success)
}

fn diff(arguments: &Diff, terminal: Terminal) -> Result<Exit, BadInput> {
    let [old, new] = [single(&arguments.old)?, single(&arguments.new)?];
    let comparison = Comparison::of(&old, &new);
    print(&compare::terminal(&comparison, terminal.reading_width(), terminal.colour));
    for path in &arguments.output {
        let text = match path.extension().and_then(OsStr::to_str) {
            Some("html") => compare::html(&comparison),
            Some("md") => compare::markdown(&comparison),
            Some("txt") => compare::terminal(&comparison, terminal.reading_width(), false),
            Some(_) | None => {
                let path = path.display();
                return Err(BadInput::new(format!(
                    "cannot tell the form of `{path}` by its ending; there are .html, .md, .txt"
                )));
            }
        };
        Destination::open(path)?.write(text.as_bytes())?;
    }
    Ok(if comparison.is_worse() { Exit::NotConforming } else { Exit::Success })
}

/// The only report in a file.
fn single(path: &Path) -> Result<Report, BadInput> {
    let reports: Result<[Report; 1], _> = read(path)?.try_into();
    reports.map(|[report]| report).map_err(|several: Vec<_>| {
        let (path, count) = (path.display(), several.len());
        BadInput::new(format!("{path} holds {count} reports, and two single ones are compared"))
    })
}

/// The reports in some files, in their order.
pub(super) fn read_all(files: &[PathBuf]) -> Result<Vec<Report>, BadInput> {
    let mut reports = Vec::new();
    for file in files {
        reports.extend(read(file)?);
    }
    Ok(reports)
}

fn read(path: &Path) -> Result<Vec<Report>, BadInput> {
    let cannot =
        |why: &dyn std::fmt::Display| BadInput::new(format!("cannot read {}: {why}", path.display()));
    let size = fs::metadata(path).map_err(|error| cannot(&error))?.len();
    if size > LARGEST {
        return Err(cannot(&format!("it has {size} bytes, and no report has more than {LARGEST}")));
    }
    let text = fs::read_to_string(path).map_err(|error| cannot(&error))?;
    report::read(&text).map_err(|error| cannot(&error))
}
