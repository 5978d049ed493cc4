//! Rounding, powers, logarithms, and the larger and smaller of several values.

use super::convert::{bits, cast, cut, finish_decimal, narrow, wide, widen};
use super::definition::{Call, Function, Mismatch, Nulls, family};
use super::scalar::Input;
use super::typed::{Typed, binary, literal};
use crate::value::{DataType, supertype, unsigned_of};
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::*;
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{Expr, Operator};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

mod bit;
mod bucket;
mod integer;

pub(crate) const FUNCTIONS: &[&[Function]] =
    &[ROUNDING, FLOATS, EXTREMES, integer::FUNCTIONS, bit::FUNCTIONS, bucket::FUNCTIONS];

const ROUNDING: &[Function] = family! {
    "round", any_case, "round(x[, digits])", "Rounds to so many digits after the point: halves of floats to the even neighbour, of integers and decimals away from zero.", [("round(2.5)", "2"), ("round(3.14159, 2)", "3.14"), ("round(125, -1)", "130"), ("round(-2.5)", "-2")], |call| round(call, |input| rounded(input, f64::round_ties_even, Whole::Away));
    "roundBankers", exact_case, "roundBankers(x[, digits])", "Rounds halves to the even neighbour.", [("roundBankers(3.5)", "4"), ("roundBankers(125, -1)", "120")], |call| round(call, |input| rounded(input, f64::round_ties_even, Whole::Even));
    "floor", any_case, "floor(x[, digits])", "Rounds down.", [("floor(-1.5)", "-2"), ("floor(1.29, 1)", "1.2"), ("floor(125, -1)", "120")], |call| round(call, |input| rounded(input, f64::floor, Whole::Down));
    "ceil" | "ceiling", any_case, "ceil(x[, digits])", "Rounds up.", [("ceil(1.2)", "2"), ("ceil(1.21, 1)", "1.3")], |call| round(call, |input| rounded(input, f64::ceil, Whole::Up));
    "trunc" | "truncate", any_case, "trunc(x[, digits])", "Rounds towards zero.", [("trunc(-1.7)", "-1")], |call| round(call, |input| rounded(input, f64::trunc, Whole::Zero));
    "abs", any_case, "abs(x)", "The distance from zero; of a signed integer, an unsigned one.", [("abs(-5)", "5"), ("abs(-1.5)", "1.5")], absolute;
    "sign", any_case, "sign(x)", "-1, 0 or 1.", [("sign(-3)", "-1"), ("sign(0)", "0")], |call| {
        call.count(1..=1)?;
        number(call, 0)?;
        Ok(call.kernel(|input| {
            let floats = floats(input, 0)?;
            Ok(Arc::new(floats.unary::<_, Int8Type>(|value| if value < 0.0 { -1 } else { i8::from(value != 0.0) })))
        }, DataType::Int8))
    };
};

