//! What a capture holds.

use std::time::Duration;

use mqttspec_segments::End;
use mqttspec_wire::{Sender, packet::PacketType};

use super::{header, number, packet_name, packets};
use crate::{
    capture::{Spread, Summary, Survey},
    report::{Page, Table, Tone, counted},
};

/// Conversations that are shown one by one.
const CONVERSATIONS: usize = 50;
/// Topics that are shown.
const TOPICS: usize = 20;

/// The contents of the capture `name` as a text of `width` columns.
pub fn show(name: &str, survey: &Survey, (width, colour): (usize, bool)) -> String {
    let mut page = Page::new(width, colour);
    header(&mut page, name, survey);
    if survey.mqtt() == 0 {
        return page.finish();
    }
    page.blank();
    write_counts(&mut page, survey);
    write_answers(&mut page, survey);
    write_topics(&mut page, survey);
    page.blank();
    for summary in survey.conversations.iter().take(CONVERSATIONS) {
        write_conversation(&mut page, summary);
    }
    let more = survey.mqtt().saturating_sub(CONVERSATIONS as u64);
    if more > 0 {
        page.line(0, &[(Tone::Faint, &format!("... {} more ...", counted(number(more), "conversation")))]);
    }
    page.finish()
}

fn write_counts(page: &mut Page, survey: &Survey) {
    let [client, server] = &survey.counts;
    let mut table = Table::new([("by clients", Tone::Plain, true), ("by servers", Tone::Plain, true)]);
    for ((client, server), kind) in client.iter().zip(server).zip(0u8..) {
        if client + server > 0 {
            table.row(packet_name(kind), vec![number(*client), number(*server)]);
        }
    }
    table.write(page, 0, "packets");
}

fn write_answers(page: &mut Page, survey: &Survey) {
    if survey.answers.is_empty() {
        return;
    }
    page.blank();
    page.line(
        0,
        &[(Tone::Faint, "answers, and how long they took (least, mean, most), as the capture saw it")],
    );
    for ((sender, packet), spread) in &survey.answers {
        page.line(2, &[(Tone::Plain, &answer(*sender, *packet, spread))]);
    }
}

fn answer(sender: Sender, packet: PacketType, spread: &Spread) -> String {
    let Spread { count, least, most, .. } = *spread;
    let times = [least, spread.mean(), most].map(milliseconds).join("  ");
    format!("{:<9} of the {sender} {count:>8}  {times}", packet.name())
}

fn milliseconds(time: Duration) -> String {
    format!("{:>9.3} ms", time.as_secs_f64() * 1000.0)
}

fn write_topics(page: &mut Page, survey: &Survey) {
    if survey.topics.is_empty() {
        return;
    }
    let mut topics: Vec<_> = survey.topics.iter().collect();
    topics.sort_by_key(|(name, topic)| (std::cmp::Reverse(topic.published + topic.delivered), *name));
    page.blank();
    let title = format!("topics ({}): published, delivered, bytes of payload", topics.len());
    page.line(0, &[(Tone::Faint, &title)]);
    for (name, topic) in topics.iter().take(TOPICS) {
        let numbers = format!("{:>8} {:>8} {:>10}  ", topic.published, topic.delivered, topic.bytes);
        page.line(2, &[(Tone::Plain, &numbers), (Tone::Plain, name)]);
    }
    if topics.len() > TOPICS {
        page.line(2, &[(Tone::Faint, &format!("... {} more ...", topics.len() - TOPICS))]);
    }
}

fn write_conversation(page: &mut Page, summary: &Summary) {
    let number = format!("{:<4}", summary.number);
    page.line(0, &[(Tone::Faint, &number), (Tone::Strong, &summary.to_string())]);
    let seconds = summary.latest.at.saturating_sub(summary.opened.at).as_secs_f64();
    let frames = format!("frames {} to {}, {seconds:.3} s", summary.opened.frame, summary.latest.frame);
    let ended = match summary.ended {
        None => ", no end in the capture".to_owned(),
        Some((by, End::Fin)) => format!(", ended by the {by}"),
        Some((by, End::Reset)) => format!(", broken off by the {by}"),
    };
    page.paragraph(4, Tone::Faint, &(frames + &ended));
    let [client, server] = &summary.counts;
    page.hanging(4, "client  ", Tone::Plain, &packets(client));
    page.hanging(4, "server  ", Tone::Plain, &packets(server));
    for (sender, bytes) in ["client", "server"].into_iter().zip(summary.incomplete) {
        if bytes > 0 {
            let bytes = counted(bytes, "byte");
            page.paragraph(
                4,
                Tone::Caution,
                &format!("ends with {bytes} of a packet of the {sender} that is not complete"),
            );
        }
    }
    for (blind, (stamp, bytes)) in &summary.blind {
        let told = format!("frame {}: {}", stamp.frame, blind.describe(*bytes));
        page.paragraph(4, Tone::Caution, &told);
    }
    if !summary.breaches.is_empty() {
        let breaches = counted(summary.breaches.len(), "statement");
        page.paragraph(
            4,
            Tone::Bad,
            &format!("{breaches} broken or not followed; `mqttspec capture check` says which"),
        );
    }
}
