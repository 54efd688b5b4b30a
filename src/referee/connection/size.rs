//! Maximum Packet Size, and what may be said about problems (MQTT 5.0 §3.1.2.11).

use mqttspec_wire::{Packet, Properties, Sender, packet::PacketType};

use super::{findings::Findings, sides::peer, terms::Terms};
use crate::referee::duty::{Duty, duties};

duties! {
    SERVER_WITHIN_PACKET_SIZE: Server, Always, v5 "3.1.2-24" in "remaining-length";
    CLIENT_WITHIN_PACKET_SIZE: Client, Always, v5 "3.2.2-15";
    PROBLEM_INFORMATION_REQUESTED: Server, Always, v5 "3.1.2-29";
    CONNACK_REASON_STRING: Server, Always, v5 "3.2.2-19" in "reason-string";
    CONNACK_USER_PROPERTY: Server, Always, v5 "3.2.2-20" in "user-property";
    PUBACK_REASON_STRING: Both, Always, v5 "3.4.2-2" in "reason-string";
    PUBACK_USER_PROPERTY: Both, Always, v5 "3.4.2-3" in "user-property";
    PUBREC_REASON_STRING: Both, Always, v5 "3.5.2-2" in "reason-string";
    PUBREC_USER_PROPERTY: Both, Always, v5 "3.5.2-3" in "user-property";
    PUBREL_REASON_STRING: Both, Always, v5 "3.6.2-2" in "reason-string";
    PUBREL_USER_PROPERTY: Both, Always, v5 "3.6.2-3" in "user-property";
    PUBCOMP_REASON_STRING: Both, Always, v5 "3.7.2-2" in "reason-string";
    PUBCOMP_USER_PROPERTY: Both, Always, v5 "3.7.2-3" in "user-property";
    SUBACK_REASON_STRING: Server, Always, v5 "3.9.2-1" in "reason-string";
    SUBACK_USER_PROPERTY: Server, Always, v5 "3.9.2-2" in "user-property";
    UNSUBACK_REASON_STRING: Server, Always, v5 "3.11.2-1" in "reason-string";
    UNSUBACK_USER_PROPERTY: Server, Always, v5 "3.11.2-2" in "user-property";
    DISCONNECT_REASON_STRING: Both, Always, v5 "3.14.2-3" in "reason-string";
    DISCONNECT_USER_PROPERTY: Both, Always, v5 "3.14.2-4" in "user-property";
    AUTH_REASON_STRING: Both, Always, v5 "3.15.2-2" in "reason-string";
    AUTH_USER_PROPERTY: Both, Always, v5 "3.15.2-3" in "user-property";
}

/// A packet of `size` bytes on a connection with these terms.
pub(super) fn size(packet: &Packet, size: usize, terms: &Terms, findings: &mut Findings) {
    let Some(limits) = terms.limits(peer(findings.party)) else { return };
    let maximum = usize::try_from(limits.packet_size).unwrap_or(usize::MAX);
    if size <= maximum {
        return;
    }
    let duty = match findings.party {
        Sender::Client => CLIENT_WITHIN_PACKET_SIZE,
        Sender::Server => SERVER_WITHIN_PACKET_SIZE,
    };
    let name = packet.packet_type().name();
    findings.breach(
        duty,
        format_args!("{name} has {size} bytes, where the receiver's Maximum Packet Size is {maximum}"),
    );
    let Some((properties, [reason_string, user_property])) =
        packet.properties().zip(optional(packet.packet_type()))
    else {
        return;
    };
    let parts = [
        (reason_string, "Reason String", reason_string_size(properties)),
        (user_property, "User Property", user_property_size(properties)),
    ];
    for (duty, property, bytes) in parts {
        if bytes > 0 && size - bytes.min(size) <= maximum {
            findings.breach(
                duty,
                format_args!("{name} exceeds Maximum Packet Size {maximum} through its {property}"),
            );
        }
    }
}

/// The statements on Reason String and User Property, where they may make no packet too large.
const fn optional(packet: PacketType) -> Option<[Duty; 2]> {
    match packet {
        PacketType::Connack => Some([CONNACK_REASON_STRING, CONNACK_USER_PROPERTY]),
        PacketType::Puback => Some([PUBACK_REASON_STRING, PUBACK_USER_PROPERTY]),
        PacketType::Pubrec => Some([PUBREC_REASON_STRING, PUBREC_USER_PROPERTY]),
        PacketType::Pubrel => Some([PUBREL_REASON_STRING, PUBREL_USER_PROPERTY]),
        PacketType::Pubcomp => Some([PUBCOMP_REASON_STRING, PUBCOMP_USER_PROPERTY]),
        PacketType::Suback => Some([SUBACK_REASON_STRING, SUBACK_USER_PROPERTY]),
        PacketType::Unsuback => Some([UNSUBACK_REASON_STRING, UNSUBACK_USER_PROPERTY]),
        PacketType::Disconnect => Some([DISCONNECT_REASON_STRING, DISCONNECT_USER_PROPERTY]),
        PacketType::Auth => Some([AUTH_REASON_STRING, AUTH_USER_PROPERTY]),
        PacketType::Connect
        | PacketType::Publish
        | PacketType::Subscribe
        | PacketType::Unsubscribe
        | PacketType::Pingreq
        | PacketType::Pingresp => None,
    }
}

/// In bytes; 0 if there is none.
fn reason_string_size(properties: &Properties) -> usize {
    properties.reason_string().map_or(0, |text| 1 + 2 + text.len())
}

/// In bytes; 0 if there are none.
fn user_property_size(properties: &Properties) -> usize {
    properties.user_properties().map(|(name, value)| 1 + 2 + name.len() + 2 + value.len()).sum()
}

/// A server's packet to a client that may not have asked for problem information.
pub(super) fn problem_information(packet: &Packet, terms: &Terms, findings: &mut Findings) {
    if terms.problem_information {
        return;
    }
    let is_free = match packet.packet_type() {
        PacketType::Publish | PacketType::Connack | PacketType::Disconnect => true,
        PacketType::Connect
        | PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Subscribe
        | PacketType::Suback
        | PacketType::Unsubscribe
        | PacketType::Unsuback
        | PacketType::Pingreq
        | PacketType::Pingresp
        | PacketType::Auth => false,
    };
    let tells = |properties: &Properties| reason_string_size(properties) + user_property_size(properties) > 0;
    if !is_free && packet.properties().is_some_and(tells) {
        let name = packet.packet_type().name();
        findings.breach(
            PROBLEM_INFORMATION_REQUESTED,
            format_args!(
                "{name} has a Reason String or User Property although Request Problem Information is 0"
            ),
        );
    }
}
