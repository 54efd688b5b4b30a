//! Will Messages (§3.1.2.5).

use std::{sync::Arc, time::Duration};

use mqttspec_wire::ReasonCode;

use super::{
    Broker, Rule,
    deadlines::Deadline,
    ending::Ending,
    message::Message,
    session::{SessionKey, StoredWill},
    turn::Turn,
};

impl Broker {
    /// What becomes of the will when its network connection has ended: published, delayed or deleted.
    pub(crate) fn settle_will(&mut self, turn: &mut Turn, key: SessionKey, ending: Ending<'_>) {
        let is_published = match ending {
            Ending::Disconnected(ReasonCode::SUCCESS) => !turn.obeys(Rule::DisconnectDiscardsWill),
            Ending::Disconnected(_) => turn.obeys(Rule::WillAfterOtherDisconnect),
            Ending::TakenOver => turn.obeys(Rule::WillAfterTakeover),
            Ending::Error(ReasonCode::KEEP_ALIVE_TIMEOUT, _) => turn.obeys(Rule::WillAfterKeepAliveTimeout),
            Ending::Error(..) | Ending::Unanswered => turn.obeys(Rule::WillAfterError),
            Ending::Lost => turn.obeys(Rule::WillPublished),
        };
        if !is_published {
            if turn.obeys(Rule::DisconnectDeletesWill) {
                self.replace_will(key, None);
            }
            return;
        }
        let Some(session) = self.sessions.get_mut(key) else { return };
        let Some(StoredWill { will, due }) = session.will.as_deref_mut() else { return };
        let mut delay = will.properties.will_delay_interval().unwrap_or(0);
        if delay != 0 && !turn.obeys(Rule::WillDelayed) {
            delay = 0;
        } else if delay == 0 && !turn.obeys(Rule::WillPrompt) {
            delay = 10;
        }
        if delay == 0 {
            return self.publish_will(turn, key);
        }
        let at = turn.now + Duration::from_secs(u64::from(delay));
        *due = Some(at);
        self.deadlines.set(at, Deadline::Will(key));
    }

    /// The Will Delay Interval is over.
    pub(crate) fn delayed_will_is_due(&mut self, turn: &mut Turn, key: SessionKey) {
        if self.pending_will(key).is_some_and(|due| due <= turn.now) {
            self.publish_will(turn, key);
        }
    }

    /// The session ends: a delayed will waits no longer.
    pub(crate) fn publish_pending_will(&mut self, turn: &mut Turn, key: SessionKey) {
        if let Some(due) = self.pending_will(key) {
            self.deadlines.cancel(due, Deadline::Will(key));
            if turn.obeys(Rule::WillAtSessionEnd) {
                self.publish_will(turn, key);
            }
        }
    }

    /// The client is back: a delayed will is not published.
    pub(crate) fn cancel_pending_will(&mut self, turn: &Turn, key: SessionKey) {
        let Some(due) = self.pending_will(key) else { return };
        if turn.obeys(Rule::WillCancelledByReturn) {
            self.deadlines.cancel(due, Deadline::Will(key));
            self.replace_will(key, None);
        }
    }

    fn pending_will(&self, key: SessionKey) -> Option<Duration> {
        self.sessions.get(key)?.will.as_ref()?.due
    }

    fn publish_will(&mut self, turn: &mut Turn, key: SessionKey) {
        let Some(StoredWill { will, .. }) = self.replace_will(key, None).map(|stored| *stored) else {
            return;
        };
        if !turn.obeys(Rule::WillDeletedOncePublished) {
            self.replace_will(key, Some(Box::new(StoredWill { will: will.clone(), due: None })));
        }
        let message = Arc::new(Message::will(turn, will));
        self.accept(turn, Some(key), &message);
    }
}
