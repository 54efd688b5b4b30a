//! Runs made by hand.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mqttspec::{
    report::{
        Broker, Date, Provenance, Report,
        fleet::{Group, Measured, Misdeed, Percentiles, Phase, Point},
    },
    verdict::{
        Evidence, EvidenceKind, Finding, Grade, Hex, Place, RunReport, ScenarioResult, Summary, TargetReport,
    },
};
use mqttspec_spec::{StatementId, Version, v3, v5};
use mqttspec_wire::Sender;

fn run(results: Vec<ScenarioResult>) -> RunReport {
    RunReport {
        mqttspec: "0.1.0".into(),
        target: Some(TargetReport {
            address: "mqtt://127.0.0.1:1883".into(),
            versions: vec!["3.1.1".into(), "5.0".into()],
            missing: BTreeMap::from([(
                "shared".into(),
                "CONNACK says Shared Subscription Available = 0".into(),
            )]),
            round_trip: Duration::from_micros(210),
        }),
        stopped: None,
        duration: Duration::from_millis(12_440),
        summary: Summary::of(&results),
        results,
    }
}

/// A run with its provenance.
pub(crate) fn report(run: RunReport) -> Report {
    let ids = Version::ALL.into_iter().flat_map(Version::statements);
    let judge = |id| if id == v5!("1.5.4-3") { "by the referee" } else { "by scenarios" };
    let text = "title: A newer retained message replaces the stored one\n# <script>alert(1)</script>\n";
    let sources = run.results.iter().map(|result| (result.scenario.clone(), text.to_owned()));
    Report {
        provenance: Provenance {
            date: Some(Date::from_unix(1_793_889_600)),
            broker: Some(Broker::parse("examplemq 1.2")),
            profile: None,
            command: ["mqttspec", "run", "mqtt://127.0.0.1:1883"].map(str::to_owned).to_vec(),
            repeated: vec![],
            strict: false,
        },
        known: BTreeMap::new(),
        fleet: None,
        scenarios: sources.collect(),
        judges: ids.map(|id| (id, judge(id).to_owned())).collect(),
        run,
    }
}

/// What is measured of a fleet.
pub(crate) fn measured() -> Measured {
    let times =
        Percentiles { count: 40, p50: 900, p90: 1200, p99: 3000, p99_9: 3100, p99_99: 3100, most: 3100 };
    let group = Group {
        name: "sensor".into(),
        connects: 12,
        losses: 2,
        published: 20,
        repeated: 1,
        acknowledged: 19,
        delivered: 40,
        bytes_sent: 1500,
        bytes_received: 2100,
        bytes_of_payload: 1200,
        latency: Some(times),
        reconnect: Some(times),
    };
    let point = Point { online: 10, connects: 12, published: 20, delivered: 40, slowest: 3100 };
    let phase = Phase { name: "steady".into(), began: 0, ended: 60_000_000, groups: vec![group.clone()] };
    let misdeed = Misdeed {
        group: "gateway".into(),
        statement: "v5.0:3.3.1-1".into(),
        what: "sent a message again without DUP".into(),
        times: 3,
        first: 1_500_000,
    };
    Measured {
        groups: vec![group],
        phases: vec![phase],
        interval: 1_000_000,
        series: vec![point],
        misdeeds: vec![misdeed],
    }
}

pub(crate) fn every_grade() -> RunReport {
    let mut results: Vec<ScenarioResult> = Grade::ALL.into_iter().map(result).collect();
    results.extend((0..9).map(|count| ScenarioResult { variant: format!("qos={count}"), ..passed() }));
    results.push(ScenarioResult {
        scenario: "v3.1.1/4.8-handling-errors/bad-flags-close".into(),
        version: Version::V3_1_1,
        statements: vec![v3!("4.8.0-1")],
        ..passed()
    });
    run(results)
}

pub(crate) fn conforming() -> RunReport {
    run(vec![passed()])
}

pub(crate) fn only(grade: Grade) -> RunReport {
    run(vec![result(grade)])
}

pub(crate) fn stopped() -> RunReport {
    let mut report = run(vec![passed(), result(Grade::Fail)]);
    report.stopped = Some("interrupted".into());
    report
}

