//! `Native`: blocks of columns, as ClickHouse's servers send them to each other.
//!
//! ```text
//! block: columns, rows (varints), then for each column
//!   name, type (texts)
//!   prefix            LowCardinality only: its version
//!   values            Nullable: a byte each first; Array, Map: the ends of all rows first
//! ```

use super::{Options, Results, binary, too_large};
use crate::batch::Rows;
use crate::error::{Error, Result};
use crate::limits::RESULT_BYTES_MAX;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute::concat_batches;
use std::collections::HashMap;

const BLOCK_ROWS_MAX: usize = 65_409;
/// The dictionary is part of the block, and new.
const DICTIONARY_FLAGS: u64 = 1 << 9 | 1 << 10;

pub(super) fn write_rows(results: &Results, _options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let Rows { schema, batches } = results.rows;
    let all = concat_batches(&schema.to_arrow(), batches)
        .map_err(|error| Error::internal(format!("rows of a result that lie differently: {error}")))?;
    for start in (0..all.num_rows()).step_by(BLOCK_ROWS_MAX) {
        let block = all.slice(start, BLOCK_ROWS_MAX.min(all.num_rows() - start));
        binary::varint(block.num_columns() as u64, out);
        binary::varint(block.num_rows() as u64, out);
        for ((name, data_type), column) in schema.0.iter().zip(block.columns()) {
            binary::text(name.as_bytes(), out);
            binary::text(type_name(data_type).as_bytes(), out);
            prefix(data_type, out);
            values(data_type, column, 0..column.len(), out);
            if out.len() > RESULT_BYTES_MAX {
                return Err(too_large());
            }
        }
    }
    Ok(())
}

/// A file has no version of the protocol, and the first one had no zones here.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::DateTime(_) => "DateTime".to_owned(),
        other => other.to_string(),
    }
}

fn prefix(data_type: &DataType, out: &mut Vec<u8>) {
    match data_type {
        DataType::LowCardinality(_) => out.extend_from_slice(&1u64.to_le_bytes()),
        DataType::Nullable(inner) | DataType::SimpleAggregateFunction(_, inner) => prefix(inner, out),
        DataType::Array(item) => prefix(item, out),
        DataType::Tuple(items) => items.iter().for_each(|(_, item)| prefix(item, out)),
        DataType::Map(key, value) => {
            prefix(key, out);
            prefix(value, out);
        }
        _ => {}
    }
}

fn values(data_type: &DataType, array: &dyn Array, rows: std::ops::Range<usize>, out: &mut Vec<u8>) {
    match data_type {
        DataType::LowCardinality(inner) => low_cardinality(inner, array, rows, out),
        DataType::SimpleAggregateFunction(_, inner) => values(inner, array, rows, out),
        DataType::Nullable(inner) => {
            let nulls = array.logical_nulls();
            out.extend(rows.clone().map(|row| u8::from(nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)))));
            values(inner, array, rows, out);
        }
        DataType::Array(item) => {
            let list = array.as_list::<i32>();
            let inner = ends(list.value_offsets(), rows, out);
            values(item, list.values(), inner, out);
        }
        DataType::Map(key, value) => {
            let map = array.as_map();
            let inner = ends(map.value_offsets(), rows, out);
            values(key, map.keys(), inner.clone(), out);
            values(value, map.values(), inner, out);
        }
        DataType::Tuple(items) => {
            let columns = items.iter().zip(array.as_struct().columns());
            columns.for_each(|((_, item), column)| values(item, column, rows.clone(), out));
        }
        plain => rows.for_each(|row| value_or_default(plain, array, row, out)),
    }
}

/// The places where rows end, counted from the first; and the items of these rows.
fn ends(offsets: &[i32], rows: std::ops::Range<usize>, out: &mut Vec<u8>) -> std::ops::Range<usize> {
    let start = offsets[rows.start];
    for row in rows.clone() {
        out.extend_from_slice(&((offsets[row + 1] - start) as u64).to_le_bytes());
    }
    start as usize..offsets[rows.end] as usize
}

/// Whatever lies under a NULL, readers get the default.
fn value_or_default(data_type: &DataType, array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    let start = out.len();
    if array.is_null(row) && *data_type != DataType::Nothing {
        return default(data_type, array, row, start, out);
    }
    binary::plain(data_type, array, row, out);
}

fn default(data_type: &DataType, array: &dyn Array, row: usize, start: usize, out: &mut Vec<u8>) {
    match data_type {
        DataType::String | DataType::Json | DataType::Dynamic | DataType::AggregateFunction(_) => out.push(0),
        _ => {
            binary::plain(data_type, array, row, out);
            out[start..].fill(0);
        }
    }
}

/// The distinct values in the order they come, behind the default (and, for NULL, one before it).
fn low_cardinality(inner: &DataType, array: &dyn Array, rows: std::ops::Range<usize>, out: &mut Vec<u8>) {
    if rows.is_empty() {
        return;
    }
    let bare = inner.bare();
    let is_nullable = inner.is_nullable();
    let mut zero = Vec::new();
    match bare {
        DataType::String => zero.push(0),
        _ => {
            binary::plain(bare, array, rows.start, &mut zero);
            zero.fill(0);
        }
    }
    let mut dictionary = if is_nullable { vec![zero.clone(), zero.clone()] } else { vec![zero.clone()] };
    let mut known: HashMap<Vec<u8>, u64> = HashMap::from([(zero, u64::from(is_nullable))]);
    let mut indexes = Vec::with_capacity(rows.len());
    for row in rows {
        if array.is_null(row) {
            indexes.push(0);
            continue;
        }
        let mut value = Vec::new();
        binary::plain(bare, array, row, &mut value);
        let next = dictionary.len() as u64;
        indexes.push(*known.entry(value).or_insert_with_key(|value| {
            dictionary.push(value.clone());
            next
        }));
    }
    // indexes have as few bytes as they need: 1, 2, 4 or 8
    let width = match dictionary.len() as u64 {
        0..=0x100 => 0,
        0x101..=0x1_0000 => 1,
        0x1_0001..=0x1_0000_0000 => 2,
        _ => 3u32,
    };
    out.extend_from_slice(&(DICTIONARY_FLAGS | u64::from(width)).to_le_bytes());
    out.extend_from_slice(&(dictionary.len() as u64).to_le_bytes());
    dictionary.iter().for_each(|value| out.extend_from_slice(value));
    out.extend_from_slice(&(indexes.len() as u64).to_le_bytes());
    indexes.iter().for_each(|index| out.extend_from_slice(&index.to_le_bytes()[..1 << width]));
}
