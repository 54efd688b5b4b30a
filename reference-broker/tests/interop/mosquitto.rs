//! `mosquitto_pub` and `mosquitto_sub`.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

use reference_broker::Config;
use rstest::rstest;

use crate::server::Server;

/// Whether the program is there.
fn is_installed(program: &str) -> bool {
    let found =
        Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// Starts `mosquitto_sub` and waits until it has subscribed.
fn subscribe(
    server: &Server,
    version: &str,
    arguments: &[&str],
) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut child = Command::new("stdbuf")
        .args([
            "-oL",
            "mosquitto_sub",
            "-d",
            "-h",
            "127.0.0.1",
            "-p",
            &server.port(),
            "-V",
            version,
            "-W",
            "20",
        ])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("Subscribed")));
    (child, lines.filter(|line| line.starts_with("message:")))
}

fn publish(server: &Server, version: &str, arguments: &[&str]) {
    let status = Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &server.port(), "-V", version])
        .args(arguments)
        .status()
        .unwrap();
    assert!(status.success());
}

#[rstest]
fn messages_arrive(
    #[values("311", "5")] version: &str,
    #[values("0", "1", "2")] qos: &str,
    #[values("311", "5")] publisher: &str,
) {
    if !is_installed("mosquitto_sub") || !is_installed("stdbuf") {
        return;
    }
    let server = Server::start(Config::default());
    let format = "message:%t %q %r %p";
    let (mut child, mut messages) =
        subscribe(&server, version, &["-t", "a/+", "-q", qos, "-C", "2", "-F", format]);
    publish(&server, publisher, &["-t", "a/b", "-q", qos, "-m", "hello"]);
    publish(&server, publisher, &["-t", "a/c", "-q", qos, "-m", "again", "-r"]);
    assert_eq!(messages.next().unwrap(), format!("message:a/b {qos} 0 hello"));
    assert_eq!(messages.next().unwrap(), format!("message:a/c {qos} 0 again"));
    drop(messages);
    child.wait().unwrap();
    let (mut child, mut messages) =
        subscribe(&server, version, &["-t", "#", "-q", qos, "-C", "1", "-F", format]);
    assert_eq!(messages.next().unwrap(), format!("message:a/c {qos} 1 again"));
    drop(messages);
    child.wait().unwrap();
}

#[rstest]
fn many_messages_keep_their_order(#[values("311", "5")] version: &str, #[values("1", "2")] qos: &str) {
    if !is_installed("mosquitto_sub") || !is_installed("stdbuf") {
        return;
    }
    let server = Server::start(Config::default());
    let (mut child, messages) =
        subscribe(&server, version, &["-t", "t", "-q", qos, "-C", "500", "-F", "message:%p"]);
    let mut publisher = Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &server.port(), "-V", version, "-t", "t", "-q", qos, "-l"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = publisher.stdin.take().unwrap();
    for number in 0..500 {
        writeln!(lines, "{number}").unwrap();
    }
    drop(lines);
    let expected: Vec<_> = (0..500).map(|number| format!("message:{number}")).collect();
    assert_eq!(messages.take(500).collect::<Vec<_>>(), expected);
    assert!(publisher.wait().unwrap().success() && child.wait().unwrap().success());
}

#[test]
fn a_will_is_published() {
    if !is_installed("mosquitto_sub") || !is_installed("stdbuf") {
        return;
    }
    let server = Server::start(Config::default());
    let (mut watcher, mut messages) = subscribe(&server, "5", &["-t", "will", "-C", "1", "-F", "message:%p"]);
    let will = ["-t", "x", "--will-topic", "will", "--will-payload", "gone", "-F", "message:%p"];
    let (mut mortal, rest) = subscribe(&server, "5", &will);
    mortal.kill().unwrap();
    mortal.wait().unwrap();
    drop(rest);
    assert_eq!(messages.next().unwrap(), "message:gone");
    drop(messages);
    watcher.wait().unwrap();
}
