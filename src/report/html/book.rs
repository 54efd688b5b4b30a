//! What the page shows: the reports as columns, and the runs of every scenario side by side.

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_spec::{StatementId, Version};

use super::{shown, slug};
use crate::{
    report::{Chapter, Frames, Report, Score, Standing, frames, scores, standings},
    verdict::{Grade, ScenarioResult},
};

/// What can be shown alone, by the word in addresses and the one for people. Standings and grades share the words.
pub(super) const SHOWN: [(&str, &str); 6] = [
    ("broken", "what is broken"),
    ("warned", "what is warned about"),
    ("undecided", "what is undecided"),
    ("kept", "what is kept"),
    ("not-offered", "what is not offered"),
    ("not-judged", "what is not judged"),
];

/// Everything that the page shows.
pub(super) struct Book<'a> {
    pub(super) columns: Vec<Column<'a>>,
    /// All scenarios with their runs, by chapter.
    pub(super) chapters: BTreeMap<Chapter, Vec<Tale<'a>>>,
}

/// One report.
pub(super) struct Column<'a> {
    pub(super) report: &'a Report,
    pub(super) name: String,
    /// What distinguishes it in addresses: nothing if it is alone.
    pub(super) mark: String,
    pub(super) standings: BTreeMap<StatementId, Standing>,
    pub(super) scores: Vec<Score>,
    pub(super) frames: Vec<Frames>,
    /// The first run that shows a statement broken or warned about, by its address.
    pub(super) proofs: BTreeMap<StatementId, String>,
}

/// One scenario with all its runs.
pub(super) struct Tale<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) statements: BTreeSet<StatementId>,
    /// The runs by version and variant, one place for each column.
    pub(super) cases: BTreeMap<(Version, &'a str), Vec<Option<Run<'a>>>>,
}

/// One run of a scenario.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) result: &'a ScenarioResult,
    /// The place of its report, and its own place in there.
    pub(super) place: (usize, usize),
}

impl<'a> Book<'a> {
    pub(super) fn of(reports: &'a [Report]) -> Self {
        let alone = reports.len() == 1;
        let columns: Vec<Column<'a>> =
            reports.iter().enumerate().map(|(index, report)| Column::of(report, index, alone)).collect();
        let mut tales: BTreeMap<(Chapter, &str), Tale<'a>> = BTreeMap::new();
        for (column, report) in reports.iter().enumerate() {
            for (index, result) in report.run.results.iter().enumerate() {
                let chapter = Chapter::of(&result.scenario, result.statements.first().copied());
                let tale = tales.entry((chapter, &result.scenario)).or_insert_with(|| Tale::of(result));
                tale.statements.extend(&result.statements);
                let case = tale.cases.entry((result.version, &result.variant)).or_default();
                case.resize(reports.len(), None);
                if let Some(place) = case.get_mut(column) {
                    *place = Some(Run { result, place: (column, index) });
                }
            }
        }
        let mut chapters: BTreeMap<Chapter, Vec<Tale<'a>>> = BTreeMap::new();
        for ((chapter, _), tale) in tales {
            chapters.entry(chapter).or_default().push(tale);
        }
        Self { columns, chapters }
    }

    pub(super) fn title(&self) -> String {
        match self.columns.as_slice() {
            [column] => column.name.clone(),
            columns => format!("{} brokers compared", columns.len()),
        }
    }

    /// Whether the page tells more of a run than its grade: beside others, only of those where there is something amiss.
    pub(super) fn tells(&self, run: &Run<'_>) -> bool {
        self.columns.len() == 1 || !matches!(run.result.grade, Grade::Pass | Grade::Skip)
    }

    /// The versions that were played, by number.
    pub(super) fn versions(&self) -> BTreeSet<&'static str> {
        self.results().map(|result| result.version.number()).collect()
    }

    pub(super) fn results(&self) -> impl Iterator<Item = &'a ScenarioResult> {
        self.columns.iter().flat_map(|column| &column.report.run.results)
    }

    /// The address of a run in the page.
    pub(super) fn address(&self, run: &Run<'_>) -> String {
        let mark = self.columns.get(run.place.0).map_or("", |column| column.mark.as_str());
        address(run.result, mark)
    }

    /// The text of a scenario, from the first report that has it.
    pub(super) fn source(&self, scenario: &str) -> Option<&'a str> {
        self.columns.iter().find_map(|column| column.report.scenarios.get(scenario)).map(String::as_str)
    }
}

fn address(result: &ScenarioResult, mark: &str) -> String {
    let variant = if result.variant.is_empty() { String::new() } else { format!("@{}", result.variant) };
    slug(&format!("{}@{}{variant}{mark}", result.scenario, result.version.number()))
}

impl<'a> Column<'a> {
    fn of(report: &'a Report, index: usize, alone: bool) -> Self {
        let name = shown(&report.subject());
        let mark = if alone { String::new() } else { format!("@{}.{}", index + 1, slug(&name)) };
        let standings = standings(report);
        let mut proofs = BTreeMap::new();
        for grade in [Grade::Fail, Grade::Warn] {
            for result in report.of_grade(grade) {
                for id in &result.broken {
                    proofs.entry(*id).or_insert_with(|| address(result, &mark));
                }
            }
        }
        Self {
            scores: scores(report, &standings),
            frames: frames(report),
            report,
            name,
            mark,
            standings,
            proofs,
        }
    }
}

impl<'a> Tale<'a> {
    fn of(result: &'a ScenarioResult) -> Self {
        let (statements, cases) = (BTreeSet::new(), BTreeMap::new());
        Self { id: &result.scenario, title: &result.title, statements, cases }
    }

    pub(super) fn runs(&self) -> impl Iterator<Item = &Run<'a>> {
        self.cases.values().flatten().flatten()
    }

    /// The words under which it is shown.
    pub(super) fn words(&self) -> String {
        let words: BTreeSet<&str> = self.runs().map(|run| word(run.result.grade)).collect();
        Vec::from_iter(words).join(" ")
    }

    /// The worst grade of its runs.
    pub(super) fn grade(&self) -> Grade {
        let severity = |grade: &Grade| (*grade == Grade::Fail, *grade);
        self.runs().map(|run| run.result.grade).max_by_key(severity).unwrap_or(Grade::Skip)
    }
}

/// The word under which a run of this grade is shown.
pub(super) const fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Fail => "broken",
        Grade::Warn => "warned",
        Grade::Pass => "kept",
        Grade::Skip => "not-offered",
        Grade::Inconclusive | Grade::Error => "undecided",
    }
}

/// A sign that stands beside the name of a grade.
pub(super) const fn sign(grade: Grade) -> &'static str {
    match grade {
        Grade::Fail => "✕",
        Grade::Warn => "△",
        Grade::Pass => "✓",
        Grade::Skip => "–",
        Grade::Inconclusive => "?",
        Grade::Error => "!",
    }
}

/// The word under which a statement is shown.
pub(super) const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Broken => "broken",
        Standing::Warned => "warned",
        Standing::Undecided => "undecided",
        Standing::Kept | Standing::Watched => "kept",
        Standing::NotOffered => "not-offered",
        Standing::NotJudged => "not-judged",
    }
}

/// `MQTT 5.0, qos=1`
pub(super) fn case_name(version: Version, variant: &str) -> String {
    let comma = if variant.is_empty() { "" } else { ", " };
    format!("MQTT {}{comma}{}", version.number(), shown(variant))
}
