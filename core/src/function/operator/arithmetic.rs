//! `+ - * / %`, `intDiv`, `negate`, by ClickHouse's table of result types.
//!
//! Integers are widened to the result type first and wrap there; the engine's own operators do the sum.

use super::decimal;
use crate::function::convert::{cast, cut, finish_decimal, is_wide, power_of_ten, wide};
use crate::function::date;
use crate::function::definition::{Call, Function, Mismatch};
use crate::function::fault::{Fault, fault};
use crate::function::scalar::{Input, Kernel, delegate};
use crate::function::typed::{Typed, binary};
use crate::value::{DataType, signed_of, unsigned_of};
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::{Float64Type, Int64Type, UInt64Type, i256};
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::{Expr, Operator};
use datafusion::scalar::ScalarValue;
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
        name: "intDivOrNull",
        syntax: "intDivOrNull(a, b)",
        summary: "Divides integers, towards zero; NULL if b is zero.",
        examples: &[("intDivOrNull(7, 0)", "\\N")],
        bind: |call| or_null(call, "intDivOrZero"),
        ..Function::DEFAULT
    },
    Function {
        name: "divideOrNull",
        syntax: "divideOrNull(a, b)",
        summary: "Divides as Float64; NULL if b is zero.",
        examples: &[("divideOrNull(1, 0)", "\\N"), ("divideOrNull(1, 2)", "0.5")],
        bind: |call| or_null(call, "divide"),
        ..Function::DEFAULT
    },
    Function {
        name: "modulo",
        aliases: &["mod", "moduloLegacy"],
        syntax: "a % b",
        summary: "What is left after division, with the sign of a.",
        examples: &[("7 % 3", "1"), ("-7 % 3", "-1"), ("7.5 % 2", "1.5")],
        bind: |call| modulo(call, modulo_integers, false),
        ..Function::DEFAULT
    },
    Function {
        name: "moduloOrZero",
        syntax: "moduloOrZero(a, b)",
        summary: "What is left after division; 0 if b is zero.",
        examples: &[("moduloOrZero(7, 0)", "0")],
        bind: |call| modulo(call, modulo_integers_or_zero, false),
        ..Function::DEFAULT
    },
    Function {
        name: "moduloOrNull",
        aliases: &["modOrNull"],
        syntax: "moduloOrNull(a, b)",
        summary: "What is left after division; NULL if b is zero.",
        examples: &[("moduloOrNull(7, 0)", "\\N")],
        bind: |call| or_null(call, "moduloOrZero"),
        ..Function::DEFAULT
    },
    Function {
        name: "positiveModulo",
        aliases: &["positive_modulo", "pmod"],
        case_insensitive: true,
        syntax: "positiveModulo(a, b)",
        summary: "What is left after division, never negative.",
        examples: &[("positiveModulo(-7, 3)", "2")],
        bind: |call| modulo(call, positive_integers, true),
        ..Function::DEFAULT
    },
    Function {
        name: "positiveModuloOrNull",
        aliases: &["positive_modulo_or_null", "pmodOrNull"],
        case_insensitive: true,
        syntax: "positiveModuloOrNull(a, b)",
        summary: "What is left after division, never negative; NULL if b is zero.",
        examples: &[("positiveModuloOrNull(-7, 0)", "\\N"), ("positiveModuloOrNull(-7, 3)", "2")],
        bind: |call| or_null(call, "positiveModulo"),
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
    let minus = operator == Operator::Minus;
    let signed = minus || left.is_signed_integer() || right.is_signed_integer();
    let result = result_type(call, left, right, signed)?;
    if let DataType::Decimal { .. } = result {
        return Ok(call.kernel(if minus { decimal::subtract } else { decimal::add }, result));
    }
    if is_wide(&result) {
        let kernel: Kernel = if minus {
            |input| wides(input, |left, right| Some(left.wrapping_sub(right)))
        } else {
            |input| wides(input, |left, right| Some(left.wrapping_add(right)))
        };
        return Ok(call.kernel(kernel, result));
    }
    native(call, operator, result)
}

fn multiply(call: &Call) -> Result<Typed, Mismatch> {
    let (left, right) = numbers(call)?;
    let signed = left.is_signed_integer() || right.is_signed_integer();
    let result = result_type(call, left, right, signed)?;
    if let DataType::Decimal { precision, .. } = result {
        let scale = decimal::scale(left) + decimal::scale(right);
        if scale > precision {
            return Err(call.mismatch(format_args!("has a result of scale {scale}, more than {precision} digits hold")));
        }
        return Ok(call.kernel(decimal::multiply, DataType::Decimal { precision, scale }));
    }
    if is_wide(&result) {
        let kernel = |input: &Input| wides(input, |left, right| Some(left.wrapping_mul(right)));
        return Ok(call.kernel(kernel, result));
    }
    native(call, Operator::Multiply, result)
}

