//! Vectors, as arrays or as tuples: distances, norms, products.
//!
//! Arrays are computed as Float64 here. Tuples are taken apart, and their items go through the functions of
//! plain numbers, whose types they get.

use super::comparable_rows;
use crate::function::convert::widen;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel, delegate};
use crate::function::tuple::{items_of, join};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "L1Distance" | "distanceL1", exact_case, "L1Distance(a, b)", "The sum of how much the items of two arrays or tuples differ.", [("L1Distance([1, 2], [3, 5])", "5"), ("L1Distance((1, 2), (3, 5))", "5")], |call| match is_tuple(call)? {
        true => norm_of_difference(call, "L1Norm"),
        false => distance(call, |input| pairs(input, |a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum())),
    };
    "L2Distance" | "distanceL2", exact_case, "L2Distance(a, b)", "The Euclidean distance of two arrays or tuples.", [("L2Distance([1, 2], [4, 6])", "5"), ("L2Distance((1, 2), (4, 6))", "5")], |call| match is_tuple(call)? {
        true => norm_of_difference(call, "L2Norm"),
        false => distance(call, |input| pairs(input, |a, b| squares(a, b).sqrt())),
    };
    "L2SquaredDistance" | "distanceL2Squared", exact_case, "L2SquaredDistance(a, b)", "The square of the Euclidean distance of two arrays or tuples.", [("L2SquaredDistance([1, 2], [4, 6])", "25"), ("L2SquaredDistance((1, 2), (4, 6))", "25")], |call| match is_tuple(call)? {
        true => norm_of_difference(call, "L2SquaredNorm"),
        false => distance(call, |input| pairs(input, squares)),
    };
    "LinfDistance" | "distanceLinf", exact_case, "LinfDistance(a, b)", "How much the items of two arrays or tuples differ at most.", [("LinfDistance([1, 2], [4, 6])", "4"), ("LinfDistance((1, 2), (4, 6))", "4")], |call| match is_tuple(call)? {
        true => norm_of_difference(call, "LinfNorm"),
        false => distance(call, |input| pairs(input, |a, b| a.iter().zip(b).fold(0.0, |most, (a, b)| f64::max(most, (a - b).abs())))),
    };
    "LpDistance" | "distanceLp", exact_case, "LpDistance(a, b, p)", "The distance of two arrays or tuples by the norm Lp.", [("round(LpDistance([1, 2], [4, 6], 3), 3)", "4.498"), ("round(LpDistance((1, 2), (4, 6), 3), 3)", "4.498")], |call| match is_tuple(call)? {
        true => norm_of_difference(call, "LpNorm"),
        false => distance(call, |input| with_power(input, 2, |a, b, p| a.iter().zip(b).map(|(a, b)| (a - b).abs().powf(p)).sum::<f64>().powf(1.0 / p))),
    };
    "cosineDistance" | "distanceCosine", exact_case, "cosineDistance(a, b)", "1 less the cosine of the angle between two arrays or tuples.", [("cosineDistance([1, 2], [2, 4])", "0"), ("round(cosineDistance([1, 2], [3, 4]), 5)", "0.01613"), ("round(cosineDistance((1, 2), (3, 4)), 5)", "0.01613")], |call| match is_tuple(call)? {
        true => tuple_cosine(call),
        false => distance(call, |input| pairs(input, |a, b| 1.0 - product(a, b) / (product(a, a) * product(b, b)).sqrt())),
    };
    "dotProduct" | "scalarProduct" | "arrayDotProduct", exact_case, "dotProduct(a, b)", "The sum of the products of the items of two arrays or tuples.", [("dotProduct([1, 2, 3], [4, 5, 6])", "32"), ("dotProduct((1, 2), (3, 4))", "11"), ("toTypeName(dotProduct([1], [2]))", "UInt16")], |call| match is_tuple(call)? {
        true => tuple_product(call),
        false => array_product(call),
    };
    "L1Norm" | "normL1", exact_case, "L1Norm(vector)", "The sum of the sizes of the items of an array or tuple.", [("L1Norm([1, -2])", "3"), ("L1Norm((1, -2))", "3")], |call| match is_tuple(call)? {
        true => sum_of(call, |call, item| delegate(call, "abs", vec![item])),
        false => distance(call, |input| singles(input, |a| a.iter().map(|a| a.abs()).sum())),
    };
    "L2Norm" | "normL2", exact_case, "L2Norm(vector)", "The length of an array or tuple.", [("L2Norm([3, 4])", "5"), ("L2Norm((3, 4))", "5")], |call| match is_tuple(call)? {
        true => delegate(call, "sqrt", vec![sum_of(call, |call, item| delegate(call, "multiply", vec![item.clone(), item]))?]),
        false => distance(call, |input| singles(input, |a| product(a, a).sqrt())),
    };
    "L2SquaredNorm" | "normL2Squared", exact_case, "L2SquaredNorm(vector)", "The square of the length of an array or tuple.", [("L2SquaredNorm([3, 4])", "25"), ("L2SquaredNorm((3, 4))", "25")], |call| match is_tuple(call)? {
        true => sum_of(call, |call, item| delegate(call, "multiply", vec![item.clone(), item])),
        false => distance(call, |input| singles(input, |a| product(a, a))),
    };
    "LinfNorm" | "normLinf", exact_case, "LinfNorm(vector)", "The size of the largest item of an array or tuple.", [("LinfNorm([3, -4])", "4"), ("LinfNorm((3, -4))", "4")], |call| match is_tuple(call)? {
        true => {
            let sizes = items_of(call, 0)?.into_iter().map(|item| delegate(call, "abs", vec![item])).collect::<Result<Vec<_>, _>>()?;
            Ok(widen(delegate(call, "greatest", sizes)?, &DataType::Float64))
        }
        false => distance(call, |input| singles(input, |a| a.iter().fold(0.0, |most, a| f64::max(most, a.abs())))),
    };
    "LpNorm" | "normLp", exact_case, "LpNorm(vector, p)", "The norm Lp of an array or tuple.", [("LpNorm([3, 4], 2)", "5"), ("LpNorm((3, 4), 2)", "5")], |call| match is_tuple(call)? {
        true => {
            call.count(2..=2)?;
            let power = widen(call.arguments[1].clone(), &DataType::Float64);
            let sum = sum_of(call, |call, item| {
                let size = delegate(call, "abs", vec![item])?;
                delegate(call, "pow", vec![size, call.arguments[1].clone()])
            })?;
            let one = literal(ScalarValue::Float64(Some(1.0)), DataType::Float64);
            let inverse = delegate(call, "divide", vec![one, power])?;
            delegate(call, "pow", vec![sum, inverse])
        }
        false => distance(call, |input| with_power(input, 1, |a, _, p| a.iter().map(|a| a.abs().powf(p)).sum::<f64>().powf(1.0 / p))),
    };
    "L1Normalize" | "normalizeL1", exact_case, "L1Normalize(vector)", "The array or tuple divided by its L1Norm.", [("L1Normalize([1, 3])", "[0.25,0.75]"), ("L1Normalize((1, 3))", "(0.25,0.75)")], |call| normalize(call, "L1Norm");
    "L2Normalize" | "normalizeL2", exact_case, "L2Normalize(vector)", "The array or tuple divided by its length.", [("L2Normalize([3, 4])", "[0.6,0.8]"), ("L2Normalize((3, 4))", "(0.6,0.8)")], |call| normalize(call, "L2Norm");
    "LinfNormalize" | "normalizeLinf", exact_case, "LinfNormalize(vector)", "The array or tuple divided by its LinfNorm.", [("LinfNormalize((3, 4))", "(0.75,1)")], |call| normalize(call, "LinfNorm");
    "LpNormalize" | "normalizeLp", exact_case, "LpNormalize(vector, p)", "The array or tuple divided by its LpNorm.", [("LpNormalize((3, 4), 2)", "(0.6,0.8)")], |call| normalize(call, "LpNorm");
    "arrayROCAUC" | "arrayAUC", exact_case, "arrayROCAUC(scores, labels[, scale])", "The area under the curve of true against false positives, as scores find the labels above 0; unscaled, if the third argument is false.", [("arrayROCAUC([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])", "0.75"), ("arrayROCAUC([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], false)", "3")], |call| {
        let count = call.count(2..=3)?;
        for index in 0..2 {
            if !call.item_type(index)?.is_numeric() || call.item_type(index)?.is_nullable() {
                return Err(call.wrong_type(index));
            }
        }
        if count == 3 && !matches!(call.arguments[2].constant(), Some(ScalarValue::Boolean(Some(_)))) {
            return Err(call.mismatch("needs a constant Bool as argument 3"));
        }
        Ok(call.kernel(curve, DataType::Float64))
    };
};

