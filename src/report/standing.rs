//! What a run says of each single statement, and how many of them are kept.

use std::{collections::BTreeMap, fmt};

use mqttspec_spec::{Binds, Level, StatementId, Version};
use serde::Serialize;

use super::Report;
use crate::verdict::Grade;

/// What a run says of a statement. The order is that of what deserves attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Shown broken.
    Broken,
    /// Not followed, or followed with a lesser deviation.
    Warned,
    /// Scenarios judge it, but none came to a verdict about it.
    Undecided,
    /// Scenarios judged it and saw it kept.
    Kept,
    /// The referee watches every packet for its breach and saw none.
    Watched,
    /// What it is about is not offered by the broker.
    NotOffered,
    /// Nothing in this run judges it.
    NotJudged,
}

impl Standing {
    /// All, what deserves attention first.
    pub const ALL: [Self; 7] = [
        Self::Broken,
        Self::Warned,
        Self::Undecided,
        Self::Kept,
        Self::Watched,
        Self::NotOffered,
        Self::NotJudged,
    ];

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Warned => "warned",
            Self::Undecided => "undecided",
            Self::Kept => "kept",
            Self::Watched => "watched",
            Self::NotOffered => "not offered",
            Self::NotJudged => "not judged",
        }
    }

    /// What it means, in a sentence.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Broken => "Packets show that it is broken.",
            Self::Warned => {
                "A SHOULD was not followed, or a MUST was kept with a lesser deviation, such as another reason code."
            }
            Self::Undecided => "Scenarios judge it, but none got to its point.",
            Self::Kept => "Scenarios judged it, and saw it kept.",
            Self::Watched => "The referee looks for its breach in every packet, and saw none.",
            Self::NotOffered => "The broker says that it does not offer what it is about.",
            Self::NotJudged => "Nothing in this run judges it.",
        }
    }

    /// A sign that stands beside the name, never instead of it.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Broken => "✕",
            Self::Warned => "△",
            Self::Undecided => "?",
            Self::Kept => "✓",
            Self::Watched => "◉",
            Self::NotOffered => "–",
            Self::NotJudged => "·",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The class of statements that the referee judges on every packet of a broker.
const BY_REFEREE: &str = "by the referee";

/// What a report says of every statement of both versions.
pub fn standings(report: &Report) -> BTreeMap<StatementId, Standing> {
    let played = |version| {
        report.run.results.iter().any(|result| {
            result.version == version && matches!(result.grade, Grade::Pass | Grade::Warn | Grade::Fail)
        })
    };
    let mut standings = BTreeMap::new();
    for version in Version::ALL {
        let seen = played(version);
        for id in version.statements() {
            let is_watched = seen && report.judges.get(&id).is_some_and(|judge| judge == BY_REFEREE);
            standings.insert(id, if is_watched { Standing::Watched } else { Standing::NotJudged });
        }
    }
    for result in &report.run.results {
        for id in &result.statements {
            note(&mut standings, *id, about_covered(result.grade, result.broken.contains(id)));
        }
        for finding in &result.findings {
            let standing = match finding.grade {
                Grade::Fail => Standing::Broken,
                Grade::Warn => Standing::Warned,
                Grade::Pass | Grade::Skip | Grade::Inconclusive | Grade::Error => continue,
            };
            for id in &finding.statements {
                note(&mut standings, *id, standing);
            }
        }
    }
    standings
}

/// What a result says of a statement that its scenario covers. Findings say more where it is broken.
const fn about_covered(grade: Grade, broken: bool) -> Standing {
    match grade {
        Grade::Pass => Standing::Kept,
        Grade::Warn if !broken => Standing::Kept,
        Grade::Skip => Standing::NotOffered,
        Grade::Warn | Grade::Fail | Grade::Inconclusive | Grade::Error => Standing::Undecided,
    }
}

/// A breach outweighs all. What was seen to be kept outweighs what was left open or not played elsewhere.
fn note(standings: &mut BTreeMap<StatementId, Standing>, id: StatementId, found: Standing) {
    const fn weight(standing: Standing) -> u8 {
        match standing {
            Standing::Broken => 6,
            Standing::Warned => 5,
            Standing::Kept => 4,
            Standing::Undecided => 3,
            Standing::NotOffered => 2,
            Standing::Watched => 1,
            Standing::NotJudged => 0,
        }
    }
    let known = standings.entry(id).or_insert(found);
    if weight(found) > weight(*known) {
        *known = found;
    }
}

/// How many statements of a version and strength have which standing; only those that bind a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// The version.
    pub version: Version,
    /// Whether these are the statements that must hold, or those that should.
    pub must: bool,
    /// The counts, in the order of [`Standing::ALL`].
    pub counts: [usize; 7],
}

impl Score {
    /// How many statements have this standing.
    pub fn of(&self, standing: Standing) -> usize {
        let mut pairs = Standing::ALL.iter().zip(&self.counts);
        pairs.find(|(other, _)| **other == standing).map_or(0, |(_, count)| *count)
    }

    /// How many statements there are.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// `MUST` or `SHOULD`.
    pub const fn strength(&self) -> &'static str {
        if self.must { "MUST" } else { "SHOULD" }
    }
}

/// The scores of the versions that were played, MUST before SHOULD.
pub fn scores(report: &Report, standings: &BTreeMap<StatementId, Standing>) -> Vec<Score> {
    let played = |version: &Version| report.run.results.iter().any(|result| result.version == *version);
    let mut scores = Vec::new();
    for version in Version::ALL.into_iter().filter(played) {
        for must in [true, false] {
            let counts = Standing::ALL.map(|wanted| {
                let counts = |(id, standing): &(&StatementId, &Standing)| {
                    id.version() == version && **standing == wanted && is_scored(**id, must)
                };
                standings.iter().filter(counts).count()
            });
            scores.push(Score { version, must, counts });
        }
    }
    scores
}

fn is_scored(id: StatementId, must: bool) -> bool {
    let statement = id.statement();
    let strong = match statement.level {
        Level::Must | Level::MustNot => true,
        Level::Should => false,
        Level::May => return false,
    };
    strong == must && statement.binds != Binds::Client
}

/// Where a statement can be read in the public standard; its number leads to the very line where it has one.
pub fn link(id: StatementId) -> String {
    let (url, statement) = (id.version().url(), id.statement());
    if statement.is_numbered() {
        let label = statement.label.replace('-', "%2D");
        format!("{url}#:~:text=%5BMQTT%2D{label}%5D")
    } else {
        format!("{url}#:~:text={}", statement.section)
    }
}
