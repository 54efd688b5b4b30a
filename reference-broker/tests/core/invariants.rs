//! Whatever clients do, whatever is offered and whenever the broker is restarted, some things are always true:
//!
//! - No Packet Identifier is in use twice: a message gets one that no unacknowledged message of the session has, and keeps
//!   it when it is sent again.
//! - No client has more unacknowledged QoS 1 and QoS 2 messages than its Receive Maximum, and none is sent twice on one
//!   network connection.
//! - Nobody gets what it has not subscribed to in this session. It may have unsubscribed since, for what waits is still
//!   delivered: also at QoS 0, if it waits behind retained messages, and those for the client to acknowledge others.
//! - Nobody gets what it may not read, what its publisher may not write, or a QoS above the Maximum QoS.
//! - What one client publishes to a topic comes to another in this order at each QoS, except through Shared Subscriptions.
//! - Every packet that has an answer gets it at once and once, or the network connection is closed. Nothing else is answered.
//! - Every byte that is sent belongs to a packet that the client understands, none is larger than the client accepts, and no
//!   client of MQTT 3.1.1 gets DISCONNECT.
//! - Nothing grows without bound: there are never more sessions than clients, more subscriptions than filters or more
//!   retained messages than topics, or more of them or of what waits than the limits allow, and when all sessions have ended
//!   nothing is left, not even a deadline.
//! - No deadline lies in the past, and none stays that was met.

use bytes::Bytes;
use mqttspec_wire::QoS;
use proptest::{collection::vec, prelude::*};
use reference_broker::{
    Config, Rule, Rules,
    core::{Challenge, Limits},
};

use crate::{
    actions::{ANSWER, DEVICES, METHOD, action, action_of_clients},
    everybody::Everybody,
    world::*,
};

pub(crate) fn usual() -> Config {
    let limits = Limits { queued_messages: 20, in_flight: 5, ..Limits::default() };
    let answer = Bytes::from(ANSWER);
    let challenge = Challenge { method: METHOD.into(), question: "why?".into(), answer };
    Config { limits, challenge: Some(challenge), ..Config::default() }
}

/// One in which everything soon is too much.
fn tight() -> Config {
    let limits = Limits {
        sessions: 2,
        subscriptions: 2,
        all_subscription_bytes: 400,
        retained: 1,
        in_flight: 2,
        queued_messages: 3,
        queued_bytes: 400,
        all_queued_bytes: 600,
        backlog: 300,
        ..Limits::default()
    };
    Config { limits, receive_maximum: 1, ..usual() }
}

/// One that offers little.
pub(crate) fn little() -> Config {
    Config {
        maximum_qos: QoS::AtLeastOnce,
        retain: false,
        wildcard_subscriptions: false,
        shared_subscriptions: false,
        subscription_identifiers: false,
        wills: false,
        topic_alias_maximum: 0,
        session_expiry_maximum: Some(2),
        keep_alive_maximum: Some(2),
        ..usual()
    }
}

/// One in which not everybody may do everything.
pub(crate) fn strict() -> Config {
    let permissions = ["deny read client=device1 c/#", "deny write client=device2 a", "allow all #"];
    let permissions = permissions.map(|permission| permission.parse().unwrap()).to_vec();
    Config { permissions, ..usual() }
}

/// One that makes other choices where the standard leaves some.
pub(crate) fn other() -> Config {
    Config { queue_qos_0: true, copy_for_each_subscription: true, session_expiry_maximum: Some(0), ..usual() }
}

fn config() -> impl Strategy<Value = Config> {
    prop_oneof![
        3 => Just(usual as fn() -> Config), 2 => Just(tight as fn() -> Config), 1 => Just(little as fn() -> Config),
        1 => Just(strict as fn() -> Config), 1 => Just(other as fn() -> Config)
    ]
    .prop_map(|config| config())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_broker_keeps_its_word(config in config(), actions in vec((0..DEVICES, action()), 1..150)) {
        let mut everybody = Everybody::new(World::kept(config.clone()), config);
        for (device, action) in actions {
            everybody.act(device, &action);
            everybody.look();
        }
        everybody.leave();
    }

    #[test]
    fn mutants_do_not_panic(
        rule in 0..Rule::ALL.len(),
        config in config(),
        actions in vec((0..DEVICES, action_of_clients()), 1..80),
    ) {
        let world = World::mutant(config.clone(), Rules::all().without(Rule::ALL[rule]));
        let mut everybody = Everybody::new(world, config);
        for (device, action) in actions {
            everybody.act(device, &action);
        }
    }
}
