//! Functions that keep one value: `any`, `anyLast`, `argMin`, `argMax`, `anyHeavy`.
//!
//! Payloads: of `Any` the value (`cell`); of `ArgExtreme` the best `by`, then the value; of `Heavy` the votes
//! (varint), then the value.

use super::Aggregate;
use super::bytes::put_varint;
use super::cell::{Layout, Source, Values};
use super::fit::{Empty, Fitted, Signature, whole};
use super::states::{Fold, Kind, Rows, State, each};
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;
use std::cmp::Ordering;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "any",
        aliases: &["any_value", "first_value"],
        case_insensitive: true,
        syntax: "any(x)",
        summary: "The first value met.",
        examples: &[("any(x)", "1"), ("anyIf(toString(x), 0)", ""), ("any(nullIf(x, 1))", "2")],
        kind: Kind::Any,
        fit: |signature| one(signature, false),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "any_respect_nulls",
        aliases: &["anyRespectNulls", "any_value_respect_nulls", "first_value_respect_nulls"],
        case_insensitive: true,
        syntax: "any_respect_nulls(x) or any(x) RESPECT NULLS",
        summary: "The first value met, which may be NULL.",
        examples: &[("any_respect_nulls(nullIf(x, 1))", "\\N"), ("any_respect_nulls(x)", "1")],
        kind: Kind::Any,
        empty: Empty::Own,
        fit: |signature| one(signature, false),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "anyLast",
        aliases: &["last_value"],
        case_insensitive: true,
        syntax: "anyLast(x)",
        summary: "The last value met.",
        examples: &[("anyLast(x)", "4"), ("anyLast(nullIf(x, 4))", "3")],
        kind: Kind::Any,
        fit: |signature| one(signature, true),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "anyLast_respect_nulls",
        aliases: &["anyLastRespectNulls", "last_value_respect_nulls"],
        case_insensitive: true,
        syntax: "anyLast_respect_nulls(x) or anyLast(x) RESPECT NULLS",
        summary: "The last value met, which may be NULL.",
        examples: &[("anyLast_respect_nulls(nullIf(x, 4))", "\\N"), ("anyLast_respect_nulls(x)", "4")],
        kind: Kind::Any,
        empty: Empty::Own,
        fit: |signature| one(signature, true),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "argMin",
        aliases: &["min_by"],
        syntax: "argMin(value, by)",
        summary: "The value where `by` is smallest.",
        examples: &[("argMin(toString(x), x)", "1"), ("argMin((x, 'a'), -x)", "(4,'a')")],
        kind: Kind::ArgExtreme,
        fit: |signature| arg(signature, false),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "argMax",
        aliases: &["max_by"],
        syntax: "argMax(value, by)",
        summary: "The value where `by` is largest.",
        examples: &[
            ("argMax(toString(x), x)", "4"),
            ("argMaxIf(x, x, x < 3)", "2"),
            ("argMax(x, (x % 2, x))", "3"),
            ("argMax(nullIf(x, 4), x)", "3"),
        ],
        kind: Kind::ArgExtreme,
        fit: |signature| arg(signature, true),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "anyHeavy",
        syntax: "anyHeavy(x)",
        summary: "A value that more than half of all rows have, if there is one; else any.",
        examples: &[("anyHeavy(x > 1)", "1")],
        kind: Kind::Heavy,
        fit: |signature| {
            signature.count(1..=1)?;
            can_be_kept(signature)?;
            let data_type = signature.arguments[0].clone();
            Ok((data_type.clone(), each(Heavy(Values::new(&data_type)))))
        },
        ..Aggregate::DEFAULT
    },
];

fn can_be_kept(signature: &Signature) -> Result<(), crate::function::definition::Mismatch> {
    match signature.arguments.iter().position(|one| *one == DataType::Nothing) {
        Some(index) => Err(signature.wrong_type(index)),
        None => Ok(()),
    }
}

fn one(signature: &Signature, last: bool) -> Fitted {
    signature.count(1..=1)?;
    can_be_kept(signature)?;
    let data_type = signature.arguments[0].clone();
    Ok((data_type.clone(), each(Any { values: Values::new(&data_type), last })))
}

fn arg(signature: &Signature, largest: bool) -> Fitted {
    signature.count(2..=2)?;
    can_be_kept(signature)?;
    let data_type = signature.arguments[0].clone();
    let by = Layout::of(&signature.arguments[1]);
    let wanted = if largest { Ordering::Greater } else { Ordering::Less };
    Ok((data_type.clone(), each(Arg { values: Values::new(&data_type), by, wanted })))
}

#[derive(Debug)]
struct Any {
    values: Values,
    last: bool,
}

#[derive(Debug, Default)]
struct One(Option<Vec<u8>>);

impl One {
    fn set(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let bytes = self.0.get_or_insert_default();
        bytes.clear();
        write(bytes);
    }
}

