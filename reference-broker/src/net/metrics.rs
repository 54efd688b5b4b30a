//! How the broker is, told over HTTP: `/metrics` for Prometheus and `/health`.
//!
//! As little of HTTP/1.1 as that takes: one request on each connection, of which only the first line is read.

use std::{fmt::Write as _, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinSet,
    time,
};

use super::{Event, listener::pause_accepting};
use crate::core::Statistics;

/// How many bytes a request may have.
const LONGEST: usize = 8 * 1024;

/// How long a request may take, with its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the broker may take to say how it is.
const ALIVE: Duration = Duration::from_secs(2);

/// How many requests are answered at once.
const AT_ONCE: usize = 8;

/// What is known of a broker at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub(super) statistics: Statistics,
    /// Bytes that clients have not read yet.
    pub(super) backlog: usize,
}

/// Answers requests for ever.
pub(super) async fn serve(listener: TcpListener, events: mpsc::Sender<Event>) {
    let mut answering = JoinSet::new();
    loop {
        while answering.try_join_next().is_some() {}
        if answering.len() >= AT_ONCE {
            answering.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                answering.spawn(time::timeout(PATIENCE, answer(stream, events.clone())));
            }
            Err(_) => pause_accepting().await,
        }
    }
}

async fn answer(mut stream: TcpStream, events: mpsc::Sender<Event>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let line = request.lines().next().unwrap_or_default();
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let (status, body) = match (method, path) {
        ("GET" | "HEAD", "/metrics") => match ask(&events).await {
            Some(report) => ("200 OK", metrics(&report)),
            None => ("503 Service Unavailable", "the broker does not answer\n".to_owned()),
        },
        ("GET" | "HEAD", "/health") => match ask(&events).await {
            Some(_) => ("200 OK", "ok\n".to_owned()),
            None => ("503 Service Unavailable", "the broker does not answer\n".to_owned()),
        },
        ("GET" | "HEAD", _) => ("404 Not Found", "there are /metrics and /health\n".to_owned()),
        (_, _) => ("405 Method Not Allowed", "only GET and HEAD are answered\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let response = if method == "HEAD" { head } else { head + &body };
    // Whoever asked may be gone.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// The head of a request; none if it is too long, cut off or not text.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = LONGEST.checked_sub(request.len()).filter(|left| *left > 0)?;
        let read = stream.take(left as u64).read_buf(&mut request).await.ok()?;
        if read == 0 {
            return None;
        }
    }
    String::from_utf8(request).ok()
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
