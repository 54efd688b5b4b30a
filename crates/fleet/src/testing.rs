//! Small plans for tests, whose devices meet on the topic `t`.

use bytes::BytesMut;
use mqttspec_wire::{QoS, Version};

use crate::{
    device::{Action, Desk},
    history::Event,
    layout::Layout,
    plan::{
        Backoff, Client, Group, Limits, Link, Micros, Pace, Phase, PhaseEvent, Plan, Publish, SECOND, Sizes,
        Subscribe, SubscriptionOptions, Template,
    },
    random::Range,
};

/// A device that does nothing.
pub(crate) fn group(name: &str, version: Version) -> Group {
    Group {
        name: name.to_owned(),
        count: 1,
        version,
        clean_start: false,
        expiry: 60,
        keep_alive: 0,
        credentials: None,
        receive_maximum: None,
        clock_skew: 0,
        will: None,
        subscribe: Vec::new(),
        publish: Vec::new(),
        client: Client::Own,
        acknowledge_after: Range::default(),
        duty: None,
        backoff: Backoff::default(),
        link: Link::default(),
    }
}

/// A message every second.
pub(crate) fn publication(qos: [u32; 3]) -> Publish {
    Publish {
        topic: Template::plain("t"),
        qos,
        pace: Pace::Every(Range::only(SECOND)),
        retain: false,
        clears: 0,
        size: Sizes::only(Range::only(32)),
        expiry: None,
    }
}

pub(crate) fn subscription() -> Subscribe {
    Subscribe {
        filter: Template::plain("t"),
        qos: QoS::ExactlyOnce,
        renewal: None,
        options: SubscriptionOptions::default(),
    }
}

/// A plan that lasts a second.
pub(crate) fn plan(groups: Vec<Group>, limits: Limits) -> Plan {
    let phase = Phase { name: "steady".to_owned(), lasts: SECOND, event: PhaseEvent::Steady };
    Plan { title: String::new(), groups, phases: vec![phase], limits }
}

/// What a device has in hand.
#[derive(Default)]
pub(crate) struct Board {
    pub(crate) actions: Vec<Action>,
    pub(crate) events: Vec<Event>,
    scratch: BytesMut,
}

impl Board {
    /// Its desk at a time.
    pub(crate) fn desk<'a>(&'a mut self, layout: &'a Layout, now: Micros) -> Desk<'a> {
        Desk {
            layout,
            run: 1,
            now,
            calm: false,
            messages: None,
            credentials: None,
            actions: &mut self.actions,
            events: &mut self.events,
            scratch: &mut self.scratch,
        }
    }
}

pub(crate) fn layout(group: Group) -> Layout {
    Layout::new(plan(vec![group], Limits::default())).unwrap()
}
