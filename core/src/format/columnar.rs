//! `Arrow`, `ArrowStream` and `Parquet`: columns for other engines. Types that these do not have become what
//! ClickHouse makes of them: texts of enums, moments of milliseconds, bytes of wide integers.

use super::{Options, Results, binary};
use crate::error::{Error, Result};
use crate::value::{DataType, time_unit};
use arrow::array::*;
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Field, FieldRef, Int8Type, Int16Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

pub(super) fn write_file(results: &Results, _options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let (schema, batches) = portable(results)?;
    let mut writer = FileWriter::try_new(&mut *out, &schema).map_err(failed)?;
    batches.iter().try_for_each(|batch| writer.write(batch)).and_then(|()| writer.finish()).map_err(failed)
}

pub(super) fn write_stream(results: &Results, _options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let (schema, batches) = portable(results)?;
    let mut writer = StreamWriter::try_new(&mut *out, &schema).map_err(failed)?;
    batches.iter().try_for_each(|batch| writer.write(batch)).and_then(|()| writer.finish()).map_err(failed)
}

pub(super) fn write_parquet(results: &Results, _options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let (schema, batches) = portable(results)?;
    let properties = WriterProperties::builder().set_compression(Compression::LZ4_RAW).build();
    let mut writer = ArrowWriter::try_new(&mut *out, schema, Some(properties)).map_err(failed)?;
    batches.iter().try_for_each(|batch| writer.write(batch)).map_err(failed)?;
    writer.close().map(|_| ()).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("the result cannot be written: {error}"))
}

fn portable(results: &Results) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let columns = &results.rows.schema.0;
    let fields: Vec<FieldRef> = columns.iter().map(|(name, data_type)| Arc::new(field(name, data_type))).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batches = results.rows.batches.iter().map(|batch| {
        let arrays = columns.iter().zip(batch.columns()).map(|((_, data_type), array)| array_of(data_type, array));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(schema.clone(), arrays.collect::<Result<_, _>>()?, &options)
    });
    Ok((schema.clone(), batches.collect::<Result<_, ArrowError>>().map_err(failed)?))
}

fn field(name: &str, data_type: &DataType) -> Field {
    let field = Field::new(name, type_of(data_type), data_type.is_nullable());
    match data_type.bare() {
        DataType::Uuid => field.with_metadata([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())].into()),
        _ => field,
    }
}

fn type_of(data_type: &DataType) -> Arrow {
    match data_type.bare() {
        DataType::String | DataType::Json | DataType::Dynamic | DataType::Enum8(_) | DataType::Enum16(_) => Arrow::Utf8,
        DataType::DateTime(zone) => Arrow::Timestamp(TimeUnit::Millisecond, Some(zone_name(*zone))),
        DataType::DateTime64(digits, zone) => Arrow::Timestamp(time_unit(*digits), Some(zone_name(*zone))),
        DataType::Array(item) => Arrow::List(Arc::new(field("element", item))),
        DataType::Tuple(items) => Arrow::Struct(tuple_fields(items).into()),
        DataType::Map(key, value) => {
            let entries = vec![field("key", key), field("value", value)];
            Arrow::Map(Arc::new(Field::new("entries", Arrow::Struct(entries.into()), false)), false)
        }
        wide if is_wide(wide) => Arrow::FixedSizeBinary(binary::wide_bytes(wide) as i32),
        plain => plain.to_arrow(),
    }
}

fn is_wide(data_type: &DataType) -> bool {
    matches!(data_type, DataType::UInt128 | DataType::Int128 | DataType::UInt256 | DataType::Int256)
}

fn tuple_fields(items: &[(Option<String>, DataType)]) -> Vec<FieldRef> {
    let items = items.iter().enumerate();
    items
        .map(|(index, (name, item))| {
            let name = name.clone().unwrap_or_else(|| (index + 1).to_string());
            Arc::new(field(&name, item))
        })
        .collect()
}

fn zone_name(zone: Option<chrono_tz::Tz>) -> Arc<str> {
    zone.unwrap_or(chrono_tz::UTC).name().into()
}

fn array_of(data_type: &DataType, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let wanted = type_of(data_type);
    match data_type.bare() {
        DataType::Array(item) => {
            let list = array.as_list::<i32>();
            let Arrow::List(field) = wanted else { unreachable!("arrays are lists") };
            let values = array_of(item, list.values())?;
            Ok(Arc::new(ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned())?))
        }
        DataType::Tuple(items) => {
            let tuple = array.as_struct();
            let columns = items.iter().zip(tuple.columns()).map(|((_, item), column)| array_of(item, column));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            if columns.is_empty() {
                return Ok(array.clone());
            }
            let fields = tuple_fields(items).into();
            Ok(Arc::new(StructArray::try_new(fields, columns, tuple.nulls().cloned())?))
        }
        DataType::Map(key, value) => {
            let map = array.as_map();
            let Arrow::Map(entries, _) = &wanted else { unreachable!("maps are maps") };
            let Arrow::Struct(fields) = entries.data_type() else { unreachable!("entries are structs") };
            let columns = vec![array_of(key, map.keys())?, array_of(value, map.values())?];
            let rows = StructArray::try_new(fields.clone(), columns, None)?;
            Ok(Arc::new(MapArray::try_new(entries.clone(), map.offsets().clone(), rows, map.nulls().cloned(), false)?))
        }
        DataType::Enum8(names) => {
            let values = array.as_primitive::<Int8Type>();
            let name = |value: i8| names.iter().find(|(_, number)| *number == value).map(|(name, _)| name.as_str());
            Ok(Arc::new(StringArray::from_iter(values.iter().map(|value| value.and_then(name)))))
        }
        DataType::Enum16(names) => {
            let values = array.as_primitive::<Int16Type>();
            let name = |value: i16| names.iter().find(|(_, number)| *number == value).map(|(name, _)| name.as_str());
            Ok(Arc::new(StringArray::from_iter(values.iter().map(|value| value.and_then(name)))))
        }
        DataType::DateTime(_) | DataType::DateTime64(..) => {
            let Arrow::Timestamp(unit, _) = wanted else { unreachable!("moments are timestamps") };
            // the numbers are the same in any zone
            let plain = cast(array, &Arrow::Timestamp(unit, None))?;
            cast_zone(&plain, wanted)
        }
        wide if is_wide(wide) => {
            let length = binary::wide_bytes(wide);
            let mut builder = FixedSizeBinaryBuilder::with_capacity(array.len(), length as i32);
            for row in 0..array.len() {
                match array.is_null(row) {
                    true => builder.append_null(),
                    false => builder.append_value(&binary::wide(array, row)[..length])?,
                }
            }
            Ok(Arc::new(builder.finish()))
        }
        _ if *array.data_type() == wanted => Ok(array.clone()),
        _ => cast(array, &wanted),
    }
}

fn cast_zone(array: &ArrayRef, wanted: Arrow) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data().into_builder().data_type(wanted).build()?;
    Ok(make_array(data))
}
