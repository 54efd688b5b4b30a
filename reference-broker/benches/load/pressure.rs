//! Clients that want to cost the broker its memory.

use std::{
    io,
    time::{Duration, Instant},
};

use mqttspec_wire::{QoS, packet::Delivery};
use tokio::{io::AsyncWriteExt, time};

use crate::{
    broker::Broker,
    client::{Client, connect, open, publish},
};

/// A way to press.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pressure {
    SlowReader(QoS),
    Flood,
    HalfOpen,
    Announcement,
}

/// All of them.
pub(crate) const ALL: [Pressure; 5] = [
    Pressure::SlowReader(QoS::AtMostOnce),
    Pressure::SlowReader(QoS::AtLeastOnce),
    Pressure::Flood,
    Pressure::HalfOpen,
    Pressure::Announcement,
];

const CONNECTIONS: usize = 5_000;
const PUBLISHED: Duration = Duration::from_secs(4);
const SIZE: usize = 1_000;

impl Pressure {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SlowReader(QoS::AtMostOnce) => "a subscriber that does not read, at QoS 0",
            Self::SlowReader(_) => "a subscriber that does not read, at QoS 1",
            Self::Flood => "5,000 connections without CONNECT",
            Self::HalfOpen => "5,000 connections with half a CONNECT",
            Self::Announcement => "100 clients that each announce a packet of 256 MB and send 1 MB of it",
        }
    }

    /// Presses for a while.
    pub(crate) async fn apply(self, broker: &Broker) -> io::Result<()> {
        match self {
            Self::SlowReader(qos) => slow_reader(broker, qos).await,
            Self::Flood => half_open(broker, &[]).await,
            Self::HalfOpen => half_open(broker, b"\x10\x7F\x00\x04MQTT\x04\x02").await,
            Self::Announcement => announce(broker).await,
        }
    }
}

async fn slow_reader(broker: &Broker, qos: QoS) -> io::Result<()> {
    let mut reader = Client::connect(broker.address, 0, &connect("reader", true, 0)).await?;
    reader.subscribe("bench/slow", qos).await?;
    let mut publisher = Client::connect(broker.address, 1, &connect("publisher", true, 0)).await?;
    let delivery = match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce | QoS::ExactlyOnce => {
            Delivery::AtLeastOnce { id: mqttspec_wire::PacketId::MIN, dup: false }
        }
    };
    let batch = publish("bench/slow", delivery, SIZE).repeat(50);
    let begin = Instant::now();
    while begin.elapsed() < PUBLISHED {
        publisher.send(&batch).await?;
        let mut acknowledged = if qos == QoS::AtMostOnce { 50 } else { 0 };
        while acknowledged < 50 {
            publisher.receive(|_| acknowledged += 1).await?;
        }
    }
    drop(reader);
    Ok(())
}

async fn half_open(broker: &Broker, beginning: &[u8]) -> io::Result<()> {
    let mut streams = Vec::with_capacity(CONNECTIONS);
    for number in 0..CONNECTIONS {
        let mut stream = open(broker.address, number).await?;
        stream.write_all(beginning).await?;
        streams.push(stream);
    }
    time::sleep(Duration::from_secs(1)).await;
    drop(streams);
    Ok(())
}

async fn announce(broker: &Broker) -> io::Result<()> {
    let mut clients = Vec::new();
    for number in 0..100 {
        let hello = connect(&format!("large-{number}"), true, 0);
        clients.push(Client::connect(broker.address, number, &hello).await?);
    }
    let megabyte = vec![0; 1 << 20];
    for client in &mut clients {
        // A broker that does not want such a packet closes the connection.
        let _ = client.send(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F]).await;
        let _ = client.send(&megabyte).await;
    }
    time::sleep(Duration::from_secs(1)).await;
    drop(clients);
    Ok(())
}
