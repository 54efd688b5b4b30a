//! What must not leave before it is saved.
//!
//! What the core has to say waits until every change up to then is committed: what acknowledges a change, and whatever
//! would otherwise overtake it. While one commit is under way, the core goes on, and what it says and changes in the
//! meantime is for the next one. So many clients share a commit, and the more there is to do, the more so.
//!
//! Messages that are [passed on](Output::Pass) wait for no commit, unless something for the same client does. And what
//! nobody waits for, as that a message is acknowledged and need not be kept, is committed with what comes next, or a moment
//! later.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::mpsc as orders,
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{sync::mpsc, time::Instant};

use crate::{
    core::{Changes, ConnectionId, Output},
    store::{Store, StoreError},
};

/// How many outputs may wait for a commit before the core handles nothing more.
const OUTPUTS: usize = 16 * 1024;

/// How many bytes of them may wait.
const BYTES: usize = 8 << 20;

/// How long a change that nobody waits for may be left.
const LEFT: Duration = Duration::from_millis(20);

/// A store with what waits for it.
pub(super) struct Ledger {
    keeper: Keeper,
    /// What leaves after the commit that is under way, if one is.
    held: Option<Waiting>,
    /// What the core has said since it began.
    since: Waiting,
    /// When what has changed is committed at the latest.
    due: Option<Instant>,
    /// Whether nothing waits at all: the acknowledgements leave first.
    is_lax: bool,
}

/// Outputs that wait for a commit.
#[derive(Default)]
struct Waiting {
    outputs: Vec<Output>,
    /// For whom they are.
    clients: BTreeSet<ConnectionId>,
    /// For whom the last one is.
    last: Option<ConnectionId>,
    /// The bytes to send.
    bytes: usize,
}

impl Waiting {
    fn push(&mut self, output: Output) {
        let client = match &output {
            Output::Send(id, bytes) | Output::Pass(id, bytes) => {
                self.bytes += bytes.len();
                *id
            }
            Output::Close(id) | Output::Part(id) | Output::Verify { connection: id, .. } => *id,
        };
        if self.last != Some(client) {
            self.last = Some(client);
            self.clients.insert(client);
        }
        self.outputs.push(output);
    }

    /// Whether anything is for this client.
    fn has(&self, client: ConnectionId) -> bool {
        self.clients.contains(&client)
    }
}

impl Ledger {
    pub(super) fn new(store: Store) -> Self {
        let is_lax = store.is_lax();
        Self { keeper: Keeper::start(store), held: None, since: Waiting::default(), due: None, is_lax }
    }

    /// Takes in what the core has said, and leaves what need not wait.
    pub(super) fn hold(&mut self, outputs: &mut Vec<Output>) {
        self.due.get_or_insert_with(|| Instant::now() + LEFT);
        if self.is_lax || outputs.is_empty() {
            return;
        }
        let said = std::mem::take(outputs);
        for output in said {
            if self.may_leave(&output) {
                outputs.push(output);
            } else {
                self.since.push(output);
            }
        }
    }

    fn may_leave(&self, output: &Output) -> bool {
        let waits = |id| self.since.has(id) || self.held.as_ref().is_some_and(|held| held.has(id));
        matches!(output, Output::Pass(id, _) if !waits(*id))
    }

    /// Whether so much waits that the core is to handle nothing more.
    pub(super) fn is_full(&self) -> bool {
        self.is_busy() && (self.since.outputs.len() >= OUTPUTS || self.since.bytes >= BYTES)
    }

    /// Begins to commit what `changes` has, unless a commit is under way or nobody waits for one. Returns what may leave
    /// at once: if nothing has changed, all.
    pub(super) fn settle(&mut self, changes: impl FnOnce() -> Changes) -> Vec<Output> {
        let is_wanted = !self.since.outputs.is_empty() || self.due.is_some_and(|due| due <= Instant::now());
        if self.is_busy() || !is_wanted {
            return Vec::new();
        }
        self.due = None;
        let (changes, since) = (changes(), std::mem::take(&mut self.since));
        if changes.is_empty() {
            return since.outputs;
        }
        self.keeper.commit(changes);
        self.held = Some(since);
        Vec::new()
    }

    /// Has what has changed committed as soon as possible, whether or not anybody waits for it.
    pub(super) fn hurry(&mut self) {
        self.due = Some(Instant::now());
    }

    /// When there is something to commit although nothing has happened.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.is_busy())
    }

    /// Waits until the commit that is under way is done, for ever if there is none. Then what is returned may leave.
    ///
    /// Nothing is lost if the waiting is given up.
    pub(super) async fn done(&mut self) -> Result<Vec<Output>, StoreError> {
        if !self.is_busy() {
            return std::future::pending().await;
        }
        self.keeper.done().await?;
        Ok(self.held.take().unwrap_or_default().outputs)
    }

    /// Whether a commit is under way.
    pub(super) const fn is_busy(&self) -> bool {
        self.held.is_some()
    }
}

/// The thread that has the store.
struct Keeper {
    path: PathBuf,
    orders: Option<orders::Sender<Changes>>,
    done: mpsc::UnboundedReceiver<Result<(), StoreError>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    fn start(store: Store) -> Self {
        let path = store.path();
        let (orders, ordered) = orders::channel();
        let (tell, done) = mpsc::unbounded_channel();
        let thread = thread::spawn(move || keep(store, &ordered, &tell));
        Self { path, orders: Some(orders), done, thread: Some(thread) }
    }

    fn commit(&self, changes: Changes) {
        if let Some(orders) = &self.orders {
            // A thread that has ended shows when it is asked whether it is done.
            let _ = orders.send(changes);
        }
    }

    async fn done(&mut self) -> Result<(), StoreError> {
        self.done.recv().await.unwrap_or_else(|| Err(Store::failed(self.path.clone())))
    }
}

/// The store is closed in order.
impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it has been told by now, as a commit without an end.
            let _ = thread.join();
        }
    }
}

/// Commits one set of changes after the other.
fn keep(
    mut store: Store,
    ordered: &orders::Receiver<Changes>,
    tell: &mpsc::UnboundedSender<Result<(), StoreError>>,
) {
    while let Ok(changes) = ordered.recv() {
        if tell.send(store.commit(changes)).is_err() {
            return;
        }
    }
}
