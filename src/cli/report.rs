//! `mqttspec report`: renders reports that were written as JSON.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{
    BadInput, Exit,
    reports::Reports,
    terminal::{Terminal, complain, print},
};
use crate::report::{self, Report, View};

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

pub(super) fn report(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    match &arguments.command {
        Command::Render(arguments) => render(arguments, terminal),
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
