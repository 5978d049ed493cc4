//! Whole numbers: divisors, factorials, powers, primes, and rounding to given steps.

use crate::function::convert::{cast, cast_array, narrow, wide};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::fault::{Fault, fault};
use crate::function::operator::unpacked;
use crate::function::scalar::{Input, delegate};
use crate::function::typed::Typed;
use crate::value::{DataType, signed_of, unsigned_of};
use arrow::array::*;
use arrow::datatypes::{Float64Type, Int64Type};
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "gcd", exact_case, "gcd(a, b)", "The greatest common divisor.", [("gcd(12, 18)", "6")], |call| divisors(call, |input| pairs(input, gcd));
    "lcm", exact_case, "lcm(a, b)", "The least common multiple.", [("lcm(12, 18)", "36")], |call| divisors(call, |input| pairs(input, |left, right| left / gcd(left, right) * right));
    "factorial", any_case, "factorial(n)", "1 · 2 · … · n, for n to 20.", [("factorial(5)", "120"), ("factorial(-1)", "1")], |call| {
        call.count(1..=1)?;
        call.expect_integer(0)?;
        Ok(call.kernel(factorials, DataType::UInt64))
    };
    "intExp2", exact_case, "intExp2(n)", "2 to the power of n as UInt64; the largest one where it does not fit.", [("intExp2(10)", "1024"), ("intExp2(64)", "18446744073709551615")], |call| power(call, |input| powers(input, 2));
    "intExp10", exact_case, "intExp10(n)", "10 to the power of n as UInt64; the largest one where it does not fit.", [("intExp10(3)", "1000")], |call| power(call, |input| powers(input, 10));
    "sqr", exact_case, "sqr(x)", "x times x.", [("sqr(5)", "25")], |call| {
        call.count(1..=1)?;
        delegate(call, "multiply", vec![call.arguments[0].clone(), call.arguments[0].clone()])
    };
    "isPrime", exact_case, "isPrime(n)", "Whether an unsigned number is prime.", [("isPrime(7)", "1"), ("isPrime(8)", "0")], |call| {
        call.count(1..=1)?;
        if !call.bare(0).is_unsigned_integer() || call.bare(0).integer_bits() > Some(64) {
            return Err(call.wrong_type(0));
        }
        Ok(call.kernel(|input| { let number = input.integers(0)?; input.bytes(|row| Ok(u8::from(is_prime(number(row) as u64)))) }, DataType::UInt8))
    };
    "countDigits", exact_case, "countDigits(x)", "How many digits an integer, or the integer behind a decimal, has.", [("countDigits(-123)", "3")], |call| {
        call.count(1..=1)?;
        if !call.bare(0).is_integer() && !matches!(call.bare(0), DataType::Decimal { .. }) {
            return Err(call.wrong_type(0));
        }
        Ok(call.kernel(|input| {
            let values = wide(&input.columns[0].array)?;
            input.bytes(|row| Ok(values.value(input.columns[0].at(row)).to_string().trim_start_matches('-').len() as u8))
        }, DataType::UInt8))
    };
    "roundToExp2", exact_case, "roundToExp2(x)", "Rounds down to a power of two.", [("roundToExp2(100)", "64"), ("roundToExp2(0.7)", "0.5")], round_to_exp2;
    "roundDuration", any_case, "roundDuration(seconds)", "Rounds down to one of 0, 1, 10, 30, 60, 120, 180, 240, 300, 600, 1200, 1800, 3600, 7200, 18000 and 36000.", [("roundDuration(100)", "60")], |call| steps(call, DataType::UInt16, |input| stepped(input, &DURATIONS));
    "roundAge", any_case, "roundAge(age)", "Rounds an age to 0, 17, 18, 25, 35, 45 or 55.", [("roundAge(30)", "25")], |call| steps(call, DataType::UInt8, |input| stepped(input, &AGES));
    "roundDown", any_case, "roundDown(x, [step, …])", "Rounds down to one of the steps of a constant array; what is below all of them, to the first.", [("roundDown(5, [1, 3, 7])", "3"), ("roundDown(0, [1, 3, 7])", "1")], round_down;
};

/// As wide as a product, signed if either is.
fn divisors(call: &Call, kernel: crate::function::scalar::Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.expect_integer(0)?;
    call.expect_integer(1)?;
    let bits = |index: usize| call.bare(index).integer_bits().unwrap_or(64);
    let widest = bits(0).max(bits(1));
    if widest > 64 {
        return Err(call.wrong_type(0));
    }
    let width = (widest * 2).min(64);
    let signed = call.bare(0).is_signed_integer() || call.bare(1).is_signed_integer();
    let result = if signed { signed_of(width) } else { unsigned_of(width) };
    Ok(call.kernel(kernel, result.ok_or_else(|| call.wrong_type(0))?))
}

