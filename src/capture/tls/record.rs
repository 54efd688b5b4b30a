//! The records of TLS (RFC 8446 §5.1, RFC 5246 §6.2.1).

/// What a record carries.
pub(super) mod content {
    pub(in super::super) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(in super::super) const HANDSHAKE: u8 = 22;
    pub(in super::super) const APPLICATION_DATA: u8 = 23;
}

/// Bytes of the header.
const HEADER: usize = 5;
/// The largest body, that of TLS 1.2 (RFC 5246 §6.2.3).
const LARGEST: usize = (1 << 14) + 2048;

/// A record as it travelled.
#[derive(Debug)]
pub(super) struct Record {
    /// Type, version and length.
    pub(super) header: [u8; HEADER],
    /// What follows them.
    pub(super) body: Vec<u8>,
}

impl Record {
    /// What it carries, or says that it carries.
    pub(super) const fn content(&self) -> u8 {
        let [content, ..] = self.header;
        content
    }
}

/// Cuts the bytes of one direction into records.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The record that is not complete.
    pending: Vec<u8>,
}

/// No record begins like this.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRecord;

impl Records {
    /// Takes the next record from `bytes` and what came before them; none if its end has not come.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Record>, NoRecord> {
        self.fill(bytes, HEADER);
        let Some(header) = self.pending.first_chunk::<HEADER>().copied() else { return Ok(None) };
        let [content, major, _, high, low] = header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if !(20..=24).contains(&content) || major != 3 || length > LARGEST {
            return Err(NoRecord);
        }
        self.fill(bytes, HEADER + length);
        if self.pending.len() < HEADER + length {
            return Ok(None);
        }
        let body = self.pending.split_off(HEADER);
        self.pending.clear();
        Ok(Some(Record { header, body }))
    }

    /// Takes as much from `bytes` as is missing of so many.
    fn fill(&mut self, bytes: &mut &[u8], wanted: usize) {
        let missing = wanted.saturating_sub(self.pending.len()).min(bytes.len());
        let (part, rest) = bytes.split_at(missing);
        self.pending.extend_from_slice(part);
        *bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn records(pieces: &[&[u8]]) -> Result<Vec<Record>, NoRecord> {
        let (mut records, mut found) = (Records::default(), Vec::new());
        for piece in pieces {
            let mut rest = *piece;
            while let Some(record) = records.next(&mut rest)? {
                found.push(record);
            }
            assert!(rest.is_empty());
        }
        Ok(found)
    }

    proptest! {
        #[test]
        fn records_come_out_however_the_stream_is_cut(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..8),
            cut in 1usize..700,
        ) {
            let record = |body: &Vec<u8>| {
                let length = u16::try_from(body.len()).unwrap().to_be_bytes();
                [&[content::APPLICATION_DATA, 3, 3, length[0], length[1]], &body[..]].concat()
            };
            let stream: Vec<u8> = bodies.iter().flat_map(record).collect();
            let found = records(&stream.chunks(cut).collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(found.into_iter().map(|record| record.body).collect::<Vec<_>>(), bodies);
        }
    }

    #[rstest]
    #[case::content(&[19, 3, 3, 0, 0])]
    #[case::version(&[23, 2, 0, 0, 0])]
    #[case::length(&[23, 3, 3, 0x48, 0x01])]
    fn what_is_no_record_is_told(#[case] bytes: &[u8]) {
        assert_eq!(records(&[bytes]).err(), Some(NoRecord));
    }
}
