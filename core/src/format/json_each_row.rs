//! `JSONEachRow` (NDJSON), `JSONCompactEachRow` and their kin: a line for each row.

use super::printer::{Layout, json_string};
use super::{Options, Results, each_row};
use crate::error::Result;

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    objects(results, options, false, out)
}

pub(super) fn write_strings(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    objects(results, options, true, out)
}

fn objects(results: &Results, options: &Options, strings: bool, out: &mut Vec<u8>) -> Result<()> {
    let keys: Vec<Vec<u8>> = results.rows.schema.0.iter().map(|(name, _)| key(name, options)).collect();
    if options.array_of_rows {
        out.extend_from_slice(b"[\n");
    }
    each_row(results.rows, options, out, |out, columns, row, number| {
        if number > 0 && options.array_of_rows {
            out.extend_from_slice(b",\n");
        }
        out.push(b'{');
        for (index, (key, column)) in keys.iter().zip(columns).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            match strings {
                true => column.json_text(row, options, out),
                false => column.json(row, options, Layout::Compact, out),
            }
        }
        out.push(b'}');
        if !options.array_of_rows {
            out.push(b'\n');
        }
    })?;
    if options.array_of_rows {
        out.extend_from_slice(b"\n]\n");
    }
    Ok(())
}

/// An object over several lines for each row.
pub(super) fn write_pretty(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let keys: Vec<Vec<u8>> = results.rows.schema.0.iter().map(|(name, _)| key(name, options)).collect();
    let layout = Layout::Pretty { level: 1, indent: Layout::FOUR_SPACES };
    each_row(results.rows, options, out, |out, columns, row, _| {
        out.extend_from_slice(b"{\n");
        for (index, (key, column)) in keys.iter().zip(columns).enumerate() {
            out.extend_from_slice(if index > 0 { b",\n    " } else { b"    " });
            out.extend_from_slice(key);
            out.push(b' ');
            column.json(row, options, layout, out);
        }
        out.extend_from_slice(b"\n}\n");
    })
}

pub(super) fn write_compact(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    arrays(results, options, false, out)
}

pub(super) fn write_compact_with_names(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    names(results, options, out);
    arrays(results, options, false, out)
}

pub(super) fn write_compact_with_names_and_types(
    results: &Results,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<()> {
    names(results, options, out);
    types(results, options, out);
    arrays(results, options, false, out)
}

pub(super) fn write_compact_strings(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    arrays(results, options, true, out)
}

pub(super) fn write_compact_strings_with_names(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    names(results, options, out);
    arrays(results, options, true, out)
}

pub(super) fn write_compact_strings_with_names_and_types(
    results: &Results,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<()> {
    names(results, options, out);
    types(results, options, out);
    arrays(results, options, true, out)
}

fn arrays(results: &Results, options: &Options, strings: bool, out: &mut Vec<u8>) -> Result<()> {
    each_row(results.rows, options, out, |out, columns, row, _| {
        out.push(b'[');
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            match strings {
                true => column.json_text(row, options, out),
                false => column.json(row, options, Layout::Compact, out),
            }
        }
        out.extend_from_slice(b"]\n");
    })
}

fn names(results: &Results, options: &Options, out: &mut Vec<u8>) {
    line(results.rows.schema.0.iter().map(|(name, _)| name.clone()), options, out);
}

fn types(results: &Results, options: &Options, out: &mut Vec<u8>) {
    line(results.rows.schema.0.iter().map(|(_, data_type)| data_type.to_string()), options, out);
}

fn line(texts: impl Iterator<Item = String>, options: &Options, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        json_string(&text, options, out);
    }
    out.extend_from_slice(b"]\n");
}

/// `JSONObjectEachRow`: one object of all rows.
pub(super) fn write_object(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let keys: Vec<Vec<u8>> = results.rows.schema.0.iter().map(|(name, _)| key(name, options)).collect();
    out.extend_from_slice(b"{\n");
    each_row(results.rows, options, out, |out, columns, row, number| {
        if number > 0 {
            out.extend_from_slice(b",\n");
        }
        super::number::display(out, format_args!("\t\"row_{}\": {{", number + 1));
        for (index, (key, column)) in keys.iter().zip(columns).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            column.json(row, options, Layout::Compact, out);
        }
        out.push(b'}');
    })?;
    out.extend_from_slice(b"\n}\n");
    Ok(())
}

fn key(name: &str, options: &Options) -> Vec<u8> {
    let mut key = Vec::new();
    json_string(name, options, &mut key);
    key.push(b':');
    key
}
