//! Values of any type as bytes, as they stand in saved states.
//!
//! ```text
//! number, date, time, UUID …   its bytes, little-endian, as wide as in memory
//! String, a saved state        length (varint), bytes
//! Nullable(T)                  0, T  or  1
//! Array(T), Map(K, V)          count (varint), items
//! Tuple(…)                     its items
//! ```

use super::bytes::{Reader, put_piece, put_varint};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::cmp::Ordering;
use std::sync::Arc;

/// How values of a type are written and compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Layout {
    Nothing,
    Bool,
    Fixed(usize, Order),
    Text,
    Bytes,
    List(Box<Layout>),
    /// As a list of tuples.
    Map(Box<Layout>, Box<Layout>),
    Tuple(Vec<Layout>),
    Nullable(Box<Layout>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Order {
    Unsigned,
    Signed,
    Float,
    Bytes,
}

impl Layout {
    pub(crate) fn of(data_type: &DataType) -> Layout {
        let number = |order| Layout::Fixed(width(&data_type.to_arrow()), order);
        match data_type {
            DataType::Nullable(inner) if **inner != DataType::Nothing => Layout::Nullable(Box::new(Layout::of(inner))),
            DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction(_, inner) => Layout::of(inner),
            DataType::Nothing | DataType::Nullable(_) => Layout::Nothing,
            DataType::Bool => Layout::Bool,
            DataType::String | DataType::Json | DataType::Dynamic => Layout::Text,
            DataType::AggregateFunction(_) => Layout::Bytes,
            DataType::Array(item) => Layout::List(Box::new(Layout::of(item))),
            DataType::Map(key, value) => Layout::Map(Box::new(Layout::of(key)), Box::new(Layout::of(value))),
            DataType::Tuple(items) => Layout::Tuple(items.iter().map(|(_, item)| Layout::of(item)).collect()),
            DataType::Float32 | DataType::Float64 => number(Order::Float),
            DataType::FixedString(_) | DataType::Uuid | DataType::IPv6 => number(Order::Bytes),
            DataType::IPv4 => number(Order::Unsigned),
            one if one.is_unsigned_integer() => number(Order::Unsigned),
            _ => number(Order::Signed),
        }
    }

    /// Steps over one value, which is thereby known to be whole.
    pub(crate) fn skip(&self, reader: &mut Reader) -> EngineResult<()> {
        match self {
            Layout::Nothing => {}
            Layout::Bool => {
                reader.u8()?;
            }
            Layout::Fixed(width, _) => {
                reader.take(*width)?;
            }
            Layout::Text => {
                let bytes = reader.piece()?;
                if std::str::from_utf8(bytes).is_err() {
                    return exec_err!("a saved aggregate state has a text that is no UTF-8");
                }
            }
            Layout::Bytes => {
                reader.piece()?;
            }
            Layout::List(item) => {
                for _ in 0..reader.count(1)? {
                    item.skip(reader)?;
                }
            }
            Layout::Map(key, value) => {
                for _ in 0..reader.count(1)? {
                    key.skip(reader)?;
                    value.skip(reader)?;
                }
            }
            Layout::Tuple(items) => items.iter().try_for_each(|item| item.skip(reader))?,
            Layout::Nullable(inner) => {
                if reader.u8()? == 0 {
                    inner.skip(reader)?;
                }
            }
        }
        Ok(())
    }

    /// The bytes of one value.
    pub(crate) fn value<'a>(&self, reader: &mut Reader<'a>) -> EngineResult<&'a [u8]> {
        let before = reader.rest();
        self.skip(reader)?;
        Ok(&before[..before.len() - reader.rest().len()])
    }

    /// The order of two whole values; NULL is last, NaN after all numbers.
    pub(crate) fn compare(&self, left: &[u8], right: &[u8]) -> Ordering {
        if let Layout::Fixed(_, order) = self {
            return compare_fixed(left, right, *order);
        }
        let compared = self.compare_next(&mut Reader::new(left), &mut Reader::new(right));
        compared.unwrap_or(Ordering::Equal)
    }

    fn compare_next(&self, left: &mut Reader, right: &mut Reader) -> EngineResult<Ordering> {
        Ok(match self {
            Layout::Nothing => Ordering::Equal,
            Layout::Bool => left.u8()?.cmp(&right.u8()?),
            Layout::Fixed(width, order) => compare_fixed(left.take(*width)?, right.take(*width)?, *order),
            Layout::Text | Layout::Bytes => left.piece()?.cmp(right.piece()?),
            Layout::List(item) => compare_many(left, right, |left, right| item.compare_next(left, right))?,
            Layout::Map(key, value) => compare_many(left, right, |left, right| {
                Ok(key.compare_next(left, right)?.then(value.compare_next(left, right)?))
            })?,
            Layout::Tuple(items) => {
                let mut order = Ordering::Equal;
                for item in items {
                    order = order.then(item.compare_next(left, right)?);
                    if order != Ordering::Equal {
                        break;
                    }
                }
                order
            }
            Layout::Nullable(inner) => match (left.u8()?, right.u8()?) {
                (0, 0) => inner.compare_next(left, right)?,
                (left, right) => left.cmp(&right),
            },
        })
    }
}