fn result_type(call: &Call, left: &DataType, right: &DataType, signed: bool) -> Result<DataType, Mismatch> {
    if left.is_float() || right.is_float() {
        if is_wide(left) && left.is_integer() || is_wide(right) && right.is_integer() {
            return Err(call.mismatch(format_args!("does not take {left} and {right}")));
        }
        return Ok(DataType::Float64);
    }
    if let Some(result) = decimal::result(left, right) {
        return Ok(result);
    }
    doubled(left, right, signed).ok_or_else(|| call.wrong_type(0))
}

fn native(call: &Call, operator: Operator, result: DataType) -> Result<Typed, Mismatch> {
    let left = cast(call.arguments[0].clone().into_value(), &result)?;
    let right = cast(call.arguments[1].clone().into_value(), &result)?;
    Ok(Typed::new(binary(left.expr, operator, right.expr), result))
}

fn divide(call: &Call) -> Result<Typed, Mismatch> {
    let (left, right) = numbers(call)?;
    if !left.is_float() && !right.is_float() && (is_decimal(left) || is_decimal(right)) {
        let result = decimal::divided(call, left, right)?;
        return Ok(call.kernel(decimal::divide, result));
    }
    native(call, Operator::Divide, DataType::Float64)
}

/// The function's result, or NULL where the divisor is zero.
fn or_null(call: &Call, function: &str) -> Result<Typed, Mismatch> {
    let (_, right) = numbers(call)?;
    let zero = cast(crate::function::literal(ScalarValue::UInt8(Some(0)), DataType::UInt8), &right.clone())?;
    let divisor = delegate(call, "nullIf", vec![call.arguments[1].clone(), zero])?;
    delegate(call, function, vec![call.arguments[0].clone(), divisor])
}

/// As wide as the dividend; signed if either is.
fn integer_division(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let (left, right) = numbers(call)?;
    if is_decimal(left) && is_decimal(right) {
        decimal::divided(call, left, right)?;
    }
    let signed = !left.is_unsigned_integer() || !right.is_unsigned_integer();
    let width = match left {
        DataType::Float32 => 32,
        DataType::Decimal { precision, .. } => decimal::width(*precision),
        left => bits(left),
    };
    let result = if signed { signed_of(width) } else { unsigned_of(width) };
    let result = result.ok_or_else(|| call.wrong_type(0))?;
    Ok(call.kernel(kernel, result))
}

/// As wide as the divisor, or double if the dividend is signed.
fn modulo(call: &Call, kernel: Kernel, positive: bool) -> Result<Typed, Mismatch> {
    let (left, right) = numbers(call)?;
    if left.is_float() || right.is_float() {
        return Ok(call.kernel(if positive { positive_floats } else { modulo_floats }, DataType::Float64));
    }
    if is_decimal(left) || is_decimal(right) {
        let result = decimal::divided(call, left, right)?;
        return Ok(call.kernel(kernel, result));
    }
    let width = bits(right);
    let result = if left.is_signed_integer() && !positive {
        signed_of((width * 2).min(64).max(width))
    } else {
        unsigned_of(width)
    };
    Ok(call.kernel(kernel, result.ok_or_else(|| call.wrong_type(1))?))
}

/// Integers as 128 bits hold both kinds of 64.
fn narrow_integers(input: &Input, index: usize) -> EngineResult<Vec<i128>> {
    let array = input.expanded(index)?;
    if let Arrow::UInt64 = array.data_type() {
        return Ok(array.as_primitive::<UInt64Type>().values().iter().map(|value| i128::from(*value)).collect());
    }
    let array = crate::function::convert::bits(&array)?;
    Ok(array.values().iter().map(|value| i128::from(*value)).collect())
}

/// `of` gives `None` for a divisor of zero, which is an error unless `on_zero` is the value.
fn integers(
    input: &Input,
    narrow: fn(i128, i128) -> i128,
    wide: fn(i256, i256) -> Option<i256>,
    on_zero: Option<i128>,
) -> EngineResult<ArrayRef> {
    let is_wide = |one: &DataType| is_wide(one) || is_decimal(one.bare());
    if is_wide(&input.types[0]) || is_wide(&input.types[1]) {
        return match on_zero {
            None => wides(input, wide),
            Some(_) if wide(i256::ONE, i256::ONE) == Some(i256::ONE) => wides(input, divided_or_zero),
            Some(_) => wides(input, left_over_or_zero),
        };
    }
    let (left, right) = (narrow_integers(input, 0)?, narrow_integers(input, 1)?);
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        out.push(match right[row] {
            0 if input.is_null(row) => 0,
            0 => match on_zero {
                Some(value) => value as i64,
                None => return fault(Fault::Division, "division by zero"),
            },
            divisor => narrow(left[row], divisor) as i64,
        });
    }
    crate::function::convert::narrow(&Int64Array::new(out.into(), None), &input.result.to_arrow())
}

