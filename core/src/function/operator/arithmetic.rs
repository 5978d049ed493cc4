//! `+ - * / %`, `intDiv`, `negate`, by ClickHouse's table of result types.
//!
//! Integers are widened to the result type first and wrap there; the engine's own operators do the sum.

use crate::function::convert::cast;
use crate::function::date;
use crate::function::definition::{Call, Function, Mismatch};
use crate::function::scalar::Input;
use crate::function::typed::{Typed, arrow_cast, binary};
use crate::value::{DataType, signed_of, unsigned_of};
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::{Float64Type, Int64Type, UInt64Type};
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::logical_expr::{Expr, Operator};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "plus",
        syntax: "a + b",
        summary: "Adds numbers, days to a date, seconds to a time, or an interval.",
        examples: &[("1 + 2", "3"), ("toUInt8(255) + toUInt8(1)", "256"), ("toDate('2024-01-31') + 1", "2024-02-01")],
        bind: |call| add(call, Operator::Plus),
        ..Function::DEFAULT
    },
    Function {
        name: "minus",
        syntax: "a - b",
        summary: "Subtracts numbers, dates, or an interval from a date or time.",
        examples: &[("1 - 2", "-1"), ("toDate('2024-02-01') - toDate('2024-01-01')", "31")],
        bind: |call| add(call, Operator::Minus),
        ..Function::DEFAULT
    },
    Function {
        name: "multiply",
        syntax: "a * b",
        summary: "Multiplies numbers.",
        examples: &[("3 * 2", "6"), ("toInt64(9223372036854775807) * 2", "-2")],
        bind: multiply,
        ..Function::DEFAULT
    },
    Function {
        name: "divide",
        syntax: "a / b",
        summary: "Divides as Float64; by zero is inf or nan.",
        examples: &[("1 / 2", "0.5"), ("1 / 0", "inf")],
        bind: divide,
        ..Function::DEFAULT
    },
    Function {
        name: "intDiv",
        syntax: "intDiv(a, b)",
        summary: "Divides integers, towards zero; fails on zero.",
        examples: &[("intDiv(7, 2)", "3"), ("intDiv(-7, 2)", "-3")],
        bind: |call| integer_division(call, divide_integers),
        ..Function::DEFAULT
    },
    Function {
        name: "intDivOrZero",
        syntax: "intDivOrZero(a, b)",
        summary: "Divides integers, towards zero; 0 if b is zero.",
        examples: &[("intDivOrZero(7, 0)", "0")],
        bind: |call| integer_division(call, divide_integers_or_zero),
        ..Function::DEFAULT
    },
    Function {
        name: "modulo",
        aliases: &["mod"],
        syntax: "a % b",
        summary: "What is left after division, with the sign of a.",
        examples: &[("7 % 3", "1"), ("-7 % 3", "-1"), ("7.5 % 2", "1.5")],
        bind: modulo,
        ..Function::DEFAULT
    },
    Function {
        name: "negate",
        syntax: "-a",
        summary: "Changes the sign.",
        examples: &[("negate(5)", "-5"), ("-toUInt8(200)", "-200")],
        bind: negate,
        ..Function::DEFAULT
    },
];

fn numbers<'a>(call: &'a Call) -> Result<(&'a DataType, &'a DataType), Mismatch> {
    call.count(2..=2)?;
    for index in 0..2 {
        if !call.arguments[index].data_type.is_numeric() {
            return Err(call.mismatch(format_args!(
                "does not take {} and {}",
                call.arguments[0].data_type, call.arguments[1].data_type
            )));
        }
    }
    Ok((call.bare(0), call.bare(1)))
}

fn bits(data_type: &DataType) -> u32 {
    data_type.integer_bits().unwrap_or(64)
}

fn is_decimal(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal { .. })
}

/// Sums and products of integers double in width, to 64 bits.
fn doubled(left: &DataType, right: &DataType, signed: bool) -> Option<DataType> {
    let widest = bits(left).max(bits(right));
    let width = if widest < 64 { widest * 2 } else { widest };
    if signed { signed_of(width) } else { unsigned_of(width) }
}

fn add(call: &Call, operator: Operator) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    if !call.bare(0).is_numeric() || !call.bare(1).is_numeric() {
        return date::add(call, operator == Operator::Minus);
    }
    let (left, right) = numbers(call)?;
    let signed = operator == Operator::Minus || left.is_signed_integer() || right.is_signed_integer();
    let result = result_type(call, left, right, signed)?;
    if is_decimal(&result) {
        return decimals(call, operator, result);
    }
    native(call, operator, result)
}

fn multiply(call: &Call) -> Result<Typed, Mismatch> {
    let (left, right) = numbers(call)?;
    let signed = left.is_signed_integer() || right.is_signed_integer();
    let result = result_type(call, left, right, signed)?;
    if is_decimal(&result) {
        let scale = |one: &DataType| if let DataType::Decimal { scale, .. } = one { *scale } else { 0 };
        let DataType::Decimal { precision, .. } = result else { unreachable!("checked just now") };
        let result = DataType::Decimal { precision, scale: scale(left) + scale(right) };
        return decimals(call, Operator::Multiply, result);
    }
    native(call, Operator::Multiply, result)
}

fn result_type(call: &Call, left: &DataType, right: &DataType, signed: bool) -> Result<DataType, Mismatch> {
    if left.is_float() || right.is_float() {
        return Ok(DataType::Float64);
    }
    if is_decimal(left) || is_decimal(right) {
        // An integer beside a decimal does not widen it.
        let parts = |one: &DataType| match one {
            DataType::Decimal { precision, scale } => (*precision, *scale),
            _ => (0, 0),
        };
        let ((left, left_scale), (right, right_scale)) = (parts(left), parts(right));
        let most = [9, 18, 38, 76].into_iter().find(|most| left.max(right) <= *most).unwrap_or(76);
        return Ok(DataType::Decimal { precision: most, scale: left_scale.max(right_scale) });
    }
    doubled(left, right, signed).ok_or_else(|| call.wrong_type(0))
}

