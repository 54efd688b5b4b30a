//! A table of counts.

use tabled::{
    builder::Builder,
    settings::{Alignment, Padding, Style, object::Columns, style::HorizontalLine},
};

use super::{
    page::{Page, Tone},
    text::{fit, width},
};

/// Rows of counts under named columns. A column that holds nothing is left out, unless it must stay.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<(String, Vec<usize>)>,
}

#[derive(Debug)]
struct Column {
    name: &'static str,
    tone: Tone,
    stays: bool,
}

impl Table {
    /// A table without rows; for each column its name, its tone and whether it stays although it holds nothing.
    pub fn new(columns: impl IntoIterator<Item = (&'static str, Tone, bool)>) -> Self {
        let columns = columns.into_iter().map(|(name, tone, stays)| Column { name, tone, stays }).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, title: impl Into<String>, counts: Vec<usize>) {
        self.rows.push((title.into(), counts));
    }

    /// Writes the table, with a last row that sums up the others if there are several.
    pub fn write(&self, page: &mut Page, indent: usize, heading: &str) {
        let totals: Vec<usize> = (0..self.columns.len()).map(|column| self.sum(column)).collect();
        let shown: Vec<(usize, &Column)> = self
            .columns
            .iter()
            .enumerate()
            .filter(|(index, column)| column.stays || totals.get(*index).is_some_and(|total| *total > 0))
            .collect();
        // On a narrow page the titles get shorter, so that no count is lost.
        let taken: usize = shown.iter().map(|(_, column)| cell(column) + GAP).sum();
        let room = page.room(indent + taken).max(TITLE);
        let counts = |title: &str, counts: &[usize]| {
            let counts = shown.iter().map(|(index, _)| match counts.get(*index) {
                None | Some(0) => NONE.to_owned(),
                Some(count) => count.to_string(),
            });
            std::iter::once(fit(title, room).into_owned()).chain(counts).collect::<Vec<_>>()
        };

        let mut grid = Builder::new();
        let names = shown.iter().map(|(_, column)| format!("{:>4}", column.name));
        grid.push_record(std::iter::once(heading.to_owned()).chain(names));
        for (title, row) in &self.rows {
            grid.push_record(counts(title, row));
        }
        let summed = self.rows.len() > 1;
        if summed {
            grid.push_record(counts("total", &totals));
        }
        let totalled = summed.then(|| grid.count_records() - 1);
        let text = lay_out(grid, totalled);
        let mut titles = self.rows.iter().map(|_| Tone::Plain).chain([Tone::Strong]);
        for (number, line) in text.lines().enumerate() {
            if line.starts_with('─') {
                page.line(indent, &[(Tone::Faint, line)]);
            } else if number == 0 {
                page.line(indent, &toned(line, Tone::Faint, true, &shown));
            } else {
                page.line(indent, &toned(line, titles.next().unwrap_or(Tone::Plain), false, &shown));
            }
        }
    }

    fn sum(&self, column: usize) -> usize {
        self.rows.iter().filter_map(|(_, counts)| counts.get(column)).sum()
    }
}

/// What stands for a count of nothing.
const NONE: &str = "·";
/// However narrow the page, so much of a title stays.
const TITLE: usize = 8;
/// Between two columns.
const GAP: usize = 2;

/// Titles to the left, counts to the right, a rule under the names and one above the row of totals.
fn lay_out(grid: Builder, totals: Option<usize>) -> String {
    let rule = HorizontalLine::new('─');
    grid.build()
        .with(Style::empty().horizontals([(1, rule), (totals.unwrap_or(1), rule)]))
        .with(Padding::zero())
        .modify(Columns::new(1..), Alignment::right())
        .modify(Columns::new(1..), Padding::new(GAP, 0, 0, 0))
        .to_string()
}

/// A line of the table with a tone for each of its cells; the counts take up a known width from the right.
fn toned<'l>(line: &'l str, title: Tone, names: bool, shown: &[(usize, &Column)]) -> Vec<(Tone, &'l str)> {
    let mut rest = line;
    let mut pieces = Vec::new();
    for (_, column) in shown.iter().rev() {
        let from = rest.char_indices().rev().nth(cell(column) + GAP - 1).map_or(0, |(at, _)| at);
        let (before, count) = rest.split_at(from);
        let is_nothing = names || count.trim() == NONE;
        pieces.push((if is_nothing { Tone::Faint } else { column.tone }, count));
        rest = before;
    }
    pieces.push((title, rest));
    pieces.reverse();
    pieces
}

/// The width of a column: that of its name, and room for four digits.
fn cell(column: &Column) -> usize {
    width(column.name).max(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_give_way_to_counts() {
        let mut table = Table::new([("pass", Tone::Good, true), ("inconclusive", Tone::Faint, false)]);
        table.row("4.3  Quality of Service levels", vec![12, 3]);
        let mut page = Page::new(40, false);
        table.write(&mut page, 0, "chapter");
        let expected = "chapter               pass  inconclusive
────────────────────────────────────────
4.3  Quality of Ser…    12             3
";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn empty_columns_are_left_out() {
        let mut table =
            Table::new([("pass", Tone::Good, true), ("skip", Tone::Faint, false), ("fail", Tone::Bad, true)]);
        table.row("3.3 PUBLISH", vec![12, 0, 0]);
        table.row("4.7 Topics", vec![100, 0, 1]);
        let mut page = Page::new(80, false);
        table.write(&mut page, 2, "chapter");
        let expected = "  chapter      pass  fail
  ───────────────────────
  3.3 PUBLISH    12     ·
  4.7 Topics    100     1
  ───────────────────────
  total         112     1
";
        assert_eq!(page.finish(), expected);
    }
}
