//! A broker in this process, in virtual time: time stands still while anything happens, and jumps to the
//! next deadline when nothing does.

use std::{collections::BTreeSet, task::Poll, time::Duration};

use reference_broker::{Broker, ConnectionId, Input as BrokerInput, Output, core::Verified};

use crate::{
    stage::{Command, Input, LinkId, Play},
    verdict::Restart,
};

/// A broker that lives in this process: the reference broker, or one that a test makes up.
pub trait Peer {
    /// Takes in what happened and says what is to be done.
    fn handle(&mut self, now: Duration, input: BrokerInput, outputs: &mut Vec<Output>);
    /// When it wants to go on even if nothing happens.
    fn next_timeout(&self) -> Option<Duration>;
    /// Comes to its end and is started again.
    ///
    /// # Errors
    /// Why it is not back.
    fn restart(&mut self, _: Duration, _: Restart, _: &mut Vec<Output>) -> Result<(), String> {
        Err("it cannot be restarted".to_owned())
    }
}

impl<P: Peer + ?Sized> Peer for Box<P> {
    fn handle(&mut self, now: Duration, input: BrokerInput, outputs: &mut Vec<Output>) {
        self.as_mut().handle(now, input, outputs);
    }

    fn next_timeout(&self) -> Option<Duration> {
        self.as_ref().next_timeout()
    }

    fn restart(&mut self, now: Duration, restart: Restart, outputs: &mut Vec<Output>) -> Result<(), String> {
        self.as_mut().restart(now, restart, outputs)
    }
}

impl Peer for Broker {
    fn handle(&mut self, now: Duration, input: BrokerInput, outputs: &mut Vec<Output>) {
        Self::handle(self, now, input, outputs);
    }

    fn next_timeout(&self) -> Option<Duration> {
        Self::next_timeout(self)
    }
}

/// A play that does not come to an end.
#[derive(Debug, thiserror::Error)]
pub enum Stuck {
    /// Neither side waits for anything.
    #[error("neither the scenario nor the broker waits for anything")]
    Idle,
    /// Too much happened, or too much virtual time passed.
    #[error("no end in sight after {events} events and {} virtual seconds", now.as_secs())]
    Endless {
        /// How many rounds were played.
        events: u32,
        /// The virtual time reached.
        now: Duration,
    },
}

const EVENTS: u32 = 1_000_000;
const VIRTUAL_TIME: Duration = Duration::from_hours(24);

/// Plays against `broker`, beginning at time zero.
pub fn play<T>(mut play: Play<T>, broker: &mut dyn Peer) -> Result<T, Stuck> {
    let mut wire = Wire { broker, open: BTreeSet::new(), outputs: Vec::new() };
    let mut now = Duration::ZERO;
    for events in 0..EVENTS {
        if let Poll::Ready(outcome) = play.advance(now) {
            return Ok(outcome);
        }
        let commands = play.take_commands();
        if commands.is_empty() {
            let next = [play.next_timeout(), wire.broker.next_timeout()].into_iter().flatten().min();
            now = now.max(next.ok_or(Stuck::Idle)?);
            if now > VIRTUAL_TIME {
                return Err(Stuck::Endless { events, now });
            }
            wire.hand_over(now, BrokerInput::Tick, &mut play);
        }
        for command in commands {
            wire.carry_out(now, command, &mut play);
        }
    }
    Err(Stuck::Endless { events: EVENTS, now })
}

/// What connects the play and the broker.
struct Wire<'a> {
    broker: &'a mut dyn Peer,
    open: BTreeSet<LinkId>,
    outputs: Vec<Output>,
}

impl Wire<'_> {
    fn carry_out<T>(&mut self, now: Duration, command: Command, play: &mut Play<T>) {
        match command {
            Command::Open(link) => {
                self.open.insert(link);
                play.input(now, link, Input::Opened);
                self.hand_over(now, BrokerInput::Opened(connection(link)), play);
            }
            Command::Send(link, bytes) => {
                if self.open.contains(&link) {
                    self.hand_over(now, BrokerInput::Bytes(connection(link), bytes), play);
                }
            }
            // There are no frames here, and no scenario is played that wants them.
            Command::SendText(..) => {}
            Command::HalfClose(link) | Command::Close(link) => {
                if self.open.remove(&link) {
                    self.hand_over(now, BrokerInput::Closed(connection(link)), play);
                    // A broker whose peer has closed closes too.
                    play.input(now, link, Input::Closed(false));
                }
            }
            Command::Restart(restart) => {
                let outcome = self.broker.restart(now, restart, &mut self.outputs);
                self.pass_on(now, play);
                self.open.clear();
                play.restarted(now, outcome);
            }
        }
    }

    fn hand_over<T>(&mut self, now: Duration, input: BrokerInput, play: &mut Play<T>) {
        self.broker.handle(now, input, &mut self.outputs);
        self.pass_on(now, play);
    }

    /// Passes on what the broker has said.
    fn pass_on<T>(&mut self, now: Duration, play: &mut Play<T>) {
        for output in std::mem::take(&mut self.outputs) {
            match output {
                Output::Send(connection, bytes) | Output::Pass(connection, bytes) => {
                    let link = link(connection);
                    if self.open.contains(&link) {
                        play.input(now, link, Input::Bytes(bytes));
                    }
                }
                Output::Verify { connection, hash, password } => {
                    let is_right = reference_broker::net::verify_password(&hash, &password);
                    let verified = if is_right { Verified::Right } else { Verified::Wrong };
                    self.hand_over(now, BrokerInput::Verified(connection, verified), play);
                }
                Output::Close(connection) | Output::Part(connection) => {
                    let link = link(connection);
                    if self.open.remove(&link) {
                        play.input(now, link, Input::Closed(false));
                    }
                }
            }
        }
    }
}

fn connection(link: LinkId) -> ConnectionId {
    ConnectionId(link.0 as u64)
}

fn link(connection: ConnectionId) -> LinkId {
    // Connections are only made from links.
    LinkId(usize::try_from(connection.0).unwrap_or(usize::MAX))
}
