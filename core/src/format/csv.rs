//! `CSV`, with or without a line of names and a line of types. A tuple takes a field for each of its items.

use super::printer::csv_string;
use super::{Options, Results, each_row, extra_rows};
use crate::error::Result;
use crate::value::DataType;

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let row = |out: &mut Vec<u8>, columns: &[super::printer::Printer], row: usize| {
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.push(options.csv_delimiter);
            }
            column.csv(row, options, out);
        }
        out.push(b'\n');
    };
    each_row(results.rows, options, out, |out, columns, index, _| row(out, columns, index))?;
    extra_rows(results, options, out, row)
}

pub(super) fn write_with_names(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    line(fields(results).into_iter().map(|(name, _)| name), options, out);
    write_rows(results, options, out)
}

pub(super) fn write_with_names_and_types(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let (names, types): (Vec<_>, Vec<_>) = fields(results).into_iter().unzip();
    line(names.into_iter(), options, out);
    line(types.into_iter(), options, out);
    write_rows(results, options, out)
}

fn line(texts: impl Iterator<Item = String>, options: &Options, out: &mut Vec<u8>) {
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push(options.csv_delimiter);
        }
        csv_string(text.as_bytes(), out);
    }
    out.push(b'\n');
}

/// Names and types of the fields of a record.
fn fields(results: &Results) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (name, data_type) in &results.rows.schema.0 {
        flatten(name.clone(), data_type, &mut fields);
    }
    fields
}

fn flatten(name: String, data_type: &DataType, fields: &mut Vec<(String, String)>) {
    let DataType::Tuple(items) = data_type else { return fields.push((name, data_type.to_string())) };
    for (index, (item, data_type)) in items.iter().enumerate() {
        let item = item.clone().unwrap_or_else(|| (index + 1).to_string());
        flatten(format!("{name}.{item}"), data_type, fields);
    }
}
