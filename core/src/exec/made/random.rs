//! `generateRandom`: values of any type from a seed. The values are ours, not ClickHouse's.

use crate::plan::Random;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::not_impl_err;
use datafusion::error::Result;
use std::sync::Arc;

pub(super) struct Generator {
    types: Vec<DataType>,
    state: u64,
    text_bytes_max: usize,
    array_items_max: usize,
}

impl Generator {
    pub(super) fn new(random: &Random) -> Generator {
        Generator {
            types: random.schema.0.iter().map(|(_, data_type)| data_type.clone()).collect(),
            state: random.seed,
            text_bytes_max: random.text_bytes_max,
            array_items_max: random.array_items_max,
        }
    }

    pub(super) fn rows(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        let types = self.types.clone();
        types.iter().map(|data_type| self.column(data_type, count)).collect()
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Up to and with `most`.
    fn up_to(&mut self, most: usize) -> usize {
        (self.next() % (most as u64 + 1)) as usize
    }

    fn column(&mut self, data_type: &DataType, count: usize) -> Result<ArrayRef> {
        let arrow = data_type.to_arrow();
        let column: ArrayRef = match data_type {
            DataType::Nothing => new_null_array(&arrow, count),
            DataType::Nullable(inner) => {
                let values = self.column(inner, count)?;
                let valid: Vec<bool> = (0..count).map(|_| !self.next().is_multiple_of(16)).collect();
                let data = values.to_data().into_builder().nulls(Some(NullBuffer::from(valid))).build()?;
                make_array(data)
            }
            DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction(_, inner) => {
                self.column(inner, count)?
            }
            DataType::String => {
                let texts = (0..count).map(|_| self.text());
                Arc::new(texts.map(Some).collect::<StringViewArray>())
            }
            DataType::Bool => Arc::new((0..count).map(|_| Some(self.next() & 1 == 1)).collect::<BooleanArray>()),
            DataType::Float32 | DataType::Float64 => {
                let unit = |bits: u64| (bits >> 11) as f64 / (1u64 << 53) as f64;
                let values = (0..count).map(|_| (unit(self.next()) - 0.5) * 2e6);
                cast(&(Arc::new(Float64Array::from_iter_values(values)) as ArrayRef), &arrow)?
            }
            DataType::Enum8(names) => {
                let values = (0..count).map(|_| names[self.next() as usize % names.len().max(1)].1);
                Arc::new(Int8Array::from_iter_values(values))
            }
            DataType::Enum16(names) => {
                let values = (0..count).map(|_| names[self.next() as usize % names.len().max(1)].1);
                Arc::new(Int16Array::from_iter_values(values))
            }
            DataType::Date => self.integers(count, 65_536, 0, &arrow)?,
            DataType::Date32 => self.integers(count, 120_530 + 25_567, -25_567, &arrow)?,
            DataType::DateTime(_) => self.integers(count, 1 << 32, 0, &arrow)?,
            DataType::DateTime64(digits, _) => {
                let ticks = 10u64.pow(u32::from(*digits).div_ceil(3) * 3);
                self.integers(count, (1u64 << 32).saturating_mul(ticks) >> 1, 0, &arrow)?
            }
            DataType::Decimal { precision, .. } => {
                let most = 10u64.pow(u32::from(*precision).min(18));
                let values = (0..count).map(|_| i128::from(self.next() % most)).collect::<Vec<_>>();
                let (Arrow::Decimal128(precision, scale) | Arrow::Decimal256(precision, scale)) = arrow else {
                    return not_impl_err!("random values of {data_type}");
                };
                let values = Decimal128Array::from(values).with_precision_and_scale(precision.min(38), scale)?;
                cast(&(Arc::new(values) as ArrayRef), &arrow)?
            }
            DataType::Array(item) => {
                let lengths: Vec<usize> = (0..count).map(|_| self.up_to(self.array_items_max)).collect();
                let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
                let items = self.column(item, lengths.iter().sum())?;
                Arc::new(ListArray::try_new(Arc::new(item.to_field("item")), offsets, items, None)?)
            }
            DataType::Map(key, value) => {
                let lengths: Vec<usize> = (0..count).map(|_| self.up_to(self.array_items_max)).collect();
                let (offsets, total) = (OffsetBuffer::from_lengths(lengths.iter().copied()), lengths.iter().sum());
                let columns = vec![self.column(key, total)?, self.column(value, total)?];
                let Arrow::Map(field, _) = &arrow else { return not_impl_err!("random values of {data_type}") };
                let Arrow::Struct(fields) = field.data_type() else {
                    return not_impl_err!("random values of {data_type}");
                };
                let entries = StructArray::try_new(fields.clone(), columns, None)?;
                Arc::new(MapArray::try_new(field.clone(), offsets, entries, None, false)?)
            }
            DataType::Tuple(items) if !items.is_empty() => {
                let columns = items.iter().map(|(_, item)| self.column(item, count)).collect::<Result<Vec<_>>>()?;
                let Arrow::Struct(fields) = arrow else { return not_impl_err!("random values of {data_type}") };
                Arc::new(StructArray::try_new(fields, columns, None)?)
            }
            _ => match &arrow {
                Arrow::FixedSizeBinary(width) => self.bytes(count, *width)?,
                arrow if arrow.is_integer() => self.integers(count, 0, 0, arrow)?,
                _ => return not_impl_err!("random values of {data_type}"),
            },
        };
        Ok(column)
    }

    /// Below `end` (0: of all bits), moved by `by`.
    fn integers(&mut self, count: usize, end: u64, by: i64, arrow: &Arrow) -> Result<ArrayRef> {
        let mut next = || if end == 0 { self.next() } else { self.next() % end };
        let wide: ArrayRef = match arrow {
            Arrow::UInt64 => Arc::new(UInt64Array::from_iter_values((0..count).map(|_| next()))),
            Arrow::Int64 | Arrow::Timestamp(..) => {
                Arc::new(Int64Array::from_iter_values((0..count).map(|_| (next() as i64).wrapping_add(by))))
            }
            Arrow::Date32 => {
                Arc::new(Int32Array::from_iter_values((0..count).map(|_| (next() as i64).wrapping_add(by) as i32)))
            }
            Arrow::UInt32 => Arc::new(UInt32Array::from_iter_values((0..count).map(|_| next() as u32))),
            Arrow::UInt16 => Arc::new(UInt16Array::from_iter_values((0..count).map(|_| next() as u16))),
            Arrow::UInt8 => Arc::new(UInt8Array::from_iter_values((0..count).map(|_| next() as u8))),
            Arrow::Int32 => Arc::new(Int32Array::from_iter_values((0..count).map(|_| next() as i32))),
            Arrow::Int16 => Arc::new(Int16Array::from_iter_values((0..count).map(|_| next() as i16))),
            _ => Arc::new(Int8Array::from_iter_values((0..count).map(|_| next() as i8))),
        };
        if wide.data_type() == arrow { Ok(wide) } else { Ok(cast(&wide, arrow)?) }
    }

    fn bytes(&mut self, count: usize, width: i32) -> Result<ArrayRef> {
        let mut out = FixedSizeBinaryBuilder::with_capacity(count, width);
        let mut value = vec![0u8; width as usize];
        for _ in 0..count {
            value.iter_mut().for_each(|byte| *byte = b' ' + (self.next() % 95) as u8);
            out.append_value(&value)?;
        }
        Ok(Arc::new(out.finish()))
    }

    /// Printable ASCII.
    fn text(&mut self) -> String {
        let length = self.up_to(self.text_bytes_max);
        (0..length).map(|_| char::from(b' ' + (self.next() % 95) as u8)).collect()
    }
}
