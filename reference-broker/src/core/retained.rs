//! Retained messages (MQTT 3.1.1 §3.3.1.3, MQTT 5.0 §3.3.1.3).

use std::sync::Arc;

use mqttspec_wire::Utf8String;

use super::{
    Rule,
    config::Limits,
    durable::{Notes, Tracked},
    message::Message,
    replay::Replay,
    subscriptions::{canonical, matching},
    tree::Tree,
    turn::Turn,
};

/// The last retained message of each topic.
#[derive(Debug)]
pub(crate) struct Retained {
    tree: Tree<Stored>,
    /// How many have been stored.
    stored: u64,
    count: usize,
    /// The bytes that they take.
    bytes: usize,
    notes: Notes<Utf8String>,
}

/// A retained message.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) message: Arc<Message>,
    /// How many had been stored with it.
    pub(crate) order: u64,
}

/// Some of the messages that a filter matches.
#[derive(Debug, Default)]
pub(crate) struct Stretch {
    /// The messages with their paths, in the order of their topics.
    pub(crate) messages: Vec<(String, Arc<Message>)>,
    /// The path from which the search has to go on, unless it is at its end.
    pub(crate) rest: Option<String>,
}

impl Retained {
    pub(crate) fn new() -> Self {
        Self { tree: Tree::new(), stored: 0, count: 0, bytes: 0, notes: Notes::default() }
    }

    /// Whether the limits let a message of this size be retained.
    pub(crate) fn has_room(&self, limits: &Limits, topic: &str, size: usize) -> bool {
        let replaced = self.tree.get(topic);
        let freed = replaced.map_or(0, |stored| stored.message.size());
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
        self.stored += 1;
        let order = self.stored;
        let mut is_new = false;
        let stored = self.tree.get_or_insert_with(&path, || {
            is_new = true;
            Stored { message: Arc::clone(&message), order }
        });
        if let Some(stored) = stored {
            if is_new {
                self.count += 1;
                self.bytes += message.size();
            } else if turn.obeys(Rule::RetainedReplaced) {
                self.bytes -= stored.message.size();
                self.bytes += message.size();
                *stored = Stored { message, order };
            }
        }
    }

    /// Removes the message of a topic.
    pub(crate) fn remove(&mut self, turn: &Turn, topic: &str) {
        let path = canonical(turn.rules(), topic);
        self.note(&path);
        if let Some(Stored { message, .. }) = self.tree.remove(&path) {
            self.count -= 1;
            self.bytes -= message.size();
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
    pub(crate) fn restore(&mut self, path: &str, stored: Stored) {
        self.count += 1;
        self.bytes += stored.message.size();
        self.go_on_after(stored.order);
        self.tree.get_or_insert_with(path, || stored);
    }

    /// What is stored from now on has a higher number than this.
    pub(crate) fn go_on_after(&mut self, order: u64) {
        self.stored = self.stored.max(order);
    }

    fn note(&mut self, path: &str) {
        if self.notes.is_on()
            && let Ok(path) = Utf8String::try_from(path)
        {
            self.notes.note(&path, self.tree.get(&path));
        }
    }

    /// How many have been stored; what is stored later has a higher number.
    pub(crate) const fn newest(&self) -> u64 {
        self.stored
    }

    /// The message of a topic that has not expired, if it was stored by `until` or before.
    pub(crate) fn as_of(&self, turn: &Turn, until: u64, topic: &str) -> Option<&Arc<Message>> {
        let stored = self.tree.get(topic).filter(|stored| stored.order <= until)?;
        (!is_gone(turn, &stored.message)).then_some(&stored.message)
    }

    /// The next messages, at most `most`, that a replay is to bring. Those that have expired are dropped.
    pub(crate) fn stretch(&mut self, turn: &mut Turn, replay: &Replay, most: usize) -> Stretch {
        let (mut found, mut expired) = (Stretch::default(), Vec::new());
        let path = canonical(turn.rules(), replay.subscription.0.filter());
        let mut walk = self.tree.topics_matching(&path, matching(turn.rules()), replay.after.as_deref());
        while walk.step() {
            turn.search = turn.search.saturating_sub(1);
            if let Some(Stored { message, .. }) = walk.value().filter(|stored| stored.order <= replay.until) {
                if is_gone(turn, message) {
                    expired.push(Arc::clone(message));
                } else {
                    found.messages.push((walk.path(), Arc::clone(message)));
                }
            }
            if turn.search == 0 || found.messages.len() >= most {
                found.rest = Some(walk.path());
                break;
            }
        }
        for message in expired {
            self.remove(turn, &message.topic);
        }
        found
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// The bytes that they take.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// When nothing is stored, which saves looking.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

fn is_gone(turn: &Turn, message: &Message) -> bool {
    message.is_expired(turn.now) && turn.obeys(Rule::RetainedExpires)
}

impl Tracked for Retained {
    type Key = Utf8String;
    type Value = Stored;

    fn notes(&mut self) -> &mut Notes<Utf8String> {
        &mut self.notes
    }

    fn entry(&self, path: &Utf8String) -> Option<&Stored> {
        self.tree.get(path)
    }

    fn note_all(&mut self) {
        for stored in self.tree.values() {
            self.notes.note(&stored.message.topic, Some(stored));
        }
    }
}
