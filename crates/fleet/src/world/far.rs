//! The far end of all connections: the broker.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use reference_broker::{Broker, Config, Input, Output, Rules, core::Restore};

use crate::plan::Micros;

/// The broker as the world sees it.
pub trait Far {
    /// Takes in what has come to the broker. What it does about it at once is added to `outputs`.
    fn handle(&mut self, now: Micros, input: Input, outputs: &mut Vec<Output>);

    /// When it wants to be given a [`Tick`](Input::Tick).
    fn next_timeout(&self) -> Option<Micros>;

    /// It ends, and begins anew with what it has stored. Whether it can be made to.
    fn restart(&mut self) -> bool;

    /// It is to be there again, after it was made to restart.
    fn returns(&mut self) {}

    /// Whether a connection that is opened is open at once; otherwise the world is told later.
    fn opens_at_once(&self) -> bool;
}

/// The reference broker inside the virtual world.
#[derive(Debug)]
pub struct Near {
    /// Nothing while it is down.
    broker: Option<Broker>,
    config: Config,
    rules: Rules,
    /// What it has stored, if it stores anything.
    store: Option<BTreeMap<Vec<u8>, Bytes>>,
}

impl Near {
    /// A broker that keeps these rules, and whether it stores what it has acknowledged.
    pub fn new(config: &Config, rules: Rules, persistent: bool) -> Self {
        Self { broker: None, config: config.clone(), rules, store: persistent.then(BTreeMap::new) }
    }

    /// The broker with what it has stored.
    fn start(&self, now: Duration) -> Broker {
        let Some(store) = &self.store else { return Broker::new(self.config.clone(), self.rules) };
        let mut restore = Restore::new(self.config.clone(), self.rules);
        for (key, value) in store {
            // The records are those that this broker has just written.
            restore.record(key, value.clone()).ok();
        }
        restore.finish(now)
    }

    /// Stores what has changed.
    fn commit(&mut self, now: Duration) {
        let (Some(store), Some(broker)) = (&mut self.store, &mut self.broker) else { return };
        for (key, value) in broker.take_changes(now).iter() {
            match value {
                Some(value) => store.insert(key.to_vec(), Bytes::copy_from_slice(value)),
                None => store.remove(key),
            };
        }
    }
}

impl Far for Near {
    fn handle(&mut self, now: Micros, input: Input, outputs: &mut Vec<Output>) {
        let now = Duration::from_micros(now);
        if self.broker.is_none() {
            self.broker = Some(self.start(now));
        }
        if let Some(broker) = &mut self.broker {
            broker.handle(now, input, outputs);
        }
        self.commit(now);
    }

    fn next_timeout(&self) -> Option<Micros> {
        // Rounded up: a tick that comes too early would find nothing due.
        let timeout = self.broker.as_ref()?.next_timeout()?.as_nanos().div_ceil(1000);
        u64::try_from(timeout).ok()
    }

    fn restart(&mut self) -> bool {
        self.broker = None;
        true
    }

    fn opens_at_once(&self) -> bool {
        true
    }
}