fn compare_many(
    left: &mut Reader,
    right: &mut Reader,
    mut compare: impl FnMut(&mut Reader, &mut Reader) -> EngineResult<Ordering>,
) -> EngineResult<Ordering> {
    let (left_count, right_count) = (left.count(0)?, right.count(0)?);
    for _ in 0..left_count.min(right_count) {
        let order = compare(left, right)?;
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(left_count.cmp(&right_count))
}

fn compare_fixed(left: &[u8], right: &[u8], order: Order) -> Ordering {
    match order {
        Order::Bytes => left.cmp(right),
        Order::Float => float(left).partial_cmp(&float(right)).unwrap_or_else(|| {
            let is_nan = |bytes: &[u8]| float(bytes).is_nan();
            is_nan(left).cmp(&is_nan(right))
        }),
        Order::Unsigned => left.iter().rev().cmp(right.iter().rev()),
        Order::Signed => {
            let sign = |bytes: &[u8]| bytes.last().is_some_and(|byte| byte & 0x80 != 0);
            sign(right).cmp(&sign(left)).then_with(|| left.iter().rev().cmp(right.iter().rev()))
        }
    }
}

/// A float from its four or eight bytes.
pub(crate) fn float(bytes: &[u8]) -> f64 {
    match bytes.try_into() {
        Ok(bytes) => f64::from_le_bytes(bytes),
        Err(_) => bytes.try_into().map_or(f64::NAN, |bytes| f64::from(f32::from_le_bytes(bytes))),
    }
}

fn width(arrow: &Arrow) -> usize {
    match arrow {
        Arrow::FixedSizeBinary(bytes) => *bytes as usize,
        other => other.primitive_width().unwrap_or(8),
    }
}

/// A column whose values are written row by row.
pub(crate) enum Source {
    Nothing,
    Bool(BooleanArray),
    Fixed { bytes: Buffer, width: usize },
    Text(StringViewArray),
    Bytes(BinaryArray),
    List { offsets: OffsetBuffer<i32>, items: Vec<Source> },
    Tuple(Vec<Source>),
    Nullable { nulls: Option<NullBuffer>, inner: Box<Source> },
}

impl Source {
    pub(crate) fn new(layout: &Layout, array: &ArrayRef) -> EngineResult<Source> {
        let wrong = || exec_datafusion_err!("a column lies as {} where {layout:?} is wanted", array.data_type());
        Ok(match layout {
            Layout::Nothing => Source::Nothing,
            Layout::Bool => Source::Bool(array.as_boolean_opt().ok_or_else(wrong)?.clone()),
            Layout::Text => Source::Text(array.as_string_view_opt().ok_or_else(wrong)?.clone()),
            Layout::Bytes => Source::Bytes(array.as_binary_opt::<i32>().ok_or_else(wrong)?.clone()),
            Layout::Fixed(width, _) => {
                let data = array.to_data();
                let buffer = data.buffers().first().ok_or_else(wrong)?;
                if self::width(array.data_type()) != *width {
                    return Err(wrong());
                }
                Source::Fixed {
                    bytes: buffer.slice_with_length(data.offset() * width, data.len() * width),
                    width: *width,
                }
            }
            Layout::List(item) => {
                let list = array.as_list_opt::<i32>().ok_or_else(wrong)?;
                Source::List { offsets: list.offsets().clone(), items: vec![Source::new(item, list.values())?] }
            }
            Layout::Map(key, value) => {
                let map = array.as_map_opt().ok_or_else(wrong)?;
                let items = vec![Source::new(key, map.keys())?, Source::new(value, map.values())?];
                Source::List { offsets: map.offsets().clone(), items }
            }
            Layout::Tuple(items) => {
                let tuple = array.as_struct_opt().ok_or_else(wrong)?;
                let columns = items.iter().zip(tuple.columns());
                Source::Tuple(columns.map(|(item, column)| Source::new(item, column)).collect::<EngineResult<_>>()?)
            }
            Layout::Nullable(inner) => {
                Source::Nullable { nulls: array.logical_nulls(), inner: Box::new(Source::new(inner, array)?) }
            }
        })
    }

    #[inline]
    pub(crate) fn write(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Source::Nothing => {}
            Source::Bool(array) => out.push(u8::from(array.value(row))),
            Source::Fixed { bytes, width } => out.extend_from_slice(&bytes[row * width..][..*width]),
            Source::Text(array) => put_piece(out, array.value(row).as_bytes()),
            Source::Bytes(array) => put_piece(out, array.value(row)),
            Source::List { offsets, items } => {
                let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
                put_varint(out, (end - start) as u64);
                for place in start..end {
                    items.iter().for_each(|item| item.write(place, out));
                }
            }
            Source::Tuple(items) => items.iter().for_each(|item| item.write(row, out)),
            Source::Nullable { nulls, inner } => {
                let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
                out.push(u8::from(is_null));
                if !is_null {
                    inner.write(row, out);
                }
            }
        }
    }
}

