//! Passes network connections on, each byte as it came.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, BufWriter},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mqttspec_segments::{End, Party};
use reference_broker::net::pause_accepting;
use tokio::{
    io::AsyncWriteExt as _,
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::spawn_local,
};

use super::Voice;
use crate::{
    capture::live::Live,
    cli::{BadInput, interrupt::end_of_service, terminal::complain},
    report::capture as render,
};

/// What is read at once. One buffer serves all connections, so that those that are silent cost nothing.
const BUFFER: usize = 1 << 16;

/// What is judged, and written to a capture.
pub(super) type Shared = Rc<RefCell<Live<BufWriter<File>>>>;

/// What all connections share.
pub(super) struct Proxy {
    broker: String,
    live: Shared,
    voice: Voice,
    buffer: RefCell<Vec<u8>>,
}

/// A party broke the connection off.
struct BrokenOff;

impl Proxy {
    pub(super) fn new(broker: &str, live: Shared, voice: Voice) -> Self {
        Self { broker: broker.to_owned(), live, voice, buffer: RefCell::new(vec![0; BUFFER]) }
    }

    /// Accepts clients until the end of the service.
    pub(super) async fn serve(self: Rc<Self>, listen: &str) -> Result<(), BadInput> {
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            let advice = "name an address of this machine and a free port with `--listen`";
            BadInput::new(format!("cannot listen at {listen}: {error}\n{advice}"))
        })?;
        // A broker that is not there is better known at once.
        TcpStream::connect(&self.broker).await.map_err(|error| {
            let advice = "start the broker, or name another address with `--broker`";
            BadInput::new(format!("cannot reach the broker at {}: {error}\n{advice}", self.broker))
        })?;
        let address = listener.local_addr().map_err(|error| BadInput::new(error.to_string()))?;
        complain(&format!("watching {address}, which leads to {}; Ctrl-C ends it\n", self.broker));
        let mut end = std::pin::pin!(end_of_service());
        loop {
            tokio::select! {
                () = &mut end => return Ok(()),
                accepted = listener.accept() => match accepted {
                    Ok((client, address)) => {
                        spawn_local(Rc::clone(&self).pass(client, address));
                    }
                    Err(_) => pause_accepting().await,
                },
            }
        }
    }

    /// Passes one network connection on.
    async fn pass(self: Rc<Self>, client: TcpStream, address: SocketAddr) {
        let connected = TcpStream::connect(&self.broker).await;
        let reached = connected.and_then(|server| server.peer_addr().map(|target| (server, target)));
        let (server, target) = match reached {
            Ok(reached) => reached,
            Err(error) => {
                return complain(&format!(
                    "warning: the broker at {} is not reached: {error}\n",
                    self.broker
                ));
            }
        };
        // What arrives in a segment leaves at once.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let number = self.live.borrow_mut().open(now(), address, target);
        let (mut client, mut server) = (client.into_split(), server.into_split());
        let both = tokio::try_join!(
            self.carry(number, Party::First, &mut client.0, &mut server.1),
            self.carry(number, Party::Second, &mut server.0, &mut client.1),
        );
        if let Err(BrokenOff) = both {
            break_off(client);
            break_off(server);
        }
        let mut live = self.live.borrow_mut();
        live.close(now(), number);
        live.flush();
        if let Some(error) = live.trouble() {
            complain(&format!("warning: {error}; traffic is passed on and judged all the same\n"));
        }
    }

    /// Carries the bytes of a party until there are no more. Nothing is read before what was read has been passed on, so
    /// that whoever reads slowly holds back whoever writes, as without a proxy.
    async fn carry(
        &self,
        number: u64,
        by: Party,
        from: &mut OwnedReadHalf,
        to: &mut OwnedWriteHalf,
    ) -> Result<(), BrokenOff> {
        let ended = |by, how| self.live.borrow_mut().ended(now(), number, by, how);
        loop {
            let readable = from.readable().await;
            match readable.map_or(Hop::Broken, |()| self.hop(number, by, from, to)) {
                Hop::All => {}
                Hop::Part(rest) => {
                    if to.write_all(&rest).await.is_err() {
                        ended(by.other(), End::Reset);
                        return Err(BrokenOff);
                    }
                }
                Hop::End => {
                    ended(by, End::Fin);
                    let _ = to.shutdown().await;
                    return Ok(());
                }
                Hop::Broken => {
                    ended(by, End::Reset);
                    return Err(BrokenOff);
                }
            }
        }
    }

    /// Judges what has arrived, before it goes on: nobody can have answered it yet.
    fn hop(&self, number: u64, by: Party, from: &OwnedReadHalf, to: &OwnedWriteHalf) -> Hop {
        let mut buffer = self.buffer.borrow_mut();
        let count = match from.try_read(&mut buffer) {
            Ok(0) => return Hop::End,
            Ok(count) => count,
            // It was a false alarm.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Hop::All,
            Err(_) => return Hop::Broken,
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        let mut live = self.live.borrow_mut();
        live.bytes(now(), number, by, bytes);
        for notice in live.notices() {
            (self.voice.tell)(&render::notice(&notice, self.voice.size));
        }
        // That it fails is noticed by who writes the rest.
        let written = to.try_write(bytes).unwrap_or(0);
        match bytes.get(written..) {
            Some(rest) if !rest.is_empty() => Hop::Part(rest.to_vec()),
            Some(_) | None => Hop::All,
        }
    }
}

/// What came of reading once.
enum Hop {
    /// All that was read was passed on.
    All,
    /// This is still to be passed on.
    Part(Vec<u8>),
    /// The party has nothing more to say.
    End,
    /// The party broke the connection off.
    Broken,
}

/// Has the other end see what this one saw: no end, but a reset.
fn break_off((_reads, writes): (OwnedReadHalf, OwnedWriteHalf)) {
    let _ = writes.as_ref().set_zero_linger();
    writes.forget();
}

/// The time since 1970-01-01 00:00:00 UTC.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
