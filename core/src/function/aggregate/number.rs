//! `count`, `sum`, `avg` and their kin. Where the engine has the function, plain calls of it are the engine's.
//!
//! Payloads: `Count` is the count (varint). `Sum` is an amount: `0, zigzag varint`, `1, Float64` or
//! `2, 32 bytes`. `Avg` is the count (varint) and an amount. `Kahan` is two Float64, as is `avgWeighted`'s `Pairs`.

use super::bytes::{Reader, put_varint, unzigzag, zigzag};
use super::fit::{Empty, Fitted, Signature, whole};
use super::states::{Fold, Kind, Rows, State, each};
use super::{Aggregate, Bound};
use crate::function::conditional::default_of;
use crate::function::convert::{bits, cast, from_ticks, narrow, ticks};
use crate::function::definition::Mismatch;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::ScalarBuffer;
use arrow::compute;
use arrow::datatypes::{ArrowNativeType, DataType as Arrow, Decimal128Type, Decimal256Type, Float64Type, i256};
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::functions_aggregate::{average, count, min_max, sum};
use datafusion::logical_expr::{AggregateUDF, Expr};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// The engine's function for a call, if it has one for these arguments.
pub(super) type Engine = fn(&Signature, &[Typed]) -> Result<Option<Bound>, Mismatch>;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "count",
        case_insensitive: true,
        syntax: "count() or count(x)",
        summary: "The number of rows, or of those where x is not NULL.",
        examples: &[
            ("count()", "4"),
            ("count(nullIf(x, 1))", "3"),
            ("finalizeAggregation(countState())", "4"),
            ("countIf(x > 2)", "2"),
            ("finalizeAggregation(countIfState(x > 2))", "2"),
            ("countDistinct(x % 2)", "2"),
        ],
        kind: Kind::Count,
        empty: Empty::Value,
        fit: |signature| {
            signature.count(0..=1)?;
            Ok((DataType::UInt64, each(Count)))
        },
        engine: Some(engine_count),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "sum",
        case_insensitive: true,
        syntax: "sum(x)",
        summary: "The sum, as UInt64, Int64, Float64 or Decimal; integers wrap, and of no rows it is 0.",
        examples: &[
            ("sum(x)", "10"),
            ("sumIf(x, x > 2)", "7"),
            ("sumIf(x, 0)", "0"),
            ("sumDistinct(x % 2)", "1"),
            ("sumOrNullIf(x, 0)", "\\N"),
            ("sumArray([x, 1])", "14"),
            ("sumForEach([x, 1])", "[10,4]"),
            ("sumResample(0, 10, 4)(x, x)", "[6,4,0]"),
        ],
        kind: Kind::Sum,
        fit: |signature| {
            signature.count(1..=1)?;
            let result = summed(signature.bare(0)).ok_or_else(|| signature.wrong_type(0))?;
            fit_sum(signature, result)
        },
        engine: Some(engine_sum),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "sumWithOverflow",
        syntax: "sumWithOverflow(x)",
        summary: "The sum as the type of the argument, in which it wraps.",
        examples: &[("sumWithOverflow(x)", "10"), ("sumWithOverflow(toUInt8(x * 60))", "88")],
        kind: Kind::Sum,
        fit: |signature| {
            signature.count(1..=1)?;
            summed(signature.bare(0)).ok_or_else(|| signature.wrong_type(0))?;
            let result = match signature.bare(0) {
                DataType::Bool => DataType::UInt8,
                other => other.clone(),
            };
            fit_sum(signature, result)
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "sumKahan",
        syntax: "sumKahan(x)",
        summary: "The sum as Float64, with what rounding loses made up for.",
        examples: &[("sumKahan(0.1)", "0.4")],
        kind: Kind::Kahan,
        fit: |signature| {
            signature.count(1..=1)?;
            signature.expect_number(0)?;
            Ok((DataType::Float64, each(SumKahan)))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "sumCount",
        syntax: "sumCount(x)",
        summary: "The sum and the number of values, as a tuple.",
        examples: &[("sumCount(x)", "(10,4)")],
        kind: Kind::Avg,
        empty: Empty::Value,
        fit: |signature| {
            signature.count(1..=1)?;
            let sum = summed(signature.bare(0)).ok_or_else(|| signature.wrong_type(0))?;
            let result = DataType::Tuple(vec![(None, sum.clone()), (None, DataType::UInt64)]);
            Ok((result.clone(), fit_avg(signature.bare(0), result)))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "avg",
        case_insensitive: true,
        syntax: "avg(x)",
        summary: "The mean, as Float64 or a date; of no rows it is nan.",
        examples: &[
            ("avg(x)", "2.5"),
            ("avgIf(x, 0)", "nan"),
            ("avgDistinct(x % 2)", "0.5"),
            ("avgOrDefaultIf(x, 0)", "0"),
            ("avg(toDate(x))", "1970-01-03"),
            ("avg(CAST(x AS Decimal(9, 2)))", "2.5"),
        ],
        kind: Kind::Avg,
        fit: |signature| {
            signature.count(1..=1)?;
            let bare = signature.bare(0);
            let result = if bare.is_date_or_time() { bare.clone() } else { DataType::Float64 };
            if !bare.is_date_or_time() && summed(bare).is_none() {
                return Err(signature.wrong_type(0));
            }
            Ok((result.clone(), fit_avg(bare, result)))
        },
        engine: Some(engine_avg),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "avgWeighted",
        syntax: "avgWeighted(x, weight)",
        summary: "The mean of x where each counts as much as its weight.",
        examples: &[("avgWeighted(x, x)", "3"), ("avgWeighted(x, 0)", "nan")],
        kind: Kind::Pairs,
        fit: |signature| {
            signature.count(2..=2)?;
            signature.expect_number(0)?;
            signature.expect_number(1)?;
            let whole = signature.bare(1).is_integer();
            Ok((DataType::Float64, each(AvgWeighted { whole })))
        },
        ..Aggregate::DEFAULT
    },
];

fn summed(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        one if one.is_float() => DataType::Float64,
        one if one.integer_bits() > Some(64) => one.clone(),
        one if one.is_unsigned_integer() => DataType::UInt64,
        one if one.is_signed_integer() => DataType::Int64,
        DataType::Decimal { precision, scale } => {
            DataType::Decimal { precision: if *precision <= 38 { 38 } else { 76 }, scale: *scale }
        }
        _ => return None,
    })
}

