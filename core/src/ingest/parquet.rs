//! Parquet files that others wrote → rows with ClickHouse's types.

use crate::batch::{Rows, Schema};
use crate::error::{Error, Result};
use crate::limits::BATCH_ROWS;
use crate::value::{DataType, time_unit};
use arrow::array::*;
use arrow::datatypes::{DataType as Arrow, Field, TimeUnit};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::sync::Arc;

const INCORRECT_DATA: u16 = 117;

/// All rows. With a `schema`, its columns, each as its type says; otherwise the file's own.
pub fn read(bytes: Bytes, schema: Option<&Schema>) -> Result<Rows> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::invalid(format!("no readable Parquet file: {error}")).with_exception_code(INCORRECT_DATA)
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| unreadable(&error))?;
    let own = own_schema(builder.schema().fields())?;
    let schema = schema.unwrap_or(&own);
    let arrow = schema.to_arrow();
    let mut batches = Vec::new();
    for batch in builder.with_batch_size(BATCH_ROWS).build().map_err(|error| unreadable(&error))? {
        let batch = batch.map_err(|error| unreadable(&error))?;
        let columns = schema.0.iter().map(|(name, data_type)| {
            let column = batch.column_by_name(name).ok_or_else(|| {
                Error::invalid(format!("the file has no column {name:?}")).with_exception_code(INCORRECT_DATA)
            })?;
            lay(column, data_type).map_err(|error| unreadable(&error).context(format!("column {name:?}")))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(arrow.clone(), columns, &options);
        batches.push(batch.map_err(|error| unreadable(&error))?);
    }
    Ok(Rows { schema: schema.clone(), batches })
}

fn own_schema(fields: &arrow::datatypes::Fields) -> Result<Schema> {
    let columns = fields.iter().map(|field| {
        let data_type = data_type(field).ok_or_else(|| {
            let message = format!("column {:?} of type {} is not readable", field.name(), field.data_type());
            Error::invalid(message).with_exception_code(INCORRECT_DATA)
        })?;
        Ok((field.name().clone(), data_type))
    });
    columns.collect::<Result<_>>().map(Schema)
}

fn data_type(field: &Field) -> Option<DataType> {
    let is_uuid = field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.uuid");
    let plain = match field.data_type() {
        Arrow::Null => return Some(DataType::Nothing.nullable()),
        Arrow::Boolean => DataType::Bool,
        Arrow::Int8 => DataType::Int8,
        Arrow::Int16 => DataType::Int16,
        Arrow::Int32 => DataType::Int32,
        Arrow::Int64 => DataType::Int64,
        Arrow::UInt8 => DataType::UInt8,
        Arrow::UInt16 => DataType::UInt16,
        Arrow::UInt32 => DataType::UInt32,
        Arrow::UInt64 => DataType::UInt64,
        Arrow::Float32 => DataType::Float32,
        Arrow::Float64 => DataType::Float64,
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView => DataType::String,
        Arrow::FixedSizeBinary(16) if is_uuid => DataType::Uuid,
        Arrow::FixedSizeBinary(bytes) => DataType::FixedString(u32::try_from(*bytes).ok()?),
        Arrow::Date32 => DataType::Date32,
        Arrow::Date64 => DataType::DateTime64(3, None),
        Arrow::Timestamp(unit, zone) => {
            let digits = match unit {
                TimeUnit::Second => 0,
                TimeUnit::Millisecond => 3,
                TimeUnit::Microsecond => 6,
                TimeUnit::Nanosecond => 9,
            };
            DataType::DateTime64(digits, zone.as_ref().map(|_| chrono_tz::UTC))
        }
        Arrow::Decimal128(precision, scale) | Arrow::Decimal256(precision, scale) => {
            DataType::Decimal { precision: *precision, scale: u8::try_from(*scale).ok()? }
        }
        Arrow::Dictionary(_, value) => data_type(&Field::new("", value.as_ref().clone(), false))?,
        Arrow::List(item) | Arrow::LargeList(item) => return Some(data_type(item)?.array()),
        Arrow::Map(entries, _) => {
            let Arrow::Struct(parts) = entries.data_type() else { return None };
            return Some(DataType::Map(Box::new(data_type(&parts[0])?), Box::new(data_type(&parts[1])?)));
        }
        Arrow::Struct(parts) => {
            let parts = parts.iter().map(|part| Some((Some(part.name().clone()), data_type(part)?)));
            return parts.collect::<Option<_>>().map(DataType::Tuple);
        }
        _ => return None,
    };
    Some(if field.is_nullable() { plain.nullable() } else { plain })
}

/// The array as the type lies in memory; it may have other names inside, or other widths of offsets.
fn lay(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    let wanted = data_type.to_arrow();
    match (data_type.bare(), array.data_type()) {
        (DataType::Array(item), Arrow::List(_)) => {
            let list = array.as_list::<i32>();
            let field = Arc::new(item.to_field("item"));
            let values = lay(list.values(), item)?;
            Ok(Arc::new(ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned())?))
        }
        (DataType::Array(_), Arrow::LargeList(item)) => {
            let narrow = arrow::compute::cast(array, &Arrow::List(item.clone()))?;
            lay(&narrow, data_type)
        }
        (DataType::Tuple(items), Arrow::Struct(_)) => {
            let Arrow::Struct(fields) = wanted else { unreachable!("tuples lie as structs") };
            let tuple = array.as_struct();
            let columns = items.iter().zip(tuple.columns()).map(|((_, item), column)| lay(column, item));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            Ok(Arc::new(StructArray::try_new(fields, columns, tuple.nulls().cloned())?))
        }
        (DataType::Map(key, value), Arrow::Map(..)) => {
            let Arrow::Map(entries, _) = &wanted else { unreachable!("maps lie as maps") };
            let Arrow::Struct(fields) = entries.data_type() else { unreachable!("entries lie as structs") };
            let map = array.as_map();
            let columns = vec![lay(map.keys(), key)?, lay(map.values(), value)?];
            let rows = StructArray::try_new(fields.clone(), columns, None)?;
            Ok(Arc::new(MapArray::try_new(entries.clone(), map.offsets().clone(), rows, map.nulls().cloned(), false)?))
        }
        (DataType::String, Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView) => {
            let bytes = arrow::compute::cast(array, &Arrow::BinaryView)?;
            let texts = bytes.as_binary_view().iter().map(|value| value.map(String::from_utf8_lossy));
            Ok(Arc::new(StringViewArray::from_iter(texts)))
        }
        (DataType::DateTime64(digits, _), Arrow::Timestamp(..)) => {
            arrow::compute::cast(array, &Arrow::Timestamp(time_unit(*digits), None))
        }
        (_, found) if *found == wanted => Ok(array.clone()),
        _ => arrow::compute::cast(array, &wanted),
    }
}
