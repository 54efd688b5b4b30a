//! The connections that are served, each at a place that others take after it.

use super::connection::Connection;
use crate::core::ConnectionId;

/// Connections, found without a search. The lower half of their identifiers is a place, and the upper half counts those
/// that have had it before.
#[derive(Default)]
pub(super) struct Places {
    places: Vec<Place>,
    free: Vec<u32>,
}

struct Place {
    /// How many connections have had it.
    left: u32,
    connection: Option<Connection>,
}

impl Places {
    /// Gives a place to the connection that is made for it.
    pub(super) fn insert(&mut self, make: impl FnOnce(ConnectionId) -> Connection) -> ConnectionId {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { left: 0, connection: None });
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        let left = self.places.get(index as usize).map_or(0, |place| place.left);
        let id = ConnectionId(u64::from(left) << 32 | u64::from(index));
        if let Some(place) = self.places.get_mut(index as usize) {
            place.connection = Some(make(id));
        }
        id
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.place(id)?.connection.as_mut()
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let place = self.place(id)?;
        let connection = place.connection.take()?;
        place.left = place.left.wrapping_add(1);
        self.free.push(lower(id));
        Some(connection)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.places.iter().filter_map(|place| place.connection.as_ref())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.len() == self.free.len()
    }

    /// The place of a connection, if it still has it.
    fn place(&mut self, id: ConnectionId) -> Option<&mut Place> {
        let place = self.places.get_mut(lower(id) as usize)?;
        (u64::from(place.left) == id.0 >> 32).then_some(place)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it takes the lower half")]
const fn lower(id: ConnectionId) -> u32 {
    id.0 as u32
}
