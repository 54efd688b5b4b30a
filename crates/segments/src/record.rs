//! Writes captures as pcapng.

use std::{borrow::Cow, io::Write};

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

/// Writes frames to a capture in the pcapng format, with times in nanoseconds. The same frames make the same bytes.
pub struct Recorder<W: Write> {
    writer: PcapNgWriter<W>,
    /// The link types of the interfaces that were described, in order.
    interfaces: Vec<LinkType>,
}

impl<W: Write> Recorder<W> {
    /// Begins a capture.
    pub fn new(output: W) -> Result<Self, WriteError> {
        let writer = PcapNgWriter::with_endianness(output, Endianness::Little)?;
        Ok(Self { writer, interfaces: Vec::new() })
    }

    /// Adds a frame, with something to say about it. Its number is its place in the capture, whatever it says itself.
    pub fn frame(&mut self, frame: &Frame<'_>, comment: Option<&str>) -> Result<(), WriteError> {
        let interface_id = self.interface(frame.link)?;
        let comment = comment.map(|comment| CommonOption::Comment(Cow::Borrowed(comment)));
        self.writer.write_pcapng_block(EnhancedPacketBlock {
            interface_id,
            timestamp: frame.at,
            original_len: u32::try_from(frame.original.max(frame.data.len())).unwrap_or(u32::MAX),
            data: Cow::Borrowed(frame.data),
            options: comment.map(EnhancedPacketOption::Common).into_iter().collect(),
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

    fn interface(&mut self, link: LinkType) -> Result<u32, WriteError> {
        let known = self.interfaces.iter().position(|known| *known == link);
        let index = if let Some(index) = known {
            index
        } else {
            let mut block = InterfaceDescriptionBlock::new(DataLink::from(link.0), 0);
            block.options.push(InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO));
            self.writer.write_pcapng_block(block)?;
            self.interfaces.push(link);
            self.interfaces.len() - 1
        };
        Ok(u32::try_from(index).unwrap_or(u32::MAX))
    }
}
