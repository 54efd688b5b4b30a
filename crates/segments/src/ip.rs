//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The number of TCP.
pub(crate) const TCP: u8 = 6;

/// An IP packet without its headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// What the payload is.
    pub(crate) protocol: u8,
    pub(crate) payload: &'a [u8],
    /// Bytes of the payload that the capture did not keep.
    pub(crate) cut: usize,
    pub(crate) fragment: Option<Fragment>,
}

/// The place of a fragment in its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) id: u32,
    /// In bytes.
    pub(crate) offset: usize,
    /// Whether more follow.
    pub(crate) more: bool,
}

impl Fragment {
    /// None for a packet that is whole.
    fn new(id: u32, offset: usize, more: bool) -> Option<Self> {
        (offset > 0 || more).then_some(Self { id, offset, more })
    }
}

/// The packet in `data`. `original`: how many bytes there were before the capture cut them.
pub(crate) fn parse(data: &[u8], original: usize) -> Option<Packet<'_>> {
    match data.first()? >> 4 {
        4 => parse_v4(data, original),
        6 => parse_v6(data, original),
        _ => None,
    }
}

fn parse_v4(data: &[u8], original: usize) -> Option<Packet<'_>> {
    let header: &[u8; 20] = data.first_chunk()?;
    let width = usize::from(header[0] & 0x0F) * 4;
    let total = match usize::from(u16::from_be_bytes([header[2], header[3]])) {
        // The network card was to cut it into segments.
        0 => original,
        total => total,
    };
    let fragment = u16::from_be_bytes([header[6], header[7]]);
    let id = u32::from(u16::from_be_bytes([header[4], header[5]]));
    let source: [u8; 4] = *header[12..].first_chunk()?;
    let destination: [u8; 4] = *header[16..].first_chunk()?;
    if width < header.len() || total < width {
        return None;
    }
    let kept = data.get(width..total.min(data.len()))?;
    Some(Packet {
        source: IpAddr::V4(Ipv4Addr::from(source)),
        destination: IpAddr::V4(Ipv4Addr::from(destination)),
        protocol: header[9],
        payload: kept,
        cut: total - width - kept.len(),
        fragment: Fragment::new(id, usize::from(fragment & 0x1FFF) * 8, fragment & 0x2000 != 0),
    })
}

/// So many extension headers in a row at most.
const EXTENSIONS: usize = 16;

fn parse_v6(data: &[u8], original: usize) -> Option<Packet<'_>> {
    let header: &[u8; 40] = data.first_chunk()?;
    let source: [u8; 16] = *header[8..].first_chunk()?;
    let destination: [u8; 16] = *header[24..].first_chunk()?;
    let total = match usize::from(u16::from_be_bytes([header[4], header[5]])) {
        // A jumbogram, or left to the network card.
        0 => original,
        length => length + header.len(),
    };
    let mut protocol = header[6];
    let mut offset = header.len();
    let mut fragment = None;
    for _ in 0..EXTENSIONS {
        let extension = || data.get(offset..)?.first_chunk::<8>();
        let width = match protocol {
            // Hop-by-hop options, routing, destination options, mobility, host identity, shim6.
            0 | 43 | 60 | 135 | 139 | 140 => (usize::from(extension()?[1]) + 1) * 8,
            51 => (usize::from(extension()?[1]) + 2) * 4,
            44 => {
                let [_, _, high, low, id @ ..] = *extension()?;
                let place = u16::from_be_bytes([high, low]);
                fragment = Fragment::new(u32::from_be_bytes(id), usize::from(place & 0xFFF8), place & 1 != 0);
                8
            }
            _ => break,
        };
        protocol = extension()?[0];
        offset += width;
        if fragment.is_some_and(|fragment| fragment.offset > 0) {
            // What follows is the middle of something.
            break;
        }
    }
    let kept = data.get(offset..total.min(data.len()))?;
    Some(Packet {
        source: IpAddr::V6(Ipv6Addr::from(source)),
        destination: IpAddr::V6(Ipv6Addr::from(destination)),
        protocol,
        payload: kept,
        cut: total.saturating_sub(offset + kept.len()),
        fragment,
    })
}
