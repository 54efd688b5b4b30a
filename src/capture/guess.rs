//! The version of a conversation whose CONNECT was not captured, by the packets themselves.

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::{Packet, Sender, decode};

/// So many packets have to speak for a version, and none for the other one.
const ENOUGH: u32 = 3;

/// What the packets speak for. Many fit either version: an acknowledgement without a reason, a message whose payload
/// could be an empty list of properties.
#[derive(Debug, Default)]
pub(super) struct Guess {
    /// Packets that fit only MQTT 3.1.1, and only 5.0.
    only: [u32; 2],
}

impl Guess {
    /// Looks at a packet; says the version as soon as it is clear.
    pub(super) fn packet(&mut self, sender: Sender, raw: &Bytes) -> Option<Version> {
        let [older, newer] = &mut self.only;
        let read = |version| decode(sender, Some(version), raw);
        match (read(Version::V3_1_1), read(Version::V5_0)) {
            (Ok(_), Err(_)) => *older += 1,
            (Err(_), Ok(_)) => *newer += 1,
            // No payload is a list of properties by accident.
            (Ok(_), Ok(Packet::Publish(publish))) if !publish.properties.is_empty() => *newer += 1,
            (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
        }
        match self.only {
            [(ENOUGH..), 0] => Some(Version::V3_1_1),
            [0, (ENOUGH..)] => Some(Version::V5_0),
            [_, _] => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const EITHER: &[u8] = &[0x40, 2, 0, 1];
    /// PUBLISH with a payload that cannot be properties, and PUBACK with a reason.
    const OLDER: &[u8] = &[0x30, 6, 0, 1, b't', b'a', b'b', b'c'];
    const NEWER: &[u8] = &[0x40, 3, 0, 1, 0];
    /// With a Message Expiry Interval.
    const EXPIRING: &[u8] = &[0x30, 9, 0, 1, b't', 5, 2, 0, 0, 0, 60];
    const NEITHER: &[u8] = &[0xC1, 0];

    #[rstest]
    #[case::too_few(&[OLDER, OLDER, EITHER, NEITHER], None)]
    #[case::older(&[OLDER, EITHER, OLDER, NEITHER, OLDER], Some(Version::V3_1_1))]
    #[case::newer(&[NEWER, NEWER, NEWER], Some(Version::V5_0))]
    #[case::newer_by_properties(&[EXPIRING, EITHER, EXPIRING, EXPIRING], Some(Version::V5_0))]
    #[case::both(&[NEWER, OLDER, NEWER, NEWER, NEWER], None)]
    fn what_fits_only_one_version_decides(#[case] packets: &[&[u8]], #[case] expected: Option<Version>) {
        let mut guess = Guess::default();
        let found = packets.iter().find_map(|raw| guess.packet(Sender::Client, &Bytes::copy_from_slice(raw)));
        assert_eq!(found, expected);
    }
}
