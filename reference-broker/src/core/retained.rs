//! Retained messages (MQTT 3.1.1 §3.3.1.3, MQTT 5.0 §3.3.1.3).

use std::sync::Arc;

use mqttspec_wire::Utf8String;

use super::{
    Rule,
    config::Limits,
    durable::{Notes, Tracked},
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
    notes: Notes<Utf8String>,
}

impl Retained {
    pub(crate) fn new() -> Self {
        Self { tree: Tree::new(), count: 0, bytes: 0, notes: Notes::default() }
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
        self.note(&path);
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
        let path = canonical(turn.rules(), topic);
        self.note(&path);
        if let Some(message) = self.tree.remove(&path) {
            self.count -= 1;
            self.bytes -= message.payload.len();
        }
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        self.note_all();
        let notes = std::mem::take(&mut self.notes);
        *self = Self { notes, ..Self::new() };
    }

    /// Begins to note what changes.
    pub(crate) fn watch(&mut self) {
        self.notes.start();
    }

    /// Stores a message that was saved.
    pub(crate) fn restore(&mut self, path: &str, message: Arc<Message>) {
        self.count += 1;
        self.bytes += message.payload.len();
        self.tree.get_or_insert_with(path, || message);
    }

    fn note(&mut self, path: &str) {
        if self.notes.is_on()
            && let Ok(path) = Utf8String::try_from(path)
        {
            self.notes.note(&path, self.tree.get(&path));
        }
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

impl Tracked for Retained {
    type Key = Utf8String;
    type Value = Arc<Message>;

    fn notes(&mut self) -> &mut Notes<Utf8String> {
        &mut self.notes
    }

    fn entry(&self, path: &Utf8String) -> Option<&Arc<Message>> {
        self.tree.get(path)
    }

    fn note_all(&mut self) {
        for message in self.tree.values() {
            self.notes.note(&message.topic, Some(message));
        }
    }
}