pub(crate) fn unreachable() -> RunReport {
    let mut report = run(vec![]);
    report.target = None;
    report.stopped = Some("mqtt://127.0.0.1:1 refused the network connection".into());
    report
}

/// A broker that answers nothing: the probe says so, and every run for itself.
pub(crate) fn many_alike() -> RunReport {
    let mut results: Vec<ScenarioResult> = (0..400)
        .map(|count| ScenarioResult { variant: format!("qos={count}"), ..result(Grade::Inconclusive) })
        .collect();
    results.push(ScenarioResult {
        scenario: "sanity".into(),
        statements: vec![],
        ..result(Grade::Inconclusive)
    });
    if let Some(probe) = results.last_mut().and_then(|result| result.findings.first_mut()) {
        probe.expected = "CONNACK".into();
    }
    run(results)
}

/// A broker that tries to be something else on the reader's screen.
pub(crate) fn hostile() -> RunReport {
    const TRICK: &str = "\u{1b}[2J\u{1b}[1;1H\nconforming: all is well\r\u{9b}31m\u{202e}lla\u{7}\0\u{200b}";
    let mut result = result(Grade::Fail);
    for finding in &mut result.findings {
        finding.observed = TRICK.to_owned() + &"x".repeat(100_000) + TRICK;
        finding.packets = (0..2000).collect();
    }
    for _ in 0..20 {
        result.findings.extend_from_within(..1);
    }
    result.evidence = (0..2000u64)
        .map(|count| {
            let bytes = Bytes::from(vec![0x1b; if count < 3 { 60_000 } else { 60 }]);
            packet(count, Sender::Server, &format!("PUBLISH {TRICK}"), (Some(TRICK), bytes))
        })
        .collect();
    run(vec![result])
}

/// A network connection that could not be opened.
pub(crate) fn refused() -> Evidence {
    let kind = EvidenceKind::Refused { why: "nobody listens".into() };
    Evidence { at: Duration::ZERO, client: "publisher".into(), connection: 3, kind }
}

/// A question and its answer.
pub(crate) fn ping() -> [Evidence; 2] {
    [(0, Sender::Client, b"\xc0\0"), (5000, Sender::Server, b"\xd0\0")]
        .map(|(at, from, bytes)| packet(at, from, "PINGREQ or PINGRESP", (None, Bytes::from_static(bytes))))
}

fn passed() -> ScenarioResult {
    ScenarioResult {
        scenario: "common/3.3-publish/retained-kept".into(),
        title: "A retained message is kept for later subscribers".into(),
        version: Version::V5_0,
        variant: String::new(),
        grade: Grade::Pass,
        statements: vec![v5!("3.3.1-5"), v5!("3.3.1-6")],
        broken: vec![],
        findings: vec![],
        duration: Duration::from_millis(3),
        evidence: exchange(),
    }
}

fn result(grade: Grade) -> ScenarioResult {
    let (scenario, title, main) = match grade {
        Grade::Pass => return passed(),
        Grade::Fail => (
            "common/3.3-publish/retained-replaced",
            "A newer retained message replaces the stored one",
            v5!("3.3.1-5"),
        ),
        Grade::Warn => (
            "v5.0/4.13-errors/reason-code-before-closing",
            "A server says why it closes the network connection",
            v5!("4.13.1-1"),
        ),
        Grade::Skip => (
            "v5.0/4.8-subscriptions/shared-load",
            "A shared subscription delivers each message once",
            v5!("4.8.2-1"),
        ),
        Grade::Inconclusive => {
            ("v5.0/3.1-connect/will-delay", "A delayed will waits for its delay", v5!("3.1.3-9"))
        }
        Grade::Error => {
            ("v5.0/3.14-disconnect/no-error-from-client", "A server closes after DISCONNECT", v5!("3.14.4-3"))
        }
    };
    let findings = findings(grade, main);
    ScenarioResult {
        scenario: scenario.into(),
        title: title.into(),
        grade,
        variant: if grade == Grade::Fail { "qos=1 retain=true".into() } else { String::new() },
        statements: vec![main],
        broken: findings.iter().flat_map(|finding| finding.statements.clone()).collect(),
        findings,
        ..passed()
    }
}

