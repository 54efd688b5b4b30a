//! The end of the broker and its return.

use super::{Script, trouble::Trouble};
use crate::verdict::Restart;

impl Script {
    /// Has the broker brought to its end and started again. That it does not come back breaks no statement.
    pub(super) async fn restart(&mut self, restart: Restart) -> Result<(), Trouble> {
        self.clients.lose_links();
        let outcome = self.stage.restart(restart).await;
        outcome.map_err(|why| Trouble::undecided("a broker that is back after its restart", why))
    }
}
