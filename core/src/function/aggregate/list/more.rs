//! Arrays of chosen values: `groupArraySorted`, `groupArrayLast`, `groupArrayInsertAt`, `groupArraySample`,
//! `groupArrayIntersect`; and `groupConcat`, which yields text.
//!
//! Payloads: of `GroupArray`, `Sorted` and `Intersect` the values (`cell`); of `Samples` how many values there were
//! (varint), then the values kept, oldest first; of `InsertAt` place (varint) and value of each; of `Concat` the
//! texts (length as varint, bytes).

use super::Sequence;
use crate::function::aggregate::Aggregate;
use crate::function::aggregate::bytes::{Reader, put_piece, put_varint};
use crate::function::aggregate::cell::{Source, Values};
use crate::function::aggregate::fit::{Empty, Signature};
use crate::function::aggregate::states::{Fold, Kind, Rows, State, each};
use crate::function::convert::{OnError, bits, cast_array};
use crate::function::definition::Mismatch;
use crate::limits::{ARRAY_ITEMS_MAX, TEXT_BYTES_MAX};
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use datafusion::scalar::ScalarValue;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "groupArraySorted",
        syntax: "groupArraySorted(most)(x)",
        summary: "The smallest so many values, in rising order.",
        examples: &[("groupArraySorted(2)(-x)", "[-4,-3]"), ("groupArraySorted(9)(toString(x))", "['1','2','3','4']")],
        kind: Kind::Sorted,
        empty: Empty::Value,
        fit: |signature| {
            let sorted = Sorted { values: one(signature)?, most: size(signature)? };
            Ok((sorted.values.data_type.clone().array(), each(sorted)))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupArrayLast",
        syntax: "groupArrayLast(most)(x)",
        summary: "The last so many values; newer ones take the places of older ones.",
        examples: &[("groupArrayLast(3)(x)", "[4,2,3]"), ("groupArrayLast(9)(x)", "[1,2,3,4]")],
        kind: Kind::Samples,
        empty: Empty::Value,
        fit: |signature| {
            let last = Chosen { values: one(signature)?, most: size(signature)?, seed: None };
            Ok((last.values.data_type.clone().array(), each(last)))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupArraySample",
        syntax: "groupArraySample(most[, seed])(x)",
        summary: "So many values, chosen by chance but the same each time.",
        examples: &[("groupArraySample(4)(x)", "[1,2,3,4]")],
        kind: Kind::Samples,
        empty: Empty::Value,
        fit: |signature| {
            signature.parameter_count(1..=2)?;
            let seed = signature.natural(1)?.unwrap_or(123_456);
            let sample = Chosen { values: one(signature)?, most: size(signature)?, seed: Some(seed) };
            Ok((sample.values.data_type.clone().array(), each(sample)))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupArrayInsertAt",
        syntax: "groupArrayInsertAt([default[, size]])(x, place)",
        summary: "An array with each value at its place, counted from 0; of several for one place, the first.",
        examples: &[
            ("groupArrayInsertAt(x, x)", "[0,1,2,3,4]"),
            ("groupArrayInsertAt('-', 3)(toString(x), x)", "['-','1','2']"),
        ],
        kind: Kind::InsertAt,
        empty: Empty::Value,
        fit: |signature| {
            signature.count(2..=2)?;
            signature.expect_unsigned(1)?;
            signature.parameter_count(0..=2)?;
            let values = Values::new(&signature.arguments[0]);
            let size = signature.natural(1)?.map(|size| size as usize);
            if size.is_some_and(|size| size > ARRAY_ITEMS_MAX) {
                return Err(signature.mismatch(format_args!("makes at most {ARRAY_ITEMS_MAX} items")));
            }
            let default =
                signature.parameters.first().map(|value| default_as(signature, value, &values)).transpose()?;
            Ok((values.data_type.clone().array(), each(InsertAt { values, default, size })))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupArrayIntersect",
        syntax: "groupArrayIntersect(array)",
        summary: "The items that all arrays have.",
        examples: &[("groupArrayIntersect([x, 1, 1])", "[1]"), ("groupArrayIntersect([x])", "[]")],
        kind: Kind::Intersect,
        empty: Empty::Value,
        fit: |signature| {
            signature.count(1..=1)?;
            let DataType::Array(item) = signature.bare(0) else { return Err(signature.wrong_type(0)) };
            Ok((item.as_ref().clone().array(), each(Intersect { values: Values::new(item) })))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupConcat",
        aliases: &["group_concat", "string_agg", "listagg"],
        case_insensitive: true,
        syntax: "groupConcat(delimiter[, most])(x) or groupConcat(x, delimiter)",
        summary: "All values as one text.",
        examples: &[
            ("groupConcat(x)", "1234"),
            ("groupConcat(', ')(x)", "1, 2, 3, 4"),
            ("groupConcat(',', 2)(x)", "1,2"),
            ("string_agg(toString(x), '-')", "1-2-3-4"),
        ],
        kind: Kind::Concat,
        fit: |signature| {
            signature.count(1..=1)?;
            signature.parameter_count(0..=2)?;
            let delimiter = signature.text(0)?.unwrap_or_default().to_owned();
            let most = signature.natural(1)?.map_or(usize::MAX, |most| most as usize);
            Ok((DataType::String, each(Concat { argument: signature.arguments[0].clone(), delimiter, most })))
        },
        ..Aggregate::DEFAULT
    },
];

fn one(signature: &Signature) -> Result<Values, Mismatch> {
    signature.count(1..=1)?;
    Ok(Values::new(&signature.arguments[0]))
}

fn size(signature: &Signature) -> Result<usize, Mismatch> {
    match signature.natural(0)? {
        Some(size) if size > 0 && size <= ARRAY_ITEMS_MAX as u64 => Ok(size as usize),
        _ => Err(signature.bad(format_args!("needs a size of 1 to {ARRAY_ITEMS_MAX} as first parameter"))),
    }
}

fn default_as(signature: &Signature, value: &ScalarValue, values: &Values) -> Result<Vec<u8>, Mismatch> {
    let wrong = || signature.mismatch(format_args!("cannot use {value} as a default of {}", values.data_type));
    let target = values.data_type.to_arrow();
    let value = value.cast_to(&target).ok().and_then(|value| value.to_array_of_size(1).ok()).ok_or_else(wrong)?;
    let mut bytes = Vec::new();
    values.source(&value).map_err(|_| wrong())?.write(0, &mut bytes);
    Ok(bytes)
}

#[derive(Debug)]
struct Sorted {
    values: Values,
    most: usize,
}

#[derive(Debug, Default)]
struct Pile(Vec<Vec<u8>>);

impl State for Pile {
    fn bytes(&self) -> usize {
        self.0.iter().map(|value| value.capacity() + 24).sum()
    }
}

impl Sorted {
    fn add(&self, pile: &mut Pile, value: &[u8]) {
        pile.0.push(value.to_vec());
        // sorting now and then is cheaper than keeping order
        if pile.0.len() >= self.most.saturating_mul(2).max(64) {
            self.cut(&mut pile.0);
        }
    }

    fn cut(&self, values: &mut Vec<Vec<u8>>) {
        values.sort_by(|left, right| self.values.layout.compare(left, right));
        values.truncate(self.most);
    }

    fn sorted(&self, pile: &Pile) -> Vec<Vec<u8>> {
        let mut values = pile.0.clone();
        self.cut(&mut values);
        values
    }
}

impl Fold for Sorted {
    type State = Pile;

    fn update(&self, states: &mut [Pile], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.values.source(&columns[0])?;
        let mut bytes = Vec::new();
        for (row, group) in rows.iter() {
            bytes.clear();
            source.write(row, &mut bytes);
            self.add(&mut states[group], &bytes);
        }
        Ok(())
    }

    fn save(&self, state: &Pile, out: &mut Vec<u8>) {
        self.sorted(state).iter().for_each(|value| out.extend_from_slice(value));
    }

    fn merge(&self, state: &mut Pile, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let value = self.values.layout.value(&mut reader)?;
            self.add(state, value);
        }
        Ok(())
    }

    fn finish(&self, states: &[Pile]) -> EngineResult<ArrayRef> {
        let sorted: Vec<Vec<Vec<u8>>> = states.iter().map(|state| self.sorted(state)).collect();
        self.values.lists(sorted.iter().map(|values| values.iter().map(Vec::as_slice)))
    }
}

/// With a seed, by chance; without, the last ones.
#[derive(Debug)]
struct Chosen {
    values: Values,
    most: usize,
    seed: Option<u64>,
}

#[derive(Debug, Default)]
struct Places {
    values: Vec<Vec<u8>>,
    total: u64,
    random: u64,
}

impl State for Places {
    fn bytes(&self) -> usize {
        self.values.iter().map(|value| value.capacity() + 24).sum()
    }
}

impl Chosen {
    fn add(&self, state: &mut Places, value: &[u8]) {
        state.total = state.total.saturating_add(1);
        if state.values.len() < self.most {
            state.values.push(value.to_vec());
            return;
        }
        let place = match self.seed {
            None => (state.total - 1) % self.most as u64,
            Some(seed) => {
                if state.random == 0 {
                    state.random = seed | 3;
                }
                let random = state.random;
                state.random = random.wrapping_mul(6_364_136_223_846_793_005);
                u64::from(((random ^ (random >> 22)) >> (22 + (random >> 61))) as u32) % state.total
            }
        };
        if let Some(known) = state.values.get_mut(place as usize) {
            *known = value.to_vec();
        }
    }

    /// Where the oldest value stands.
    fn oldest(&self, state: &Places) -> usize {
        let is_full = state.values.len() == self.most && self.seed.is_none();
        if is_full { (state.total % self.most as u64) as usize } else { 0 }
    }
}

impl Fold for Chosen {
    type State = Places;

    fn update(&self, states: &mut [Places], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.values.source(&columns[0])?;
        let mut bytes = Vec::new();
        for (row, group) in rows.iter() {
            bytes.clear();
            source.write(row, &mut bytes);
            self.add(&mut states[group], &bytes);
        }
        Ok(())
    }

    fn save(&self, state: &Places, out: &mut Vec<u8>) {
        if state.total == 0 {
            return;
        }
        put_varint(out, state.total);
        let (newer, older) = state.values.split_at(self.oldest(state));
        older.iter().chain(newer).for_each(|value| out.extend_from_slice(value));
    }

    fn merge(&self, state: &mut Places, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let total = reader.varint()?;
        let mut values = Vec::new();
        while !reader.is_empty() {
            values.push(self.values.layout.value(&mut reader)?);
        }
        if values.len() as u64 > total || values.len() > self.most {
            return exec_err!("a saved state has {} of {total} values", values.len());
        }
        // what was dropped there would be dropped here too
        if self.seed.is_none() && values.len() == self.most {
            state.values.clear();
            state.total = state.total.saturating_add(total - values.len() as u64);
            let start = (state.total % self.most as u64) as usize;
            state.values = values.iter().map(|value| value.to_vec()).collect();
            state.values.rotate_right(start);
            state.total = state.total.saturating_add(values.len() as u64);
            return Ok(());
        }
        let before = state.total.saturating_add(total);
        values.into_iter().for_each(|value| self.add(state, value));
        if self.seed.is_some() {
            state.total = before;
        }
        Ok(())
    }

    fn finish(&self, states: &[Places]) -> EngineResult<ArrayRef> {
        self.values.lists(states.iter().map(|state| state.values.iter().map(Vec::as_slice)))
    }
}

#[derive(Debug)]
struct InsertAt {
    values: Values,
    default: Option<Vec<u8>>,
    size: Option<usize>,
}

#[derive(Debug, Default)]
struct Placed(BTreeMap<u64, Vec<u8>>);

impl State for Placed {
    fn save(&self, out: &mut Vec<u8>) {
        for (place, value) in &self.0 {
            put_varint(out, *place);
            out.extend_from_slice(value);
        }
    }

    fn bytes(&self) -> usize {
        self.0.values().map(|value| value.capacity() + 48).sum()
    }
}

impl InsertAt {
    fn put(&self, state: &mut Placed, place: u64, value: &[u8]) -> EngineResult<()> {
        if self.size.is_some_and(|size| place >= size as u64) {
            return Ok(());
        }
        if place >= ARRAY_ITEMS_MAX as u64 {
            return exec_err!(
                "too large array size: position argument ({place}) is greater or equals to limit ({ARRAY_ITEMS_MAX})"
            );
        }
        state.0.entry(place).or_insert_with(|| value.to_vec());
        Ok(())
    }
}

impl Fold for InsertAt {
    type State = Placed;

    fn update(&self, states: &mut [Placed], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.values.source(&columns[0])?;
        let places = bits(&columns[1])?;
        let mut bytes = Vec::new();
        for (row, group) in rows.iter() {
            bytes.clear();
            source.write(row, &mut bytes);
            self.put(&mut states[group], places.value(row) as u64, &bytes)?;
        }
        Ok(())
    }

    fn merge(&self, state: &mut Placed, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let place = reader.varint()?;
            let value = self.values.layout.value(&mut reader)?;
            self.put(state, place, value)?;
        }
        Ok(())
    }

    fn finish(&self, states: &[Placed]) -> EngineResult<ArrayRef> {
        let length = |state: &Placed| {
            self.size.unwrap_or_else(|| state.0.last_key_value().map_or(0, |(place, _)| *place as usize + 1))
        };
        if states.iter().map(length).sum::<usize>() > ARRAY_ITEMS_MAX {
            return exec_err!("groupArrayInsertAt makes more than {ARRAY_ITEMS_MAX} items");
        }
        let default = self.default.as_deref().unwrap_or_else(|| self.values.default());
        self.values.lists(
            states
                .iter()
                .map(|state| (0..length(state) as u64).map(|place| state.0.get(&place).map_or(default, Vec::as_slice))),
        )
    }
}

#[derive(Debug)]
struct Intersect {
    values: Values,
}

#[derive(Debug, Default)]
struct Common {
    known: Option<HashSet<Box<[u8]>>>,
    order: Sequence,
}

impl State for Common {
    /// No item in common is not the same as no arrays.
    fn save(&self, out: &mut Vec<u8>) {
        if self.known.is_some() {
            put_varint(out, self.order.len() as u64);
            self.order.save(out);
        }
    }

    fn bytes(&self) -> usize {
        self.order.bytes() * 2
    }
}

impl Common {
    fn meet<'a>(&mut self, items: impl Iterator<Item = &'a [u8]>) -> EngineResult<()> {
        let mut kept = Sequence::default();
        let mut known: HashSet<Box<[u8]>> = HashSet::new();
        match &self.known {
            None => {
                for item in items {
                    if known.insert(item.into()) {
                        kept.push(|bytes| bytes.extend_from_slice(item))?;
                    }
                }
            }
            Some(old) => {
                let new: HashSet<&[u8]> = items.filter(|item| old.contains(*item)).collect();
                for item in self.order.iter().filter(|item| new.contains(item)) {
                    known.insert(item.into());
                    kept.push(|bytes| bytes.extend_from_slice(item))?;
                }
            }
        }
        (self.known, self.order) = (Some(known), kept);
        Ok(())
    }
}

