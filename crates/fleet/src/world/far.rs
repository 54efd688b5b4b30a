//! The far end of all connections: the broker.

use std::time::Duration;

use reference_broker::{Broker, Config, Input, Output, Rules};

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

/// The reference broker inside the virtual world. It stores nothing.
#[derive(Debug)]
pub struct Near {
    broker: Broker,
    config: Config,
    rules: Rules,
}

impl Near {
    /// A broker that keeps these rules.
    pub fn new(config: &Config, rules: Rules) -> Self {
        Self { broker: Broker::new(config.clone(), rules), config: config.clone(), rules }
    }
}

impl Far for Near {
    fn handle(&mut self, now: Micros, input: Input, outputs: &mut Vec<Output>) {
        self.broker.handle(Duration::from_micros(now), input, outputs);
    }

    fn next_timeout(&self) -> Option<Micros> {
        // Rounded up: a tick that comes too early would find nothing due.
        let timeout = self.broker.next_timeout()?.as_nanos().div_ceil(1000);
        u64::try_from(timeout).ok()
    }

    fn restart(&mut self) -> bool {
        self.broker = Broker::new(self.config.clone(), self.rules);
        true
    }

    fn opens_at_once(&self) -> bool {
        true
    }
}