fn findings(grade: Grade, main: StatementId) -> Vec<Finding> {
    let finding = |statements: &[StatementId], expected: &str, observed: &str, packets: &[usize]| Finding {
        grade,
        statements: statements.to_vec(),
        place: None,
        expected: expected.into(),
        observed: observed.into(),
        packets: packets.to_vec(),
        parts: Vec::new(),
    };
    match grade {
        Grade::Pass => vec![],
        Grade::Fail => vec![
            Finding {
                parts: vec!["payload".into()],
                place: Some(Place {
                    path: "scenarios/common/3.3-publish/retained-replaced.yaml".into(),
                    line: 14,
                    text: "- subscriber: {expect: {publish: {topic: $topic/t, payload: new, retain: true}}, else: \
                           fail 3.3.1-5}"
                        .into(),
                }),
                ..finding(
                    &[main],
                    r#"PUBLISH with topic = "mqttspec/7f/t", payload = "new", retain = true"#,
                    r#"PUBLISH with payload = "old""#,
                    &[5],
                )
            },
            Finding {
                parts: vec!["packet-id".into()],
                ..finding(
                    &[v5!("2.2.1-4")],
                    "an identifier that is not in use",
                    "a second PUBLISH with identifier 1",
                    &[6],
                )
            },
        ],
        Grade::Warn => vec![finding(
            &[main],
            "DISCONNECT with reason 0x82 (Protocol error) or 0x81 (Malformed Packet), then a close",
            "the network connection was closed without DISCONNECT",
            &[7],
        )],
        Grade::Skip => vec![finding(&[], "shared", "CONNACK says Shared Subscription Available = 0", &[])],
        Grade::Inconclusive => vec![finding(
            &[],
            "CONNACK with reason 0x00 (Success)",
            "nothing within 2 s",
            &[],
        )],
        Grade::Error => vec![finding(&[], "a network connection", "too many open files", &[])],
    }
}

fn exchange() -> Vec<Evidence> {
    let event = |at, kind| Evidence {
        at: Duration::from_micros(at),
        client: "publisher".into(),
        connection: 1,
        kind,
    };
    let bytes = |bytes: &'static [u8]| (None, Bytes::from_static(bytes));
    let mut events = vec![
        event(0, EvidenceKind::Opened),
        packet(
            120,
            Sender::Client,
            "CONNECT client id \"mqttspec-7f-publisher\", clean start, keep alive 60 s, a rather long summary indeed",
            bytes(&[0x10]),
        ),
        packet(480, Sender::Server, "CONNACK 0x00 Success", bytes(b"\x20\x03\0\0\0")),
        packet(700, Sender::Client, "PUBLISH QoS 1, retain, id 1, topic \"mqttspec/7f/t\"", bytes(&[0x33])),
        packet(900, Sender::Server, "PUBACK id 1", bytes(b"\x40\x02\0\x01")),
        packet(
            1900,
            Sender::Server,
            "PUBLISH QoS 1, retain, id 1, topic \"mqttspec/7f/t\", 3 bytes \"old\"",
            bytes(b"\x33\x15\0\x0dmqttspec/7f/t\0\x01\0old"),
        ),
        packet(
            2100,
            Sender::Server,
            "PUBLISH QoS 1, retain, id 1, topic \"mqttspec/7f/t\", 3 bytes \"old\"",
            bytes(b"\x33\x15\0\x0dmqttspec/7f/t\0\x01\0old"),
        ),
        event(1_002_500, EvidenceKind::Closed { by: Sender::Server, how: "closed".into() }),
    ];
    for subscriber in events.iter_mut().skip(5) {
        subscriber.client = "subscriber".into();
        subscriber.connection = 2;
    }
    events
}

fn packet(at: u64, from: Sender, summary: &str, (fault, bytes): (Option<&str>, Bytes)) -> Evidence {
    let kind = EvidenceKind::Packet {
        from,
        version: Version::V5_0,
        summary: summary.into(),
        fault: fault.map(Into::into),
        hex: Hex(bytes),
    };
    Evidence { at: Duration::from_micros(at), client: "publisher".into(), connection: 1, kind }
}