impl Fold for Intersect {
    type State = Common;

    fn update(&self, states: &mut [Common], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let lists = columns[0].as_list_opt::<i32>().ok_or_else(|| exec_datafusion_err!("expected arrays"))?;
        let source: Source = self.values.source(lists.values())?;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for (row, group) in rows.iter() {
            bytes.clear();
            ends.clear();
            ends.push(0);
            for place in lists.value_offsets()[row]..lists.value_offsets()[row + 1] {
                source.write(place as usize, &mut bytes);
                ends.push(bytes.len());
            }
            states[group].meet(ends.windows(2).map(|span| &bytes[span[0]..span[1]]))?;
        }
        Ok(())
    }

    fn merge(&self, state: &mut Common, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let count = reader.count(1)?;
        let items = (0..count).map(|_| self.values.layout.value(&mut reader)).collect::<EngineResult<Vec<_>>>()?;
        reader.end()?;
        state.meet(items.into_iter())
    }

    fn finish(&self, states: &[Common]) -> EngineResult<ArrayRef> {
        self.values.lists(states.iter().map(|state| state.order.iter()))
    }
}

#[derive(Debug)]
struct Concat {
    argument: DataType,
    delimiter: String,
    most: usize,
}

#[derive(Debug, Default)]
struct Texts(Sequence);

