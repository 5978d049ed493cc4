//! `Pretty`, `PrettyCompact`, `PrettySpace`: a table drawn with lines, for people.
//!
//! ```text
//!    ┌─number─┬─name──┐     a row's number, right-aligned numbers, values of several lines,
//! 1. │      0 │ short │     and a tip where one number is hard to read: -- 1.23 million
//! 2. │      1 │ two  ↴│
//!    │        │↳lines │
//!    └────────┴───────┘
//! ```

use super::printer::Printer;
use super::text_width::{cut, width};
use super::{Options, Results, number, too_large, vertical};
use crate::batch::Rows;
use crate::error::Result;
use crate::limits::RESULT_BYTES_MAX;
use crate::value::DataType;

/// Values are padded to this width at most, and cut at the other.
const PAD_WIDTH_MAX: usize = 250;
const VALUE_WIDTH_MAX: usize = 10_000;
/// From so many rows on the names stand below the table too.
const FOOTER_ROWS_MIN: usize = 50;
/// A table that is wide but short is turned on its side.
const VERTICAL_ROWS_MAX: usize = 10;
const VERTICAL_COLUMNS_MIN: usize = 5;
const VERTICAL_WIDTH_MIN: usize = 250;
const TIP_ABOVE: f64 = 1e6;
/// Names are shortened to this width where values are narrower, if they are this much wider.
const NAME_WIDTH: usize = 24;
const NAME_WIDTH_SPARE: usize = 4;

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Full,
    Compact,
    Space,
}

pub(super) fn write_full(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    write(results, options, Style::Full, out)
}

pub(super) fn write_compact(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    write(results, options, Style::Compact, out)
}

pub(super) fn write_space(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    write(results, options, Style::Space, out)
}

fn write(results: &Results, options: &Options, style: Style, out: &mut Vec<u8>) -> Result<()> {
    let count = results.rows.count();
    if count > 0 {
        Table::new(results.rows, options, style)?.write(out)?;
    }
    if count >= options.pretty_rows_max {
        if style == Style::Space {
            out.push(b'\n');
        }
        let shown = count.min(options.pretty_rows_max);
        number::display(out, format_args!("Showed {shown} out of {count} rows.\n"));
    }
    for (title, rows) in [("Totals", results.totals), ("Extremes", results.extremes)] {
        if let Some(rows) = rows {
            number::display(out, format_args!("\n{title}:\n"));
            Table::new(rows, options, style)?.write(out)?;
        }
    }
    Ok(())
}

/// Where a border's corners, fill and junctions come from.
struct Border {
    left: &'static str,
    fill: &'static str,
    middle: &'static str,
    right: &'static str,
}

const fn border(left: &'static str, fill: &'static str, middle: &'static str, right: &'static str) -> Border {
    Border { left, fill, middle, right }
}

/// The lines of a grid, from top to bottom.
struct Grid {
    names_top: Border,
    names_bottom: Border,
    between: Border,
    bottom: Border,
    footer_top: Border,
    footer_bottom: Border,
    /// The line that names stand in, where they have no lines of their own.
    compact: Border,
    bar: &'static str,
    bold_bar: &'static str,
    cut: &'static str,
    line_feed: &'static str,
    continued: &'static str,
}

const UTF8: Grid = Grid {
    names_top: border("┏", "━", "┳", "┓"),
    names_bottom: border("┡", "━", "╇", "┩"),
    between: border("├", "─", "┼", "┤"),
    bottom: border("└", "─", "┴", "┘"),
    footer_top: border("┢", "━", "╈", "┪"),
    footer_bottom: border("┗", "━", "┻", "┛"),
    compact: border("┌", "─", "┬", "┐"),
    bar: "│",
    bold_bar: "┃",
    cut: "⋯",
    line_feed: "↴",
    continued: "↳",
};

const PLAIN: Border = border("+", "-", "+", "+");

const ASCII: Grid = Grid {
    names_top: PLAIN,
    names_bottom: PLAIN,
    between: PLAIN,
    bottom: PLAIN,
    footer_top: PLAIN,
    footer_bottom: PLAIN,
    compact: PLAIN,
    bar: "|",
    bold_bar: "|",
    cut: "~",
    line_feed: "\\",
    continued: ">",
};

