//! `mqttspec broker`: serves the reference broker.

use std::io;

use clap::{Args, Subcommand};
use reference_broker::{Config, Rule, Rules, net::serve};
use tokio::{net::TcpListener, runtime};

use super::{
    BadInput, Exit,
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
    /// Where to listen; port 0 is any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:1883")]
    listen: String,
    /// Break this rule on purpose, to see who notices; may be repeated
    #[arg(long = "break", value_name = "RULE", value_parser = rule)]
    broken: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// List the rules that the broker keeps, with their statements
    Rules,
}

fn rule(name: &str) -> Result<Rule, String> {
    Rule::named(name).ok_or_else(|| {
        let guess = did_you_mean(name, Rule::ALL.iter().map(|rule| rule.name()));
        guess.unwrap_or_else(|| "`mqttspec broker rules` lists them".to_owned())
    })
}

pub(super) fn broker(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    if let Some(Action::Rules) = arguments.action {
        let mut page = terminal.list_page();
        for rule in Rule::ALL {
            write_rule(&mut page, *rule);
        }
        print(&page.finish());
        return Ok(Exit::Success);
    }
    let rules = arguments.broken.iter().fold(Rules::all(), |rules, rule| rules.without(*rule));
    match listen(&arguments.listen, rules) {
        Ok(()) => Ok(Exit::Success),
        Err(error) => Err(BadInput::new(format!(
            "cannot serve at {}: {error}\nname an address of this machine and a free port with `--listen`",
            arguments.listen
        ))),
    }
}

fn write_rule(page: &mut Page, rule: Rule) {
    let statements: Vec<String> = rule.statements().iter().map(ToString::to_string).collect();
    page.line(0, &[(Tone::Strong, rule.name())]);
    page.line(4, &[(Tone::Plain, rule.describe())]);
    page.line(4, &[(Tone::Faint, &statements.join(" "))]);
}

fn listen(address: &str, rules: Rules) -> io::Result<()> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        complain(&format!(
            "the reference broker listens at mqtt://{}; Ctrl-C ends it\n",
            listener.local_addr()?
        ));
        let interrupted = async {
            // Where Ctrl-C cannot be waited for, it ends the process by itself.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        serve(listener, Config::default(), rules, interrupted).await
    })
}
