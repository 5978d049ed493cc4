//! `=`, `!=`, `<`, `<=`, `>`, `>=`.
//!
//! The two sides get one Arrow type here. A literal takes the type of the other side wherever its value is
//! one of that type, so that `ts >= '2024-01-01'` and `id = 5` stay a column beside a literal, which
//! pruning and the Parquet filters understand.

use crate::function::convert::{cast, is_wide, widen};
use crate::function::definition::{Call, Context, Function, Mismatch};
use crate::function::scalar::Input;
use crate::function::typed::{Typed, arrow_cast, binary};
use crate::value::{DataType, IntervalUnit, supertype};
use arrow::array::{ArrayRef, AsArray, FixedSizeBinaryBuilder};
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::{Expr, Operator};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

macro_rules! comparisons {
    ($($name:literal, $sign:literal, $operator:ident, $summary:literal, [$($example:expr),*];)*) => {
        &[$(Function {
            name: $name,
            syntax: concat!("a ", $sign, " b"),
            summary: $summary,
            examples: &[$($example),*],
            bind: |call| compare(call, Operator::$operator),
            ..Function::DEFAULT
        }),*]
    };
}

pub(crate) const FUNCTIONS: &[Function] = comparisons! {
    "equals", "=", Eq, "Whether two values are equal.", [("1 = 1.0", "1"), ("'a' = 'b'", "0"), ("toDate('2024-01-01') = '2024-01-01'", "1"), ("toUInt64(18446744073709551615) = toInt64(-1)", "0")];
    "notEquals", "!=", NotEq, "Whether two values differ.", [("1 != 2", "1")];
    "less", "<", Lt, "Whether the first value is smaller.", [("toInt8(-1) < toUInt64(1)", "1"), ("'a' < 'b'", "1")];
    "lessOrEquals", "<=", LtEq, "Whether the first value is not larger.", [("2 <= 2", "1")];
    "greater", ">", Gt, "Whether the first value is larger.", [("toDateTime('2024-01-01 10:00:00') > '2024-01-01'", "1")];
    "greaterOrEquals", ">=", GtEq, "Whether the first value is not smaller.", [("1.5 >= 2", "0")];
};

fn compare(call: &Call, operator: Operator) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let (left, right) = (call.arguments[0].clone(), call.arguments[1].clone());
    if let (DataType::Tuple(_), DataType::Tuple(_)) = (left.data_type.bare(), right.data_type.bare()) {
        return super::member::compare_tuples(call, operator, &left, &right);
    }
    let (left, right) = comparable(left, right).map_err(|problem| {
        call.mismatch(format_args!(
            "cannot compare {} with {}{problem}",
            call.arguments[0].data_type, call.arguments[1].data_type
        ))
    })?;
    let single = [0, 1].iter().all(|index| *call.bare(*index) == DataType::Float32);
    if call.bare(0).is_float() || call.bare(1).is_float() {
        return Ok(Typed::predicate(without_nan(left, operator, right, single)));
    }
    if let (DataType::Uuid, DataType::Uuid) = (call.bare(0), call.bare(1))
        && !matches!(operator, Operator::Eq | Operator::NotEq)
    {
        let key = |expr: Expr| call.kernel_on(uuid_keys, DataType::Uuid, vec![Typed::new(expr, DataType::Uuid)]).expr;
        return Ok(Typed::predicate(binary(key(left), operator, key(right))));
    }
    Ok(Typed::predicate(binary(left, operator, right)))
}

/// A value whose order in the engine is that of ClickHouse's values: what ORDER BY sorts by.
pub fn sort_key(value: Typed) -> Typed {
    if *value.data_type.bare() != DataType::Uuid {
        return value;
    }
    let context = Context { now_ns: 0 };
    let call = Call { function: &FUNCTIONS[2], name: "less", context: &context, arguments: Vec::new() };
    let data_type = value.data_type.clone();
    let nullable = if data_type.is_nullable() { DataType::Uuid.nullable() } else { DataType::Uuid };
    Typed { data_type, ..call.kernel_on(uuid_keys, nullable, vec![value]) }
}

/// ClickHouse orders UUIDs by their second half first.
fn uuid_keys(input: &Input) -> EngineResult<ArrayRef> {
    let mut out = FixedSizeBinaryBuilder::with_capacity(input.rows, 16);
    let expanded = input.expanded(0)?;
    for value in expanded.as_fixed_size_binary() {
        match value {
            Some(value) => out.append_value([&value[8..], &value[..8]].concat())?,
            None => out.append_null(),
        }
    }
    Ok(Arc::new(out.finish()))
}

