//! `sumMap`, `minMap`, `maxMap` over arrays of keys and of values; over maps they are the combinator `-Map`.
//!
//! The payload is, for each key in rising order, the key (`cell`) and for each array of values: whether there is a
//! value (1 byte), and the value (`cell`).

use super::Aggregate;
use super::bytes::Reader;
use super::cell::{Source, Values};
use super::fit::{Empty, Fitted, Signature, fit, map_of, without_null};
use super::states::{Fold, Kind, Rows, State, each};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType as Arrow, i256};
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

macro_rules! maps {
    ($($name:literal, $aliases:expr, $operation:expr, $kind:ident, $summary:literal, [$($example:expr),*];)*) => {
        &[$(Aggregate {
            name: $name,
            aliases: $aliases,
            syntax: concat!($name, "(keys, values, …), ", $name, "((keys, values, …)) or ", $name, "(map)"),
            summary: $summary,
            examples: &[$($example),*],
            kind: Kind::$kind,
            empty: Empty::Value,
            fit: |signature| fit_map(signature, $operation),
            ..Aggregate::DEFAULT
        }),*]
    };
}

#[rustfmt::skip]
pub(crate) const AGGREGATES: &[Aggregate] = maps! {
    "sumMap", &["sumMappedArrays"], Operation::Sum, SumMap, "The sums of the values that stand at the same key; keys with a sum of zero are left out of arrays.", [("sumMap([x % 2, 5], [x, 1])", "([0,1,5],[6,4,4])"), ("sumMap(([x], [0]))", "([],[])"), ("sumMap(map('a', x))", "{'a':10}")];
    "sumMapWithOverflow", &[], Operation::Wrap, SumMap, "As sumMap, but sums keep the type of the values.", [("sumMapWithOverflow([1], [toUInt8(x * 60)])", "([1],[88])")];
    "minMap", &["minMappedArrays"], Operation::Min, SumMap, "The smallest of the values that stand at the same key.", [("minMap([x % 2, 5], [x, 1])", "([0,1,5],[2,1,1])")];
    "maxMap", &["maxMappedArrays"], Operation::Max, SumMap, "The largest of the values that stand at the same key.", [("maxMap([x % 2, 5], [x, 1])", "([0,1,5],[4,3,1])")];
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operation {
    Sum,
    Wrap,
    Min,
    Max,
}

fn fit_map(signature: &Signature, operation: Operation) -> Fitted {
    if let [DataType::Map(key, value)] = signature.arguments.as_slice() {
        let name = match operation {
            Operation::Sum => "sum",
            Operation::Wrap => "sumWithOverflow",
            Operation::Min => "min",
            Operation::Max => "max",
        };
        let fit = map_of(fit(name, &[], std::slice::from_ref(value.as_ref()))?, key);
        return Ok((fit.result, fit.new));
    }
    let (types, in_tuple) = match signature.arguments.as_slice() {
        [DataType::Tuple(items)] => (items.iter().map(|(_, one)| one.clone()).collect(), true),
        arguments => (arguments.to_vec(), false),
    };
    let item = |one: &DataType| match one.bare() {
        DataType::Array(item) => Ok(item.as_ref().clone()),
        _ => Err(signature.mismatch("takes arrays of keys and of values")),
    };
    let items = types.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    let Some((key, values)) = items.split_first().filter(|(_, values)| !values.is_empty()) else {
        return Err(signature.mismatch("takes arrays of keys and of values"));
    };
    let mut columns = Vec::with_capacity(values.len());
    for value in values {
        let value = without_null(value);
        let is_sum = matches!(operation, Operation::Sum | Operation::Wrap);
        let known = value.is_numeric() || !is_sum && (value.is_date_or_time() || value.is_string());
        if !known {
            return Err(signature.mismatch(format_args!("does not take values of {value}")));
        }
        let result = match &value {
            _ if operation != Operation::Sum => value.clone(),
            one if one.is_float() => DataType::Float64,
            one if one.integer_bits() > Some(64) || matches!(one, DataType::Decimal { .. }) => one.clone(),
            one if one.is_unsigned_integer() => DataType::UInt64,
            _ => DataType::Int64,
        };
        columns
            .push(Column { argument: Values::new(&DataType::Nullable(Box::new(value))), result: Values::new(&result) });
    }
    let arrays = std::iter::once(key.clone()).chain(columns.iter().map(|column| column.result.data_type.clone()));
    let result = DataType::Tuple(arrays.map(|item| (None, item.array())).collect());
    let fold = Mapped { keys: Values::new(key), columns, operation, in_tuple, result: result.clone() };
    Ok((result, each(fold)))
}

#[derive(Debug)]
struct Column {
    /// Nullable, whatever the argument is.
    argument: Values,
    result: Values,
}

#[derive(Debug)]
struct Mapped {
    keys: Values,
    columns: Vec<Column>,
    operation: Operation,
    in_tuple: bool,
    result: DataType,
}

/// The bytes of a value, if there is one.
type Value = Option<Box<[u8]>>;

#[derive(Debug, Default)]
struct Entries(BTreeMap<Box<[u8]>, Vec<Value>>);

impl State for Entries {
    fn bytes(&self) -> usize {
        self.0.iter().map(|(key, values)| key.len() + 64 + values.len() * 40).sum()
    }
}

/// Adds two little-endian numbers of one width.
fn add(left: &mut [u8], right: &[u8], is_float: bool) {
    if is_float {
        let sum = super::cell::float(left) + super::cell::float(right);
        match left.len() {
            4 => left.copy_from_slice(&(sum as f32).to_le_bytes()),
            _ => left.copy_from_slice(&sum.to_le_bytes()),
        }
        return;
    }
    let mut carry = 0u16;
    for (left, right) in left.iter_mut().zip(right) {
        let sum = u16::from(*left) + u16::from(*right) + carry;
        *left = sum as u8;
        carry = sum >> 8;
    }
}

impl Mapped {
    fn put(&self, entry: &mut [Option<Box<[u8]>>], place: usize, value: &[u8]) {
        let column = &self.columns[place].result;
        let Some(known) = &mut entry[place] else {
            entry[place] = Some(value.into());
            return;
        };
        let better = |wanted| column.layout.compare(value, known) == wanted;
        match self.operation {
            Operation::Sum | Operation::Wrap => add(known, value, column.data_type.is_float()),
            Operation::Min if better(Ordering::Less) => *known = value.into(),
            Operation::Max if better(Ordering::Greater) => *known = value.into(),
            _ => {}
        }
    }

    /// A value's bytes as the result's type has them.
    fn widened(&self, place: usize, bytes: &[u8]) -> Box<[u8]> {
        let (from, to) = (&self.columns[place].argument.data_type, &self.columns[place].result.data_type);
        let from = from.bare();
        if from == to {
            return bytes.into();
        }
        if from.is_float() {
            return super::cell::float(bytes).to_le_bytes().into();
        }
        let wide: i256 = super::number::wide_integer(bytes, from.is_signed_integer());
        let width = to.integer_bits().map_or(8, |bits| bits as usize / 8);
        wide.to_le_bytes()[..width].into()
    }

    fn arrays<'a>(&self, columns: &'a [ArrayRef]) -> EngineResult<Vec<&'a ListArray>> {
        let columns = match (self.in_tuple, columns.first().and_then(|column| column.as_struct_opt())) {
            (true, Some(tuple)) => tuple.columns(),
            (true, None) => return exec_err!("expected a column of tuples"),
            (false, _) => columns,
        };
        let list = |column: &'a ArrayRef| {
            column.as_list_opt::<i32>().ok_or_else(|| exec_datafusion_err!("expected a column of arrays"))
        };
        columns.iter().map(list).collect()
    }

    fn sorted<'a>(&self, state: &'a Entries) -> Vec<(&'a [u8], &'a [Value])> {
        let is_sum = matches!(self.operation, Operation::Sum | Operation::Wrap);
        let is_zero = |value: &Value| value.as_ref().is_none_or(|bytes| bytes.iter().all(|byte| *byte == 0));
        let kept = state.0.iter().filter(|(_, values)| !is_sum || !values.iter().all(is_zero));
        let mut entries: Vec<_> = kept.map(|(key, values)| (key.as_ref(), values.as_slice())).collect();
        entries.sort_by(|left, right| self.keys.layout.compare(left.0, right.0));
        entries
    }
}

