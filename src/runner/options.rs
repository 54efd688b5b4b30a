//! How a run is to be done, and the wish that it end early.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mqttspec_spec::Version;
use tokio::sync::Notify;

use super::{plan::Selection, script::Circumstances};
use crate::target::{Address, Facts, Launcher, Leash, Trust};

/// How a run is to be done.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is tested.
    pub target: Address,
    /// How the target is launched, which then decides where it is.
    pub launcher: Option<Launcher>,
    /// Which certificates are accepted over TLS.
    pub trust: Trust,
    /// Whether packets are sent byte by byte.
    pub drip: bool,
    /// Which scenarios are played.
    pub selection: Selection,
    /// How many are played at once; the target's own default if not given.
    pub jobs: Option<usize>,
    /// A number that no other run against the same broker uses at the same time; names topics and clients.
    pub seed: u64,
}

/// Asks a run to end early. Clones ask the same run.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Wish>);

#[derive(Debug, Default)]
struct Wish {
    asked: AtomicBool,
    notify: Notify,
    /// The brokers that were launched.
    launched: Mutex<Vec<Leash>>,
}

impl Stop {
    /// Asks now.
    pub fn ask(&self) {
        self.0.asked.store(true, Ordering::Relaxed);
        self.0.notify.notify_one();
    }

    /// Ends what the run has launched, for a process that is about to end without waiting for the run.
    pub fn abandon(&self) {
        self.launched().drain(..).for_each(|leash| leash.terminate());
    }

    /// Takes note of what the run has launched. One that has ended needs no note: its leash is loose.
    pub fn charge_with(&self, leash: Leash) {
        self.launched().push(leash);
    }

    fn launched(&self) -> MutexGuard<'_, Vec<Leash>> {
        self.0.launched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }

    pub(super) async fn asked(&self) {
        if !self.is_asked() {
            self.0.notify.notified().await;
        }
    }
}

/// What a script is told about its circumstances.
pub(super) fn circumstances(
    options: &Options,
    index: usize,
    facts: &Facts,
    version: Version,
) -> Circumstances {
    let round_trip = facts.round_trip();
    Circumstances {
        unique: unique(options.seed, index),
        patience: Duration::from_secs(1).max(round_trip * 20),
        settle: (round_trip * 10).clamp(Duration::from_millis(10), Duration::from_millis(250)),
        alone: false,
        limits: facts.spoken.get(&version).map(|facts| facts.limits.clone()).unwrap_or_default(),
        credentials: options.target.credentials().cloned(),
    }
}

/// Nine letters and digits: five of the seed, three of the index.
pub(super) fn unique(seed: u64, index: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let digits = |mut number: u64, count: usize| {
        let mut text = Vec::new();
        for _ in 0..count {
            text.extend(DIGITS.get(usize::try_from(number % 36).unwrap_or(0)));
            number /= 36;
        }
        text.reverse();
        String::from_utf8(text).unwrap_or_default()
    };
    format!("m{}{}", digits(seed, 5), digits(index as u64, 3))
}
