//! What there is one of for each end of the network connection.

use mqttspec_wire::Sender;

/// The same thing for either side.
#[derive(Debug, Default)]
pub(super) struct Sides<T> {
    client: T,
    server: T,
}

impl<T> Sides<T> {
    pub(super) const fn of(&self, side: Sender) -> &T {
        match side {
            Sender::Client => &self.client,
            Sender::Server => &self.server,
        }
    }

    pub(super) const fn of_mut(&mut self, side: Sender) -> &mut T {
        match side {
            Sender::Client => &mut self.client,
            Sender::Server => &mut self.server,
        }
    }
}

/// The far end.
pub(super) const fn peer(side: Sender) -> Sender {
    match side {
        Sender::Client => Sender::Server,
        Sender::Server => Sender::Client,
    }
}
