//! What a run is asked for, and what comes of it.

use bytes::Bytes;
use reference_broker::{Config, Rules};

use crate::{
    device::Credentials, follower::Conduct, history::Verdict, numbers::Numbers, plan::Micros, segment::Tap,
};

/// What distinguishes one run of a plan from another.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all chance comes from.
    pub seed: u64,
    /// What tells the messages and clients of this run from those of others at the same broker; if not said, it follows from
    /// the seed.
    pub run: Option<u32>,
    /// The rules that the broker keeps; a mutant lacks one.
    pub rules: Rules,
    /// What the broker offers.
    pub config: Config,
    /// What devices tell the broker of who they are, unless the plan says it for their group.
    pub credentials: Option<Credentials>,
    /// What is left out, for a smaller history of the same kind.
    pub left_out: LeftOut,
    /// Where everything that devices did and saw is left, if somebody takes it.
    pub tap: Option<Tap>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            run: None,
            rules: Rules::all(),
            config: Config::default(),
            credentials: None,
            left_out: LeftOut::default(),
            tap: None,
        }
    }
}

/// What a run leaves out of its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The devices that take part, in order; all, if not said.
    pub devices: Option<Vec<u32>>,
    /// The connections that the link may end, each with its ordinal; all, if not said.
    pub faults: Option<Vec<(u32, u32)>>,
    /// The only messages that are published, each by its device and its number among that device's, in order.
    pub messages: Option<Vec<(u32, u32)>>,
    /// Whether no packet is lost or slow.
    pub delays: bool,
    /// The calm begins at this time, if that is earlier than the plan's.
    pub until: Option<Micros>,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the history says about the broker.
    pub verdict: Verdict,
    /// What was counted and measured.
    pub numbers: Numbers,
    /// What the clients of each group did wrong, if they are somebody else's.
    pub conduct: Vec<(u32, Conduct)>,
    /// A hash of everything that happened.
    pub trace: u64,
    /// How many events there were.
    pub events: u64,
    /// The time at which the run ended.
    pub ended: Micros,
    /// The connections that the link ended, each with the ordinal among its device's.
    pub faults: Vec<(u32, u32)>,
    /// How many messages each device has made.
    pub made: Vec<(u32, u32)>,
    /// What travelled, if it was to be kept.
    pub record: Vec<Recorded>,
}

/// Something that travelled or happened to a connection, as the device saw it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// When.
    pub at: Micros,
    /// The device.
    pub device: u32,
    /// Which of its connections.
    pub connection: u32,
    /// What.
    pub what: Travelled,
}

/// What travelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Travelled {
    /// The connection was opened.
    Opened,
    /// These bytes of the device have reached the broker.
    Sent(Bytes),
    /// The device got these bytes.
    Got(Bytes),
    /// The connection ended, and the broker was told or will be.
    Ended,
    /// The device left its connection behind without a word.
    Left,
}

/// What is passed on to a client that is somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It is to begin.
    Begin,
    /// These bytes have come for it.
    Bytes(Bytes),
    /// Its network connection has ended.
    End,
}

/// What can be seen of a run while it goes on.
pub struct Progress<'w> {
    /// The virtual time.
    pub now: Micros,
    /// Counts the devices that are connected.
    pub online: &'w dyn Fn() -> usize,
    /// What was counted so far.
    pub numbers: &'w Numbers,
    /// What was found so far.
    pub verdict: &'w Verdict,
}
