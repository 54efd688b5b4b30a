//! Packets for people: their bytes in hexadecimal, each part with its name and meaning.

use std::{
    fmt::{self, Write as _},
    ops::Range,
};

use bytes::Bytes;
use mqttspec_spec::Version;

use crate::{
    Fault, Sender,
    decode::{Watch, decode_watched},
    part::Part,
};

/// Bytes on a line.
const LINE: usize = 8;
/// Lines of one part, before the rest of it is left out.
const LINES: usize = 4;
/// Characters of a meaning, before the rest of it is left out.
const MEANING: usize = 60;

/// A packet that is explained part by part, as far as it could be decoded.
///
/// ```
/// use mqttspec_wire::{Sender, Version, annotate};
///
/// let dump = annotate(Sender::Server, Some(Version::V5_0), &[0x40, 0x02, 0x00, 0x00]);
/// assert_eq!(dump.fault().unwrap().to_string(), "packet-id at byte 2: the Packet Identifier is zero (v5.0:2.2.1-5)");
/// println!("{dump}");
/// ```
#[derive(Clone, Debug)]
pub struct Dump {
    raw: Bytes,
    rows: Vec<Row>,
    fault: Option<Fault>,
}

/// One part of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its bytes, counted from the packet's first one.
    pub range: Range<usize>,
    /// Its name; none for bytes that could not be decoded.
    pub part: Option<Part>,
    /// What it says; long texts and data are cut off.
    pub meaning: String,
    /// Whether it is pointed at.
    pub marked: bool,
}

/// Explains the packet in `raw`, which may be malformed or incomplete.
pub fn annotate(sender: Sender, version: Option<Version>, raw: &[u8]) -> Dump {
    let raw = Bytes::copy_from_slice(raw);
    let mut rows = Rows(Vec::new());
    let fault = decode_watched(sender, version, &raw, &mut rows).err();
    let Rows(mut rows) = rows;
    let decoded = rows.last().map_or(0, |row| row.range.end);
    if decoded < raw.len() {
        rows.push(Row {
            range: decoded..raw.len(),
            part: None,
            meaning: "not decoded".to_owned(),
            marked: false,
        });
    }
    Dump { raw, rows, fault }
}

impl Dump {
    /// Points at the values of the parts with these names as not what was expected: `topic-name`, `reason[1]`. The name
    /// without an index is that of all.
    #[must_use]
    pub fn mark(mut self, names: &[&str]) -> Self {
        for row in &mut self.rows {
            row.marked |= row.part.is_some_and(|part| names.iter().any(|name| part.is_value_of(name)));
        }
        self
    }

    /// The parts in order; together they are all bytes.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Why the packet is not acceptable.
    pub const fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

struct Rows(Vec<Row>);

impl Watch for Rows {
    fn part(&mut self, part: Part, range: Range<usize>, value: impl fmt::Display) {
        let mut meaning = Clipped { text: String::new(), room: MEANING };
        if write!(meaning, "{value}").is_err() {
            meaning.text.push('…');
        }
        self.0.push(Row { range, part: Some(part), meaning: meaning.text, marked: false });
    }
}

/// Takes a limited number of characters.
struct Clipped {
    text: String,
    room: usize,
}

impl fmt::Write for Clipped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(character);
        }
        Ok(())
    }
}

/// A line for each part: offset, bytes, name, meaning; below the faulty byte the fault, a line below what is marked.
impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.rows.iter().filter_map(|row| row.part);
        let width = names.map(|part| part.to_string().len()).max().unwrap_or_default();
        for row in &self.rows {
            self.write_row(f, row, width)?;
        }
        match &self.fault {
            Some(fault) if fault.offset >= self.raw.len() => {
                let last = self.rows.iter().rfind(|row| !row.range.is_empty());
                let column = last.map_or(0, |row| (row.range.len() - 1) % LINE + 1);
                write_fault(f, column, fault)
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Dump {
    fn write_row(&self, f: &mut fmt::Formatter<'_>, row: &Row, width: usize) -> fmt::Result {
        let bytes = self.raw.get(row.range.clone()).unwrap_or_default();
        let mut offset = row.range.start;
        let mut shown = 0;
        for (index, line) in bytes.chunks(LINE).enumerate() {
            let faulty =
                self.fault.as_ref().filter(|fault| (offset..offset + line.len()).contains(&fault.offset));
            if index < LINES || faulty.is_some() {
                write_line(f, offset, line, (index == 0).then_some((row, width)))?;
                shown += line.len();
                if row.marked {
                    write_mark(f, line.len(), index == 0)?;
                }
            }
            if let Some(fault) = faulty {
                write_fault(f, fault.offset - offset, fault)?;
            }
            offset += line.len();
        }
        let hidden = bytes.len() - shown;
        if hidden > 0 { writeln!(f, "      … {hidden} more bytes") } else { Ok(()) }
    }
}

/// Underlines the bytes of a line.
fn write_mark(f: &mut fmt::Formatter<'_>, bytes: usize, is_first: bool) -> fmt::Result {
    let words = if is_first { " not as expected" } else { "" };
    writeln!(f, "      {}{words}", "^".repeat(3 * bytes - 1))
}

fn write_fault(f: &mut fmt::Formatter<'_>, column: usize, fault: &Fault) -> fmt::Result {
    writeln!(f, "      {}^^ {fault}", "   ".repeat(column))
}

/// The first line of a part names it.
fn write_line(
    f: &mut fmt::Formatter<'_>,
    offset: usize,
    bytes: &[u8],
    row: Option<(&Row, usize)>,
) -> fmt::Result {
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x} ")?;
    }
    let Some((row, width)) = row else { return writeln!(f, "{offset:04x}  {}", hex.trim_end()) };
    let name = row.part.map(|part| part.to_string()).unwrap_or_default();
    writeln!(f, "{offset:04x}  {hex:25} {name:width$}  {}", row.meaning)
}
