//! What a proxy sees broken, while it is seen and at the end.

use mqttspec_spec::Level;
use mqttspec_wire::Sender;

use super::packets;
use crate::{
    capture::{
        live::{Notice, Tally},
        packet_evidence,
    },
    report::{Conclusion, Page, Tone, counted, date::Date, ladder, marks::Marks},
    verdict::RunReport,
};

/// A breach as it comes, with its packet.
pub fn notice(notice: &Notice, (width, colour): (usize, bool)) -> String {
    let mut page = Page::new(width, colour);
    let Notice { number, violation, packet, is_last } = notice;
    let statement = violation.statement;
    let binds = match violation.level {
        Level::Must | Level::MustNot => "breaks",
        Level::Should | Level::May => "does not follow",
    };
    let date = Date::from_unix(packet.stamp.at.as_secs());
    let who = format!("{date}  connection {number}: the {} {binds}  ", violation.party);
    page.hanging(0, &who, Tone::Bad, &format!("{statement} {}", statement.statement().title));
    page.paragraph(2, Tone::Plain, &violation.what);
    let mut marks = Marks::default();
    marks.add(0, violation.part);
    ladder::write(&mut page, &[packet_evidence(packet.stamp.at, packet)], &marks);
    if *is_last {
        page.line(2, &[(Tone::Faint, "from now on this is only counted")]);
    }
    page.blank();
    page.finish()
}

/// What all that passed, as the results `run`, says about those who sent it.
pub fn conclusion(tally: &Tally, run: &RunReport) -> Conclusion {
    let is_binding = |level| matches!(level, Level::Must | Level::MustNot);
    // The results are of so many connections only.
    if tally.broken.keys().any(|(_, statement)| is_binding(statement.statement().level)) {
        Conclusion::NotConforming
    } else {
        Conclusion::of(run, false)
    }
}

/// The end of the watch. Its last line is one sentence with the verdict.
pub fn farewell(tally: &Tally, conclusion: Conclusion, (width, colour): (usize, bool)) -> String {
    let mut page = Page::new(width, colour);
    let connections = counted(super::number(tally.connections), "connection");
    let judged = format!("{} judged from beginning to end", tally.judged);
    page.line(0, &[(Tone::Plain, &format!("{connections}, {judged}"))]);
    let [client, server] = &tally.survey.counts;
    page.hanging(2, "clients  ", Tone::Plain, &packets(client));
    page.hanging(2, "servers  ", Tone::Plain, &packets(server));
    for ((party, statement), times) in &tally.broken {
        let told = format!(
            "{statement} {}, {}",
            statement.statement().title,
            counted(super::number(*times), "time")
        );
        page.hanging(2, &format!("{:<9}", party_name(*party)), Tone::Bad, &told);
    }
    let (tone, sentence) = match conclusion {
        Conclusion::Conforming => {
            (Tone::Good, "conforming: nothing that must hold was broken by clients or the broker")
        }
        Conclusion::NotConforming => (Tone::Bad, "not conforming: statements that must hold were broken"),
        Conclusion::Undecided if tally.judged == 0 => {
            (Tone::Caution, "could not decide: no MQTT connection was judged from its beginning on")
        }
        Conclusion::Undecided => (
            Tone::Caution,
            "could not decide: nothing was found broken, but not every connection could be judged as a whole",
        ),
    };
    page.paragraph(0, tone, sentence);
    page.finish()
}

const fn party_name(party: Sender) -> &'static str {
    match party {
        Sender::Client => "clients",
        Sender::Server => "servers",
    }
}
