//! How the broker is, told over HTTP: `/metrics` for Prometheus and `/health`.

use std::{fmt::Write as _, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    time,
};

use super::{
    Event,
    crowd::Crowd,
    http::{PATIENCE, Request, Response},
    listener::pause_accepting,
};
use crate::core::Statistics;

/// How long the broker may take to say how it is.
const ALIVE: Duration = Duration::from_secs(2);

/// How many requests may be under way; further ones take the place of the oldest.
const AT_ONCE: usize = 64;

/// What is known of a broker at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub(super) statistics: Statistics,
    /// Bytes that clients have not read yet.
    pub(super) backlog: usize,
}

/// Answers requests for ever.
pub(super) async fn serve(listener: TcpListener, events: mpsc::Sender<Event>) {
    let mut answering = Crowd::of(AT_ONCE);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let answer = time::timeout(PATIENCE, answer(stream, events.clone()));
                answering.admit(async { drop(answer.await) }).await;
            }
            Err(_) => pause_accepting().await,
        }
    }
}

async fn answer(mut stream: TcpStream, events: mpsc::Sender<Event>) {
    let Some(request) = Request::read(&mut stream).await else { return };
    let silent = || Response::text("503 Service Unavailable", "the broker does not answer\n");
    let response = match request.path() {
        Some("/metrics") => {
            ask(&events).await.map_or_else(silent, |report| Response::text("200 OK", metrics(&report)))
        }
        Some("/health") => ask(&events).await.map_or_else(silent, |_| Response::text("200 OK", "ok\n")),
        Some(_) => Response::text("404 Not Found", "there are /metrics and /health\n"),
        None => Response::not_allowed(),
    };
    request.answer(&mut stream, response).await;
}

/// How the broker is; none if it does not say so in time.
async fn ask(events: &mpsc::Sender<Event>) -> Option<Report> {
    let (sender, answer) = oneshot::channel();
    let asked = async {
        events.send(Event::Asked(sender)).await.ok()?;
        answer.await.ok()
    };
    time::timeout(ALIVE, asked).await.ok()?
}

/// The text format of Prometheus.
fn metrics(report: &Report) -> String {
    let Report { statistics, backlog } = report;
    let traffic = &statistics.traffic;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let rows = [
        ("uptime_seconds", "gauge", "How long the broker runs.", statistics.uptime.as_secs()),
        ("connections", "gauge", "Open network connections.", count(statistics.connections)),
        ("clients", "gauge", "Clients that are connected.", count(statistics.clients)),
        ("sessions", "gauge", "Sessions, with and without a network connection.", count(statistics.sessions)),
        ("subscriptions", "gauge", "Subscriptions of all sessions.", count(statistics.subscriptions)),
        ("retained_messages", "gauge", "Retained messages.", count(statistics.retained)),
        ("backlog_bytes", "gauge", "Bytes that clients have not read yet.", count(*backlog)),
        ("messages_received_total", "counter", "PUBLISH packets from clients.", traffic.messages_received),
        ("messages_sent_total", "counter", "PUBLISH packets to clients.", traffic.messages_sent),
        (
            "messages_dropped_total",
            "counter",
            "Messages dropped since too many waited.",
            traffic.messages_dropped,
        ),
        ("bytes_received_total", "counter", "Bytes from clients.", traffic.bytes_received),
        ("bytes_sent_total", "counter", "Bytes to clients.", traffic.bytes_sent),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in rows {
        let name = format!("mqttspec_broker_{name}");
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    text
}