/// A column that is made of written values.
pub(crate) enum Sink {
    Nothing(usize),
    Bool(BooleanBufferBuilder),
    Fixed { bytes: Vec<u8>, width: usize },
    Text(StringViewBuilder),
    Bytes(BinaryBuilder),
    List { ends: Vec<i32>, items: Vec<Sink> },
    Tuple { rows: usize, items: Vec<Sink> },
    Nullable { valid: BooleanBufferBuilder, inner: Box<Sink>, layout: Layout },
}

impl Sink {
    pub(crate) fn new(layout: &Layout) -> Sink {
        match layout {
            Layout::Nothing => Sink::Nothing(0),
            Layout::Bool => Sink::Bool(BooleanBufferBuilder::new(0)),
            Layout::Fixed(width, _) => Sink::Fixed { bytes: Vec::new(), width: *width },
            Layout::Text => Sink::Text(StringViewBuilder::new()),
            Layout::Bytes => Sink::Bytes(BinaryBuilder::new()),
            Layout::List(item) => Sink::List { ends: vec![0], items: vec![Sink::new(item)] },
            Layout::Map(key, value) => Sink::List { ends: vec![0], items: vec![Sink::new(key), Sink::new(value)] },
            Layout::Tuple(items) => Sink::Tuple { rows: 0, items: items.iter().map(Sink::new).collect() },
            Layout::Nullable(inner) => Sink::Nullable {
                valid: BooleanBufferBuilder::new(0),
                inner: Box::new(Sink::new(inner)),
                layout: inner.as_ref().clone(),
            },
        }
    }

    pub(crate) fn read(&mut self, reader: &mut Reader) -> EngineResult<()> {
        match self {
            Sink::Nothing(rows) => *rows += 1,
            Sink::Bool(builder) => builder.append(reader.u8()? != 0),
            Sink::Fixed { bytes, width } => bytes.extend_from_slice(reader.take(*width)?),
            Sink::Text(builder) => match std::str::from_utf8(reader.piece()?) {
                Ok(text) => builder.append_value(text),
                Err(_) => return exec_err!("a saved aggregate state has a text that is no UTF-8"),
            },
            Sink::Bytes(builder) => builder.append_value(reader.piece()?),
            Sink::List { ends, items } => {
                let count = reader.count(1)?;
                let end = ends.last().copied().unwrap_or(0) as usize + count;
                ends.push(i32::try_from(end).map_err(|_| exec_datafusion_err!("arrays of {end} items together"))?);
                for _ in 0..count {
                    items.iter_mut().try_for_each(|item| item.read(reader))?;
                }
            }
            Sink::Tuple { rows, items } => {
                *rows += 1;
                items.iter_mut().try_for_each(|item| item.read(reader))?;
            }
            Sink::Nullable { valid, inner, layout } => {
                let is_valid = reader.u8()? == 0;
                valid.append(is_valid);
                if is_valid { inner.read(reader)? } else { inner.blank(layout)? }
            }
        }
        Ok(())
    }

    /// What lies below a NULL.
    fn blank(&mut self, layout: &Layout) -> EngineResult<()> {
        let mut zeros = Vec::new();
        blank(layout, &mut zeros);
        self.read(&mut Reader::new(&zeros))
    }