pub(crate) const PRECISION: &[Function] = family! {
    "arrayAUCPR" | "arrayPRAUC", exact_case, "arrayAUCPR(scores, labels)", "The area under the curve of precision against recall, as scores find the labels above 0.", [("round(arrayAUCPR([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 4)", "0.8333")], |call| {
        call.count(2..=2)?;
        for index in 0..2 {
            if !call.item_type(index)?.is_numeric() || call.item_type(index)?.is_nullable() {
                return Err(call.wrong_type(index));
            }
        }
        Ok(call.kernel(precision, DataType::Float64))
    };
};

/// The sum over steps of equal scores of how much recall grows, times the precision there.
fn precision(input: &Input) -> EngineResult<ArrayRef> {
    by_score(input, |groups| {
        let (mut area, mut found, mut seen) = (0.0, 0.0, 0.0);
        for (hits, misses) in groups {
            seen += hits + misses;
            found += hits;
            area += hits * found / seen;
        }
        area / found
    })
}

fn is_tuple(call: &Call) -> Result<bool, Mismatch> {
    call.count(1..=3)?;
    Ok(matches!(call.bare(0), DataType::Tuple(_)))
}

fn norm_of_difference(call: &Call, norm: &str) -> Result<Typed, Mismatch> {
    call.count(if norm == "LpNorm" { 3..=3 } else { 2..=2 })?;
    let difference = delegate(call, "tupleMinus", call.arguments[..2].to_vec())?;
    delegate(call, norm, std::iter::once(difference).chain(call.arguments.get(2).cloned()).collect())
}

