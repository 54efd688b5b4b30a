//! Tasks for those of whom nothing is known yet: a bounded number, in which the oldest make room for new ones.
//!
//! Who connects and then says nothing would otherwise keep everybody else out until it has run out of time, again and
//! again. A task that gets on is not ended by a rush of others, since each has a while for itself.

use std::{collections::VecDeque, future::Future, time::Duration};

use tokio::{
    task::{AbortHandle, JoinSet},
    time::{self, Instant},
};

/// How long each may take, even if others want its place.
const GRACE: Duration = Duration::from_secs(1);

/// A bounded number of tasks. Dropping it ends them.
pub(super) struct Crowd {
    tasks: JoinSet<()>,
    /// Those that have been admitted, the oldest first; some may have ended.
    admitted: VecDeque<(Instant, AbortHandle)>,
    limit: usize,
}

impl Crowd {
    /// At most so many.
    pub(super) fn of(limit: usize) -> Self {
        Self { tasks: JoinSet::new(), admitted: VecDeque::new(), limit }
    }

    /// Admits one more when there is room: when one ends, or the oldest has had its while and is ended.
    ///
    /// Then others have their turn, so that what is under way is not left lying while still more are admitted.
    pub(super) async fn admit(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        while self.tasks.len() >= self.limit {
            self.make_room().await;
        }
        if self.admitted.len() >= 2 * self.limit {
            self.admitted.retain(|(_, task)| !task.is_finished());
        }
        let task = self.tasks.spawn(task);
        self.admitted.push_back((Instant::now(), task));
        tokio::task::yield_now().await;
    }

    async fn make_room(&mut self) {
        while self.admitted.pop_front_if(|(_, task)| task.is_finished()).is_some() {}
        if let Some((since, oldest)) = self.admitted.front() {
            if time::timeout_at(*since + GRACE, self.tasks.join_next()).await.is_ok() {
                return;
            }
            oldest.abort();
        }
        self.tasks.join_next().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::{runtime, sync::mpsc};

    use super::*;

    /// Says its number when it goes.
    struct Leaver(u8, mpsc::UnboundedSender<u8>);

    impl Drop for Leaver {
        fn drop(&mut self) {
            let _ = self.1.send(self.0);
        }
    }

    #[test]
    fn the_oldest_makes_room_when_it_has_had_its_while() {
        let runtime = runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (sender, mut left) = mpsc::unbounded_channel();
            let stay = |number| {
                let leaver = Leaver(number, sender.clone());
                async move {
                    let _leaver = leaver;
                    pending::<()>().await;
                }
            };
            let started = Instant::now();
            let mut crowd = Crowd::of(3);
            crowd.admit(stay(0)).await;
            for _ in 0..100 {
                crowd.admit(async {}).await;
            }
            crowd.admit(stay(1)).await;
            crowd.admit(stay(2)).await;
            assert!(left.try_recv().is_err() && started.elapsed() < GRACE);
            crowd.admit(stay(3)).await;
            assert_eq!(left.try_recv(), Ok(0));
            assert!(started.elapsed() >= GRACE);
            // The next has had its while by now.
            crowd.admit(stay(4)).await;
            assert_eq!(left.try_recv(), Ok(1));
            assert!(left.try_recv().is_err() && started.elapsed() < 2 * GRACE);
            drop(crowd);
            let mut last = [left.recv().await, left.recv().await, left.recv().await];
            last.sort_unstable();
            assert_eq!(last, [Some(2), Some(3), Some(4)]);
        });
    }
}
