//! `groupArrayMovingSum` and `groupArrayMovingAvg`. The payload is the values (`cell`), end to end.

use super::Sequence;
use crate::function::aggregate::Aggregate;
use crate::function::aggregate::cell::Values;
use crate::function::aggregate::fit::{Empty, Fitted, Signature};
use crate::function::aggregate::states::{Fold, Kind, Rows, each};
use crate::function::convert::{bits, narrow};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::Result as EngineResult;
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "groupArrayMovingSum",
        syntax: "groupArrayMovingSum(x) or groupArrayMovingSum(window)(x)",
        summary: "For each value, the sum of it and those before it, or of the last so many.",
        examples: &[("groupArrayMovingSum(x)", "[1,3,6,10]"), ("groupArrayMovingSum(2)(x)", "[1,3,5,7]")],
        kind: Kind::Moving,
        empty: Empty::Value,
        fit: |signature| fit(signature, false),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupArrayMovingAvg",
        syntax: "groupArrayMovingAvg(x) or groupArrayMovingAvg(window)(x)",
        summary: "For each value, the moving sum divided by the window, or by the number of values.",
        examples: &[
            ("groupArrayMovingAvg(x)", "[0.25,0.75,1.5,2.5]"),
            ("groupArrayMovingAvg(2)(x)", "[0.5,1.5,2.5,3.5]"),
        ],
        kind: Kind::Moving,
        empty: Empty::Value,
        fit: |signature| fit(signature, true),
        ..Aggregate::DEFAULT
    },
];

fn fit(signature: &Signature, divides: bool) -> Fitted {
    signature.count(1..=1)?;
    signature.parameter_count(0..=1)?;
    let bare = signature.bare(0);
    let window = match signature.natural(0)? {
        Some(0) => return Err(signature.mismatch("needs a window of one or more")),
        window => window.map(|window| window as usize),
    };
    let is_float = bare.is_float();
    if !(is_float || bare.is_integer() && bare.integer_bits() <= Some(64)) {
        return Err(signature.wrong_type(0));
    }
    let item = match bare {
        _ if divides || is_float => DataType::Float64,
        one if one.is_unsigned_integer() => DataType::UInt64,
        _ => DataType::Int64,
    };
    let moving = Moving { values: Values::new(&signature.arguments[0]), item: item.clone(), window, divides, is_float };
    Ok((item.array(), each(moving)))
}

#[derive(Debug)]
struct Moving {
    values: Values,
    item: DataType,
    window: Option<usize>,
    divides: bool,
    is_float: bool,
}

impl Moving {
    /// The sums that end at each value; `minus` takes away what leaves the window.
    fn sums<T: Copy + Default>(&self, values: &[T], plus: fn(T, T) -> T, minus: fn(T, T) -> T) -> Vec<T> {
        let mut sum = T::default();
        let mut sums = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            sum = plus(sum, *value);
            if let Some(left) = self.window.and_then(|window| index.checked_sub(window)) {
                sum = minus(sum, values[left]);
            }
            sums.push(sum);
        }
        sums
    }

    fn divisor(&self, values: usize) -> f64 {
        self.window.unwrap_or(values) as f64
    }
}

impl Fold for Moving {
    type State = Sequence;

    fn update(&self, states: &mut [Sequence], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.values.source(&columns[0])?;
        for (row, group) in rows.iter() {
            states[group].push(|bytes| source.write(row, bytes))?;
        }
        Ok(())
    }

    fn merge(&self, state: &mut Sequence, bytes: &[u8]) -> EngineResult<()> {
        state.absorb(&self.values, bytes, usize::MAX)
    }

    fn finish(&self, states: &[Sequence]) -> EngineResult<ArrayRef> {
        let all = self.values.column(states.iter().flat_map(|state| state.iter().map(Some)))?;
        let mut start = 0;
        let lengths: Vec<usize> = states.iter().map(Sequence::len).collect();
        let mut ranges = lengths.iter().map(|length| {
            start += length;
            start - length..start
        });
        let items: ArrayRef = if self.is_float {
            let values = compute::cast(&all, &Arrow::Float64)?;
            let values = values.as_primitive::<Float64Type>().values();
            let sums = ranges.flat_map(|range| {
                let divisor = if self.divides { self.divisor(range.len()) } else { 1.0 };
                let sums = self.sums(&values[range], |sum, value| sum + value, |sum, value| sum - value);
                sums.into_iter().map(move |sum| sum / divisor)
            });
            Arc::new(Float64Array::from_iter_values(sums))
        } else {
            let values = bits(&all)?;
            let values = values.values();
            let sums = |range| self.sums(&values[range], i64::wrapping_add, i64::wrapping_sub);
            if self.divides {
                let unsigned = self.values.data_type.is_unsigned_integer();
                let float = |sum: i64| if unsigned { sum as u64 as f64 } else { sum as f64 };
                let means = ranges.flat_map(|range| {
                    let divisor = self.divisor(range.len());
                    sums(range).into_iter().map(move |sum| float(sum) / divisor)
                });
                Arc::new(Float64Array::from_iter_values(means))
            } else {
                let sums: Vec<i64> = ranges.by_ref().flat_map(sums).collect();
                narrow(&Int64Array::from(sums), &self.item.to_arrow())?
            }
        };
        let field = Arc::new(self.item.to_field("item"));
        Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), items, None)?))
    }
}
