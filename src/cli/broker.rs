//! `mqttspec broker`: serves the reference broker.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reference_broker::{
    Config, Rule, Rules,
    net::{Tls, serve},
};
use tokio::runtime;

use super::{
    BadInput, Exit,
    interrupt::end_of_service,
    listen::{Place, Socket},
    scram,
    terminal::{Terminal, complain, print},
};
use crate::{
    report::{Page, Tone},
    scenario::suggest::did_you_mean,
};

/// Serve the reference broker until Ctrl-C, or list its rules
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// Where to listen: mqtt://, mqtts://, ws:// or wss://ADDRESS:PORT, or unix:PATH; may be repeated. Port 0 is any
    /// free port
    #[arg(long, value_name = "PLACE", default_value = "mqtt://127.0.0.1:1883")]
    listen: Vec<Place>,
    /// The certificate for mqtts:// and wss://, in PEM, with those that lead to its authority behind it
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Let in over TLS only clients with a certificate of one of these authorities, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    client_ca: Option<PathBuf>,
    /// Let in users who prove by SCRAM-SHA-256 that they know their password; each has a line `NAME:KEYS` in this file
    #[arg(long, value_name = "FILE")]
    scram: Option<PathBuf>,
    /// Break this rule on purpose, to see who notices; may be repeated
    #[arg(long = "break", value_name = "RULE", value_parser = rule)]
    broken: Vec<Rule>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the rules that the broker keeps, with their statements
    Rules,
    /// Make a line for the file of `--scram` from a name and the password on standard input
    Scram {
        /// The user name
        name: String,
    },
}

fn rule(name: &str) -> Result<Rule, String> {
    Rule::named(name).ok_or_else(|| {
        let guess = did_you_mean(name, Rule::ALL.iter().map(|rule| rule.name()));
        guess.unwrap_or_else(|| "`mqttspec broker rules` lists them".to_owned())
    })
}

pub(super) fn broker(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    match &arguments.action {
        Some(Action::Rules) => print(&rules(terminal)),
        Some(Action::Scram { name }) => print(&scram::line(name)?),
        None => serve_until_the_end(arguments)?,
    }
    Ok(Exit::Success)
}

fn rules(terminal: Terminal) -> String {
    let mut page = terminal.list_page();
    for rule in Rule::ALL {
        write_rule(&mut page, *rule);
    }
    page.finish()
}

fn serve_until_the_end(arguments: &Arguments) -> Result<(), BadInput> {
    let rules = arguments.broken.iter().fold(Rules::all(), |rules, rule| rules.without(*rule));
    let tls = match (&arguments.cert, &arguments.key) {
        (Some(certificate), Some(key)) => {
            let tls = Tls::from_files(certificate, key, arguments.client_ca.as_deref());
            Some(tls.map_err(|error| BadInput::new(error.to_string()))?)
        }
        _ => None,
    };
    let scram = arguments.scram.as_deref().map(scram::read).transpose()?;
    listen(&arguments.listen, tls.as_ref(), Config { scram, ..Config::default() }, rules)
}

fn write_rule(page: &mut Page, rule: Rule) {
    let statements: Vec<String> = rule.statements().iter().map(ToString::to_string).collect();
    page.line(0, &[(Tone::Strong, rule.name())]);
    page.line(4, &[(Tone::Plain, rule.describe())]);
    page.line(4, &[(Tone::Faint, &statements.join(" "))]);
}

fn listen(places: &[Place], tls: Option<&Tls>, config: Config, rules: Rules) -> Result<(), BadInput> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| BadInput::new(format!("the system refuses a runtime: {error}")))?;
    runtime.block_on(async {
        let mut sockets = Vec::new();
        for place in places {
            sockets.push(place.bind(tls).await.map_err(BadInput::new)?);
        }
        let addresses: Vec<&str> = sockets.iter().map(Socket::address).collect();
        let told = format!("the reference broker listens at {}; Ctrl-C ends it\n", addresses.join(", "));
        complain(&told);
        let (listeners, _files): (Vec<_>, Vec<_>) = sockets.into_iter().map(Socket::into_parts).unzip();
        serve(listeners, config, rules, end_of_service()).await;
        Ok(())
    })
}
