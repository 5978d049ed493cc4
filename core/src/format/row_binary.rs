//! `RowBinary`, with or without names and types in front: row by row, for programs.

use super::{Options, Results, binary, too_large};
use crate::error::Result;
use crate::limits::RESULT_BYTES_MAX;

pub(super) fn write_rows(results: &Results, _options: &Options, out: &mut Vec<u8>) -> Result<()> {
    for batch in &results.rows.batches {
        for row in 0..batch.num_rows() {
            for ((_, data_type), column) in results.rows.schema.0.iter().zip(batch.columns()) {
                binary::value(data_type, column, row, out);
            }
            if out.len() > RESULT_BYTES_MAX {
                return Err(too_large());
            }
        }
    }
    Ok(())
}

pub(super) fn write_with_names(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    names(results, out);
    write_rows(results, options, out)
}

pub(super) fn write_with_names_and_types(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    names(results, out);
    results.rows.schema.0.iter().for_each(|(_, data_type)| binary::text(data_type.to_string().as_bytes(), out));
    write_rows(results, options, out)
}

fn names(results: &Results, out: &mut Vec<u8>) {
    binary::varint(results.rows.schema.0.len() as u64, out);
    results.rows.schema.0.iter().for_each(|(name, _)| binary::text(name.as_bytes(), out));
}

/// `RawBLOB`: the values one after the other, with nothing between them.
pub(super) fn write_raw(results: &Results, _options: &Options, out: &mut Vec<u8>) -> Result<()> {
    use crate::error::Error;
    use crate::value::DataType;
    for batch in &results.rows.batches {
        for row in 0..batch.num_rows() {
            for ((_, data_type), column) in results.rows.schema.0.iter().zip(batch.columns()) {
                let mut value = Vec::new();
                match data_type.bare() {
                    DataType::Array(_) | DataType::Map(..) | DataType::Tuple(_) => {
                        let message = format!("the format RawBLOB has no bytes for {data_type}");
                        return Err(Error::invalid(message).with_exception_code(crate::sql::exception::NOT_IMPLEMENTED));
                    }
                    _ if column.is_null(row) => {}
                    DataType::String => value.extend_from_slice(text_of(column, row)),
                    _ => binary::plain(data_type, column, row, &mut value),
                }
                out.extend_from_slice(&value);
            }
            if out.len() > RESULT_BYTES_MAX {
                return Err(too_large());
            }
        }
    }
    Ok(())
}

fn text_of(column: &arrow::array::ArrayRef, row: usize) -> &[u8] {
    use arrow::array::AsArray;
    column.as_string_view().value(row).as_bytes()
}

/// `Null`: the query ran.
pub(super) fn write_nothing(_results: &Results, _options: &Options, _out: &mut Vec<u8>) -> Result<()> {
    Ok(())
}
