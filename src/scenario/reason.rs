//! Reason codes by their names in kebab-case: `not-authorized`, `granted-qos-1`.

use mqttspec_spec::Version;
use mqttspec_wire::{ReasonCode, packet::PacketType};

/// The reason codes that a packet can carry in this version, by name.
///
/// Under MQTT 3.1.1 these are the return codes of CONNACK (§3.2.2.3) and SUBACK (§3.9.3); no other packet has any.
pub(super) fn names(version: Version, packet: PacketType) -> Vec<(String, u8)> {
    let named = |(code, name): &(u8, &str)| ((*name).to_owned(), *code);
    match (version, packet) {
        (Version::V3_1_1, PacketType::Connack) => [
            (0, "success"),
            (1, "unacceptable-protocol-version"),
            (2, "identifier-rejected"),
            (3, "server-unavailable"),
            (4, "bad-user-name-or-password"),
            (5, "not-authorized"),
        ]
        .iter()
        .map(named)
        .collect(),
        (Version::V3_1_1, PacketType::Suback) => {
            [(0, "granted-qos-0"), (1, "granted-qos-1"), (2, "granted-qos-2"), (0x80, "failure")]
                .iter()
                .map(named)
                .collect()
        }
        (Version::V3_1_1, _) => Vec::new(),
        (Version::V5_0, _) => {
            let zero = if packet == PacketType::Suback {
                "granted-qos-0"
            } else if packet == PacketType::Disconnect {
                "normal-disconnection"
            } else {
                "success"
            };
            ReasonCode::NAMES
                .iter()
                .map(|(code, name)| match code.0 {
                    0 => (zero.to_owned(), 0),
                    code => (name.to_lowercase().replace(' ', "-"), code),
                })
                .collect()
        }
    }
}

/// The code of this name.
pub(super) fn code(version: Version, packet: PacketType, name: &str) -> Option<u8> {
    names(version, packet).into_iter().find(|(known, _)| known == name).map(|(_, code)| code)
}
