//! What a whole capture came to.

use std::{collections::BTreeMap, fmt, io::Read, net::SocketAddr, time::Duration};

use mqttspec_segments::{
    ConversationId, End, Event, FrameReader, Kind, LinkType, Network, Party, ReadError, Stamp, Streams, Tally,
};
use mqttspec_wire::{Packet, Sender, packet::PacketType};

use super::{
    breach::Breach,
    conversation::{Conversation, Nature},
    protocol::{Blind, Protocol},
    seen::Seen,
    session::{Counts, Session},
    timing::Spread,
    tls::KeyLog,
    unpacked::Unreadable,
};

/// Conversations that are told about one by one; more are only counted.
const CONVERSATIONS: usize = 10_000;
/// Breaches that are kept with their packets.
const BREACHES: usize = 500;
/// Topics that are counted apart.
const TOPICS: usize = 10_000;
/// Bytes of all their names together.
const TOPIC_BYTES: usize = 4 << 20;

/// What a capture holds.
#[derive(Debug, Default)]
pub struct Survey {
    /// How many frames it has.
    pub frames: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// When the first and the last frame were captured, counted from 1970-01-01 00:00:00 UTC.
    pub span: Option<(Duration, Duration)>,
    /// Why it could not be read to its end.
    pub cut: Option<ReadError>,
    /// Frames of link types that are not read.
    pub unread: BTreeMap<LinkType, u64>,
    /// What was peculiar about its TCP segments.
    pub tally: Tally,
    /// MQTT conversations in order of their appearance.
    pub conversations: Vec<Summary>,
    /// How many MQTT conversations there are besides those.
    pub more: u64,
    /// TCP connections that are encrypted and cannot be opened, by the reason.
    pub encrypted: BTreeMap<Unreadable, u64>,
    /// Other TCP connections.
    pub other: u64,
    /// Packets of all clients and of all servers.
    pub counts: [Counts; 2],
    /// Topic Names of PUBLISH packets.
    pub topics: BTreeMap<String, Topic>,
    /// How long answers took.
    pub answers: BTreeMap<(Sender, PacketType), Spread>,
}

/// What was published under a Topic Name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// PUBLISH packets of clients.
    pub published: u64,
    /// PUBLISH packets of servers.
    pub delivered: u64,
    /// Bytes of payload of both.
    pub bytes: u64,
}

/// What an MQTT conversation came to.
#[derive(Debug)]
pub struct Summary {
    /// Its number among all TCP connections of the capture, counted from 1.
    pub number: u64,
    /// The client's address.
    pub client: SocketAddr,
    /// The server's address.
    pub server: SocketAddr,
    /// Whether it travels inside TLS.
    pub tls: bool,
    /// Whether it travels inside WebSocket.
    pub websocket: bool,
    /// What is spoken.
    pub protocol: Protocol,
    /// The Client Identifier, if it was seen.
    pub client_id: Option<String>,
    /// When it was seen first.
    pub opened: Stamp,
    /// When it was seen last.
    pub latest: Stamp,
    /// Who ended it first, if that was seen, and how.
    pub ended: Option<(Sender, End)>,
    /// Packets of the client and of the server.
    pub counts: [Counts; 2],
    /// What was broken.
    pub breaches: Vec<Breach>,
    /// What could not be known, since when, and how many bytes are missing.
    pub blind: BTreeMap<Blind, (Stamp, u64)>,
    /// Bytes of a packet that the client, and the server, left incomplete.
    pub incomplete: [usize; 2],
}

impl Summary {
    /// How many packets of a type a side sent.
    pub fn count(&self, sender: Sender, packet: PacketType) -> u64 {
        let [client, server] = &self.counts;
        let counts = match sender {
            Sender::Client => client,
            Sender::Server => server,
        };
        counts.get(usize::from(packet.number())).copied().unwrap_or_default()
    }
}

/// `127.0.0.1:50000 -> 127.0.0.1:1883, MQTT 5.0, client id "x"`
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = match (self.websocket, self.tls) {
            (false, false) => "",
            (false, true) => " over TLS",
            (true, false) => " over WebSocket",
            (true, true) => " over secure WebSocket",
        };
        write!(f, "{} -> {}, {}{inside}", self.client, self.server, self.protocol)?;
        match &self.client_id {
            Some(id) => write!(f, ", client id \"{}\"", id.escape_debug()),
            None => Ok(()),
        }
    }
}

impl Survey {
    /// How many MQTT conversations there are.
    pub fn mqtt(&self) -> u64 {
        self.conversations.len() as u64 + self.more
    }

    /// How many packets of a type there are, both ways.
    pub fn packets(&self, number: u8) -> u64 {
        self.counts.iter().filter_map(|counts| counts.get(usize::from(number))).sum()
    }

