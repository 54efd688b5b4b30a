//! Plays a fleet in real time, against a broker on the network.

use std::{
    path::PathBuf,
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;
use mqttspec_fleet::{
    device::Credentials,
    layout::Layout,
    random::scramble,
    world::{Options, Progress},
};

use super::super::{
    BadInput, scenarios,
    terminal::{Terminal, complain},
    trusted::Trusted,
};
use crate::{
    fleet::sockets::{self, CannotBegin, Played},
    runner::Stop,
    target::{Address, LaunchError, Launched, network::Network},
};

/// The broker that a fleet is played against.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Play it in real time against the broker at mqtt://HOST:PORT, with the credentials that it wants, if any:
    /// mqtt://USER:PASSWORD@HOST:PORT, or mqtts://HOST:PORT, ws://HOST:PORT/PATH, wss://HOST:PORT/PATH. Without it, in
    /// virtual time against the reference broker inside this program
    #[arg(long = "target", value_name = "URL", conflicts_with_all = ["broken", "scenario", "explore"])]
    url: Option<Address>,
    /// Launch a broker by the recipe in this file and play against it in real time. Phases that restart the broker restart
    /// it, and it is ended afterwards
    #[arg(long, value_name = "RECIPE", conflicts_with_all = ["url", "broken", "scenario", "explore"])]
    launch: Option<PathBuf>,
    #[command(flatten)]
    trusted: Trusted,
}

impl Target {
    /// Whether it is one on the network, not the one inside this program.
    pub(super) const fn is_elsewhere(&self) -> bool {
        self.url.is_some() || self.launch.is_some()
    }

    /// What the target is called: its address without credentials, or the recipe that launches it.
    pub(super) fn name(&self) -> String {
        match &self.launch {
            Some(recipe) => recipe.display().to_string(),
            None => self.url.as_ref().unwrap_or(&Address::Embedded).to_string(),
        }
    }

    /// Plays a fleet against it. None if that cannot begin; the user knows why, then.
    pub(super) fn play(
        &self,
        (layout, options): (&Layout, &Options),
        (stop, terminal): (&Stop, Terminal),
        watch: &mut dyn FnMut(&Progress<'_>) -> bool,
    ) -> Result<Option<Played>, BadInput> {
        let mut launched = match self.launched(terminal)? {
            Some(Err(error)) => {
                complain(&format!("undecided: no broker could be launched: {error}\n"));
                return Ok(None);
            }
            Some(Ok(launched)) => Some(launched),
            None => None,
        };
        let address = launched.as_ref().map(|launched| launched.address.clone()).or(self.url.clone());
        let Some(Address::Network { endpoint, credentials }) = &address else {
            return Err(BadInput::new("name the target as mqtt://HOST:PORT"));
        };
        if let Some(launched) = &launched {
            stop.charge_with(launched.leash());
        }
        let trust = self.trusted.trust(address.as_ref())?;
        let network = Network { endpoint: endpoint.clone(), trust, drip: false, keeper: None };
        let credentials = credentials
            .as_ref()
            .map(|own| Credentials { username: own.username.clone(), password: own.password.clone() });
        // The shares of a fleet have to agree on it; otherwise a broker that remembers an earlier run is not to be accused.
        let run = options.left_out.devices.is_none().then(unlike_others);
        let options = Options { credentials, run, ..options.clone() };
        let played = sockets::play((layout, &options), &network, launched.as_mut(), watch);
        match played {
            Ok(played) => Ok(Some(played)),
            Err(CannotBegin::Unreachable(error)) => {
                let log = launched.as_mut().map(|launched| {
                    launched.keep_folder();
                    format!("; what it printed is in {}", launched.log.display())
                });
                let log = log.unwrap_or_default();
                complain(&format!("undecided: cannot reach {endpoint}: {error}{log}\n"));
                Ok(None)
            }
            Err(error @ (CannotBegin::TooManyFiles { .. } | CannotBegin::Poll(_))) => {
                Err(BadInput::new(error.to_string()))
            }
        }
    }

    /// The broker of the recipe, if there is one and it can be launched.
    fn launched(&self, terminal: Terminal) -> Result<Option<Result<Launched, LaunchError>>, BadInput> {
        let Some(recipe) = &self.launch else { return Ok(None) };
        Ok(Some(scenarios::launcher(recipe, None, terminal)?.start(&[])))
    }
}

/// A number that hardly any other run has.
fn unlike_others() -> u32 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let number = since_1970.as_secs() << 30 ^ u64::from(since_1970.subsec_nanos()) ^ u64::from(process::id());
    u32::try_from(scramble(number) >> 32).unwrap_or_default()
}
