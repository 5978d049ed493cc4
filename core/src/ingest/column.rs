//! Cells → an Arrow array of a ClickHouse type.

use super::cell::Cell;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as Arrow, Field, FieldRef, TimeUnit, i256};
use std::sync::Arc;

/// A column in the making. Cells come from [`super::cell::read`] with the column's type, so each
/// kind meets only its own cells.
pub(super) enum Column {
    Null(usize),
    Bool(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt8(UInt8Builder),
    UInt16(UInt16Builder),
    UInt32(UInt32Builder),
    UInt64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal128(Decimal128Builder),
    Decimal256(Decimal256Builder),
    Date32(Date32Builder),
    Second(TimestampSecondBuilder),
    Millisecond(TimestampMillisecondBuilder),
    Microsecond(TimestampMicrosecondBuilder),
    Nanosecond(TimestampNanosecondBuilder),
    Text(StringViewBuilder),
    Binary(BinaryBuilder),
    Fixed(FixedSizeBinaryBuilder, usize),
    List(Nested),
    Map(Nested),
    Tuple { fields: Vec<FieldRef>, parts: Vec<Column>, valid: Vec<bool> },
}

/// Items of all rows one after the other, and where each row's begin.
pub(super) struct Nested {
    field: FieldRef,
    items: Box<Column>,
    ends: Vec<i32>,
    valid: Vec<bool>,
}

impl Column {
    pub(super) fn new(data_type: &DataType) -> Column {
        Column::of(&data_type.to_arrow())
    }

    fn of(arrow: &Arrow) -> Column {
        match arrow {
            Arrow::Null => Column::Null(0),
            Arrow::Boolean => Column::Bool(BooleanBuilder::new()),
            Arrow::Int8 => Column::Int8(Int8Builder::new()),
            Arrow::Int16 => Column::Int16(Int16Builder::new()),
            Arrow::Int32 => Column::Int32(Int32Builder::new()),
            Arrow::Int64 => Column::Int64(Int64Builder::new()),
            Arrow::UInt8 => Column::UInt8(UInt8Builder::new()),
            Arrow::UInt16 => Column::UInt16(UInt16Builder::new()),
            Arrow::UInt32 => Column::UInt32(UInt32Builder::new()),
            Arrow::UInt64 => Column::UInt64(UInt64Builder::new()),
            Arrow::Float32 => Column::Float32(Float32Builder::new()),
            Arrow::Float64 => Column::Float64(Float64Builder::new()),
            Arrow::Decimal128(..) => Column::Decimal128(Decimal128Builder::new().with_data_type(arrow.clone())),
            Arrow::Decimal256(..) => Column::Decimal256(Decimal256Builder::new().with_data_type(arrow.clone())),
            Arrow::Date32 => Column::Date32(Date32Builder::new()),
            Arrow::Timestamp(TimeUnit::Second, _) => Column::Second(TimestampSecondBuilder::new()),
            Arrow::Timestamp(TimeUnit::Millisecond, _) => Column::Millisecond(TimestampMillisecondBuilder::new()),
            Arrow::Timestamp(TimeUnit::Microsecond, _) => Column::Microsecond(TimestampMicrosecondBuilder::new()),
            Arrow::Timestamp(TimeUnit::Nanosecond, _) => Column::Nanosecond(TimestampNanosecondBuilder::new()),
            Arrow::Utf8View => Column::Text(StringViewBuilder::new()),
            Arrow::Binary => Column::Binary(BinaryBuilder::new()),
            Arrow::FixedSizeBinary(bytes) => Column::Fixed(FixedSizeBinaryBuilder::new(*bytes), *bytes as usize),
            Arrow::List(item) => Column::List(Nested::new(item)),
            Arrow::Map(entries, _) => Column::Map(Nested::new(entries)),
            Arrow::Struct(fields) => Column::Tuple {
                fields: fields.iter().cloned().collect(),
                parts: fields.iter().map(|field| Column::of(field.data_type())).collect(),
                valid: Vec::new(),
            },
            other => unreachable!("no ClickHouse type lies as {other}"),
        }
    }

