//! Random numbers, texts and UUIDs.
//!
//! `core` has no source of randomness: numbers come from the time of the query, the function's arguments and the
//! row. So one query gives the same call the same numbers wherever it stands (`rand() = rand()`), as ClickHouse
//! does, which computes it once; an argument makes a call another one.

use super::definition::{Call, Function, Mismatch, family};
use super::scalar::{Input, Kernel};
use super::typed::{Typed, literal};
use crate::limits::TEXT_BYTES_MAX;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "rand" | "rand32", any_case, "rand([x])", "A random UInt32 for each row.", [("toTypeName(rand())", "UInt32")], |call| plain(call, DataType::UInt32, whole);
    "rand64", exact_case, "rand64([x])", "A random UInt64 for each row.", [("toTypeName(rand64())", "UInt64")], |call| plain(call, DataType::UInt64, whole);
    "randCanonical", exact_case, "randCanonical([x])", "A random number from 0 to 1 for each row.", [("randCanonical() < 1", "1")], |call| plain(call, DataType::Float64, |input| floats(input, |random, _| random.unit()));
    "randConstant", exact_case, "randConstant([x])", "A random UInt32, the same for all rows.", [("randConstant() = randConstant()", "1")], |call| {
        call.count(0..=1)?;
        let number = Random::new(seed(call)).next() as u32;
        Ok(literal(ScalarValue::UInt32(Some(number)), DataType::UInt32))
    };
    "randUniform", exact_case, "randUniform(min, max[, x])", "A random number between two.", [("randUniform(1, 2) < 2", "1")], |call| distribution(call, 2, DataType::Float64, |input| floats(input, |random, of| of[0] + random.unit() * (of[1] - of[0])));
    "randNormal", exact_case, "randNormal(mean, deviation[, x])", "A random number of the normal distribution.", [("toTypeName(randNormal(0, 1))", "Float64")], |call| distribution(call, 2, DataType::Float64, |input| floats(input, |random, of| of[0] + random.normal() * of[1]));
    "randLogNormal", exact_case, "randLogNormal(mean, deviation[, x])", "A random number of the log-normal distribution.", [("randLogNormal(0, 1) > 0", "1")], |call| distribution(call, 2, DataType::Float64, |input| floats(input, |random, of| libm::exp(of[0] + random.normal() * of[1])));
    "randExponential", exact_case, "randExponential(rate[, x])", "A random number of the exponential distribution.", [("randExponential(1) >= 0", "1")], |call| distribution(call, 1, DataType::Float64, |input| floats(input, |random, of| random.exponential() / of[0]));
    "randChiSquared", exact_case, "randChiSquared(freedom[, x])", "A random number of the chi-squared distribution.", [("randChiSquared(3) >= 0", "1")], |call| distribution(call, 1, DataType::Float64, |input| floats(input, |random, of| random.chi_squared(of[0])));
    "randStudentT", exact_case, "randStudentT(freedom[, x])", "A random number of Student's t-distribution.", [("toTypeName(randStudentT(3))", "Float64")], |call| distribution(call, 1, DataType::Float64, |input| floats(input, |random, of| random.normal() / (random.chi_squared(of[0]) / of[0]).sqrt()));
    "randFisherF", exact_case, "randFisherF(one, other[, x])", "A random number of the F-distribution.", [("randFisherF(3, 4) >= 0", "1")], |call| distribution(call, 2, DataType::Float64, |input| floats(input, |random, of| random.chi_squared(of[0]) / of[0] / (random.chi_squared(of[1]) / of[1])));
    "randBernoulli", exact_case, "randBernoulli(probability[, x])", "1 with a probability, else 0.", [("randBernoulli(1)", "1")], |call| distribution(call, 1, DataType::UInt8, |input| counts(input, |random, of| u64::from(random.unit() < of[0])));
    "randBinomial", exact_case, "randBinomial(tries, probability[, x])", "How many of so many tries succeed.", [("randBinomial(10, 1)", "10")], |call| distribution(call, 2, DataType::UInt64, |input| counts(input, |random, of| random.binomial(of[0], of[1])));
    "randNegativeBinomial", exact_case, "randNegativeBinomial(successes, probability[, x])", "How many tries fail before so many succeed.", [("randNegativeBinomial(3, 1)", "0")], |call| distribution(call, 2, DataType::UInt64, |input| counts(input, |random, of| {
        let (shape, odds) = (of[0].min(TRIES_MAX), (1.0 - of[1]) / of[1]);
        let mean = random.gamma(shape) * odds;
        random.poisson(mean)
    }));
    "randPoisson", exact_case, "randPoisson(mean[, x])", "A random number of the Poisson distribution.", [("toTypeName(randPoisson(3))", "UInt64")], |call| distribution(call, 1, DataType::UInt64, |input| counts(input, |random, of| random.poisson(of[0])));
    "randomString", exact_case, "randomString(bytes[, x])", "Random characters; ClickHouse gives any bytes, here they are those of ASCII.", [("length(randomString(10))", "10")], |call| text(call, DataType::String, |input| texts(input, |random| char::from((random.next() % 128) as u8)));
    "randomPrintableASCII", exact_case, "randomPrintableASCII(bytes[, x])", "Random characters that ASCII can print.", [("length(randomPrintableASCII(10))", "10")], |call| text(call, DataType::String, |input| texts(input, |random| char::from(32 + (random.next() % 95) as u8)));
    "randomStringUTF8", exact_case, "randomStringUTF8(characters)", "So many random characters.", [("lengthUTF8(randomStringUTF8(10))", "10")], |call| text(call, DataType::String, |input| texts(input, |random| char::from_u32((random.next() % 0xd800) as u32).unwrap_or('a')));
    "randomFixedString", exact_case, "randomFixedString(bytes)", "A FixedString of random bytes.", [("toTypeName(randomFixedString(10))", "FixedString(10)")], |call| {
        call.count(1..=1)?;
        let width = call.constant_integer(0)?;
        let width = u32::try_from(width).ok().filter(|width| (1..=1 << 20).contains(width));
        let width = width.ok_or_else(|| call.mismatch("takes 1 to 1048576 bytes"))?;
        Ok(call.volatile_kernel(bytes, DataType::FixedString(width), vec![seed_argument(call)]))
    };
    "generateUUIDv4", exact_case, "generateUUIDv4([x])", "A random UUID for each row.", [("substring(toString(generateUUIDv4()), 15, 1)", "4")], |call| plain(call, DataType::Uuid, |input| uuids(input, false));
    "generateUUIDv7", exact_case, "generateUUIDv7([x])", "A UUID of the time of the query and random bits, in order within a batch of rows.", [("substring(toString(generateUUIDv7()), 15, 1)", "7")], |call| plain(call, DataType::Uuid, |input| uuids(input, true));
};

