//! A plan written out: which devices, topics and streams of messages there are, and who watches which topic.

use std::collections::{BTreeMap, btree_map::Entry};

use mqttspec_wire::{QoS, TopicFilter, TopicName, Utf8String, Version};

use crate::{
    identity::{IDENTITY_SIZE, Identity},
    plan::{Group, Micros, PhaseEvent, Plan, Publish, SECOND, SubscriptionOptions},
    random::Random,
};

/// A plan written out. What is numbered is numbered in the order of the plan.
#[derive(Debug)]
pub struct Layout {
    /// The plan.
    pub plan: Plan,
    /// Its devices.
    pub devices: Vec<Place>,
    /// All topics that are published to.
    pub topics: Vec<Topic>,
    /// The sequences of messages: one for each device, publication and QoS, and one for each will.
    pub streams: Vec<Stream>,
    /// The Shared Subscriptions.
    pub shares: Vec<Share>,
    /// The longest that anything on its way can take, in microseconds.
    pub patience: Micros,
}

/// A device.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its group.
    pub group: u32,
    /// Its number in the group.
    pub number: u32,
    /// Its first stream. The streams of a publication follow each other by QoS; that of the will is the last.
    pub streams: u32,
}

/// A topic.
#[derive(Debug)]
pub struct Topic {
    /// Its name.
    pub name: Utf8String,
    /// Who watches it, in the order of devices.
    pub watchers: Vec<Watcher>,
    /// The Shared Subscriptions that match it.
    pub shares: Vec<u32>,
    /// Whether messages of it are retained.
    pub retained: bool,
}

/// A device whose subscriptions match a topic.
#[derive(Clone, Copy, Debug)]
pub struct Watcher {
    /// The device.
    pub device: u32,
    /// Which of its Non-shared Subscriptions do, one bit for each; 0 for a member of Shared Subscriptions only.
    pub plain: u8,
    /// Which of its Shared Subscriptions do.
    pub shared: u8,
    /// Which of its Non-shared Subscriptions do and have No Local.
    pub no_local: u8,
    /// Which of all these have Retain As Published.
    pub as_published: u8,
}

/// A sequence of messages of one publisher to one topic at one QoS, within which order is promised.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Its topic.
    pub topic: u32,
    /// The device that publishes it.
    pub publisher: u32,
    /// Its QoS.
    pub qos: QoS,
    /// Whether its messages are retained.
    pub retain: bool,
    /// Their Message Expiry Interval in seconds.
    pub expiry: Option<u32>,
    /// The Will Delay Interval in seconds, if the stream consists of wills.
    pub will: Option<u32>,
}

/// A Shared Subscription (MQTT 5.0 §4.8.2).
#[derive(Debug)]
pub struct Share {
    /// Its filter with `$share` and ShareName.
    pub filter: Utf8String,
    /// Its members: a device and which of its subscriptions.
    pub members: Vec<(u32, u8)>,
}

/// Why a plan cannot be written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayoutFault {
    /// A template does not make a topic name.
    Topic(String),
    /// A template does not make a topic filter.
    Filter(String),
    /// There is too much of something.
    TooMany,
}

impl Layout {
    /// Writes a plan out.
    pub fn new(plan: Plan) -> Result<Self, LayoutFault> {
        let patience = patience(&plan);
        let mut draft = Draft::default();
        for (index, group) in plan.groups.iter().enumerate() {
            draft.group(number(index)?, group)?;
        }
        let mut layout = Self {
            devices: draft.devices,
            topics: draft.topics,
            streams: draft.streams,
            shares: Vec::new(),
            patience,
            plan,
        };
        layout.subscribe(&draft.names)?;
        Ok(layout)
    }

    /// A device's group.
    pub fn group(&self, device: u32) -> Option<&Group> {
        let place = self.devices.get(device as usize)?;
        self.plan.groups.get(place.group as usize)
    }

    /// A device's client identifier.
    pub fn client_id(&self, device: u32) -> String {
        match (self.group(device), self.devices.get(device as usize)) {
            (Some(group), Some(place)) => format!("{}-{}", group.name, place.number),
            _ => format!("device-{device}"),
        }
    }

    /// A device's protocol version.
    pub fn version(&self, device: u32) -> Version {
        self.group(device).map_or(Version::V5_0, |group| group.version)
    }

    /// The topic of a stream.
    pub fn topic_of(&self, stream: u32) -> Option<&Topic> {
        self.topics.get(self.streams.get(stream as usize)?.topic as usize)
    }