fn sum_of(call: &Call, of: impl Fn(&Call, Typed) -> Result<Typed, Mismatch>) -> Result<Typed, Mismatch> {
    let items = items_of(call, 0)?.into_iter().map(|item| of(call, item)).collect::<Result<Vec<_>, _>>()?;
    join(call, "plus", items)
}

fn tuple_product(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let (left, right) = (items_of(call, 0)?, items_of(call, 1)?);
    if left.len() != right.len() {
        return Err(call.mismatch("needs tuples of the same size"));
    }
    let products = left.into_iter().zip(right).map(|(left, right)| delegate(call, "multiply", vec![left, right]));
    join(call, "plus", products.collect::<Result<Vec<_>, _>>()?)
}

fn tuple_cosine(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let norms = delegate(
        call,
        "multiply",
        vec![
            delegate(call, "L2Norm", vec![call.arguments[0].clone()])?,
            delegate(call, "L2Norm", vec![call.arguments[1].clone()])?,
        ],
    )?;
    let cosine = delegate(call, "divide", vec![tuple_product(call)?, norms])?;
    let one = literal(ScalarValue::Float64(Some(1.0)), DataType::Float64);
    delegate(call, "minus", vec![one, cosine])
}

fn normalize(call: &Call, norm: &str) -> Result<Typed, Mismatch> {
    call.count(if norm == "LpNorm" { 2..=2 } else { 1..=1 })?;
    let norm = delegate(call, norm, call.arguments.clone())?;
    let vector = call.arguments[0].clone();
    if is_tuple(call)? {
        return delegate(call, "tupleDivideByNumber", vec![vector, norm]);
    }
    let result = float_type(call)?.array();
    let kernel = |input: &Input| -> EngineResult<ArrayRef> {
        let (lists, norms) = (input.lists(0)?, input.expanded(1)?);
        let norms = compute::cast(&norms, &Arrow::Float64)?;
        let norms = norms.as_primitive::<Float64Type>();
        let values = compute::cast(lists.values(), &Arrow::Float64)?;
        let values = values.as_primitive::<Float64Type>().values();
        let mut out = Vec::with_capacity(values.len());
        let mut lengths = Vec::with_capacity(input.rows);
        for row in 0..input.rows {
            let items = &values[lists.range(row)];
            out.extend(items.iter().map(|item| item / norms.value(row)));
            lengths.push(items.len());
        }
        let DataType::Array(item) = input.result.bare() else { return exec_err!("an array was promised") };
        input.list_of(lengths, compute::cast(&Float64Array::from(out), &item.to_arrow())?)
    };
    Ok(call.kernel_on(kernel, result, vec![vector, norm]))
}

