//! A survey as the results of a run, a conversation each, so that it can be reported like one.

use std::{collections::BTreeMap, time::Duration};

use mqttspec_spec::{Level, StatementId, Version, v3, v5};
use mqttspec_wire::{Sender, packet::PacketType};

use super::{Breach, Protocol, Shown, Summary, Survey};
use crate::verdict::{
    self, Evidence, EvidenceKind, Finding, Grade, Hex, RunReport, ScenarioResult, TargetReport,
};

/// The survey of the capture `name` as a run's report; `duration` is how long it took to read.
///
/// Conversations of versions that are not judged are left out. Of the statements, those are taken for judged whose
/// keeping was seen: that CONNECT and CONNACK come first.
pub fn outcome(survey: &Survey, name: &str, duration: Duration) -> RunReport {
    let results: Vec<ScenarioResult> = survey.conversations.iter().filter_map(result).collect();
    let mut versions: Vec<String> = results.iter().map(|result| result.version.number().to_owned()).collect();
    versions.sort_unstable();
    versions.dedup();
    RunReport {
        mqttspec: env!("CARGO_PKG_VERSION").to_owned(),
        target: Some(TargetReport {
            address: name.to_owned(),
            versions,
            missing: BTreeMap::new(),
            round_trip: Duration::ZERO,
        }),
        stopped: survey.cut.as_ref().map(ToString::to_string),
        duration,
        summary: verdict::Summary::of(&results),
        results,
    }
}

/// The grade of a breach: how strongly the standard binds.
pub const fn grade(breach: &Breach) -> Grade {
    match breach.violation.level {
        Level::Must | Level::MustNot => Grade::Fail,
        Level::Should => Grade::Warn,
        Level::May => Grade::Pass,
    }
}

/// The packets of a breach as evidence, with the frames as the names of who sent them.
pub fn evidence(summary: &Summary, breach: &Breach) -> Vec<Evidence> {
    breach.packets.iter().map(|shown| packet_evidence(summary.opened.at, shown)).collect()
}

/// A packet as evidence, with the time since `began`.
pub fn packet_evidence(began: Duration, shown: &Shown) -> Evidence {
    Evidence {
        at: shown.stamp.at.saturating_sub(began),
        client: format!("frame {}", shown.stamp.frame),
        connection: 1,
        kind: EvidenceKind::Packet {
            from: shown.sender,
            version: shown.version.unwrap_or(Version::V5_0),
            summary: shown.summary.clone(),
            fault: shown.fault.clone(),
            hex: Hex(shown.raw.clone()),
        },
    }
}

fn result(summary: &Summary) -> Option<ScenarioResult> {
    let version = match summary.protocol {
        Protocol::Known(version) | Protocol::Likely(version) => version,
        // Nobody knows which one it is, so that it is as open under this one as under the other.
        Protocol::Unknown => Version::V5_0,
        Protocol::Mqtt31 | Protocol::Level(_) => return None,
    };
    let mut evidence = Vec::new();
    let mut findings = Vec::new();
    for breach in &summary.breaches {
        evidence.extend(self::evidence(summary, breach));
        findings.push(finding(breach, evidence.len().saturating_sub(1)));
    }
    findings.extend(summary.blind.iter().map(|(blind, (stamp, bytes))| Finding {
        grade: Grade::Inconclusive,
        statements: Vec::new(),
        place: None,
        expected: "a conversation that was captured from its beginning to its end".to_owned(),
        observed: format!("frame {}: {}", stamp.frame, blind.describe(*bytes)),
        packets: Vec::new(),
        parts: Vec::new(),
    }));
    let broken: Vec<StatementId> = summary.breaches.iter().map(|breach| breach.violation.statement).collect();
    let mut statements = broken.clone();
    statements.extend(kept(summary, version));
    statements.sort_unstable();
    statements.dedup();
    Some(ScenarioResult {
        scenario: format!("conversation-{}", summary.number),
        title: summary.to_string(),
        version,
        variant: String::new(),
        grade: findings.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Pass),
        statements,
        broken,
        findings,
        duration: summary.latest.at.saturating_sub(summary.opened.at),
        evidence,
    })
}

fn finding(breach: &Breach, packet: usize) -> Finding {
    let violation = &breach.violation;
    let again = if breach.times > 1 { format!(", {} times in all", breach.times) } else { String::new() };
    let frame = breach.frames.first().copied().unwrap_or_default();
    Finding {
        grade: grade(breach),
        statements: vec![violation.statement],
        place: None,
        expected: violation.statement.statement().title.to_owned(),
        observed: format!("frame {frame}: {}, said by the {}{again}", violation.what, violation.party),
        packets: vec![packet],
        parts: violation.part.iter().map(|part| (*part).to_owned()).collect(),
    }
}

/// The statements that the conversation was seen to keep.
fn kept(summary: &Summary, version: Version) -> Vec<StatementId> {
    if summary.protocol != Protocol::Known(version) {
        return Vec::new();
    }
    let (connect, connack) = match version {
        Version::V3_1_1 => (v3!("3.1.0-1"), v3!("3.2.0-1")),
        Version::V5_0 => (v5!("3.1.0-1"), v5!("3.2.0-1")),
    };
    let mut kept = vec![connect];
    let is_answered = summary.count(Sender::Server, PacketType::Connack) > 0;
    let is_broken = summary.breaches.iter().any(|breach| breach.violation.statement == connack);
    if is_answered && !is_broken {
        kept.push(connack);
    }
    kept
}