/// The engine orders NaN beyond the infinities and equal to itself; in ClickHouse it equals nothing and is
/// neither larger nor smaller. A side that may be NaN where that would count is held between the infinities.
fn without_nan(left: Expr, operator: Operator, right: Expr, single: bool) -> Expr {
    let literal = |side: &Expr| match side {
        Expr::Literal(value, _) => Some(value.data_type()),
        _ => None,
    };
    let kinds = [literal(&left), literal(&right)];
    if kinds.iter().flatten().any(|kind| !kind.is_floating()) {
        // a float that is a value of the other side's type
        return binary(left, operator, right);
    }
    let is_nan = |side: &Expr| match side {
        Expr::Literal(ScalarValue::Float64(Some(value)), _) => value.is_nan(),
        Expr::Literal(ScalarValue::Float32(Some(value)), _) => value.is_nan(),
        _ => false,
    };
    if is_nan(&left) || is_nan(&right) {
        return Expr::Literal(ScalarValue::Boolean(Some(operator == Operator::NotEq)), None);
    }
    let single = single || kinds.contains(&Some(arrow::datatypes::DataType::Float32));
    let bound = |side: &Expr, above: bool| {
        let operator = if above { Operator::LtEq } else { Operator::GtEq };
        let infinity = if above { f64::INFINITY } else { f64::NEG_INFINITY };
        let infinity =
            if single { ScalarValue::Float32(Some(infinity as f32)) } else { ScalarValue::Float64(Some(infinity)) };
        binary(side.clone(), operator, Expr::Literal(infinity, None))
    };
    let open = [literal(&left).is_none(), literal(&right).is_none()];
    let mut bounds = Vec::new();
    match operator {
        // beside a number only the end that the comparison leaves open matters
        Operator::Eq | Operator::NotEq if open == [true, true] => {
            bounds.extend([bound(&left, true), bound(&left, false)]);
        }
        Operator::Gt | Operator::GtEq | Operator::Lt | Operator::LtEq => {
            let above = matches!(operator, Operator::Gt | Operator::GtEq);
            bounds.extend(open[0].then(|| bound(&left, above)));
            bounds.extend(open[1].then(|| bound(&right, !above)));
        }
        _ => {}
    }
    let negated = operator == Operator::NotEq && !bounds.is_empty();
    let compared = binary(left, if negated { Operator::Eq } else { operator }, right);
    let all = bounds.into_iter().fold(compared, |all, bound| binary(all, Operator::And, bound));
    if negated { Expr::Not(Box::new(all)) } else { all }
}

/// Both sides as expressions of one Arrow type, whose order is the order of the values. The error is what
/// there is to add to "cannot compare A with B".
pub(crate) fn comparable(left: Typed, right: Typed) -> Result<(Expr, Expr), String> {
    if left.is_predicate && right.is_predicate {
        return Ok((left.expr, right.expr));
    }
    let (left, right) = (left.into_value(), right.into_value());
    let (left, right) = (as_number(left.clone(), &right), as_number(right, &left));
    let (left, right) = same_unit(left, right);
    let (left_type, right_type) = (left.data_type.bare().clone(), right.data_type.bare().clone());
    if left_type == right_type {
        return Ok((left.expr, right.expr));
    }
    if let Some(expr) = as_literal_of(&right, &left_type)? {
        return Ok((left.expr, expr));
    }
    if let Some(expr) = as_literal_of(&left, &right_type)? {
        return Ok((expr, right.expr));
    }
    let common = common_type(&left_type, &right_type).ok_or_else(String::new)?;
    match common {
        Common::Type(common) => Ok((widen(left, &common).expr, widen(right, &common).expr)),
        Common::Whole => {
            // UInt64 beside a signed integer: 20 digits hold both.
            if is_wide(&left_type) || is_wide(&right_type) {
                return Ok((widen(left, &DataType::Int256).expr, widen(right, &DataType::Int256).expr));
            }
            let arrow = arrow::datatypes::DataType::Decimal128(20, 0);
            Ok((arrow_cast(left.expr, &arrow), arrow_cast(right.expr, &arrow)))
        }
    }
}

/// Enums, intervals and addresses beside a number are the number that they lie as.
fn as_number(typed: Typed, other: &Typed) -> Typed {
    let beside_number = other.data_type.is_numeric() || other.data_type.is_date_or_time();
    let number = match typed.data_type.bare() {
        DataType::Enum8(_) if beside_number => DataType::Int8,
        DataType::Enum16(_) if beside_number => DataType::Int16,
        DataType::Interval(_) if beside_number => DataType::Int64,
        DataType::IPv4 if other.data_type.is_numeric() => DataType::UInt32,
        _ => return typed,
    };
    Typed { data_type: number, ..typed }
}

