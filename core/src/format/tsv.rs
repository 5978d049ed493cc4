//! `TabSeparated`, with or without a line of names and a line of types.

use super::printer::escaped;
use super::{Options, Results, each_row};
use crate::error::Result;

pub(super) fn write_rows(results: &Results, _options: &Options, out: &mut Vec<u8>) -> Result<()> {
    each_row(results.rows, out, |out, columns, row, _| {
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.push(b'\t');
            }
            column.tsv(row, out);
        }
        out.push(b'\n');
    })
}

pub(super) fn write_with_names(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    line(results.rows.schema.0.iter().map(|(name, _)| name.clone()), out);
    write_rows(results, options, out)
}

pub(super) fn write_with_names_and_types(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    line(results.rows.schema.0.iter().map(|(name, _)| name.clone()), out);
    line(results.rows.schema.0.iter().map(|(_, data_type)| data_type.to_string()), out);
    write_rows(results, options, out)
}

fn line(texts: impl Iterator<Item = String>, out: &mut Vec<u8>) {
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push(b'\t');
        }
        escaped(text.as_bytes(), out);
    }
    out.push(b'\n');
}
