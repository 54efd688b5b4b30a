//! What a fleet consists of and what happens to it. Times are whole microseconds, so that no machine rounds them.

mod template;

use mqttspec_wire::{QoS, Version, packet::RetainHandling};

pub use template::{Template, TemplateFault};

use crate::random::{Random, Range};

/// A duration, or a time since the start, in microseconds.
pub type Micros = u64;

/// A second.
pub const SECOND: Micros = 1_000_000;

/// A time that does not come.
pub const NEVER: Micros = u64::MAX;

/// A fleet and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it is about, in one line.
    pub title: String,
    /// The devices.
    pub groups: Vec<Group>,
    /// What happens, one after the other. Behind the last phase every plan has a time of calm in which all that is
    /// owed can be delivered.
    pub phases: Vec<Phase>,
    /// What the broker says that it does not promise.
    pub limits: Limits,
}

/// Devices that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name, from which client identifiers are made.
    pub name: String,
    /// How many devices there are.
    pub count: u32,
    /// Whose client they have.
    pub client: Client,
    /// Their protocol version.
    pub version: Version,
    /// Clean Start, or Clean Session under MQTT 3.1.1.
    pub clean_start: bool,
    /// Session Expiry Interval in seconds (MQTT 5.0 §3.1.2.11.2); `u32::MAX` is never.
    pub expiry: u32,
    /// Keep Alive in seconds; 0 is none.
    pub keep_alive: u16,
    /// User Name and Password.
    pub credentials: Option<Credentials>,
    /// Receive Maximum, if it is not left to its default (MQTT 5.0 §3.1.2.11.3). Each connection draws its own.
    pub receive_maximum: Option<Range>,
    /// The Will Message.
    pub will: Option<Will>,
    /// What is subscribed to, at most eight filters.
    pub subscribe: Vec<Subscribe>,
    /// What is published.
    pub publish: Vec<Publish>,
    /// How long a message is worked on before it is acknowledged.
    pub acknowledge_after: Range,
    /// By how many parts in a million the clock of a device goes wrong at most, in either direction.
    pub clock_skew: u32,
    /// When devices are there at all; always, if not said.
    pub duty: Option<Duty>,
    /// How a device returns after its connection was lost.
    pub backoff: Backoff,
    /// What its packets travel over.
    pub link: Link,
}

/// A client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Client {
    /// The one of this project.
    #[default]
    Own,
    /// That of the library rumqttc, which needs sockets. In virtual time the project's own takes its place.
    Rumqttc,
}

/// Who a device says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// User Name.
    pub user: Template,
    /// Password.
    pub password: Template,
}

/// A Will Message (§3.1.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// Will Topic.
    pub topic: Template,
    /// Will QoS.
    pub qos: QoS,
    /// Will Retain.
    pub retain: bool,
    /// Will Delay Interval in seconds (MQTT 5.0 §3.1.3.2.2).
    pub delay: u32,
    /// How many connections in a million have it; the others have none.
    pub chance: u32,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// Topic Filter.
    pub filter: Template,
    /// Maximum QoS.
    pub qos: QoS,
    /// How it changes over time; not at all, if not said.
    pub renewal: Option<Renewal>,
    /// What else the broker is asked for.
    pub options: SubscriptionOptions,
}

/// The Subscription Options that MQTT 5.0 has beside the QoS (§3.8.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionOptions {
    /// No Local.
    pub no_local: bool,
    /// Retain As Published.
    pub retain_as_published: bool,
    /// Retain Handling.
    pub retain_handling: RetainHandling,
}

/// A subscription that is made again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The time from one SUBSCRIBE to what follows: the next one, or UNSUBSCRIBE.
    pub lasts: Range,
    /// How long there is no subscription, after UNSUBSCRIBE. If not said, SUBSCRIBE replaces the subscription.
    pub pause: Option<Range>,
}

/// Something published again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Topic Name.
    pub topic: Template,
    /// How often each QoS is used, as weights.
    pub qos: [u32; 3],
    /// When the next message is made.
    pub pace: Pace,
    /// RETAIN.
    pub retain: bool,
    /// How many messages in a million have no payload, so that they remove what is retained.
    pub clears: u32,
    /// Bytes of payload; what identifies the message takes 20 of them in any case.
    pub size: Sizes,
    /// Message Expiry Interval in seconds (MQTT 5.0 §3.3.2.3.3).
    pub expiry: Option<u32>,
}

