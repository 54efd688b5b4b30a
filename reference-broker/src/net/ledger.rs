//! What must not leave before it is saved.
//!
//! All that the core has to say waits until every change up to then is committed: what acknowledges a change, and
//! whatever would otherwise overtake it. While one commit is under way, the core goes on, and what it says and changes
//! in the meantime is for the next one. So many clients share a commit, and the more there is to do, the more so.

use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::{
    core::{Changes, Output},
    store::{Store, StoreError},
};

/// How many outputs may wait for a commit before the core handles nothing more.
const OUTPUTS: usize = 16 * 1024;

/// How many bytes of them may wait.
const BYTES: usize = 8 << 20;

/// A store with what waits for it.
pub(super) struct Ledger {
    store: Arc<Store>,
    /// The commit that is under way.
    commit: Option<JoinHandle<Result<(), StoreError>>>,
    /// What leaves after it.
    held: Vec<Output>,
    /// What the core has said since it began.
    since: Vec<Output>,
    /// The bytes to send in `since`.
    bytes: usize,
}

impl Ledger {
    pub(super) fn new(store: Store) -> Self {
        Self { store: Arc::new(store), commit: None, held: Vec::new(), since: Vec::new(), bytes: 0 }
    }

    /// Takes in what the core has said.
    pub(super) fn hold(&mut self, outputs: &mut Vec<Output>) {
        for output in outputs.iter() {
            if let Output::Send(_, bytes) = output {
                self.bytes += bytes.len();
            }
        }
        self.since.append(outputs);
    }

    /// Whether so much waits that the core is to handle nothing more.
    pub(super) const fn is_full(&self) -> bool {
        self.commit.is_some() && (self.since.len() >= OUTPUTS || self.bytes >= BYTES)
    }

    /// Begins to commit what `changes` has, unless a commit is under way. Returns what may leave at once: if nothing has
    /// changed, all.
    pub(super) fn settle(&mut self, changes: impl FnOnce() -> Changes) -> Vec<Output> {
        if self.commit.is_some() {
            return Vec::new();
        }
        let changes = changes();
        self.bytes = 0;
        let outputs = std::mem::take(&mut self.since);
        if changes.is_empty() {
            return outputs;
        }
        let store = Arc::clone(&self.store);
        self.commit = Some(spawn_blocking(move || store.commit(&changes)));
        if self.store.is_lax() {
            return outputs;
        }
        self.held = outputs;
        Vec::new()
    }

    /// Waits until the commit that is under way is done, for ever if there is none. Then what is returned may leave.
    ///
    /// Nothing is lost if the waiting is given up.
    pub(super) async fn done(&mut self) -> Result<Vec<Output>, StoreError> {
        let Some(commit) = &mut self.commit else { return std::future::pending().await };
        let done = commit.await;
        self.commit = None;
        done.unwrap_or_else(|failed| Err(self.store.failed(&failed)))?;
        Ok(std::mem::take(&mut self.held))
    }

    /// Whether a commit is under way.
    pub(super) const fn is_busy(&self) -> bool {
        self.commit.is_some()
    }
}