    /// What the messages of a stream are published by; nothing if they are wills.
    pub fn publication(&self, stream: u32) -> Option<&Publish> {
        let publisher = self.streams.get(stream as usize)?.publisher;
        let place = self.devices.get(publisher as usize)?;
        let own = stream.checked_sub(place.streams)? / 3;
        self.group(publisher)?.publish.get(own as usize)
    }

    /// How many bytes of payload a message has.
    pub fn payload_size(&self, message: Identity) -> u64 {
        if self.clears(message) {
            return 0;
        }
        let least = u64::try_from(IDENTITY_SIZE).unwrap_or(0);
        let size = |publish: &Publish| publish.size.draw(&mut Random::new(message.number(), 0));
        self.publication(message.stream).map_or(least, |publish| size(publish).max(least))
    }

    /// Whether a message has no payload and so removes what is retained. Nobody can tell which one it is when it comes.
    pub fn clears(&self, message: Identity) -> bool {
        let chance = self.publication(message.stream).map_or(0, |publish| publish.clears);
        chance > 0 && Random::new(message.number(), 1).happens(chance)
    }

    /// The Subscription Options of the subscriptions of a device with these bits.
    pub fn options(&self, device: u32, bits: u8) -> impl Iterator<Item = SubscriptionOptions> {
        let subscribe = self.group(device).map_or(&[][..], |group| &group.subscribe);
        subscribe.iter().zip(0..).filter(move |(_, at)| bits & (1 << at) != 0).map(|(own, _)| own.options)
    }

    /// The QoS that the first subscription of a device with these bits asks for.
    pub fn subscribed_qos(&self, device: u32, bits: u8) -> QoS {
        let subscribe = self.group(device).map_or(&[][..], |group| &group.subscribe);
        subscribe.get(bits.trailing_zeros() as usize).map_or(QoS::AtMostOnce, |own| own.qos)
    }

    /// The Shared Subscription that a device is a member of by its subscription with this bit.
    pub fn share_of(&self, device: u32, bit: u8) -> Option<u32> {
        let is_own = |share: &Share| share.members.binary_search(&(device, bit)).is_ok();
        self.shares.iter().position(is_own).and_then(|at| u32::try_from(at).ok())
    }

    /// Whether a device is a member of a Shared Subscription.
    pub fn is_member(&self, share: u32, device: u32) -> bool {
        let members = self.shares.get(share as usize).map_or(&[][..], |share| &share.members);
        members.binary_search_by_key(&device, |(member, _)| *member).is_ok()
    }

