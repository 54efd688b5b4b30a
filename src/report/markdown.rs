//! Reports as Markdown for the summary of a continuous integration server: failures first, and never too long.

use std::fmt::Write as _;

use super::{
    Conclusion, Report, Score, Standing, View, detail, fleet,
    page::Page,
    scores, sentence, standings,
    text::{capped, clean, counted},
};
use crate::verdict::{Grade, ScenarioResult};

/// GitHub takes summaries of up to 1 MiB.
const MOST: usize = 1000 * 1024;
/// Room for what stands after the failures.
const RESERVED: usize = 64 * 1024;
/// So many failures are told with their packets, the others in a line.
const WHOLE: usize = 20;
/// So many lines of warnings and of what was skipped.
const LINES: usize = 60;

/// The summary of one report, or of several one after the other.
pub fn markdown(reports: &[Report]) -> String {
    let room = MOST / reports.len().max(1);
    reports.iter().map(|report| one(report, room)).collect::<Vec<_>>().join("\n")
}

fn one(report: &Report, room: usize) -> String {
    let mut text = String::new();
    let sign = match report.conclusion() {
        Conclusion::Conforming => "✅",
        Conclusion::NotConforming => "❌",
        Conclusion::Undecided => "❔",
    };
    let _ = writeln!(text, "# {sign} MQTT conformance of {}\n", inline(&report.subject()));
    let _ = writeln!(text, "{}\n", inline(&sentence(&report.run, report.provenance.strict)));
    table(&mut text, report);
    failures(&mut text, report, room.saturating_sub(RESERVED));
    list(&mut text, report, Grade::Error, "Errors of mqttspec itself");
    list(&mut text, report, Grade::Inconclusive, "Inconclusive: nothing is judged");
    list(&mut text, report, Grade::Warn, "Warnings");
    list(&mut text, report, Grade::Skip, "Skipped: not offered");
    if let Some(measured) = &report.fleet {
        fleet::markdown(&mut text, measured);
    }
    provenance(&mut text, report);
    text
}

fn table(text: &mut String, report: &Report) {
    let standings = standings(report);
    let scores = scores(report, &standings);
    if scores.is_empty() {
        return;
    }
    let names = Standing::ALL.map(Standing::name).join(" | ");
    let _ =
        writeln!(text, "| statements | {names} | all |\n|---|{}", "---:|".repeat(Standing::ALL.len() + 1));
    for score in &scores {
        let counts = Standing::ALL.map(|standing| score.of(standing).to_string()).join(" | ");
        let Score { version, .. } = score;
        let _ = writeln!(
            text,
            "| MQTT {} {} | {counts} | {} |",
            version.number(),
            score.strength(),
            score.total()
        );
    }
    text.push('\n');
}

fn failures(text: &mut String, report: &Report, room: usize) {
    let places = report.run.results.iter().enumerate().filter(|(_, result)| result.grade == Grade::Fail);
    let (known, new): (Vec<_>, Vec<_>) = places.partition(|(place, _)| report.known.contains_key(place));
    if !known.is_empty() {
        let _ = writeln!(text, "{} known and accepted by the baseline.\n", counted(known.len(), "failure"));
    }
    let failed: Vec<&ScenarioResult> = new.into_iter().map(|(_, result)| result).collect();
    if failed.is_empty() {
        return;
    }
    let _ = writeln!(text, "## Failures ({})\n", failed.len());
    for (number, result) in failed.iter().enumerate() {
        let item = if number < WHOLE { failure(report, result) } else { line(result) };
        if text.len() + item.len() > room {
            let _ = writeln!(text, "… and {} more; all are in the other reports.\n", failed.len() - number);
            return;
        }
        text.push_str(&item);
    }
    text.push('\n');
}

/// A failure with everything that the terminal shows, folded.
fn failure(report: &Report, result: &ScenarioResult) -> String {
    let Report { provenance, run, .. } = report;
    let view = View { width: 100, colour: false, strict: provenance.strict, arguments: &provenance.repeated };
    let mut page = Page::new(view.width, view.colour);
    detail::item(
        &mut page,
        &detail::Item { result, same: Vec::new(), report: run, view: &view, whole: true },
    );
    let body = fenced(page.finish().trim_end());
    format!("<details><summary>❌ {}</summary>\n\n{body}\n</details>\n\n", heading(result))
}

fn heading(result: &ScenarioResult) -> String {
    let ids: Vec<String> = result.broken.iter().map(ToString::to_string).collect();
    let variant = if result.variant.is_empty() { String::new() } else { format!(", {}", result.variant) };
    let case = format!("{} (MQTT {}{variant})", result.scenario, result.version.number());
    format!("{}: {} – {}", inline(&ids.join(", ")), inline(&result.title), inline(&case))
}

fn line(result: &ScenarioResult) -> String {
    format!("- {}\n", heading(result))
}

/// The runs of a grade by what was observed, the same ones once.
fn list(text: &mut String, report: &Report, grade: Grade, title: &str) {
    let results: Vec<&ScenarioResult> = report.of_grade(grade).collect();
    if results.is_empty() {
        return;
    }
    let _ = writeln!(text, "<details><summary>{title} ({})</summary>\n", results.len());
    let groups = detail::groups(&results);
    for (result, same) in groups.iter().take(LINES) {
        let finding = result.findings.iter().find(|finding| finding.grade == grade);
        let observed = finding.map_or("no reason was recorded", |finding| finding.observed.as_str());
        let more = if same.is_empty() {
            String::new()
        } else {
            format!(", and {}", counted(same.len(), "other run"))
        };
        let name = inline(&format!("{} (MQTT {})", result.scenario, result.version.number()));
        let _ = writeln!(text, "- {name}{more}: {}", inline(observed));
    }
    if groups.len() > LINES {
        let _ = writeln!(text, "- … and {} more", groups.len() - LINES);
    }
    let _ = writeln!(text, "\n</details>\n");
}

fn provenance(text: &mut String, report: &Report) {
    let (run, provenance) = (&report.run, &report.provenance);
    let mut facts = vec![format!("mqttspec {}", run.mqttspec)];
    facts.extend(run.target.as_ref().map(|target| target.address.clone()));
    facts.extend(provenance.profile.clone());
    facts.extend(provenance.date.map(|date| date.to_string()));
    facts.push(provenance.command.join(" "));
    let facts: Vec<String> = facts.iter().map(|fact| inline(fact)).collect();
    let _ = writeln!(text, "{}", facts.join(" · "));
}

/// A text in which nothing has a meaning for Markdown or HTML, on one line.
pub(super) fn inline(text: &str) -> String {
    let mut plain = String::new();
    for char in capped(&clean(text)).chars() {
        match char {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '@' => {
                plain.push('\\');
                plain.push(char);
            }
            char => plain.push(char),
        }
    }
    plain
}

/// A text as it is, in a fence that is longer than any row of back-ticks in it.
fn fenced(text: &str) -> String {
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_has_a_meaning() {
        assert_eq!(inline("<b>*a*</b>\n@all `x`"), r"&lt;b&gt;\*a\*&lt;/b&gt;\\n\@all \`x\`");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert!(fenced("a ```` b").starts_with("`````text\n"));
        assert!(fenced("a").starts_with("```text\n"));
    }
}
