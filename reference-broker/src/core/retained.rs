//! Retained messages (MQTT 3.1.1 §3.3.1.3, MQTT 5.0 §3.3.1.3).

use std::sync::Arc;

use super::{
    Rule,
    config::Limits,
    message::Message,
    subscriptions::{canonical, matching},
    tree::Tree,
    turn::Turn,
};

/// The last retained message of each topic.
#[derive(Debug)]
pub(crate) struct Retained {
    tree: Tree<Arc<Message>>,
    count: usize,
    /// The bytes of their payloads.
    bytes: usize,
}

impl Retained {
    pub(crate) const fn new() -> Self {
        Self { tree: Tree::new(), count: 0, bytes: 0 }
    }

    /// Whether the limits let a message of this size be retained.
    pub(crate) fn has_room(&self, limits: &Limits, topic: &str, size: usize) -> bool {
        let replaced = self.tree.get(topic);
        let freed = replaced.map_or(0, |message| message.payload.len());
        let levels = self.tree.len() + topic.split('/').count();
        let has_place = self.count < limits.retained && levels <= limits.topic_levels;
        (replaced.is_some() || has_place) && self.bytes - freed + size <= limits.retained_bytes
    }

    /// Whether the topic has one.
    pub(crate) fn contains(&self, topic: &str) -> bool {
        self.tree.get(topic).is_some()
    }

    /// Stores a message, in place of an earlier one of its topic.
    pub(crate) fn store(&mut self, turn: &Turn, message: Arc<Message>) {
        let topic = message.topic.clone();
        let path = canonical(turn.rules(), &topic);
        let mut is_new = false;
        let stored = self.tree.get_or_insert_with(&path, || {
            is_new = true;
            Arc::clone(&message)
        });
        if let Some(stored) = stored {
            if is_new {
                self.count += 1;
                self.bytes += message.payload.len();
            } else if turn.obeys(Rule::RetainedReplaced) {
                self.bytes -= stored.payload.len();
                self.bytes += message.payload.len();
                *stored = message;
            }
        }
    }

    /// Removes the message of a topic.
    pub(crate) fn remove(&mut self, turn: &Turn, topic: &str) {
        if let Some(message) = self.tree.remove(&canonical(turn.rules(), topic)) {
            self.count -= 1;
            self.bytes -= message.payload.len();
        }
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    /// The messages whose topics the filter matches and that have not expired, in the order of their topics.
    /// Those that have are dropped.
    pub(crate) fn matching(&mut self, turn: &Turn, filter: &str) -> Vec<Arc<Message>> {
        let (mut found, mut expired) = (Vec::new(), Vec::new());
        let path = canonical(turn.rules(), filter);
        self.tree.topics_matching(&path, matching(turn.rules()), &mut |message: &Arc<Message>| {
            let gone = message.is_expired(turn.now) && turn.obeys(Rule::RetainedExpires);
            if gone { &mut expired } else { &mut found }.push(Arc::clone(message));
        });
        for message in expired {
            self.remove(turn, &message.topic);
        }
        found
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// When nothing is stored, which saves looking.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }
}
