//! What a file is, by its first bytes.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;

use crate::error::ReadError;

/// Bytes that are looked at before they are read.
const MAGIC: usize = 8;

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Pcap,
    PcapNg,
}

/// A format that is refused: how it begins, what it is, and the command that makes it readable.
struct Foreign {
    magic: &'static [u8],
    name: &'static str,
    advice: &'static str,
}

const EDITCAP: &str = "convert it with `editcap -F pcapng FILE OUT.pcapng`";

const FOREIGN: &[Foreign] = &[
    Foreign { magic: b"snoop\0\0\0", name: "a snoop file", advice: EDITCAP },
    Foreign { magic: b"RTSS", name: "a Network Monitor file", advice: EDITCAP },
    Foreign { magic: b"GMBU", name: "a Network Monitor file", advice: EDITCAP },
    Foreign { magic: b"XCP\0", name: "a NetXRay file", advice: EDITCAP },
    Foreign { magic: b"TRSNIFF ", name: "a Sniffer file", advice: EDITCAP },
    Foreign {
        magic: &[0xA1, 0xB2, 0xCD, 0x34],
        name: "a capture in the Kuznetzov variant of pcap",
        advice: EDITCAP,
    },
    Foreign {
        magic: &[0x34, 0xCD, 0xB2, 0xA1],
        name: "a capture in the Kuznetzov variant of pcap",
        advice: EDITCAP,
    },
    Foreign {
        magic: &[0x28, 0xB5, 0x2F, 0xFD],
        name: "compressed with zstd",
        advice: "unpack it: `zstd -dc FILE | mqttspec capture show -`",
    },
    Foreign {
        magic: &[0xFD, b'7', b'z', b'X', b'Z'],
        name: "compressed with xz",
        advice: "unpack it: `xz -dc FILE | mqttspec capture show -`",
    },
    Foreign {
        magic: &[0x04, 0x22, 0x4D, 0x18],
        name: "compressed with lz4",
        advice: "unpack it: `lz4 -dc FILE | mqttspec capture show -`",
    },
    Foreign {
        magic: b"BZh",
        name: "compressed with bzip2",
        advice: "unpack it: `bzip2 -dc FILE | mqttspec capture show -`",
    },
    Foreign { magic: b"PK\x03\x04", name: "a ZIP archive", advice: "unpack it and name the capture in it" },
];

/// The input with the bytes that were looked at before it.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// Looks at the beginning of `input`, through compression if need be.
pub(crate) fn open<'a>(input: impl Read + 'a) -> Result<(Format, Box<dyn Read + 'a>), ReadError> {
    let (magic, whole) = peek(input)?;
    if !magic.starts_with(&[0x1F, 0x8B]) {
        return Ok((format(&magic)?, Box::new(whole)));
    }
    // The buffer spares the decompressor many small reads.
    let unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole));
    let (magic, whole) = peek(unpacked)?;
    Ok((format(&magic)?, Box::new(whole)))
}

fn peek<R: Read>(mut input: R) -> Result<(Vec<u8>, Whole<R>), ReadError> {
    let mut magic = Vec::with_capacity(MAGIC);
    match input.by_ref().take(MAGIC as u64).read_to_end(&mut magic) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(ReadError::Io(error)),
    }
    Ok((magic.clone(), Cursor::new(magic).chain(input)))
}

fn format(magic: &[u8]) -> Result<Format, ReadError> {
    if magic.is_empty() {
        return Err(ReadError::Empty);
    }
    match magic.get(..4) {
        Some(
            [0xA1, 0xB2, 0xC3, 0xD4]
            | [0xD4, 0xC3, 0xB2, 0xA1]
            | [0xA1, 0xB2, 0x3C, 0x4D]
            | [0x4D, 0x3C, 0xB2, 0xA1],
        ) => return Ok(Format::Pcap),
        Some([0x0A, 0x0D, 0x0D, 0x0A]) => return Ok(Format::PcapNg),
        Some(_) | None => {}
    }
    let foreign = FOREIGN.iter().find(|foreign| magic.starts_with(foreign.magic));
    Err(foreign.map_or(ReadError::Unknown, |foreign| ReadError::Foreign {
        name: foreign.name,
        advice: foreign.advice,
    }))
}
