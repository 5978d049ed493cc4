//! `=`, `!=`, `<`, `<=`, `>`, `>=`.
//!
//! The two sides get one Arrow type here. A literal takes the type of the other side wherever its value is
//! one of that type, so that `ts >= '2024-01-01'` and `id = 5` stay a column beside a literal, which
//! pruning and the Parquet filters understand.

use crate::function::convert::{cast, widen};
use crate::function::definition::{Call, Function, Mismatch};
use crate::function::typed::{Typed, arrow_cast, binary};
use crate::value::{DataType, supertype};
use datafusion::logical_expr::{Expr, Operator};
use datafusion::scalar::ScalarValue;

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
    Ok(Typed::predicate(binary(left, operator, right)))
}

/// Both sides as expressions of one Arrow type, whose order is the order of the values. The error is what
/// there is to add to "cannot compare A with B".
pub(crate) fn comparable(left: Typed, right: Typed) -> Result<(Expr, Expr), String> {
    if left.is_predicate && right.is_predicate {
        return Ok((left.expr, right.expr));
    }
    let (left, right) = (left.into_value(), right.into_value());
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
            let arrow = arrow::datatypes::DataType::Decimal128(20, 0);
            Ok((arrow_cast(left.expr, &arrow), arrow_cast(right.expr, &arrow)))
        }
    }
}

enum Common {
    Type(DataType),
    Whole,
}

fn common_type(left: &DataType, right: &DataType) -> Option<Common> {
    if let Ok(common) = supertype(&[left.clone(), right.clone()]) {
        return Some(Common::Type(common));
    }
    if left.is_integer() && right.is_integer() {
        return Some(Common::Whole);
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
