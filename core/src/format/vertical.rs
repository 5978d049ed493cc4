//! `Vertical`: a line for each value, under the number of its row.

use super::printer::{NULL_TEXT, Printer};
use super::text_width::width;
use super::{Options, Results, each_row, first_row, number, pretty};
use crate::batch::Rows;
use crate::error::Result;

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let count = results.rows.count();
    let names = padded_names(results.rows, options);
    let tips: Vec<bool> = results.rows.schema.0.iter().map(|(_, data_type)| pretty::has_tip(data_type)).collect();
    each_row(results.rows, options, out, |out, columns, row, index| {
        if index >= options.pretty_rows_max {
            return;
        }
        if index > 0 {
            out.push(b'\n');
        }
        row_head(index + 1, out);
        values(&names, &tips, columns, row, out);
    })?;
    if count > options.pretty_rows_max {
        number::display(out, format_args!("\nShowed first {}.\n", options.pretty_rows_max));
    }
    let extra = |title: &str, rows: &Rows, row: usize, out: &mut Vec<u8>| {
        first_row(rows, row, options, out, |out, columns, row| {
            number::display(out, format_args!("\n{title}:\n{}\n", "─".repeat(title.len() + 1)));
            values(&names, &tips, columns, row, out);
        })
    };
    if let Some(totals) = results.totals {
        out.push(b'\n');
        extra("Totals", totals, 0, out)?;
    }
    if let Some(extremes) = results.extremes {
        if results.totals.is_none() {
            out.push(b'\n');
        }
        extra("Min", extremes, 0, out)?;
        extra("Max", extremes, 1, out)?;
    }
    Ok(())
}

/// `Row 7:` and a line below it.
pub(super) fn row_head(row: usize, out: &mut Vec<u8>) {
    // one more than the row's digits where the next row has more
    let digits = (row + 1).to_string().len();
    number::display(out, format_args!("Row {row}:\n{}\n", "─".repeat(digits + "Row :".len())));
}

/// Names with their colon, all of one width.
pub(super) fn padded_names(rows: &Rows, options: &Options) -> Vec<String> {
    let names: Vec<String> = rows.schema.0.iter().map(|(name, _)| pretty::shortened(name, 0, options)).collect();
    let widest = names.iter().map(|name| width(name, 0)).max().unwrap_or(0);
    names.iter().map(|name| format!("{name}:{}", " ".repeat(widest - width(name, 0) + 1))).collect()
}

fn values(names: &[String], tips: &[bool], columns: &[Printer], row: usize, out: &mut Vec<u8>) {
    for ((name, column), tip) in names.iter().zip(columns).zip(tips) {
        out.extend_from_slice(name.as_bytes());
        column.text(row, NULL_TEXT, out);
        if *tip {
            pretty::tip(column, row, out);
        }
        out.push(b'\n');
    }
}