struct Table<'a> {
    rows: &'a Rows,
    options: &'a Options,
    style: Style,
    grid: &'static Grid,
    /// The rows that are shown, and their values as text.
    shown: Vec<(usize, Vec<String>)>,
    widths: Vec<usize>,
    names: Vec<String>,
    /// What stands where a row's number would.
    margin: String,
    tips: Vec<String>,
    turned: bool,
}

impl<'a> Table<'a> {
    fn new(rows: &'a Rows, options: &'a Options, style: Style) -> Result<Table<'a>> {
        let count = rows.count();
        let mut table = Table {
            rows,
            options,
            style,
            grid: if options.pretty_ascii { &ASCII } else { &UTF8 },
            shown: Vec::new(),
            widths: Vec::new(),
            names: Vec::new(),
            margin: String::new(),
            tips: Vec::new(),
            turned: false,
        };
        table.print_values(count)?;
        if options.pretty_row_numbers {
            table.margin = " ".repeat(count.to_string().len() + ". ".len());
        }
        let mut start = table.first_place();
        for (index, (name, _)) in rows.schema.0.iter().enumerate() {
            let values = table.shown.iter().map(|(_, values)| {
                let lines = values[index].split('\n').map(|line| width(line, start));
                lines.max().unwrap_or(0).min(PAD_WIDTH_MAX)
            });
            let widest = values.max().unwrap_or(0);
            let name = shortened(name, widest, options);
            let widest = widest.max(width(&name, 0).min(PAD_WIDTH_MAX));
            start += widest + 3;
            table.widths.push(widest);
            table.names.push(name);
        }
        let has_lines = table.shown.iter().any(|(_, values)| values.iter().any(|value| value.contains('\n')));
        table.turned = count <= VERTICAL_ROWS_MAX
            && rows.schema.0.len() >= VERTICAL_COLUMNS_MIN
            && (table.widths.iter().sum::<usize>() >= VERTICAL_WIDTH_MIN || has_lines);
        Ok(table)
    }

    /// Where the first value begins; how far a tab goes depends on it.
    fn first_place(&self) -> usize {
        self.margin.len() + if self.style == Style::Space { 1 } else { 2 }
    }

    /// Of too many rows, the middle is left out.
    fn print_values(&mut self, count: usize) -> Result<()> {
        let max = self.options.pretty_rows_max;
        let is_shown = |row: usize| count <= max || row < max.div_ceil(2) || row >= count - max / 2;
        let tips = self.rows.schema.0.last().is_some_and(|(_, data_type)| has_tip(data_type));
        let (mut number, mut bytes) = (0, 0);
        for batch in &self.rows.batches {
            let columns = Printer::of_batch(&self.rows.schema, batch, self.options)?;
            for row in 0..batch.num_rows() {
                if is_shown(number) {
                    let values = columns.iter().map(|column| {
                        let mut text = Vec::new();
                        column.pretty(row, self.options, &mut text);
                        String::from_utf8_lossy(&text).into_owned()
                    });
                    let values: Vec<String> = values.collect();
                    bytes += values.iter().map(String::len).sum::<usize>();
                    if bytes > RESULT_BYTES_MAX {
                        return Err(too_large());
                    }
                    self.shown.push((number, values));
                    let mut text = Vec::new();
                    if let Some(last) = columns.last().filter(|_| tips) {
                        tip(last, row, &mut text);
                    }
                    self.tips.push(String::from_utf8_lossy(&text).into_owned());
                }
                number += 1;
            }
        }
        Ok(())
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        if self.turned {
            self.write_turned(out);
            return Ok(());
        }
        let put = |out: &mut Vec<u8>, text: &str| out.extend_from_slice(text.as_bytes());
        match self.style {
            Style::Full => {
                self.border(&self.grid.names_top, out);
                self.names(&self.grid.compact, out);
                self.border(&self.grid.names_bottom, out);
            }
            Style::Compact => self.names(&self.grid.compact, out),
            Style::Space => {
                self.names(&self.grid.compact, out);
                put(out, "\n");
            }
        }
        let mut last = None;
        for (at, (row, values)) in self.shown.iter().enumerate() {
            if last.is_some_and(|last| last + 1 != *row) {
                self.separator(out);
                self.gap(out);
            }
            if last.is_some() {
                self.separator(out);
            }
            last = Some(*row);
            self.row(*row, values, &self.tips[at], out);
            if out.len() > RESULT_BYTES_MAX {
                return Err(too_large());
            }
        }
        match (self.rows.count() >= FOOTER_ROWS_MIN, self.style) {
            (true, Style::Full) => {
                self.border(&self.grid.footer_top, out);
                self.names(&self.grid.bottom, out);
                self.border(&self.grid.footer_bottom, out);
            }
            (true, Style::Compact) => self.names(&self.grid.bottom, out),
            (true, Style::Space) => {
                put(out, "\n");
                self.names(&self.grid.bottom, out);
                put(out, "\n");
            }
            (false, Style::Space) => {}
            (false, _) => self.border(&self.grid.bottom, out),
        }
        Ok(())
    }

    fn write_turned(&self, out: &mut Vec<u8>) {
        let names = vertical::padded_names(self.rows, self.options);
        for (at, (row, values)) in self.shown.iter().enumerate() {
            if at > 0 {
                out.push(b'\n');
            }
            vertical::row_head(row + 1, out);
            for (name, value) in names.iter().zip(values) {
                number::display(out, format_args!("{name}{value}\n"));
            }
        }
    }

    fn border(&self, border: &Border, out: &mut Vec<u8>) {
        out.extend_from_slice(self.margin.as_bytes());
        for (index, width) in self.widths.iter().enumerate() {
            let before = if index == 0 { border.left } else { border.middle };
            out.extend_from_slice(before.as_bytes());
            out.extend_from_slice(border.fill.repeat(width + 2).as_bytes());
        }
        number::display(out, format_args!("{}\n", border.right));
    }

    fn separator(&self, out: &mut Vec<u8>) {
        if self.style == Style::Full {
            self.border(&self.grid.between, out);
        }
    }

    /// Where rows are left out.
    fn gap(&self, out: &mut Vec<u8>) {
        let inside: usize = self.widths.iter().map(|width| width + 3).sum();
        let size = if self.style == Style::Space { inside - 2 } else { inside + 1 };
        out.extend_from_slice(self.margin.as_bytes());
        for at in 0..size {
            let mark = if at % 2 == 0 { self.grid.between.fill } else { " " };
            out.extend_from_slice(mark.as_bytes());
        }
        out.push(b'\n');
    }

    fn names(&self, border: &Border, out: &mut Vec<u8>) {
        let (left, middle, right, fill) = match self.style {
            Style::Full => (
                format!("{} ", self.grid.bold_bar),
                format!(" {} ", self.grid.bold_bar),
                format!(" {}", self.grid.bold_bar),
                " ",
            ),
            Style::Compact => (
                format!("{}{}", border.left, border.fill),
                format!("{}{}{}", border.fill, border.middle, border.fill),
                format!("{}{}", border.fill, border.right),
                border.fill,
            ),
            Style::Space => (" ".to_owned(), "   ".to_owned(), String::new(), " "),
        };
        let mut line = self.margin.clone() + &left;
        let types = self.rows.schema.0.iter().map(|(_, data_type)| data_type);
        for (index, ((name, data_type), widest)) in self.names.iter().zip(types).zip(&self.widths).enumerate() {
            if index > 0 {
                line += &middle;
            }
            let padding = fill.repeat(widest.saturating_sub(width(name, 0)));
            match is_right_aligned(data_type) {
                true => line = line + &padding + name,
                false => line = line + name + &padding,
            }
        }
        number::display(out, format_args!("{line}{right}\n"));
    }

    fn row(&self, row: usize, values: &[String], tip: &str, out: &mut Vec<u8>) {
        let lines: Vec<Vec<&str>> = values.iter().map(|value| value.split('\n').collect()).collect();
        let height = lines.iter().map(Vec::len).max().unwrap_or(1);
        // a value on its own is shown whole
        let is_only = self.widths.len() == 1 && self.rows.count() == 1;
        for line in 0..height {
            match (line, self.options.pretty_row_numbers) {
                (0, true) => number::display(out, format_args!("{:>1$}. ", row + 1, self.margin.len() - 2)),
                _ => out.extend_from_slice(self.margin.as_bytes()),
            }
            for (index, (lines, (_, data_type))) in lines.iter().zip(&self.rows.schema.0).enumerate() {
                match self.style {
                    Style::Space if index == 0 => {}
                    Style::Space => out.push(b' '),
                    _ => out.extend_from_slice(self.grid.bar.as_bytes()),
                }
                self.value(index, lines, line, is_right_aligned(data_type), is_only, out);
            }
            if self.style != Style::Space {
                out.extend_from_slice(self.grid.bar.as_bytes());
            }
            number::display(out, format_args!("{tip}\n"));
        }
    }

    /// One line of a value, from the mark before it to the one behind it.
    fn value(&self, column: usize, lines: &[&str], line: usize, right: bool, is_only: bool, out: &mut Vec<u8>) {
        let start = self.first_place();
        let text = lines.get(line).copied().unwrap_or("");
        let mut taken = width(text, start);
        let is_cut = taken > VALUE_WIDTH_MAX && !is_only;
        let text = if is_cut { cut(text, VALUE_WIDTH_MAX) } else { text };
        taken = if is_cut { VALUE_WIDTH_MAX } else { taken };
        let before = if line > 0 && line < lines.len() { self.grid.continued } else { " " };
        let behind = match (line + 1 < lines.len(), is_cut) {
            (true, _) => self.grid.line_feed,
            (false, true) => self.grid.cut,
            (false, false) => " ",
        };
        let padding = " ".repeat(self.widths[column].saturating_sub(taken));
        match right {
            true => number::display(out, format_args!("{before}{padding}{text}{behind}")),
            false if is_cut => number::display(out, format_args!("{before}{text}{behind}{padding}")),
            false => number::display(out, format_args!("{before}{text}{padding}{behind}")),
        }
    }
}

