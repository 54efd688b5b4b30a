//! A client's network connection. All of it ends with an error when the broker does.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use mqttspec_wire::{
    Decoder, Packet, Properties, Property, QoS, ReasonCode, Sender, Utf8String, Version,
    packet::{Connect, Will},
};

pub(crate) struct Connection {
    stream: TcpStream,
    decoder: Decoder,
    version: Version,
    pub(crate) session_present: bool,
}

/// How a client wants to come in.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) version: Version,
    /// Whether its session begins and ends with the connection.
    pub(crate) clean: bool,
    /// The payload of its will.
    pub(crate) will: Option<&'a str>,
}

impl<'a> Wish<'a> {
    /// With a session that is kept.
    pub(crate) const fn new(client_id: &'a str, version: Version) -> Self {
        Self { client_id, version, clean: false, will: None }
    }

    fn connect(&self) -> Packet {
        let keeps = self.version == Version::V5_0 && !self.clean;
        let expiry = Property::SessionExpiryInterval(3_600);
        Packet::Connect(Box::new(Connect {
            version: self.version,
            clean_start: self.clean,
            keep_alive: 0,
            properties: keeps.then_some(expiry).into_iter().collect(),
            client_id: text(self.client_id),
            will: self.will.map(|payload| Will {
                qos: QoS::ExactlyOnce,
                retain: false,
                properties: Properties::new(),
                topic: text("load/will"),
                payload: payload.to_owned().into(),
            }),
            username: None,
            password: None,
        }))
    }
}

impl Connection {
    /// Connects and is let in.
    pub(crate) fn open(address: SocketAddr, wish: &Wish<'_>) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        // Whoever waits longer waits in vain.
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let decoder = Decoder::new(Sender::Server, Some(wish.version));
        let mut connection = Self { stream, decoder, version: wish.version, session_present: false };
        connection.send(&wish.connect())?;
        match connection.receive()? {
            Packet::Connack(connack) if connack.reason == ReasonCode::SUCCESS => {
                connection.session_present = connack.session_present;
                Ok(connection)
            }
            other => panic!("CONNACK expected, got {other:?}"),
        }
    }

    pub(crate) fn send(&mut self, packet: &Packet) -> io::Result<()> {
        self.stream.write_all(&packet.to_bytes(self.version))
    }

    pub(crate) fn receive(&mut self) -> io::Result<Packet> {
        loop {
            if let Some(frame) = self.decoder.next().unwrap() {
                return Ok(frame.packet);
            }
            let mut chunk = [0; 16 * 1024];
            let count = self.stream.read(&mut chunk)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.decoder.feed(&chunk[..count]);
        }
    }
}

pub(crate) fn text(text: &str) -> Utf8String {
    Utf8String::try_from(text).unwrap()
}
