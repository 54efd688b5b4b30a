//! The reference broker as a scenario wants it set up, and whether another broker already is.

use mqttspec_spec::Version;
use mqttspec_wire::QoS;
use reference_broker::{
    Config,
    core::{Challenge, User},
};

use super::VersionFacts;
use crate::scenario::ast::{Feature, Lack, Limit, Setting};

/// Messages that one client may have been sent without an acknowledgement: so few that scenarios see others wait.
const IN_FLIGHT: u16 = 32;

/// The configuration of a reference broker with these settings, for a run whose topics begin with `topic`.
pub fn config(settings: &[Setting], topic: &str) -> Config {
    let mut config = Config::default();
    config.limits.in_flight = IN_FLIGHT;
    for setting in settings {
        set(&mut config, setting, topic);
    }
    config
}

fn set(config: &mut Config, setting: &Setting, topic: &str) {
    match setting {
        Setting::Version(version) => {
            config.version_3_1_1 = *version == Version::V3_1_1;
            config.version_5_0 = *version == Version::V5_0;
        }
        Setting::MaximumQos(0) => config.maximum_qos = QoS::AtMostOnce,
        Setting::MaximumQos(_) => config.maximum_qos = QoS::AtLeastOnce,
        Setting::Without(Lack::Retain) => config.retain = false,
        Setting::Without(Lack::WildcardSubscriptions) => config.wildcard_subscriptions = false,
        Setting::Without(Lack::SubscriptionIdentifiers) => config.subscription_identifiers = false,
        Setting::Without(Lack::SharedSubscriptions) => config.shared_subscriptions = false,
        Setting::Limit(limit, number) => set_limit(config, *limit, *number),
        Setting::Users(users) => {
            let user = |(name, password): &(String, String)| User {
                name: name.clone(),
                password: password.clone().into(),
            };
            config.users = users.iter().map(user).collect();
        }
        Setting::DenyPublish(below) => deny(config, &format!("write {topic}/{below}")),
        Setting::DenySubscribe(below) => deny(config, &format!("read {topic}/{below}")),
        Setting::Challenge(challenge) => {
            config.challenge = Some(Challenge {
                method: challenge.method.clone(),
                question: challenge.question.clone().into(),
                answer: challenge.answer.clone().into(),
            });
        }
    }
}

/// Lets nobody do this, and everybody whatever else is not denied.
fn deny(config: &mut Config, what: &str) {
    if config.permissions.is_empty() {
        config.permissions.extend("allow all #".parse());
    }
    config.permissions.splice(..0, format!("deny {what}").parse());
}

fn set_limit(config: &mut Config, limit: Limit, number: u32) {
    let small = || u16::try_from(number).unwrap_or(u16::MAX);
    match limit {
        Limit::ReceiveMaximum => config.receive_maximum = small(),
        Limit::MaximumPacketSize => config.maximum_packet_size = number,
        Limit::TopicAliasMaximum => config.topic_alias_maximum = small(),
        Limit::SessionExpiryMaximum => config.session_expiry_maximum = Some(number),
        Limit::ServerKeepAlive => config.server_keep_alive = Some(small()),
    }
}

impl VersionFacts {
    /// Why a broker that says this of itself is not known to have the setting; `None` if it shows it.
    pub(super) fn lacks(&self, setting: &Setting) -> Option<String> {
        let limit = |name: &str, wanted: u32| {
            let shown = self.limits.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
            match shown {
                Some(shown) if shown.total_cmp(&f64::from(wanted)).is_eq() => None,
                Some(shown) => Some(format!("CONNACK shows {shown}")),
                None => Some(UNSEEN.to_owned()),
            }
        };
        match setting {
            Setting::MaximumQos(qos) => limit("limits.maximum_qos", (*qos).into()),
            Setting::Without(lack) => {
                let feature = match lack {
                    Lack::Retain => Feature::Retain,
                    Lack::WildcardSubscriptions => Feature::Wildcard,
                    Lack::SubscriptionIdentifiers => Feature::SubscriptionIdentifier,
                    Lack::SharedSubscriptions => Feature::Shared,
                };
                (!self.missing.contains_key(&feature)).then(|| format!("it offers `{}`", feature.name()))
            }
            Setting::Limit(Limit::ReceiveMaximum, number) => limit("limits.receive_maximum", *number),
            Setting::Limit(Limit::MaximumPacketSize, number) => limit("limits.maximum_packet_size", *number),
            Setting::Limit(Limit::TopicAliasMaximum, number) => limit("limits.topic_alias_maximum", *number),
            Setting::Limit(Limit::ServerKeepAlive, number) => limit("limits.server_keep_alive", *number),
            Setting::Limit(Limit::SessionExpiryMaximum, _)
            | Setting::Version(_)
            | Setting::Users(_)
            | Setting::DenyPublish(_)
            | Setting::DenySubscribe(_)
            | Setting::Challenge(_) => Some(UNSEEN.to_owned()),
        }
    }
}

const UNSEEN: &str = "no packet shows whether it is set up so";

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn facts() -> VersionFacts {
        let limits = [("limits.maximum_qos", 1.0), ("limits.receive_maximum", 10.0)];
        VersionFacts {
            limits: limits.into_iter().map(|(name, number)| (name.to_owned(), number)).collect(),
            missing: [(Feature::Retain, "CONNACK says so".to_owned())].into(),
            ..VersionFacts::default()
        }
    }

    #[rstest]
    #[case(Setting::MaximumQos(1), None)]
    #[case(Setting::MaximumQos(0), Some("CONNACK shows 1"))]
    #[case(Setting::Limit(Limit::ReceiveMaximum, 10), None)]
    #[case(Setting::Limit(Limit::ReceiveMaximum, 2), Some("CONNACK shows 10"))]
    #[case(Setting::Limit(Limit::ServerKeepAlive, 2), Some(UNSEEN))]
    #[case(Setting::Without(Lack::Retain), None)]
    #[case(Setting::Without(Lack::WildcardSubscriptions), Some("it offers `wildcard`"))]
    #[case(Setting::Version(Version::V5_0), Some(UNSEEN))]
    fn a_setting_is_what_packets_show(#[case] setting: Setting, #[case] expected: Option<&str>) {
        assert_eq!(facts().lacks(&setting).as_deref(), expected);
    }
}
