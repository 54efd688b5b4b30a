//! Link layers: what a frame begins with, down to the IP packet in it.

use std::fmt;

/// A link type, by its number in the registry of the pcap formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// A four-byte protocol family in the byte order of the machine that captured (BSD loopback).
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// An IP packet without anything before it.
    pub const RAW: Self = Self(101);
    /// Like [`NULL`](Self::NULL) in network byte order (OpenBSD loopback).
    pub const LOOP: Self = Self(108);
    /// Linux `cooked` capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// An IPv4 packet.
    pub const IPV4: Self = Self(228);
    /// An IPv6 packet.
    pub const IPV6: Self = Self(229);
    /// Linux `cooked` capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// Whether frames of this type are read.
    pub const fn is_known(self) -> bool {
        self.layout().is_some()
    }

    const fn layout(self) -> Option<Layout> {
        Some(match self {
            Self::NULL | Self::LOOP => Layout::Family,
            Self::ETHERNET => Layout::EtherType { at: 12, header: 14 },
            Self::LINUX_SLL => Layout::EtherType { at: 14, header: 16 },
            Self::LINUX_SLL2 => Layout::EtherType { at: 0, header: 20 },
            // What BSD systems call raw IP in their own files.
            Self::RAW | Self(12 | 14) | Self::IPV4 | Self::IPV6 => Layout::Ip,
            Self(_) => return None,
        })
    }

    /// What to do about frames that are not read.
    pub const fn advice(self) -> &'static str {
        match self.0 {
            105 | 119 | 127 | 163 => {
                "radio frames of a wireless network are not read: capture on the interface of a connected machine \
                 (`tcpdump -i wlan0`, without monitor mode), or at the broker"
            }
            _ => "capture on an Ethernet or loopback interface, or with `tcpdump -i any`",
        }
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NULL => f.write_str("null"),
            Self::ETHERNET => f.write_str("Ethernet"),
            Self::RAW => f.write_str("raw IP"),
            Self::LOOP => f.write_str("loop"),
            Self::LINUX_SLL => f.write_str("Linux cooked v1"),
            Self::LINUX_SLL2 => f.write_str("Linux cooked v2"),
            Self::IPV4 => f.write_str("IPv4"),
            Self::IPV6 => f.write_str("IPv6"),
            Self(105 | 119 | 127 | 163) => write!(f, "{} (IEEE 802.11)", self.0),
            Self(number) => write!(f, "{number}"),
        }
    }
}

/// Where a link layer says what follows it.
#[derive(Clone, Copy)]
enum Layout {
    /// A two-byte EtherType at `at`, and the packet after `header` bytes.
    EtherType { at: usize, header: usize },
    /// A four-byte protocol family.
    Family,
    /// Nothing stands before the packet.
    Ip,
}

/// So many VLAN tags in a row at most.
const TAGS: usize = 4;

/// The IP packet in a frame, if it holds one, and how many bytes stand before it.
pub(crate) fn ip_packet(link: LinkType, data: &[u8]) -> Option<(&[u8], usize)> {
    let offset = match link.layout()? {
        Layout::Ip => 0,
        Layout::Family => {
            let family = data.first_chunk::<4>()?;
            // The families of IPv4, and of IPv6 on the BSDs, on Darwin and on Linux.
            let is_ip = |number| matches!(number, 2 | 10 | 24 | 28 | 30);
            if !is_ip(u32::from_le_bytes(*family)) && !is_ip(u32::from_be_bytes(*family)) {
                return None;
            }
            4
        }
        Layout::EtherType { at, header } => after_tags(data, at, header)?,
    };
    Some((data.get(offset..)?, offset))
}

/// Skips VLAN tags (802.1Q, 802.1ad and its forerunner) and PPPoE.
fn after_tags(data: &[u8], mut at: usize, mut offset: usize) -> Option<usize> {
    for _ in 0..=TAGS {
        match u16::from_be_bytes(*data.get(at..)?.first_chunk()?) {
            0x0800 | 0x86DD => return Some(offset),
            0x8100 | 0x88A8 | 0x9100 => {
                at = offset + 2;
                offset += 4;
            }
            0x8864 => {
                let protocol = u16::from_be_bytes(*data.get(offset + 6..)?.first_chunk()?);
                return matches!(protocol, 0x0021 | 0x0057).then_some(offset + 8);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::ethernet(LinkType::ETHERNET, "00000000000000000000000008004500", 14)]
    #[case::vlan(LinkType::ETHERNET, "0000000000000000000000008100000708004500", 18)]
    #[case::qinq(LinkType::ETHERNET, "00000000000000000000000088a8000181000002 86dd6000", 22)]
    #[case::pppoe(LinkType::ETHERNET, "0000000000000000000000008864 1100000100260021 4500", 22)]
    #[case::cooked(LinkType::LINUX_SLL, "000000000000000000000000000008004500", 16)]
    #[case::cooked_v2(LinkType::LINUX_SLL2, "86dd0000000000000000000000000000000000006000", 20)]
    #[case::null_little(LinkType::NULL, "020000004500", 4)]
    #[case::null_big(LinkType::NULL, "0000001e6000", 4)]
    #[case::openbsd(LinkType::LOOP, "000000186000", 4)]
    #[case::raw(LinkType::RAW, "4500", 0)]
    fn the_packet_begins_behind_the_link_layer(
        #[case] link: LinkType,
        #[case] hex: &str,
        #[case] offset: usize,
    ) {
        let bytes = bytes(hex);
        let (packet, at) = ip_packet(link, &bytes).unwrap();
        assert_eq!((packet, at), (&bytes[offset..], offset));
    }

    #[rstest]
    #[case::arp(LinkType::ETHERNET, "0000000000000000000000000806 0001")]
    #[case::appletalk(LinkType::NULL, "1000000000")]
    #[case::tags_without_end(LinkType::ETHERNET, &format!("000000000000000000000000{}", "81000001".repeat(9)))]
    #[case::cut(LinkType::LINUX_SLL2, "86")]
    #[case::radio(LinkType(127), "4500")]
    fn other_frames_hold_none(#[case] link: LinkType, #[case] hex: &str) {
        assert_eq!(ip_packet(link, &bytes(hex)), None);
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u32> = hex.chars().filter_map(|char| char.to_digit(16)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
    }
}
