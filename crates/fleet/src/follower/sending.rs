//! What the client sends, and what the broker answers.

use bytes::{Bytes, BytesMut};
use mqttspec_wire::{
    PacketId, QoS,
    packet::{Ack, Connect, Publish, Suback, Subscribe},
};

use super::{Follower, Misdeed, State};
use crate::{
    device::Desk,
    history::{Awaited, Breach, Event, OpenExchange},
    identity::Identity,
    plan::{Group, Micros},
};

/// A message that was sent and is not acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// As it is on the wire.
    pub(super) message: Identity,
    /// The number that the application has given it.
    number: u32,
    id: PacketId,
    qos: QoS,
    /// When its last packet was sent, and on which connection.
    pub(super) at: Micros,
    pub(super) connection: u32,
    progress: Progress,
    /// Whether a later message was sent on a connection on which this one was not, so that it may come to the broker behind
    /// that.
    overtaken: bool,
    /// Whether the broker may take it for another one, so that nothing is owed for it.
    doubtful: bool,
}

/// How far the exchange of a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    /// PUBLISH was sent.
    Sent,
    /// PUBREC has come, which the client may not have seen.
    Received,
    /// PUBREL was sent.
    Released,
}

/// A SUBSCRIBE that is not answered.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    id: PacketId,
    entries: Vec<u8>,
    at: Micros,
    connection: u32,
}

impl Follower {
    /// CONNECT is sent. Its will is that of this connection.
    pub(super) fn connects(&mut self, desk: &mut Desk<'_>, connect: &Connect, frame: Bytes) -> Bytes {
        self.connections += 1;
        desk.events.push(Event::Connect { clean_start: connect.clean_start, will: connect.will.is_some() });
        let Some(will) = &connect.will else { return frame };
        let place = frame.windows(will.payload.len().max(1)).rposition(|part| part == will.payload);
        match (place, Identity::of_payload(desk.run, &will.payload)) {
            (Some(at), Some(own)) => numbered(&frame, at, own, self.connections),
            (None, _) | (_, None) => frame,
        }
    }

    /// PUBLISH is sent. On its way it gets the number that says when it was first sent.
    pub(super) fn publishes(&mut self, desk: &mut Desk<'_>, publish: &Publish, frame: Bytes) -> Bytes {
        let Some(made) = Identity::of_payload(desk.run, &publish.payload) else { return frame };
        let sequence = match publish.delivery.id() {
            None => self.sends_new(desk, made),
            Some(id) => self.sends(desk, (made, id), publish),
        };
        match sequence {
            Some(sequence) => numbered(&frame, frame.len() - publish.payload.len(), made, sequence),
            None => frame,
        }
    }

    /// A message of QoS 1 or QoS 2 is sent, perhaps again; its number.
    fn sends(
        &mut self,
        desk: &mut Desk<'_>,
        (made, id): (Identity, PacketId),
        publish: &Publish,
    ) -> Option<u32> {
        let now = desk.now;
        let is_same = |sent: &Sent| (sent.message.stream, sent.number) == (made.stream, made.sequence);
        let known = self.sent.iter().position(is_same).map(|at| self.sent.remove(at));
        let mut doubtful = false;
        if let Some(sent) = known {
            doubtful = self.is_wrong_again(now, &sent, id, publish.delivery.dup());
            if !doubtful && !sent.overtaken {
                let message = sent.message;
                desk.events.push(Event::Publish { message, again: true });
                self.overtakes(message);
                self.sent.push(Sent { at: now, connection: self.connections, ..sent });
                return Some(message.sequence);
            }
            // It comes behind others that were made later, or as something else: to the history it is a new message.
            desk.events.push(Event::Abandoned(sent.message));
            doubtful |= sent.qos == QoS::ExactlyOnce;
        }
        if let Some(other) = self.sent.iter().position(|sent| sent.id == id) {
            self.conduct.note(now, Misdeed::IdentifierInUse);
            desk.events.push(Event::Abandoned(self.sent.remove(other).message));
            doubtful = true;
        }
        let sequence = self.sends_new(desk, made)?;
        let message = Identity { sequence, ..made };
        let (number, qos, connection) = (made.sequence, publish.delivery.qos(), self.connections);
        self.sent.push(Sent {
            message,
            number,
            id,
            qos,
            at: now,
            connection,
            progress: Progress::Sent,
            overtaken: false,
            doubtful,
        });
        Some(sequence)
    }

    /// Whether a message that is sent again in this way is one of which nobody knows what the broker makes.
    fn is_wrong_again(&mut self, now: Micros, sent: &Sent, id: PacketId, dup: bool) -> bool {
        let wrong = [
            (sent.id != id, Misdeed::OtherIdentifier),
            (sent.connection == self.connections, Misdeed::AtOtherTimes),
            (sent.progress == Progress::Released, Misdeed::AfterPubrel),
        ];
        for (_, misdeed) in wrong.iter().filter(|(is_so, _)| *is_so) {
            self.conduct.note(now, *misdeed);
        }
        if !dup {
            self.conduct.note(now, Misdeed::WithoutDup);
        }
        sent.progress > Progress::Sent || wrong.iter().any(|(is_so, _)| *is_so)
    }

    /// A message is sent for the first time; its number. None if it is not of one of the client's own streams.
    fn sends_new(&mut self, desk: &mut Desk<'_>, made: Identity) -> Option<u32> {
        let place = desk.layout.devices.get(self.index as usize)?;
        let own = made.stream.checked_sub(place.streams)?;
        let sequence = self.sequences.get_mut(own as usize)?;
        *sequence += 1;
        let message = Identity { sequence: *sequence, ..made };
        desk.events.push(Event::Publish { message, again: false });
        self.overtakes(message);
        Some(message.sequence)
    }