const FLOATS: &[Function] = family! {
    "pow" | "power", any_case, "pow(x, y)", "x to the power of y.", [("pow(2, 10)", "1024")], |call| two_floats(call, |input| float_pairs(input, f64::powf));
    "atan2", any_case, "atan2(y, x)", "The angle of the point (x, y).", [("atan2(0, 1)", "0")], |call| two_floats(call, |input| float_pairs(input, f64::atan2));
    "pi", any_case, "pi()", "The circumference of a circle of diameter one.", [("pi()", "3.141592653589793")], |call| constant(call, std::f64::consts::PI);
    "e", exact_case, "e()", "The base of natural logarithms.", [("e()", "2.718281828459045")], |call| constant(call, std::f64::consts::E);
    "isNaN", exact_case, "isNaN(x)", "Whether a float is no number.", [("isNaN(0 / 0)", "1")], |call| float_check(call, |input| checked(input, f64::is_nan));
    "isFinite", exact_case, "isFinite(x)", "Whether a float is a number and not infinite.", [("isFinite(1 / 0)", "0")], |call| float_check(call, |input| checked(input, f64::is_finite));
    "isInfinite", exact_case, "isInfinite(x)", "Whether a float is infinite.", [("isInfinite(1 / 0)", "1")], |call| float_check(call, |input| checked(input, f64::is_infinite));
    "sqrt", any_case, "sqrt(x)", "The square root.", [("sqrt(4)", "2")], |call| one_float(call, |input| each_float(input, f64::sqrt));
    "cbrt", any_case, "cbrt(x)", "The cube root.", [("cbrt(27)", "3")], |call| one_float(call, |input| each_float(input, libm::cbrt));
    "exp", any_case, "exp(x)", "e to the power of x.", [("exp(0)", "1")], |call| one_float(call, |input| each_float(input, f64::exp));
    "exp2", any_case, "exp2(x)", "2 to the power of x.", [("exp2(3)", "8")], |call| one_float(call, |input| each_float(input, f64::exp2));
    "exp10", any_case, "exp10(x)", "10 to the power of x.", [("exp10(2)", "100")], |call| one_float(call, |input| each_float(input, libm::exp10));
    "log" | "ln", any_case, "log(x)", "The natural logarithm.", [("log(1)", "0")], |call| one_float(call, |input| each_float(input, f64::ln));
    "log2", any_case, "log2(x)", "The logarithm to base 2.", [("log2(8)", "3")], |call| one_float(call, |input| each_float(input, f64::log2));
    "log10", any_case, "log10(x)", "The logarithm to base 10.", [("log10(1000)", "3")], |call| one_float(call, |input| each_float(input, f64::log10));
    "log1p", any_case, "log1p(x)", "The natural logarithm of one more.", [("log1p(0)", "0")], |call| one_float(call, |input| each_float(input, libm::log1p));
    "sin", any_case, "sin(x)", "The sine of an angle in radians.", [("sin(0)", "0")], |call| one_float(call, |input| each_float(input, f64::sin));
    "cos", any_case, "cos(x)", "The cosine of an angle in radians.", [("cos(0)", "1")], |call| one_float(call, |input| each_float(input, f64::cos));
    "tan", any_case, "tan(x)", "The tangent of an angle in radians.", [("tan(0)", "0")], |call| one_float(call, |input| each_float(input, f64::tan));
    "asin", any_case, "asin(x)", "The angle of a sine.", [("asin(0)", "0")], |call| one_float(call, |input| each_float(input, f64::asin));
    "acos", any_case, "acos(x)", "The angle of a cosine.", [("acos(1)", "0")], |call| one_float(call, |input| each_float(input, f64::acos));
    "atan", any_case, "atan(x)", "The angle of a tangent.", [("atan(0)", "0")], |call| one_float(call, |input| each_float(input, f64::atan));
    "sinh", any_case, "sinh(x)", "The hyperbolic sine.", [("sinh(0)", "0")], |call| one_float(call, |input| each_float(input, f64::sinh));
    "cosh", any_case, "cosh(x)", "The hyperbolic cosine.", [("cosh(0)", "1")], |call| one_float(call, |input| each_float(input, f64::cosh));
    "tanh", any_case, "tanh(x)", "The hyperbolic tangent.", [("tanh(0)", "0")], |call| one_float(call, |input| each_float(input, f64::tanh));
    "asinh", any_case, "asinh(x)", "The inverse hyperbolic sine.", [("asinh(0)", "0")], |call| one_float(call, |input| each_float(input, libm::asinh));
    "acosh", any_case, "acosh(x)", "The inverse hyperbolic cosine.", [("acosh(1)", "0")], |call| one_float(call, |input| each_float(input, libm::acosh));
    "atanh", any_case, "atanh(x)", "The inverse hyperbolic tangent.", [("atanh(0)", "0")], |call| one_float(call, |input| each_float(input, libm::atanh));
    "hypot", any_case, "hypot(x, y)", "The length of the hypotenuse.", [("hypot(3, 4)", "5")], |call| two_floats(call, |input| float_pairs(input, libm::hypot));
    "erf", any_case, "erf(x)", "The error function.", [("erf(1)", "0.8427007929497149")], |call| one_float(call, |input| each_float(input, libm::erf));
    "erfc", any_case, "erfc(x)", "One less the error function.", [("erfc(1)", "0.15729920705028513")], |call| one_float(call, |input| each_float(input, libm::erfc));
    "lgamma", any_case, "lgamma(x)", "The logarithm of the gamma function.", [("lgamma(10)", "12.80182748008147")], |call| one_float(call, |input| each_float(input, |x| if x < 0.0 && x == x.trunc() { f64::NAN } else { libm::lgamma(x) }));
    "tgamma", any_case, "tgamma(x)", "The gamma function.", [("tgamma(5)", "24")], |call| one_float(call, |input| each_float(input, libm::tgamma));
    "sigmoid", exact_case, "sigmoid(x)", "1 / (1 + exp(-x)).", [("sigmoid(0)", "0.5")], |call| one_float(call, |input| each_float(input, |x| 1.0 / (1.0 + f64::exp(-x))));
    "max2", any_case, "max2(x, y)", "The larger of two numbers, as Float64.", [("max2(-1, 2)", "2")], |call| two_floats(call, |input| float_pairs(input, f64::max));
    "min2", any_case, "min2(x, y)", "The smaller of two numbers, as Float64.", [("min2(-1, 2)", "-1")], |call| two_floats(call, |input| float_pairs(input, f64::min));
    "degrees", any_case, "degrees(x)", "Radians as degrees.", [("degrees(pi())", "180")], |call| one_float(call, |input| each_float(input, f64::to_degrees));
    "radians", any_case, "radians(x)", "Degrees as radians.", [("round(radians(180), 4)", "3.1416")], |call| one_float(call, |input| each_float(input, f64::to_radians));
};

