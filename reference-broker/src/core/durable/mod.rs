//! What outlives the broker's end: sessions, messages on their way, retained messages, wills.
//!
//! The core has no files. It [tells](Broker::take_changes) what has changed, as records, and is [restored](Restore)
//! from records. Whoever drives it saves each set of changes in full or not at all, and lets nothing out before that
//! the core has said in the meantime, unless it [may leave](super::Output::Pass): then everything that was acknowledged is saved.
//!
//! | file | what it does |
//! |---|---|
//! | `kept` | collections that note which of their entries change |
//! | `journal` | from these notes to records; the keys |
//! | `state`, `entry`, `bodies` | the records of sessions, of what belongs to them, and of messages |
//! | `changes` | what is to be saved, as bytes |
//! | `bytes` | how records are written |
//! | `restore` | from records to a broker |
//!
//! A session that ends with its network connection leaves nothing but its will. Network connections are not saved: at
//! the restart each that was open counts as lost, so its will is due and its Session Expiry Interval begins.

mod bodies;
mod bytes;
mod changes;
mod entry;
mod journal;
mod kept;
mod restore;
mod state;

pub use bytes::BrokenRecord;
pub use changes::Changes;
pub use restore::Restore;

pub(crate) use bodies::Saved;
pub(crate) use entry::Entry;
pub(crate) use journal::{Journal, Place};
pub(crate) use kept::{Kept, Notes, Tracked};