/// Intervals of two units as the finer one, where there is a fixed number of them.
fn same_unit(left: Typed, right: Typed) -> (Typed, Typed) {
    let (DataType::Interval(one), DataType::Interval(other)) = (left.data_type.bare(), right.data_type.bare()) else {
        return (left, right);
    };
    let sizes = |unit: IntervalUnit| match unit {
        IntervalUnit::Nanosecond => (1, 0),
        IntervalUnit::Microsecond => (1000, 0),
        IntervalUnit::Millisecond => (1_000_000, 0),
        IntervalUnit::Second => (1_000_000_000, 0),
        IntervalUnit::Minute => (60_000_000_000, 0),
        IntervalUnit::Hour => (3_600_000_000_000, 0),
        IntervalUnit::Day => (86_400_000_000_000, 0),
        IntervalUnit::Week => (604_800_000_000_000i64, 0),
        IntervalUnit::Month => (1, 1),
        IntervalUnit::Quarter => (3, 1),
        IntervalUnit::Year => (12, 1),
    };
    let ((one, kind), (other, other_kind)) = (sizes(*one), sizes(*other));
    if one == other || kind != other_kind {
        return (left, right);
    }
    let times = |typed: Typed, factor: i64, data_type: DataType| {
        let factor = Expr::Literal(ScalarValue::Int64(Some(factor)), None);
        Typed::new(binary(typed.expr, Operator::Multiply, factor), data_type)
    };
    if one > other {
        let unit = right.data_type.clone();
        return (crate::function::scalar::fold(times(left, one / other, unit)), right);
    }
    let unit = left.data_type.clone();
    (left, crate::function::scalar::fold(times(right, other / one, unit)))
}

enum Common {
    Type(DataType),
    Whole,
}

fn common_type(left: &DataType, right: &DataType) -> Option<Common> {
    if let Ok(common) = supertype(&[left.clone(), right.clone()]) {
        return Some(Common::Type(common));
    }
    if let (DataType::IPv4, DataType::IPv6) | (DataType::IPv6, DataType::IPv4) = (left, right) {
        return Some(Common::Type(DataType::IPv6));
    }
    if left.is_integer() && right.is_integer() {
        // the widest unsigned ones look negative beside a sign
        let is_widest = |one: &DataType| *one == DataType::UInt256;
        return if is_widest(left) || is_widest(right) {
            Some(Common::Type(DataType::Float64))
        } else {
            Some(Common::Whole)
        };
    }
    if left.is_numeric() && right.is_numeric() {
        return Some(Common::Type(DataType::Float64));
    }
    // A DateTime is its Unix time.
    let is_time = |one: &DataType| matches!(one, DataType::DateTime(_) | DataType::DateTime64(..));
    if is_time(left) && right.is_numeric() || is_time(right) && left.is_numeric() {
        return Some(Common::Type(DataType::Float64));
    }
    None
}

/// A literal as a value of `to`, if it is one.
fn as_literal_of(typed: &Typed, to: &DataType) -> Result<Option<Expr>, String> {
    let Some(value) = typed.constant() else { return Ok(None) };
    let from = typed.data_type.bare();
    if let Some(text) = typed.text().filter(|_| from.is_string()) {
        if to.is_string() {
            return Ok(None);
        }
        // a name that the enum lacks is compared as text
        if matches!(to, DataType::Enum8(_) | DataType::Enum16(_)) {
            return Ok(cast(typed.clone(), to)
                .ok()
                .and_then(|cast| Some(Expr::Literal(cast.constant()?.clone(), None))));
        }
        // ClickHouse reads the text as the type of the other side.
        let cast = cast(typed.clone(), to).map_err(|mismatch| format!(": {}", mismatch.message))?;
        return match cast.constant() {
            Some(value) => Ok(Some(Expr::Literal(value.clone(), None))),
            None => Err(format!(": {text:?} is no {to}")),
        };
    }
    let both_times = from.is_date_or_time() && to.is_date_or_time();
    let both_numbers = from.is_numeric() && to.is_numeric();
    let time_as_number = from.is_numeric() && matches!(to, DataType::DateTime(_) | DataType::DateTime64(..));
    if !(both_times || both_numbers || time_as_number) {
        return Ok(None);
    }
    // There and back again: only a value that survives is a value of `to`.
    let Ok(there) = cast(typed.clone(), to) else { return Ok(None) };
    let Some(converted) = there.constant().cloned() else { return Ok(None) };
    let Ok(back) = cast(there, from) else { return Ok(None) };
    let survives = back.constant().is_some_and(|back| back == value)
        && !is_negative_zero(value)
        && sign(value) == sign(&converted);
    Ok(survives.then_some(Expr::Literal(converted, None)))
}

fn is_negative_zero(value: &ScalarValue) -> bool {
    matches!(value, ScalarValue::Float64(Some(number)) if *number == 0.0 && number.is_sign_negative())
}

/// `toInt64(-1)` and the largest `UInt64` convert into each other, but are not equal.
fn sign(value: &ScalarValue) -> bool {
    match value.cast_to(&arrow::datatypes::DataType::Float64) {
        Ok(ScalarValue::Float64(Some(number))) => number < 0.0,
        _ => false,
    }
}
