//! `min` and `max`. The payload is the value (`cell`). NaN counts only if there is nothing else.

use super::Aggregate;
use super::cell::Values;
use super::fit::{Fitted, Signature, whole};
use super::key::{from_keys, has_keys, key_of, keys, put_key, zero_key};
use super::number::engine_extreme;
use super::states::{Fold, Kind, Rows, State, each};
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;
use std::cmp::Ordering;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "min",
        case_insensitive: true,
        syntax: "min(x)",
        summary: "The smallest value; of no rows, the type's default.",
        examples: &[
            ("min(x)", "1"),
            ("min(toString(x))", "1"),
            ("minMerge(initializeAggregation('minState', x))", "1"),
        ],
        kind: Kind::Extreme,
        fit: |signature| fit(signature, false),
        engine: Some(|signature, arguments| Ok(engine_extreme(signature, arguments, false))),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "max",
        case_insensitive: true,
        syntax: "max(x)",
        summary: "The largest value; of no rows, the type's default.",
        examples: &[("max(x)", "4"), ("max([x, 1])", "[4,1]"), ("maxIf(x / 2, x < 4)", "1.5")],
        kind: Kind::Extreme,
        fit: |signature| fit(signature, true),
        engine: Some(|signature, arguments| Ok(engine_extreme(signature, arguments, true))),
        ..Aggregate::DEFAULT
    },
];

fn fit(signature: &Signature, largest: bool) -> Fitted {
    signature.count(1..=1)?;
    let data_type = signature.arguments[0].clone();
    if matches!(data_type.bare(), DataType::AggregateFunction(_)) {
        return Err(signature.wrong_type(0));
    }
    let new = if has_keys(&data_type) {
        each(ByKey { values: Values::new(&data_type), largest, is_float: data_type.is_float() })
    } else {
        each(ByBytes { values: Values::new(&data_type), largest })
    };
    Ok((data_type, new))
}

#[derive(Debug)]
struct ByKey {
    values: Values,
    largest: bool,
    is_float: bool,
}

/// The key of NaN.
const NAN: u64 = u64::MAX;

/// The best rank so far.
#[derive(Debug, Default)]
struct Rank(Option<u64>);

impl State for Rank {}

impl ByKey {
    /// Keys of which the larger is better, for either function.
    fn ranks(&self, column: &ArrayRef) -> EngineResult<Vec<u64>> {
        let mut keys = keys(column, &self.values.data_type)?;
        keys.iter_mut().for_each(|key| *key = self.rank(*key));
        Ok(keys)
    }

    #[inline]
    fn rank(&self, key: u64) -> u64 {
        if self.is_float && key == NAN {
            return 0;
        }
        if self.largest { key } else { !key }
    }

    fn key(&self, rank: u64) -> u64 {
        match (rank, self.largest) {
            (0, _) if self.is_float => NAN,
            (rank, true) => rank,
            (rank, false) => !rank,
        }
    }
}

impl Fold for ByKey {
    type State = Rank;

    fn update(&self, states: &mut [Rank], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let ranks = self.ranks(&columns[0])?;
        for (row, group) in rows.iter() {
            states[group].0 = states[group].0.max(Some(ranks[row]));
        }
        Ok(())
    }

    fn save(&self, state: &Rank, out: &mut Vec<u8>) {
        if let Some(rank) = state.0 {
            put_key(self.key(rank), &self.values.data_type, out);
        }
    }

    fn merge(&self, state: &mut Rank, bytes: &[u8]) -> EngineResult<()> {
        let value = whole(bytes, |reader| self.values.layout.value(reader))?;
        state.0 = state.0.max(Some(self.rank(key_of(value, &self.values.data_type))));
        Ok(())
    }

    fn finish(&self, states: &[Rank]) -> EngineResult<ArrayRef> {
        let zero = zero_key(&self.values.data_type);
        let keys = states.iter().map(|state| state.0.map_or(zero, |rank| self.key(rank)));
        from_keys(keys, &self.values.data_type)
    }
}

#[derive(Debug)]
struct ByBytes {
    values: Values,
    largest: bool,
}

#[derive(Debug, Default)]
struct Best(Option<Vec<u8>>);

impl State for Best {
    fn save(&self, out: &mut Vec<u8>) {
        if let Some(value) = &self.0 {
            out.extend_from_slice(value);
        }
    }

    fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::capacity)
    }
}

impl ByBytes {
    fn offer(&self, state: &mut Best, value: &[u8]) {
        let wanted = if self.largest { Ordering::Greater } else { Ordering::Less };
        match &mut state.0 {
            None => state.0 = Some(value.to_vec()),
            Some(best) if self.values.layout.compare(value, best) == wanted => {
                best.clear();
                best.extend_from_slice(value);
            }
            Some(_) => {}
        }
    }
}

impl Fold for ByBytes {
    type State = Best;

    fn update(&self, states: &mut [Best], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.values.source(&columns[0])?;
        let mut bytes = Vec::new();
        for (row, group) in rows.iter() {
            bytes.clear();
            source.write(row, &mut bytes);
            self.offer(&mut states[group], &bytes);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Best, bytes: &[u8]) -> EngineResult<()> {
        let value = whole(bytes, |reader| self.values.layout.value(reader))?;
        self.offer(state, value);
        Ok(())
    }

    fn finish(&self, states: &[Best]) -> EngineResult<ArrayRef> {
        self.values.column(states.iter().map(|state| state.0.as_deref()))
    }
}
