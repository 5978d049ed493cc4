//! Arrays as sets: what they share, how items repeat.

use super::{comparable_rows, with_items};
use crate::function::convert::{cast, widen};
use crate::function::definition::{Call, Function, Mismatch, Nulls, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::{Result as EngineResult, exec_err};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "arrayIntersect", exact_case, "arrayIntersect(array, …)", "The different items that all arrays have, in the order of the first.", [("arrayIntersect([1, 2], [2, 3])", "[2]"), ("arrayIntersect([3, 2, 1], [1, 2, 3])", "[3,2,1]"), ("arrayIntersect([1, NULL], [NULL, 1])", "[1,NULL]")], intersect;
    "arrayUnion", exact_case, "arrayUnion(array, …)", "The different items of all arrays, in no certain order.", [("arraySort(arrayUnion([1, 2], [2, 3]))", "[1,2,3]")], |call| over_all(call, |input| combined(input, |_, _| true));
    "arraySymmetricDifference", exact_case, "arraySymmetricDifference(array, …)", "The different items that some but not all arrays have, in no certain order.", [("arraySort(arraySymmetricDifference([1, 2], [2, 3]))", "[1,3]")], |call| over_all(call, |input| combined(input, |found, all| found < all));
    "arrayExcept", exact_case, "arrayExcept(array, items)", "The items that the second array does not have.", [("arrayExcept([1, 2, 3, 1], [2])", "[1,3,1]")], except;
    "arrayJaccardIndex", exact_case, "arrayJaccardIndex(a, b)", "How many different items two arrays share, as a part of those that they have together.", [("arrayJaccardIndex([1, 2], [2, 3])", "0.3333333333333333")], jaccard;
    "arrayLevenshteinDistance", exact_case, "arrayLevenshteinDistance(a, b)", "How many items must be put in, left out or exchanged to make one array of another.", [("arrayLevenshteinDistance([1, 2, 3], [1, 3])", "1")], |call| {
        call.count(2..=2)?;
        let (_, arguments) = common_arrays(call)?;
        Ok(call.kernel_on(levenshtein, DataType::UInt32, arguments))
    };
    "arrayUniq", exact_case, "arrayUniq(array, …)", "How many different items there are, or rows of items of several arrays.", [("arrayUniq([1, 2, 2])", "2"), ("arrayUniq([1, 1, 2], [1, 2, 1])", "3")], |call| side_by_side(call, uniq, DataType::UInt32);
    "arrayEnumerateUniq", exact_case, "arrayEnumerateUniq(array, …)", "For each item, the how many-th of its value it is.", [("arrayEnumerateUniq([10, 20, 10, 30])", "[1,1,2,1]"), ("arrayEnumerateUniq([1, 1, 2], [1, 1, 2])", "[1,2,1]")], |call| side_by_side(call, |input| enumerated(input, false), DataType::UInt32.array());
    "arrayEnumerateDense", exact_case, "arrayEnumerateDense(array, …)", "For each item, the how many-th different value it is.", [("arrayEnumerateDense([10, 20, 10, 30])", "[1,2,1,3]")], |call| side_by_side(call, |input| enumerated(input, true), DataType::UInt32.array());
};

pub(crate) const REMOVE: &[Function] = &[Function {
    name: "arrayRemove",
    aliases: &["array_remove"],
    syntax: "arrayRemove(array, x)",
    summary: "The items that do not equal a value.",
    examples: &[("arrayRemove([1, 2, 1], 1)", "[2]"), ("arrayRemove([1, NULL], NULL)", "[1]")],
    nulls: Nulls::Own,
    bind: |call| {
        call.count(2..=2)?;
        let item = call.item_type(0)?.clone();
        let common = call.common_type(&[item.clone(), call.arguments[1].data_type.clone()])?;
        // the value as an array of one
        let wanted = crate::function::scalar::delegate(call, "array", vec![widen(call.arguments[1].clone(), &common)])?;
        let arguments = vec![with_items(call.arguments[0].clone(), &common), wanted, call.arguments[0].clone()];
        Ok(call.kernel_on(without, item.array(), arguments))
    },
    ..Function::DEFAULT
}];

