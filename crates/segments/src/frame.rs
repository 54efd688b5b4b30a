//! Frames of a capture, in the order of the file.

use std::{io::Read, time::Duration};

use pcap_file::{
    DataLink, Endianness,
    pcap::{PcapReader, PcapTsResolution},
    pcapng::{Block, PcapNgReader, PcapNgState, blocks::unknown::UnknownBlock},
};

use crate::{
    error::{ReadError, pcap_error, pcapng_error},
    link::LinkType,
    source::{Format, open},
};

/// The type of a block that holds secrets.
pub(crate) const DECRYPTION_SECRETS: u32 = 0x0000_000A;
/// The type of secrets in the format of `SSLKEYLOGFILE`.
pub(crate) const TLS_KEY_LOG: u32 = 0x544C_534B;
/// Blocks of secrets in a row that are kept until they are asked for.
const SECRETS: usize = 64;

/// When something was captured, and in which frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The frame's number, counted from 1 as other programs do.
    pub frame: u64,
    /// The time, counted from 1970-01-01 00:00:00 UTC.
    pub at: Duration,
}

/// A captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its number, counted from 1.
    pub number: u64,
    /// When it was captured, counted from 1970-01-01 00:00:00 UTC.
    pub at: Duration,
    /// What its bytes begin with.
    pub link: LinkType,
    /// Its bytes, as many as were kept.
    pub data: &'a [u8],
    /// How many bytes it had.
    pub original: usize,
}

impl Frame<'_> {
    /// Its number and time.
    pub const fn stamp(&self) -> Stamp {
        Stamp { frame: self.number, at: self.at }
    }
}

enum Reader<'r> {
    Pcap(PcapReader<Box<dyn Read + 'r>>),
    PcapNg(PcapNgReader<Box<dyn Read + 'r>>),
}

/// Reads a capture of any length, frame by frame.
pub struct FrameReader<'r> {
    reader: Reader<'r>,
    number: u64,
    bytes: u64,
    /// The bytes of the latest frame.
    data: Vec<u8>,
    /// TLS secrets that came before it.
    secrets: Vec<Vec<u8>>,
    /// Nothing follows.
    ended: bool,
}

/// The latest frame but for its bytes, which are kept apart.
struct Head {
    at: Duration,
    link: LinkType,
    original: usize,
}

impl<'r> FrameReader<'r> {
    /// Finds out what `input` is.
    pub fn new(input: impl Read + 'r) -> Result<Self, ReadError> {
        let (format, input) = open(input)?;
        let reader = match format {
            Format::Pcap => {
                let reader = PcapReader::new(input).map_err(|error| pcap_error(error, 1))?;
                let link = LinkType(u32::from(reader.header().datalink) & 0xFFFF);
                if !link.is_known() {
                    return Err(ReadError::Link(link));
                }
                Reader::Pcap(reader)
            }
            Format::PcapNg => {
                Reader::PcapNg(PcapNgReader::new(input).map_err(|error| pcapng_error(error, 1))?)
            }
        };
        Ok(Self { reader, number: 0, bytes: 0, data: Vec::new(), secrets: Vec::new(), ended: false })
    }

    /// How many frames were read.
    pub const fn frames(&self) -> u64 {
        self.number
    }

    /// How many bytes those frames hold.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The TLS secrets that the capture itself has brought along since this was asked for the last time, as the text of
    /// a file that programs log them to (`SSLKEYLOGFILE`). They come before the frames that they open.
    pub fn secrets(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.secrets)
    }

    /// The next frame, or none at the end. After an error there is none.
    ///
    /// # Errors
    /// The capture is cut off or damaged here.
    #[expect(clippy::should_implement_trait, reason = "a frame borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        let number = self.number + 1;
        let head = match &mut self.reader {
            Reader::Pcap(reader) => next_pcap(reader, &mut self.data, number),
            Reader::PcapNg(reader) => next_pcapng(reader, (&mut self.data, &mut self.secrets), number),
        };
        self.ended = !matches!(head, Ok(Some(_)));
        let Some(Head { at, link, original }) = head? else { return Ok(None) };
        self.number = number;
        self.bytes += self.data.len() as u64;
        Ok(Some(Frame { number, at, link, data: &self.data, original: original.max(self.data.len()) }))
    }
}

