//! Functions that yield their values as an array: `groupArray`, `groupUniqArray`.
//!
//! The payload of both is the values (`cell`), end to end, in the order they were met.

mod more;
mod moving;
mod order;

use super::Aggregate;
use super::bytes::Reader;
use super::cell::Values;
use super::fit::{Empty, Signature};
use super::states::{Fold, Kind, Rows, State, each};
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::{Result as EngineResult, exec_err};
use order::Hashing;
use std::collections::HashSet;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "groupArray",
        aliases: &["array_agg"],
        case_insensitive: true,
        syntax: "groupArray(x) or groupArray(most)(x)",
        summary: "All values as an array, or the first so many.",
        examples: &[
            ("groupArray(x)", "[1,2,3,4]"),
            ("groupArray(2)(x)", "[1,2]"),
            ("groupArrayIf(x, 0)", "[]"),
            ("groupArrayArray([x, 0])", "[1,0,2,0,3,0,4,0]"),
        ],
        kind: Kind::GroupArray,
        empty: Empty::Value,
        fit: |signature| {
            let (values, most) = list(signature)?;
            Ok((values.data_type.clone().array(), each(GroupArray { values, most })))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupUniqArray",
        syntax: "groupUniqArray(x) or groupUniqArray(most)(x)",
        summary: "Different values as an array, in no order that means anything.",
        examples: &[("groupUniqArray(x % 2)", "[0,1]"), ("groupUniqArray(1)(x)", "[1]")],
        kind: Kind::GroupUniqArray,
        empty: Empty::Value,
        fit: |signature| {
            let (values, most) = list(signature)?;
            let item = match &values.data_type {
                // as in ClickHouse, which forgets the zone
                DataType::DateTime(_) => DataType::DateTime(None),
                other => other.clone(),
            };
            Ok((item.array(), each(GroupUniqArray { values, most })))
        },
        ..Aggregate::DEFAULT
    },
];

pub(crate) const MORE: &[&[Aggregate]] = &[more::AGGREGATES, moving::AGGREGATES];

fn list(signature: &Signature) -> Result<(Values, usize), crate::function::definition::Mismatch> {
    signature.count(1..=1)?;
    signature.parameter_count(0..=1)?;
    let most = match signature.natural(0)? {
        Some(0) => return Err(signature.bad("needs a size of one or more")),
        most => most.map_or(usize::MAX, |most| most as usize),
    };
    Ok((Values::new(&signature.arguments[0]), most))
}

/// Values end to end.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Sequence {
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> EngineResult<()> {
        write(&mut self.bytes);
        let Ok(end) = u32::try_from(self.bytes.len()) else {
            return exec_err!("an array of more than 4 GiB");
        };
        self.ends.push(end);
        Ok(())
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        (0..self.ends.len()).map(|index| self.get(index))
    }

    pub(super) fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Appends the values of a payload, at most so many.
    pub(super) fn absorb(&mut self, values: &Values, bytes: &[u8], most: usize) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() && self.len() < most {
            let value = values.layout.value(&mut reader)?;
            self.push(|bytes| bytes.extend_from_slice(value))?;
        }
        Ok(())
    }
}

impl State for Sequence {
    fn save(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
    }

    fn bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 4
    }
}

#[derive(Debug)]
struct GroupArray {
    values: Values,
    most: usize,
}

impl Fold for GroupArray {
    type State = Sequence;

    fn update(&self, states: &mut [Sequence], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.values.source(&columns[0])?;
        for (row, group) in rows.iter() {
            if states[group].len() < self.most {
                states[group].push(|bytes| source.write(row, bytes))?;
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Sequence, bytes: &[u8]) -> EngineResult<()> {
        state.absorb(&self.values, bytes, self.most)
    }

    fn finish(&self, states: &[Sequence]) -> EngineResult<ArrayRef> {
        self.values.lists(states.iter().map(Sequence::iter))
    }
}

#[derive(Debug)]
struct GroupUniqArray {
    values: Values,
    most: usize,
}

#[derive(Debug, Default)]
struct Different {
    known: HashSet<Box<[u8]>>,
    order: Sequence,
}

impl Different {
    fn add(&mut self, value: &[u8], most: usize) -> EngineResult<()> {
        if self.order.len() < most && !self.known.contains(value) {
            self.known.insert(value.into());
            self.order.push(|bytes| bytes.extend_from_slice(value))?;
        }
        Ok(())
    }
}

impl State for Different {
    fn save(&self, out: &mut Vec<u8>) {
        self.order.save(out);
    }

    fn bytes(&self) -> usize {
        self.order.bytes() * 2 + self.known.capacity() * 24
    }
}

impl Fold for GroupUniqArray {
    type State = Different;

    fn update(&self, states: &mut [Different], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.values.source(&columns[0])?;
        let mut bytes = Vec::new();
        for (row, group) in rows.iter() {
            bytes.clear();
            source.write(row, &mut bytes);
            states[group].add(&bytes, self.most)?;
        }
        Ok(())
    }

    fn merge(&self, state: &mut Different, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let value = self.values.layout.value(&mut reader)?;
            state.add(value, self.most)?;
        }
        Ok(())
    }

    fn finish(&self, states: &[Different]) -> EngineResult<ArrayRef> {
        let hashing = Hashing::of(&self.values.layout);
        let orders: Vec<Vec<usize>> = states.iter().map(|state| order::of_set(&state.order, hashing)).collect();
        let lists = states.iter().zip(&orders);
        self.values.lists(lists.map(|(state, order)| order.iter().map(|index| state.order.get(*index))))
    }
}
