//! Fleets as their users meet them.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{broker::Broker, outcome};

/// A plan for real time.
const SMALL: &str = "\
title: Small
groups:
  publisher:
    count: 5
    session: {expiry: 1h}
    keep-alive: 1s
    publish: [{topic: 'a/{n}', qos: {0: 1, 1: 1, 2: 1}, every: 100ms..300ms}]
    link: {latency: 1ms..20ms, cut: 1s..3s}
  subscriber:
    count: 2
    session: {expiry: 1h}
    keep-alive: 1s
    subscribe: [{filter: 'a/#', qos: 2}]
    link: {latency: 1ms..20ms, cut: 1s..3s}
phases: [{ramp: 500ms}, {steady: 3s}]
";

/// A file of this test alone, which ends with it.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("mqttspec-fleet-{}-{name}", std::process::id())))
    }

    fn path(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// The first result of a report with this variant.
fn result_of<'r>(report: &'r Value, variant: &str) -> Option<&'r Value> {
    report["results"].as_array()?.iter().find(|result| result["variant"] == variant)
}

#[test]
fn what_a_mutant_breaks_becomes_a_scenario() {
    // A thousand devices, of which two are enough.
    let file = Temporary::new("history.yaml");
    let rule = "messages-kept-for-absent";
    let json = Temporary::new("report.json");
    let run =
        ["fleet", "thundering-herd", "--break", rule, "--scenario", &file.path(), "--json", &json.path()];
    let (status, stdout, stderr) = outcome(&run);
    assert_eq!(status, Some(1), "{stdout}{stderr}");
    // Lines are broken where the page ends.
    let stdout = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(stdout.contains("4.5.0-1"), "{stdout}");
    assert!(stdout.contains("it fails on this broker"), "{stdout}");
    let clients = ["2 clients", "3 clients", "4 clients"];
    assert!(clients.iter().any(|clients| stdout.contains(clients)), "{stdout}");
    let report: Value = serde_json::from_str(&fs::read_to_string(&json.0).unwrap()).unwrap();
    let result = result_of(&report, "broken").unwrap();
    assert_eq!((&result["scenario"], &result["grade"]), (&"fleet/delivered".into(), &"fail".into()));
    assert_eq!(result["broken"][0], "v3.1.1:4.5.0-1");
    let observed = result["findings"][0]["observed"].as_str().unwrap();
    assert!(observed.starts_with("broken at ") && observed.contains(" s "), "{observed}");
    assert_eq!(report["scenarios"]["fleet/delivered"], fs::read_to_string(&file.0).unwrap());
    // The small history is drawn.
    let evidence = result["evidence"].as_array().unwrap();
    assert!(
        evidence
            .iter()
            .any(|event| event["summary"].as_str().is_some_and(|text| text.starts_with("PUBLISH")))
    );
    let (status, rendered, _) = outcome(&["report", "render", &json.path(), "--report", "md=-"]);
    assert_eq!(status, Some(0), "{rendered}");
    assert!(rendered.contains("not conforming: 1 statement broken: v3.1.1:4.5.0-1"), "{rendered}");
    assert!(result_of(&report, "kept").is_none(), "nobody knows for which versions all came");
    let (status, stdout, _) = outcome(&["run", "--scenarios", &file.path()]);
    assert_eq!(status, Some(0), "{stdout}");
    let broker = Broker::start(&["--break", rule]).unwrap();
    let (status, stdout, _) = outcome(&["run", &broker.url(), "--scenarios", &file.path()]);
    assert_eq!(status, Some(1), "{stdout}");
}

/// How many messages the operators of a phase published.
fn published(phase: &Value) -> u64 {
    let operators =
        phase["groups"].as_array().into_iter().flatten().filter(|group| group["name"] == "operator");
    operators.filter_map(|group| group["published"].as_u64()).sum()
}

