//! Numbers as places on a scale: buckets and bars.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::{Typed, literal};
use crate::value::{DataType, unsigned_of};
use arrow::array::ArrayRef;
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "widthBucket" | "width_bucket", any_case, "widthBucket(x, low, high, count)", "Which of so many equal buckets between low and high a number is in, from 1; 0 is below, count + 1 above.", [("widthBucket(10.15, -8.6, 23, 10)", "6"), ("widthBucket(-1, 0, 10, 5)", "0")], |call| {
        call.count(4..=4)?;
        (0..3).try_for_each(|index| super::number(call, index))?;
        call.expect_integer(3)?;
        let width = (call.bare(3).integer_bits().unwrap_or(64) * 2).min(64);
        let result = unsigned_of(width).ok_or_else(|| call.wrong_type(3))?;
        Ok(call.kernel(buckets, result))
    };
    "bar", exact_case, "bar(x, min, max[, width])", "A bar of block characters, as long as the number lies between min and max.", [("bar(5, 0, 10, 20)", "██████████"), ("bar(5.3, 0, 10, 3)", "█▌")], bar;
};

fn buckets(input: &Input) -> EngineResult<ArrayRef> {
    let (value, low, high) = (super::floats(input, 0)?, super::floats(input, 1)?, super::floats(input, 2)?);
    let count = input.integers(3)?;
    input.numbers(|row| {
        let (value, low, high, count) = (value.value(row), low.value(row), high.value(row), count(row));
        if count <= 0 || low >= high || [value, low, high].iter().any(|number| !number.is_finite()) {
            return exec_err!(
                "widthBucket needs finite numbers, the low one below the high one, and a bucket at least"
            );
        }
        Ok(match value {
            value if value < low => 0,
            value if value >= high => count + 1,
            value => ((value - low) * count as f64 / (high - low)) as i64 + 1,
        })
    })
}

/// Bars are this long if nothing else is said, and at most.
const BAR_WIDTH: f64 = 80.0;
const BAR_WIDTH_MAX: f64 = 1000.0;

fn bar(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(3..=4)?;
    (0..count).try_for_each(|index| super::number(call, index))?;
    let mut arguments = call.arguments.clone();
    if count == 3 {
        arguments.push(literal(ScalarValue::Float64(Some(BAR_WIDTH)), DataType::Float64));
    }
    Ok(call.kernel_on(bars, DataType::String, arguments))
}

fn bars(input: &Input) -> EngineResult<ArrayRef> {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let floats = (0..4).map(|index| super::floats(input, index)).collect::<EngineResult<Vec<_>>>()?;
    input.write_strings(|row, out| {
        let [value, low, high, width] = [0, 1, 2, 3].map(|index: usize| floats[index].value(row));
        if !(1.0..=BAR_WIDTH_MAX).contains(&width) {
            return exec_err!("a bar is 1 to {BAR_WIDTH_MAX} characters long, not {width}");
        }
        let length = match value {
            value if value.is_nan() || value <= low => 0.0,
            value if value >= high => width,
            value => (value - low) / (high - low) * width,
        };
        let eighths = (length * 8.0) as usize;
        out.extend(std::iter::repeat_n("█", eighths / 8));
        out.push_str(EIGHTHS[eighths % 8]);
        Ok(())
    })
}
