//! A client that costs little: MQTT 3.1.1, packets made in advance, and answers looked at no closer than is needed.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
};

use bytes::{Buf, Bytes, BytesMut};
use mqttspec_wire::{
    Packet, PacketId, Properties, QoS, Utf8String, Version,
    packet::{Connect, Delivery, Publish, RetainHandling, Subscribe, Subscription},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A client's end of a network connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    inbox: BytesMut,
}

/// What is looked at of a packet: its first byte, and what follows its Remaining Length.
pub(crate) struct Frame<'a> {
    pub(crate) first: u8,
    pub(crate) body: &'a [u8],
}

/// Opens a network connection from one of many addresses of the loopback interface, so that ports do not run out.
pub(crate) async fn open(address: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let host = u8::try_from(number % 100).unwrap_or(0) + 1;
    socket.bind((Ipv4Addr::new(127, 0, 1, host), 0).into())?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Client {
    /// A client that has been let in.
    pub(crate) async fn connect(address: SocketAddr, number: usize, connect: &Connect) -> io::Result<Self> {
        let mut client = Self { stream: open(address, number).await?, inbox: BytesMut::new() };
        client.send(&Packet::Connect(Box::new(connect.clone())).to_bytes(Version::V3_1_1)).await?;
        let mut is_let_in = false;
        client.receive(|frame| is_let_in = frame.first == 0x20 && frame.body.ends_with(&[0])).await?;
        if is_let_in { Ok(client) } else { Err(ErrorKind::ConnectionRefused.into()) }
    }

    /// Subscribes and awaits the SUBACK.
    pub(crate) async fn subscribe(&mut self, topic: &str, qos: QoS) -> io::Result<()> {
        let subscription = Subscription {
            filter: text(topic),
            qos,
            no_local: false,
            retain_as_published: false,
            retain_handling: RetainHandling::Send,
        };
        let (id, properties) = (PacketId::MIN, Properties::new());
        let subscribe = Packet::Subscribe(Subscribe { id, properties, filters: vec![subscription] });
        self.send(&subscribe.to_bytes(Version::V3_1_1)).await?;
        self.receive(|_| ()).await
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Waits for bytes and shows the packets that are whole; at least one.
    pub(crate) async fn receive(&mut self, mut show: impl FnMut(&Frame<'_>)) -> io::Result<()> {
        let mut shown = 0;
        while shown == 0 {
            self.inbox.reserve(64 * 1024);
            if self.stream.read_buf(&mut self.inbox).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            while let Some(length) = whole(&self.inbox) {
                let header = length.0;
                if let (Some(first), Some(body)) =
                    (self.inbox.first(), self.inbox.get(header..header + length.1))
                {
                    show(&Frame { first: *first, body });
                }
                self.inbox.advance(header + length.1);
                shown += 1;
            }
        }
        Ok(())
    }

    /// Leaves, and waits until the broker has closed the connection.
    pub(crate) async fn leave(mut self) -> io::Result<()> {
        self.send(&[0xE0, 0]).await?;
        while self.stream.read_buf(&mut self.inbox).await? > 0 {}
        Ok(())
    }
}

/// The lengths of the fixed header and of the rest, if a whole packet is there.
fn whole(bytes: &[u8]) -> Option<(usize, usize)> {
    let (mut length, mut shift) = (0, 0);
    for (index, byte) in bytes.iter().enumerate().skip(1).take(4) {
        length |= usize::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            let header = index + 1;
            return (bytes.len() >= header + length).then_some((header, length));
        }
    }
    None
}

pub(crate) fn text(text: &str) -> Utf8String {
    Utf8String::try_from(text).unwrap_or_default()
}

/// A CONNECT of MQTT 3.1.1.
pub(crate) fn connect(client_id: &str, clean_start: bool, keep_alive: u16) -> Connect {
    Connect {
        version: Version::V3_1_1,
        clean_start,
        keep_alive,
        properties: Properties::new(),
        client_id: text(client_id),
        will: None,
        username: None,
        password: None,
    }
}

/// A PUBLISH with a payload of this size.
pub(crate) fn publish(topic: &str, delivery: Delivery, size: usize) -> Bytes {
    let payload = Bytes::from(vec![b'x'; size]);
    let publish =
        Publish { delivery, retain: false, topic: text(topic), properties: Properties::new(), payload };
    Packet::Publish(publish).to_bytes(Version::V3_1_1)
}
