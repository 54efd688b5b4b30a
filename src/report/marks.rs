//! What of the evidence shows the findings: packets, and parts of them.

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_wire::annotate;

use crate::verdict::{Evidence, EvidenceKind, Finding, Grade};

/// The packets that show something, by their place in the evidence, each with the names of the parts that show it.
#[derive(Debug, Default)]
pub(super) struct Marks<'a>(BTreeMap<usize, Vec<&'a str>>);

impl<'a> Marks<'a> {
    /// What shows these findings.
    pub(super) fn of(findings: &'a [Finding]) -> Self {
        let mut marks = Self::default();
        for finding in findings.iter().filter(|finding| finding.grade != Grade::Pass) {
            for packet in &finding.packets {
                marks.add(*packet, finding.parts.iter().map(String::as_str));
            }
        }
        marks
    }

    /// Marks a packet, and parts of it.
    pub(super) fn add(&mut self, packet: usize, parts: impl IntoIterator<Item = &'a str>) {
        self.0.entry(packet).or_default().extend(parts);
    }

    /// The places of the packets.
    pub(super) fn packets(&self) -> BTreeSet<usize> {
        self.0.keys().copied().collect()
    }

    /// The bytes of a packet with their meaning, and a line of `^` below what is wrong; none where no packet is.
    pub(super) fn dump(&self, evidence: &[Evidence], packet: usize) -> Option<String> {
        let EvidenceKind::Packet { from, version, hex, .. } = &evidence.get(packet)?.kind else {
            return None;
        };
        let parts = self.0.get(&packet).map_or(&[][..], Vec::as_slice);
        Some(annotate(*from, Some(*version), &hex.0).mark(parts).to_string())
    }
}
