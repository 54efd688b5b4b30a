//! The Variable Byte Integer (MQTT 5.0 §1.5.5), which is also the Remaining Length of MQTT 3.1.1 (§2.2.3).

/// The largest value that four bytes hold: 268,435,455.
pub const MAX: u32 = 0x0FFF_FFFF;

/// What the beginning of some bytes is as a Variable Byte Integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A value and the bytes it takes, which may be more than it needs.
    Value { value: u32, width: usize },
    /// More bytes are needed.
    Incomplete,
    /// The fourth byte says that a fifth follows.
    TooLong,
}

/// Reads a Variable Byte Integer at the beginning of `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Read {
    let mut value = 0;
    for (width, byte) in (1..=4).zip(bytes) {
        value |= u32::from(byte & 0x7F) << (7 * (width - 1));
        if byte & 0x80 == 0 {
            return Read::Value { value, width };
        }
    }
    if bytes.len() < 4 { Read::Incomplete } else { Read::TooLong }
}

/// The fewest bytes that hold `value`: 1 to 4, or 5 for a value above [`MAX`], which no packet may contain.
pub(crate) const fn width(value: u32) -> usize {
    match value {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        0x20_0000..=MAX => 4,
        _ => 5,
    }
}

/// `value` in `width` bytes, the last ones empty if it needs fewer.
///
/// A value above [`MAX`] takes the fifth byte that the standard forbids, so that malformed packets can be made.
pub(crate) fn write(value: u32, width: usize, mut put: impl FnMut(u8)) {
    for index in 0..width {
        let seven =
            u8::try_from(value.checked_shr(7 * u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or(0) & 0x7F);
        let more = if index + 1 < width { 0x80 } else { 0 };
        put(seven.unwrap_or(0) | more);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn bytes(value: u32, width: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(value, width, |byte| bytes.push(byte));
        bytes
    }

    // MQTT 3.1.1 table 2.4, MQTT 5.0 table 1-1.
    #[rstest]
    #[case(0, &[0x00])]
    #[case(64, &[0x40])]
    #[case(127, &[0x7F])]
    #[case(128, &[0x80, 0x01])]
    #[case(321, &[0xC1, 0x02])]
    #[case(16_383, &[0xFF, 0x7F])]
    #[case(16_384, &[0x80, 0x80, 0x01])]
    #[case(2_097_151, &[0xFF, 0xFF, 0x7F])]
    #[case(2_097_152, &[0x80, 0x80, 0x80, 0x01])]
    #[case(MAX, &[0xFF, 0xFF, 0xFF, 0x7F])]
    fn the_ends_of_the_ranges(#[case] value: u32, #[case] expected: &[u8]) {
        assert_eq!(bytes(value, width(value)), expected);
        assert_eq!(read(expected), Read::Value { value, width: expected.len() });
    }

    #[rstest]
    #[case(&[], Read::Incomplete)]
    #[case(&[0x80], Read::Incomplete)]
    #[case(&[0xFF, 0xFF, 0xFF], Read::Incomplete)]
    #[case(&[0xFF, 0xFF, 0xFF, 0xFF], Read::TooLong)]
    #[case(&[0x80, 0x80, 0x80, 0x80, 0x00], Read::TooLong)]
    #[case(&[0x80, 0x00], Read::Value { value: 0, width: 2 })]
    #[case(&[0x05, 0xFF], Read::Value { value: 5, width: 1 })]
    fn what_is_read(#[case] bytes: &[u8], #[case] expected: Read) {
        assert_eq!(read(bytes), expected);
    }

    #[test]
    fn padding_and_forbidden_values() {
        assert_eq!(bytes(5, 3), [0x85, 0x80, 0x00]);
        assert_eq!(bytes(u32::MAX, 5), [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
        assert_eq!(bytes(1, 6), [0x81, 0x80, 0x80, 0x80, 0x80, 0x00]);
    }
}
