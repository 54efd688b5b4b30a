//! Writes captures as pcapng.

use std::{borrow::Cow, collections::BTreeMap, io::Write};

use pcap_file::{
    DataLink, Endianness,
    pcapng::{
        PcapNgWriteError, PcapNgWriter,
        blocks::{
            enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption},
            interface_description::{
                InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
            },
            opt_common::CommonOption,
            section_header::{SectionHeaderBlock, SectionHeaderOption},
            unknown::UnknownBlock,
        },
    },
};

use crate::{
    Frame, LinkType,
    frame::{DECRYPTION_SECRETS, TLS_KEY_LOG},
};

/// A capture cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the capture cannot be written: {0}")]
pub struct WriteError(#[from] PcapNgWriteError);

/// An option holds so many bytes at most; its length has two of them.
const LONGEST: usize = 60_000;

/// Writes frames to a capture in the pcapng format, with times in nanoseconds. The same frames make the same bytes.
pub struct Recorder<W: Write> {
    writer: PcapNgWriter<W>,
    /// The interfaces without names, by their link type.
    nameless: BTreeMap<LinkType, Interface>,
    /// How many interfaces there are.
    interfaces: u32,
}

/// Where frames were captured, by its place in a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface(u32);

impl<W: Write> Recorder<W> {
    /// Begins a capture.
    pub fn new(output: W) -> Result<Self, WriteError> {
        Self::begin(output, Vec::new())
    }

    /// Begins a capture that says which program has made it, and what it is.
    pub fn titled(output: W, program: &str, comment: &str) -> Result<Self, WriteError> {
        let program = SectionHeaderOption::UserApplication(text(program));
        Self::begin(output, vec![program, SectionHeaderOption::Common(CommonOption::Comment(text(comment)))])
    }

    fn begin(output: W, options: Vec<SectionHeaderOption<'_>>) -> Result<Self, WriteError> {
        let section =
            SectionHeaderBlock { endianness: Endianness::Little, options, ..SectionHeaderBlock::default() };
        let writer = PcapNgWriter::with_section_header(output, section)?;
        Ok(Self { writer, nameless: BTreeMap::new(), interfaces: 0 })
    }

    /// Adds an interface with a name.
    pub fn interface(&mut self, name: &str, link: LinkType) -> Result<Interface, WriteError> {
        self.describe(link, vec![InterfaceDescriptionOption::IfName(text(name))])
    }

    /// Adds a frame. Its number is its place in the capture, whatever it says itself.
    pub fn frame(&mut self, frame: &Frame<'_>) -> Result<(), WriteError> {
        let interface = match self.nameless.get(&frame.link) {
            Some(interface) => *interface,
            None => self.describe(frame.link, Vec::new())?,
        };
        self.nameless.insert(frame.link, interface);
        self.frame_at(interface, frame, &[])
    }

    /// Adds a frame of an interface, with what there is to say about it.
    pub fn frame_at(
        &mut self,
        interface: Interface,
        frame: &Frame<'_>,
        comments: &[String],
    ) -> Result<(), WriteError> {
        let comment = |comment| EnhancedPacketOption::Common(CommonOption::Comment(text(comment)));
        self.writer.write_pcapng_block(EnhancedPacketBlock {
            interface_id: interface.0,
            timestamp: frame.at,
            original_len: u32::try_from(frame.original.max(frame.data.len())).unwrap_or(u32::MAX),
            data: Cow::Borrowed(frame.data),
            options: comments.iter().map(String::as_str).map(comment).collect(),
        })?;
        Ok(())
    }

    /// Adds TLS secrets in the format of `SSLKEYLOGFILE`, for the frames that follow.
    pub fn secrets(&mut self, text: &[u8]) -> Result<(), WriteError> {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let head = [TLS_KEY_LOG.to_le_bytes(), length.to_le_bytes()].concat();
        let mut value = [&head[..], text].concat();
        value.resize(value.len().next_multiple_of(4), 0);
        self.writer.write_pcapng_block(UnknownBlock::new(DECRYPTION_SECRETS, 0, &value))?;
        Ok(())
    }

    /// Ends the capture.
    pub fn finish(self) -> W {
        self.writer.into_inner()
    }

    /// Hands over to the system what was written.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.writer.get_mut().flush().map_err(|error| WriteError(error.into()))
    }

    fn describe(
        &mut self,
        link: LinkType,
        mut options: Vec<InterfaceDescriptionOption<'_>>,
    ) -> Result<Interface, WriteError> {
        options.push(InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO));
        let block = InterfaceDescriptionBlock { linktype: DataLink::from(link.0), snaplen: 0, options };
        self.writer.write_pcapng_block(block)?;
        let interface = Interface(self.interfaces);
        self.interfaces += 1;
        Ok(interface)
    }
}

/// As much of a text as an option holds.
fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default())
}