    /// Takes in a connection that is over, under its number. Whether it was MQTT that could be judged as a whole.
    pub(super) fn close(&mut self, number: u64, mut conversation: Conversation) -> bool {
        let (opened, latest) = (conversation.opened, conversation.latest);
        let ended = conversation.ended;
        let (tls, websocket) = (conversation.is_tls(), conversation.is_websocket());
        let [first, second] = conversation.parties;
        let (client, session) = match conversation.nature() {
            Nature::Mqtt(client, session) => (client, session),
            Nature::Encrypted(why) => {
                *self.encrypted.entry(why).or_default() += 1;
                return false;
            }
            Nature::Other => {
                self.other += 1;
                return false;
            }
        };
        let sender = |by: Party| if by == client { Sender::Client } else { Sender::Server };
        let (client, server) = if client == Party::First { (first, second) } else { (second, first) };
        let summary = Summary {
            number,
            client,
            server,
            tls,
            websocket,
            protocol: session.protocol,
            client_id: session.client_id.take(),
            opened,
            latest,
            ended: ended.map(|(by, how)| (sender(by), how)),
            counts: [*session.counts(Sender::Client), *session.counts(Sender::Server)],
            breaches: session.breaches.take(),
            blind: std::mem::take(&mut session.blind),
            incomplete: [session.pending(Sender::Client).len(), session.pending(Sender::Server).len()],
        };
        self.total(session);
        let is_whole = summary.blind.is_empty();
        self.keep(summary);
        is_whole
    }

    fn total(&mut self, session: &Session) {
        for (total, sender) in self.counts.iter_mut().zip([Sender::Client, Sender::Server]) {
            for (total, count) in total.iter_mut().zip(session.counts(sender)) {
                *total += count;
            }
        }
        for (kind, spread) in session.timings.answers() {
            self.answers.entry(*kind).and_modify(|all| all.add(*spread)).or_insert(*spread);
        }
    }

    fn keep(&mut self, mut summary: Summary) {
        let known: usize = self.conversations.iter().map(|summary| summary.breaches.len()).sum();
        // What is broken is told in any case, however many conversations there are.
        if self.conversations.len() >= CONVERSATIONS && (summary.breaches.is_empty() || known > BREACHES) {
            self.more += 1;
            return;
        }
        if known > BREACHES {
            for breach in &mut summary.breaches {
                breach.packets = Vec::new();
            }
        }
        self.conversations.push(summary);
    }
}

/// Reads a capture to its end. `watcher` is told of every packet, with the number of its conversation. `keys` are the
/// secrets of TLS connections that are known; those in the capture come to them.
///
/// # Errors
/// Not even its first frame can be read. What was read before a later error is told in the survey.
pub fn survey(
    input: impl Read,
    keys: KeyLog,
    watcher: &mut dyn FnMut(u64, &Seen<'_>),
) -> Result<Survey, ReadError> {
    let mut frames = FrameReader::new(input)?;
    let mut network = Network::default();
    let mut streams = Streams::default();
    let mut events = Vec::new();
    let mut surveyor =
        Surveyor { watcher, keys, survey: Survey::default(), open: BTreeMap::new(), topic_bytes: 0 };
    loop {
        match frames.next() {
            Ok(Some(frame)) => {
                surveyor.time(frame.at);
                if let Some(segment) = network.segment(&frame) {
                    streams.segment(&segment, &mut events);
                }
            }
            Ok(None) => break,
            Err(error) if error.is_late() => {
                surveyor.survey.cut = Some(error);
                break;
            }
            Err(error) => return Err(error),
        }
        for secrets in frames.secrets() {
            surveyor.keys.add(&secrets);
        }
        events.drain(..).for_each(|event| surveyor.event(event));
    }
    streams.finish(&mut events);
    events.drain(..).for_each(|event| surveyor.event(event));
    let mut survey = surveyor.survey;
    (survey.frames, survey.bytes) = (frames.frames(), frames.bytes());
    (survey.tally, survey.unread) = (streams.tally(), network.unread().clone());
    Ok(survey)
}

struct Surveyor<'w> {
    watcher: &'w mut dyn FnMut(u64, &Seen<'_>),
    keys: KeyLog,
    survey: Survey,
    open: BTreeMap<ConversationId, Conversation>,
    topic_bytes: usize,
}

impl Surveyor<'_> {
    fn time(&mut self, at: Duration) {
        let (first, last) = self.survey.span.unwrap_or((at, at));
        self.survey.span = Some((first.min(at), last.max(at)));
    }

    fn event(&mut self, event: Event) {
        let Event { conversation: id, stamp, kind } = event;
        if let Kind::Opened { first, second } = kind {
            self.open.insert(id, Conversation::new(first, second, stamp));
            return;
        }
        let is_over = matches!(kind, Kind::Over);
        let Some(conversation) = self.open.get_mut(&id) else { return };
        let (watcher, topics, bytes) = (&mut self.watcher, &mut self.survey.topics, &mut self.topic_bytes);
        conversation.event(stamp, kind, &self.keys, &mut |seen| {
            count_topic(topics, bytes, seen);
            watcher(u64::from(id.0) + 1, seen);
        });
        if is_over && let Some(conversation) = self.open.remove(&id) {
            self.survey.close(u64::from(id.0) + 1, conversation);
        }
    }
}

fn count_topic(topics: &mut BTreeMap<String, Topic>, bytes: &mut usize, seen: &Seen<'_>) {
    let Some(Packet::Publish(publish)) = seen.packet else { return };
    let name: &str = &publish.topic;
    if name.is_empty() {
        // A Topic Alias stands for it.
        return;
    }
    if !topics.contains_key(name) {
        if topics.len() >= TOPICS || *bytes + name.len() > TOPIC_BYTES {
            return;
        }
        *bytes += name.len();
        topics.insert(name.to_owned(), Topic::default());
    }
    if let Some(topic) = topics.get_mut(name) {
        match seen.sender {
            Sender::Client => topic.published += 1,
            Sender::Server => topic.delivered += 1,
        }
        topic.bytes += publish.payload.len() as u64;
    }
}