impl Fold for Mapped {
    type State = Entries;

    fn update(&self, states: &mut [Entries], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let lists = self.arrays(columns)?;
        let Some((keys, values)) = lists.split_first() else { return exec_err!("no arrays") };
        let key_source = self.keys.source(keys.values())?;
        let sources = self.columns.iter().zip(values).map(|(column, list)| column.argument.source(list.values()));
        let sources = sources.collect::<EngineResult<Vec<Source>>>()?;
        let (mut key, mut value) = (Vec::new(), Vec::new());
        for (row, group) in rows.iter() {
            let length = keys.value_length(row);
            if values.iter().any(|list| list.value_length(row) != length) {
                return exec_err!("sumMap and its kin need keys and values of one length in each row");
            }
            for place in 0..length {
                key.clear();
                key_source.write((keys.value_offsets()[row] + place) as usize, &mut key);
                if !states[group].0.contains_key(key.as_slice()) {
                    states[group].0.insert(key.as_slice().into(), vec![None; values.len()]);
                }
                let Some(entry) = states[group].0.get_mut(key.as_slice()) else { continue };
                for (index, (source, list)) in sources.iter().zip(values).enumerate() {
                    value.clear();
                    source.write((list.value_offsets()[row] + place) as usize, &mut value);
                    if let [0, bytes @ ..] = value.as_slice() {
                        self.put(entry, index, &self.widened(index, bytes));
                    }
                }
            }
        }
        Ok(())
    }

