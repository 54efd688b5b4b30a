//! Verdicts: `else: fail 3.3.1-5 3.3.1-6`, and the grade of an outcome.

use mqttspec_spec::{StatementId, Version};

use super::{Lower, Mistake, keys, version_named, versions::Versions};
use crate::{
    scenario::{
        ast::{Judgement, Otherwise, Span},
        diagnostic::Code,
        node::Node,
        suggest,
    },
    verdict::Grade,
};

/// The grades that `else` can give.
const GRADES: [&str; 3] = ["fail", "warn", "inconclusive"];

impl Lower {
    /// What `else` or `missing` says: one verdict, or one for each version.
    pub(super) fn otherwise(&mut self, key: &str, node: &Node) -> Option<Otherwise> {
        let Some(entries) = node.entries() else {
            let (grade, rest) = self.grade(node)?;
            return self.judge(node, grade, rest);
        };
        let mut judged = Versions::default();
        let mut found = Vec::new();
        for entry in entries {
            let Some(version) = version_named(&entry.key) else {
                self.add(keys::unknown_key(&format!("`{key}`"), entry, ["v3.1.1", "v5.0"]));
                continue;
            };
            judged = judged.with(version);
            if self.check_version_key(version, &entry.key_span).is_none() {
                continue;
            }
            let judgement = self.under(Some(version), |lower| {
                let (grade, rest) = lower.grade(&entry.value)?;
                lower.judge(&entry.value, grade, rest)
            });
            found.extend(judgement.map(|both| (version, both.of(version).clone())));
        }
        let missing = self.versions.without(judged);
        if !missing.is_empty() {
            let message = format!("`{key}` says nothing about {missing}");
            let label = "a verdict for each version is needed";
            return self.refuse(Mistake::new(Code::Missing, &node.span, message, label));
        }
        let pick =
            |wanted| found.iter().find(|(version, _)| *version == wanted).map(|(_, judged)| judged.clone());
        Some(Otherwise {
            v3: pick(Version::V3_1_1).unwrap_or_else(|| nothing(Grade::Inconclusive)),
            v5: pick(Version::V5_0).unwrap_or_else(|| nothing(Grade::Inconclusive)),
        })
    }

    /// The grade with which a verdict begins, and where the rest of its text begins.
    fn grade(&mut self, node: &Node) -> Option<(Grade, usize)> {
        let wanted = "a verdict such as `fail 3.3.1-5`";
        let text = self.scalar(node, wanted)?.text.as_str();
        let word = text.split_whitespace().next().unwrap_or_default();
        let grade = Grade::parse(word).filter(|grade| GRADES.contains(&grade.name()));
        let Some(grade) = grade else {
            let message = format!("`{word}` is no grade");
            let span = node.part(0..word.len());
            return self.refuse(keys::unknown(&span, message, word, GRADES));
        };
        Some((grade, word.len()))
    }

    /// The verdict for each version that counts: `grade` on the statements that stand in the text from `start`,
    /// or on the main statement; what follows them is said about it.
    pub(super) fn judge(&mut self, node: &Node, grade: Grade, start: usize) -> Option<Otherwise> {
        let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
        let mut labels: Vec<(&str, Span)> = Vec::new();
        let mut at = start;
        let says = loop {
            let rest = text.get(at..).unwrap_or_default();
            let word_start = at + rest.len() - rest.trim_start().len();
            let word = rest.split_whitespace().next().unwrap_or_default();
            if !is_label(word) {
                let trimmed = word.trim_end_matches([',', ';', ':']);
                if is_label(trimmed) {
                    let span = node.part(word_start + trimmed.len()..word_start + word.len());
                    let message = "statements are separated by spaces alone";
                    return self.refuse(Mistake::new(Code::WrongValue, &span, message, "leave this out"));
                }
                break rest.trim();
            }
            at = word_start + word.len();
            labels.push((word, node.part(word_start..at)));
        };
        if grade == Grade::Inconclusive
            && let Some((label, span)) = labels.first()
        {
            let message = format!("`inconclusive` accuses of nothing, so `{label}` has no place here");
            return self.refuse(Mistake::new(Code::WrongValue, span, message, "leave it out"));
        }
        let mut judged = Otherwise { v3: nothing(grade), v5: nothing(grade) };
        let mut sound = true;
        for version in self.versions.iter() {
            let mut statements = Vec::new();
            for (label, span) in &labels {
                match self.judged_statement(version, label, span) {
                    Some(statement) => statements.push(statement),
                    None => sound = false,
                }
            }
            if labels.is_empty() {
                statements.extend(self.covers.of(version).first());
            }
            let says = (!says.is_empty()).then(|| says.to_owned());
            let judgement = Judgement { grade, statements, says };
            match version {
                Version::V3_1_1 => judged.v3 = judgement,
                Version::V5_0 => judged.v5 = judgement,
            }
        }
        sound.then_some(judged)
    }

    /// The statement with this label, which must be among those that the scenario covers.
    fn judged_statement(&mut self, version: Version, label: &str, span: &Span) -> Option<StatementId> {
        let Some(statement) = StatementId::lookup(version, label) else {
            let known_elsewhere =
                self.versions.iter().any(|version| StatementId::lookup(version, label).is_some());
            if known_elsewhere {
                let message = format!("MQTT {} has no statement `{label}`", version.number());
                let mistake = Mistake::new(
                    Code::WrongVersion,
                    span,
                    message,
                    "this step is played under both versions",
                );
                let help = "name the statement of each version: `else: {v3.1.1: fail ..., v5.0: fail ...}`";
                return self.refuse(mistake.help(help));
            }
            return self.refuse(unknown_statement(version, label, span));
        };
        if self.covers.of(version).contains(&statement) {
            return Some(statement);
        }
        let covered: Vec<&str> = self.covers.of(version).iter().map(|id| id.statement().label).collect();
        if covered.is_empty() {
            return None;
        }
        let message = format!("the scenario does not cover `{label}` of MQTT {}", version.number());
        let label = format!("{} can stand here", suggest::one_of(covered));
        let mut mistake = Mistake::new(Code::UnknownName, span, message, label);
        if let Some((_, span)) = self.covers_spans.iter().find(|(covered, _)| *covered == version) {
            mistake = mistake.also(span, "or list it here");
        }
        self.refuse(mistake)
    }
}

/// The refusal of a label that the catalogue does not have.
pub(super) fn unknown_statement(version: Version, label: &str, span: &Span) -> Mistake {
    let message = format!("MQTT {} has no statement `{label}`", version.number());
    let labels = version.statements().map(|id| id.statement().label);
    Mistake::new(Code::UnknownName, span, message, "not in the catalogue of this version")
        .maybe_help(suggest::did_you_mean(label, labels))
}

/// Whether a word is meant as the label of a statement: it has a digit, a `.` and a `-`, and no other letters.
fn is_label(word: &str) -> bool {
    let word = word.strip_prefix("MQTT-").unwrap_or(word);
    let word = word.strip_prefix("X-").unwrap_or(word);
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.contains(['.', '-'])
        && word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
}

fn nothing(grade: Grade) -> Judgement {
    Judgement { grade, statements: Vec::new(), says: None }
}
