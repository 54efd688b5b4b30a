//! A fleet on several machines: each process plays its share of the devices and writes what they did and saw to a file;
//! from all files together the whole is judged.

use std::{
    fmt,
    io::{self, BufRead, Read as _, Write},
    str::FromStr,
};

use mqttspec_fleet::{
    history::{Oracle, Verdict},
    layout::Layout,
    numbers::Numbers,
    plan::Micros,
    segment::{Heard, Tap, What},
};

/// The first line of each file.
pub const MAGIC: &str = "mqttspec fleet history 1";

/// How far the clocks of machines may be apart, in microseconds, for what is judged between them.
const TOLERANCE: Micros = 100_000;

/// The longest line that is read; a topic has 65,535 bytes at most.
const LONGEST_LINE: u64 = 1 << 17;

/// Which share of the devices a process plays: `2/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, counted from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// The devices of this share.
    pub fn devices(self, all: usize) -> Vec<u32> {
        (0..u32::try_from(all).unwrap_or(u32::MAX)).filter(|device| self.has(*device)).collect()
    }

    const fn has(self, device: u32) -> bool {
        device % self.of == self.number - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts =
            text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        let shard = parts.map(|(number, of)| Self { number, of });
        let right = shard.filter(|shard| (1..=shard.of).contains(&shard.number));
        right.ok_or_else(|| "write it as 2/4: the second of four".to_owned())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// What all files of a fleet have to agree on, and where one stands among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which share it is of.
    pub shard: Shard,
    /// The seed.
    pub seed: u64,
    /// When its process began, in microseconds since 1970.
    pub began: Micros,
    /// The text of the plan.
    pub plan: String,
}

/// Writes the history of a share.
#[derive(Debug)]
pub struct Recorder<W> {
    to: W,
    tap: Tap,
}

impl<W: Write> Recorder<W> {
    /// Writes the head.
    pub fn new(mut to: W, head: &Head) -> io::Result<Self> {
        let Head { shard, seed, began, plan } = head;
        writeln!(to, "{MAGIC}\n{shard} {seed} {began} {}\n{plan}", plan.len())?;
        Ok(Self { to, tap: Tap::default() })
    }

    /// Where a world has to leave what is heard.
    pub fn tap(&self) -> Tap {
        self.tap.clone()
    }

    /// Writes what was heard since the last time.
    pub fn write(&mut self) -> io::Result<()> {
        self.tap.take().iter().try_for_each(|heard| writeln!(self.to, "{heard}"))
    }

    /// Writes the rest, and the end.
    pub fn finish(mut self, ended: Micros, complete: bool) -> io::Result<()> {
        self.write()?;
        writeln!(self.to, "end {ended} {}", u8::from(complete))?;
        self.to.flush()
    }
}

/// Why histories cannot be judged together.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A file cannot be read.
    #[error("cannot read {0}: {1}")]
    Unreadable(String, io::Error),
    /// A file is no history.
    #[error("{0} is no history of a fleet, or it is damaged at line {1}")]
    Damaged(String, u64),
    /// They are not of one run.
    #[error("{0} is of another plan or seed than the others")]
    OtherRun(String),
    /// Not every share is there once.
    #[error("there are {of} shares, and each of their files has to be given once: {wrong}")]
    Shares {
        /// How many there are.
        of: u32,
        /// What is wrong.
        wrong: String,
    },
}

/// A history that is read line by line.
pub struct Segment<R> {
    name: String,
    head: Head,
    lines: R,
    line: u64,
    /// What comes next.
    next: Option<Heard>,
    /// When it ended, and whether the run came to its end; nothing if the file has none.
    end: Option<(Micros, bool)>,
}

impl<R: BufRead> Segment<R> {
    /// Reads the head. `name` is how errors name the file.
    pub fn open(name: &str, mut lines: R) -> Result<Self, MergeError> {
        let unreadable = |error| MergeError::Unreadable(name.to_owned(), error);
        let damaged = |line| MergeError::Damaged(name.to_owned(), line);
        let mut read = String::new();
        lines.read_line(&mut read).map_err(unreadable)?;
        if read.trim_end() != MAGIC {
            return Err(damaged(1));
        }
        read.clear();
        lines.read_line(&mut read).map_err(unreadable)?;
        let words: Vec<&str> = read.split_whitespace().collect();
        let [shard, seed, began, length] = words.as_slice() else { return Err(damaged(2)) };
        let head =
            (|| Some((shard.parse().ok()?, seed.parse().ok()?, began.parse().ok()?, length.parse().ok()?)))();
        let Some((shard, seed, began, length)) = head.filter(|(.., length)| *length < 1 << 20) else {
            return Err(damaged(2));
        };
        let length: usize = length;
        let mut plan = vec![0; length + 1];
        lines.read_exact(&mut plan).map_err(unreadable)?;
        plan.truncate(length);
        let plan = String::from_utf8(plan).map_err(|_| damaged(3))?;
        Ok(Self {
            name: name.to_owned(),
            head: Head { shard, seed, began, plan },
            lines,
            line: 2,
            next: None,
            end: None,
        })
    }

