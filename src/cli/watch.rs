//! `mqttspec watch`: a transparent proxy that judges what passes through.

use std::{
    cell::RefCell,
    fs::File,
    io::BufWriter,
    net::SocketAddr,
    path::PathBuf,
    rc::Rc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use mqttspec_segments::{End, Party, Recorder, WriteError};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime,
    task::{LocalSet, spawn_local},
};

use super::{
    BadInput, Exit,
    interrupt::end_of_service,
    reports::{self, Circumstances, Reports},
    terminal::{Terminal, complain, print},
};
use crate::{
    capture::{live::Live, outcome},
    report::capture as render,
};

/// Pass traffic on to a broker without changing a byte, and judge both sides as it flows, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_STATUS)]
pub(super) struct Arguments {
    /// Where clients connect; port 0 is any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:1884")]
    listen: String,
    /// The broker to which everything is passed on
    #[arg(long, value_name = "ADDRESS:PORT")]
    broker: String,
    /// Write what passes to a capture, as pcapng
    #[arg(long, value_name = "FILE")]
    pcapng: Option<PathBuf>,
    #[command(flatten)]
    reports: Reports,
}

type Shared = Rc<RefCell<Live<BufWriter<File>>>>;

pub(super) fn watch(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let recorder = arguments.pcapng.as_ref().map(recorder).transpose()?;
    let opened = arguments.reports.open()?;
    let voice = if opened.takes_stdout() {
        Voice { tell: complain, size: (terminal.reading_width(), false) }
    } else {
        Voice { tell: print, size: (terminal.reading_width(), terminal.colour) }
    };
    let (began, date) = (now(), reports::now());
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| BadInput::new(format!("the system refuses a runtime: {error}")))?;
    let live = Rc::new(RefCell::new(Live::new(recorder)));
    let served = LocalSet::new().block_on(&runtime, serve(arguments, &live, voice));
    // Connections that are still open hold on to it until their tasks are gone.
    drop(runtime);
    served?;
    let Ok(live) = Rc::try_unwrap(live) else { return Ok(Exit::Undecided) };
    let (tally, recorder) = live.into_inner().finish(now());
    if let Some(mut recorder) = recorder {
        recorder.flush().map_err(|error| BadInput::new(error.to_string()))?;
    }
    let run = outcome(&tally.survey, &arguments.broker, now().saturating_sub(began));
    let conclusion = render::conclusion(&tally, &run);
    (voice.tell)(&render::farewell(&tally, conclusion, voice.size));
    let about =
        Circumstances { scenarios: &[], repeated: &[], broker: None, profile: None, strict: false, date };
    opened.write(&[reports::report(run, &about)])?;
    Ok(Exit::from(conclusion))
}

/// Where what is seen is told, and in which width and colour: not where a report goes.
#[derive(Clone, Copy)]
struct Voice {
    tell: fn(&str),
    size: (usize, bool),
}

fn recorder(path: &PathBuf) -> Result<Recorder<BufWriter<File>>, BadInput> {
    let failed = |error: &dyn std::fmt::Display| {
        BadInput::new(format!(
            "cannot write a capture to `{}`: {error}\nname a file in a folder that exists",
            path.display()
        ))
    };
    let file = File::create(path).map_err(|error| failed(&error))?;
    Recorder::new(BufWriter::new(file)).map_err(|error| failed(&error))
}

/// Accepts clients until the end of the service.
async fn serve(arguments: &Arguments, live: &Shared, voice: Voice) -> Result<(), BadInput> {
    let listener = TcpListener::bind(&arguments.listen).await.map_err(|error| {
        let advice = "name an address of this machine and a free port with `--listen`";
        BadInput::new(format!("cannot listen at {}: {error}\n{advice}", arguments.listen))
    })?;
    // A broker that is not there is better known at once.
    TcpStream::connect(&arguments.broker).await.map_err(|error| {
        let advice = "start the broker, or name another address with `--broker`";
        BadInput::new(format!("cannot reach the broker at {}: {error}\n{advice}", arguments.broker))
    })?;
    let address = listener.local_addr().map_err(|error| BadInput::new(error.to_string()))?;
    complain(&format!("watching {address}, which leads to {}; Ctrl-C ends it\n", arguments.broker));
    let mut end = std::pin::pin!(end_of_service());
    loop {
        tokio::select! {
            () = &mut end => return Ok(()),
            accepted = listener.accept() => {
                // Without file handles, for example, it may go on later.
                let Ok((client, address)) = accepted else {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                let (live, broker) = (Rc::clone(live), arguments.broker.clone());
                spawn_local(async move {
                    if let Err(error) = pass(client, address, &broker, &live, voice).await {
                        complain(&format!("warning: {error}\n"));
                    }
                });
            }
        }
    }
}

/// Why a connection is not passed on, or not recorded.
#[derive(Debug, thiserror::Error)]
enum PassError {
    #[error("the broker at {0} is not reached: {1}")]
    Unreached(String, std::io::Error),
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Passes one network connection on.
async fn pass(
    client: TcpStream,
    address: SocketAddr,
    broker: &str,
    live: &Shared,
    voice: Voice,
) -> Result<(), PassError> {
    let unreached = |error| PassError::Unreached(broker.to_owned(), error);
    let server = TcpStream::connect(broker).await.map_err(unreached)?;
    let target = server.peer_addr().map_err(unreached)?;
    // What arrives in a segment leaves at once.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let number = live.borrow_mut().open(now(), address, target)?;
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let way = |by| Way { number, by, live, voice };
    let (there, back) = tokio::join!(
        way(Party::First).carry(client_reads, server_writes),
        way(Party::Second).carry(server_reads, client_writes),
    );
    let mut live = live.borrow_mut();
    live.close(now(), number);
    live.flush()?;
    Ok(there.and(back)?)
}

/// One direction of a connection.
struct Way<'a> {
    number: u64,
    by: Party,
    live: &'a Shared,
    voice: Voice,
}

impl Way<'_> {
    /// Carries bytes until there are no more.
    async fn carry(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Result<(), WriteError> {
        let mut buffer = vec![0; 1 << 14];
        loop {
            let how = match from.read(&mut buffer).await {
                Ok(0) => End::Fin,
                Err(_) => End::Reset,
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    // Before they go on: nobody can have answered them yet.
                    self.judge(bytes)?;
                    if to.write_all(bytes).await.is_ok() {
                        continue;
                    }
                    End::Reset
                }
            };
            self.live.borrow_mut().ended(now(), self.number, self.by, how)?;
            let _ = to.shutdown().await;
            return Ok(());
        }
    }

    fn judge(&self, bytes: &[u8]) -> Result<(), WriteError> {
        let mut live = self.live.borrow_mut();
        live.bytes(now(), self.number, self.by, bytes)?;
        for notice in live.notices() {
            (self.voice.tell)(&render::notice(&notice, self.voice.size));
        }
        Ok(())
    }
}

/// The time since 1970-01-01 00:00:00 UTC.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
