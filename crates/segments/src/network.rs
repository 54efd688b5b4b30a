//! Frames to TCP segments (RFC 9293).

use core::net::SocketAddr;
use std::collections::BTreeMap;

use crate::{
    Frame, LinkType, Stamp,
    fragments::Fragments,
    ip::{self, Packet, TCP},
    link::ip_packet,
};

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The frame that it came in, or was completed by.
    pub stamp: Stamp,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// The sequence number of the first byte of the payload, or of SYN.
    pub sequence: u32,
    /// The sequence number that the sender expects next, if it acknowledges anything.
    pub acknowledges: Option<u32>,
    /// The first segment of its sender.
    pub syn: bool,
    /// The sender has nothing more to send.
    pub fin: bool,
    /// The sender breaks the connection off.
    pub reset: bool,
    /// The bytes, as many as the capture kept.
    pub payload: &'a [u8],
    /// How many bytes of the payload the capture did not keep.
    pub cut: usize,
}

/// Takes frames apart down to the TCP segments, and puts fragments together.
#[derive(Debug, Default)]
pub struct Network {
    fragments: Fragments,
    /// The latest packet that was put together from fragments.
    whole: Vec<u8>,
    unread: BTreeMap<LinkType, u64>,
}

impl Network {
    /// The TCP segment in a frame, if there is one.
    pub fn segment<'a>(&'a mut self, frame: &'a Frame<'a>) -> Option<Segment<'a>> {
        if !frame.link.is_known() {
            *self.unread.entry(frame.link).or_default() += 1;
            return None;
        }
        let (packet, offset) = ip_packet(frame.link, frame.data)?;
        let packet = ip::parse(packet, frame.original.saturating_sub(offset))?;
        if packet.protocol != TCP {
            return None;
        }
        match packet.fragment {
            None => segment(frame.stamp(), &packet, packet.payload, packet.cut),
            Some(fragment) => {
                self.whole = self.fragments.take(&packet, fragment)?;
                segment(frame.stamp(), &packet, &self.whole, 0)
            }
        }
    }

    /// How many frames were not looked at, by their link type.
    pub const fn unread(&self) -> &BTreeMap<LinkType, u64> {
        &self.unread
    }
}

fn segment<'a>(stamp: Stamp, packet: &Packet<'_>, data: &'a [u8], cut: usize) -> Option<Segment<'a>> {
    let header: &[u8; 20] = data.first_chunk()?;
    let port = |at: usize| Some(u16::from_be_bytes(*header.get(at..)?.first_chunk()?));
    let number = |at: usize| Some(u32::from_be_bytes(*header.get(at..)?.first_chunk()?));
    let width = usize::from(header[12] >> 4) * 4;
    if width < header.len() {
        return None;
    }
    let flags = header[13];
    let is_set = |bit: u8| flags & bit != 0;
    // Of a header that is cut itself, the payload begins in what is missing.
    let payload = data.get(width..).unwrap_or_default();
    let missing_options = width.saturating_sub(data.len());
    Some(Segment {
        stamp,
        from: SocketAddr::new(packet.source, port(0)?),
        to: SocketAddr::new(packet.destination, port(2)?),
        sequence: number(4)?,
        acknowledges: if is_set(0x10) { number(8) } else { None },
        syn: is_set(0x02),
        fin: is_set(0x01),
        reset: is_set(0x04),
        payload,
        cut: cut.saturating_sub(missing_options),
    })
}
