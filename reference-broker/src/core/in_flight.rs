//! What a client has been sent and has not acknowledged: the sender's half of §4.3, by packet identifier.

use std::{collections::BTreeMap, ops::Deref};

use mqttspec_wire::PacketId;

use super::{
    durable::{Kept, Notes, Tracked},
    message::{Copy, OVERHEAD},
};

/// A QoS 1 or QoS 2 message that the client has not acknowledged.
///
/// ```text
/// QoS 1:  PUBLISH sent -> AwaitsPuback -- PUBACK ----------------------------> done
/// QoS 2:  PUBLISH sent -> AwaitsPubrec -- PUBREC, PUBREL sent -> AwaitsPubcomp -- PUBCOMP -> done
///                              `--------- PUBREC of 0x80 or more -----------------------> done
/// ```
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) state: Awaits,
    /// Its place in the order of sending.
    order: u64,
    /// Whether its PUBLISH was sent on the current network connection, and so took from the send quota.
    pub(crate) counted: bool,
}

/// Which answer an exchange waits for, with what is sent again if the client comes back before it.
#[derive(Debug)]
pub(crate) enum Awaits {
    /// PUBACK for this message.
    Puback(Copy),
    /// PUBREC for this message.
    Pubrec(Copy),
    /// PUBCOMP. The message is only kept by a mutant.
    Pubcomp(Option<Copy>),
}

/// The exchanges with one client.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    exchanges: Kept<PacketId, Exchange>,
    /// The order number that was given last. Identifiers go round with it.
    order: u64,
    /// The bytes that the exchanges take.
    bytes: usize,
}

impl Exchange {
    /// One that was begun before the broker was started.
    pub(crate) const fn restored(state: Awaits, order: u64) -> Self {
        Self { state, order, counted: false }
    }

    /// Its place in the order of sending.
    pub(crate) const fn order(&self) -> u64 {
        self.order
    }

    /// The message, unless the client has it for sure.
    pub(crate) const fn copy(&self) -> Option<&Copy> {
        match &self.state {
            Awaits::Puback(copy) | Awaits::Pubrec(copy) => Some(copy),
            Awaits::Pubcomp(copy) => copy.as_ref(),
        }
    }

    /// The bytes that it takes.
    fn size(&self) -> usize {
        self.copy().map_or(OVERHEAD, Copy::size)
    }

    /// Whether PUBREC answers it, which it then has done.
    fn on_pubrec(&mut self, order: u64, keeps_message: bool) -> bool {
        match &self.state {
            Awaits::Pubrec(copy) => {
                self.state = Awaits::Pubcomp(keeps_message.then(|| copy.clone()));
                self.order = order;
                true
            }
            Awaits::Pubcomp(_) => true,
            Awaits::Puback(_) => false,
        }
    }
}

impl InFlight {
    /// The bytes that the exchanges take.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether every packet identifier is in use.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= usize::from(u16::MAX)
    }

    /// The next identifier that is not in use; none if all are.
    pub(crate) fn unused_id(&self) -> Option<PacketId> {
        if self.is_full() {
            return None;
        }
        let turn = u16::try_from(self.order % u64::from(u16::MAX)).unwrap_or(0);
        let mut id = PacketId::new(turn + 1)?;
        while self.contains_key(&id) {
            id = id.next();
        }
        Some(id)
    }

    /// Begins an exchange, whose PUBLISH has been sent.
    pub(crate) fn begin(&mut self, id: PacketId, state: Awaits) {
        self.order += 1;
        self.insert(id, Exchange { state, order: self.order, counted: true });
    }

    /// Takes in an exchange that was begun before the broker was started.
    pub(crate) fn restore(&mut self, id: PacketId, exchange: Exchange) {
        self.order = self.order.max(exchange.order);
        self.insert(id, exchange);
    }

    fn insert(&mut self, id: PacketId, exchange: Exchange) {
        self.bytes += exchange.size();
        if let Some(replaced) = self.exchanges.insert(id, exchange) {
            self.bytes -= replaced.size();
        }
    }

    /// Ends an exchange.
    pub(crate) fn remove(&mut self, id: PacketId) -> Option<Exchange> {
        let exchange = self.exchanges.remove(&id)?;
        self.bytes -= exchange.size();
        Some(exchange)
    }

    /// Whether PUBREC answers an exchange, which it then has done.
    pub(crate) fn on_pubrec(&mut self, id: PacketId, keeps_message: bool) -> bool {
        self.order += 1;
        let order = self.order;
        self.change(id, |exchange| exchange.on_pubrec(order, keeps_message)).unwrap_or(false)
    }

    /// Changes what is saved of an exchange.
    pub(crate) fn change<T>(&mut self, id: PacketId, change: impl FnOnce(&mut Exchange) -> T) -> Option<T> {
        let exchange = self.exchanges.get_mut(&id)?;
        let before = exchange.size();
        let outcome = change(exchange);
        self.bytes = self.bytes + exchange.size() - before;
        Some(outcome)
    }

    /// An exchange, to change what is not saved of it.
    pub(crate) fn get_unsaved_mut(&mut self, id: PacketId) -> Option<&mut Exchange> {
        self.exchanges.get_unsaved_mut(&id)
    }

    /// Their identifiers in the order of sending.
    pub(crate) fn in_order(&self) -> Vec<PacketId> {
        let mut ids: Vec<_> = self.iter().map(|(id, exchange)| (exchange.order, *id)).collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    /// Takes all of them out, in the order of sending.
    pub(crate) fn take(&mut self) -> Vec<Exchange> {
        self.bytes = 0;
        let mut exchanges: Vec<_> = self.exchanges.take().into_values().collect();
        exchanges.sort_by_key(Exchange::order);
        exchanges
    }

    /// Ends those of messages that the client may not have. Says how many.
    pub(crate) fn drop_messages(&mut self) -> u64 {
        let ids: Vec<_> =
            self.iter().filter(|(_, exchange)| exchange.copy().is_some()).map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.remove(id)).count() as u64
    }

    /// Ends all of them.
    pub(crate) fn clear(&mut self) {
        self.take();
    }
}

impl Deref for InFlight {
    type Target = BTreeMap<PacketId, Exchange>;

    fn deref(&self) -> &Self::Target {
        &self.exchanges
    }
}

impl Tracked for InFlight {
    type Key = PacketId;
    type Value = Exchange;

    fn notes(&mut self) -> &mut Notes<PacketId> {
        self.exchanges.notes()
    }

    fn entry(&self, id: &PacketId) -> Option<&Exchange> {
        self.exchanges.entry(id)
    }

    fn note_all(&mut self) {
        self.exchanges.note_all();
    }
}
