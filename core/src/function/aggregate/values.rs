//! Functions that keep whole values: `any`, `argMax`, `groupArray`, `groupUniqArray`, `topK`.
//!
//! A value is kept as a row of Arrow's row format: bytes of any type, which compare as the values do.

use super::states::{Each, Fold, Rows, State, States};
use super::udaf::{Empty, Shape};
use super::{Aggregate, Binding, Bound};
use crate::function::conditional::default_of;
use crate::function::definition::Mismatch;
use crate::value::DataType;
use arrow::array::{ArrayRef, ListArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Result as EngineResult, exec_err, internal_err};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "any",
        aliases: &["anyRespectNulls", "any_value", "first_value"],
        case_insensitive: true,
        syntax: "any(x)",
        summary: "The first value met.",
        examples: &[("any(x)", "1"), ("anyIf(toString(x), 0)", "")],
        bind: |binding| {
            one(binding, |shape| Box::new(Each::new(Any { values: Values::new(&shape.arguments[0]), last: false })))
        },
    },
    Aggregate {
        name: "anyLast",
        aliases: &["last_value"],
        syntax: "anyLast(x)",
        summary: "The last value met.",
        examples: &[("anyLast(x)", "4")],
        bind: |binding| {
            one(binding, |shape| Box::new(Each::new(Any { values: Values::new(&shape.arguments[0]), last: true })))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "argMin",
        syntax: "argMin(value, by)",
        summary: "The value where `by` is smallest.",
        examples: &[("argMin(toString(x), x)", "1")],
        bind: |binding| arg(binding, |shape| Box::new(Each::new(Arg::new(shape, false)))),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "argMax",
        syntax: "argMax(value, by)",
        summary: "The value where `by` is largest.",
        examples: &[("argMax(toString(x), x)", "4"), ("argMaxIf(x, x, x < 3)", "2")],
        bind: |binding| arg(binding, |shape| Box::new(Each::new(Arg::new(shape, true)))),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupArray",
        aliases: &["array_agg"],
        syntax: "groupArray(x) or groupArray(most)(x)",
        summary: "All values as an array, or the first so many.",
        examples: &[("groupArray(x)", "[1,2,3,4]"), ("groupArray(2)(x)", "[1,2]"), ("groupArrayIf(x, 0)", "[]")],
        bind: |binding| list(binding, |shape| Box::new(Each::new(GroupArray::new(shape)))),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupUniqArray",
        syntax: "groupUniqArray(x) or groupUniqArray(most)(x)",
        summary: "Different values as an array, in the order they were met.",
        examples: &[("groupUniqArray(x % 2)", "[1,0]")],
        bind: |binding| list(binding, |shape| Box::new(Each::new(GroupUniqArray(GroupArray::new(shape))))),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "topK",
        syntax: "topK(k)(x)",
        summary: "The k most frequent values, about; 10 if no k is given.",
        examples: &[("topK(1)(x > 3)", "[0]")],
        bind: |binding| {
            if let Some(0) = most(binding.parameters) {
                return Err(binding.mismatch("needs a k of one or more"));
            }
            list(binding, |shape| Box::new(Each::new(TopK(GroupArray::new(shape)))))
        },
        ..Aggregate::DEFAULT
    },
];

fn without_null(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Nullable(inner) => inner.as_ref().clone(),
        other => other.clone(),
    }
}

fn can_be_kept(binding: &Binding) -> Result<(), Mismatch> {
    for (index, argument) in binding.arguments.iter().enumerate() {
        if !RowConverter::supports_fields(&[SortField::new(argument.data_type.to_arrow())]) {
            return Err(binding.wrong_type(index));
        }
    }
    Ok(())
}

fn one(binding: &Binding, new: fn(&Shape) -> Box<dyn States>) -> Result<Bound, Mismatch> {
    binding.count(1..=1)?;
    can_be_kept(binding)?;
    Ok(binding.ours(binding.arguments[0].data_type.clone(), Empty::Null, new))
}

fn arg(binding: &Binding, new: fn(&Shape) -> Box<dyn States>) -> Result<Bound, Mismatch> {
    binding.count(2..=2)?;
    can_be_kept(binding)?;
    Ok(binding.ours(binding.arguments[0].data_type.clone(), Empty::Null, new))
}

