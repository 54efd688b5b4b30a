//! Traffic that is judged while it flows, as a proxy sees it.

use std::{collections::BTreeMap, io::Write, net::SocketAddr, time::Duration};

use bytes::Bytes;
use mqttspec_segments::{End, Frame, Kind, LinkType, Party, Recorder, Stamp, WriteError, synthetic::Wire};
use mqttspec_spec::StatementId;
use mqttspec_wire::Sender;

use super::{Conversation, KeyLog, Shown, Survey, seen::Seen};
use crate::referee::Violation;

/// A breach is told so often, and then only counted.
const TOLD: u64 = 5;

/// A breach, when it is seen.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The number of the network connection, counted from 1.
    pub number: u64,
    /// What is broken.
    pub violation: Violation,
    /// The packet that shows it.
    pub packet: Shown,
    /// Whether it will only be counted from now on.
    pub is_last: bool,
}

/// The network connections that pass through, judged as they do, and written to a capture if there is one.
///
/// What happens has to be handed in in the order in which it passes through: bytes before the answers to them.
pub struct Live<W: Write> {
    recorder: Option<Recorder<W>>,
    /// Why the capture ends here.
    trouble: Option<WriteError>,
    open: BTreeMap<u64, Line>,
    opened: u64,
    frame: u64,
    /// What the connections that have ended came to.
    survey: Survey,
    /// Those of them that were judged from their CONNECT on.
    judged: u64,
    broken: BTreeMap<(Sender, StatementId), u64>,
    notices: Vec<Notice>,
}

struct Line {
    conversation: Conversation,
    wire: Wire,
}

/// What came of it.
#[derive(Debug)]
pub struct Tally {
    /// Network connections.
    pub connections: u64,
    /// Those of them that were judged.
    pub judged: u64,
    /// What they came to one by one, as in a capture.
    pub survey: Survey,
    /// How often each statement was broken, and by whom.
    pub broken: BTreeMap<(Sender, StatementId), u64>,
}

impl<W: Write> Live<W> {
    /// Nothing has happened yet.
    pub fn new(recorder: Option<Recorder<W>>) -> Self {
        Self {
            recorder,
            trouble: None,
            open: BTreeMap::new(),
            opened: 0,
            frame: 0,
            survey: Survey::default(),
            judged: 0,
            broken: BTreeMap::new(),
            notices: Vec::new(),
        }
    }

    /// `first` has opened a network connection to `second`. `at` counts from 1970-01-01 00:00:00 UTC.
    pub fn open(&mut self, at: Duration, first: SocketAddr, second: SocketAddr) -> u64 {
        self.opened += 1;
        let number = self.opened;
        // Far enough from the earlier connections of the same ports.
        let sequence = u32::try_from(number % 4096).unwrap_or_default() << 20;
        let mut wire = Wire::new(first, second).starting_at(sequence);
        let stamp = self.record(at, &wire.open());
        self.open.insert(number, Line { conversation: Conversation::new(first, second, stamp), wire });
        for by in [Party::First, Party::Second] {
            self.happen(number, stamp, Kind::Begins { by, whole: true });
        }
        number
    }

    /// A party of a connection sent bytes.
    pub fn bytes(&mut self, at: Duration, number: u64, by: Party, bytes: &[u8]) {
        let frames = match (self.open.get_mut(&number), &self.recorder) {
            (Some(line), Some(_)) => line.wire.bytes(by, bytes),
            (Some(_) | None, _) => Vec::new(),
        };
        let stamp = self.record(at, &frames);
        self.happen(number, stamp, Kind::Bytes { by, bytes: Bytes::copy_from_slice(bytes) });
    }

    /// A party ended its stream.
    pub fn ended(&mut self, at: Duration, number: u64, by: Party, how: End) {
        let Some(line) = self.open.get_mut(&number) else { return };
        let frame = line.wire.end(by, how);
        let stamp = self.record(at, frame.as_slice());
        self.happen(number, stamp, Kind::Ended { by, how });
    }

    /// The connection is gone.
    pub fn close(&mut self, at: Duration, number: u64) {
        let stamp = Stamp { frame: self.frame, at };
        self.happen(number, stamp, Kind::Over);
        let Some(line) = self.open.remove(&number) else { return };
        let is_whole = self.survey.close(number, line.conversation);
        self.judged += u64::from(is_whole);
    }

    /// The breaches since the last time.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Ends all connections; says what came of them, and gives back the capture.
    pub fn finish(mut self, at: Duration) -> (Tally, Option<Recorder<W>>) {
        for number in self.open.keys().copied().collect::<Vec<_>>() {
            self.close(at, number);
        }
        let Self { opened: connections, judged, survey, broken, recorder, .. } = self;
        (Tally { connections, judged, survey, broken }, recorder)
    }

    /// Hands over to the system what was written to the capture.
    pub fn flush(&mut self) {
        let flushed = self.recorder.as_mut().map_or(Ok(()), Recorder::flush);
        self.note(flushed);
    }