/// Float32 where the items of all arrays are or fit it, else Float64.
fn float_type(call: &Call) -> Result<DataType, Mismatch> {
    let mut types = Vec::new();
    for (index, argument) in call.arguments.iter().enumerate() {
        if let DataType::Array(item) = argument.data_type.bare() {
            let is_number = item.is_float() || item.integer_bits().is_some_and(|bits| bits <= 64);
            if !is_number || item.is_nullable() {
                return Err(call.mismatch(format_args!("does not take items of type {item} in argument {}", index + 1)));
            }
            types.push(item.as_ref().clone());
        }
    }
    Ok(match call.common_type(&types) {
        Ok(DataType::Float32) => DataType::Float32,
        _ => DataType::Float64,
    })
}

fn distance(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let is_norm = call.function.name.ends_with("Norm");
    let power = usize::from(call.function.name.starts_with("Lp"));
    let arrays = if is_norm { 1 } else { 2 };
    call.count(arrays + power..=arrays + power)?;
    for index in 0..arrays {
        call.item_type(index)?;
    }
    Ok(call.kernel(kernel, float_type(call)?))
}

/// The items of an argument as floats.
fn floats(input: &Input, index: usize) -> EngineResult<Float64Array> {
    Ok(compute::cast(input.lists(index)?.values(), &Arrow::Float64)?.as_primitive::<Float64Type>().clone())
}

fn singles(input: &Input, of: impl Fn(&[f64]) -> f64) -> EngineResult<ArrayRef> {
    let (lists, values) = (input.lists(0)?, floats(input, 0)?);
    finish(input, (0..input.rows).map(|row| of(&values.values()[lists.range(row)])))
}

fn pairs(input: &Input, of: impl Fn(&[f64], &[f64]) -> f64) -> EngineResult<ArrayRef> {
    let (left, right) = (input.lists(0)?, input.lists(1)?);
    super::equal_lengths("of a distance", &[input.lists(0)?, input.lists(1)?], input.rows)?;
    let (left_values, right_values) = (floats(input, 0)?, floats(input, 1)?);
    finish(
        input,
        (0..input.rows).map(|row| of(&left_values.values()[left.range(row)], &right_values.values()[right.range(row)])),
    )
}

/// With the power that is the argument after the arrays.
fn with_power(input: &Input, arrays: usize, of: impl Fn(&[f64], &[f64], f64) -> f64) -> EngineResult<ArrayRef> {
    let power = compute::cast(&input.columns[arrays].array, &Arrow::Float64)?;
    let power = power.as_primitive::<Float64Type>().value(0);
    if arrays == 1 { singles(input, |a| of(a, &[], power)) } else { pairs(input, |a, b| of(a, b, power)) }
}