fn list(binding: &Binding, new: fn(&Shape) -> Box<dyn States>) -> Result<Bound, Mismatch> {
    binding.count(1..=1)?;
    can_be_kept(binding)?;
    Ok(binding.ours(without_null(&binding.arguments[0].data_type).array(), Empty::Value, new))
}

fn most(parameters: &[datafusion::scalar::ScalarValue]) -> Option<u64> {
    match parameters.first()?.cast_to(&arrow::datatypes::DataType::UInt64).ok()? {
        datafusion::scalar::ScalarValue::UInt64(most) => most,
        _ => None,
    }
}

type Bytes = Box<[u8]>;

/// Values of one type ↔ bytes.
#[derive(Debug)]
struct Values {
    converter: RowConverter,
    /// The type's default, for groups without a value.
    default: Bytes,
}

impl Values {
    fn new(data_type: &DataType) -> Values {
        let fields = vec![SortField::new(data_type.to_arrow())];
        let converter = RowConverter::new(fields).expect("the binding has checked the type");
        let default = default_of(data_type)
            .and_then(|value| value.to_array_of_size(1).ok())
            .unwrap_or_else(|| arrow::array::new_null_array(&data_type.to_arrow(), 1));
        let rows = converter.convert_columns(&[default]).expect("the default has the type");
        let default = rows.row(0).as_ref().into();
        Values { converter, default }
    }

    fn decode<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> EngineResult<ArrayRef> {
        let parser = self.converter.parser();
        let rows = values.map(|bytes| parser.parse(bytes));
        Ok(self.converter.convert_rows(rows)?.remove(0))
    }
}

/// `length, bytes` of a piece of a saved state.
fn write_piece(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn read_piece<'a>(bytes: &mut &'a [u8]) -> EngineResult<&'a [u8]> {
    let damaged = || internal_err!("a saved value is cut short");
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return damaged() };
    let length = u32::from_le_bytes(*length) as usize;
    if length > rest.len() {
        return damaged();
    }
    let (piece, rest) = rest.split_at(length);
    *bytes = rest;
    Ok(piece)
}

#[derive(Debug)]
struct Any {
    values: Values,
    last: bool,
}

#[derive(Debug, Default)]
struct Kept {
    value: Option<Bytes>,
    by: Option<Bytes>,
}

impl State for Kept {
    fn save(&self, out: &mut Vec<u8>) {
        if let Some(value) = &self.value {
            write_piece(out, value);
            if let Some(by) = &self.by {
                write_piece(out, by);
            }
        }
    }

    fn bytes(&self) -> usize {
        self.value.as_ref().map_or(0, |bytes| bytes.len()) + self.by.as_ref().map_or(0, |bytes| bytes.len())
    }
}

fn read_kept(mut bytes: &[u8]) -> EngineResult<Kept> {
    if bytes.is_empty() {
        return Ok(Kept::default());
    }
    let value = Some(read_piece(&mut bytes)?.into());
    let by = if bytes.is_empty() { None } else { Some(read_piece(&mut bytes)?.into()) };
    Ok(Kept { value, by })
}

fn finish_kept(values: &Values, states: &[Kept]) -> EngineResult<ArrayRef> {
    values.decode(states.iter().map(|state| state.value.as_deref().unwrap_or(&values.default)))
}

impl Fold for Any {
    type State = Kept;

