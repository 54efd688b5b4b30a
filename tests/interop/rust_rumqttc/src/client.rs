//! rumqttc's clients of both versions as one.

use std::time::Duration;

use rumqttc::{Outgoing, QoS, Transport, v5};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use crate::{Failure, Place};

const DEADLINE: Duration = Duration::from_secs(60);

/// How many requests may wait for the event loop.
const CAPACITY: usize = 100;

/// The largest packet.
const LARGEST: u32 = 16 << 20;

/// What has come from the broker, in either version.
#[derive(Debug)]
pub(crate) enum Heard {
    Connected { resumed: bool },
    Subscribed { granted: Vec<u8> },
    /// What ends the exchange of a message that was published.
    Published,
    Message(Message),
    Other,
}

/// A message that has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

/// A client, whose event loop is a task; what comes waits.
pub(crate) struct Client {
    sender: Sender,
    task: JoinHandle<()>,
    heard: mpsc::UnboundedReceiver<Result<Heard, String>>,
    waiting: Vec<Message>,
    /// Whether it goes on with a session.
    pub(crate) resumed: bool,
}

enum Sender {
    Four(rumqttc::AsyncClient),
    Five(v5::AsyncClient),
}

/// What is special about a client.
#[derive(Default)]
pub(crate) struct Wishes<'a> {
    pub(crate) resumes: bool,
    /// Topic and payload, at QoS 1.
    pub(crate) will: Option<(&'a str, &'a str)>,
}

impl Client {
    pub(crate) async fn open(place: &Place, name: &str, wishes: Wishes<'_>) -> Result<Self, Failure> {
        let (tell, heard) = mpsc::unbounded_channel();
        let (sender, task) = match place.version {
            4 => four(place, name, &wishes, tell),
            _ => five(place, name, &wishes, tell),
        };
        let mut client = Self { sender, task, heard, waiting: Vec::new(), resumed: false };
        match client.hear().await? {
            Heard::Connected { resumed } => client.resumed = resumed,
            other => return Err(format!("CONNACK was expected, {other:?} came").into()),
        }
        Ok(client)
    }

    async fn hear(&mut self) -> Result<Heard, Failure> {
        let heard = timeout(DEADLINE, self.heard.recv()).await.map_err(|_| "nothing comes")?;
        Ok(heard.ok_or("the connection has ended")??)
    }

    pub(crate) async fn subscribe(&mut self, filters: &[String], qos: u8) -> Result<(), Failure> {
        match &self.sender {
            Sender::Four(client) => {
                let filters = filters.iter().map(|filter| rumqttc::SubscribeFilter::new(filter.clone(), level(qos)));
                client.subscribe_many(filters).await?;
            }
            Sender::Five(client) => {
                let filter = |filter: &String| v5::mqttbytes::v5::Filter::new(filter.clone(), level_of_five(qos));
                client.subscribe_many(filters.iter().map(filter)).await?;
            }
        }
        loop {
            match self.hear().await? {
                Heard::Subscribed { granted } if granted == vec![qos; filters.len()] => return Ok(()),
                Heard::Subscribed { granted } => return Err(format!("granted is {granted:?}").into()),
                Heard::Message(message) => self.waiting.push(message),
                Heard::Connected { .. } | Heard::Published | Heard::Other => {}
            }
        }
    }

    /// Publishes without waiting for the acknowledgement.
    pub(crate) async fn publish(&self, topic: &str, payload: &[u8], qos: u8, retain: bool) -> Result<(), Failure> {
        match &self.sender {
            Sender::Four(client) => client.publish(topic, level(qos), retain, payload).await?,
            Sender::Five(client) => client.publish(topic, level_of_five(qos), retain, payload.to_vec()).await?,
        }
        Ok(())
    }

    /// Waits until a message above QoS 0 is acknowledged.
    pub(crate) async fn published(&mut self) -> Result<(), Failure> {
        loop {
            match self.hear().await? {
                Heard::Published => return Ok(()),
                Heard::Message(message) => self.waiting.push(message),
                Heard::Connected { .. } | Heard::Subscribed { .. } | Heard::Other => {}
            }
        }
    }

    pub(crate) async fn message(&mut self) -> Result<Message, Failure> {
        if !self.waiting.is_empty() {
            return Ok(self.waiting.remove(0));
        }
        loop {
            if let Heard::Message(message) = self.hear().await? {
                return Ok(message);
            }
        }
    }

    pub(crate) async fn expect(&mut self, topic: &str, payload: &[u8], qos: u8, retain: bool) -> Result<(), Failure> {
        let got = self.message().await?;
        if got == (Message { topic: topic.to_owned(), payload: payload.to_vec(), qos, retain }) {
            return Ok(());
        }
        let start = String::from_utf8_lossy(&got.payload[..got.payload.len().min(50)]).into_owned();
        Err(format!("{} {start:?} at QoS {}, retain {}, instead of {topic}", got.topic, got.qos, got.retain).into())
    }

    pub(crate) async fn leave(mut self) -> Result<(), Failure> {
        match &self.sender {
            Sender::Four(client) => client.disconnect().await?,
            Sender::Five(client) => client.disconnect().await?,
        }
        timeout(DEADLINE, &mut self.task).await??;
        Ok(())
    }

