//! `JSONColumns`, `JSONCompactColumns`, `JSONColumnsWithMetadata`: an array for each column.

use super::printer::{Layout, Printer, json_string};
use super::{Options, Results, json, too_large};
use crate::error::Result;
use crate::limits::RESULT_BYTES_MAX;

pub(super) fn write_columns(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"{\n");
    columns(results, options, Some(1), out)?;
    out.extend_from_slice(b"\n}\n");
    Ok(())
}

/// Without names; and without columns, if there is no row.
pub(super) fn write_compact(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"[\n");
    if results.rows.count() > 0 {
        columns(results, options, None, out)?;
    }
    out.extend_from_slice(b"\n]\n");
    Ok(())
}

pub(super) fn write_with_metadata(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    json::open(results, options, out);
    out.extend_from_slice(b"\n\t{\n");
    if results.rows.count() > 0 {
        columns(results, options, Some(2), out)?;
    }
    out.extend_from_slice(b"\n\t}");
    json::extra_objects(results, options, out)?;
    json::close(results, options, out);
    Ok(())
}

/// A line for each column; with names, behind so many tabs.
fn columns(results: &Results, options: &Options, named: Option<usize>, out: &mut Vec<u8>) -> Result<()> {
    let schema = &results.rows.schema;
    let batches = results.rows.batches.iter();
    let batches = batches.map(|batch| Ok((Printer::of_batch(schema, batch, options)?, batch.num_rows())));
    let batches = batches.collect::<Result<Vec<_>>>()?;
    for (index, (name, _)) in schema.0.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b",\n");
        }
        out.extend(std::iter::repeat_n(b'\t', named.unwrap_or(1)));
        if named.is_some() {
            json_string(name, options, out);
            out.extend_from_slice(b": ");
        }
        out.push(b'[');
        let mut is_first = true;
        for (printers, count) in &batches {
            for row in 0..*count {
                if !is_first {
                    out.extend_from_slice(b", ");
                }
                is_first = false;
                printers[index].json(row, options, Layout::Compact, out);
                if out.len() > RESULT_BYTES_MAX {
                    return Err(too_large());
                }
            }
        }
        out.push(b']');
    }
    Ok(())
}
