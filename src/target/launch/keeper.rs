//! A launched broker that plays can restart.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::task::spawn_blocking;

use super::Launched;
use crate::verdict::Restart;

/// Keeps a launched broker, and restarts it when a play wants it. Clones keep the same one.
#[derive(Clone, Debug)]
pub struct Keeper {
    launched: Arc<Mutex<Launched>>,
    patience: Duration,
}

impl Keeper {
    /// Keeps a broker.
    pub fn new(launched: Launched) -> Self {
        Self { patience: launched.patience(), launched: Arc::new(Mutex::new(launched)) }
    }

    /// The broker.
    pub fn launched(&self) -> MutexGuard<'_, Launched> {
        self.launched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the broker may take until it answers.
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// Whether the broker has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.launched().has_ended()
    }

    /// Brings the broker to its end and starts it again. It may take a while until it answers.
    ///
    /// # Errors
    /// Why it could not be started again.
    pub async fn restart(&self, restart: Restart) -> Result<(), String> {
        let keeper = self.clone();
        let done = spawn_blocking(move || keeper.launched().restart(restart)).await;
        done.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    /// Ends the broker, once nobody else keeps it.
    pub async fn end(self) {
        // A panic while it ends is of no consequence for what was played.
        spawn_blocking(move || drop(self)).await.ok();
    }
}