/// Arguments as arrays of their common type.
fn common_arrays(call: &Call) -> Result<(DataType, Vec<Typed>), Mismatch> {
    let count = call.count(1..)?;
    let items = (0..count).map(|index| call.item_type(index).cloned()).collect::<Result<Vec<_>, _>>()?;
    let common = call.common_type(&items)?;
    let arguments = call.arguments.iter().map(|one| with_items(one.clone(), &common)).collect();
    Ok((common, arguments))
}

fn over_all(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let (common, arguments) = common_arrays(call)?;
    Ok(call.kernel_on(kernel, common.array(), arguments))
}

fn intersect(call: &Call) -> Result<Typed, Mismatch> {
    let (common, arguments) = common_arrays(call)?;
    let items = call.arguments.iter().filter_map(|one| match one.data_type.bare() {
        DataType::Array(item) => Some(item.as_ref()),
        _ => None,
    });
    let narrow = narrowest(items.collect(), &common);
    let found = call.kernel_on(|input| combined(input, |found, all| found == all), common.clone().array(), arguments);
    if narrow == DataType::Nothing {
        let nothing =
            |input: &Input| input.list_of(vec![0; input.rows], new_empty_array(&DataType::Nothing.to_arrow()));
        return Ok(call.kernel(nothing, narrow.array()));
    }
    // what all arrays have fits the narrowest
    if narrow == common { Ok(found) } else { cast(found, &narrow.array()) }
}

/// The type of what is of all these types.
fn narrowest(types: Vec<&DataType>, common: &DataType) -> DataType {
    if types.iter().any(|one| **one == DataType::Nothing) {
        return DataType::Nothing;
    }
    let bare = match types.iter().all(|one| one.is_integer()) {
        true => types
            .iter()
            .min_by_key(|one| (one.integer_bits(), one.is_signed_integer()))
            .map_or(common.bare(), |one| one.bare()),
        false => common.bare(),
    };
    let bare = bare.clone();
    if types.iter().all(|one| one.is_nullable()) { bare.nullable() } else { bare }
}

/// The different items of all arrays for which `keep` agrees: it gets how many arrays have one, and how many
/// arrays there are. They come in the order in which they are met.
fn combined(input: &Input, keep: fn(usize, usize) -> bool) -> EngineResult<ArrayRef> {
    let lists = (0..input.columns.len()).map(|index| input.lists(index)).collect::<EngineResult<Vec<_>>>()?;
    let values: Vec<&ArrayRef> = lists.iter().map(|list| list.values()).collect();
    let rows = comparable_rows(&values, false)?;
    let mut bases = Vec::with_capacity(lists.len());
    let mut total = 0;
    for list in &lists {
        bases.push(total);
        total += list.values().len();
    }
    let values = compute::concat(&values.iter().map(|values| values.as_ref()).collect::<Vec<_>>())?;
    // value → (the last array that has it, how many have it)
    let mut found: HashMap<&[u8], (usize, usize)> = HashMap::new();
    let mut order: Vec<(&[u8], u64)> = Vec::new();
    input.chosen(&values, |row, places| {
        found.clear();
        order.clear();
        for (index, list) in lists.iter().enumerate() {
            for place in list.range(row) {
                let value = rows[index].row(place).data();
                let (last, count) = found.entry(value).or_insert_with(|| {
                    order.push((value, (bases[index] + place) as u64));
                    (usize::MAX, 0)
                });
                if *last != index {
                    (*last, *count) = (index, *count + 1);
                }
            }
        }
        places.extend(order.iter().filter(|(value, _)| keep(found[value].1, lists.len())).map(|(_, place)| *place));
        Ok(())
    })
}

fn except(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let item = call.item_type(0)?.clone();
    let (_, mut arguments) = common_arrays(call)?;
    arguments.push(call.arguments[0].clone());
    Ok(call.kernel_on(without, item.array(), arguments))
}

/// The items of the first array that the second does not have, as they are in the third.
fn without(input: &Input) -> EngineResult<ArrayRef> {
    let (left, right, items) = (input.lists(0)?, input.lists(1)?, input.lists(2)?);
    let rows = comparable_rows(&[left.values(), right.values()], false)?;
    input.chosen(items.values(), |row, places| {
        let unwanted: HashSet<&[u8]> = right.range(row).map(|place| rows[1].row(place).data()).collect();
        let both = left.range(row).zip(items.range(row));
        let kept = both.filter(|(place, _)| !unwanted.contains(rows[0].row(*place).data()));
        places.extend(kept.map(|(_, item)| item as u64));
        Ok(())
    })
}

