//! What of a client's packets has to be another than in the capture.

use mqttspec_wire::{Packet, Utf8String, packet::Connect};

use super::Options;

/// Puts the prefixes in front of names, and other passwords in the place of those in the capture.
pub(super) fn rewrite(packet: &mut Packet, options: &Options) {
    match packet {
        Packet::Connect(connect) => connect_as(connect, options),
        Packet::Publish(publish) => prefix(&mut publish.topic, &options.topic_prefix),
        Packet::Subscribe(subscribe) => {
            for wanted in &mut subscribe.filters {
                prefix(&mut wanted.filter, &options.topic_prefix);
            }
        }
        Packet::Unsubscribe(unsubscribe) => {
            for filter in &mut unsubscribe.filters {
                prefix(filter, &options.topic_prefix);
            }
        }
        Packet::Connack(_)
        | Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_)
        | Packet::Suback(_)
        | Packet::Unsuback(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Disconnect(_)
        | Packet::Auth(_) => {}
    }
}

fn connect_as(connect: &mut Connect, options: &Options) {
    if !connect.client_id.is_empty() {
        connect.client_id = joined(&options.client_prefix, &connect.client_id);
    }
    if let Some(will) = &mut connect.will {
        prefix(&mut will.topic, &options.topic_prefix);
    }
    let user = connect.username.as_ref().map(|name| name.as_str().to_owned());
    if let Some(password) = user.and_then(|name| options.passwords.get(&name)) {
        connect.password = Some(password.clone());
    }
}

/// A topic of the server itself (`$SYS`) has no place below a prefix; the filter of a shared subscription has.
fn prefix(topic: &mut Utf8String, prefix: &str) {
    if topic.is_empty() || prefix.is_empty() {
        return;
    }
    let shared = topic.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
    if let Some((group, filter)) = shared {
        *topic = joined(&format!("$share/{group}/{prefix}"), filter);
    } else if !topic.starts_with('$') {
        *topic = joined(prefix, topic);
    }
}

/// What would be too long for the wire stays as it is.
fn joined(prefix: &str, text: &str) -> Utf8String {
    let whole = format!("{prefix}{text}");
    Utf8String::try_from(whole.as_str()).or_else(|_| Utf8String::try_from(text)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a/b", "test/a/b")]
    #[case("#", "test/#")]
    #[case("$share/group/a/#", "$share/group/test/a/#")]
    #[case("$SYS/broker", "$SYS/broker")]
    #[case("", "")]
    fn topics_move_below_the_prefix(#[case] topic: &str, #[case] expected: &str) {
        let mut topic = Utf8String::try_from(topic).unwrap();
        prefix(&mut topic, "test/");
        assert_eq!(topic.as_str(), expected);
    }
}