    /// Why nothing is written to the capture any more, if this has not been asked for before. Judging goes on.
    pub fn trouble(&mut self) -> Option<WriteError> {
        self.trouble.take()
    }

    /// Writes frames to the capture; the number of the last one names what happens.
    fn record(&mut self, at: Duration, frames: &[Vec<u8>]) -> Stamp {
        self.frame += if self.recorder.is_none() { 1 } else { frames.len() as u64 };
        if let Some(recorder) = &mut self.recorder {
            let mut frames = frames.iter().map(|data| {
                let original = data.len();
                recorder.frame(&Frame { number: 0, at, link: LinkType::ETHERNET, data, original })
            });
            let written = frames.find(Result::is_err).unwrap_or(Ok(()));
            self.note(written);
        }
        Stamp { frame: self.frame, at }
    }

    fn note(&mut self, written: Result<(), WriteError>) {
        if let Err(error) = written {
            self.recorder = None;
            self.trouble = Some(error);
        }
    }

    fn happen(&mut self, number: u64, stamp: Stamp, kind: Kind) {
        let Some(line) = self.open.get_mut(&number) else { return };
        let (broken, notices) = (&mut self.broken, &mut self.notices);
        // What passes through a proxy is judged without looking into TLS.
        let keys = KeyLog::default();
        line.conversation.event(stamp, kind, &keys, &mut |seen| notice(number, seen, broken, notices));
    }
}

fn notice(
    number: u64,
    seen: &Seen<'_>,
    broken: &mut BTreeMap<(Sender, StatementId), u64>,
    notices: &mut Vec<Notice>,
) {
    for violation in seen.violations {
        let times = broken.entry((violation.party, violation.statement)).or_default();
        *times += 1;
        if *times <= TOLD {
            let (violation, packet) = (violation.clone(), Shown::of(seen));
            notices.push(Notice { number, violation, packet, is_last: *times == TOLD });
        }
    }
}

#[cfg(test)]
mod tests {
    use mqttspec_spec::v3;

    use super::*;
    use crate::capture::{Summary, survey};

    const CONNECT: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01c";
    const CONNACK: &[u8] = b"\x20\x02\x00\x00";
    const WRONG: &[u8] = b"\xC1\x00";

    #[test]
    fn what_passes_is_judged_and_recorded_alike() {
        let mut live = Live::new(Some(Recorder::new(Vec::new()).unwrap()));
        let at = Duration::from_secs(1_700_000_000);
        let (first, second) = ("127.0.0.1:4000".parse().unwrap(), "127.0.0.1:1883".parse().unwrap());
        for count in 1..=7 {
            let number = live.open(at, first, second);
            live.bytes(at, number, Party::First, &CONNECT[..5]);
            live.bytes(at, number, Party::First, &CONNECT[5..]);
            live.bytes(at, number, Party::Second, CONNACK);
            assert!(live.notices().is_empty());
            live.bytes(at, number, Party::First, WRONG);
            let told = live.notices();
            assert_eq!(told.len(), usize::from(count <= TOLD), "connection {count}");
            assert!(
                told.iter().all(|notice| notice.packet.raw == WRONG && notice.is_last == (count == TOLD))
            );
            live.ended(at, number, Party::First, End::Reset);
            live.close(at, number);
        }
        let (tally, recorder) = live.finish(at);
        let is_broken = |summary: &Summary| {
            summary.breaches.iter().map(|breach| breach.violation.statement).eq([v3!("2.2.2-1")])
        };
        assert!(tally.survey.mqtt() == 7 && tally.survey.conversations.iter().all(is_broken));
        assert_eq!((tally.connections, tally.judged), (7, 7));
        assert_eq!(tally.broken, [((Sender::Client, v3!("2.2.2-1")), 7)].into());

        let file = recorder.unwrap().finish();
        let survey = survey(&file[..], KeyLog::default(), &mut |_, _| {}).unwrap();
        assert_eq!((survey.mqtt(), survey.counts), (7, tally.survey.counts));
        let broken = survey.conversations.iter().flat_map(|summary| &summary.breaches);
        assert!(broken.map(|breach| breach.violation.statement).eq([v3!("2.2.2-1"); 7]));
    }

    /// A disk that is full after so many bytes.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn without_room_for_the_capture_judging_goes_on() {
        let mut live = Live::new(Some(Recorder::new(Disk(600)).unwrap()));
        let (first, second) = ("127.0.0.1:4000".parse().unwrap(), "127.0.0.1:1883".parse().unwrap());
        let number = live.open(Duration::ZERO, first, second);
        assert!(live.trouble().is_none());
        live.bytes(Duration::ZERO, number, Party::First, CONNECT);
        live.bytes(Duration::ZERO, number, Party::Second, CONNACK);
        live.bytes(Duration::ZERO, number, Party::First, WRONG);
        assert!(live.trouble().is_some() && live.trouble().is_none());
        let (tally, recorder) = live.finish(Duration::ZERO);
        assert_eq!(tally.broken, [((Sender::Client, v3!("2.2.2-1")), 1)].into());
        assert!(recorder.is_none());
    }
}
