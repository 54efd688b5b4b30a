//! The command line: a file per command. The only part that prints.

mod baseline;
mod broker;
mod capture;
mod exit;
mod explain;
mod fleet;
mod interrupt;
mod lint;
mod list;
mod listen;
mod log;
mod mutants;
mod narrate;
mod output;
mod passwords;
mod progress;
mod report;
mod reports;
mod rules;
mod run;
mod scenarios;
mod schema;
mod scram;
mod selection;
mod settings;
mod terminal;
mod trusted;
mod watch;

use clap::{Parser, Subcommand};

pub use exit::{BadInput, Exit};
use terminal::{Terminal, complain};

/// Judges MQTT brokers: says statement by statement whether MQTT 3.1.1 and 5.0 are kept.
#[derive(Debug, Parser)]
#[command(name = "mqttspec", version, disable_help_subcommand = true, after_help = EXIT_STATUS)]
struct Arguments {
    /// Print without colours (so does the environment variable NO_COLOR)
    #[arg(long, global = true)]
    no_color: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<run::Arguments>),
    List(list::Arguments),
    Explain(explain::Arguments),
    Lint(lint::Arguments),
    Schema(schema::Arguments),
    Mutants(mutants::Arguments),
    Report(report::Arguments),
    Broker(broker::Arguments),
    Fleet(Box<fleet::Arguments>),
    Capture(Box<capture::Arguments>),
    Watch(watch::Arguments),
}

const EXIT_STATUS: &str = "Exit status:
  0  conforming
  1  not conforming: at least one statement was shown broken (`mutants`: the proof has a gap)
  2  wrong usage or wrong input; nothing was run
  3  could not decide: unreachable, interrupted or inconclusive, and nothing shown broken";

/// Does what the command line says.
pub fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and the version are no errors; clap writes them to standard output.
            let _ = error.print();
            return if error.use_stderr() { Exit::BadInput } else { Exit::Success };
        }
    };
    let terminal = Terminal::look(arguments.no_color);
    let done = match &arguments.command {
        Command::Run(arguments) => run::run(arguments, terminal),
        Command::List(arguments) => list::list(arguments, terminal),
        Command::Explain(arguments) => explain::explain(arguments, terminal),
        Command::Report(arguments) => report::report(arguments, terminal),
        Command::Broker(arguments) => broker::broker(arguments, terminal),
        Command::Capture(arguments) => capture::capture(arguments, terminal),
        Command::Fleet(arguments) => fleet::fleet(arguments, terminal),
        Command::Watch(arguments) => watch::watch(arguments, terminal),
        Command::Mutants(arguments) => mutants::mutants(arguments, terminal),
        Command::Schema(arguments) => Ok(schema::schema(arguments)),
        Command::Lint(arguments) => Ok(lint::lint(arguments, terminal)),
    };
    done.unwrap_or_else(|bad| {
        complain(&format!("error: {bad}\n"));
        Exit::BadInput
    })
}