fn native(call: &Call, operator: Operator, result: DataType) -> Result<Typed, Mismatch> {
    let left = cast(call.arguments[0].clone().into_value(), &result)?;
    let right = cast(call.arguments[1].clone().into_value(), &result)?;
    Ok(Typed::new(binary(left.expr, operator, right.expr), result))
}

fn decimals(call: &Call, operator: Operator, result: DataType) -> Result<Typed, Mismatch> {
    let wide = |argument: &Typed| {
        let scale = if let DataType::Decimal { scale, .. } = argument.data_type.bare() { *scale } else { 0 };
        arrow_cast(argument.clone().into_value().expr, &arrow::datatypes::DataType::Decimal128(38, scale as i8))
    };
    let expr = binary(wide(&call.arguments[0]), operator, wide(&call.arguments[1]));
    Ok(Typed::new(arrow_cast(expr, &result.to_arrow()), result))
}

fn divide(call: &Call) -> Result<Typed, Mismatch> {
    let (left, right) = numbers(call)?;
    if is_decimal(left) && !right.is_float() {
        let result = left.clone();
        return decimals(call, Operator::Divide, result);
    }
    native(call, Operator::Divide, DataType::Float64)
}

/// As wide as the dividend; signed if either is.
fn integer_division(call: &Call, kernel: fn(&Input) -> EngineResult<ArrayRef>) -> Result<Typed, Mismatch> {
    let (left, right) = numbers(call)?;
    let signed = !left.is_unsigned_integer() || !right.is_unsigned_integer();
    let width = if *left == DataType::Float32 { 32 } else { bits(left) };
    let result = if signed { signed_of(width) } else { unsigned_of(width) };
    let result = result.ok_or_else(|| call.wrong_type(0))?;
    Ok(call.kernel(kernel, result))
}

/// As wide as the divisor, or double if the dividend is signed.
fn modulo(call: &Call) -> Result<Typed, Mismatch> {
    let (left, right) = numbers(call)?;
    if !left.is_integer() || !right.is_integer() {
        return Ok(call.kernel(modulo_floats, DataType::Float64));
    }
    let width = bits(right);
    let result = if left.is_signed_integer() { signed_of((width * 2).min(64)) } else { unsigned_of(width) };
    Ok(call.kernel(modulo_integers, result.ok_or_else(|| call.wrong_type(1))?))
}

/// Integers as 128 bits hold both kinds of 64.
fn wide(input: &Input, index: usize) -> EngineResult<Vec<i128>> {
    let array = input.expanded(index)?;
    if let arrow::datatypes::DataType::UInt64 = array.data_type() {
        return Ok(array.as_primitive::<UInt64Type>().values().iter().map(|value| i128::from(*value)).collect());
    }
    let array = crate::function::convert::bits(&array)?;
    Ok(array.values().iter().map(|value| i128::from(*value)).collect())
}

fn integers(input: &Input, operation: impl Fn(i128, i128) -> i128, on_zero: Option<i128>) -> EngineResult<ArrayRef> {
    let (left, right) = (wide(input, 0)?, wide(input, 1)?);
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        out.push(match right[row] {
            0 if input.is_null(row) => 0,
            0 => match on_zero {
                Some(value) => value as i64,
                None => return exec_err!("division by zero"),
            },
            divisor => operation(left[row], divisor) as i64,
        });
    }
    crate::function::convert::narrow(&Int64Array::new(out.into(), None), &input.result.to_arrow())
}

fn divide_integers(input: &Input) -> EngineResult<ArrayRef> {
    integers(input, |left, right| left / right, None)
}

fn divide_integers_or_zero(input: &Input) -> EngineResult<ArrayRef> {
    integers(input, |left, right| left / right, Some(0))
}

fn modulo_integers(input: &Input) -> EngineResult<ArrayRef> {
    integers(input, |left, right| left % right, None)
}

fn modulo_floats(input: &Input) -> EngineResult<ArrayRef> {
    let float = |index: usize| -> EngineResult<ArrayRef> {
        Ok(compute::cast(&input.expanded(index)?, &arrow::datatypes::DataType::Float64)?)
    };
    let (left, right) = (float(0)?, float(1)?);
    let remainder = |left: f64, right: f64| left % right;
    Ok(Arc::new(compute::binary::<_, _, _, Float64Type>(
        left.as_primitive::<Float64Type>(),
        right.as_primitive::<Float64Type>(),
        remainder,
    )?))
}

fn negate(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let argument = call.arguments[0].clone();
    let from = argument.data_type.bare().clone();
    let result = match &from {
        DataType::Interval(_) => return Ok(call.kernel(negate_integers, from)),
        DataType::Decimal { .. } | DataType::Float32 | DataType::Float64 => from,
        _ if from.is_signed_integer() => from,
        _ if from.is_integer() => signed_of((bits(&from) * 2).min(64)).ok_or_else(|| call.wrong_type(0))?,
        _ => return Err(call.wrong_type(0)),
    };
    if result.is_integer() {
        return Ok(call.kernel(negate_integers, result));
    }
    Ok(Typed::new(Expr::Negative(Box::new(argument.into_value().expr)), result))
}

fn negate_integers(input: &Input) -> EngineResult<ArrayRef> {
    let values = crate::function::convert::bits(&input.columns[0].array)?;
    let negated = values.unary::<_, Int64Type>(i64::wrapping_neg);
    crate::function::convert::narrow(&negated, &input.result.to_arrow())
}
