//! Serves the page and the numbers, on a thread of its own.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use reference_broker::net::{
    http::{PATIENCE, Request, Response},
    pause_accepting,
};
use serde::Serialize;
use tokio::{
    io::AsyncWriteExt,
    net::{self, TcpStream},
    runtime,
    sync::watch,
    task::JoinSet,
    time,
};

use super::{Reading, page};

/// How many are served at once.
const AT_ONCE: usize = 64;

/// How many readings whoever comes late is told of. Beyond that, every other one is forgotten.
const KEPT: usize = 600;

/// How long a reader may take to take the next reading.
const SLOWEST: Duration = Duration::from_secs(5);

/// How long the last words may take.
const FAREWELL: Duration = Duration::from_millis(300);

/// Tells whoever asks over HTTP how a fleet fares: `/` is a page, `/events` what it shows, `/metrics` for Prometheus.
#[derive(Debug)]
pub struct Live {
    address: SocketAddr,
    told: Option<watch::Sender<Arc<Told>>>,
    thread: Option<JoinHandle<()>>,
}

/// What is told.
#[derive(Clone, Debug, Default, Serialize)]
struct Told {
    /// The plan and its target.
    title: String,
    about: String,
    /// What was so far, for charts.
    history: Vec<Point>,
    last: Reading,
    /// What it came to, once it is over.
    conclusion: Option<String>,
}

/// What charts show of a reading.
#[derive(Clone, Copy, Debug, Serialize)]
struct Point {
    at: u64,
    online: u64,
    published: u64,
    delivered: u64,
    p50: Option<u64>,
    p99: Option<u64>,
}

impl Point {
    fn of(reading: &Reading) -> Self {
        Self {
            at: reading.at,
            online: reading.online,
            published: reading.rates.published,
            delivered: reading.rates.delivered,
            p50: reading.latency.map(|latency| latency.p50),
            p99: reading.latency.map(|latency| latency.p99),
        }
    }
}

impl Live {
    /// Serves at this address. `title` is that of the plan, `about` says against what it is played.
    pub fn serve(address: SocketAddr, title: &str, about: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let begun = Told { title: title.to_owned(), about: about.to_owned(), ..Told::default() };
        let (told, news) = watch::channel(Arc::new(begun));
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                if let Ok(listener) = net::TcpListener::from_std(listener) {
                    serve(listener, news).await;
                }
            });
        });
        Ok(Self { address, told: Some(told), thread: Some(thread) })
    }

    /// Where it serves.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells this from now on.
    pub fn tell(&self, reading: Reading) {
        self.change(|told| {
            if told.history.len() >= KEPT {
                let mut keep = false;
                told.history.retain(|_| {
                    keep = !keep;
                    keep
                });
            }
            told.history.push(Point::of(&reading));
            told.last = reading;
        });
    }

    /// Tells what it came to, and ends.
    pub fn conclude(self, conclusion: String) {
        self.change(|told| told.conclusion = Some(conclusion));
    }

    fn change(&self, change: impl FnOnce(&mut Told)) {
        if let Some(told) = &self.told {
            told.send_modify(|told| change(Arc::make_mut(told)));
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.told = None;
        if let Some(thread) = self.thread.take() {
            // It ends by itself, and soon.
            thread.join().ok();
        }
    }
}

/// Answers requests until there is no more news.
async fn serve(listener: net::TcpListener, mut news: watch::Receiver<Arc<Told>>) {
    let mut answering = JoinSet::new();
    loop {
        while answering.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            over = over(&mut news) => break over,
        };
        match accepted {
            // Whoever comes when there are too many is turned away.
            Ok(_) if answering.len() >= AT_ONCE => {}
            Ok((stream, _)) => {
                answering.spawn(answer(stream, news.clone()));
            }
            Err(_) => pause_accepting().await,
        }
    }
    let last_words = async { while answering.join_next().await.is_some() {} };
    time::timeout(FAREWELL, last_words).await.ok();
}

/// Waits until nothing more is told.
async fn over(news: &mut watch::Receiver<Arc<Told>>) {
    while news.changed().await.is_ok() {}
}

async fn answer(mut stream: TcpStream, news: watch::Receiver<Arc<Told>>) {
    let Ok(Some(request)) = time::timeout(PATIENCE, Request::read(&mut stream)).await else { return };
    let response = match request.path() {
        Some("/") => {
            let content = "text/html; charset=utf-8";
            let fields = format!("Content-Security-Policy: {}\r\n", page::policy());
            Response { status: "200 OK", content, fields, body: Some(page::page()) }
        }
        Some("/metrics") => Response::text("200 OK", news.borrow().last.metrics()),
        Some("/events") => return events(stream, &request, news).await,
        Some(_) => Response::text("404 Not Found", "there are /, /events and /metrics\n"),
        None => Response::not_allowed(),
    };
    time::timeout(PATIENCE, request.answer(&mut stream, response)).await.ok();
}

/// Everything there is to show, again and again as it changes.
async fn events(mut stream: TcpStream, request: &Request, mut news: watch::Receiver<Arc<Told>>) {
    let (content, fields) = ("text/event-stream", String::new());
    let response = Response { status: "200 OK", content, fields, body: None };
    if !request.answer(&mut stream, response).await {
        return;
    }
    loop {
        let told = Arc::clone(&news.borrow_and_update());
        let Ok(json) = serde_json::to_string(&*told) else { return };
        let event = format!("data: {json}\n\n");
        let sent = time::timeout(SLOWEST, stream.write_all(event.as_bytes())).await;
        if !matches!(sent, Ok(Ok(()))) || news.changed().await.is_err() {
            return;
        }
    }
}
