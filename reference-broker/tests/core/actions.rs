//! What clients do at random.

use mqttspec_wire::{
    Packet, Property, ReasonCode, Version,
    packet::{Auth, Connect, Will},
};
use proptest::{collection::vec, option, prelude::*};

use crate::world::*;

pub(crate) const FILTERS: [&str; 7] = ["#", "a/+", "a/b", "a/#", "$share/g/a/b", "$share/g/#", "+/b"];
pub(crate) const TOPICS: [&str; 4] = ["a/b", "a", "c/b", "$x/b"];
pub(crate) const DEVICES: usize = 3;

/// How clients prove who they are, and what the server is to hear.
pub(crate) const METHOD: &str = "ask";
pub(crate) const ANSWER: &str = "because";

/// What a client does next, or what happens to all of them.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Connect(Hello),
    Cut,
    Disconnect { reason: u8, expiry: Option<u32> },
    Subscribe { filter: usize, qos: usize, options: u8, identifier: Option<u32> },
    Unsubscribe { filter: usize },
    Publish { topic: usize, qos: usize, retain: bool, dup: bool, id: u16, expiry: Option<u32>, length: usize },
    Release { id: u16 },
    Acknowledge { oldest: bool, reason: u8 },
    Authenticate { reason: u8, is_right: bool },
    Ping,
    Bytes(Vec<u8>),
    Wait { seconds: f64 },
    Restart,
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub(crate) struct Hello {
    pub(crate) version: Version,
    clean_start: bool,
    expiry: u32,
    pub(crate) receive_maximum: u16,
    pub(crate) maximum_packet_size: Option<u32>,
    will_delay: Option<u32>,
    /// Whether its answer is right, if it is to be asked.
    pub(crate) is_right: Option<bool>,
}

fn hello() -> impl Strategy<Value = Hello> {
    let version = prop_oneof![Just(Version::V3_1_1), Just(Version::V5_0)];
    let expiry = prop_oneof![Just(0), Just(3), Just(u32::MAX)];
    let is_right = prop_oneof![3 => Just(None), 1 => any::<bool>().prop_map(Some)];
    let size = prop_oneof![3 => Just(None), 1 => Just(Some(32))];
    let parts = (version, any::<bool>(), expiry, 1u16..4, size, option::of(0u32..5), is_right);
    parts.prop_map(
        |(version, clean_start, expiry, receive_maximum, maximum_packet_size, will_delay, is_right)| Hello {
            version,
            clean_start,
            expiry,
            receive_maximum,
            maximum_packet_size,
            will_delay,
            is_right,
        },
    )
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    let reason = prop_oneof![4 => Just(0), 1 => Just(0x80)];
    prop_oneof![
        3 => hello().prop_map(Action::Connect),
        1 => Just(Action::Cut),
        1 => (prop_oneof![Just(0), Just(4)], option::of(0u32..3))
            .prop_map(|(reason, expiry)| Action::Disconnect { reason, expiry }),
        4 => (0..FILTERS.len(), 0usize..3, 0u8..32, option::of(1u32..100)).prop_map(
            |(filter, qos, options, identifier)| Action::Subscribe { filter, qos, options, identifier }
        ),
        1 => (0..FILTERS.len()).prop_map(|filter| Action::Unsubscribe { filter }),
        8 => (0..TOPICS.len(), 0usize..3, any::<bool>(), any::<bool>(), 1u16..4, option::of(0u32..4), 0usize..9)
            .prop_map(|(topic, qos, retain, dup, id, expiry, length)| Action::Publish {
                topic, qos, retain, dup, id, expiry, length
            }),
        2 => (1u16..4).prop_map(|id| Action::Release { id }),
        6 => (any::<bool>(), reason).prop_map(|(oldest, reason)| Action::Acknowledge { oldest, reason }),
        1 => (0x18u8..0x1A, any::<bool>()).prop_map(|(reason, is_right)| Action::Authenticate { reason, is_right }),
        1 => Just(Action::Ping),
        1 => vec(any::<u8>(), 0..20).prop_map(Action::Bytes),
        2 => (0.0..3.0f64).prop_map(|seconds| Action::Wait { seconds }),
        1 => Just(Action::Restart),
    ]
}

/// The same, with a broker that is not restarted: a mutant may not be able to read what it has saved.
pub(crate) fn action_of_clients() -> impl Strategy<Value = Action> {
    action().prop_map(|action| match action {
        Action::Restart => Action::Ping,
        other => other,
    })
}

impl Hello {
    /// The CONNECT of a client.
    pub(crate) fn packet(&self, number: usize) -> Connect {
        let is_new = self.version == Version::V5_0;
        let ask = [
            Some(Property::SessionExpiryInterval(self.expiry)),
            Some(Property::ReceiveMaximum(self.receive_maximum)),
            self.maximum_packet_size.map(Property::MaximumPacketSize),
            self.is_right.map(|_| Property::AuthenticationMethod(text(METHOD))),
        ];
        let will = self.will_delay.map(|delay| {
            let properties = properties(is_new.then_some(Property::WillDelayInterval(delay)));
            Will { properties, ..will("a/b", "gone") }
        });
        Connect {
            clean_start: self.clean_start,
            keep_alive: 4,
            properties: properties(ask.into_iter().flatten().filter(|_| is_new)),
            will,
            ..connect(self.version, &format!("device{number}"))
        }
    }
}

/// An AUTH with an answer.
pub(crate) fn authenticate(reason: u8, is_right: bool) -> Packet {
    let answer = if is_right { ANSWER } else { "no" };
    let method = Property::AuthenticationMethod(text(METHOD));
    let properties = properties([method, Property::AuthenticationData(answer.into())]);
    Packet::Auth(Auth { reason: ReasonCode(reason), properties })
}