#[test]
fn what_was_kept_is_reported() {
    let (status, stdout, stderr) = outcome(&["fleet", "fan-out", "--json", "-"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stderr.contains("\nconforming: "), "{stderr}");
    assert_eq!(report["summary"]["fail"], 0);
    let kept = result_of(&report, "kept").unwrap();
    assert_eq!((&kept["scenario"], &kept["grade"]), (&"fleet/delivered".into(), &"pass".into()));
    let fleet = &report["fleet"];
    let phases: Vec<_> =
        fleet["phases"].as_array().unwrap().iter().map(|phase| phase["name"].clone()).collect();
    assert_eq!(phases, ["ramp", "steady", "calm"]);
    let operator =
        fleet["groups"].as_array().unwrap().iter().find(|group| group["name"] == "operator").unwrap();
    assert!(operator["latency"]["p99_99"].as_u64() >= operator["latency"]["p50"].as_u64(), "{operator}");
    let in_phases: u64 = fleet["phases"].as_array().unwrap().iter().map(published).sum();
    assert_eq!(operator["published"], in_phases);
    let again = outcome(&["fleet", "fan-out", "--list", "--json", "-"]);
    assert_eq!(again.0, Some(2), "a list is no verdict");
}

#[test]
fn the_swarm_finds_a_mutant() {
    let (status, stdout, _) =
        outcome(&["fleet", "--explore", "20", "--break", "session-outlives-connection"]);
    assert_eq!(status, Some(0), "{stdout}");
    assert!(stdout.contains("session-outlives-connection") && stdout.contains("seed "), "{stdout}");
}

#[test]
fn nobody_is_judged_who_is_not_there() {
    let (status, stdout, stderr) = outcome(&["fleet", "wills", "--target", "mqtt://127.0.0.1:1"]);
    assert_eq!((status, stdout.as_str()), (Some(3), ""));
    assert!(stderr.starts_with("undecided: cannot reach mqtt://127.0.0.1:1: "), "{stderr}");
    assert!(stderr.contains("Is it running"), "{stderr}");
}

#[test]
fn a_library_is_not_played_in_virtual_time() {
    let (status, stdout, stderr) = outcome(&["fleet", "libraries"]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("name it with --target, or launch one with --launch"), "{stderr}");
}

#[test]
fn a_fleet_plays_over_sockets() {
    let plan = Temporary::new("plan.yaml");
    fs::write(&plan.0, SMALL).unwrap();
    let against = |broker: &Broker| outcome(&["fleet", &plan.path(), "--target", &broker.url()]);
    let right = Broker::start(&[]).unwrap();
    let wrong = Broker::start(&["--break", "messages-kept-for-absent"]).unwrap();
    // Nearly all of it is waiting for the calm to pass.
    let (right, wrong) = thread::scope(|scope| {
        let right = scope.spawn(|| against(&right));
        let wrong = against(&wrong);
        (right.join(), wrong)
    });
    let (status, stdout, stderr) = right.unwrap();
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("\nconforming: "), "{stdout}");
    assert_eq!(wrong.0, Some(1), "{}", wrong.1);
}

