//! A table of counts.

use super::{
    page::{Page, Tone},
    text::width,
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
        let titles = self.rows.iter().map(|(title, _)| width(title));
        let first = titles.chain([width(heading), 5]).max().unwrap_or(0);

        let names: Vec<String> = shown
            .iter()
            .map(|(_, column)| format!("  {:>width$}", column.name, width = cell(column)))
            .collect();
        let rule = "─".repeat(first + names.iter().map(|name| width(name)).sum::<usize>());
        let mut pieces = vec![(Tone::Faint, padded(heading, first))];
        pieces.extend(names.into_iter().map(|name| (Tone::Faint, name)));
        write_row(page, indent, &pieces);
        page.line(indent, &[(Tone::Faint, &rule)]);
        for (title, counts) in &self.rows {
            write_row(page, indent, &count_row((Tone::Plain, padded(title, first)), counts, &shown));
        }
        if self.rows.len() > 1 {
            page.line(indent, &[(Tone::Faint, &rule)]);
            write_row(page, indent, &count_row((Tone::Strong, padded("total", first)), &totals, &shown));
        }
    }

    fn sum(&self, column: usize) -> usize {
        self.rows.iter().filter_map(|(_, counts)| counts.get(column)).sum()
    }
}

fn count_row(title: (Tone, String), counts: &[usize], shown: &[(usize, &Column)]) -> Vec<(Tone, String)> {
    let mut pieces = vec![title];
    for (index, column) in shown {
        let count = counts.get(*index).copied().unwrap_or(0);
        let (tone, text) =
            if count == 0 { (Tone::Faint, "·".into()) } else { (column.tone, count.to_string()) };
        pieces.push((tone, format!("  {text:>width$}", width = cell(column))));
    }
    pieces
}

fn write_row(page: &mut Page, indent: usize, pieces: &[(Tone, String)]) {
    let pieces: Vec<(Tone, &str)> = pieces.iter().map(|(tone, text)| (*tone, text.as_str())).collect();
    page.line(indent, &pieces);
}

fn cell(column: &Column) -> usize {
    width(column.name).max(4)
}

fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

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