const EXTREMES: &[Function] = &[
    Function {
        name: "greatest",
        case_insensitive: true,
        syntax: "greatest(a, b, …)",
        summary: "The largest argument; NULLs do not count.",
        examples: &[("greatest(1, 2)", "2"), ("greatest('a', 'b')", "b"), ("greatest(1, NULL)", "1")],
        nulls: Nulls::Own,
        bind: |call| extreme(call, Operator::GtEq),
        ..Function::DEFAULT
    },
    Function {
        name: "least",
        case_insensitive: true,
        syntax: "least(a, b, …)",
        summary: "The smallest argument; NULLs do not count.",
        examples: &[("least(1, 2)", "1"), ("least(1, NULL, 3)", "1")],
        nulls: Nulls::Own,
        bind: |call| extreme(call, Operator::LtEq),
        ..Function::DEFAULT
    },
];

fn number(call: &Call, index: usize) -> Result<(), Mismatch> {
    if call.bare(index).is_numeric() { Ok(()) } else { Err(call.wrong_type(index)) }
}

fn constant(call: &Call, value: f64) -> Result<Typed, Mismatch> {
    call.count(0..=0)?;
    Ok(literal(ScalarValue::Float64(Some(value)), DataType::Float64))
}

fn one_float(call: &Call, kernel: super::scalar::Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    number(call, 0)?;
    Ok(call.kernel(kernel, DataType::Float64))
}

fn two_floats(call: &Call, kernel: super::scalar::Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    number(call, 0)?;
    number(call, 1)?;
    Ok(call.kernel(kernel, DataType::Float64))
}

fn float_check(call: &Call, kernel: super::scalar::Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    number(call, 0)?;
    Ok(call.kernel(kernel, DataType::UInt8))
}

fn floats(input: &Input, index: usize) -> EngineResult<Float64Array> {
    let array = super::convert::cast_array(
        &input.expanded(index)?,
        &input.types[index],
        &DataType::Float64,
        super::convert::OnError::Fail,
    )?;
    Ok(array.as_primitive::<Float64Type>().clone())
}

fn each_float(input: &Input, of: fn(f64) -> f64) -> EngineResult<ArrayRef> {
    Ok(Arc::new(floats(input, 0)?.unary::<_, Float64Type>(of)))
}

