//! Why a capture cannot be read.

use std::{error::Error, io};

use pcap_file::{pcap::PcapReadError, pcapng::PcapNgReadError};

use crate::link::LinkType;

/// Why a capture cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// No capture.
    #[error(
        "it is no capture that is known here; pcap and pcapng are read, also compressed with gzip\n\
         `editcap -F pcapng FILE OUT.pcapng` converts what Wireshark can read"
    )]
    Unknown,
    /// Another program's format.
    #[error("it is {name}\n{advice}")]
    Foreign {
        /// What it is.
        name: &'static str,
        /// How to make it readable.
        advice: &'static str,
    },
    /// Captured on a kind of network that is not read.
    #[error("its frames are of link type {}, which is not read\n{}", .0, .0.advice())]
    Link(LinkType),
    /// It ends in the middle.
    #[error("the capture ends in the middle of frame {0}: it was cut off, or is still being written")]
    Cut(u64),
    /// Its bytes make no sense from here on.
    #[error("frame {frame} cannot be read: {why}")]
    Corrupt {
        /// The frame's number.
        frame: u64,
        /// What is wrong.
        why: String,
    },
    /// The operating system reports an error.
    #[error("it cannot be read: {0}")]
    Io(#[source] io::Error),
}

impl ReadError {
    /// Whether frames before this one could be read, so that there is something to look at.
    pub const fn is_late(&self) -> bool {
        matches!(self, Self::Cut(number) | Self::Corrupt { frame: number, .. } if *number > 1)
    }
}

pub(crate) fn pcap_error(error: PcapReadError, frame: u64) -> ReadError {
    match error {
        PcapReadError::Io(error) => io_error(error, frame),
        PcapReadError::Validation(error) => ReadError::Corrupt { frame, why: error.to_string() },
    }
}

pub(crate) fn pcapng_error(error: PcapNgReadError, frame: u64) -> ReadError {
    match error {
        PcapNgReadError::Io(error) => io_error(error, frame),
        PcapNgReadError::InvalidFormat(_)
        | PcapNgReadError::BlockConversion(_)
        | PcapNgReadError::StateUpdate(_) => ReadError::Corrupt { frame, why: whole_story(&error) },
    }
}

fn io_error(error: io::Error, frame: u64) -> ReadError {
    let kind = error.kind();
    if kind == io::ErrorKind::UnexpectedEof {
        ReadError::Cut(frame)
    } else if matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) {
        // Damaged compression.
        ReadError::Corrupt { frame, why: error.to_string() }
    } else {
        ReadError::Io(error)
    }
}

/// An error with its causes.
fn whole_story(error: &dyn Error) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        story = format!("{story}: {error}");
        cause = error.source();
    }
    story
}