/// When the next message of a publication is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So long after the last one, whatever became of that: an open loop.
    Every(Range),
    /// When fewer messages than this are under way, after a pause: a closed loop.
    InFlight(u16, Range),
}

/// How large payloads are: ranges, each with a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes(pub Vec<(Range, u32)>);

/// Devices that come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// How long a device stays.
    pub online: Range,
    /// How long it is away.
    pub offline: Range,
    /// How it leaves.
    pub parting: Parting,
}

/// How a device leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// With DISCONNECT, which may bring another Session Expiry Interval in seconds (MQTT 5.0 §3.14.2.2.2).
    Disconnects(Option<u32>),
    /// With a DISCONNECT that asks for the will to be published (MQTT 5.0 §3.14.2.1).
    WithWill,
    /// Without a word.
    Vanishes,
}

/// Exponential backoff: each attempt that fails doubles the time to the next, of which up to half is left to chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The time to the first attempt.
    pub first: Micros,
    /// The longest time to an attempt.
    pub most: Micros,
}

/// A network path that is not what one would wish. TCP hides loss, so a lost packet is a stall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The time that a packet takes in one direction, without what follows.
    pub latency: Range,
    /// Bytes in a second; 0 is no limit.
    pub bandwidth: u64,
    /// How many packets in a million are lost and have to be sent again, which holds up all behind them.
    pub loss: u32,
    /// How long a stall lasts.
    pub stall: Range,
    /// Both ends see the connection end after so long.
    pub cut: Option<Range>,
    /// Only the device notices that the connection ends after so long, and opens another at once.
    pub roam: Option<Range>,
    /// Nobody notices that nothing travels any more after so long.
    pub half_open: Option<Range>,
    /// The path forgets a connection that is silent for so long.
    pub nat_timeout: Option<Micros>,
    /// The device's radio listens once in this time.
    pub radio_sleep: Option<Micros>,
    /// Nothing gets through now and then.
    pub outage: Option<Outage>,
}

/// Times in which nothing gets through; it arrives when they are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The time from the end of one to the beginning of the next.
    pub every: Range,
    /// How long each lasts.
    pub lasts: Range,
}

/// A part of what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// How long it lasts.
    pub lasts: Micros,
    /// What it brings.
    pub event: PhaseEvent,
}

/// What a phase brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhaseEvent {
    /// The devices come one after the other. Only as the first phase, which it always is.
    Ramp,
    /// Nothing special.
    Steady,
    /// Connections of these groups (all, if none is named) are cut at once.
    Storm(Vec<usize>),
    /// Nothing gets through to these groups (all, if none is named) until the phase ends.
    Partition(Vec<usize>),
    /// The broker ends without a word, forgets what it does not store, and returns after this time.
    Restart(Micros),
}

/// What the broker says that it does not promise. A breach that a limit explains is permitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many messages wait for a session; further ones may be dropped.
    pub queued_messages: Option<u32>,
    /// Whether sessions and retained messages survive a restart of the broker.
    pub persistent: bool,
    /// The longest Session Expiry Interval granted, in seconds.
    pub session_expiry: Option<u32>,
}

impl Plan {
    /// When the last phase ends.
    pub fn length(&self) -> Micros {
        self.phases.iter().map(|phase| phase.lasts).sum()
    }

    /// How many devices there are.
    pub fn devices(&self) -> u64 {
        self.groups.iter().map(|group| u64::from(group.count)).sum()
    }
}

impl Link {
    /// The longest that a single packet can take.
    pub fn patience(&self) -> Micros {
        let stall = if self.loss == 0 { 0 } else { self.stall.most };
        let outage = self.outage.map_or(0, |outage| outage.lasts.most);
        self.latency.most + stall + self.radio_sleep.unwrap_or(0) + outage
    }
}

impl Sizes {
    /// Sizes of one range.
    pub fn only(range: Range) -> Self {
        Self(vec![(range, 1)])
    }

    /// A size by chance.
    pub fn draw(&self, random: &mut Random) -> u64 {
        let total: u64 = self.0.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut drawn = if self.0.len() > 1 { random.below(total) } else { 0 };
        for (range, weight) in &self.0 {
            if drawn < u64::from(*weight) {
                return random.within(*range);
            }
            drawn -= u64::from(*weight);
        }
        0
    }
}

impl Pace {
    /// How many messages may be under way in a closed loop.
    pub const fn in_flight(self) -> u16 {
        match self {
            Self::Every(_) => 0,
            Self::InFlight(most, _) => most,
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: SECOND, most: 60 * SECOND }
    }
}
