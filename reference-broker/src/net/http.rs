//! As little of HTTP/1.1 as it takes to tell an operator something: one request on each connection, of which only the
//! first line is read.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How many bytes a request may have.
const LONGEST: usize = 8 * 1024;

/// How long a request may take, with its answer.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: String,
    path: String,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code with its reason phrase.
    pub status: &'static str,
    /// The media type.
    pub content: &'static str,
    /// Further header fields, each with its line end.
    pub fields: String,
    /// The content; none if it comes by and by, until the connection ends.
    pub body: Option<String>,
}

impl Request {
    /// Reads the head of a request; none if it is too long, cut off or not text.
    pub async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let left = LONGEST.checked_sub(head.len()).filter(|left| *left > 0)?;
            let read = stream.take(left as u64).read_buf(&mut head).await.ok()?;
            if read == 0 {
                return None;
            }
        }
        let head = String::from_utf8(head).ok()?;
        let mut words = head.lines().next().unwrap_or_default().split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.split('?').next().unwrap_or_default();
        Some(Self { method: method.to_owned(), path: path.to_owned() })
    }

    /// The path that is asked for, without a query; none if something else is wanted than to read.
    pub fn path(&self) -> Option<&str> {
        matches!(self.method.as_str(), "GET" | "HEAD").then_some(&self.path)
    }

    /// Answers. Whoever asked may be gone, which `false` says.
    pub async fn answer(&self, stream: &mut TcpStream, response: Response) -> bool {
        let Response { status, content, fields, body } = response;
        let length = body.as_ref().map(|body| format!("Content-Length: {}\r\n", body.len()));
        let length = length.unwrap_or_default();
        let mut text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content}\r\n{length}Cache-Control: no-store\r\n{fields}Connection: close\r\n\r\n"
        );
        if let Some(body) = body.as_ref().filter(|_| self.method != "HEAD") {
            text += body;
        }
        let sent = stream.write_all(text.as_bytes()).await.is_ok();
        if body.is_some() || self.method == "HEAD" {
            return stream.shutdown().await.is_ok() && sent;
        }
        sent
    }
}

impl Response {
    /// A text in the format of Prometheus, or in none.
    pub fn text(status: &'static str, body: impl Into<String>) -> Self {
        let content = "text/plain; version=0.0.4; charset=utf-8";
        Self { status, content, fields: String::new(), body: Some(body.into()) }
    }

    /// The answer to whoever wants something else than to read.
    pub fn not_allowed() -> Self {
        Self::text("405 Method Not Allowed", "only GET and HEAD are answered\n")
    }
}
