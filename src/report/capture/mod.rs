//! What captures hold and what they show broken, for a terminal.

mod check;
mod json;
mod live;
mod replay;
mod show;

use std::fmt::Write as _;

use mqttspec_wire::packet::PacketType;

pub use check::check;
pub use json::{packet_json, show_json};
pub use live::{conclusion, farewell, notice};
pub use replay::replay;
pub use show::show;

use super::{Page, Tone, date::Date, text::counted};
use crate::capture::{Counts, Survey};

/// What was read, and what of it is MQTT.
fn header(page: &mut Page, name: &str, survey: &Survey) {
    let mut told = format!("{}, {}", counted(number(survey.frames), "frame"), bytes(survey.bytes));
    if let Some((first, last)) = survey.span {
        let seconds = last.saturating_sub(first).as_secs_f64();
        let _ = write!(told, ", {seconds:.3} s from {}", Date::from_unix(first.as_secs()));
    }
    page.hanging(0, &format!("{name}: "), Tone::Plain, &told);
    let mut told = counted(number(survey.mqtt()), "MQTT conversation");
    if survey.other > 0 {
        let _ = write!(told, "; {} of other protocols", counted(number(survey.other), "connection"));
    }
    page.paragraph(0, Tone::Plain, &told);
    for (why, connections) in &survey.encrypted {
        let encrypted = counted(number(*connections), "connection");
        page.paragraph(0, Tone::Caution, &format!("{encrypted} encrypted (TLS) and not opened: {why}"));
    }
    for (link, frames) in &survey.unread {
        let frames = counted(number(*frames), "frame");
        page.paragraph(
            0,
            Tone::Caution,
            &format!("{frames} of link type {link} not read; {}", link.advice()),
        );
    }
    if let Some(cut) = &survey.cut {
        page.paragraph(0, Tone::Caution, &format!("{cut}; what precedes it was read"));
    }
    let tally = survey.tally;
    let odd = [
        (tally.repeated, "repeated TCP segment"),
        (tally.early, "early TCP segment"),
        (tally.implausible, "misplaced TCP segment"),
        (tally.evicted, "abandoned conversation"),
    ];
    let odd = odd.into_iter().filter(|(count, _)| *count > 0);
    let odd: Vec<String> = odd.map(|(count, noun)| counted(number(count), noun)).collect();
    if !odd.is_empty() {
        page.paragraph(0, Tone::Faint, &odd.join(", "));
    }
}

/// `CONNECT 1, PUBLISH 330`
fn packets(counts: &Counts) -> String {
    let named = counts.iter().zip(0u8..).filter(|(count, _)| **count > 0);
    let named = named.map(|(count, number)| format!("{} {count}", packet_name(number)));
    let all: Vec<String> = named.collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

fn packet_name(number: u8) -> String {
    PacketType::from_number(number)
        .map_or_else(|| format!("reserved type {number}"), |name| name.name().to_owned())
}

fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} bytes"),
        10_000..10_000_000 => format!("{} kB", count / 1000),
        _ => format!("{} MB", count / 1_000_000),
    }
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
