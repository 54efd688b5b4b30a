//! Frames to a file that Wireshark opens.

use std::{borrow::Cow, time::Duration};

use pcap_file::{
    DataLink,
    pcapng::{
        PcapNgBlock, PcapNgWriteError, PcapNgWriter,
        blocks::{
            enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption},
            interface_description::{
                InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
            },
            opt_common::CommonOption,
            section_header::{SectionHeaderBlock, SectionHeaderOption},
        },
    },
};

/// The most bytes of an option; its length has two bytes.
const LONGEST: usize = 60_000;

/// A capture of Ethernet frames under construction.
pub struct Capture {
    writer: PcapNgWriter<Vec<u8>>,
}

/// A frame with what is known about it.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// The interface, by its place among those that the capture was begun with.
    pub interface: u32,
    /// When it was seen, counted from 1970; written in microseconds.
    pub at: Duration,
    /// All of it.
    pub bytes: &'a [u8],
    /// What Wireshark shows beside it.
    pub comments: &'a [String],
}

impl Capture {
    /// A capture by this program of interfaces with these names; the comment stands at its head.
    pub fn begin(program: &str, comment: &str, interfaces: &[String]) -> Result<Self, PcapNgWriteError> {
        let section = SectionHeaderBlock {
            options: vec![
                SectionHeaderOption::UserApplication(text(program)),
                SectionHeaderOption::Common(CommonOption::Comment(text(comment))),
            ],
            ..SectionHeaderBlock::default()
        };
        let mut writer = PcapNgWriter::with_section_header(Vec::new(), section)?;
        for name in interfaces {
            let interface = InterfaceDescriptionBlock {
                linktype: DataLink::ETHERNET,
                snaplen: 0,
                options: vec![
                    InterfaceDescriptionOption::IfName(text(name)),
                    InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::MICRO),
                ],
            };
            writer.write_block(&interface.into_block())?;
        }
        Ok(Self { writer })
    }

    /// Adds a frame.
    pub fn add(&mut self, frame: &Frame<'_>) -> Result<(), PcapNgWriteError> {
        let comment = |comment: &'_ String| {
            EnhancedPacketOption::Common(CommonOption::Comment(text(comment).into_owned().into()))
        };
        let block = EnhancedPacketBlock {
            interface_id: frame.interface,
            timestamp: frame.at,
            original_len: u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX),
            data: Cow::Borrowed(frame.bytes),
            options: frame.comments.iter().map(comment).collect(),
        };
        self.writer.write_block(&block.into_block()).map(drop)
    }

    /// The bytes of the file.
    pub fn finish(self) -> Vec<u8> {
        self.writer.into_inner()
    }
}

/// As much of a text as an option holds.
fn text(text: &str) -> Cow<'_, str> {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Borrowed(text.get(..end).unwrap_or_default())
}
