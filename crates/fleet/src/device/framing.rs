//! Where a packet ends.

/// The longest packet that a device waits for. Nobody in a fleet sends a longer one, but others may.
const LONGEST: usize = 4 << 20;

/// How much of the packet that begins somewhere has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// All of it, this many bytes; or it can never come to its end.
    Whole(usize),
    /// A part.
    Part,
    /// It is longer than anybody waits for.
    TooLong,
}

impl Packet {
    /// The packet that begins with these bytes.
    pub(crate) fn at(bytes: &[u8]) -> Self {
        let (mut remaining, mut width) = (0, 1);
        for byte in bytes.iter().skip(1).take(4) {
            remaining |= usize::from(byte & 0x7F) << (7 * (width - 1));
            width += 1;
            if byte & 0x80 == 0 {
                return match width + remaining {
                    size if bytes.len() >= size => Self::Whole(size),
                    size if size > LONGEST => Self::TooLong,
                    _ => Self::Part,
                };
            }
        }
        // Four bytes that all promise another are no length (§2.2.3 of MQTT 3.1.1, §1.5.5 of MQTT 5.0).
        if width == 5 { Self::Whole(bytes.len()) } else { Self::Part }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], Packet::Part)]
    #[case(&[0xD0], Packet::Part)]
    #[case(&[0xD0, 0], Packet::Whole(2))]
    #[case(&[0x40, 2, 0, 1, 0xD0, 0], Packet::Whole(4))]
    #[case(&[0x30, 0x80], Packet::Part)]
    #[case(&[0x30, 0x80, 0x01, 0], Packet::Part)]
    #[case(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F], Packet::TooLong)]
    #[case(&[0x30, 0x80, 0x80, 0x80, 0x80, 0x01], Packet::Whole(6))]
    fn a_packet_ends_where_its_length_says(#[case] bytes: &[u8], #[case] expected: Packet) {
        assert_eq!(Packet::at(bytes), expected);
    }
}