    pub(super) fn append(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (column, Cell::Null) => column.append_null(),
            (Column::Null(count), _) => *count += 1,
            (Column::Bool(builder), Cell::Bool(value)) => builder.append_value(value),
            (Column::Int8(builder), Cell::Int(value)) => builder.append_value(value as i8),
            (Column::Int16(builder), Cell::Int(value)) => builder.append_value(value as i16),
            (Column::Int32(builder), Cell::Int(value)) => builder.append_value(value as i32),
            (Column::Int64(builder), Cell::Int(value)) => builder.append_value(value),
            (Column::UInt8(builder), Cell::UInt(value)) => builder.append_value(value as u8),
            (Column::UInt16(builder), Cell::UInt(value)) => builder.append_value(value as u16),
            (Column::UInt32(builder), Cell::UInt(value)) => builder.append_value(value as u32),
            (Column::UInt64(builder), Cell::UInt(value)) => builder.append_value(value),
            (Column::Float32(builder), Cell::Float(value)) => builder.append_value(value as f32),
            (Column::Float64(builder), Cell::Float(value)) => builder.append_value(value),
            (Column::Decimal128(builder), Cell::Decimal(value)) => builder.append_value(value.as_i128()),
            (Column::Decimal256(builder), Cell::Decimal(value)) => builder.append_value(value),
            (Column::Date32(builder), Cell::Int(value)) => builder.append_value(value as i32),
            (Column::Second(builder), Cell::Int(value)) => builder.append_value(value),
            (Column::Millisecond(builder), Cell::Int(value)) => builder.append_value(value),
            (Column::Microsecond(builder), Cell::Int(value)) => builder.append_value(value),
            (Column::Nanosecond(builder), Cell::Int(value)) => builder.append_value(value),
            (Column::Text(builder), Cell::Text(value)) => builder.append_value(value),
            (Column::Binary(builder), Cell::Bytes(value)) => builder.append_value(value),
            (Column::Fixed(builder, _), Cell::Bytes(value)) => {
                builder.append_value(value).expect("cells have the type's width");
            }
            (Column::List(nested), Cell::List(cells)) => {
                nested.append(cells.into_iter());
            }
            (Column::Map(nested), Cell::Map(entries)) => {
                nested.append(entries.into_iter().map(|(key, value)| Cell::Tuple(vec![key, value])));
            }
            (Column::Tuple { parts, valid, .. }, Cell::Tuple(cells)) => {
                assert_eq!(parts.len(), cells.len());
                parts.iter_mut().zip(cells).for_each(|(part, cell)| part.append(cell));
                valid.push(true);
            }
            (_, cell) => unreachable!("a cell of another type: {cell:?}"),
        }
    }

    /// The type's own default: zero, the empty text, nothing.
    pub(super) fn append_default(&mut self) {
        match self {
            Column::Null(count) => *count += 1,
            Column::Bool(builder) => builder.append_value(false),
            Column::Float32(builder) => builder.append_value(0.0),
            Column::Float64(builder) => builder.append_value(0.0),
            Column::Decimal128(builder) => builder.append_value(0),
            Column::Decimal256(builder) => builder.append_value(i256::ZERO),
            Column::UInt8(_) | Column::UInt16(_) | Column::UInt32(_) | Column::UInt64(_) => self.append(Cell::UInt(0)),
            Column::Text(builder) => builder.append_value(""),
            Column::Binary(builder) => builder.append_value([]),
            Column::Fixed(builder, bytes) => {
                builder.append_value(vec![0; *bytes]).expect("the type's width");
            }
            Column::List(nested) | Column::Map(nested) => nested.append(std::iter::empty()),
            Column::Tuple { parts, valid, .. } => {
                parts.iter_mut().for_each(Column::append_default);
                valid.push(true);
            }
            _ => self.append(Cell::Int(0)),
        }
    }