/// The operation on 256 bits, cut to the result's width. Decimals come unscaled, as ClickHouse's do here, but for
/// whole division, which is of their values.
fn wides(input: &Input, operation: impl Fn(i256, i256) -> Option<i256>) -> EngineResult<ArrayRef> {
    let (left, right) = (wide(&input.expanded(0)?)?, wide(&input.expanded(1)?)?);
    let scale = |index: usize| match input.result {
        DataType::Decimal { .. } => i256::ONE,
        _ => power_of_ten(decimal::scale(input.types[index].bare()).into()),
    };
    let (left_scale, right_scale) = (scale(0), scale(1));
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        // a / 10^s over b / 10^t is a * 10^t over b * 10^s
        let (left, right) = (left.value(row).wrapping_mul(right_scale), right.value(row).wrapping_mul(left_scale));
        out.push(match operation(left, right) {
            Some(value) => value,
            None if input.is_null(row) => i256::ZERO,
            None => return fault(Fault::Division, "division by zero"),
        });
    }
    let out = Decimal256Array::new(out.into(), None);
    match input.result {
        DataType::Decimal { .. } => finish_decimal(out, input.result),
        result => cut(&out, result),
    }
}

fn divided_or_zero(left: i256, right: i256) -> Option<i256> {
    Some(left.checked_div(right).unwrap_or(i256::ZERO))
}

fn left_over_or_zero(left: i256, right: i256) -> Option<i256> {
    Some(left.checked_rem(right).unwrap_or(i256::ZERO))
}

fn positive_rest(left: i256, right: i256) -> Option<i256> {
    let rest = left.checked_rem(right)?;
    Some(if rest.is_negative() { rest.wrapping_add(right.wrapping_abs()) } else { rest })
}

fn divide_integers(input: &Input) -> EngineResult<ArrayRef> {
    if input.types.iter().any(DataType::is_float) {
        return divide_floats(input, false);
    }
    integers(input, |left, right| left / right, |left, right| left.checked_div(right), None)
}

fn divide_integers_or_zero(input: &Input) -> EngineResult<ArrayRef> {
    if input.types.iter().any(DataType::is_float) {
        return divide_floats(input, true);
    }
    integers(input, |left, right| left / right, |left, right| left.checked_div(right), Some(0))
}

/// A float beside an integer: both as floats, the quotient cut.
fn divide_floats(input: &Input, or_zero: bool) -> EngineResult<ArrayRef> {
    let (left, right) = (floats(input, 0)?, floats(input, 1)?);
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let quotient = left.value(row) / right.value(row);
        out.push(match quotient.is_finite() {
            true => crate::function::convert::whole(quotient),
            false if or_zero || input.is_null(row) => i256::ZERO,
            false => return fault(Fault::Division, "division by zero, or of a number that is not finite"),
        });
    }
    cut(&Decimal256Array::new(out.into(), None), input.result)
}

fn modulo_integers(input: &Input) -> EngineResult<ArrayRef> {
    integers(input, |left, right| left % right, |left, right| left.checked_rem(right), None)
}

fn modulo_integers_or_zero(input: &Input) -> EngineResult<ArrayRef> {
    integers(input, |left, right| left % right, |left, right| left.checked_rem(right), Some(0))
}

fn positive_integers(input: &Input) -> EngineResult<ArrayRef> {
    integers(input, |left, right| left.rem_euclid(right), positive_rest, None)
}

fn floats(input: &Input, index: usize) -> EngineResult<Float64Array> {
    let array = crate::function::convert::cast_array(
        &input.expanded(index)?,
        &input.types[index],
        &DataType::Float64,
        crate::function::convert::OnError::Fail,
    )?;
    Ok(array.as_primitive::<Float64Type>().clone())
}

fn modulo_floats(input: &Input) -> EngineResult<ArrayRef> {
    let remainder = |left: f64, right: f64| left % right;
    Ok(Arc::new(compute::binary::<_, _, _, Float64Type>(&floats(input, 0)?, &floats(input, 1)?, remainder)?))
}

fn positive_floats(input: &Input) -> EngineResult<ArrayRef> {
    let remainder = |left: f64, right: f64| {
        let rest = left % right;
        if rest < 0.0 { rest + right.abs() } else { rest }
    };
    Ok(Arc::new(compute::binary::<_, _, _, Float64Type>(&floats(input, 0)?, &floats(input, 1)?, remainder)?))
}

fn negate(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let argument = call.arguments[0].clone();
    let from = argument.data_type.bare().clone();
    let result = match &from {
        DataType::Interval(_) => return Ok(call.kernel(negate_integers, from)),
        DataType::Decimal { .. } | DataType::Float32 | DataType::Float64 => from,
        _ if from.is_signed_integer() => from,
        _ if from.is_integer() => {
            signed_of((bits(&from) * 2).min(64).max(bits(&from))).ok_or_else(|| call.wrong_type(0))?
        }
        _ => return Err(call.wrong_type(0)),
    };
    if is_wide(&result) && result.is_integer() {
        let kernel = |input: &Input| cut(&wide(&input.columns[0].array)?.unary(i256::wrapping_neg), input.result);
        return Ok(call.kernel(kernel, result));
    }
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
