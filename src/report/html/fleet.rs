//! What was measured of a fleet: its numbers, and charts of how they went.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::{
    book::{Book, Column},
    shown,
};
use crate::report::fleet::{self, COLUMNS, Group, MISDEED_COLUMNS, MISDEEDS, Measured, Percentiles, Point};

const WIDTH: u64 = 720;
const HEIGHT: u64 = 150;
/// Where the plot begins, right of the names of the values.
const LEFT: u64 = 64;
/// How many colours lines have.
const COLOURS: usize = 6;

pub(super) fn write(book: &Book<'_>) -> Markup {
    let measured: Vec<(&Column<'_>, &Measured)> =
        book.columns.iter().filter_map(|column| Some((column, column.report.fleet.as_ref()?))).collect();
    html! {
        @if !measured.is_empty() {
            section #fleet aria-labelledby="fleet-title" {
                h2 #fleet-title { "The fleet" }
                @for (column, measured) in measured {
                    @if book.columns.len() > 1 { h3 { (column.name) } }
                    div.charts {
                        (over_time(measured, "Devices connected", &[("connected", |point| point.online)]))
                        (over_time(measured, "Messages in a second", &[
                            ("published", |point| point.published),
                            ("received", |point| point.delivered),
                        ]))
                        (over_time(measured, "Connects in a second", &[("connects", |point| point.connects)]))
                        (latencies(&measured.groups))
                    }
                    (table(measured))
                    (misdeeds(measured))
                }
            }
        }
    }
}

/// Within a decade the logarithm of each digit from 1, in thousandths.
const DIGITS: [u64; 10] = [0, 301, 477, 602, 699, 778, 845, 903, 954, 1000];

/// A line of a chart: its name and where it goes.
type Line = (&'static str, fn(&Point) -> u64);

/// Lines over the time of the run, above the names of its phases.
fn over_time(measured: &Measured, title: &str, lines: &[Line]) -> Markup {
    let points = &measured.series;
    let length = u64::try_from(points.len()).unwrap_or(1).max(2) - 1;
    let is_level = title.starts_with("Devices");
    let seconds = if is_level { 1 } else { (measured.interval / 1_000_000).max(1) };
    let value = |line: &Line, point: &Point| line.1(point) / seconds;
    let most = points.iter().flat_map(|point| lines.iter().map(move |line| value(line, point))).max();
    let most = most.unwrap_or(0).max(1);
    let place =
        |(at, height): (u64, u64)| (LEFT + at * (WIDTH - LEFT) / length, HEIGHT - height * HEIGHT / most);
    let path = |line: &Line| path((0..).zip(points.iter().map(|point| value(line, point))).map(place));
    let moment = |micros: u64| LEFT + micros * (WIDTH - LEFT) / (measured.interval * length).max(1);
    html! {
        figure.chart {
            figcaption { (title) (legend(lines.iter().map(|line| line.0))) }
            svg viewBox=(format!("0 0 {WIDTH} {}", HEIGHT + 22)) role="img" aria-label=(format!("{title}: at most {most}")) {
                (scale(&most.to_string(), &(most / 2).to_string(), "0"))
                @for phase in measured.phases.iter().filter(|phase| phase.began <= phase.ended) {
                    @let x = moment(phase.began).min(WIDTH);
                    path.rule d=(format!("M{x} 0V{}", HEIGHT + 6)) {}
                    @if moment(phase.ended).min(WIDTH) > x + 30 { text x=(x + 4) y=(HEIGHT + 16) { (shown(&phase.name)) } }
                }
                @for (number, line) in lines.iter().enumerate() { path.plot.(colour(number)) d=(path(line)) {} }
            }
        }
    }
}

/// For each group how long so many of its messages took at most; each gap upwards is ten times as long.
fn latencies(groups: &[Group]) -> Markup {
    let measured: Vec<(&str, Percentiles)> =
        groups.iter().filter_map(|group| Some((group.name.as_str(), group.latency?))).collect();
    let Some(most) = measured.iter().map(|(_, times)| times.most).max() else { return html! {} };
    let (low, high) = (lowest(&measured), most.max(1).ilog10() + 1);
    let step = (WIDTH - LEFT) / 6;
    let place = |at: u64, micros: u64| (LEFT + step / 2 + at * step, HEIGHT - raised(micros, low, high));
    let path =
        |times: &Percentiles| path((0..).zip(times.named()).map(|(at, (_, micros))| place(at, micros)));
    let decade = |exponent: u32| fleet::time(10_u64.saturating_pow(exponent));
    html! {
        figure.chart {
            figcaption { "Latency from when a message was due" (legend(measured.iter().map(|(name, _)| *name))) }
            svg viewBox=(format!("0 0 {WIDTH} {}", HEIGHT + 22)) role="img" aria-label=(format!("Latency by percentile: at most {}", fleet::time(most))) {
                (scale(&decade(high), "", &decade(low)))
                @if let Some((_, times)) = measured.first() {
                    @for (at, (name, _)) in (0..).zip(times.named()) {
                        text x=(LEFT + step / 2 + at * step) y=(HEIGHT + 16) text-anchor="middle" { (name) }
                    }
                }
                @for (number, (_, times)) in measured.iter().enumerate() {
                    path.plot.(colour(number)) d=(path(times)) {}
                    @for (at, (name, micros)) in (0..).zip(times.named()) {
                        @let (x, y) = place(at, micros);
                        circle.(colour(number)) cx=(x) cy=(y) r="3" { title { (name) ": " (fleet::time(micros)) } }
                    }
                }
            }
        }
    }
}

/// The power of ten below the shortest time.
fn lowest(measured: &[(&str, Percentiles)]) -> u32 {
    measured.iter().map(|(_, times)| times.p50.max(1).ilog10()).min().unwrap_or(0)
}

/// How high a time stands between two powers of ten, each ten times the one below: by thousandths of a decade.
fn raised(micros: u64, low: u32, high: u32) -> u64 {
    let exponent = micros.max(1).ilog10();
    let unit = 10_u64.saturating_pow(exponent);
    let digit = usize::try_from(micros.max(1) / unit).unwrap_or(1).clamp(1, 9);
    let [below, above] = [digit - 1, digit].map(|at| DIGITS.get(at).copied().unwrap_or(1000));
    let thousandths = below + (above - below) * (micros.max(1) % unit) / unit;
    let height = u64::from(exponent.saturating_sub(low)) * 1000 + thousandths;
    (height * HEIGHT / (u64::from(high - low).max(1) * 1000)).min(HEIGHT)
}

/// Names of the highest, the middle and the lowest value.
fn scale(most: &str, middle: &str, least: &str) -> Markup {
    html! {
        @for (y, name) in [(0, most), (HEIGHT / 2, middle), (HEIGHT, least)] {
            path.rule d=(format!("M{LEFT} {y}H{WIDTH}")) {}
            text x=(LEFT - 6) y=((y + 4).max(10)) text-anchor="end" { (name) }
        }
    }
}

fn legend<'a>(names: impl Iterator<Item = &'a str>) -> Markup {
    html! {
        @for (number, name) in names.enumerate() { " " span.legend.(colour(number)) { "● " (shown(name)) } }
    }
}

