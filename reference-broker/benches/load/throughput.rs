//! Messages per second.

use std::{
    cell::{Cell, RefCell},
    io,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use mqttspec_wire::{PacketId, QoS, packet::Delivery};
use tokio::{sync::Notify, task::JoinSet, time};

use crate::{
    broker::Broker,
    client::{Client, connect, publish},
};

/// Who publishes to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) publishers: usize,
    pub(crate) subscribers: usize,
    pub(crate) qos: QoS,
    /// Whether the sessions of subscribers outlive their connections, which is what a store is for.
    pub(crate) keeps_sessions: bool,
}

/// How many messages are delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    /// For each second that the broker is on a processor.
    pub(crate) per_cpu_second: f64,
}

const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(3);
const TOPIC: &str = "bench/load";
const PAYLOAD: usize = 64;

/// How many messages may be published and not delivered, in all: few enough that no broker drops one.
const UNDELIVERED: u64 = 800;

/// How many QoS 1 and 2 messages one publisher may have unacknowledged.
const IN_FLIGHT: usize = 100;

/// What the clients have done so far.
struct Progress {
    load: Load,
    published: Cell<u64>,
    delivered: Cell<u64>,
    room: Notify,
    failure: RefCell<Option<io::Error>>,
}

impl Progress {
    /// How many messages one publisher may publish now.
    fn room(&self) -> usize {
        let subscribers = self.load.subscribers as u64;
        let waiting = self.published.get().saturating_sub(self.delivered.get() / subscribers);
        let share = UNDELIVERED.saturating_sub(waiting).min(UNDELIVERED / self.load.publishers as u64);
        usize::try_from(share).unwrap_or(0)
    }

    fn note(&self, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            self.failure.borrow_mut().get_or_insert(error);
        }
    }
}

/// Runs the load for a while and counts.
pub(crate) async fn measure(broker: &Broker, load: Load) -> io::Result<Rate> {
    let progress = Rc::new(Progress {
        load,
        published: Cell::new(0),
        delivered: Cell::new(0),
        room: Notify::new(),
        failure: RefCell::new(None),
    });
    let _tasks = begin(broker.address, &progress).await?;
    time::sleep(WARM_UP).await;
    let (begin, cpu, delivered) = (Instant::now(), broker.cpu()?, progress.delivered.get());
    time::sleep(MEASURED).await;
    let (took, cpu) = (begin.elapsed().as_secs_f64(), (broker.cpu()? - cpu).max(0.01));
    if let Some(failure) = progress.failure.take() {
        return Err(failure);
    }
    let count = progress.delivered.get() - delivered;
    let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    Ok(Rate { per_second: count / took, per_cpu_second: count / cpu })
}

/// Connects all clients and has them begin. They end when what is returned is dropped.
async fn begin(address: SocketAddr, progress: &Rc<Progress>) -> io::Result<JoinSet<()>> {
    let load = progress.load;
    let mut tasks = JoinSet::new();
    for number in 0..load.subscribers {
        let hello = connect(&format!("subscriber-{number}"), !load.keeps_sessions, 0);
        let mut client = Client::connect(address, number, &hello).await?;
        client.subscribe(TOPIC, load.qos).await?;
        let progress = Rc::clone(progress);
        tasks.spawn_local(async move { progress.note(take(client, &progress).await) });
    }
    for number in 0..load.publishers {
        let client =
            Client::connect(address, number, &connect(&format!("publisher-{number}"), true, 0)).await?;
        let progress = Rc::clone(progress);
        tasks.spawn_local(async move {
            progress.note(match progress.load.qos {
                QoS::AtMostOnce => pour(client, &progress).await,
                QoS::AtLeastOnce | QoS::ExactlyOnce => publish_acknowledged(client, &progress).await,
            });
        });
    }
    Ok(tasks)
}

/// A subscriber: counts and acknowledges.
async fn take(mut client: Client, progress: &Progress) -> io::Result<()> {
    let id_at = 2 + TOPIC.len();
    let mut answers = Vec::new();
    loop {
        let mut count = 0;
        client
            .receive(|frame| match (frame.first >> 4, frame.first >> 1 & 3) {
                (3, qos) => {
                    count += 1;
                    if let (1 | 2, Some(id)) = (qos, frame.body.get(id_at..id_at + 2)) {
                        answers.extend_from_slice(if qos == 1 { &[0x40, 2] } else { &[0x50, 2] });
                        answers.extend_from_slice(id);
                    }
                }
                (6, _) => {
                    answers.extend_from_slice(&[0x70, 2]);
                    answers.extend_from_slice(frame.body);
                }
                (_, _) => {}
            })
            .await?;
        progress.delivered.set(progress.delivered.get() + count);
        progress.room.notify_waiters();
        client.send(&answers).await?;
        answers.clear();
    }
}

/// A publisher at QoS 0.
async fn pour(mut client: Client, progress: &Progress) -> io::Result<()> {
    let packet = publish(TOPIC, Delivery::AtMostOnce, PAYLOAD);
    let batch = packet.repeat(usize::try_from(UNDELIVERED).unwrap_or(0));
    loop {
        let room = progress.room();
        if room == 0 {
            progress.room.notified().await;
            continue;
        }
        progress.published.set(progress.published.get() + room as u64);
        client.send(batch.get(..room * packet.len()).unwrap_or_default()).await?;
    }
}

/// A publisher at QoS 1 or 2.
async fn publish_acknowledged(mut client: Client, progress: &Progress) -> io::Result<()> {
    let id = PacketId::MIN;
    let packet = publish(
        TOPIC,
        match progress.load.qos {
            QoS::ExactlyOnce => Delivery::ExactlyOnce { id, dup: false },
            QoS::AtMostOnce | QoS::AtLeastOnce => Delivery::AtLeastOnce { id, dup: false },
        },
        PAYLOAD,
    );
    let (before_id, after_id) = packet.split_at(4 + TOPIC.len());
    let after_id = after_id.get(2..).unwrap_or_default();
    let (mut next, mut in_flight, mut outgoing) = (1u16, 0, Vec::new());
    loop {
        let room = progress.room().min(IN_FLIGHT - in_flight);
        for _ in 0..room {
            outgoing.extend_from_slice(before_id);
            outgoing.extend_from_slice(&next.to_be_bytes());
            outgoing.extend_from_slice(after_id);
            next = next.checked_add(1).unwrap_or(1);
        }
        progress.published.set(progress.published.get() + room as u64);
        in_flight += room;
        if in_flight == 0 {
            progress.room.notified().await;
            continue;
        }
        client.send(&outgoing).await?;
        outgoing.clear();
        client
            .receive(|frame| match frame.first >> 4 {
                4 | 7 => in_flight -= 1,
                5 => {
                    outgoing.extend_from_slice(&[0x62, 2]);
                    outgoing.extend_from_slice(frame.body);
                }
                _ => {}
            })
            .await?;
    }
}
