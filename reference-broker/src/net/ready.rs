//! Which connections are to be looked at.
//!
//! A connection has no task that waits for it: that would cost more memory than all else about an idle client. It has a
//! waker that puts it on a list, and the one task that serves all of them is woken when the list is no longer empty.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Wake, Waker},
};

use crate::core::ConnectionId;

/// The connections that can go on.
#[derive(Debug, Default)]
pub(super) struct Ready(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    ids: VecDeque<ConnectionId>,
    /// Who waits for the first of them.
    task: Option<Waker>,
}

/// What wakes a connection.
struct Bell {
    id: ConnectionId,
    ready: Arc<Ready>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.add(self.id);
    }
}

impl Ready {
    /// What a connection is woken with.
    pub(super) fn waker(self: &Arc<Self>, id: ConnectionId) -> Waker {
        Waker::from(Arc::new(Bell { id, ready: Arc::clone(self) }))
    }

    /// Puts a connection on the list.
    pub(super) fn add(&self, id: ConnectionId) {
        let task = {
            let mut list = self.lock();
            list.ids.push_back(id);
            list.task.take()
        };
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Takes the next connections off the list, at most `limit`.
    pub(super) fn take(&self, limit: usize, into: &mut Vec<ConnectionId>) {
        let mut list = self.lock();
        let count = limit.min(list.ids.len());
        into.extend(list.ids.drain(..count));
    }

    /// Waits until there is a connection on the list.
    pub(super) async fn any(&self) {
        poll_fn(|cx| {
            let mut list = self.lock();
            if list.ids.is_empty() {
                list.task = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // Whoever panicked did not leave half a list behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
