//! The record of a session itself.

use bytes::BufMut;
use mqttspec_wire::{Packet, Properties, Property, Sender, Version, decode, packet::Connect};

use super::{
    bytes::{BrokenRecord, Reader, Write},
    kept::Tracked,
};
use crate::core::session::{Lifetime, Session, StoredWill};

/// The record of a session: whether it is connected, when it ends, when its will is due, and the CONNECT of MQTT 5.0
/// that has its client identifier, its user name, its Session Expiry Interval and its will.
pub(crate) fn write_session(session: &Session) -> Vec<u8> {
    let mut record = Vec::new();
    record.put_u8(u8::from(session.link.is_some()));
    record.put_optional_time(session.ends);
    record.put_optional_time(session.will.as_ref().and_then(|will| will.due));
    let expiry = match session.lifetime {
        Lifetime::Connection => 0,
        Lifetime::For(seconds) => seconds,
        Lifetime::Forever => u32::MAX,
    };
    let connect = Packet::Connect(Box::new(Connect {
        version: Version::V5_0,
        clean_start: false,
        keep_alive: 0,
        properties: Properties::from_iter([Property::SessionExpiryInterval(expiry)]),
        client_id: session.client_id.clone(),
        will: session.will.as_ref().map(|stored| stored.will.clone()),
        username: session.owner.as_deref().cloned(),
        password: None,
    }));
    record.put_slice(&connect.to_bytes(Version::V5_0));
    record
}

/// Reads the record of a session. Says also whether it was connected.
pub(crate) fn read_session(record: &mut Reader) -> Result<(Session, bool), BrokenRecord> {
    let was_connected = record.flag()?;
    let (ends, due) = (record.optional_time()?, record.optional_time()?);
    let Ok(Packet::Connect(connect)) = decode(Sender::Client, None, &record.rest()) else {
        return Err(BrokenRecord::new("it holds no CONNECT"));
    };
    let lifetime = match connect.properties.session_expiry_interval() {
        None | Some(0) => Lifetime::Connection,
        Some(u32::MAX) => Lifetime::Forever,
        Some(seconds) => Lifetime::For(seconds),
    };
    let mut session = Session::new(connect.client_id, lifetime);
    session.owner = connect.username.map(Box::new);
    session.ends = ends;
    session.will = connect.will.map(|will| Box::new(StoredWill { will, due }));
    Ok((session, was_connected))
}

impl Session {
    /// Begins to note what changes in a session of which nothing is saved yet.
    pub(crate) fn track_anew(&mut self) {
        self.subscriptions.track_anew();
        self.incoming.track_anew();
        self.outgoing.track_anew();
        self.queue.track_anew();
        self.queue.replay_list().track_anew();
    }

    /// Begins to note what changes in a session that is saved as it is.
    pub(crate) fn track(&mut self) {
        self.subscriptions.notes().start();
        self.incoming.notes().start();
        self.outgoing.notes().start();
        self.queue.notes().start();
        self.queue.replay_list().notes().start();
    }
}
