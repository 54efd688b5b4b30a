//! `mqttspec report`: renders reports that were written as JSON.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{
    BadInput, Exit,
    reports::{Opened, Reports},
    terminal::{Terminal, complain, print},
};
use crate::report::{self, Kind, Report, View};

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

/// Put the reports of several brokers, or of several versions of one, side by side
#[derive(Debug, Args)]
struct Merge {
    /// Reports written by `--report json=FILE`, in the order in which they are to stand
    #[arg(required = true, value_name = "REPORT")]
    files: Vec<PathBuf>,
    /// Where to write the matrix; the ending says the form: .html, .json, .md or .xml. May be repeated
    #[arg(short, long, required = true, value_name = "FILE")]
    output: Vec<PathBuf>,
}

pub(super) fn report(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    match &arguments.command {
        Command::Render(arguments) => render(arguments, terminal),
        Command::Merge(arguments) => merge(arguments),
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

/// What is merged keeps the packets only of the runs that did not pass.
fn merge(arguments: &Merge) -> Result<Exit, BadInput> {
    let reports: Vec<Report> = read_all(&arguments.files)?.into_iter().map(Report::slim).collect();
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
    Opened::of(kinds.into_iter())?.write(&reports)?;
    print(&format!("merged {}\n", report::counted(reports.len(), "report")));
    Ok(Exit::Success)
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