fn float_pairs(input: &Input, of: fn(f64, f64) -> f64) -> EngineResult<ArrayRef> {
    Ok(Arc::new(compute::binary::<_, _, _, Float64Type>(&floats(input, 0)?, &floats(input, 1)?, of)?))
}

fn checked(input: &Input, of: fn(f64) -> bool) -> EngineResult<ArrayRef> {
    Ok(Arc::new(floats(input, 0)?.unary::<_, UInt8Type>(|value| u8::from(of(value)))))
}

/// What a whole number becomes between two multiples.
#[derive(Clone, Copy)]
enum Whole {
    Even,
    /// Halves away from zero.
    Away,
    Down,
    Up,
    Zero,
}

fn round(call: &Call, kernel: super::scalar::Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(1..=2)?;
    number(call, 0)?;
    let digits = if count == 2 { call.constant_integer(1)? } else { 0 };
    let result = call.bare(0).clone();
    let result = if result == DataType::Bool { DataType::UInt8 } else { result };
    let argument = cast(call.arguments[0].clone().into_value(), &result)?;
    if result.is_integer() && digits >= 0 {
        return Ok(argument);
    }
    let digits = literal(ScalarValue::Int64(Some(digits.clamp(-18, 18))), DataType::Int64);
    Ok(call.kernel_on(kernel, result, vec![argument, digits]))
}

fn rounded(input: &Input, float: fn(f64) -> f64, whole: Whole) -> EngineResult<ArrayRef> {
    let digits = input.columns[1].array.as_primitive::<Int64Type>().value(0) as i32;
    let array = &input.columns[0].array;
    let scale = 10f64.powi(digits.abs());
    let of = |value: f64| match digits {
        0 => float(value),
        1.. => float(value * scale) / scale,
        _ => float(value / scale) * scale,
    };
    if let DataType::Decimal { scale: own, .. } = input.result {
        let drop = i32::from(*own) - digits;
        if drop <= 0 {
            return Ok(array.clone());
        }
        let step = 10i128.pow(drop.min(38) as u32);
        let Some(values) = array.as_primitive_opt::<Decimal128Type>() else {
            let step = super::convert::power_of_ten(drop as u32);
            let rounded = wide(array)?.unary(|value| round_wide(value, step, whole));
            return finish_decimal(rounded, input.result);
        };
        let rounded = values.unary::<_, Decimal128Type>(|value| round_whole(value, step, whole));
        return Ok(Arc::new(rounded.with_data_type(array.data_type().clone())));
    }
    Ok(match array.data_type() {
        Arrow::Float64 => Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(of)),
        Arrow::Float32 => {
            // the steps are of the float's own width
            let scale = scale as f32;
            let single = |value: f32| float(value.into()) as f32;
            Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| match digits {
                0 => single(value),
                1.. => single(value * scale) / scale,
                _ => single(value / scale) * scale,
            }))
        }
        Arrow::Decimal128(..) | Arrow::Decimal256(..) => {
            let step = super::convert::power_of_ten(digits.unsigned_abs());
            cut(&wide(array)?.unary(|value| round_wide(value, step, whole)), input.result)?
        }
        arrow => {
            let step = 10i128.pow(digits.unsigned_abs());
            let unsigned = input.result.is_unsigned_integer();
            let rounded = bits(array)?.unary::<_, Int64Type>(|value| {
                let value = if unsigned { i128::from(value as u64) } else { i128::from(value) };
                round_whole(value, step, whole) as i64
            });
            narrow(&rounded, arrow)?
        }
    })
}