fn engine_count(signature: &Signature, arguments: &[Typed]) -> Result<Option<Bound>, Mismatch> {
    signature.count(0..=1)?;
    let argument = match arguments.first() {
        Some(argument) if argument.data_type.is_nullable() => argument.expr.clone(),
        _ => Expr::Literal(ScalarValue::Int64(Some(1)), None),
    };
    let (udaf, result) = (count::count_udaf(), DataType::UInt64);
    Ok(Some(Bound { udaf, arguments: vec![argument], result, differs: true, empty: None }))
}

fn engine_sum(signature: &Signature, arguments: &[Typed]) -> Result<Option<Bound>, Mismatch> {
    let [argument] = arguments else { return Ok(None) };
    match summed(signature.bare(0)) {
        // floats are added in ClickHouse's order
        Some(result) if !result.is_float() && result.integer_bits() <= Some(64) => {
            let empty = default_of(&result);
            numeric(argument, sum::sum_udaf(), result, empty).map(Some)
        }
        _ => Ok(None),
    }
}

fn engine_avg(signature: &Signature, arguments: &[Typed]) -> Result<Option<Bound>, Mismatch> {
    let [argument] = arguments else { return Ok(None) };
    let bare = signature.bare(0);
    // sums of longer integers are more exact than a Float64
    if !(bare.is_integer() && bare.integer_bits() <= Some(32)) {
        return Ok(None);
    }
    let nothing = ScalarValue::Float64(Some(f64::NAN));
    numeric(argument, average::avg_udaf(), DataType::Float64, Some(nothing)).map(Some)
}

