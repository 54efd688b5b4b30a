//! Mosquitto behind each transport, where it is installed: it is judged alike.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mqttspec::{
    runner::plan::Selection,
    target::{Transport, Trust},
    verdict::Grade,
};

use super::{broker::Certificate, play, verdicts::verdicts};

struct Mosquitto {
    process: Child,
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<&'static str> {
    let starts = |program: &&str| {
        Command::new(program).arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    ["mosquitto", "/usr/sbin/mosquitto"].into_iter().find(starts)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port()
}

/// A listener for each transport, each with its address.
fn configuration(certificate: &Certificate) -> (String, Vec<(u16, String)>) {
    let mut text = "allow_anonymous true\nper_listener_settings false\n".to_owned();
    let mut addresses = Vec::new();
    for transport in Transport::ALL {
        let port = free_port();
        addresses.push((port, format!("{}://127.0.0.1:{port}", transport.scheme())));
        text.extend(["listener ", &port.to_string(), " 127.0.0.1\n"]);
        if transport.is_websocket() {
            text += "protocol websockets\n";
        }
        if transport.is_secure() {
            for (option, file) in [("certfile ", certificate.certificate()), ("keyfile ", certificate.key())]
            {
                text.extend([option, &file.display().to_string(), "\n"]);
            }
        }
    }
    (text, addresses)
}

/// Mosquitto with its addresses, unless it ends at once.
fn start(program: &str, certificate: &Certificate) -> Option<(Mosquitto, Vec<(u16, String)>)> {
    let (text, addresses) = configuration(certificate);
    let file = certificate.certificate().with_file_name("mosquitto.conf");
    fs::write(&file, text).unwrap();
    let mut command = Command::new(program);
    let process = command.arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut mosquitto = Mosquitto { process: process.unwrap() };
    let deadline = Instant::now() + Duration::from_secs(10);
    for (port, _) in &addresses {
        while TcpStream::connect(("127.0.0.1", *port)).is_err() {
            if mosquitto.process.try_wait().unwrap().is_some() || Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    // Somebody else may listen at a port that it did not get.
    mosquitto.process.try_wait().unwrap().is_none().then_some((mosquitto, addresses))
}

#[test]
fn mosquitto_is_judged_on_each_transport() {
    // Nothing can be said of a program that is not there.
    let Some(program) = program() else { return };
    let certificate = Certificate::for_host("127.0.0.1", true);
    // A port that was free may be taken by the time that it is used.
    let started = (0..5).find_map(|_| start(program, &certificate));
    let (_mosquitto, addresses) = started.expect("mosquitto listens");
    let trust = Trust::certificates(&certificate.certificate()).unwrap();
    let judge = |address: &str, drip| {
        let only = ["retained-replaced", "session-present", "topic-alias"].map(str::to_owned).to_vec();
        let report = play(address, Selection { only, ..Selection::default() }, trust.clone(), drip);
        assert_eq!(report.stopped, None, "{address}");
        verdicts(&report.results)
    };
    let mut ways = addresses.iter().flat_map(|(_, address)| [(address, false), (address, true)]);
    let first = ways.next().map(|(address, drip)| judge(address, drip)).unwrap();
    assert!(first.values().any(|(grade, _)| *grade == Grade::Pass), "{first:#?}");
    for (address, drip) in ways {
        let mut differing = judge(address, drip);
        differing.retain(|run, verdict| first.get(run) != Some(verdict));
        assert!(differing.is_empty(), "{address}, drip {drip}: {differing:#?}");
    }
}
