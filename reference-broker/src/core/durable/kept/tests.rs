//! What is noted, against a copy of what is saved.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mqttspec_wire::{Properties, QoS, Utf8String};
use proptest::prelude::*;

use super::{Before, Kept, Tracked};
use crate::core::{durable::Saved, message::Message};

#[derive(Clone, Copy, Debug)]
enum Act {
    Insert(u64),
    Remove(u64),
    Change(u64),
    Save,
}

fn act() -> impl Strategy<Value = Act> {
    let key = 0..5u64;
    prop_oneof![
        20 => key.clone().prop_map(Act::Insert),
        20 => key.clone().prop_map(Act::Remove),
        20 => key.prop_map(Act::Change),
        1 => Just(Act::Save),
    ]
}

fn message() -> Arc<Message> {
    Arc::new(Message {
        topic: Utf8String::new(),
        payload: bytes::Bytes::new(),
        qos: QoS::AtLeastOnce,
        retain: false,
        properties: Properties::new(),
        expiry: None,
        received: Duration::ZERO,
        saved: Saved::default(),
    })
}

/// Brings what is saved up to date by the notes, which have to be right about it.
fn save(kept: &mut Kept<u64, Arc<Message>>, saved: &mut BTreeMap<u64, Arc<Message>>) {
    let noted = kept.notes().take();
    assert!(noted.is_sorted_by(|(one, _), (next, _)| one < next), "each key once, in their order");
    for (key, before) in noted {
        let was = match kept.get(&key) {
            Some(entry) => saved.insert(key, Arc::clone(entry)),
            None => saved.remove(&key),
        };
        match (before, was) {
            (Before::Nothing, None) => {}
            (Before::Saved(Some(message)), Some(was)) => assert!(Arc::ptr_eq(&message, &was)),
            (before, was) => panic!("noted {before:?}, but {was:?} is saved"),
        }
    }
}

proptest! {
    #[test]
    fn the_first_note_of_a_key_says_what_is_saved(acts in proptest::collection::vec(act(), 0..500)) {
        let (mut kept, mut saved) = (Kept::default(), BTreeMap::new());
        kept.notes().start();
        for act in acts {
            match act {
                Act::Insert(key) => drop(kept.insert(key, message())),
                Act::Remove(key) => drop(kept.remove(&key)),
                Act::Change(key) => {
                    if let Some(entry) = kept.get_mut(&key) {
                        *entry = message();
                    }
                }
                Act::Save => save(&mut kept, &mut saved),
            }
        }
        save(&mut kept, &mut saved);
        prop_assert!(kept.keys().eq(saved.keys()));
        prop_assert!(kept.values().zip(saved.values()).all(|(entry, saved)| Arc::ptr_eq(entry, saved)));
    }
}
