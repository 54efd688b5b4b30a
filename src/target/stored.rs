//! The reference broker with what outlives it, in memory: it can be restarted.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use reference_broker::{
    Broker, Config, Input, Output, Rules,
    core::{BrokenRecord, Restore},
};

use super::in_process::Peer;
use crate::verdict::Restart;

/// A reference broker whose changes are saved before anything is heard of them, as its shell does it.
pub struct Stored {
    config: Config,
    rules: Rules,
    broker: Broker,
    /// What is saved, in the order of its keys.
    records: BTreeMap<Vec<u8>, Bytes>,
}

impl Stored {
    /// One of which nothing is saved yet.
    pub fn new(config: Config, rules: Rules) -> Self {
        let broker = Restore::new(config.clone(), rules).finish(Duration::ZERO);
        Self { config, rules, broker, records: BTreeMap::new() }
    }

    fn save(&mut self, now: Duration) {
        for (key, value) in self.broker.take_changes(now).iter() {
            match value {
                Some(value) => self.records.insert(key.to_vec(), Bytes::copy_from_slice(value)),
                None => self.records.remove(key),
            };
        }
    }

    fn restored(&self, now: Duration) -> Result<Broker, BrokenRecord> {
        let mut restore = Restore::new(self.config.clone(), self.rules);
        for (key, value) in &self.records {
            restore.record(key, value.clone())?;
        }
        Ok(restore.finish(now))
    }
}

impl Peer for Stored {
    fn handle(&mut self, now: Duration, input: Input, outputs: &mut Vec<Output>) {
        self.broker.handle(now, input, outputs);
        self.save(now);
    }

    fn next_timeout(&self) -> Option<Duration> {
        self.broker.next_timeout()
    }

    fn restart(&mut self, now: Duration, restart: Restart, outputs: &mut Vec<Output>) -> Result<(), String> {
        match restart {
            Restart::Asked => self.handle(now, Input::Shutdown, outputs),
            Restart::Killed => {}
        }
        self.broker = self.restored(now).map_err(|error| error.to_string())?;
        Ok(())
    }
}
