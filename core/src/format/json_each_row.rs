//! `JSONEachRow` (NDJSON) and `JSONCompactEachRow`: a line for each row.

use super::printer::{Layout, json_string};
use super::{Options, Results, each_row};
use crate::error::Result;

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let keys: Vec<Vec<u8>> = results.rows.schema.0.iter().map(|(name, _)| key(name)).collect();
    each_row(results.rows, out, |out, columns, row, _| {
        out.push(b'{');
        for (index, (key, column)) in keys.iter().zip(columns).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            column.json(row, options, Layout::Compact, out);
        }
        out.extend_from_slice(b"}\n");
    })
}

pub(super) fn write_compact(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    each_row(results.rows, out, |out, columns, row, _| {
        out.push(b'[');
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            column.json(row, options, Layout::Compact, out);
        }
        out.extend_from_slice(b"]\n");
    })
}

fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    json_string(name, &mut key);
    key.push(b':');
    key
}