    /// Finds out which subscriptions match which topics.
    fn subscribe(&mut self, names: &BTreeMap<String, u32>) -> Result<(), LayoutFault> {
        let mut shares: BTreeMap<String, u32> = BTreeMap::new();
        for (device, place) in self.devices.iter().enumerate() {
            let Some(group) = self.plan.groups.get(place.group as usize) else { continue };
            for (entry, subscription) in group.subscribe.iter().enumerate() {
                let text = subscription.filter.fill(place.number);
                let filter = parse_filter(&text, group.version)?;
                let bit = 1_u8 << entry.min(7);
                let share = match filter.share_name() {
                    None => None,
                    Some(_) => Some(join(&mut shares, &mut self.shares, &filter, (number(device)?, bit))?),
                };
                for topic in matching(names, &filter) {
                    if let Some(topic) = self.topics.get_mut(topic as usize) {
                        topic.watch(number(device)?, bit, share, subscription.options);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Watcher {
    /// Whether No Local keeps the messages of a stream from the device, since they are its own (MQTT 5.0 §3.8.3.1).
    pub fn hides(self, stream: &Stream) -> bool {
        self.plain != 0 && self.plain == self.no_local && self.shared == 0 && self.device == stream.publisher
    }

    /// Whether all its subscriptions that match have Retain As Published.
    pub const fn keeps_retain(self) -> bool {
        self.as_published == self.plain | self.shared
    }
}

impl Topic {
    fn watch(&mut self, device: u32, bit: u8, share: Option<u32>, options: SubscriptionOptions) {
        if self.watchers.last().is_none_or(|last| last.device != device) {
            self.watchers.push(Watcher { device, plain: 0, shared: 0, no_local: 0, as_published: 0 });
        }
        let Some(watcher) = self.watchers.last_mut() else { return };
        if options.retain_as_published {
            watcher.as_published |= bit;
        }
        match share {
            None => {
                watcher.plain |= bit;
                watcher.no_local |= if options.no_local { bit } else { 0 };
            }
            Some(share) => {
                watcher.shared |= bit;
                if !self.shares.contains(&share) {
                    self.shares.push(share);
                }
            }
        }
    }
}

/// Becomes a member of a Shared Subscription.
fn join(
    known: &mut BTreeMap<String, u32>,
    shares: &mut Vec<Share>,
    filter: &TopicFilter,
    member: (u32, u8),
) -> Result<u32, LayoutFault> {
    let share = match known.entry(filter.as_utf8().as_str().to_owned()) {
        Entry::Occupied(entry) => *entry.get(),
        Entry::Vacant(entry) => {
            shares.push(Share { filter: filter.as_utf8().clone(), members: Vec::new() });
            *entry.insert(number(shares.len() - 1)?)
        }
    };
    if let Some(share) = shares.get_mut(share as usize) {
        share.members.push(member);
    }
    Ok(share)
}

/// The topics that a filter matches: only those that begin as it does have to be looked at.
fn matching<'a>(names: &'a BTreeMap<String, u32>, filter: &'a TopicFilter) -> impl Iterator<Item = u32> + 'a {
    let text = filter.filter();
    let fixed = match text.find(['+', '#']) {
        None => text,
        // `a/#` matches `a` too.
        Some(at) => text.get(..at).unwrap_or_default().trim_end_matches('/'),
    };
    names
        .range(fixed.to_owned()..)
        .take_while(move |(name, _)| name.starts_with(fixed))
        .take_while(move |(name, _)| filter.has_wildcard() || name.as_str() == fixed)
        .filter(|(name, _)| topic_name(name).is_some_and(|name| filter.matches(&name)))
        .map(|(_, topic)| *topic)
}

fn topic_name(text: &str) -> Option<TopicName> {
    TopicName::parse(&Utf8String::try_from(text).ok()?).ok()
}

fn parse_filter(text: &str, version: Version) -> Result<TopicFilter, LayoutFault> {
    let fault = || LayoutFault::Filter(text.to_owned());
    let text = Utf8String::try_from(text).map_err(|_| fault())?;
    // Many servers offer Shared Subscriptions to clients of MQTT 3.1.1 too, but nothing is promised about them.
    match version {
        Version::V3_1_1 => TopicFilter::parse_v3(&text),
        Version::V5_0 => TopicFilter::parse_v5(&text),
    }
    .map_err(|_| fault())
}

fn number(index: usize) -> Result<u32, LayoutFault> {
    u32::try_from(index).map_err(|_| LayoutFault::TooMany)
}

/// The longest that a packet can take, with what a partition holds back.
fn patience(plan: &Plan) -> Micros {
    let links = plan.groups.iter().map(|group| group.link.patience()).max().unwrap_or(0);
    let held = plan.phases.iter().map(|phase| match phase.event {
        PhaseEvent::Partition(_) => phase.lasts,
        PhaseEvent::Ramp | PhaseEvent::Steady | PhaseEvent::Storm(_) | PhaseEvent::Restart(_) => 0,
    });
    4 * links + held.max().unwrap_or(0) + SECOND
}

/// A layout in the making.
#[derive(Default)]
struct Draft {
    devices: Vec<Place>,
    topics: Vec<Topic>,
    streams: Vec<Stream>,
    names: BTreeMap<String, u32>,
}

impl Draft {
    fn group(&mut self, index: u32, group: &Group) -> Result<(), LayoutFault> {
        for own in 0..group.count {
            let (device, streams) = (number(self.devices.len())?, number(self.streams.len())?);
            self.devices.push(Place { group: index, number: own, streams });
            for publish in &group.publish {
                let topic = self.topic(publish.topic.fill(own), publish.retain)?;
                for qos in QoS::ALL {
                    let (retain, expiry) = (publish.retain, publish.expiry);
                    self.streams.push(Stream { topic, publisher: device, qos, retain, expiry, will: None });
                }
            }
            if let Some(will) = &group.will {
                let topic = self.topic(will.topic.fill(own), will.retain)?;
                let (qos, retain, will) = (will.qos, will.retain, Some(will.delay));
                self.streams.push(Stream { topic, publisher: device, qos, retain, expiry: None, will });
            }
        }
        Ok(())
    }

    fn topic(&mut self, name: String, retained: bool) -> Result<u32, LayoutFault> {
        let topic = if let Some(topic) = self.names.get(&name) {
            *topic
        } else {
            let text = topic_name(&name).ok_or_else(|| LayoutFault::Topic(name.clone()))?;
            let (watchers, shares) = (Vec::new(), Vec::new());
            self.topics.push(Topic { name: text.as_utf8().clone(), watchers, shares, retained: false });
            let topic = number(self.topics.len() - 1)?;
            self.names.insert(name, topic);
            topic
        };
        if let Some(topic) = self.topics.get_mut(topic as usize) {
            topic.retained |= retained;
        }
        Ok(topic)
    }
}