/// Tries that are made one by one, at most.
const TRIES_MAX: f64 = 1e6;

/// What decides a call's numbers: the query, the function and its constant arguments.
fn seed(call: &Call) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    (call.context.now_ns, call.function.name).hash(&mut hasher);
    for argument in &call.arguments {
        if let Expr::Literal(value, _) = &argument.expr {
            value.hash(&mut hasher);
        } else {
            argument.expr.hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn seed_argument(call: &Call) -> Typed {
    literal(ScalarValue::UInt64(Some(seed(call))), DataType::UInt64)
}

/// The seed and the time of the query are all that the kernel gets: an argument only makes the call another one.
fn plain(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(0..=1)?;
    let now = literal(ScalarValue::Int64(Some(call.context.now_ns)), DataType::Int64);
    Ok(call.volatile_kernel(kernel, result, vec![seed_argument(call), now]))
}

fn distribution(call: &Call, parameters: usize, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(parameters..=parameters + 1)?;
    let mut arguments = vec![seed_argument(call)];
    for index in 0..parameters {
        if !call.bare(index).is_numeric() {
            return Err(call.wrong_type(index));
        }
        let parameter = super::cast(call.arguments[index].clone(), &DataType::Float64)?;
        if parameter.constant().is_none() {
            return Err(call.mismatch("needs constant parameters"));
        }
        arguments.push(parameter);
    }
    Ok(call.volatile_kernel(kernel, result, arguments))
}

fn text(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=2)?;
    call.expect_integer(0)?;
    Ok(call.volatile_kernel(kernel, result, vec![seed_argument(call), call.arguments[0].clone()]))
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The numbers of one batch.
    fn of(input: &Input) -> EngineResult<Random> {
        let seed = input.integers(0)?(0) as u64;
        Ok(Random(seed ^ Random(input.batch).next()))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1, which it never is.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.unit())
    }

    /// Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Marsaglia and Tsang.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape.is_nan() || shape <= 0.0 {
            return 0.0;
        }
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * libm::pow(1.0 - self.unit(), 1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = libm::pow(1.0 + c * x, 3.0);
            if v > 0.0 && libm::log(1.0 - self.unit()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }

    fn chi_squared(&mut self, freedom: f64) -> f64 {
        2.0 * self.gamma(freedom / 2.0)
    }

    fn binomial(&mut self, tries: f64, probability: f64) -> u64 {
        if tries <= 1000.0 {
            return (0..tries as u64).filter(|_| self.unit() < probability).count() as u64;
        }
        let spread = (tries * probability * (1.0 - probability)).sqrt();
        (tries * probability + spread * self.normal()).round().clamp(0.0, tries) as u64
    }

    fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 500.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64;
        }
        let (mut count, mut left) = (0, mean - self.exponential());
        while left > 0.0 {
            count += 1;
            left -= self.exponential();
        }
        count
    }
}