fn gcd(left: u128, right: u128) -> u128 {
    let (mut left, mut right) = (left, right);
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

fn pairs(input: &Input, of: fn(u128, u128) -> u128) -> EngineResult<ArrayRef> {
    let (left, right) = (wide(&input.expanded(0)?)?, wide(&input.expanded(1)?)?);
    let magnitude = |values: &Decimal256Array, row: usize| values.value(row).as_i128().unsigned_abs();
    input.numbers(|row| {
        let (left, right) = (magnitude(&left, row), magnitude(&right, row));
        if left == 0 || right == 0 {
            return fault(Fault::Division, "division by zero");
        }
        Ok(of(left, right) as i64)
    })
}

fn factorials(input: &Input) -> EngineResult<ArrayRef> {
    let number = input.integers(0)?;
    input.numbers(|row| match number(row) {
        21.. => exec_err!("the factorial of {} does not fit UInt64", number(row)),
        number => Ok((1..=number.max(1)).product()),
    })
}

fn power(call: &Call, kernel: crate::function::scalar::Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    if !call.bare(0).is_integer() && !call.bare(0).is_float() {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel(kernel, DataType::UInt64))
}

fn powers(input: &Input, base: u64) -> EngineResult<ArrayRef> {
    let floats = super::floats(input, 0)?;
    input.numbers(|row| {
        let exponent = floats.value(row);
        if exponent.is_nan() {
            return exec_err!("the exponent is not a number");
        }
        if exponent < 0.0 {
            return Ok(0);
        }
        Ok(base.checked_pow(exponent.min(1000.0) as u32).unwrap_or(u64::MAX) as i64)
    })
}

/// Miller and Rabin's test with the bases that settle all 64 bits.
fn is_prime(number: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if number < 2 {
        return false;
    }
    if let Some(divisor) = BASES.iter().find(|base| number.is_multiple_of(**base)) {
        return number == *divisor;
    }
    let times = |left: u64, right: u64| (u128::from(left) * u128::from(right) % u128::from(number)) as u64;
    let shift = (number - 1).trailing_zeros();
    BASES.iter().all(|base| {
        let (mut power, mut square, mut exponent) = (1, *base, (number - 1) >> shift);
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = times(power, square);
            }
            square = times(square, square);
            exponent >>= 1;
        }
        if power == 1 || power == number - 1 {
            return true;
        }
        (1..shift).any(|_| {
            power = times(power, power);
            power == number - 1
        })
    })
}

fn round_to_exp2(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let from = call.bare(0).clone();
    if from.integer_bits() > Some(64) || !from.is_integer() && !from.is_float() {
        return Err(call.wrong_type(0));
    }
    if from.is_float() {
        let kernel = |input: &Input| {
            let rounded = super::floats(input, 0)?.unary::<_, Float64Type>(|value| {
                if value == 0.0 || !value.is_finite() { value } else { power_below(value) }
            });
            cast_array(
                &(std::sync::Arc::new(rounded) as ArrayRef),
                &DataType::Float64,
                input.result,
                crate::function::convert::OnError::Fail,
            )
        };
        return Ok(call.kernel(kernel, from));
    }
    let kernel = |input: &Input| {
        let number = input.integers(0)?;
        let unsigned = input.types[0].is_unsigned_integer();
        input.numbers(|row| {
            let number = number(row);
            let magnitude = if unsigned { number as u64 } else { number.unsigned_abs() };
            let power = if magnitude == 0 { 0 } else { 1u64 << magnitude.ilog2() } as i64;
            Ok(if unsigned || number >= 0 { power } else { power.wrapping_neg() })
        })
    };
    Ok(call.kernel(kernel, from))
}

/// The sign and exponent of a float.
fn power_below(value: f64) -> f64 {
    f64::from_bits(value.to_bits() & 0xfff0_0000_0000_0000)
}

const DURATIONS: [(f64, i64); 15] = [
    (1.0, 1),
    (10.0, 10),
    (30.0, 30),
    (60.0, 60),
    (120.0, 120),
    (180.0, 180),
    (240.0, 240),
    (300.0, 300),
    (600.0, 600),
    (1200.0, 1200),
    (1800.0, 1800),
    (3600.0, 3600),
    (7200.0, 7200),
    (18_000.0, 18_000),
    (36_000.0, 36_000),
];

const AGES: [(f64, i64); 6] = [(1.0, 17), (18.0, 18), (25.0, 25), (35.0, 35), (45.0, 45), (55.0, 55)];

fn steps(call: &Call, result: DataType, kernel: crate::function::scalar::Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    if !call.bare(0).is_numeric() {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel(kernel, result))
}

/// What stands at the last step that is not above the number.
fn stepped(input: &Input, steps: &[(f64, i64)]) -> EngineResult<ArrayRef> {
    let values = super::floats(input, 0)?.unary::<_, Int64Type>(|value| {
        let below = steps.iter().take_while(|(least, _)| value >= *least).last();
        below.map_or(0, |(_, step)| *step)
    });
    narrow(&values, &input.result.to_arrow())
}

/// A `multiIf` over the steps.
fn round_down(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let mut steps = unpacked(&call.arguments[1]).ok_or_else(|| call.mismatch("needs a constant array of steps"))?;
    let Some(first) = steps.first().cloned() else { return Err(call.mismatch("needs a step")) };
    let value = &call.arguments[0];
    if !value.data_type.is_numeric() && !value.data_type.is_date_or_time() {
        return Err(call.wrong_type(0));
    }
    let common = crate::value::supertype(&[value.data_type.clone(), first.data_type.clone()])
        .map_err(|problem| Mismatch { code: "S0207", ..call.mismatch(problem) })?;
    steps.sort_by(|left, right| left.constant().partial_cmp(&right.constant()).unwrap_or(std::cmp::Ordering::Equal));
    let mut arguments = Vec::with_capacity(steps.len() * 2 + 1);
    for step in steps.iter().rev() {
        arguments.push(delegate(call, "greaterOrEquals", vec![value.clone(), step.clone()])?);
        arguments.push(cast(step.clone(), &common)?);
    }
    arguments.push(cast(steps[0].clone(), &common)?);
    delegate(call, "multiIf", arguments)
}