    fn append_null(&mut self) {
        match self {
            Column::Null(count) => *count += 1,
            Column::Bool(builder) => builder.append_null(),
            Column::Int8(builder) => builder.append_null(),
            Column::Int16(builder) => builder.append_null(),
            Column::Int32(builder) => builder.append_null(),
            Column::Int64(builder) => builder.append_null(),
            Column::UInt8(builder) => builder.append_null(),
            Column::UInt16(builder) => builder.append_null(),
            Column::UInt32(builder) => builder.append_null(),
            Column::UInt64(builder) => builder.append_null(),
            Column::Float32(builder) => builder.append_null(),
            Column::Float64(builder) => builder.append_null(),
            Column::Decimal128(builder) => builder.append_null(),
            Column::Decimal256(builder) => builder.append_null(),
            Column::Date32(builder) => builder.append_null(),
            Column::Second(builder) => builder.append_null(),
            Column::Millisecond(builder) => builder.append_null(),
            Column::Microsecond(builder) => builder.append_null(),
            Column::Nanosecond(builder) => builder.append_null(),
            Column::Text(builder) => builder.append_null(),
            Column::Binary(builder) => builder.append_null(),
            Column::Fixed(builder, _) => builder.append_null(),
            Column::List(nested) | Column::Map(nested) => nested.append_null(),
            Column::Tuple { parts, valid, .. } => {
                parts.iter_mut().for_each(Column::append_default);
                valid.push(false);
            }
        }
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Null(count) => Arc::new(NullArray::new(std::mem::take(count))),
            Column::Bool(builder) => Arc::new(builder.finish()),
            Column::Int8(builder) => Arc::new(builder.finish()),
            Column::Int16(builder) => Arc::new(builder.finish()),
            Column::Int32(builder) => Arc::new(builder.finish()),
            Column::Int64(builder) => Arc::new(builder.finish()),
            Column::UInt8(builder) => Arc::new(builder.finish()),
            Column::UInt16(builder) => Arc::new(builder.finish()),
            Column::UInt32(builder) => Arc::new(builder.finish()),
            Column::UInt64(builder) => Arc::new(builder.finish()),
            Column::Float32(builder) => Arc::new(builder.finish()),
            Column::Float64(builder) => Arc::new(builder.finish()),
            Column::Decimal128(builder) => Arc::new(builder.finish()),
            Column::Decimal256(builder) => Arc::new(builder.finish()),
            Column::Date32(builder) => Arc::new(builder.finish()),
            Column::Second(builder) => Arc::new(builder.finish()),
            Column::Millisecond(builder) => Arc::new(builder.finish()),
            Column::Microsecond(builder) => Arc::new(builder.finish()),
            Column::Nanosecond(builder) => Arc::new(builder.finish()),
            Column::Text(builder) => Arc::new(builder.finish()),
            Column::Binary(builder) => Arc::new(builder.finish()),
            Column::Fixed(builder, _) => Arc::new(builder.finish()),
            Column::List(nested) => {
                let (offsets, nulls) = nested.finish_rows();
                Arc::new(ListArray::new(nested.field.clone(), offsets, nested.items.finish(), nulls))
            }
            Column::Map(nested) => {
                let (offsets, nulls) = nested.finish_rows();
                let entries = nested.items.finish().as_struct().clone();
                Arc::new(MapArray::new(nested.field.clone(), offsets, entries, nulls, false))
            }
            Column::Tuple { fields, parts, valid } => {
                let nulls = nulls(std::mem::take(valid));
                let rows = parts.iter_mut().map(Column::finish).collect::<Vec<_>>();
                Arc::new(StructArray::new(fields.iter().cloned().collect(), rows, nulls))
            }
        }
    }
}

impl Nested {
    fn new(field: &Arc<Field>) -> Nested {
        let items = Box::new(Column::of(field.data_type()));
        Nested { field: field.clone(), items, ends: Vec::new(), valid: Vec::new() }
    }

    fn append<'a>(&mut self, cells: impl Iterator<Item = Cell<'a>>) {
        let before = self.ends.last().copied().unwrap_or(0);
        let mut count = 0;
        for cell in cells {
            self.items.append(cell);
            count += 1;
        }
        self.ends.push(before + count);
        self.valid.push(true);
    }

    fn append_null(&mut self) {
        self.append(std::iter::empty());
        *self.valid.last_mut().expect("just pushed") = false;
    }

    fn finish_rows(&mut self) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        let ends = std::mem::take(&mut self.ends);
        let offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
        (OffsetBuffer::new(offsets.into()), nulls(std::mem::take(&mut self.valid)))
    }
}

fn nulls(valid: Vec<bool>) -> Option<NullBuffer> {
    if valid.iter().all(|valid| *valid) { None } else { Some(NullBuffer::from(valid)) }
}