fn colour(number: usize) -> String {
    format!("c{}", number % COLOURS)
}

fn path(places: impl Iterator<Item = (u64, u64)>) -> String {
    let mut path = String::new();
    for (x, y) in places {
        path.push(if path.is_empty() { 'M' } else { 'L' });
        let _ = write!(path, "{x} {y}");
    }
    path
}

fn table(measured: &Measured) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Numbers of the fleet" {
            table.plain {
                caption { "What was measured of each group in each phase; latency from when a message was due to when it came" }
                thead { tr {
                    @for (at, name) in COLUMNS.iter().enumerate() { th.number[at > 1] scope="col" { (name) } }
                } }
                tbody {
                    @for row in fleet::rows(measured) {
                        tr { @for (at, cell) in row.iter().enumerate() { td.number[at > 1] { (shown(cell)) } } }
                    }
                }
            }
        }
    }
}

fn misdeeds(measured: &Measured) -> Markup {
    html! {
        @if !measured.misdeeds.is_empty() {
            div.wide tabindex="0" role="region" aria-label=(MISDEEDS) {
                table.plain {
                    caption { (MISDEEDS) }
                    thead { tr {
                        @for (at, name) in MISDEED_COLUMNS.iter().enumerate() { th.number[at > 2] scope="col" { (name) } }
                    } }
                    tbody {
                        @for misdeed in &measured.misdeeds {
                            tr { @for (at, cell) in misdeed.cells().iter().enumerate() { td.number[at > 2] { (shown(cell)) } } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_by_their_logarithm() {
        let heights = [1000, 2000, 10_000, 100_000].map(|micros| raised(micros, 3, 5));
        assert_eq!(heights, [0, HEIGHT * 301 / 2000, HEIGHT / 2, HEIGHT]);
    }
}
