//! `Values` and `SQLInsert`: rows as SQL literals.

use super::printer::Printer;
use super::{Options, Results, each_row};
use crate::error::Result;

/// Rows of one INSERT.
const INSERT_ROWS_MAX: usize = 65_409;

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    each_row(results.rows, options, out, |out, columns, row, number| {
        if number > 0 {
            out.push(b',');
        }
        literals(columns, row, b",", out);
    })
}

pub(super) fn write_insert(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let names: Vec<String> = results.rows.schema.0.iter().map(|(name, _)| format!("`{name}`")).collect();
    let head = format!("INSERT INTO {} ({}) VALUES ", options.insert_table, names.join(", "));
    each_row(results.rows, options, out, |out, columns, row, number| {
        match number % INSERT_ROWS_MAX {
            0 => {
                if number > 0 {
                    out.extend_from_slice(b";\n");
                }
                out.extend_from_slice(head.as_bytes());
            }
            _ => out.extend_from_slice(b", "),
        }
        literals(columns, row, b", ", out);
    })?;
    out.extend_from_slice(b";\n");
    Ok(())
}

fn literals(columns: &[Printer], row: usize, separator: &[u8], out: &mut Vec<u8>) {
    out.push(b'(');
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        column.quoted(row, out);
    }
    out.push(b')');
}
