//! What a client may ask for in SUBSCRIBE and UNSUBSCRIBE (§3.8.3, §4.7, MQTT 5.0 §4.8.2).

use mqttspec_wire::{
    TopicFilter, Utf8String,
    packet::{Subscribe, Subscription, Unsubscribe},
    topic::TopicFault,
};

use super::{
    findings::Findings,
    terms::{Accepted, Terms},
};
use crate::referee::duty::duties;

duties! {
    MULTI_LEVEL_WILDCARD_IS_LAST: Client, Always, v3 "4.7.1-2", v5 "4.7.1-1";
    SINGLE_LEVEL_WILDCARD_FILLS_LEVEL: Client, Always, v3 "4.7.1-3", v5 "4.7.1-2";
    FILTER_NOT_EMPTY: Client, Always, v3 "4.7.3-1", v5 "4.7.3-1";
    SHARE_NAME_PRESENT: Client, Always, v5 "4.8.2-1";
    SHARE_NAME_AND_FILTER: Client, Always, v5 "4.8.2-2";
    NO_LOCAL_IS_NOT_SHARED: Client, Always, v5 "3.8.3-4";
    WILDCARDS_AVAILABLE: Client, Always, v5 "X-3.2.2.3.11-2";
    SUBSCRIPTION_IDENTIFIERS_AVAILABLE: Client, Always, v5 "X-3.2.2.3.12-2";
    SHARED_SUBSCRIPTIONS_AVAILABLE: Client, Always, v5 "X-3.2.2.3.13-2";
}

/// The client's SUBSCRIBE. Before CONNACK the client cannot know what the server offers.
pub(super) fn subscribe(packet: &Subscribe, terms: Option<&Terms>, findings: &mut Findings) {
    let accepted = terms.and_then(|terms| terms.accepted);
    if accepted.is_some_and(|accepted| !accepted.subscription_identifiers) {
        with_identifier(packet, findings);
    }
    for subscription in &packet.filters {
        let filter = &subscription.filter;
        match parse(filter, findings) {
            Ok(parsed) => options(subscription, &parsed, accepted, findings),
            Err(fault) => invalid(filter, fault, findings),
        }
    }
}

/// The client's UNSUBSCRIBE.
pub(super) fn unsubscribe(packet: &Unsubscribe, findings: &mut Findings) {
    for filter in &packet.filters {
        if let Err(fault) = parse(filter, findings) {
            invalid(filter, fault, findings);
        }
    }
}

fn parse(filter: &Utf8String, findings: &Findings) -> Result<TopicFilter, TopicFault> {
    if findings.is_v5() { TopicFilter::parse_v5(filter) } else { TopicFilter::parse_v3(filter) }
}

fn invalid(filter: &str, fault: TopicFault, findings: &mut Findings) {
    let duty = match fault {
        TopicFault::Empty => FILTER_NOT_EMPTY,
        TopicFault::MultiLevelWildcard => MULTI_LEVEL_WILDCARD_IS_LAST,
        // A topic name's fault, which no filter has.
        TopicFault::SingleLevelWildcard | TopicFault::Wildcard => SINGLE_LEVEL_WILDCARD_FILLS_LEVEL,
        TopicFault::ShareName if filter.starts_with("$share//") || filter == "$share/" => SHARE_NAME_PRESENT,
        TopicFault::ShareName => SHARE_NAME_AND_FILTER,
    };
    findings.breach(duty, format_args!("The Topic Filter {filter:?} is invalid: {fault}"));
}

fn options(
    subscription: &Subscription,
    filter: &TopicFilter,
    accepted: Option<Accepted>,
    findings: &mut Findings,
) {
    let is_shared = filter.share_name().is_some();
    if is_shared && subscription.no_local {
        findings.breach(
            NO_LOCAL_IS_NOT_SHARED,
            format_args!("SUBSCRIBE sets No Local on the Shared Subscription {:?}", filter.as_utf8()),
        );
    }
    let Some(accepted) = accepted else { return };
    if is_shared && !accepted.shared_subscriptions {
        findings.breach(
            SHARED_SUBSCRIPTIONS_AVAILABLE,
            format_args!(
                "SUBSCRIBE asks for the Shared Subscription {:?}, which the CONNACK says is not available",
                filter.as_utf8()
            ),
        );
    }
    if filter.has_wildcard() && !accepted.wildcards {
        findings.breach(
            WILDCARDS_AVAILABLE,
            format_args!(
                "SUBSCRIBE has the wildcard filter {:?}, which the CONNACK says is not available",
                filter.as_utf8()
            ),
        );
    }
}

fn with_identifier(packet: &Subscribe, findings: &mut Findings) {
    if let Some(identifier) = packet.properties.subscription_identifiers().next() {
        findings.breach(
            SUBSCRIPTION_IDENTIFIERS_AVAILABLE,
            format_args!(
                "SUBSCRIBE has the Subscription Identifier {identifier}, although the CONNACK says that they are not available"
            ),
        );
    }
}
