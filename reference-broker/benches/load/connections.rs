//! Many connections.

use std::{
    cell::Cell,
    io,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use mqttspec_wire::QoS;
use tokio::{
    runtime,
    task::{JoinSet, LocalSet},
    time,
};

use crate::{
    broker::Broker,
    client::{Client, connect},
    throughput::{self, Load, Rate},
};

/// How many clients are idle at once.
pub(crate) const CROWD: usize = 10_000;

/// How many clients connect at the same time.
const AT_ONCE: usize = 50;

/// How many threads they share. One is slower than a broker: most of what a connection costs is the system's work for the
/// side that opens it.
const THREADS: usize = 2;

const MEASURED: Duration = Duration::from_secs(3);

/// The keep alive of idle clients, in seconds, and how often they send PINGREQ.
const KEEP_ALIVE: u16 = 4;
const PING: Duration = Duration::from_secs(3);

/// What became of idle clients.
pub(crate) struct Crowd {
    /// How many were disconnected.
    pub(crate) lost: usize,
    /// The longest time that one waited for PINGRESP.
    pub(crate) slowest: Duration,
}

/// How many clients come and go.
pub(crate) async fn per_second(broker: &Broker) -> io::Result<Rate> {
    let (begin, cpu, address) = (Instant::now(), broker.cpu()?, broker.address);
    let mut threads = JoinSet::new();
    for thread in 0..THREADS {
        threads.spawn_blocking(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(LocalSet::new().run_until(come_and_go(address, thread, begin + MEASURED)))
        });
    }
    let mut count = 0;
    while let Some(done) = threads.join_next().await {
        count += done??;
    }
    let (count, cpu) = (f64::from(count), (broker.cpu()? - cpu).max(0.01));
    Ok(Rate { per_second: count / begin.elapsed().as_secs_f64(), per_cpu_second: count / cpu })
}

/// One thread's share of the clients. Says how often they have come and gone.
async fn come_and_go(address: SocketAddr, thread: usize, until: Instant) -> io::Result<u32> {
    let count = Rc::new(Cell::new(0));
    let mut tasks = JoinSet::new();
    for number in (thread..AT_ONCE).step_by(THREADS) {
        let count = Rc::clone(&count);
        tasks.spawn_local(async move {
            let hello = connect(&format!("client-{number}"), true, 0);
            while Instant::now() < until {
                Client::connect(address, number, &hello).await?.leave().await?;
                count.set(count.get() + 1);
            }
            io::Result::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(count.get())
}

async fn idle(broker: &Broker, count: usize, keep_alive: u16) -> io::Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(count);
    for number in 0..count {
        let hello = connect(&format!("idle-{number}"), true, keep_alive);
        clients.push(Client::connect(broker.address, number, &hello).await?);
    }
    Ok(clients)
}

/// The memory that an idle connection takes in the broker's process, in bytes.
pub(crate) async fn memory(broker: &Broker) -> io::Result<f64> {
    // What the first clients of all bring into memory of the program is not theirs.
    for client in idle(broker, AT_ONCE, 0).await? {
        client.leave().await?;
    }
    let before = broker.memory()?.now;
    let clients = idle(broker, CROWD, 0).await?;
    time::sleep(Duration::from_secs(1)).await;
    let taken = broker.memory()?.now.saturating_sub(before);
    let count = f64::from(u32::try_from(clients.len()).unwrap_or(u32::MAX));
    Ok(f64::from(u32::try_from(taken).unwrap_or(u32::MAX)) / count)
}

/// Idle clients that keep alive while others have the broker deliver as fast as it can.
pub(crate) async fn crowd(broker: &Broker) -> io::Result<Crowd> {
    let (lost, slowest) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(Duration::ZERO)));
    let mut tasks = JoinSet::new();
    for (number, mut client) in idle(broker, CROWD, KEEP_ALIVE).await?.into_iter().enumerate() {
        let (lost, slowest) = (Rc::clone(&lost), Rc::clone(&slowest));
        tasks.spawn_local(async move {
            // Not all at once.
            time::sleep(PING / 1_000 * u32::try_from(number % 1_000).unwrap_or(0)).await;
            loop {
                let begin = Instant::now();
                if client.send(&[0xC0, 0]).await.is_err() || client.receive(|_| ()).await.is_err() {
                    lost.set(lost.get() + 1);
                    return;
                }
                slowest.set(slowest.get().max(begin.elapsed()));
                time::sleep(PING).await;
            }
        });
    }
    let load = Load { publishers: 1, subscribers: 1, qos: QoS::AtLeastOnce, keeps_sessions: false };
    for _ in 0..3 {
        throughput::measure(broker, load).await?;
    }
    Ok(Crowd { lost: lost.get(), slowest: slowest.get() })
}
