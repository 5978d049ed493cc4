//! `JSON`, `JSONCompact` and their kin of strings: one document with types, rows and statistics.

use super::printer::{Layout, Printer, json_string};
use super::{Options, Results, each_row, first_row, number};
use crate::batch::Rows;
use crate::error::Result;

/// How a row stands in the document.
#[derive(Clone, Copy)]
struct Style {
    /// An array instead of an object.
    compact: bool,
    /// Every value as a string.
    strings: bool,
}

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    write(results, options, Style { compact: false, strings: false }, out)
}

pub(super) fn write_compact(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    write(results, options, Style { compact: true, strings: false }, out)
}

pub(super) fn write_strings(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    write(results, options, Style { compact: false, strings: true }, out)
}

pub(super) fn write_compact_strings(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    write(results, options, Style { compact: true, strings: true }, out)
}

fn write(results: &Results, options: &Options, style: Style, out: &mut Vec<u8>) -> Result<()> {
    let keys = keys(results.rows, options);
    open(results, options, out);
    out.extend_from_slice(b"\n\t[\n");
    each_row(results.rows, options, out, |out, columns, row, number| {
        if number > 0 {
            out.extend_from_slice(b",\n");
        }
        out.extend_from_slice(b"\t\t");
        match style.compact {
            true => array(columns, row, options, style, out),
            false => object(&keys, columns, row, options, style, 2, out),
        }
    })?;
    out.extend_from_slice(b"\n\t]");
    extra(results, options, &keys, style, out)?;
    close(results, options, out);
    Ok(())
}

/// Each column's name as JSON, with the colon.
fn keys(rows: &Rows, options: &Options) -> Vec<Vec<u8>> {
    let keys = rows.schema.0.iter().map(|(name, _)| {
        let mut key = Vec::new();
        json_string(name, options, &mut key);
        key.extend_from_slice(b": ");
        key
    });
    keys.collect()
}

fn object(
    keys: &[Vec<u8>],
    columns: &[Printer],
    row: usize,
    options: &Options,
    style: Style,
    level: usize,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"{\n");
    for (index, (key, column)) in keys.iter().zip(columns).enumerate() {
        if index > 0 {
            out.extend_from_slice(b",\n");
        }
        tabs(level + 1, out);
        out.extend_from_slice(key);
        match style.strings {
            true => column.json_text(row, options, out),
            false => column.json(row, options, Layout::tabs(level + 1), out),
        }
    }
    out.push(b'\n');
    tabs(level, out);
    out.push(b'}');
}

fn array(columns: &[Printer], row: usize, options: &Options, style: Style, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        match style.strings {
            true => column.json_text(row, options, out),
            false => column.json(row, options, Layout::Compact, out),
        }
    }
    out.push(b']');
}

/// Up to the key of the data.
pub(super) fn open(results: &Results, options: &Options, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\n\t\"meta\":\n\t[\n");
    for (index, (name, data_type)) in results.rows.schema.0.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\t\t{\n\t\t\t\"name\": " } else { b",\n\t\t{\n\t\t\t\"name\": " });
        json_string(name, options, out);
        out.extend_from_slice(b",\n\t\t\t\"type\": ");
        json_string(&data_type.to_string(), options, out);
        out.extend_from_slice(b"\n\t\t}");
    }
    out.extend_from_slice(b"\n\t],\n\n\t\"data\":");
}

/// Totals and extremes.
fn extra(results: &Results, options: &Options, keys: &[Vec<u8>], style: Style, out: &mut Vec<u8>) -> Result<()> {
    let row = |rows: &Rows, row: usize, level: usize, out: &mut Vec<u8>| {
        first_row(rows, row, options, out, |out, columns, row| match style.compact {
            true => {
                out.push(b' ');
                array(columns, row, options, style, out);
            }
            false => {
                out.push(b'\n');
                tabs(level, out);
                object(keys, columns, row, options, style, level, out);
            }
        })
    };
    if let Some(totals) = results.totals {
        out.extend_from_slice(b",\n\n\t\"totals\":");
        row(totals, 0, 1, out)?;
    }
    if let Some(extremes) = results.extremes {
        out.extend_from_slice(b",\n\n\t\"extremes\":\n\t{\n\t\t\"min\":");
        row(extremes, 0, 2, out)?;
        out.extend_from_slice(b",\n\t\t\"max\":");
        row(extremes, 1, 2, out)?;
        out.extend_from_slice(b"\n\t}");
    }
    Ok(())
}

/// As `JSONColumnsWithMetadata` has totals: objects, as in `JSON`, though its data are columns.
pub(super) fn extra_objects(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    extra(results, options, &keys(results.rows, options), Style { compact: false, strings: false }, out)
}

pub(super) fn close(results: &Results, options: &Options, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\n\n\t\"rows\": ");
    number::display(out, results.rows.count());
    if let Some(rows) = results.rows_before_limit {
        out.extend_from_slice(b",\n\n\t\"rows_before_limit_at_least\": ");
        number::display(out, rows);
    }
    if options.write_statistics {
        out.extend_from_slice(b",\n\n\t\"statistics\":\n\t{\n\t\t\"elapsed\": ");
        number::float64(out, results.elapsed_ns as f64 / 1e9);
        out.extend_from_slice(b",\n\t\t\"rows_read\": ");
        number::display(out, results.rows_read);
        out.extend_from_slice(b",\n\t\t\"bytes_read\": ");
        number::display(out, results.bytes_read);
        out.extend_from_slice(b"\n\t}");
    }
    out.extend_from_slice(b"\n}\n");
}

fn tabs(count: usize, out: &mut Vec<u8>) {
    out.extend(std::iter::repeat_n(b'\t', count));
}