    fn update(&self, states: &mut [Kept], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let encoded = self.values.converter.convert_columns(&columns[..1])?;
        for (row, group) in rows.iter() {
            if self.last || states[group].value.is_none() {
                states[group].value = Some(encoded.row(row).as_ref().into());
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Kept, bytes: &[u8]) -> EngineResult<()> {
        let other = read_kept(bytes)?;
        if other.value.is_some() && (self.last || state.value.is_none()) {
            *state = other;
        }
        Ok(())
    }

    fn finish(&self, states: &[Kept]) -> EngineResult<ArrayRef> {
        finish_kept(&self.values, states)
    }
}

#[derive(Debug)]
struct Arg {
    values: Values,
    by: RowConverter,
    largest: bool,
}

impl Arg {
    fn new(shape: &Shape, largest: bool) -> Arg {
        let fields = vec![SortField::new(shape.arguments[1].to_arrow())];
        let by = RowConverter::new(fields).expect("the binding has checked the type");
        Arg { values: Values::new(&shape.arguments[0]), by, largest }
    }

    fn is_better(&self, new: &[u8], old: Option<&[u8]>) -> bool {
        old.is_none_or(|old| if self.largest { new > old } else { new < old })
    }
}

impl Fold for Arg {
    type State = Kept;

    fn update(&self, states: &mut [Kept], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = self.values.converter.convert_columns(&columns[..1])?;
        let by = self.by.convert_columns(&columns[1..2])?;
        for (row, group) in rows.iter() {
            let state = &mut states[group];
            let new = by.row(row);
            if self.is_better(new.as_ref(), state.by.as_deref()) {
                state.by = Some(new.as_ref().into());
                state.value = Some(values.row(row).as_ref().into());
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Kept, bytes: &[u8]) -> EngineResult<()> {
        let other = read_kept(bytes)?;
        if let Some(by) = &other.by
            && self.is_better(by, state.by.as_deref())
        {
            *state = other;
        }
        Ok(())
    }

    fn finish(&self, states: &[Kept]) -> EngineResult<ArrayRef> {
        finish_kept(&self.values, states)
    }
}

/// Values end to end.
#[derive(Debug, Default)]
struct Sequence {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Sequence {
    fn push(&mut self, value: &[u8]) -> EngineResult<()> {
        self.bytes.extend_from_slice(value);
        let Ok(end) = u32::try_from(self.bytes.len()) else {
            return exec_err!("an array of more than 4 GiB");
        };
        self.ends.push(end);
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start as usize..*end as usize])
    }
}

impl State for Sequence {
    fn save(&self, out: &mut Vec<u8>) {
        for value in self.iter() {
            write_piece(out, value);
        }
    }

    fn bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 4
    }
}

#[derive(Debug)]
struct GroupArray {
    item: DataType,
    values: Values,
    most: usize,
}

impl GroupArray {
    fn new(shape: &Shape) -> GroupArray {
        let item = without_null(&shape.arguments[0]);
        let most = most(&shape.parameters).map_or(usize::MAX, |most| most as usize);
        GroupArray { values: Values::new(&item), item, most }
    }

    fn lists(&self, groups: Vec<Vec<&[u8]>>) -> EngineResult<ArrayRef> {
        let mut offsets = Vec::with_capacity(groups.len() + 1);
        let mut total = 0i32;
        offsets.push(0);
        for group in &groups {
            total += group.len() as i32;
            offsets.push(total);
        }
        let values = self.values.decode(groups.into_iter().flatten())?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(ListArray::try_new(Arc::new(self.item.to_field("item")), offsets, values, None)?))
    }
}

impl Fold for GroupArray {
    type State = Sequence;