    /// A message is sent: earlier ones of its stream that were not sent on this connection fall behind it.
    fn overtakes(&mut self, message: Identity) {
        for sent in &mut self.sent {
            sent.overtaken |= sent.message.stream == message.stream
                && sent.message.sequence < message.sequence
                && sent.connection < self.connections;
        }
    }

    fn position(&self, id: PacketId, qos: QoS) -> Option<usize> {
        self.sent.iter().position(|sent| (sent.id, sent.qos) == (id, qos)).filter(|_| self.is_online())
    }

    /// PUBREL is sent.
    pub(super) fn releases(&mut self, now: Micros, id: PacketId) {
        let connection = self.connections;
        let is_received = |sent: &&mut Sent| sent.id == id && sent.progress >= Progress::Received;
        if let Some(sent) = self.sent.iter_mut().find(is_received) {
            (sent.at, sent.connection, sent.progress) = (now, connection, Progress::Released);
        }
    }

    pub(super) fn on_puback(&mut self, desk: &mut Desk<'_>, ack: &Ack) {
        if let Some(own) = self.position(ack.id, QoS::AtLeastOnce) {
            let sent = self.sent.remove(own);
            self.is_done(desk, &sent, !ack.reason.is_error());
        }
    }

    pub(super) fn on_pubrec(&mut self, desk: &mut Desk<'_>, ack: &Ack) {
        let Some(own) = self.position(ack.id, QoS::ExactlyOnce) else { return };
        if ack.reason.is_error() {
            let sent = self.sent.remove(own);
            return self.is_done(desk, &sent, false);
        }
        if let Some(sent) = self.sent.get_mut(own) {
            sent.progress = sent.progress.max(Progress::Received);
        }
    }

    pub(super) fn on_pubcomp(&mut self, desk: &mut Desk<'_>, ack: &Ack) {
        let Some(own) = self.position(ack.id, QoS::ExactlyOnce) else { return };
        if self.sent.get(own).is_some_and(|sent| sent.progress > Progress::Sent) {
            let sent = self.sent.remove(own);
            self.is_done(desk, &sent, true);
        }
    }

    /// The broker has done with a message.
    fn is_done(&mut self, desk: &mut Desk<'_>, sent: &Sent, accepted: bool) {
        let message = sent.message;
        let done = if sent.doubtful { Event::Abandoned(message) } else { Event::Acked { message, accepted } };
        desk.events.push(done);
        if sent.connection == self.connections {
            desk.events.push(Event::Alive(sent.at));
        }
    }

    pub(super) fn subscribes(&mut self, desk: &mut Desk<'_>, group: &Group, subscribe: &Subscribe) {
        let number = desk.layout.devices.get(self.index as usize).map_or(0, |place| place.number);
        let entry = |filter: &str| group.subscribe.iter().position(|own| own.filter.fill(number) == filter);
        let entries = subscribe.filters.iter().filter_map(|wanted| entry(wanted.filter.as_str()));
        let entries: Vec<u8> = entries.filter_map(|entry| u8::try_from(entry).ok()).collect();
        desk.events.extend(entries.iter().map(|entry| Event::Subscribe(*entry)));
        self.asked = Some(Asked { id: subscribe.id, entries, at: desk.now, connection: self.connections });
    }

    pub(super) fn on_suback(&mut self, desk: &mut Desk<'_>, suback: &Suback) {
        let Some(asked) = self.asked.take_if(|asked| asked.id == suback.id) else { return };
        if suback.reasons.len() != asked.entries.len() {
            desk.events.push(Event::Breach(Breach::SubackCodes));
        }
        for (entry, reason) in asked.entries.iter().zip(&suback.reasons) {
            desk.events.push(Event::Suback(*entry, QoS::new(reason.0)));
        }
    }

    /// The messages for which the client has done its part on this connection.
    pub(super) fn open_sent(&self) -> impl Iterator<Item = OpenExchange> {
        // Without PUBREL the broker has nothing to answer.
        let is_open = |sent: &&Sent| {
            sent.connection == self.connections && !sent.doubtful && sent.progress != Progress::Received
        };
        let own = self.sent.iter().filter(is_open);
        own.filter(|_| self.state == State::Online).map(|sent| OpenExchange {
            awaited: match sent.progress {
                Progress::Sent => Awaited::Acknowledgement,
                Progress::Received | Progress::Released => Awaited::Pubcomp,
            },
            message: sent.message,
            since: sent.at,
        })
    }

    /// The subscriptions that were asked for and are not answered.
    pub(super) fn open_question(&self) -> impl Iterator<Item = OpenExchange> {
        let nothing = Identity { stream: u32::MAX, sequence: 0, due: 0 };
        let own = self.asked.iter().filter(|asked| asked.connection == self.connections);
        own.map(move |asked| OpenExchange { awaited: Awaited::Suback, message: nothing, since: asked.at })
    }
}

/// A packet whose payload, which begins at `at`, says that it is a message of this number.
fn numbered(frame: &Bytes, at: usize, made: Identity, sequence: u32) -> Bytes {
    if made.sequence == sequence {
        return frame.clone();
    }
    let mut changed = BytesMut::from(frame.as_ref());
    if let Some(number) = Identity::number_in(&mut changed, at) {
        number.copy_from_slice(&sequence.to_be_bytes());
    }
    changed.freeze()
}
