//! `mqttspec lint`: checks scenario files.

use std::path::PathBuf;

use clap::Args;

use super::{
    Exit, scenarios,
    terminal::{Terminal, complain, print},
};
use crate::report::counted;

/// Check scenario files without playing them
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Scenario files, or folders of them; the built-in ones if none is given
    path: Vec<PathBuf>,
}

/// Checks every path, also after one with mistakes.
pub(super) fn lint(arguments: &Arguments, terminal: Terminal) -> Exit {
    let paths: Vec<_> = if arguments.path.is_empty() {
        vec![None]
    } else {
        arguments.path.iter().map(|path| Some(path.as_path())).collect()
    };
    let mut sound = 0;
    let mut exit = Exit::Success;
    for path in paths {
        match scenarios::load(path, terminal) {
            Ok(scenarios) => sound += scenarios.len(),
            Err(bad) => {
                complain(&format!("error: {bad}\n"));
                exit = Exit::BadInput;
            }
        }
    }
    if exit == Exit::Success {
        print(&format!("{} without mistakes\n", counted(sound, "scenario")));
    }
    exit
}