    /// Loses the network connection.
    pub(crate) fn vanish(self) {
        self.task.abort();
    }
}

type Tell = mpsc::UnboundedSender<Result<Heard, String>>;

fn four(place: &Place, name: &str, wishes: &Wishes<'_>, tell: Tell) -> (Sender, JoinHandle<()>) {
    let mut options = rumqttc::MqttOptions::new(name, place.host(), place.port);
    options.set_transport(place.transport()).set_clean_session(!wishes.resumes).set_inflight(20);
    options.set_max_packet_size(LARGEST as usize, LARGEST as usize);
    if let Some((topic, payload)) = wishes.will {
        options.set_last_will(rumqttc::LastWill::new(topic, payload, QoS::AtLeastOnce, false));
    }
    let (client, mut events) = rumqttc::AsyncClient::new(options, CAPACITY);
    let task = tokio::spawn(async move {
        loop {
            let heard = match events.poll().await {
                Ok(rumqttc::Event::Incoming(packet)) => Ok(of_four(packet)),
                Ok(rumqttc::Event::Outgoing(Outgoing::Disconnect)) => return,
                Ok(rumqttc::Event::Outgoing(_)) => continue,
                Err(error) => Err(error.to_string()),
            };
            if heard.is_err() | tell.send(heard).is_err() {
                return;
            }
        }
    });
    (Sender::Four(client), task)
}

fn of_four(packet: rumqttc::Packet) -> Heard {
    use rumqttc::{Packet, SubscribeReasonCode};
    match packet {
        Packet::ConnAck(connack) => Heard::Connected { resumed: connack.session_present },
        Packet::SubAck(suback) => {
            let granted = suback.return_codes.iter().map(|code| match code {
                SubscribeReasonCode::Success(qos) => *qos as u8,
                SubscribeReasonCode::Failure => 0x80,
            });
            Heard::Subscribed { granted: granted.collect() }
        }
        Packet::PubAck(_) | Packet::PubComp(_) => Heard::Published,
        Packet::Publish(publish) => Heard::Message(Message {
            topic: publish.topic,
            payload: publish.payload.to_vec(),
            qos: publish.qos as u8,
            retain: publish.retain,
        }),
        _ => Heard::Other,
    }
}

fn five(place: &Place, name: &str, wishes: &Wishes<'_>, tell: Tell) -> (Sender, JoinHandle<()>) {
    let mut options = v5::MqttOptions::new(name, place.host(), place.port);
    options.set_transport(place.transport()).set_clean_start(!wishes.resumes);
    options.set_session_expiry_interval(wishes.resumes.then_some(60));
    options.set_max_packet_size(Some(LARGEST));
    if let Some((topic, payload)) = wishes.will {
        let will = v5::mqttbytes::v5::LastWill::new(topic, payload, level_of_five(1), false, None);
        options.set_last_will(will);
    }
    let (client, mut events) = v5::AsyncClient::new(options, CAPACITY);
    let task = tokio::spawn(async move {
        loop {
            let heard = match events.poll().await {
                Ok(v5::Event::Incoming(packet)) => Ok(of_five(packet)),
                Ok(v5::Event::Outgoing(Outgoing::Disconnect)) => return,
                Ok(v5::Event::Outgoing(_)) => continue,
                Err(error) => Err(error.to_string()),
            };
            if heard.is_err() | tell.send(heard).is_err() {
                return;
            }
        }
    });
    (Sender::Five(client), task)
}

fn of_five(packet: v5::mqttbytes::v5::Packet) -> Heard {
    use v5::mqttbytes::v5::{Packet, SubscribeReasonCode};
    match packet {
        Packet::ConnAck(connack) => Heard::Connected { resumed: connack.session_present },
        Packet::SubAck(suback) => {
            let granted = suback.return_codes.iter().map(|code| match code {
                SubscribeReasonCode::Success(qos) => *qos as u8,
                _ => 0x80,
            });
            Heard::Subscribed { granted: granted.collect() }
        }
        Packet::PubAck(_) | Packet::PubComp(_) => Heard::Published,
        Packet::Publish(publish) => Heard::Message(Message {
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            payload: publish.payload.to_vec(),
            qos: publish.qos as u8,
            retain: publish.retain,
        }),
        _ => Heard::Other,
    }
}

fn level(qos: u8) -> QoS {
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(qos)]
}

fn level_of_five(qos: u8) -> v5::mqttbytes::QoS {
    use v5::mqttbytes::QoS;
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(qos)]
}

impl Place {
    /// For WebSocket, rumqttc takes the whole URL.
    fn host(&self) -> String {
        match self.scheme.as_str() {
            "ws" | "wss" => format!("{}://{}:{}/mqtt", self.scheme, self.name, self.port),
            _ => self.name.clone(),
        }
    }

    fn transport(&self) -> Transport {
        let tls = || rumqttc::TlsConfiguration::Simple { ca: self.ca.clone(), alpn: None, client_auth: None };
        match self.scheme.as_str() {
            "mqtts" => Transport::Tls(tls()),
            "ws" => Transport::Ws,
            "wss" => Transport::Wss(tls()),
            _ => Transport::Tcp,
        }
    }
}
