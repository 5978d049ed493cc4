//! `CSV` and `CSVWithNames`. A tuple takes a field for each of its items.

use super::printer::csv_string;
use super::{Options, Results, each_row};
use crate::error::Result;
use crate::value::DataType;

pub(super) fn write_rows(results: &Results, _options: &Options, out: &mut Vec<u8>) -> Result<()> {
    each_row(results.rows, out, |out, columns, row, _| {
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            column.csv(row, out);
        }
        out.push(b'\n');
    })
}

pub(super) fn write_with_names(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let mut names = Vec::new();
    for (name, data_type) in &results.rows.schema.0 {
        field_names(name.clone(), data_type, &mut names);
    }
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        csv_string(name.as_bytes(), out);
    }
    out.push(b'\n');
    write_rows(results, options, out)
}

fn field_names(name: String, data_type: &DataType, names: &mut Vec<String>) {
    let DataType::Tuple(items) = data_type else { return names.push(name) };
    for (index, (item, data_type)) in items.iter().enumerate() {
        let item = item.clone().unwrap_or_else(|| (index + 1).to_string());
        field_names(format!("{name}.{item}"), data_type, names);
    }
}
