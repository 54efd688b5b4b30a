//! What a capture shows broken.

use std::collections::BTreeMap;

use mqttspec_spec::StatementId;
use mqttspec_wire::Sender;

use super::header;
use crate::{
    capture::{Blind, Breach, Protocol, Summary, Survey, evidence, grade},
    report::{Conclusion, Page, Tone, counted, ladder, marks::Marks},
    verdict::Grade,
};

/// Breaches that are shown with their packets; of more, only the numbers are.
const SHOWN: usize = 20;
/// Conversations that are named for a reason why they cannot be judged.
const NAMED: usize = 5;

/// Who broke what.
type Key = (Sender, StatementId);

/// What the capture `name` shows broken, as a text of `width` columns. Its last line is one sentence with the verdict.
pub fn check(name: &str, survey: &Survey, conclusion: Conclusion, (width, colour): (usize, bool)) -> String {
    let mut page = Page::new(width, colour);
    header(&mut page, name, survey);
    let groups = groups(survey);
    for ((party, _), cases) in groups.iter().take(SHOWN) {
        write_group(&mut page, *party, cases);
    }
    if groups.len() > SHOWN {
        page.blank();
        let more = format!("... {} more, which the JSON report holds ...", groups.len() - SHOWN);
        page.line(0, &[(Tone::Faint, &more)]);
    }
    write_blind(&mut page, survey);
    page.blank();
    let tone = match conclusion {
        Conclusion::Conforming => Tone::Good,
        Conclusion::NotConforming => Tone::Bad,
        Conclusion::Undecided => Tone::Caution,
    };
    page.paragraph(0, tone, &sentence(survey, &groups, conclusion));
    page.finish()
}

/// The same breach of the same party is told once, with all conversations in which it was found.
fn groups(survey: &Survey) -> BTreeMap<Key, Vec<(&Summary, &Breach)>> {
    let mut groups: BTreeMap<Key, Vec<_>> = BTreeMap::new();
    for summary in &survey.conversations {
        for breach in &summary.breaches {
            let key = (breach.violation.party, breach.violation.statement);
            groups.entry(key).or_default().push((summary, breach));
        }
    }
    groups
}

fn write_group(page: &mut Page, party: Sender, cases: &[(&Summary, &Breach)]) {
    let Some((summary, breach)) = cases.first() else { return };
    let (word, tone) = match grade(breach) {
        Grade::Fail => ("broken by the", Tone::Bad),
        Grade::Pass | Grade::Skip | Grade::Warn | Grade::Inconclusive | Grade::Error => {
            ("not followed by the", Tone::Caution)
        }
    };
    let id = breach.violation.statement;
    let statement = id.statement();
    page.blank();
    let title = format!("{id} {} (MQTT {} §{})", statement.title, id.version().number(), statement.section);
    page.hanging(0, &format!("{word} {party}  "), tone, &title);
    page.entry(2, "where", Tone::Plain, &format!("conversation {}: {summary}", summary.number));
    let frames: Vec<String> = breach.frames.iter().map(ToString::to_string).collect();
    let more = if breach.times > breach.frames.len() as u64 { " …" } else { "" };
    let times = if breach.times > 1 { format!(", {} times", breach.times) } else { String::new() };
    page.entry(2, "frames", Tone::Plain, &format!("{}{more}{times}", frames.join(", ")));
    page.entry(2, "observed", tone, &breach.violation.what);
    if cases.len() > 1 {
        let others: Vec<String> =
            cases.iter().skip(1).take(NAMED).map(|(summary, _)| summary.number.to_string()).collect();
        let more = if cases.len() > NAMED + 1 { ", …" } else { "" };
        let told =
            format!("in {}: {}{more}", counted(cases.len() - 1, "other conversation"), others.join(", "));
        page.entry(2, "also", Tone::Plain, &told);
    }
    if !breach.packets.is_empty() {
        page.blank();
        let mut marks = Marks::default();
        marks.add(breach.packets.len() - 1, breach.violation.part);
        ladder::write(page, &evidence(summary, breach), &marks);
    }
}

fn write_blind(page: &mut Page, survey: &Survey) {
    let mut reasons: BTreeMap<Blind, (u64, Vec<&Summary>)> = BTreeMap::new();
    for summary in &survey.conversations {
        for (blind, (_, bytes)) in &summary.blind {
            let entry = reasons.entry(*blind).or_default();
            entry.0 += bytes;
            entry.1.push(summary);
        }
    }
    if reasons.is_empty() {
        return;
    }
    page.blank();
    page.line(0, &[(Tone::Caution, "what cannot be known")]);
    for (blind, (bytes, summaries)) in reasons {
        let mut named: Vec<String> =
            summaries.iter().take(NAMED).map(|summary| summary.number.to_string()).collect();
        if summaries.len() > NAMED {
            named.push("…".to_owned());
        }
        let noun = if summaries.len() == 1 { "conversation" } else { "conversations" };
        page.hanging(2, &format!("{noun} {}: ", named.join(", ")), Tone::Plain, &blind.describe(bytes));
    }
}

fn sentence(
    survey: &Survey,
    groups: &BTreeMap<Key, Vec<(&Summary, &Breach)>>,
    conclusion: Conclusion,
) -> String {
    let judged = survey.conversations.iter().filter(|summary| matches!(summary.protocol, Protocol::Known(_)));
    let judged = counted(judged.count(), "conversation");
    let open = survey.conversations.iter().filter(|summary| !summary.blind.is_empty()).count();
    match conclusion {
        Conclusion::Conforming => format!("conforming: {judged} judged, nothing broken by client or server"),
        Conclusion::NotConforming => {
            let by = |party| groups.keys().filter(|(sender, _)| *sender == party).count();
            let told: Vec<String> = [Sender::Client, Sender::Server]
                .into_iter()
                .filter(|party| by(*party) > 0)
                .map(|party| format!("the {party} breaks {}", counted(by(party), "statement")))
                .collect();
            format!("not conforming: {}; {judged} judged", told.join(" and "))
        }
        Conclusion::Undecided if survey.mqtt() == 0 && !survey.encrypted.is_empty() => {
            "could not decide: there is no MQTT in the clear; give the secrets of TLS with `--keylog`, or capture at \
             the broker, where TLS has ended"
                .to_owned()
        }
        Conclusion::Undecided if survey.mqtt() == 0 => {
            "could not decide: there is no MQTT in the capture".to_owned()
        }
        Conclusion::Undecided if open == 0 => {
            "could not decide: nothing was found broken, but parts of the capture could not be read".to_owned()
        }
        Conclusion::Undecided => format!(
            "could not decide: nothing was found broken, but {} could not be judged as a whole",
            counted(open, "conversation")
        ),
    }
}