impl State for One {
    fn save(&self, out: &mut Vec<u8>) {
        if let Some(value) = &self.0 {
            out.extend_from_slice(value);
        }
    }

    fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::capacity)
    }
}

impl Fold for Any {
    type State = One;

    fn update(&self, states: &mut [One], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.values.source(&columns[0])?;
        for (row, group) in rows.iter() {
            if self.last || states[group].0.is_none() {
                states[group].set(|bytes| source.write(row, bytes));
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut One, bytes: &[u8]) -> EngineResult<()> {
        let value = whole(bytes, |reader| self.values.layout.value(reader))?;
        if self.last || state.0.is_none() {
            state.set(|bytes| bytes.extend_from_slice(value));
        }
        Ok(())
    }

    fn finish(&self, states: &[One]) -> EngineResult<ArrayRef> {
        self.values.column(states.iter().map(|state| state.0.as_deref()))
    }
}

#[derive(Debug)]
struct Arg {
    values: Values,
    by: Layout,
    wanted: Ordering,
}

/// `by`, then the value, in one piece of memory.
#[derive(Debug, Default)]
struct Pair {
    bytes: Vec<u8>,
    by_bytes: usize,
}

impl State for Pair {
    fn save(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
    }

    fn bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

impl Arg {
    #[inline]
    fn is_better(&self, state: &Pair, by: &[u8]) -> bool {
        if state.bytes.is_empty() {
            return true;
        }
        let best = &state.bytes[..state.by_bytes];
        self.by.compare(by, best) == self.wanted || is_nan(&self.by, best) && !is_nan(&self.by, by)
    }

    fn wins(&self, by: &[u8]) -> bool {
        !is_nan(&self.by, by)
    }
}

fn is_nan(layout: &Layout, value: &[u8]) -> bool {
    matches!(layout, Layout::Fixed(_, super::cell::Order::Float)) && super::cell::float(value).is_nan()
}

impl Fold for Arg {
    type State = Pair;

    fn update(&self, states: &mut [Pair], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = self.values.source(&columns[0])?;
        let by_source = Source::new(&self.by, &columns[1])?;
        let mut by = Vec::new();
        for (row, group) in rows.iter() {
            by.clear();
            by_source.write(row, &mut by);
            let state = &mut states[group];
            if state.bytes.is_empty() || self.wins(&by) && self.is_better(state, &by) {
                state.bytes.clear();
                state.bytes.extend_from_slice(&by);
                state.by_bytes = by.len();
                values.write(row, &mut state.bytes);
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Pair, bytes: &[u8]) -> EngineResult<()> {
        let by = whole(bytes, |reader| {
            let by = self.by.value(reader)?;
            self.values.layout.skip(reader)?;
            Ok(by)
        })?;
        if state.bytes.is_empty() || self.wins(by) && self.is_better(state, by) {
            state.bytes.clear();
            state.bytes.extend_from_slice(bytes);
            state.by_bytes = by.len();
        }
        Ok(())
    }

    fn finish(&self, states: &[Pair]) -> EngineResult<ArrayRef> {
        let value = |state: &'_ Pair| (!state.bytes.is_empty()).then_some(state.by_bytes);
        self.values.column(states.iter().map(|state| value(state).map(|start| &state.bytes[start..])))
    }
}

/// Boyer and Moore's vote.
#[derive(Debug)]
struct Heavy(Values);

#[derive(Debug, Default)]
struct Votes {
    value: Option<Vec<u8>>,
    count: u64,
}

impl State for Votes {
    fn save(&self, out: &mut Vec<u8>) {
        if let Some(value) = &self.value {
            put_varint(out, self.count);
            out.extend_from_slice(value);
        }
    }

    fn bytes(&self) -> usize {
        self.value.as_ref().map_or(0, Vec::capacity)
    }
}

impl Votes {
    fn add(&mut self, value: &[u8], count: u64) {
        if self.value.as_deref() == Some(value) {
            self.count = self.count.saturating_add(count);
        } else if self.value.is_some() && self.count >= count {
            self.count -= count;
        } else {
            self.count = count - self.count;
            self.value = Some(value.to_vec());
        }
    }
}

impl Fold for Heavy {
    type State = Votes;

    fn update(&self, states: &mut [Votes], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.0.source(&columns[0])?;
        let mut bytes = Vec::new();
        for (row, group) in rows.iter() {
            bytes.clear();
            source.write(row, &mut bytes);
            let state = &mut states[group];
            if state.count == 0 {
                state.value = None;
            }
            state.add(&bytes, 1);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Votes, bytes: &[u8]) -> EngineResult<()> {
        let (count, value) = whole(bytes, |reader| Ok((reader.varint()?, self.0.layout.value(reader)?)))?;
        state.add(value, count);
        Ok(())
    }

    fn finish(&self, states: &[Votes]) -> EngineResult<ArrayRef> {
        self.0.column(states.iter().map(|state| state.value.as_deref()))
    }
}
