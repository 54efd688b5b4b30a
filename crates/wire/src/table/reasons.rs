//! Which codes a packet may carry (MQTT 5.0 §2.4, table 2-6 with table 3-10 and its kin; MQTT 3.1.1 §3.2.2.3 and
//! §3.9.3).
//!
//! Table 2-6 lists 0x8C (Bad authentication method) for DISCONNECT and table 3-10 does not; it is allowed here.

use mqttspec_spec::{StatementId, Version, v3, v5};

use crate::{ReasonCode, Sender, packet::PacketType};

/// The codes of one kind of packet.
pub(crate) struct Codes {
    /// The statement that limits the sender to them.
    pub(crate) law: StatementId,
    both: &'static [u8],
    client: &'static [u8],
    server: &'static [u8],
}

impl Codes {
    pub(crate) fn allow(&self, code: ReasonCode, sender: Sender) -> bool {
        self.of(sender).any(|allowed| allowed == code)
    }

    /// The codes that this sender may use.
    pub(crate) fn of(&self, sender: Sender) -> impl Iterator<Item = ReasonCode> {
        let own = match sender {
            Sender::Client => self.client,
            Sender::Server => self.server,
        };
        self.both.iter().chain(own).copied().map(ReasonCode)
    }
}

/// The codes that a packet of this type may carry; none if it has no field for one.
pub(crate) const fn codes(version: Version, packet: PacketType) -> Option<&'static Codes> {
    match (version, packet) {
        (Version::V3_1_1, PacketType::Connack) => Some(&V3_CONNACK),
        (Version::V3_1_1, PacketType::Suback) => Some(&V3_SUBACK),
        (Version::V5_0, PacketType::Connack) => Some(&CONNACK),
        (Version::V5_0, PacketType::Puback) => Some(&PUBACK),
        (Version::V5_0, PacketType::Pubrec) => Some(&PUBREC),
        (Version::V5_0, PacketType::Pubrel) => Some(&PUBREL),
        (Version::V5_0, PacketType::Pubcomp) => Some(&PUBCOMP),
        (Version::V5_0, PacketType::Suback) => Some(&SUBACK),
        (Version::V5_0, PacketType::Unsuback) => Some(&UNSUBACK),
        (Version::V5_0, PacketType::Disconnect) => Some(&DISCONNECT),
        (Version::V5_0, PacketType::Auth) => Some(&AUTH),
        (
            Version::V5_0,
            PacketType::Connect
            | PacketType::Publish
            | PacketType::Subscribe
            | PacketType::Unsubscribe
            | PacketType::Pingreq
            | PacketType::Pingresp,
        )
        | (
            Version::V3_1_1,
            PacketType::Connect
            | PacketType::Publish
            | PacketType::Puback
            | PacketType::Pubrec
            | PacketType::Pubrel
            | PacketType::Pubcomp
            | PacketType::Subscribe
            | PacketType::Unsubscribe
            | PacketType::Unsuback
            | PacketType::Pingreq
            | PacketType::Pingresp
            | PacketType::Disconnect
            | PacketType::Auth,
        ) => None,
    }
}

/// Whether the standard gives the code a meaning in any packet of this version.
pub(crate) fn is_assigned(version: Version, packet: PacketType, code: ReasonCode) -> bool {
    match version {
        Version::V3_1_1 => codes(version, packet).is_some_and(|codes| codes.allow(code, Sender::Server)),
        Version::V5_0 => ReasonCode::NAMES.iter().any(|(assigned, _)| *assigned == code),
    }
}

const V3_CONNACK: Codes =
    Codes { law: v3!("3.2.2-6"), both: &[], client: &[], server: &[0x00, 0x01, 0x02, 0x03, 0x04, 0x05] };

const V3_SUBACK: Codes =
    Codes { law: v3!("3.9.3-2"), both: &[], client: &[], server: &[0x00, 0x01, 0x02, 0x80] };

const CONNACK: Codes = Codes {
    law: v5!("3.2.2-8"),
    both: &[],
    client: &[],
    server: &[
        0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99,
        0x9A, 0x9B, 0x9C, 0x9D, 0x9F,
    ],
};

const RECEIVED: &[u8] = &[0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const PUBACK: Codes = Codes { law: v5!("3.4.2-1"), both: RECEIVED, client: &[], server: &[0x10] };
const PUBREC: Codes = Codes { law: v5!("3.5.2-1"), both: RECEIVED, client: &[], server: &[0x10] };

const RELEASED: &[u8] = &[0x00, 0x92];
const PUBREL: Codes = Codes { law: v5!("3.6.2-1"), both: RELEASED, client: &[], server: &[] };
const PUBCOMP: Codes = Codes { law: v5!("3.7.2-1"), both: RELEASED, client: &[], server: &[] };

const SUBACK: Codes = Codes {
    law: v5!("3.9.3-2"),
    both: &[],
    client: &[],
    server: &[0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2],
};

const UNSUBACK: Codes = Codes {
    law: v5!("3.11.3-2"),
    both: &[],
    client: &[],
    server: &[0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91],
};

const DISCONNECT: Codes = Codes {
    law: v5!("3.14.2-1"),
    both: &[0x00, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99],
    client: &[0x04],
    server: &[0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2],
};

const AUTH: Codes = Codes { law: v5!("3.15.2-1"), both: &[0x18], client: &[0x19], server: &[0x00] };