/// A function of one number, whose argument has the result's type.
fn numeric(
    argument: &Typed,
    udaf: Arc<AggregateUDF>,
    result: DataType,
    empty: Option<ScalarValue>,
) -> Result<Bound, Mismatch> {
    let nullable = argument.data_type.is_nullable();
    let result = if nullable { result.nullable() } else { result };
    let argument = cast(argument.clone(), &result)?;
    let empty = empty.filter(|_| !nullable);
    Ok(Bound { udaf, arguments: vec![argument.expr], result, differs: false, empty })
}

/// `min` and `max` of what the engine orders as ClickHouse does: not floats, which may be NaN.
pub(super) fn engine_extreme(signature: &Signature, arguments: &[Typed], largest: bool) -> Option<Bound> {
    let [argument] = arguments else { return None };
    let bare = signature.bare(0);
    let is_small = bare.is_integer() && bare.integer_bits() <= Some(64) && *bare != DataType::Bool;
    if !is_small && !bare.is_date_or_time() && *bare != DataType::String {
        return None;
    }
    let udaf = if largest { min_max::max_udaf() } else { min_max::min_udaf() };
    let result = argument.data_type.clone();
    let empty = if result.is_nullable() { None } else { default_of(&result) };
    Some(Bound { udaf, arguments: vec![argument.expr.clone()], result, differs: false, empty })
}

#[derive(Debug)]
struct Count;

#[derive(Debug, Default)]
struct Counted(u64);

impl State for Counted {
    fn save(&self, out: &mut Vec<u8>) {
        if self.0 > 0 {
            put_varint(out, self.0);
        }
    }
}

impl Fold for Count {
    type State = Counted;

    fn update(&self, states: &mut [Counted], _columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        match states {
            [only] => only.0 += rows.kept.map_or(rows.groups.len(), <[u32]>::len) as u64,
            states => rows.iter().for_each(|(_, group)| states[group].0 += 1),
        }
        Ok(())
    }

    fn merge(&self, state: &mut Counted, bytes: &[u8]) -> EngineResult<()> {
        state.0 = state.0.wrapping_add(whole(bytes, Reader::varint)?);
        Ok(())
    }

    fn finish(&self, states: &[Counted]) -> EngineResult<ArrayRef> {
        Ok(Arc::new(UInt64Array::from_iter_values(states.iter().map(|state| state.0))))
    }
}

/// What is summed up.
trait Amount: ArrowNativeType + Send + Sync + 'static {
    fn read(column: &ArrayRef, data_type: &DataType) -> EngineResult<ScalarBuffer<Self>>;
    fn plus(self, other: Self) -> Self;
    fn save(self, out: &mut Vec<u8>);
    fn of_whole(number: i64) -> Self;
    fn of_float(number: f64) -> Self;
    fn of_wide(number: i256) -> Self;
    fn to_float(self) -> f64;
    /// The sum of many, in the order in which ClickHouse adds those of one group.
    fn plus_all(self, values: &[Self]) -> Self {
        values.iter().fold(self, |sum, value| sum.plus(*value))
    }
    /// Sums as a column of this type.
    fn column(sums: Vec<Self>, data_type: &DataType) -> EngineResult<ArrayRef>;

    fn load(reader: &mut Reader) -> EngineResult<Self> {
        Ok(match reader.u8()? {
            0 => Self::of_whole(unzigzag(reader.varint()?)),
            1 => Self::of_float(reader.f64()?),
            2 => Self::of_wide(i256::from_le_bytes(reader.take(32)?.try_into().expect("it takes 32 bytes"))),
            other => return exec_err!("a saved sum is of the unknown sort {other}"),
        })
    }
}

/// Floats that ClickHouse adds side by side.
const LANES: usize = 16;

/// Integers of up to 64 bits, modulo 2^64.
impl Amount for i64 {
    fn read(column: &ArrayRef, data_type: &DataType) -> EngineResult<ScalarBuffer<i64>> {
        let values = if data_type.is_date_or_time() { ticks(column)? } else { bits(column)? };
        Ok(values.values().clone())
    }

    fn plus(self, other: i64) -> i64 {
        self.wrapping_add(other)
    }

    fn save(self, out: &mut Vec<u8>) {
        out.push(0);
        put_varint(out, zigzag(self));
    }

    fn of_whole(number: i64) -> i64 {
        number
    }

    fn of_float(number: f64) -> i64 {
        number as i64
    }

