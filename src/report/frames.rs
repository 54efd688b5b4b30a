//! The run as a capture: every network connection as if it had been recorded on a network.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mqttspec_segments::{End, Frame, Interface, LinkType, Party, Recorder, WriteError, synthetic::Wire};
use mqttspec_wire::Sender;

use super::{
    Report,
    kind::RenderError,
    text::{capped, clean},
};
use crate::verdict::{Evidence, EvidenceKind, Grade, ScenarioResult};

/// Between the last frame of a scenario and the first one of the next.
const PAUSE: Duration = Duration::from_millis(1);

/// The frames of one run of a scenario in the capture, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames {
    /// For each event of the evidence its first frame; none for events that leave no trace.
    pub of_event: Vec<Option<u64>>,
    /// The first and the last one; none if there is nothing.
    pub range: Option<(u64, u64)>,
}

/// The frames of each result of a report in the capture that [`pcapng`] makes of it.
pub fn frames(report: &Report) -> Vec<Frames> {
    let mut layout = Layout::default();
    report.run.results.iter().map(|result| layout.lay(result, &mut |_, _, _| {})).collect()
}

/// The capture of a run. Runs of scenarios follow each other in it, each with its own times, though many were played at
/// once; an interface stands for all clients of that name.
pub fn pcapng(report: &Report) -> Result<Vec<u8>, RenderError> {
    record(report).map_err(|error| RenderError(error.to_string()))
}

fn record(report: &Report) -> Result<Vec<u8>, WriteError> {
    let program = format!("mqttspec {}", report.run.mqttspec);
    let mut recorder = Recorder::titled(Vec::new(), &program, &heading(report))?;
    let results = &report.run.results;
    let clients: BTreeSet<&str> =
        results.iter().flat_map(|result| &result.evidence).map(|event| event.client.as_str()).collect();
    let mut interfaces: BTreeMap<&str, Interface> = BTreeMap::new();
    for client in clients {
        interfaces.insert(client, recorder.interface(&capped(&clean(client)), LinkType::ETHERNET)?);
    }
    let mut start = Duration::from_secs(report.provenance.date.map_or(0, super::Date::unix));
    let mut layout = Layout::default();
    for result in results {
        let notes = notes(result);
        let (mut told, mut first, mut outcome) = (BTreeSet::new(), true, Ok(()));
        let mut last = Duration::ZERO;
        layout.lay(result, &mut |index, event, data| {
            let mut comments = Vec::new();
            if std::mem::take(&mut first) {
                comments.push(title(result));
            }
            if told.insert(index) {
                comments.extend(notes.get(&index).into_iter().flatten().cloned());
            }
            last = event.at;
            let frame = frame(start + event.at, data);
            if let (Ok(()), Some(interface)) = (&outcome, interfaces.get(event.client.as_str())) {
                outcome = recorder.frame_at(*interface, &frame, &comments);
            }
        });
        outcome?;
        start += last + PAUSE;
    }
    Ok(recorder.finish())
}

/// A frame at a time in microseconds, which is what a report holds.
fn frame(at: Duration, data: &[u8]) -> Frame<'_> {
    let at = Duration::from_micros(u64::try_from(at.as_micros()).unwrap_or(u64::MAX));
    Frame { number: 0, at, link: LinkType::ETHERNET, data, original: data.len() }
}

fn heading(report: &Report) -> String {
    format!(
        "{}: the packets of each scenario's run in the order of the report, one run after the other though many were \
         played at once. Bytes that travelled in TLS, WebSocket or inside the program are shown as TCP to port 1883.",
        clean(&report.subject())
    )
}

/// `scenario common/3.3-publish/retained-kept, MQTT 5.0, qos=1: fail, v5.0:3.3.1-5`
fn title(result: &ScenarioResult) -> String {
    let variant = if result.variant.is_empty() { String::new() } else { format!(", {}", result.variant) };
    let ids = if result.broken.is_empty() { &result.statements } else { &result.broken };
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let text = format!(
        "scenario {}, MQTT {}{variant}: {} ({})",
        result.scenario,
        result.version.number(),
        result.grade,
        ids.join(", ")
    );
    clean(&text).into_owned()
}

/// For each event that shows a finding, what was found.
fn notes(result: &ScenarioResult) -> BTreeMap<usize, BTreeSet<String>> {
    let mut notes: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for finding in result.findings.iter().filter(|finding| finding.grade != Grade::Pass) {
        let ids: Vec<String> = finding.statements.iter().map(ToString::to_string).collect();
        let (expected, observed) = (capped(&finding.expected), capped(&finding.observed));
        let text = format!("{} {}: expected {expected}; observed {observed}", finding.grade, ids.join(", "));
        for packet in &finding.packets {
            notes.entry(*packet).or_default().insert(clean(&text).into_owned());
        }
    }
    notes
}

/// Counts frames and conversations over all results.
#[derive(Default)]
struct Layout {
    conversations: u32,
    frames: u64,
}

impl Layout {
    /// Hands out the frames of a result one by one, each with the place of its event.
    fn lay(&mut self, result: &ScenarioResult, sink: &mut dyn FnMut(usize, &Evidence, &[u8])) -> Frames {
        let before = self.frames;
        let mut open: BTreeMap<(&str, u32), Wire> = BTreeMap::new();
        let mut of_event = Vec::with_capacity(result.evidence.len());
        for (index, event) in result.evidence.iter().enumerate() {
            let mut frames = Vec::new();
            let wire = open.entry((&event.client, event.connection)).or_insert_with(|| {
                self.conversations += 1;
                let mut wire = wire(self.conversations - 1);
                if !matches!(event.kind, EvidenceKind::Refused { .. }) {
                    frames = wire.open();
                }
                wire
            });
            frames.extend(event_frames(wire, &event.kind));
            of_event.push((!frames.is_empty()).then_some(self.frames + 1));
            self.frames += frames.len() as u64;
            for frame in &frames {
                sink(index, event, frame);
            }
        }
        Frames { of_event, range: (self.frames > before).then_some((before + 1, self.frames)) }
    }
}

/// The conversation with this number, between ends of its own; 16,384 of them share the address of a client. Bytes that
/// travelled in TLS, in WebSocket or inside a process become plain TCP to port 1883, which every tool that knows MQTT
/// understands without being told.
fn wire(number: u32) -> Wire {
    const FIRST_PORT: u16 = 49_152;
    let (host, port) = (number >> 14, number & 0x3FFF);
    let [_, b, c, d] = (host + 2).to_be_bytes();
    let port = FIRST_PORT + u16::try_from(port).unwrap_or(0);
    Wire::new(([10, b, c, d], port).into(), ([10, 0, 0, 1], 1883).into())
}

fn event_frames(wire: &mut Wire, kind: &EvidenceKind) -> Vec<Vec<u8>> {
    let party = |sender: &Sender| match sender {
        Sender::Client => Party::First,
        Sender::Server => Party::Second,
    };
    match kind {
        EvidenceKind::Opened => Vec::new(),
        EvidenceKind::Refused { .. } => wire.refuse(),
        EvidenceKind::Packet { from, hex, .. } => wire.bytes(party(from), &hex.0),
        EvidenceKind::Closed { by, how } => {
            let reset = *by == Sender::Server && how.contains("reset");
            wire.end(party(by), if reset { End::Reset } else { End::Fin }).into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_have_ends_of_their_own() {
        let first = |number| wire(number).open().swap_remove(0);
        assert_eq!((0..40_000).map(first).collect::<BTreeSet<_>>().len(), 40_000);
    }
}