    fn save(&self, state: &Entries, out: &mut Vec<u8>) {
        let mut entries: Vec<_> = state.0.iter().collect();
        entries.sort_by(|left, right| self.keys.layout.compare(left.0, right.0));
        for (key, values) in entries {
            out.extend_from_slice(key);
            for value in values {
                out.push(u8::from(value.is_some()));
                out.extend_from_slice(value.as_deref().unwrap_or_default());
            }
        }
    }

    fn merge(&self, state: &mut Entries, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let key = self.keys.layout.value(&mut reader)?;
            let mut read = Vec::with_capacity(self.columns.len());
            for column in &self.columns {
                let is_there = reader.u8()? != 0;
                read.push(if is_there { Some(column.result.layout.value(&mut reader)?) } else { None });
            }
            let entry = state.0.entry(key.into()).or_insert_with(|| vec![None; self.columns.len()]);
            for (place, value) in read.into_iter().enumerate() {
                if let Some(value) = value {
                    self.put(entry, place, value);
                }
            }
        }
        Ok(())
    }

    fn finish(&self, states: &[Entries]) -> EngineResult<ArrayRef> {
        let Arrow::Struct(fields) = self.result.to_arrow() else { return exec_err!("{} is no tuple", self.result) };
        let groups: Vec<_> = states.iter().map(|state| self.sorted(state)).collect();
        let mut ends = vec![0i32];
        for group in &groups {
            ends.push(ends[ends.len() - 1] + group.len() as i32);
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len() + 1);
        let keys = self.keys.column(groups.iter().flatten().map(|(key, _)| Some(*key)))?;
        let list = |values: &Values, items: ArrayRef| -> EngineResult<ArrayRef> {
            let field = Arc::new(values.data_type.to_field("item"));
            Ok(Arc::new(ListArray::try_new(field, offsets.clone(), items, None)?))
        };
        arrays.push(list(&self.keys, keys)?);
        for (place, column) in self.columns.iter().enumerate() {
            let values = groups.iter().flatten().map(|(_, values)| values[place].as_deref());
            arrays.push(list(&column.result, column.result.column(values)?)?);
        }
        Ok(Arc::new(StructArray::try_new(fields, arrays, None)?))
    }
}