    fn of_wide(number: i256) -> i64 {
        number.as_i128() as i64
    }

    fn to_float(self) -> f64 {
        self as f64
    }

    fn column(sums: Vec<i64>, data_type: &DataType) -> EngineResult<ArrayRef> {
        narrow(&Int64Array::from(sums), &data_type.to_arrow())
    }
}

impl Amount for f64 {
    fn read(column: &ArrayRef, _data_type: &DataType) -> EngineResult<ScalarBuffer<f64>> {
        Ok(compute::cast(column, &Arrow::Float64)?.as_primitive::<Float64Type>().values().clone())
    }

    fn plus(self, other: f64) -> f64 {
        self + other
    }

    fn save(self, out: &mut Vec<u8>) {
        out.push(1);
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn of_whole(number: i64) -> f64 {
        number as f64
    }

    fn of_float(number: f64) -> f64 {
        number
    }

    fn of_wide(number: i256) -> f64 {
        wide_float(number)
    }

    fn to_float(self) -> f64 {
        self
    }

    fn plus_all(self, values: &[f64]) -> f64 {
        let (lanes, rest) = values.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for lane in lanes {
            sums.iter_mut().zip(lane).for_each(|(sum, value)| *sum += value);
        }
        let sum = sums.iter().fold(self, |sum, lane| sum + lane);
        sum + rest.iter().sum::<f64>()
    }

    fn column(sums: Vec<f64>, data_type: &DataType) -> EngineResult<ArrayRef> {
        let sums: ArrayRef = Arc::new(Float64Array::from(sums));
        Ok(compute::cast(&sums, &data_type.to_arrow())?)
    }
}

fn wide_float(number: i256) -> f64 {
    let (low, high) = number.to_parts();
    if high == -1 {
        return match i256::ZERO.checked_sub(number) {
            Some(negated) => -(negated.to_parts().0 as f64),
            None => low as f64 - 2f64.powi(128),
        };
    }
    low as f64 + high as f64 * 2f64.powi(128)
}

/// Decimals without their point, and integers of more than 64 bits.
impl Amount for i256 {
    fn read(column: &ArrayRef, data_type: &DataType) -> EngineResult<ScalarBuffer<i256>> {
        if let Some(values) = column.as_primitive_opt::<Decimal256Type>() {
            return Ok(values.values().clone());
        }
        if let Some(values) = column.as_primitive_opt::<Decimal128Type>() {
            return Ok(values.values().iter().map(|value| i256::from_i128(*value)).collect());
        }
        let Some(values) = column.as_fixed_size_binary_opt() else {
            return exec_err!("cannot sum a column that lies as {}", column.data_type());
        };
        let signed = data_type.is_signed_integer();
        Ok((0..values.len()).map(|row| wide_integer(values.value(row), signed)).collect())
    }

    fn plus(self, other: i256) -> i256 {
        self.wrapping_add(other)
    }

