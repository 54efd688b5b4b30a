//! Devices whose client is a library.
//!
//! The library opens network connections by itself, so it is sent to a socket of this process, at which the path of its
//! device begins: what comes there goes to the world, which has a follower for it, and over the simulated link to the broker.
//! The library runs in a thread of its own and keeps its own time, so such a run does not repeat to the byte.

mod application;
mod client;
mod pipe;

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use bytes::Bytes;
use mio::Registry;
use mqttspec_fleet::{device::Credentials, follower::Deed, layout::Layout, random::Random};
use tokio::{
    runtime,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::LocalSet,
};

pub(super) use self::pipe::is_own;
use self::{
    application::{Assignment, Surroundings, live},
    pipe::Pipe,
};

/// What the library calls a failure, at most so many kinds.
const KINDS: usize = 32;

/// Sockets of the library's side that each device takes: one that listens, and both ends of a connection.
pub(super) const FILES: usize = 3;

/// What an application tells.
enum Told {
    /// What its client did.
    Did(Deed),
    /// Its connection has failed, in the words of the library.
    Failed(String),
}

/// All devices whose client is a library.
pub(super) struct Libraries {
    pipes: BTreeMap<u32, Pipe>,
    surroundings: Surroundings,
    told: mpsc::Receiver<(u32, Told)>,
    /// Where applications are begun. When it is gone, all of them end.
    begin: Option<UnboundedSender<Assignment>>,
    failures: BTreeMap<String, u64>,
}

/// What all applications of a run have in common.
pub(super) struct Run<'a> {
    pub(super) layout: &'a Layout,
    pub(super) seed: u64,
    /// What tells its messages from others, and is part of the names of all clients.
    pub(super) number: u32,
    /// Who devices are, unless the plan says it.
    pub(super) credentials: Option<&'a Credentials>,
}

impl Libraries {
    /// None yet, in a run that began then.
    pub(super) fn new(began: Instant) -> Self {
        let (tell, told) = mpsc::channel();
        let surroundings = Surroundings { began, calm: Arc::new(AtomicBool::new(false)), tell };
        Self { pipes: BTreeMap::new(), surroundings, told, begin: None, failures: BTreeMap::new() }
    }

    /// Begins the client of a device.
    pub(super) fn begin(&mut self, run: &Run<'_>, device: u32, registry: &Registry) -> io::Result<()> {
        let Some((group, place)) = run.layout.group(device).zip(run.layout.devices.get(device as usize))
        else {
            return Ok(());
        };
        let pipe = Pipe::new(device, registry)?;
        let assignment = Assignment {
            device,
            port: pipe.port()?,
            client_id: format!("{:x}-{}", run.number, run.layout.client_id(device)),
            credentials: credentials(run, device),
            group: group.clone(),
            number: place.number,
            streams: place.streams,
            run: run.number,
            random: Random::new(run.seed, device.into()),
            surroundings: self.surroundings.clone(),
        };
        self.pipes.insert(device, pipe);
        if self.begin.is_none() {
            self.begin = Some(host()?);
        }
        if let Some(begin) = &self.begin {
            begin.send(assignment).map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Something can be done at one of the sockets; what its client did.
    pub(super) fn attend(&mut self, token: u64, registry: &Registry, buffer: &mut [u8]) -> (u32, Vec<Deed>) {
        let device = pipe::device(token);
        let deeds = self.pipes.get_mut(&device).map(|pipe| pipe.attend(token, registry, buffer));
        (device, deeds.unwrap_or_default())
    }

    /// Passes bytes on to a client. `false` if it has not read for so long that it is given up.
    pub(super) fn pass(&mut self, device: u32, bytes: Bytes) -> bool {
        self.pipes.get_mut(&device).is_none_or(|pipe| pipe.pass(bytes))
    }

    /// Ends the network connection of a client.
    pub(super) fn hang_up(&mut self, device: u32) {
        if let Some(pipe) = self.pipes.get_mut(&device) {
            pipe.hang_up();
        }
    }

    /// Has nothing new published, and everybody come back.
    pub(super) fn calm(&self) {
        self.surroundings.calm.store(true, Ordering::Relaxed);
    }

    /// What clients did inside.
    pub(super) fn take_told(&mut self) -> Vec<(u32, Deed)> {
        let mut deeds = Vec::new();
        while let Ok((device, told)) = self.told.try_recv() {
            match told {
                Told::Did(deed) => deeds.push((device, deed)),
                Told::Failed(why) => self.note_failure(&why),
            }
        }
        deeds
    }

    /// Numbers distinguish no kinds of failures.
    fn note_failure(&mut self, why: &str) {
        let kind = why.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ' || c == ':').to_owned();
        if self.failures.len() < KINDS || self.failures.contains_key(&kind) {
            *self.failures.entry(kind).or_default() += 1;
        }
    }

    /// How often connections failed, by what the library says of it.
    pub(super) fn into_failures(self) -> BTreeMap<String, u64> {
        self.failures
    }
}

/// Who a device says that it is.
fn credentials(run: &Run<'_>, device: u32) -> Option<(String, String)> {
    let number = run.layout.devices.get(device as usize)?.number;
    match (&run.layout.group(device)?.credentials, run.credentials) {
        (Some(own), _) => Some((own.user.fill(number), own.password.fill(number))),
        (None, Some(given)) => {
            let password = given.password.as_deref().unwrap_or_default();
            Some((given.username.as_str().to_owned(), String::from_utf8_lossy(password).into_owned()))
        }
        (None, None) => None,
    }
}

/// A thread in which applications live, until nobody begins any more.
fn host() -> io::Result<UnboundedSender<Assignment>> {
    let (begin, assignments) = unbounded_channel();
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("libraries".to_owned()).spawn(move || run(&runtime, assignments))?;
    Ok(begin)
}

fn run(runtime: &runtime::Runtime, mut assignments: UnboundedReceiver<Assignment>) {
    LocalSet::new().block_on(runtime, async move {
        while let Some(assignment) = assignments.recv().await {
            tokio::task::spawn_local(live(assignment));
        }
    });
}
