//! `mqttspec capture replay`: plays the clients of a capture against a broker.

use std::{collections::BTreeMap, fs, path::PathBuf, rc::Rc, time::Duration};

use bytes::Bytes;
use clap::Args;
use reference_broker::{Broker, Config, Rule, Rules};
use tokio::{runtime::Builder, task::LocalSet, time::Instant};

use super::{BadInput, Exit, Source, size};
use crate::{
    capture::{
        Recordings,
        replay::{Options, Outcome, replay as script},
    },
    cli::terminal::{Terminal, complain, print},
    diagnostic::suggest::did_you_mean,
    report::{capture as render, counted},
    stage::Play,
    target::{
        Address, Trust, in_process,
        network::{self, Network},
    },
};

/// Play the clients of a capture against a broker, and compare what it does with the capture
#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    source: Source,
    /// Where the broker listens: mqtt://127.0.0.1:1883. Without it, the reference broker inside this program
    #[arg(value_name = "TARGET")]
    target: Option<Address>,
    /// Play only the conversations with these numbers; `mqttspec capture show` shows them
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    conversation: Vec<u64>,
    /// How fast: `fastest` without pauses, `original` as in the capture, or a number: 10 is ten times as fast
    #[arg(long, value_name = "SPEED", default_value = "fastest", value_parser = speed)]
    speed: Speed,
    /// Put this before all Topic Names and Topic Filters
    #[arg(long, value_name = "TEXT", default_value = "")]
    topic_prefix: String,
    /// Put this before all Client Identifiers
    #[arg(long, value_name = "TEXT", default_value = "")]
    client_prefix: String,
    /// Passwords to use instead of those in the capture: lines of USER:PASSWORD
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Wait so many seconds for an answer
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = clap::value_parser!(u64).range(1..=600))]
    patience: u64,
    /// Over TLS, accept any certificate
    #[arg(long)]
    insecure: bool,
    /// Break this rule of the reference broker inside this program
    #[arg(long = "break", value_name = "RULE", value_parser = rule, conflicts_with = "target")]
    broken: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Speed(Option<f64>);

const ADVICE: &str = "write `fastest`, `original`, or a number such as 10";

fn speed(text: &str) -> Result<Speed, String> {
    match text {
        "fastest" => Ok(Speed(None)),
        "original" => Ok(Speed(Some(1.0))),
        number => match number.parse::<f64>() {
            Ok(factor) if (0.001..=1_000_000.0).contains(&factor) => Ok(Speed(Some(factor))),
            Ok(_) | Err(_) => Err(ADVICE.to_owned()),
        },
    }
}

fn rule(name: &str) -> Result<Rule, String> {
    Rule::named(name).ok_or_else(|| {
        let guess = did_you_mean(name, Rule::ALL.iter().map(|rule| rule.name()));
        guess.unwrap_or_else(|| "`mqttspec broker rules` lists them".to_owned())
    })
}

pub(super) fn replay(arguments: &Replay, terminal: Terminal) -> Result<Exit, BadInput> {
    let file = arguments.source.name();
    let recordings = arguments.source.record(&arguments.conversation, "play")?;
    for (number, why) in &recordings.left_out {
        complain(&format!("warning: conversation {number} is left out: {why}\n"));
    }
    if recordings.whole.is_empty() {
        return Err(BadInput::new(format!(
            "nothing to play: `{file}` holds no conversation that is known from its CONNECT on\n\
             `mqttspec capture show` says what it holds"
        )));
    }
    let options = Options {
        patience: Duration::from_secs(arguments.patience),
        speed: arguments.speed.0,
        topic_prefix: arguments.topic_prefix.clone(),
        client_prefix: arguments.client_prefix.clone(),
        passwords: passwords(arguments)?,
    };
    let outcome = play(arguments, recordings, options)?;
    let target = arguments.target.as_ref().map_or("the reference broker".to_owned(), ToString::to_string);
    print(&render::replay(&outcome, &target, size(terminal)));
    Ok(match (&outcome.stopped, outcome.differences.is_empty()) {
        (_, false) => Exit::NotConforming,
        (None, true) => Exit::Success,
        (Some(_), true) => Exit::Undecided,
    })
}

fn passwords(arguments: &Replay) -> Result<BTreeMap<String, Bytes>, BadInput> {
    let Some(path) = &arguments.password_file else { return Ok(BTreeMap::new()) };
    let text = fs::read_to_string(path)
        .map_err(|error| BadInput::new(format!("cannot read `{}`: {error}", path.display())))?;
    let mut passwords = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty()) {
        let Some((user, password)) = line.split_once(':') else {
            let place = format!("{}:{number}", path.display());
            return Err(BadInput::new(format!("{place}: expected USER:PASSWORD")));
        };
        passwords.insert(user.to_owned(), Bytes::copy_from_slice(password.as_bytes()));
    }
    Ok(passwords)
}

fn play(arguments: &Replay, recordings: Recordings, options: Options) -> Result<Outcome, BadInput> {
    let count = counted(recordings.whole.len(), "conversation");
    let (recordings, options) = (Rc::new(recordings.whole), Rc::new(options));
    let Some(Address::Network { endpoint, .. }) = &arguments.target else {
        let rules = arguments.broken.iter().fold(Rules::all(), |rules, rule| rules.without(*rule));
        let play = Play::new(Duration::ZERO, |stage| script(stage, recordings, options));
        let played = in_process::play(play, &mut Broker::new(Config::default(), rules));
        return played.map_err(|stuck| BadInput::new(stuck.to_string()));
    };
    let trust = if arguments.insecure { Trust::anybody() } else { Ok(Trust::default()) };
    let trust = trust.map_err(|error| BadInput::new(format!("TLS is not to be had: {error}")))?;
    let network = Network { endpoint: endpoint.clone(), trust, drip: false, keeper: None };
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| BadInput::new(format!("the system refuses a runtime: {error}")))?;
    complain(&format!("playing {count} against {endpoint}\n"));
    Ok(LocalSet::new().block_on(&runtime, async {
        let epoch = Instant::now();
        network::play(Play::new(Duration::ZERO, |stage| script(stage, recordings, options)), &network, epoch)
            .await
    }))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("fastest", Ok(Speed(None)))]
    #[case("original", Ok(Speed(Some(1.0))))]
    #[case("2.5", Ok(Speed(Some(2.5))))]
    #[case("0", Err(ADVICE.to_owned()))]
    #[case("NaN", Err(ADVICE.to_owned()))]
    #[case("quickly", Err(ADVICE.to_owned()))]
    fn speeds(#[case] text: &str, #[case] expected: Result<Speed, String>) {
        assert_eq!(speed(text), expected);
    }
}