    pub(crate) fn finish(self, data_type: &DataType) -> EngineResult<ArrayRef> {
        let arrow = data_type.to_arrow();
        Ok(match self {
            Sink::Nothing(rows) => new_null_array(&arrow, rows),
            Sink::Bool(mut builder) => Arc::new(BooleanArray::new(builder.finish(), None)),
            Sink::Fixed { bytes, width } => {
                let rows = bytes.len() / width.max(1);
                let bytes = Buffer::from_slice_ref(&bytes);
                make_array(ArrayData::builder(arrow).len(rows).add_buffer(bytes).align_buffers(true).build()?)
            }
            Sink::Text(mut builder) => Arc::new(builder.finish()),
            Sink::Bytes(mut builder) => Arc::new(builder.finish()),
            Sink::List { ends, mut items } => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
                match data_type.bare() {
                    DataType::Map(key, value) => {
                        let value = items.remove(1).finish(value)?;
                        let key = items.remove(0).finish(key)?;
                        make_map(&arrow, offsets, key, value)?
                    }
                    DataType::Array(item) => {
                        let values = items.remove(0).finish(item)?;
                        Arc::new(ListArray::try_new(Arc::new(item.to_field("item")), offsets, values, None)?)
                    }
                    other => return exec_err!("a list was made where {other} is wanted"),
                }
            }
            Sink::Tuple { rows, items } => {
                let (DataType::Tuple(types), Arrow::Struct(fields)) = (data_type.bare(), arrow) else {
                    return exec_err!("a tuple was made where {data_type} is wanted");
                };
                let columns = items.into_iter().zip(types).map(|(item, (_, one))| item.finish(one));
                let columns = columns.collect::<EngineResult<Vec<_>>>()?;
                Arc::new(StructArray::try_new_with_length(fields, columns, None, rows)?)
            }
            Sink::Nullable { mut valid, inner, .. } => {
                let inner = inner.finish(without_null(data_type))?;
                let nulls = NullBuffer::new(valid.finish());
                if nulls.null_count() == 0 {
                    return Ok(inner);
                }
                make_array(inner.to_data().into_builder().nulls(Some(nulls)).build()?)
            }
        })
    }
}

pub(crate) fn make_map(
    arrow: &Arrow,
    offsets: OffsetBuffer<i32>,
    keys: ArrayRef,
    values: ArrayRef,
) -> EngineResult<ArrayRef> {
    let Arrow::Map(field, _) = arrow else { return exec_err!("a map was made where {arrow} is wanted") };
    let Arrow::Struct(fields) = field.data_type() else { return exec_err!("{arrow} is no map") };
    let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(field.clone(), offsets, entries, None, false)?))
}

fn without_null(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Nullable(inner) => inner,
        DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction(_, inner) => without_null(inner),
        other => other,
    }
}

/// The type's default: zero, the empty text, NULL.
fn blank(layout: &Layout, out: &mut Vec<u8>) {
    match layout {
        Layout::Nothing => {}
        Layout::Fixed(width, _) => out.resize(out.len() + width, 0),
        Layout::Tuple(items) => items.iter().for_each(|item| blank(item, out)),
        Layout::Nullable(_) => out.push(1),
        _ => out.push(0),
    }
}

/// Values of one type ↔ bytes.
#[derive(Debug)]
pub(crate) struct Values {
    pub(crate) data_type: DataType,
    pub(crate) layout: Layout,
    /// The type's default, for groups without a value.
    default: Vec<u8>,
}

impl Values {
    pub(crate) fn new(data_type: &DataType) -> Values {
        let layout = Layout::of(data_type);
        let mut default = Vec::new();
        blank(&layout, &mut default);
        Values { data_type: data_type.clone(), layout, default }
    }

    pub(crate) fn default(&self) -> &[u8] {
        &self.default
    }

    pub(crate) fn source(&self, column: &ArrayRef) -> EngineResult<Source> {
        Source::new(&self.layout, column)
    }

    /// A column of values; the default where there is none.
    pub(crate) fn column<'a>(&self, values: impl Iterator<Item = Option<&'a [u8]>>) -> EngineResult<ArrayRef> {
        let mut sink = Sink::new(&self.layout);
        for value in values {
            sink.read(&mut Reader::new(value.unwrap_or(&self.default)))?;
        }
        sink.finish(&self.data_type)
    }

    /// A column of arrays of values, one for each group.
    pub(crate) fn lists<'a>(
        &self,
        groups: impl Iterator<Item = impl Iterator<Item = &'a [u8]>>,
    ) -> EngineResult<ArrayRef> {
        let mut sink = Sink::new(&self.layout);
        let mut ends = vec![0];
        let mut total = 0usize;
        for group in groups {
            for value in group {
                sink.read(&mut Reader::new(value))?;
                total += 1;
            }
            ends.push(i32::try_from(total).map_err(|_| exec_datafusion_err!("arrays of {total} items together"))?);
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        let values = sink.finish(&self.data_type)?;
        Ok(Arc::new(ListArray::try_new(Arc::new(self.data_type.to_field("item")), offsets, values, None)?))
    }
}