fn finish(input: &Input, values: impl Iterator<Item = f64>) -> EngineResult<ArrayRef> {
    Ok(compute::cast(&Float64Array::from_iter_values(values), &input.result.to_arrow())?)
}

fn squares(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The type is that of a product of items; integers wrap in it.
fn array_product(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    float_type(call)?;
    let (left, right) = (call.item_type(0)?.clone(), call.item_type(1)?.clone());
    if left == DataType::Float32 && right == DataType::Float32 {
        return Ok(call.kernel(|input| pairs(input, product), DataType::Float32));
    }
    let zero = |item: &DataType| {
        let value = crate::function::default_of(item).ok_or_else(|| call.mismatch("needs numbers"))?;
        Ok::<_, Mismatch>(literal(value, item.clone()))
    };
    let result = delegate(call, "multiply", vec![zero(&left)?, zero(&right)?])?.data_type;
    if result.is_float() {
        return Ok(call.kernel(|input| pairs(input, product), result));
    }
    let kernel = |input: &Input| -> EngineResult<ArrayRef> {
        let (left, right) = (input.lists(0)?, input.lists(1)?);
        super::equal_lengths("dotProduct", &[input.lists(0)?, input.lists(1)?], input.rows)?;
        let bits = |values: &ArrayRef| crate::function::convert::bits(values);
        let (left_values, right_values) = (bits(left.values())?, bits(right.values())?);
        input.numbers(|row| {
            let items = left_values.values()[left.range(row)].iter().zip(&right_values.values()[right.range(row)]);
            Ok(items.fold(0, |sum: i64, (a, b)| sum.wrapping_add(a.wrapping_mul(*b))))
        })
    };
    Ok(call.kernel(kernel, result))
}

/// The area under the ROC curve: equal scores make one step of it.
fn curve(input: &Input) -> EngineResult<ArrayRef> {
    let scaled = input.columns.get(2).is_none_or(|scale| scale.array.as_boolean().value(0));
    by_score(input, |groups| {
        let (mut area, mut found, mut wrong) = (0.0, 0.0, 0.0);
        for (hits, misses) in groups {
            area += misses * (found + hits / 2.0);
            found += hits;
            wrong += misses;
        }
        match scaled {
            // all labels are the same, so that there is no curve
            true if found == 0.0 || wrong == 0.0 => f64::NAN,
            true => area / (found * wrong),
            false => area,
        }
    })
}

/// One number for each row, of how many labels are true and false at each score, highest first.
fn by_score(input: &Input, of: impl Fn(&[(f64, f64)]) -> f64) -> EngineResult<ArrayRef> {
    let (scores, labels) = (input.lists(0)?, input.lists(1)?);
    super::equal_lengths("of scores and labels", &[input.lists(0)?, input.lists(1)?], input.rows)?;
    let order = comparable_rows(&[scores.values()], true)?.remove(0);
    let label_values = floats(input, 1)?;
    let areas = (0..input.rows).map(|row| {
        let first_label = labels.range(row).start;
        let places = scores.range(row).enumerate();
        let mut items: Vec<(usize, bool)> =
            places.map(|(index, place)| (place, label_values.value(first_label + index) > 0.0)).collect();
        items.sort_by(|left, right| order.row(left.0).cmp(&order.row(right.0)));
        let groups = items.chunk_by(|left, right| order.row(left.0) == order.row(right.0)).map(|group| {
            let hits = group.iter().filter(|(_, label)| *label).count() as f64;
            (hits, group.len() as f64 - hits)
        });
        of(&groups.collect::<Vec<_>>())
    });
    Ok(Arc::new(Float64Array::from_iter_values(areas)))
}