    fn update(&self, states: &mut [Sequence], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let encoded = self.values.converter.convert_columns(&columns[..1])?;
        for (row, group) in rows.iter() {
            if states[group].ends.len() < self.most {
                states[group].push(encoded.row(row).as_ref())?;
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Sequence, mut bytes: &[u8]) -> EngineResult<()> {
        while !bytes.is_empty() && state.ends.len() < self.most {
            state.push(read_piece(&mut bytes)?)?;
        }
        Ok(())
    }

    fn finish(&self, states: &[Sequence]) -> EngineResult<ArrayRef> {
        self.lists(states.iter().map(|state| state.iter().collect()).collect())
    }
}

/// Values with a number each: the order they were met in, or how often.
#[derive(Debug, Default)]
struct Numbered {
    numbers: HashMap<Bytes, u64>,
    /// What a new value may have missed: the largest count that was dropped.
    floor: u64,
    heap_bytes: usize,
}

impl Numbered {
    fn insert(&mut self, value: &[u8], number: u64) {
        self.heap_bytes += value.len() + 48;
        self.numbers.insert(value.into(), number);
    }

    fn by_number(&self) -> Vec<(&[u8], u64)> {
        let mut all: Vec<(&[u8], u64)> = self.numbers.iter().map(|(value, number)| (value.as_ref(), *number)).collect();
        all.sort_unstable_by(|left, right| left.1.cmp(&right.1).then_with(|| left.0.cmp(right.0)));
        all
    }
}

impl State for Numbered {
    fn save(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.floor.to_le_bytes());
        for (value, number) in self.by_number() {
            out.extend_from_slice(&number.to_le_bytes());
            write_piece(out, value);
        }
    }

    fn bytes(&self) -> usize {
        self.heap_bytes
    }
}

fn read_u64(bytes: &mut &[u8]) -> EngineResult<u64> {
    let Some((number, rest)) = bytes.split_first_chunk::<8>() else {
        return internal_err!("a saved number is cut short");
    };
    *bytes = rest;
    Ok(u64::from_le_bytes(*number))
}

#[derive(Debug)]
struct GroupUniqArray(GroupArray);

impl GroupUniqArray {
    fn add(&self, state: &mut Numbered, value: &[u8]) {
        if state.numbers.len() < self.0.most && !state.numbers.contains_key(value) {
            state.insert(value, state.numbers.len() as u64);
        }
    }
}

impl Fold for GroupUniqArray {
    type State = Numbered;

    fn update(&self, states: &mut [Numbered], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let encoded = self.0.values.converter.convert_columns(&columns[..1])?;
        for (row, group) in rows.iter() {
            self.add(&mut states[group], encoded.row(row).as_ref());
        }
        Ok(())
    }

    fn merge(&self, state: &mut Numbered, mut bytes: &[u8]) -> EngineResult<()> {
        read_u64(&mut bytes)?;
        while !bytes.is_empty() {
            read_u64(&mut bytes)?;
            self.add(state, read_piece(&mut bytes)?);
        }
        Ok(())
    }

    fn finish(&self, states: &[Numbered]) -> EngineResult<ArrayRef> {
        let ordered = states.iter().map(|state| state.by_number().into_iter().map(|(value, _)| value).collect());
        self.0.lists(ordered.collect())
    }
}

/// Counts in bounded space: when there are too many values, the rarer half goes, and a value that is new after
/// that starts with the largest count that went. Counts are exact until then.
#[derive(Debug)]
struct TopK(GroupArray);

const COUNTED_MIN: usize = 4096;

impl TopK {
    fn k(&self) -> usize {
        if self.0.most == usize::MAX { 10 } else { self.0.most }
    }

    fn add(&self, state: &mut Numbered, value: &[u8], count: u64) {
        if let Some(known) = state.numbers.get_mut(value) {
            *known += count;
            return;
        }
        let count = count + state.floor;
        state.insert(value, count);
        let kept = self.k().saturating_mul(3).max(COUNTED_MIN);
        if state.numbers.len() <= kept * 2 {
            return;
        }
        let mut counts: Vec<u64> = state.numbers.values().copied().collect();
        counts.sort_unstable_by(|left, right| right.cmp(left));
        state.floor = counts[kept];
        let floor = state.floor;
        state.numbers.retain(|_, count| *count > floor);
        state.heap_bytes = state.numbers.keys().map(|value| value.len() + 48).sum();
    }
}

impl Fold for TopK {
    type State = Numbered;

    fn update(&self, states: &mut [Numbered], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let encoded = self.0.values.converter.convert_columns(&columns[..1])?;
        for (row, group) in rows.iter() {
            self.add(&mut states[group], encoded.row(row).as_ref(), 1);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Numbered, mut bytes: &[u8]) -> EngineResult<()> {
        read_u64(&mut bytes)?;
        while !bytes.is_empty() {
            let count = read_u64(&mut bytes)?;
            self.add(state, read_piece(&mut bytes)?, count);
        }
        Ok(())
    }

    fn finish(&self, states: &[Numbered]) -> EngineResult<ArrayRef> {
        let top = |state| {
            let mut all = Numbered::by_number(state);
            all.sort_by_key(|entry| std::cmp::Reverse(entry.1));
            all.into_iter().take(self.k()).map(|(value, _)| value).collect()
        };
        self.0.lists(states.iter().map(top).collect())
    }
}