    fn save(self, out: &mut Vec<u8>) {
        out.push(2);
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn of_whole(number: i64) -> i256 {
        i256::from(number)
    }

    fn of_float(number: f64) -> i256 {
        i256::from_i128(number as i128)
    }

    fn of_wide(number: i256) -> i256 {
        number
    }

    fn to_float(self) -> f64 {
        wide_float(self)
    }

    fn column(sums: Vec<i256>, data_type: &DataType) -> EngineResult<ArrayRef> {
        let arrow = data_type.to_arrow();
        Ok(match &arrow {
            Arrow::Decimal128(..) => {
                let sums = sums.into_iter().map(i256::as_i128);
                Arc::new(Decimal128Array::from_iter_values(sums).with_data_type(arrow))
            }
            Arrow::Decimal256(..) => Arc::new(Decimal256Array::from_iter_values(sums).with_data_type(arrow)),
            Arrow::FixedSizeBinary(width) => {
                let mut out = FixedSizeBinaryBuilder::with_capacity(sums.len(), *width);
                for sum in sums {
                    out.append_value(&sum.to_le_bytes()[..*width as usize])?;
                }
                Arc::new(out.finish())
            }
            other => return exec_err!("cannot make a sum a {other}"),
        })
    }
}

pub(super) fn wide_integer(bytes: &[u8], signed: bool) -> i256 {
    let is_negative = signed && bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut all = [if is_negative { 0xff } else { 0 }; 32];
    let width = bytes.len().min(32);
    all[..width].copy_from_slice(&bytes[..width]);
    i256::from_le_bytes(all)
}

#[derive(Debug)]
struct Sum {
    argument: DataType,
    result: DataType,
}

#[derive(Debug, Default)]
struct Summed<A>(A);

impl<A: Amount + Default> State for Summed<A> {
    fn save(&self, out: &mut Vec<u8>) {
        self.0.save(out);
    }
}

fn fit_sum(signature: &Signature, result: DataType) -> Fitted {
    let sum = Sum { argument: signature.bare(0).clone(), result: result.clone() };
    let new = match &result {
        one if one.is_float() => each(SumOf::<f64>(sum, std::marker::PhantomData)),
        one if one.integer_bits().is_some_and(|bits| bits <= 64) => each(SumOf::<i64>(sum, std::marker::PhantomData)),
        _ => each(SumOf::<i256>(sum, std::marker::PhantomData)),
    };
    Ok((result, new))
}

#[derive(Debug)]
struct SumOf<A>(Sum, std::marker::PhantomData<A>);

impl<A: Amount + Default> Fold for SumOf<A> {
    type State = Summed<A>;

    fn update(&self, states: &mut [Summed<A>], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = A::read(&columns[0], &self.0.argument)?;
        if let ([only], None) = (&mut *states, rows.kept) {
            only.0 = only.0.plus_all(&values);
            return Ok(());
        }
        if rows.kept.is_none() {
            for (value, group) in values.iter().zip(rows.groups) {
                states[*group].0 = states[*group].0.plus(*value);
            }
            return Ok(());
        }
        for (row, group) in rows.iter() {
            states[group].0 = states[group].0.plus(values[row]);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Summed<A>, bytes: &[u8]) -> EngineResult<()> {
        state.0 = state.0.plus(whole(bytes, A::load)?);
        Ok(())
    }

    fn finish(&self, states: &[Summed<A>]) -> EngineResult<ArrayRef> {
        A::column(states.iter().map(|state| state.0).collect(), &self.0.result)
    }
}

fn fit_avg(argument: &DataType, result: DataType) -> super::states::New {
    let avg = Sum { argument: argument.clone(), result };
    match argument {
        one if one.is_float() => each(AvgOf::<f64>(avg, std::marker::PhantomData)),
        one if one.is_date_or_time() || one.integer_bits().is_some_and(|bits| bits <= 64) => {
            each(AvgOf::<i64>(avg, std::marker::PhantomData))
        }
        _ => each(AvgOf::<i256>(avg, std::marker::PhantomData)),
    }
}

#[derive(Debug)]
struct AvgOf<A>(Sum, std::marker::PhantomData<A>);

#[derive(Debug, Default)]
struct Averaged<A> {
    sum: A,
    count: u64,
}

impl<A: Amount + Default> State for Averaged<A> {
    fn save(&self, out: &mut Vec<u8>) {
        if self.count > 0 {
            put_varint(out, self.count);
            self.sum.save(out);
        }
    }
}

impl<A: Amount + Default> AvgOf<A> {
    fn means(&self, states: &[Averaged<A>]) -> EngineResult<ArrayRef> {
        let scale = match self.0.argument {
            DataType::Decimal { scale, .. } => 10f64.powi(i32::from(scale)),
            _ => 1.0,
        };
        let unsigned = self.0.argument.is_unsigned_integer();
        let mean = |state: &Averaged<A>| {
            let sum = state.sum.to_float();
            // 64 bits are kept as signed, whatever they mean
            let sum = if unsigned && sum < 0.0 { sum + 2f64.powi(64) } else { sum };
            sum / scale / state.count as f64
        };
        let result = &self.0.result;
        if result.is_date_or_time() {
            let means =
                states.iter().map(|state| if state.count == 0 { 0 } else { mean(state).round_ties_even() as i64 });
            return from_ticks(Int64Array::from_iter_values(means), result);
        }
        Ok(Arc::new(Float64Array::from_iter_values(states.iter().map(mean))))
    }
}

impl<A: Amount + Default> Fold for AvgOf<A> {
    type State = Averaged<A>;