fn jaccard(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let (common, arguments) = common_arrays(call)?;
    if common == DataType::Nothing {
        return Err(call.mismatch("cannot compare two empty arrays"));
    }
    let kernel = |input: &Input| -> EngineResult<ArrayRef> {
        let (left, right) = (input.lists(0)?, input.lists(1)?);
        let rows = comparable_rows(&[left.values(), right.values()], false)?;
        let shares = (0..input.rows).map(|row| {
            let ours: HashSet<&[u8]> = left.range(row).map(|place| rows[0].row(place).data()).collect();
            let theirs: HashSet<&[u8]> = right.range(row).map(|place| rows[1].row(place).data()).collect();
            let shared = ours.intersection(&theirs).count() as f64;
            shared / (ours.len() as f64 + theirs.len() as f64 - shared)
        });
        Ok(Arc::new(Float64Array::from_iter_values(shares)))
    };
    Ok(call.kernel_on(kernel, DataType::Float64, arguments))
}

/// By the rows of the table of distances, of which two are kept.
fn levenshtein(input: &Input) -> EngineResult<ArrayRef> {
    let (left, right) = (input.lists(0)?, input.lists(1)?);
    let rows = comparable_rows(&[left.values(), right.values()], false)?;
    input.numbers(|row| {
        let (ours, theirs) = (left.range(row), right.range(row));
        if ours.len().saturating_mul(theirs.len()) > limits::BATCH_ITEMS_MAX {
            return exec_err!("arrays of {} and {} items are too long to be compared", ours.len(), theirs.len());
        }
        let mut above: Vec<i64> = (0..=theirs.len() as i64).collect();
        for (index, place) in ours.enumerate() {
            let mut current = vec![index as i64 + 1];
            for (column, other) in theirs.clone().enumerate() {
                let exchanged = above[column] + i64::from(rows[0].row(place) != rows[1].row(other));
                current.push(exchanged.min(above[column + 1] + 1).min(current[column] + 1));
            }
            above = current;
        }
        Ok(above[theirs.len()])
    })
}

fn side_by_side(call: &Call, kernel: Kernel, result: DataType) -> Result<Typed, Mismatch> {
    let count = call.count(1..)?;
    for index in 0..count {
        call.item_type(index)?;
    }
    Ok(call.kernel(kernel, result))
}

/// Items of several arrays at one place as one value, and how many of them each row has.
fn joint_rows(input: &Input, function: &str) -> EngineResult<(Vec<usize>, Rows)> {
    let (lengths, columns) = input.aligned(function)?;
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    Ok((lengths, RowConverter::new(fields)?.convert_columns(&columns)?))
}

fn uniq(input: &Input) -> EngineResult<ArrayRef> {
    let (lengths, rows) = joint_rows(input, "arrayUniq")?;
    let mut next = 0;
    input.numbers(|row| {
        let items = next..next + lengths[row];
        next = items.end;
        let different: HashSet<&[u8]> = items.map(|place| rows.row(place).data()).collect();
        Ok(different.len() as i64)
    })
}

/// `dense`: which different value an item is, else the how many-th of its value.
fn enumerated(input: &Input, dense: bool) -> EngineResult<ArrayRef> {
    let (lengths, rows) = joint_rows(input, "arrayEnumerateUniq")?;
    let mut numbers: Vec<u32> = Vec::with_capacity(lengths.iter().sum());
    let mut known: HashMap<&[u8], u32> = HashMap::new();
    for length in &lengths {
        known.clear();
        for place in numbers.len()..numbers.len() + length {
            let different = known.len() as u32;
            let number = known.entry(rows.row(place).data()).or_insert(if dense { different + 1 } else { 0 });
            if !dense {
                *number += 1;
            }
            numbers.push(*number);
        }
    }
    input.list_of(lengths, Arc::new(UInt32Array::from(numbers)))
}
