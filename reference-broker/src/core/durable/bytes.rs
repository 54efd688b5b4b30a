//! Numbers, times and texts as bytes, big-endian, so that keys sort as what they stand for.

use std::{fmt, time::Duration};

use bytes::{Buf, BufMut, Bytes};
use mqttspec_wire::{PacketId, Utf8String};

/// A record that no broker has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRecord {
    /// What is wrong with it.
    what: &'static str,
    key: Vec<u8>,
}

impl BrokenRecord {
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what, key: Vec::new() }
    }

    pub(crate) fn at(self, key: &[u8]) -> Self {
        Self { key: key.to_vec(), ..self }
    }
}

impl fmt::Display for BrokenRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the record ")?;
        self.key.iter().take(32).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, " is broken: {}", self.what)
    }
}

impl std::error::Error for BrokenRecord {}

/// Takes bytes apart.
pub(crate) struct Reader(Bytes);

impl Reader {
    pub(crate) const fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, BrokenRecord> {
        self.0.try_get_u8().map_err(|_| SHORT)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, BrokenRecord> {
        self.0.try_get_u32().map_err(|_| SHORT)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, BrokenRecord> {
        self.0.try_get_u64().map_err(|_| SHORT)
    }

    /// A number that things are counted with, which never comes near the end of what there are.
    pub(crate) fn count(&mut self) -> Result<u64, BrokenRecord> {
        let count = self.u64()?;
        if count > u64::MAX / 2 { Err(BrokenRecord::new("a number is too large")) } else { Ok(count) }
    }

    pub(crate) fn flag(&mut self) -> Result<bool, BrokenRecord> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(BrokenRecord::new("a flag is neither 0 nor 1")),
        }
    }

    pub(crate) fn packet_id(&mut self) -> Result<PacketId, BrokenRecord> {
        let id = self.0.try_get_u16().map_err(|_| SHORT)?;
        PacketId::new(id).ok_or(BrokenRecord::new("the packet identifier is 0"))
    }

    pub(crate) fn time(&mut self) -> Result<Duration, BrokenRecord> {
        Ok(Duration::from_nanos(self.u64()?))
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<Duration>, BrokenRecord> {
        if self.flag()? { self.time().map(Some) } else { Ok(None) }
    }

    /// As many bytes as a length before them says.
    pub(crate) fn prefixed(&mut self) -> Result<Bytes, BrokenRecord> {
        let length = usize::try_from(self.u32()?).unwrap_or(usize::MAX);
        if length > self.0.len() {
            return Err(SHORT);
        }
        Ok(self.0.split_to(length))
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.0)
    }

    /// All that is left, as text.
    pub(crate) fn text(&mut self) -> Result<Utf8String, BrokenRecord> {
        Utf8String::from_bytes(self.rest()).map_err(|_| BrokenRecord::new("a text is not UTF-8"))
    }

    /// Nothing is left.
    pub(crate) fn end(&self) -> Result<(), BrokenRecord> {
        if self.0.is_empty() { Ok(()) } else { Err(BrokenRecord::new("it is too long")) }
    }
}

const SHORT: BrokenRecord = BrokenRecord::new("it is too short");

/// Writes what a [`Reader`] reads.
pub(crate) trait Write: BufMut {
    fn put_time(&mut self, time: Duration) {
        self.put_u64(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    fn put_optional_time(&mut self, time: Option<Duration>) {
        self.put_u8(u8::from(time.is_some()));
        if let Some(time) = time {
            self.put_time(time);
        }
    }

    fn put_prefixed(&mut self, bytes: &[u8]) {
        self.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.put_slice(bytes);
    }
}

impl Write for Vec<u8> {}
