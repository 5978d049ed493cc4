//! `TabSeparated`, with or without a line of names and a line of types, escaped or raw; `TSKV`.

use super::printer::{Printer, escaped};
use super::{Options, Results, each_row, extra_rows};
use crate::error::Result;

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    lines(results, options, out, |column, row, out| column.tsv(row, options, out))
}

pub(super) fn write_raw(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    lines(results, options, out, |column, row, out| column.text(row, &options.tsv_null, out))
}

pub(super) fn write_with_names(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    line(names(results), escaped, out);
    write_rows(results, options, out)
}

pub(super) fn write_with_names_and_types(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    line(names(results), escaped, out);
    line(types(results), escaped, out);
    write_rows(results, options, out)
}

pub(super) fn write_raw_with_names(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    line(names(results), as_is, out);
    write_raw(results, options, out)
}

pub(super) fn write_raw_with_names_and_types(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    line(names(results), as_is, out);
    line(types(results), as_is, out);
    write_raw(results, options, out)
}

/// `name=value` for each column.
pub(super) fn write_named(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let keys: Vec<Vec<u8>> = names(results)
        .map(|name| {
            let mut key = Vec::new();
            escaped(name.as_bytes(), &mut key);
            let mut out = Vec::new();
            for byte in key {
                if byte == b'=' {
                    out.push(b'\\');
                }
                out.push(byte);
            }
            out.push(b'=');
            out
        })
        .collect();
    each_row(results.rows, options, out, |out, columns, row, _| {
        for (index, (key, column)) in keys.iter().zip(columns).enumerate() {
            if index > 0 {
                out.push(b'\t');
            }
            out.extend_from_slice(key);
            column.tsv(row, options, out);
        }
        out.push(b'\n');
    })
}

fn lines(
    results: &Results,
    options: &Options,
    out: &mut Vec<u8>,
    print: impl Fn(&Printer, usize, &mut Vec<u8>),
) -> Result<()> {
    let row = |out: &mut Vec<u8>, columns: &[Printer], row: usize| {
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.push(b'\t');
            }
            print(column, row, out);
        }
        out.push(b'\n');
    };
    each_row(results.rows, options, out, |out, columns, index, _| row(out, columns, index))?;
    extra_rows(results, options, out, row)
}

fn names<'a>(results: &'a Results) -> impl Iterator<Item = String> + 'a {
    results.rows.schema.0.iter().map(|(name, _)| name.clone())
}

fn types<'a>(results: &'a Results) -> impl Iterator<Item = String> + 'a {
    results.rows.schema.0.iter().map(|(_, data_type)| data_type.to_string())
}

fn as_is(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(text);
}

fn line(texts: impl Iterator<Item = String>, print: impl Fn(&[u8], &mut Vec<u8>), out: &mut Vec<u8>) {
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push(b'\t');
        }
        print(text.as_bytes(), out);
    }
    out.push(b'\n');
}