fn next_pcap<R: Read>(
    reader: &mut PcapReader<R>,
    data: &mut Vec<u8>,
    number: u64,
) -> Result<Option<Head>, ReadError> {
    let header = reader.header();
    // The checked way refuses frames that are longer than the file's snap length, which many files understate.
    let Some(packet) = reader.next_raw_packet() else { return Ok(None) };
    let packet = packet.map_err(|error| pcap_error(error, number))?;
    let nanos = match header.ts_resolution {
        PcapTsResolution::MicroSecond => packet.ts_frac.saturating_mul(1000),
        PcapTsResolution::NanoSecond => packet.ts_frac,
    };
    keep(data, &packet.data);
    Ok(Some(Head {
        at: Duration::from_secs(packet.ts_sec.into()) + Duration::from_nanos(nanos.into()),
        link: LinkType(u32::from(header.datalink) & 0xFFFF),
        original: packet.orig_len as usize,
    }))
}

fn next_pcapng<R: Read>(
    reader: &mut PcapNgReader<R>,
    (data, secrets): (&mut Vec<u8>, &mut Vec<Vec<u8>>),
    number: u64,
) -> Result<Option<Head>, ReadError> {
    loop {
        let Some(block) = reader.next_block() else { return Ok(None) };
        let (block, state) = block.map_err(|error| pcapng_error(error, number))?;
        let (interface, at, bytes, original) = match &block {
            Block::EnhancedPacket(packet) => {
                (packet.interface_id, packet.timestamp, &packet.data, packet.original_len)
            }
            Block::Packet(packet) => {
                (packet.interface_id.into(), packet.timestamp, &packet.data, packet.original_len)
            }
            Block::SimplePacket(packet) => (0, Duration::ZERO, &packet.data, packet.original_len),
            Block::SectionHeader(_)
            | Block::InterfaceDescription(_)
            | Block::NameResolution(_)
            | Block::InterfaceStatistics(_)
            | Block::SystemdJournalExport(_)
            | Block::CustomCopiable(_)
            | Block::CustomNonCopiable(_) => continue,
            Block::Unknown(block) => {
                let is_little = state.endianness() == Endianness::Little;
                let keys = tls_keys(block, is_little);
                secrets.extend(keys.filter(|_| secrets.len() < SECRETS).map(<[u8]>::to_vec));
                continue;
            }
        };
        keep(data, bytes);
        return Ok(Some(Head { at, link: link_of(state, interface), original: original as usize }));
    }
}

/// The TLS secrets in a Decryption Secrets Block: its type, their length, and they themselves.
fn tls_keys<'b>(block: &'b UnknownBlock<'_>, is_little: bool) -> Option<&'b [u8]> {
    let number =
        |bytes: [u8; 4]| if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
    let (kind, rest) = block.value.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    if block.type_ != DECRYPTION_SECRETS || number(*kind) != TLS_KEY_LOG {
        return None;
    }
    rest.get(..usize::try_from(number(*length)).ok()?)
}

fn keep(data: &mut Vec<u8>, bytes: &[u8]) {
    data.clear();
    data.extend_from_slice(bytes);
}

fn link_of(state: &PcapNgState, interface: u32) -> LinkType {
    let interface = usize::try_from(interface).ok().and_then(|index| state.interfaces().get(index));
    LinkType(interface.map_or(u32::MAX, |interface| link_number(interface.linktype)))
}

fn link_number(link: DataLink) -> u32 {
    u32::from(link)
}
