//! The secrets of TLS connections, as clients and servers log them for those who may read along.

use std::collections::BTreeMap;

/// The number that a client makes up for each connection, by which its secrets are found.
pub(super) type ClientRandom = [u8; 32];

/// Connections whose secrets are kept; more are passed over.
const CONNECTIONS: usize = 1 << 16;
/// The longest secret: that of a suite with SHA-384, or a master secret.
const LONGEST: usize = 48;

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// The master secret of TLS 1.2.
    Master,
    /// What the client sends in the handshake of TLS 1.3.
    ClientHandshake,
    /// What the server sends in it.
    ServerHandshake,
    /// What the client sends after it.
    ClientTraffic,
    /// What the server sends after it.
    ServerTraffic,
}

impl Label {
    const ALL: [(Self, &str); 5] = [
        (Self::Master, "CLIENT_RANDOM"),
        (Self::ClientHandshake, "CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
        (Self::ServerHandshake, "SERVER_HANDSHAKE_TRAFFIC_SECRET"),
        (Self::ClientTraffic, "CLIENT_TRAFFIC_SECRET_0"),
        (Self::ServerTraffic, "SERVER_TRAFFIC_SECRET_0"),
    ];
}

/// A secret in little memory.
#[derive(Clone, Copy, Debug)]
struct Secret {
    bytes: [u8; LONGEST],
    length: u8,
}

/// Secrets of TLS connections in the format that programs write to the file named by `SSLKEYLOGFILE`.
#[derive(Clone, Debug, Default)]
pub struct KeyLog(BTreeMap<ClientRandom, [Option<Secret>; Label::ALL.len()]>);

impl KeyLog {
    /// Takes in lines of such a file; says how many secrets were in them. Other lines are passed over, since programs
    /// write more into these files, and may still be writing.
    pub fn add(&mut self, text: &[u8]) -> usize {
        text.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| self.line(line).is_some()).count()
    }

    /// Whether there are no secrets at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A secret of a connection.
    pub(super) fn find(&self, random: &ClientRandom, label: Label) -> Option<&[u8]> {
        let secret = self.0.get(random)?.get(place(label))?.as_ref()?;
        secret.bytes.get(..usize::from(secret.length))
    }

    /// `CLIENT_RANDOM 52340c85... 21c3b6f8...`
    fn line(&mut self, line: &[u8]) -> Option<()> {
        let line = std::str::from_utf8(line).ok()?;
        let mut words = line.split_ascii_whitespace();
        let name = words.next()?;
        let (label, _) = Label::ALL.into_iter().find(|(_, known)| *known == name)?;
        let (random, length) = unhex(words.next()?)?;
        let (bytes, secret) = unhex(words.next()?)?;
        let is_whole = length == 32 && matches!(secret, 32 | 48) && words.next().is_none();
        let random = random.first_chunk().copied().filter(|_| is_whole)?;
        if self.0.len() >= CONNECTIONS && !self.0.contains_key(&random) {
            return None;
        }
        let length = u8::try_from(secret).ok()?;
        *self.0.entry(random).or_default().get_mut(place(label))? = Some(Secret { bytes, length });
        Some(())
    }
}

fn place(label: Label) -> usize {
    Label::ALL.iter().position(|(known, _)| *known == label).unwrap_or_default()
}

/// The bytes of a hexadecimal number, and how many they are.
fn unhex(text: &str) -> Option<([u8; LONGEST], usize)> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 2 * LONGEST {
        return None;
    }
    let mut bytes = [0; LONGEST];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some((bytes, digits.len() / 2))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn hex(byte: u8, length: usize) -> String {
        format!("{byte:02x}").repeat(length)
    }

    #[test]
    fn secrets_are_found_by_connection_and_label() {
        let mut keys = KeyLog::default();
        let text = format!(
            "# SSL/TLS secrets log file\n\nCLIENT_RANDOM {} {}\r\nSERVER_TRAFFIC_SECRET_0 {} {}\n\
             EXPORTER_SECRET {} {}\n",
            hex(0xAB, 32),
            hex(1, 48),
            hex(2, 32).to_uppercase(),
            hex(0xCD, 32),
            hex(2, 32),
            hex(4, 32)
        );
        assert!(keys.is_empty());
        assert_eq!(keys.add(text.as_bytes()), 2);
        assert!(!keys.is_empty());
        assert_eq!(keys.find(&[0xAB; 32], Label::Master), Some(&[1; 48][..]));
        assert_eq!(keys.find(&[2; 32], Label::ServerTraffic), Some(&[0xCD; 32][..]));
        assert_eq!(keys.find(&[2; 32], Label::ClientTraffic), None);
        assert_eq!(keys.find(&[3; 32], Label::Master), None);
    }

    #[rstest]
    #[case::random_is_short(31, 48, "")]
    #[case::random_is_long(33, 48, "")]
    #[case::secret_is_still_being_written(32, 47, "")]
    #[case::secret_is_long(32, 49, "")]
    #[case::no_hexadecimal(32, 31, "0g")]
    #[case::half_a_byte(32, 32, "0")]
    #[case::too_much(32, 48, " 00")]
    fn lines_that_are_no_secrets_are_passed_over(
        #[case] random: usize,
        #[case] secret: usize,
        #[case] more: &str,
    ) {
        let mut keys = KeyLog::default();
        let line = format!("CLIENT_RANDOM {} {}{more}", hex(1, random), hex(2, secret));
        assert_eq!(keys.add(line.as_bytes()), 0);
        assert!(keys.is_empty());
    }
}
