//! `JSON` and `JSONCompact`: one document with types, rows and statistics.

use super::printer::{Layout, json_string};
use super::{Options, Results, each_row, number};
use crate::error::Result;

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let keys: Vec<Vec<u8>> = results.rows.schema.0.iter().map(|(name, _)| key(name)).collect();
    open(results, out);
    each_row(results.rows, out, |out, columns, row, number| {
        out.extend_from_slice(if number == 0 { b"\t\t{\n" } else { b",\n\t\t{\n" });
        for (index, (key, column)) in keys.iter().zip(columns).enumerate() {
            out.extend_from_slice(if index == 0 { b"\t\t\t" } else { b",\n\t\t\t" });
            out.extend_from_slice(key);
            column.json(row, options, Layout::Pretty(3), out);
        }
        out.extend_from_slice(b"\n\t\t}");
    })?;
    close(results, out);
    Ok(())
}

pub(super) fn write_compact(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    open(results, out);
    each_row(results.rows, out, |out, columns, row, number| {
        out.extend_from_slice(if number == 0 { b"\t\t[" } else { b",\n\t\t[" });
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            column.json(row, options, Layout::Compact, out);
        }
        out.push(b']');
    })?;
    close(results, out);
    Ok(())
}

fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    json_string(name, &mut key);
    key.extend_from_slice(b": ");
    key
}

fn open(results: &Results, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\n\t\"meta\":\n\t[\n");
    for (index, (name, data_type)) in results.rows.schema.0.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\t\t{\n\t\t\t\"name\": " } else { b",\n\t\t{\n\t\t\t\"name\": " });
        json_string(name, out);
        out.extend_from_slice(b",\n\t\t\t\"type\": ");
        json_string(&data_type.to_string(), out);
        out.extend_from_slice(b"\n\t\t}");
    }
    out.extend_from_slice(b"\n\t],\n\n\t\"data\":\n\t[\n");
}

fn close(results: &Results, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\n\t],\n\n\t\"rows\": ");
    number::display(out, results.rows.count());
    if let Some(rows) = results.rows_before_limit {
        out.extend_from_slice(b",\n\n\t\"rows_before_limit_at_least\": ");
        number::display(out, rows);
    }
    out.extend_from_slice(b",\n\n\t\"statistics\":\n\t{\n\t\t\"elapsed\": ");
    number::float64(out, results.elapsed_ns as f64 / 1e9);
    out.extend_from_slice(b",\n\t\t\"rows_read\": ");
    number::display(out, results.rows_read);
    out.extend_from_slice(b",\n\t\t\"bytes_read\": ");
    number::display(out, results.bytes_read);
    out.extend_from_slice(b"\n\t}\n}\n");
}