impl State for Texts {
    fn save(&self, out: &mut Vec<u8>) {
        self.0.iter().for_each(|text| put_piece(out, text));
    }

    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

impl Fold for Concat {
    type State = Texts;

    fn update(&self, states: &mut [Texts], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let texts = cast_array(&columns[0], &self.argument, &DataType::String, OnError::Fail)?;
        let texts = texts.as_string_view();
        for (row, group) in rows.iter() {
            if states[group].0.len() < self.most {
                states[group].0.push(|bytes| bytes.extend_from_slice(texts.value(row).as_bytes()))?;
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Texts, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() && state.0.len() < self.most {
            let text = reader.piece()?;
            if std::str::from_utf8(text).is_err() {
                return exec_err!("a saved aggregate state has a text that is no UTF-8");
            }
            state.0.push(|bytes| bytes.extend_from_slice(text))?;
        }
        Ok(())
    }

    fn finish(&self, states: &[Texts]) -> EngineResult<ArrayRef> {
        let mut out = StringViewBuilder::new();
        for state in states {
            let mut joined = String::new();
            for (index, text) in state.0.iter().enumerate() {
                if index > 0 {
                    joined.push_str(&self.delimiter);
                }
                joined
                    .push_str(std::str::from_utf8(text).map_err(|_| exec_datafusion_err!("a text that is no UTF-8"))?);
                if joined.len() > TEXT_BYTES_MAX {
                    return exec_err!("groupConcat makes a text of more than {TEXT_BYTES_MAX} bytes");
                }
            }
            out.append_value(joined);
        }
        Ok(Arc::new(out.finish()))
    }
}