    /// What the file is of.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Goes on to what comes next.
    fn advance(&mut self) -> Result<(), MergeError> {
        self.next = None;
        let mut line = String::new();
        self.line += 1;
        let length = self
            .lines
            .by_ref()
            .take(LONGEST_LINE)
            .read_line(&mut line)
            .map_err(|error| MergeError::Unreadable(self.name.clone(), error))?;
        // A process that was ended in the middle has left half a line, or none.
        let Some(line) = line.strip_suffix('\n').filter(|_| length > 0) else { return Ok(()) };
        if let Some(rest) = line.strip_prefix("end ") {
            let end =
                rest.split_once(' ').and_then(|(at, complete)| Some((at.parse().ok()?, complete == "1")));
            self.end = end;
            return Ok(());
        }
        self.next = Heard::parse(line);
        match &self.next {
            Some(_) => Ok(()),
            None => Err(MergeError::Damaged(self.name.clone(), self.line)),
        }
    }
}

/// What came of the whole fleet.
#[derive(Debug)]
pub struct Merged {
    /// What the history says about the broker.
    pub verdict: Verdict,
    /// What was counted; the bytes on the wire are not in a history.
    pub numbers: Numbers,
    /// When the last share ended.
    pub ended: Micros,
}

/// Judges the shares of a fleet as one. The plan is written out by `layout`.
pub fn merge<R: BufRead>(layout: &Layout, mut segments: Vec<Segment<R>>) -> Result<Merged, MergeError> {
    check(&segments)?;
    let first = segments.iter().map(|segment| segment.head.began).min().unwrap_or(0);
    segments.sort_by_key(|segment| segment.head.shard.number);
    let later: Vec<Micros> = segments.iter().map(|segment| segment.head.began - first).collect();
    let of = u32::try_from(segments.len()).unwrap_or(1).max(1);
    let offset = |device: u32| later.get((device % of) as usize).copied().unwrap_or(0);
    let mut oracle = Oracle::new(layout).tolerating(if of > 1 { TOLERANCE } else { 0 });
    let mut numbers = Numbers::new(&layout.plan);
    let mut phases = Phases::new(layout);
    let mut now = 0;
    for segment in &mut segments {
        segment.advance()?;
    }
    loop {
        let next = |(at, segment): (usize, &Segment<R>)| {
            Some((segment.next.as_ref()?.at + later.get(at).copied().unwrap_or(0), at))
        };
        let Some((_, at)) = segments.iter().enumerate().filter_map(next).min() else { break };
        let Some(segment) = segments.get_mut(at) else { break };
        let Some(mut heard) = segment.next.take() else { break };
        segment.advance()?;
        heard.shift(layout, offset);
        now = heard.at.max(now);
        phases.pass(now, &mut numbers);
        match heard.what {
            What::Event(event) => {
                numbers.note(layout, now, heard.device, &event);
                oracle.note(now, heard.device, event);
            }
            What::Open(open) => oracle.left_open(now, heard.device, open),
            What::Restarted(ends, back) => oracle.restarted(ends, back),
        }
    }
    let complete = segments.iter().all(|segment| segment.end.is_some_and(|(_, complete)| complete));
    numbers.pass(now);
    oracle.finish(now, complete);
    Ok(Merged { verdict: oracle.into_verdict(), numbers, ended: now })
}

fn check<R>(segments: &[Segment<R>]) -> Result<(), MergeError> {
    let Some(first) = segments.first() else {
        return Err(MergeError::Shares { of: 0, wrong: "no file was given".to_owned() });
    };
    let of = first.head.shard.of;
    for segment in segments {
        let (own, head) = (&segment.head, &first.head);
        if (own.seed, &own.plan, own.shard.of) != (head.seed, &head.plan, of) {
            return Err(MergeError::OtherRun(segment.name.clone()));
        }
    }
    for number in 1..=of {
        let count = segments.iter().filter(|segment| segment.head.shard.number == number).count();
        if count != 1 {
            return Err(MergeError::Shares { of, wrong: format!("there are {count} of share {number}") });
        }
    }
    Ok(())
}

/// The phases of the plan by the merged clock.
struct Phases {
    begins: Vec<Micros>,
    next: usize,
}

impl Phases {
    fn new(layout: &Layout) -> Self {
        let mut begins = vec![0];
        for phase in &layout.plan.phases {
            begins.push(begins.last().copied().unwrap_or(0) + phase.lasts);
        }
        Self { begins, next: 0 }
    }

    fn pass(&mut self, now: Micros, numbers: &mut Numbers) {
        while let Some(begins) = self.begins.get(self.next).copied().filter(|begins| *begins <= now) {
            numbers.begin(begins, self.next);
            self.next += 1;
        }
    }
}
