//! Numbers as sets of bits and as curves through space.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::Result as EngineResult;
use std::fmt::Write;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "bitmaskToList", exact_case, "bitmaskToList(n)", "The powers of two that a number is the sum of, as text.", [("bitmaskToList(50)", "2,16,32")], |call| {
        integer(call)?;
        Ok(call.kernel(|input| {
            let number = input.integers(0)?;
            input.write_strings(|row, out| {
                for place in places(number(row)) {
                    let _ = write!(out, "{}{}", if out.is_empty() { "" } else { "," }, 1u64 << place);
                }
                Ok(())
            })
        }, DataType::String))
    };
    "bitmaskToArray", exact_case, "bitmaskToArray(n)", "The powers of two that a number is the sum of.", [("bitmaskToArray(50)", "[2,16,32]")], |call| {
        integer(call)?;
        let item = call.bare(0).clone();
        Ok(call.kernel(|input| lists(input, |place| 1 << place), item.array()))
    };
    "bitPositionsToArray", exact_case, "bitPositionsToArray(n)", "The places of the bits that are one, from 0.", [("bitPositionsToArray(50)", "[1,4,5]")], |call| {
        integer(call)?;
        Ok(call.kernel(|input| lists(input, i64::from), DataType::UInt64.array()))
    };
    "hilbertEncode", exact_case, "hilbertEncode(x, y)", "The place of a point on a curve on which neighbours lie close.", [("hilbertEncode(3, 4)", "31")], |call| points(call, 2, |input| encoded(input, hilbert));
    "hilbertDecode", exact_case, "hilbertDecode(1 or 2, n)", "The point at a place on the curve of hilbertEncode.", [("hilbertDecode(2, 31)", "(3,4)")], |call| decode(call, 2, |input| decoded(input, |code, point| match point {
        [x, y] => (*x, *y) = hilbert_point(code),
        point => point.fill(code),
    }));
    "mortonDecode", exact_case, "mortonDecode(count, n)", "The numbers whose bits mortonEncode took in turns.", [("mortonDecode(3, 53)", "(1,2,3)")], |call| decode(call, 8, |input| decoded(input, |code, point| {
        let count = point.len();
        for bit in 0..64 / count * count {
            point[bit % count] |= (code >> bit & 1) << (bit / count);
        }
    }));
    "mortonEncode", exact_case, "mortonEncode(a, b, …)", "The bits of several numbers taken in turns.", [("mortonEncode(1, 2, 3)", "53")], |call| points(call, 8, |input| encoded(input, morton));
};

fn integer(call: &Call) -> Result<(), Mismatch> {
    call.count(1..=1)?;
    call.expect_integer(0)
}

fn places(number: i64) -> impl Iterator<Item = u32> {
    (0..64).filter(move |place| number as u64 >> place & 1 == 1)
}

fn lists(input: &Input, of: fn(u32) -> i64) -> EngineResult<ArrayRef> {
    let number = input.integers(0)?;
    // A narrow negative number has only the bits of its own width.
    let width = input.types[0].integer_bits().unwrap_or(64);
    let (mut values, mut lengths) = (Vec::new(), Vec::with_capacity(input.rows));
    for row in 0..input.rows {
        let before = values.len();
        if !input.is_null(row) {
            values.extend(places(number(row)).filter(|place| *place < width).map(of));
        }
        lengths.push(values.len() - before);
    }
    let DataType::Array(item) = input.result.bare() else {
        return datafusion::common::exec_err!("an array was promised");
    };
    input.list_of(lengths, crate::function::convert::narrow(&Int64Array::from(values), &item.to_arrow())?)
}

fn points(call: &Call, most: usize, kernel: Kernel) -> Result<Typed, Mismatch> {
    for index in 0..call.count(1..=most)? {
        if !call.bare(index).is_unsigned_integer() {
            return Err(call.wrong_type(index));
        }
    }
    Ok(call.kernel(kernel, DataType::UInt64))
}

fn encoded(input: &Input, of: fn(&[u64]) -> u64) -> EngineResult<ArrayRef> {
    let numbers = (0..input.columns.len()).map(|index| input.integers(index)).collect::<EngineResult<Vec<_>>>()?;
    let mut point = vec![0; numbers.len()];
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        point.iter_mut().zip(&numbers).for_each(|(place, number)| *place = number(row) as u64);
        out.push(of(&point));
    }
    Ok(Arc::new(UInt64Array::from(out)))
}

fn decode(call: &Call, most: i64, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.expect_integer(1)?;
    let count = call.constant_integer(0)?;
    if !(1..=most).contains(&count) {
        return Err(call.bad_value(format_args!("makes 1 to {most} numbers, not {count}")));
    }
    let result = DataType::Tuple(vec![(None, DataType::UInt64); count as usize]);
    Ok(call.kernel_on(kernel, result, vec![call.arguments[1].clone()]))
}

fn decoded(input: &Input, of: fn(u64, &mut [u64])) -> EngineResult<ArrayRef> {
    let code = input.integers(0)?;
    let Arrow::Struct(fields) = input.result.to_arrow() else {
        return datafusion::common::exec_err!("a tuple is a struct");
    };
    let mut columns = vec![Vec::with_capacity(input.rows); fields.len()];
    let mut point = vec![0; fields.len()];
    for row in 0..input.rows {
        point.fill(0);
        of(code(row) as u64, &mut point);
        columns.iter_mut().zip(&point).for_each(|(column, number)| column.push(*number));
    }
    let columns = columns.into_iter().map(|column| Arc::new(UInt64Array::from(column)) as ArrayRef).collect();
    Ok(Arc::new(StructArray::try_new(fields, columns, None)?))
}

fn morton(point: &[u64]) -> u64 {
    let count = point.len();
    let mut out = 0;
    for bit in 0..64 / count {
        for (index, number) in point.iter().enumerate() {
            out |= (number >> bit & 1) << (bit * count + index);
        }
    }
    out
}

/// By 33 steps from the largest square to the smallest.
fn hilbert(point: &[u64]) -> u64 {
    let (Some(x), y) = (point.first(), point.get(1)) else { return 0 };
    let Some(y) = y else { return *x };
    let (mut x, mut y, mut out) = (x & 0xffff_ffff, y & 0xffff_ffff, 0u64);
    // One level more than the numbers have gives the curve the turn that ClickHouse's has.
    let mut side = 1u64 << 32;
    while side > 0 {
        let (right, up) = (u64::from(x & side > 0), u64::from(y & side > 0));
        out = out.wrapping_add(side.wrapping_mul(side).wrapping_mul((3 * right) ^ up));
        if up == 0 {
            if right == 1 {
                x = 0xffff_ffff - x;
                y = 0xffff_ffff - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        side >>= 1;
    }
    out
}

fn hilbert_point(code: u64) -> (u64, u64) {
    let (mut x, mut y, mut rest) = (0u64, 0u64, code);
    // As many levels as the curve above has, the turns of the last of which are undone by its being odd.
    for level in 0..33 {
        let side = 1u64 << level;
        let right = rest >> 1 & 1;
        let up = (rest ^ right) & 1;
        if up == 0 {
            if right == 1 {
                x = side.wrapping_sub(1).wrapping_sub(x);
                y = side.wrapping_sub(1).wrapping_sub(y);
            }
            std::mem::swap(&mut x, &mut y);
        }
        x = x.wrapping_add(side * right);
        y = y.wrapping_add(side * up);
        rest >>= 2;
    }
    (x, y)
}
