//! A broker behind TCP, in real time.

use std::{collections::BTreeMap, io, task::Poll, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    task::spawn_local,
    time::{Instant, timeout},
};

use crate::stage::{Command, Input, LinkId, Play};

/// How long the operating system may take to open a network connection.
const OPENING: Duration = Duration::from_secs(5);
/// Inputs that wait for the play at most; beyond that, reading stops and TCP holds the broker back.
const QUEUE: usize = 1024;

/// Where to connect: a host name or address, and a port.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Name or address of the host.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// Opens a network connection.
    pub async fn connect(&self) -> io::Result<TcpStream> {
        let stream =
            timeout(OPENING, TcpStream::connect((self.host.as_str(), self.port))).await.map_err(|_| {
                io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", OPENING.as_secs()))
            })??;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Something that happened on a network connection, and when.
type Happening = (Duration, LinkId, Input);

/// Plays over network connections to `endpoint`. Must run inside a [`tokio::task::LocalSet`].
pub async fn play<T>(mut play: Play<T>, endpoint: &Endpoint, epoch: Instant) -> T {
    let (sender, mut happenings) = mpsc::channel::<Happening>(QUEUE);
    let mut lines: BTreeMap<LinkId, mpsc::UnboundedSender<Outgoing>> = BTreeMap::new();
    loop {
        if let Poll::Ready(outcome) = play.advance(epoch.elapsed()) {
            return outcome;
        }
        for command in play.take_commands() {
            let (link, outgoing) = match command {
                Command::Open(link) => {
                    let (order, orders) = mpsc::unbounded_channel();
                    lines.insert(link, order);
                    let wire = Wire { link, epoch, happenings: sender.clone() };
                    spawn_local(wire.run(endpoint.clone(), orders));
                    continue;
                }
                Command::Send(link, bytes) => (link, Outgoing::Bytes(bytes)),
                Command::HalfClose(link) => (link, Outgoing::HalfClose),
                Command::Close(link) => (link, Outgoing::Close),
            };
            if let Some(line) = lines.get(&link) {
                // A line that is gone has reported its end already.
                line.send(outgoing).ok();
            }
        }
        let alarm = play.next_timeout().map(|at| epoch + at);
        let happening = tokio::select! {
            biased;
            happening = happenings.recv() => happening,
            () = sleep_until(alarm) => None,
        };
        // Everything that has happened is handed in before the clock is looked at again.
        let mut next = happening.or_else(|| happenings.try_recv().ok());
        while let Some((at, link, input)) = next {
            play.input(at, link, input);
            next = happenings.try_recv().ok();
        }
    }
}

async fn sleep_until(alarm: Option<Instant>) {
    match alarm {
        Some(alarm) => tokio::time::sleep_until(alarm).await,
        None => std::future::pending().await,
    }
}

enum Outgoing {
    Bytes(Bytes),
    HalfClose,
    Close,
}

/// The task of one network connection.
struct Wire {
    link: LinkId,
    epoch: Instant,
    happenings: mpsc::Sender<Happening>,
}

impl Wire {
    async fn run(self, endpoint: Endpoint, mut orders: mpsc::UnboundedReceiver<Outgoing>) {
        let mut stream = match endpoint.connect().await {
            Ok(stream) => stream,
            Err(error) => return self.report(Input::Refused(error.to_string())).await,
        };
        self.report(Input::Opened).await;
        let (mut reader, mut writer) = stream.split();
        let mut buffer = BytesMut::with_capacity(16 * 1024);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Outgoing::Bytes(bytes)) => {
                        // A failed write is noticed by the reader, which then sees the end as well.
                        writer.write_all(&bytes).await.ok();
                    }
                    Some(Outgoing::HalfClose) => {
                        writer.shutdown().await.ok();
                    }
                    Some(Outgoing::Close) | None => return,
                },
                read = reader.read_buf(&mut buffer) => match read {
                    Ok(0) => return self.report(Input::Closed(false)).await,
                    Ok(_) => self.report(Input::Bytes(buffer.split().freeze())).await,
                    Err(_) => return self.report(Input::Closed(true)).await,
                },
            }
        }
    }

    async fn report(&self, input: Input) {
        // Nobody listens any more once the play is over.
        self.happenings.send((self.epoch.elapsed(), self.link, input)).await.ok();
    }
}
