//! Faults put into a capture on purpose: what networks and captures do to frames, repeatably.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    str::FromStr,
    time::Duration,
};

use mqttspec_segments::{Frame, FrameReader, LinkType, ReadError, Recorder, WriteError};

/// What is done to the frames of a capture. Frames are named by their numbers in the original.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    /// Left out.
    pub lost: BTreeSet<u64>,
    /// Written a second time, so many frames later.
    pub repeated: BTreeMap<u64, u64>,
    /// Written so many frames later.
    pub late: BTreeMap<u64, u64>,
    /// The first frame that is written.
    pub from: Option<u64>,
    /// The last frame that is written.
    pub until: Option<u64>,
    /// The bytes that are kept of each frame.
    pub snap: Option<usize>,
    /// TLS secrets that the copy brings along besides those of the original, in the format of `SSLKEYLOGFILE`.
    pub secrets: Vec<u8>,
}

/// A frame and by how many frames it is put off: `7+3`, or `7` for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// The frame's number.
    pub frame: u64,
    /// By how many frames.
    pub by: u64,
}

/// A delay is not written as `7` or `7+3`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no frame; write its number, or 7+3 for frame 7 put off by 3 frames (up to 1000)")]
pub struct ParseDelayError(String);

/// Frames wait for at most so many others.
const LONGEST: u64 = 1000;

impl FromStr for Delay {
    type Err = ParseDelayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (frame, by) = text.split_once('+').unwrap_or((text, "1"));
        let delay = frame.parse().ok().zip(by.parse().ok()).map(|(frame, by)| Self { frame, by });
        let fits = |delay: &Self| delay.frame > 0 && (1..=LONGEST).contains(&delay.by);
        delay.filter(fits).ok_or_else(|| ParseDelayError(text.to_owned()))
    }
}

/// Why a capture cannot be edited.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is named after what failed")]
pub enum EditError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
    /// An edit names a frame that is not there.
    #[error("the capture has no frame {0}: it has {1}")]
    NoFrame(u64, u64),
}

/// A frame that may have to wait for its turn.
#[derive(Clone)]
struct Waiting {
    link: LinkType,
    data: Vec<u8>,
    original: usize,
}

/// Copies a capture with faults, as pcapng, and with the TLS secrets in it. Frames that come later get the time of the
/// one they come after.
pub fn edit(input: impl Read, output: impl Write, edits: &Edits) -> Result<(), EditError> {
    let mut frames = FrameReader::new(input)?;
    let mut recorder = Recorder::new(output)?;
    if !edits.secrets.is_empty() {
        recorder.secrets(&edits.secrets)?;
    }
    // By the number of the frame after which they come.
    let mut waiting: BTreeMap<u64, Vec<Waiting>> = BTreeMap::new();
    let mut latest = Duration::ZERO;
    while let Some(frame) = frames.next()? {
        let Frame { number, at, link, data, original } = frame;
        let frame = Waiting { link, data: cut(data, edits.snap).to_vec(), original };
        latest = at;
        for secrets in frames.secrets() {
            recorder.secrets(&secrets)?;
        }
        let is_kept = edits.from.is_none_or(|from| from <= number)
            && edits.until.is_none_or(|until| number <= until)
            && !edits.lost.contains(&number);
        let later = [&edits.late, &edits.repeated].map(|delays| delays.get(&number).copied());
        for by in later.into_iter().flatten().filter(|_| is_kept) {
            waiting.entry(number + by).or_default().push(frame.clone());
        }
        if is_kept && !edits.late.contains_key(&number) {
            write(&mut recorder, at, &frame)?;
        }
        for frame in waiting.remove(&number).into_iter().flatten() {
            write(&mut recorder, at, &frame)?;
        }
    }
    for frame in waiting.into_values().flatten() {
        write(&mut recorder, latest, &frame)?;
    }
    let named = edits.lost.iter().chain(edits.repeated.keys()).chain(edits.late.keys());
    let named = named.chain(&edits.from).chain(&edits.until).max();
    match named {
        Some(number) if *number > frames.frames() => Err(EditError::NoFrame(*number, frames.frames())),
        Some(_) | None => Ok(()),
    }
}

fn cut(data: &[u8], snap: Option<usize>) -> &[u8] {
    snap.and_then(|snap| data.get(..snap)).unwrap_or(data)
}

fn write<W: Write>(recorder: &mut Recorder<W>, at: Duration, frame: &Waiting) -> Result<(), WriteError> {
    let Waiting { link, data, original } = frame;
    recorder.frame(&Frame { number: 0, at, link: *link, data, original: *original })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A capture of frames with a byte each, 1 to 5, edited; as the bytes that are left.
    fn edited(edits: &Edits) -> Result<Vec<u8>, EditError> {
        let mut recorder = Recorder::new(Vec::new()).unwrap();
        for number in 1..=5u8 {
            let at = Duration::from_secs(number.into());
            let (data, link) = (&[number, 0][..], LinkType::RAW);
            recorder.frame(&Frame { number: 0, at, link, data, original: 2 }).unwrap();
        }
        let mut output = Vec::new();
        edit(&recorder.finish()[..], &mut output, edits)?;
        let mut frames = FrameReader::new(&output[..]).unwrap();
        let mut left = Vec::new();
        while let Some(frame) = frames.next().unwrap() {
            assert_eq!((frame.data.len(), frame.original), (edits.snap.unwrap_or(2), 2));
            left.push(frame.data[0]);
        }
        Ok(left)
    }

    #[rstest]
    #[case(Edits::default(), &[1, 2, 3, 4, 5])]
    #[case(Edits { lost: [2, 5].into(), ..Edits::default() }, &[1, 3, 4])]
    #[case(Edits { repeated: [(2, 2)].into(), ..Edits::default() }, &[1, 2, 3, 4, 2, 5])]
    #[case(Edits { late: [(2, 1), (5, 7)].into(), ..Edits::default() }, &[1, 3, 2, 4, 5])]
    #[case(Edits { from: Some(2), until: Some(4), ..Edits::default() }, &[2, 3, 4])]
    #[case(Edits { snap: Some(1), ..Edits::default() }, &[1, 2, 3, 4, 5])]
    fn frames_are_where_they_are_put(#[case] edits: Edits, #[case] expected: &[u8]) {
        assert_eq!(edited(&edits).unwrap(), expected);
    }

    #[test]
    fn a_frame_that_is_not_there_is_a_slip() {
        let edits = Edits { lost: [6].into(), ..Edits::default() };
        assert_eq!(edited(&edits).unwrap_err().to_string(), "the capture has no frame 6: it has 5");
    }

    #[rstest]
    #[case("7", Some(Delay { frame: 7, by: 1 }))]
    #[case("7+3", Some(Delay { frame: 7, by: 3 }))]
    #[case("7+0", None)]
    #[case("0+1", None)]
    #[case("7+1001", None)]
    #[case("seven", None)]
    fn delays(#[case] text: &str, #[case] expected: Option<Delay>) {
        assert_eq!(text.parse::<Delay>().ok(), expected);
    }
}