fn round_wide(value: i256, step: i256, whole: Whole) -> i256 {
    let rest = value.wrapping_rem(step);
    let rest = if rest.is_negative() { rest.wrapping_add(step) } else { rest };
    let down = value.wrapping_sub(rest);
    let up = down.wrapping_add(step);
    let half = rest.wrapping_add(rest);
    let nearest = if half < step { down } else { up };
    match whole {
        _ if rest == i256::ZERO => value,
        Whole::Down => down,
        Whole::Up => up,
        Whole::Zero if value.is_negative() => up,
        Whole::Zero => down,
        Whole::Away if half == step && value.is_negative() => down,
        Whole::Even if half == step => {
            let is_even = down.wrapping_div(step).wrapping_rem(i256::from_i128(2)) == i256::ZERO;
            if is_even { down } else { up }
        }
        Whole::Even | Whole::Away => nearest,
    }
}

fn round_whole(value: i128, step: i128, whole: Whole) -> i128 {
    let down = value.div_euclid(step) * step;
    let rest = value - down;
    let up = down + step;
    match whole {
        _ if rest == 0 => value,
        Whole::Down => down,
        Whole::Up => up,
        Whole::Zero => {
            if value < 0 {
                up
            } else {
                down
            }
        }
        Whole::Away if rest * 2 == step => {
            if value < 0 {
                down
            } else {
                up
            }
        }
        Whole::Even if rest * 2 == step => {
            if down / step % 2 == 0 {
                down
            } else {
                up
            }
        }
        Whole::Even | Whole::Away => {
            if rest * 2 < step {
                down
            } else {
                up
            }
        }
    }
}

fn absolute(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    number(call, 0)?;
    let from = call.bare(0).clone();
    if from == DataType::Bool {
        return cast(call.arguments[0].clone(), &DataType::UInt8);
    }
    if from.is_unsigned_integer() {
        return Ok(call.arguments[0].clone().into_value());
    }
    let result = match from.integer_bits() {
        Some(bits) => unsigned_of(bits).ok_or_else(|| call.wrong_type(0))?,
        None => from,
    };
    Ok(call.kernel(
        |input| {
            let array = &input.columns[0].array;
            Ok(match array.data_type() {
                Arrow::Float64 => Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::abs)),
                Arrow::Float32 => Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(f32::abs)),
                Arrow::Decimal256(..) | Arrow::Decimal128(..) if input.result.is_integer() => {
                    cut(&wide(array)?.unary(i256::wrapping_abs), input.result)?
                }
                Arrow::Decimal256(..) => finish_decimal(wide(array)?.unary(i256::wrapping_abs), input.result)?,
                Arrow::Decimal128(..) => {
                    let absolute =
                        array.as_primitive::<Decimal128Type>().unary::<_, Decimal128Type>(i128::wrapping_abs);
                    Arc::new(absolute.with_data_type(array.data_type().clone()))
                }
                _ => narrow(&bits(array)?.unary::<_, Int64Type>(i64::wrapping_abs), &input.result.to_arrow())?,
            })
        },
        result,
    ))
}

/// `CASE WHEN a >= b THEN a ELSE b END`, folded over the arguments.
fn extreme(call: &Call, operator: Operator) -> Result<Typed, Mismatch> {
    call.count(1..)?;
    let values: Vec<Typed> =
        call.arguments.iter().filter(|value| *value.data_type.bare() != DataType::Nothing).cloned().collect();
    let types: Vec<DataType> = values.iter().map(|value| value.data_type.clone()).collect();
    if types.is_empty() {
        return Ok(Typed::null());
    }
    let common = supertype(&types).map_err(|problem| Mismatch { code: "S0207", ..call.mismatch(problem) })?;
    let common = if common == DataType::Bool { DataType::UInt8 } else { common };
    let common = if values.len() < call.arguments.len() { common.nullable() } else { common };
    let mut values = values.into_iter().map(|value| widen(value, &common).expr);
    let mut best = values.next().expect("there is one at least");
    for value in values {
        let better = binary(best.clone(), operator, value.clone());
        let better = if common.is_nullable() {
            binary(better, Operator::Or, Expr::IsNull(Box::new(value.clone())))
        } else {
            better
        };
        let when_then_expr = vec![(Box::new(better), Box::new(best))];
        best = Expr::Case(Case { expr: None, when_then_expr, else_expr: Some(Box::new(value)) });
    }
    Ok(Typed::new(best, common))
}
