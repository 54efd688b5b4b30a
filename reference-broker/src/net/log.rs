//! What happens, as events of `tracing`: what an operator should look at is `WARN`, who comes, goes and is refused `INFO`, what
//! a client may not do `DEBUG`.

use tracing::{Level, debug, enabled, info, warn};

use crate::core::Notice;

/// Whether anybody reads what the core notices.
pub(super) fn is_read() -> bool {
    enabled!(Level::INFO)
}

/// Writes down what the core has noticed.
pub(super) fn write(notice: &Notice) {
    match notice {
        Notice::Accepted { connection, client_id, user, version, resumed } => info!(
            %connection,
            client = &**client_id,
            user = user.as_deref(),
            version = version.number(),
            resumed,
            "client accepted"
        ),
        Notice::Refused { connection, client_id, reason, text } => info!(
            %connection,
            client = &**client_id,
            reason = %reason,
            why = text,
            "client refused"
        ),
        Notice::Ended { connection, client_id, reason, text } => info!(
            %connection,
            client = &**client_id,
            reason = reason.map(|reason| reason.to_string()),
            why = text,
            "connection ended"
        ),
        Notice::TooSlow { connection, client_id } => warn!(
            %connection,
            client = &**client_id,
            "a client that does not keep up is cut off"
        ),
        Notice::Dropped { total } => warn!(total, "messages are dropped: too many wait already"),
        Notice::Denied { client_id, topic, publishes: true } => {
            debug!(client = &**client_id, topic = &**topic, "publishing denied");
        }
        Notice::Denied { client_id, topic, publishes: false } => {
            debug!(client = &**client_id, filter = &**topic, "subscription denied");
        }
    }
}
