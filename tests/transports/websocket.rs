//! The scenarios about WebSocket can fail: a relay between them and the reference broker breaks what they judge.

use std::{
    collections::BTreeSet,
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use mqttspec::{
    runner::plan::Selection,
    stage::JUDGED_OVER_WEBSOCKET,
    target::{Transport, Trust},
    verdict::{Grade, RunReport},
};
use mqttspec_spec::StatementId;
use rstest::rstest;
use tokio_tungstenite::tungstenite::{
    Error, Message, accept_hdr,
    handshake::server::{Request, Response},
    http::HeaderValue,
};

use super::{
    broker::{Broker, Certificate},
    play, scenarios,
};

/// What a relay makes of a frame: the bytes that it passes on, if it does not close.
type Treatment = fn(Message) -> Option<Vec<u8>>;

/// As the standard wants it.
fn right(frame: Message) -> Option<Vec<u8>> {
    match frame {
        Message::Binary(bytes) => Some(bytes.to_vec()),
        Message::Ping(_) | Message::Pong(_) => Some(Vec::new()),
        Message::Text(_) | Message::Close(_) | Message::Frame(_) => None,
    }
}

/// Does not look at the kind of a frame.
fn takes_text(frame: Message) -> Option<Vec<u8>> {
    if let Message::Text(text) = &frame { Some(text.as_bytes().to_vec()) } else { right(frame) }
}

/// Takes a frame for a packet: what is behind its end is lost, and so is a part of one.
fn aligned(frame: Message) -> Option<Vec<u8>> {
    let mut bytes = right(frame)?;
    // No packet of these scenarios has more than 127 bytes behind its Remaining Length.
    let whole = bytes.get(1).map_or(usize::MAX, |length| 2 + usize::from(*length));
    bytes.truncate(if bytes.len() < whole { 0 } else { whole });
    Some(bytes)
}

/// The address of a relay to a broker on plain TCP.
fn relay(broker: &Broker, treat: Treatment) -> String {
    let broker = broker.url.trim_start_matches("mqtt://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let far = TcpStream::connect(&broker).unwrap();
            thread::spawn(move || pass_on(stream, far, treat));
        }
    });
    address
}

#[expect(clippy::result_large_err, reason = "the library's callback has this type")]
fn pass_on(near: TcpStream, mut far: TcpStream, treat: Treatment) {
    let choose = |_: &Request, mut response: Response| {
        response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr(near, choose) else { return };
    let turn = Some(Duration::from_millis(1));
    socket.get_mut().set_read_timeout(turn).unwrap();
    far.set_read_timeout(turn).unwrap();
    let is_turn_over = |kind| matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut);
    let mut buffer = [0; 4096];
    loop {
        match socket.read() {
            Ok(frame) => match treat(frame) {
                Some(bytes) if far.write_all(&bytes).is_ok() => {}
                Some(_) | None => return,
            },
            Err(Error::Io(error)) if is_turn_over(error.kind()) => {}
            Err(_) => return,
        }
        match far.read(&mut buffer) {
            Ok(count) if count > 0 => {
                let bytes = buffer.iter().copied().take(count).collect::<Vec<u8>>();
                if socket.send(Message::binary(bytes)).is_err() {
                    return;
                }
            }
            Err(error) if is_turn_over(error.kind()) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// Plays the scenarios about WebSocket through a relay to the reference broker.
fn played_through(treat: Treatment) -> RunReport {
    let broker = Broker::start(Transport::Tcp, &Certificate::for_host("127.0.0.1", false), false);
    let selection = Selection { only: vec!["6-websocket".to_owned()], ..Selection::default() };
    play(&relay(&broker, treat), selection, Trust::default(), false)
}

/// The scenarios about WebSocket whose main statement this is.
fn about(label: &str) -> BTreeSet<String> {
    let wanted = |id: &StatementId| id.statement().label == label;
    let of_label = scenarios().into_iter().filter(|it| it.over_websocket && it.covers.v5.iter().any(wanted));
    of_label.map(|scenario| scenario.id.clone()).collect()
}

#[rstest]
#[case::takes_text(takes_text, "6.0.0-1")]
#[case::aligned(aligned, "6.0.0-2")]
fn a_relay_that_breaks_a_statement_fails_what_is_about_it(#[case] treat: Treatment, #[case] label: &str) {
    let report = played_through(treat);
    let failed = report.results.iter().filter(|result| result.grade == Grade::Fail);
    let failed: BTreeSet<String> = failed.map(|result| result.scenario.clone()).collect();
    assert_eq!(failed, about(label));
    for result in report.results.iter().filter(|result| result.grade == Grade::Fail) {
        let broken: Vec<&str> = result.broken.iter().map(|id| id.statement().label).collect();
        assert_eq!(broken, [label], "{}", result.scenario);
    }
}

#[test]
fn a_relay_that_breaks_nothing_fails_nothing() {
    let report = played_through(right);
    assert_eq!(report.stopped, None);
    assert!(report.results.iter().all(|result| result.grade == Grade::Pass), "{:?}", report.summary);
}

/// The others are the cases of `the_rules_of_websocket_are_judged`.
#[test]
fn all_that_is_judged_over_websocket_has_somebody_who_breaks_it() {
    let broken_here: BTreeSet<String> = ["6.0.0-1", "6.0.0-2"].into_iter().flat_map(about).collect();
    let all: BTreeSet<String> =
        scenarios().into_iter().filter(|it| it.over_websocket).map(|it| it.id.clone()).collect();
    assert_eq!(broken_here, all);
    let by_the_player: BTreeSet<&str> = JUDGED_OVER_WEBSOCKET.iter().map(|id| id.statement().label).collect();
    assert_eq!(by_the_player, BTreeSet::from(["6.0.0-1", "6.0.0-4"]));
}