/// Numbers and moments are easier to compare with their ends in one column.
pub(super) fn is_right_aligned(data_type: &DataType) -> bool {
    match data_type.bare() {
        DataType::Bool => false,
        DataType::Interval(_) => true,
        bare => bare.is_numeric() || bare.is_date_or_time(),
    }
}

/// Whether values are numbers, which may need to be said in words.
pub(super) fn has_tip(data_type: &DataType) -> bool {
    data_type.is_numeric() && *data_type.bare() != DataType::Bool
}

/// A name that is longer than its column by much loses its middle, unless it is a name that somebody chose.
pub(super) fn shortened(name: &str, widest_value: usize, options: &Options) -> String {
    let width_max = widest_value.max(NAME_WIDTH);
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_chosen = name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit());
    if is_chosen || width(name, 0) <= width_max + NAME_WIDTH_SPARE {
        return name.to_owned();
    }
    let start = cut(name, width_max / 2);
    let end_width = width_max - 1 - width(start, 0);
    let end = name.char_indices().map(|(at, _)| &name[at..]).find(|end| width(end, 0) <= end_width).unwrap_or("");
    format!("{start}{}{end}", if options.pretty_ascii { ASCII.cut } else { UTF8.cut })
}

/// ` -- 1.23 million` for a large number; not for those that are likely hashes.
pub(super) fn tip(column: &Printer, row: usize, out: &mut Vec<u8>) {
    let mut text = Vec::new();
    column.text(row, "", &mut text);
    let Some(mut value) = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<f64>().ok()) else { return };
    let size = value.abs();
    if !size.is_finite() || size <= TIP_ABOVE || size > 1e17 && size < 1.844_675e19 {
        return;
    }
    let mut unit = 0;
    while value.abs() >= 1000.0 && unit + 1 < QUANTITIES.len() {
        value /= 1000.0;
        unit += 1;
    }
    out.extend_from_slice(b" -- ");
    match value.abs() < 1e21 {
        true => number::display(out, format_args!("{value:.2}")),
        false => number::float64(out, value),
    }
    number::display(out, format_args!(" {}", QUANTITIES[unit]));
}

const QUANTITIES: [&str; 22] = [
    "",
    "thousand",
    "million",
    "billion",
    "trillion",
    "quadrillion",
    "quintillion",
    "sextillion",
    "septillion",
    "octillion",
    "nonillion",
    "decillion",
    "undecillion",
    "duodecillion",
    "tredecillion",
    "quattuordecillion",
    "quindecillion",
    "sexdecillion",
    "septendecillion",
    "octodecillion",
    "novemdecillion",
    "vigintillion",
];
