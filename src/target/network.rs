//! A broker on the network, in real time.

use std::{
    collections::{BTreeMap, VecDeque},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use mqttspec_spec::Version;
use tokio::{
    sync::mpsc,
    task::spawn_local,
    time::{Instant, sleep},
};

use super::{ConnectError, Endpoint, Keeper, Trust, drip::pieces, greeting, stream::Arrival};
use crate::{
    stage::{Command, Input, LinkId, Play},
    verdict::Restart,
};

/// Inputs that wait for the play at most; beyond that, reading stops and TCP holds the broker back.
const QUEUE: usize = 1024;
/// How long one waits between two attempts to reach a broker that is starting. Nothing tells when the process of somebody
/// else begins to listen, so one has to try; this is short beside what any broker needs, and costs it next to nothing.
pub const AGAIN: Duration = Duration::from_millis(50);

/// How long a line may take at the end to pass on what was sent last.
const FAREWELL: Duration = Duration::from_secs(1);

/// A broker on the network, and how to reach it.
#[derive(Clone, Debug)]
pub struct Network {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Which certificates are accepted over TLS.
    pub trust: Trust,
    /// Whether packets are sent byte by byte.
    pub drip: bool,
    /// Who can restart it, if anybody here can.
    pub keeper: Option<Keeper>,
}

impl Network {
    /// Whether a network connection can be opened.
    pub async fn try_connect(&self) -> Result<(), ConnectError> {
        self.endpoint.connect(&self.trust).await.map(drop)
    }

    /// Restarts the broker and waits until it accepts a client: some listen long before they can do that.
    async fn restart(&self, restart: Restart) -> Result<(), String> {
        let keeper = self.keeper.as_ref().ok_or("it was not started by this program")?;
        keeper.restart(restart).await?;
        let deadline = Instant::now() + keeper.patience();
        while !self.is_ready(keeper).await {
            if keeper.has_ended() {
                return Err("it ended as soon as it was started again".to_owned());
            }
            if Instant::now() > deadline {
                let seconds = keeper.patience().as_secs_f64();
                return Err(format!("it accepts no client within {seconds} s after its restart"));
            }
            sleep(AGAIN).await;
        }
        Ok(())
    }

    /// Whether it accepts a client of any version.
    async fn is_ready(&self, keeper: &Keeper) -> bool {
        let credentials = keeper.launched().address.credentials().cloned();
        for version in Version::ALL {
            let credentials = credentials.clone();
            let greeting =
                Play::new(Duration::ZERO, |stage| greeting::is_accepted(stage, version, credentials));
            if Box::pin(play(greeting, self, Instant::now())).await {
                return true;
            }
        }
        false
    }
}

/// Something that happened, and when.
type Happening = (Duration, Event);

/// What can happen.
enum Event {
    /// Something on a network connection.
    OnLink(LinkId, Input),
    /// The broker is back, or why it is not.
    Restarted(Result<(), String>),
}

impl Event {
    fn hand_to<T>(self, play: &mut Play<T>, at: Duration) {
        match self {
            Self::OnLink(link, input) => play.input(at, link, input),
            Self::Restarted(outcome) => play.restarted(at, outcome),
        }
    }
}

/// Plays over network connections to `target`. Must run inside a [`tokio::task::LocalSet`].
pub async fn play<T>(mut play: Play<T>, target: &Network, epoch: Instant) -> T {
    let (sender, mut happenings) = mpsc::channel::<Happening>(QUEUE);
    let mut lines: BTreeMap<LinkId, mpsc::UnboundedSender<Outgoing>> = BTreeMap::new();
    loop {
        let outcome = play.advance(epoch.elapsed());
        for command in play.take_commands() {
            let (link, outgoing) = match command {
                Command::Open(link) => {
                    let (order, orders) = mpsc::unbounded_channel();
                    lines.insert(link, order);
                    let wire = Wire { link, epoch, happenings: sender.clone() };
                    spawn_local(wire.run(target.clone(), orders));
                    continue;
                }
                Command::Send(link, bytes) => (link, Outgoing::Bytes(bytes)),
                Command::SendText(link, bytes) => (link, Outgoing::Text(bytes)),
                Command::HalfClose(link) => (link, Outgoing::HalfClose),
                Command::Close(link) => (link, Outgoing::Close),
                Command::Restart(restart) => {
                    let (target, happenings) = (target.clone(), sender.clone());
                    spawn_local(async move {
                        let outcome = target.restart(restart).await;
                        happenings.send((epoch.elapsed(), Event::Restarted(outcome))).await.ok();
                    });
                    continue;
                }
            };
            if let Some(line) = lines.get(&link) {
                // A line that is gone has reported its end already.
                line.send(outgoing).ok();
            }
        }
        if let Poll::Ready(outcome) = outcome {
            // What was sent last is still on its way; the lines end when they have passed it on.
            drop((lines, sender));
            let farewell = async { while happenings.recv().await.is_some() {} };
            let _ = tokio::time::timeout(FAREWELL, farewell).await;
            return outcome;
        }
        let alarm = play.next_timeout().map(|at| epoch + at);
        let happening = tokio::select! {
            biased;
            happening = happenings.recv() => happening,
            () = sleep_until(alarm) => None,
        };
        // Everything that has happened is handed in before the clock is looked at again.
        let mut next = happening.or_else(|| happenings.try_recv().ok());
        while let Some((at, event)) = next {
            event.hand_to(&mut play, at);
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
    Text(Bytes),
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
    async fn run(self, target: Network, mut orders: mpsc::UnboundedReceiver<Outgoing>) {
        let mut stream = match target.endpoint.connect(&target.trust).await {
            Ok(stream) => stream,
            Err(ConnectError::WrongSubprotocol) => return self.report(Input::WrongSubprotocol).await,
            Err(error) => return self.report(Input::Refused(error.to_string())).await,
        };
        self.report(Input::Opened).await;
        let mut left: VecDeque<Bytes> = VecDeque::new();
        loop {
            tokio::select! {
                arrival = stream.receive() => {
                    let (input, is_end) = match arrival {
                        Arrival::Bytes(bytes) => (Input::Bytes(bytes), false),
                        Arrival::Text(text) => (Input::TextFrame(text), true),
                        Arrival::End => (Input::Closed(false), true),
                        Arrival::Reset => (Input::Closed(true), true),
                    };
                    self.report(input).await;
                    if is_end {
                        return;
                    }
                }
                // A piece for each turn, so that an answer to the first ones is not overlooked.
                Some(piece) = async { left.pop_front() } => stream.send(piece).await,
                order = orders.recv(), if left.is_empty() => match order {
                    Some(Outgoing::Bytes(bytes)) => left.extend(pieces(bytes, target.drip)),
                    Some(Outgoing::Text(bytes)) => stream.send_text(bytes).await,
                    Some(Outgoing::HalfClose) => stream.half_close().await,
                    Some(Outgoing::Close) | None => return,
                },
            }
        }
    }

    async fn report(&self, input: Input) {
        // Nobody listens any more once the play is over.
        self.happenings.send((self.epoch.elapsed(), Event::OnLink(self.link, input))).await.ok();
    }
}