fn whole(input: &Input) -> EngineResult<ArrayRef> {
    let mut random = Random::of(input)?;
    input.numbers(|_| Ok(random.next() as i64))
}

fn parameters(input: &Input) -> Vec<f64> {
    let number = |column: &super::scalar::Column| {
        column.array.as_primitive_opt::<arrow::datatypes::Float64Type>().map_or(0.0, |value| value.value(0))
    };
    input.columns[1..].iter().map(number).collect()
}

fn floats(input: &Input, of: fn(&mut Random, &[f64]) -> f64) -> EngineResult<ArrayRef> {
    let (mut random, parameters) = (
        Random::of(input)?,
        match input.types.get(1) {
            Some(DataType::Float64) => parameters(input),
            _ => Vec::new(),
        },
    );
    Ok(Arc::new(Float64Array::from_iter_values((0..input.rows).map(|_| of(&mut random, &parameters)))))
}

fn counts(input: &Input, of: fn(&mut Random, &[f64]) -> u64) -> EngineResult<ArrayRef> {
    let (mut random, parameters) = (Random::of(input)?, parameters(input));
    input.numbers(|_| Ok(of(&mut random, &parameters) as i64))
}

fn texts(input: &Input, of: fn(&mut Random) -> char) -> EngineResult<ArrayRef> {
    let (mut random, length) = (Random::of(input)?, input.integers(1)?);
    let mut total = 0;
    input.write_strings(|row, out| {
        let length = length(row).max(0) as usize;
        total += length;
        if total > TEXT_BYTES_MAX {
            return exec_err!("random texts of one batch have more than {TEXT_BYTES_MAX} characters");
        }
        out.extend((0..length).map(|_| of(&mut random)));
        Ok(())
    })
}

fn bytes(input: &Input) -> EngineResult<ArrayRef> {
    let DataType::FixedString(width) = *input.result else {
        return exec_err!("a FixedString is made");
    };
    if input.rows.saturating_mul(width as usize) > TEXT_BYTES_MAX {
        return exec_err!("random texts of one batch have more than {TEXT_BYTES_MAX} bytes");
    }
    let mut random = Random::of(input)?;
    let mut out = FixedSizeBinaryBuilder::with_capacity(input.rows, width as i32);
    let mut value = vec![0; width as usize];
    for _ in 0..input.rows {
        value.fill_with(|| random.next() as u8);
        out.append_value(&value)?;
    }
    Ok(Arc::new(out.finish()))
}

fn uuids(input: &Input, of_time: bool) -> EngineResult<ArrayRef> {
    let mut random = Random::of(input)?;
    let milliseconds = input.integers(1)?(0).div_euclid(1_000_000) as u64;
    let mut out = FixedSizeBinaryBuilder::with_capacity(input.rows, 16);
    // 42 bits that count up from a random place
    let mut counter = random.next() >> 23;
    for _ in 0..input.rows {
        let (mut high, mut low) = (random.next(), random.next());
        if of_time {
            counter = counter.wrapping_add(1) & ((1 << 42) - 1);
            high = milliseconds << 16 | counter >> 30;
            low = (counter & ((1 << 30) - 1)) << 32 | low & 0xffff_ffff;
        }
        let version = if of_time { 7 } else { 4 };
        let high = high & !0xf000 | version << 12;
        let low = low & !(0b11 << 62) | 0b10 << 62;
        let mut value = [0; 16];
        value[..8].copy_from_slice(&high.to_be_bytes());
        value[8..].copy_from_slice(&low.to_be_bytes());
        out.append_value(value)?;
    }
    Ok(Arc::new(out.finish()))
}