/// What is answered at this address; of what does not end, the first event.
fn ask(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\n\r\n")?;
    if path == "/events" {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        return lines.find(|line| line.starts_with("data: ")).ok_or(io::ErrorKind::UnexpectedEof.into());
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(unix)]
#[test]
fn a_fleet_shows_itself_and_ends_when_it_is_asked_to() {
    let plan = Temporary::new("live.yaml");
    fs::write(&plan.0, SMALL).unwrap();
    let broker = Broker::start(&[]).unwrap();
    let mut fleet = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
        .args(["fleet", &plan.path(), "--target", &broker.url(), "--live", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    BufReader::new(fleet.stderr.take().unwrap()).read_line(&mut told).unwrap();
    let address = told.split_once("http://").and_then(|(_, rest)| rest.split_once('/')).unwrap().0;
    let started = Instant::now();
    while !ask(address, "/metrics").unwrap().contains("\nmqttspec_fleet_devices_connected 7\n") {
        assert!(started.elapsed() < Duration::from_secs(20), "they never connect all");
    }
    let page = ask(address, "/").unwrap();
    assert!(page.contains("Content-Security-Policy: default-src 'none'"), "{page}");
    let event: Value =
        serde_json::from_str(ask(address, "/events").unwrap().trim_start_matches("data: ")).unwrap();
    assert_eq!((&event["title"], &event["last"]["devices"]), (&"Small".into(), &7.into()));
    assert!(ask(address, "/else").unwrap().starts_with("HTTP/1.1 404 "));
    let asked = Instant::now();
    assert!(Command::new("kill").args(["-INT", &fleet.id().to_string()]).status().unwrap().success());
    let output = fleet.wait_with_output().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!(output.status.code(), Some(3));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("publisher       5 connects"), "{stdout}");
    assert!(stdout.contains("The run is over early: it was interrupted."), "{stdout}");
}

#[cfg(unix)]
#[test]
fn a_share_that_waits_for_its_time_ends_when_it_is_asked_to() {
    let (plan, history) = (Temporary::new("waits.yaml"), Temporary::new("waits.history"));
    fs::write(&plan.0, SMALL).unwrap();
    let broker = Broker::start(&[]).unwrap();
    let never = u32::MAX.to_string();
    let share = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
        .args(["fleet", &plan.path(), "--target", &broker.url(), "--shard", "1/2"])
        .args(["--history", &history.path(), "--start-at", &never])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    // The file is made just before it begins to wait.
    while !history.0.exists() {
        assert!(started.elapsed() < Duration::from_secs(20), "it does not begin");
    }
    let asked = Instant::now();
    assert!(Command::new("kill").args(["-INT", &share.id().to_string()]).status().unwrap().success());
    assert_eq!(share.wait_with_output().unwrap().status.code(), Some(3));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

/// Plays all shares of the small fleet against a broker, each by a process of its own, and judges them together.
fn in_shares(broker: &Broker, name: &str) -> (Option<i32>, String) {
    let plan = Temporary::new(&format!("{name}.yaml"));
    fs::write(&plan.0, SMALL).unwrap();
    let histories: Vec<Temporary> =
        (1..=4).map(|shard| Temporary::new(&format!("{name}-{shard}.history"))).collect();
    std::thread::scope(|scope| {
        for (number, history) in (1..).zip(&histories) {
            let (plan, history, shard) = (plan.path(), history.path(), format!("{number}/4"));
            let url = broker.url();
            scope.spawn(move || {
                let run = ["fleet", &plan, "--target", &url, "--shard", &shard, "--history", &history];
                let (status, stdout, stderr) = outcome(&run);
                assert!(matches!(status, Some(0 | 1)), "{status:?} {stdout}{stderr}");
            });
        }
    });
    let files: Vec<String> = histories.iter().map(Temporary::path).collect();
    let mut merge = vec!["report", "merge"];
    merge.extend(files.iter().map(String::as_str));
    let (status, stdout, stderr) = outcome(&merge);
    let (without_one, _, refused) = outcome(merge.get(..5).unwrap());
    assert_eq!(without_one, Some(2), "{refused}");
    assert!(refused.contains("there are 0 of share 4"), "{refused}");
    (status, stdout + &stderr)
}

#[test]
fn shares_are_judged_like_the_whole() {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (status, told) = in_shares(&Broker::start(&[]).unwrap(), "right");
            assert_eq!(status, Some(0), "{told}");
            assert!(told.contains("\nconforming: "), "{told}");
        });
        scope.spawn(|| {
            let wrong = Broker::start(&["--break", "messages-kept-for-absent"]).unwrap();
            let (status, told) = in_shares(&wrong, "wrong");
            assert_eq!(status, Some(1), "{told}");
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_a_share() {
    let broker = Broker::start(&[]).unwrap();
    let plan = Temporary::new("full.yaml");
    fs::write(&plan.0, SMALL).unwrap();
    let run = ["fleet", &plan.path(), "--target", &broker.url(), "--shard", "1/1", "--history", "/dev/full"];
    let (status, _, stderr) = outcome(&run);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("cannot write the history to /dev/full: No space left"), "{stderr}");
}
