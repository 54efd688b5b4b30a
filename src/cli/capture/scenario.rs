//! `mqttspec capture to-scenario`: makes a scenario of a conversation.

use clap::Args;

use super::{BadInput, Exit, Source};
use crate::{
    capture::scenario::{Options, scenario},
    cli::terminal::{complain, print},
};

/// Make a scenario of conversations, to be read, changed and played; it goes to standard output
#[derive(Debug, Args)]
pub(super) struct ToScenario {
    #[command(flatten)]
    source: Source,
    /// Take only the conversations with these numbers; `mqttspec capture show` shows them
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    conversation: Vec<u64>,
    /// The title of the scenario
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Leave out PINGREQ and PINGRESP
    #[arg(long)]
    without_pings: bool,
}

pub(super) fn to_scenario(arguments: &ToScenario) -> Result<Exit, BadInput> {
    let file = arguments.source.name();
    let failed =
        |error: &dyn std::fmt::Display| BadInput::new(format!("cannot make a scenario of `{file}`: {error}"));
    let recordings = arguments.source.record(&arguments.conversation, "make a scenario of")?;
    for (number, why) in &recordings.left_out {
        complain(&format!("warning: conversation {number} is left out: {why}\n"));
    }
    if recordings.whole.is_empty() {
        let why = "there is no conversation that is known from its CONNECT on\n`mqttspec capture show` says what there is";
        return Err(failed(&why));
    }
    let title =
        arguments.title.clone().unwrap_or_else(|| "The broker does what it did in a capture".to_owned());
    let options = Options { title, without_pings: arguments.without_pings };
    print(&scenario(&recordings.whole, &options).map_err(|error| failed(&error))?);
    Ok(Exit::Success)
}