    fn update(&self, states: &mut [Averaged<A>], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = A::read(&columns[0], &self.0.argument)?;
        if let ([only], None) = (&mut *states, rows.kept) {
            only.sum = only.sum.plus_all(&values);
            only.count += values.len() as u64;
            return Ok(());
        }
        for (row, group) in rows.iter() {
            let state = &mut states[group];
            state.sum = state.sum.plus(values[row]);
            state.count += 1;
        }
        Ok(())
    }

    fn merge(&self, state: &mut Averaged<A>, bytes: &[u8]) -> EngineResult<()> {
        let (count, sum) = whole(bytes, |reader| Ok((reader.varint()?, A::load(reader)?)))?;
        state.count = state.count.wrapping_add(count);
        state.sum = state.sum.plus(sum);
        Ok(())
    }

    fn finish(&self, states: &[Averaged<A>]) -> EngineResult<ArrayRef> {
        let (DataType::Tuple(items), Arrow::Struct(fields)) = (&self.0.result, self.0.result.to_arrow()) else {
            return self.means(states);
        };
        let sums = A::column(states.iter().map(|state| state.sum).collect(), &items[0].1)?;
        let counts = UInt64Array::from_iter_values(states.iter().map(|state| state.count));
        Ok(Arc::new(StructArray::try_new(fields, vec![sums, Arc::new(counts)], None)?))
    }
}

/// Two floats that are added up.
#[derive(Debug, Default)]
struct Two(f64, f64);

impl State for Two {
    fn save(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
        out.extend_from_slice(&self.1.to_le_bytes());
    }
}

impl Two {
    /// The second makes up for what the first cannot hold.
    fn add(&mut self, value: f64) {
        let value = value - self.1;
        let sum = self.0 + value;
        self.1 = (sum - self.0) - value;
        self.0 = sum;
    }
}

#[derive(Debug)]
struct SumKahan;

impl Fold for SumKahan {
    type State = Two;

    fn update(&self, states: &mut [Two], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = f64::read(&columns[0], &DataType::Float64)?;
        rows.iter().for_each(|(row, group)| states[group].add(values[row]));
        Ok(())
    }

    fn merge(&self, state: &mut Two, bytes: &[u8]) -> EngineResult<()> {
        let other = whole(bytes, |reader| Ok(Two(reader.f64()?, reader.f64()?)))?;
        let raw = state.0 + other.0;
        let back = raw - state.0;
        let lost = (state.0 - (raw - back)) + (other.0 - back);
        let made_up = lost - state.1 - other.1;
        state.0 = raw + made_up;
        state.1 = (state.0 - raw) - made_up;
        Ok(())
    }

    fn finish(&self, states: &[Two]) -> EngineResult<ArrayRef> {
        Ok(Arc::new(Float64Array::from_iter_values(states.iter().map(|state| state.0))))
    }
}

#[derive(Debug)]
struct AvgWeighted {
    /// Weights are integers: ClickHouse then takes values as such too.
    whole: bool,
}

impl Fold for AvgWeighted {
    type State = Two;

    fn update(&self, states: &mut [Two], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = f64::read(&columns[0], &DataType::Float64)?;
        let weights = f64::read(&columns[1], &DataType::Float64)?;
        for (row, group) in rows.iter() {
            let value = if self.whole { values[row].trunc() } else { values[row] };
            states[group].0 += value * weights[row];
            states[group].1 += weights[row];
        }
        Ok(())
    }

    fn merge(&self, state: &mut Two, bytes: &[u8]) -> EngineResult<()> {
        let other = whole(bytes, |reader| Ok(Two(reader.f64()?, reader.f64()?)))?;
        state.0 += other.0;
        state.1 += other.1;
        Ok(())
    }

    fn finish(&self, states: &[Two]) -> EngineResult<ArrayRef> {
        Ok(Arc::new(Float64Array::from_iter_values(states.iter().map(|state| state.0 / state.1))))
    }
}
