//! `mqttspec schema`: what editors need to complete and check files.

use clap::{Args, ValueEnum};

use super::{Exit, terminal::print};
use crate::schema;

/// Print the JSON Schema of the files that people write, for editors
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Which files
    what: What,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Scenarios (YAML)
    Scenario,
    /// Recipes for `run --launch` (YAML)
    Recipe,
    /// Plans for `fleet` (YAML)
    Plan,
    /// The file of `broker --config` (TOML)
    Configuration,
}

pub(super) fn schema(arguments: &Arguments) -> Exit {
    let schema = match arguments.what {
        What::Scenario => schema::scenario(),
        What::Recipe => schema::recipe(),
        What::Plan => schema::plan(),
        What::Configuration => schema::configuration(),
    };
    print(&format!("{schema:#}\n"));
    Exit::Success
}
