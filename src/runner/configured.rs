//! Playing against a reference broker that somebody else has configured.

use reference_broker::{Config, Rules};

use super::{
    embedded::{fresh, play, probe},
    plan::Run,
    record::{SetUp, obstacle},
    script::Circumstances,
};
use crate::{target::Facts, verdict::ScenarioResult};

/// A reference broker with a configuration that is no scenario's wish. As with a broker on the network, only what it
/// says of itself is known.
#[derive(Clone, Debug)]
pub struct Configured {
    config: Config,
    facts: Facts,
}

impl Configured {
    /// Probes it.
    pub fn probed(config: Config) -> Self {
        Self { facts: probe(&config), config }
    }

    /// Plays one run against a fresh one, or says why it is not to be played.
    pub fn play(&self, run: &Run) -> ScenarioResult {
        obstacle(run, &self.facts, SetUp::ByOthers).unwrap_or_else(|| {
            let limits = self.facts.spoken.get(&run.version).map(|facts| facts.limits.clone());
            let mut broker = fresh(run, self.config.clone(), Rules::all());
            play(run, broker.as_mut(), false, Circumstances::embedded(limits.unwrap_or_default()))
        })
    }
}
