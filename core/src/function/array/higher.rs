//! Functions of a lambda and arrays. Their kernels see what the lambda gives for each item as an array: [`Takes`].

use super::{Lists, taken_or_default};
use crate::function::definition::{Call, Function, HigherOrder, Mismatch, Takes, higher_family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{BooleanBuffer, OffsetBuffer};
use arrow::compute;
use arrow::datatypes::UInt8Type;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = higher_family! {
    "arrayMap", Takes::Items(0), "arrayMap((x, …) -> y, array, …)", "What the lambda gives for each item.", [("arrayMap(x -> x + 1, [1, 2])", "[2,3]"), ("arrayMap((x, y) -> x * y, [1, 2], [3, 4])", "[3,8]"), ("arrayMap(x -> arrayMap(y -> x * y, [1, 2]), [10, 20])", "[[10,20],[20,40]]"), ("arrayMap((x, y) -> concat(y, toString(x)), [(1, 'a')])", "['a1']"), ("arrayMap(x -> x, [])", "[]"), ("toTypeName(arrayMap(x -> x + 1, [1, NULL]))", "Array(Nullable(UInt16))")], needs_lambda, |call| {
        Ok(call.arguments[0].clone())
    };
    "arrayFilter", Takes::Items(0), "arrayFilter((x, …) -> condition, array, …)", "The items of the first array for which the lambda holds.", [("arrayFilter(x -> x > 1, [1, 2, 3])", "[2,3]"), ("arrayFilter((x, y) -> y, ['a', 'b'], [1, 0])", "['a']"), ("arrayFilter(x -> x > 1, [1, NULL, 3])", "[3]")], needs_lambda, |call| {
        let result = masked(call)?.array();
        Ok(call.kernel(filter, result))
    };
    "arrayCount", Takes::Items(0), "arrayCount([(x, …) -> condition, ]array, …)", "How many items there are for which the lambda holds, or that are not 0.", [("arrayCount(x -> x > 1, [1, 2, 3])", "2"), ("arrayCount([1, 0, 2])", "2")], |call| of_flags(call, count), |call| {
        masked(call)?;
        Ok(call.kernel(count, DataType::UInt32))
    };
    "arrayExists", Takes::Items(0), "arrayExists([(x, …) -> condition, ]array, …)", "Whether the lambda holds for any item.", [("arrayExists(x -> x = 3, [1, 2])", "0"), ("arrayExists(x -> x = 2, [1, 2])", "1"), ("arrayExists([0, 1])", "1")], |call| of_flags_as_bytes(call, exists), |call| {
        masked(call)?;
        Ok(call.kernel(exists, DataType::UInt8))
    };
    "arrayAll", Takes::Items(0), "arrayAll([(x, …) -> condition, ]array, …)", "Whether the lambda holds for all items.", [("arrayAll(x -> x > 0, [1, 2])", "1"), ("arrayAll(x -> x > 1, [1, 2])", "0"), ("arrayAll(x -> x > 1, emptyArrayUInt8())", "1")], |call| of_flags_as_bytes(call, all), |call| {
        masked(call)?;
        Ok(call.kernel(all, DataType::UInt8))
    };
    "arrayFirst", Takes::Items(0), "arrayFirst((x, …) -> condition, array, …)", "The first item for which the lambda holds; the type's default, if there is none.", [("arrayFirst(x -> x > 1, [1, 2, 3])", "2"), ("arrayFirst(x -> x > 5, [1, 2, 3])", "0")], needs_lambda, |call| {
        let result = masked(call)?;
        Ok(call.kernel(|input| picked(input, first), result))
    };
    "arrayLast", Takes::Items(0), "arrayLast((x, …) -> condition, array, …)", "The last item for which the lambda holds; the type's default, if there is none.", [("arrayLast(x -> x < 3, [1, 2, 3])", "2")], needs_lambda, |call| {
        let result = masked(call)?;
        Ok(call.kernel(|input| picked(input, last), result))
    };
    "arrayFirstOrNull", Takes::Items(0), "arrayFirstOrNull((x, …) -> condition, array, …)", "The first item for which the lambda holds; NULL, if there is none.", [("arrayFirstOrNull(x -> x > 5, [1, 2, 3])", "\\N"), ("arrayFirstOrNull(x -> x > 1, [1, 2, 3])", "2")], needs_lambda, |call| {
        let result = nullable_item(call)?;
        Ok(call.kernel(|input| picked(input, first), result))
    };
    "arrayLastOrNull", Takes::Items(0), "arrayLastOrNull((x, …) -> condition, array, …)", "The last item for which the lambda holds; NULL, if there is none.", [("arrayLastOrNull(x -> x < 0, [1, 2, 3])", "\\N"), ("arrayLastOrNull(x -> x < 3, [1, 2, 3])", "2")], needs_lambda, |call| {
        let result = nullable_item(call)?;
        Ok(call.kernel(|input| picked(input, last), result))
    };
    "arrayFirstIndex", Takes::Items(0), "arrayFirstIndex((x, …) -> condition, array, …)", "The place, from 1, of the first item for which the lambda holds; 0, if there is none.", [("arrayFirstIndex(x -> x > 1, [1, 2, 3])", "2"), ("arrayFirstIndex(x -> x > 5, [1, 2, 3])", "0")], needs_lambda, |call| {
        masked(call)?;
        Ok(call.kernel(|input| place(input, first), DataType::UInt32))
    };
    "arrayLastIndex", Takes::Items(0), "arrayLastIndex((x, …) -> condition, array, …)", "The place, from 1, of the last item for which the lambda holds; 0, if there is none.", [("arrayLastIndex(x -> x < 3, [1, 2, 3])", "2")], needs_lambda, |call| {
        masked(call)?;
        Ok(call.kernel(|input| place(input, last), DataType::UInt32))
    };
    "arrayFill", Takes::Items(0), "arrayFill((x, …) -> condition, array, …)", "The items, with the item before it in the place of each for which the lambda does not hold.", [("arrayFill(x -> x > 1, [1, 2, 1, 3])", "[1,2,2,3]"), ("arrayFill(x -> isNotNull(x), [1, NULL, 3])", "[1,1,3]")], needs_lambda, |call| {
        let result = masked(call)?.array();
        Ok(call.kernel(|input| fill(input, false), result))
    };
    "arrayReverseFill", Takes::Items(0), "arrayReverseFill((x, …) -> condition, array, …)", "The items, with the item after it in the place of each for which the lambda does not hold.", [("arrayReverseFill(x -> x > 1, [1, 2, 1, 3])", "[2,2,3,3]")], needs_lambda, |call| {
        let result = masked(call)?.array();
        Ok(call.kernel(|input| fill(input, true), result))
    };
    "arraySplit", Takes::Items(0), "arraySplit((x, …) -> condition, array, …)", "The array cut before each item, but the first, for which the lambda holds.", [("arraySplit((x, y) -> y, [1, 2, 3, 4, 5], [1, 0, 0, 1, 0])", "[[1,2,3],[4,5]]")], needs_lambda, |call| {
        let result = masked(call)?.array().array();
        Ok(call.kernel(|input| split(input, true), result))
    };
    "arrayReverseSplit", Takes::Items(0), "arrayReverseSplit((x, …) -> condition, array, …)", "The array cut after each item, but the last, for which the lambda holds.", [("arrayReverseSplit((x, y) -> y, [1, 2, 3, 4, 5], [1, 0, 0, 1, 0])", "[[1],[2,3,4],[5]]")], needs_lambda, |call| {
        let result = masked(call)?.array().array();
        Ok(call.kernel(|input| split(input, false), result))
    };
};

pub(crate) const FOLD: &[Function] = &[Function {
    name: "arrayFold",
    syntax: "arrayFold((accumulator, x, …) -> y, array, …, start)",
    summary: "The last value of an accumulator that begins as the last argument and becomes, item by item, what the lambda gives.",
    examples: &[
        ("arrayFold((acc, x) -> acc + x * 2, [1, 2, 3, 4], toInt64(3))", "23"),
        ("arrayFold((acc, x) -> concat(acc, x), ['a', 'b'], '')", "ab"),
        (
            "arrayFold((acc, x) -> (tupleElement(acc, 2), tupleElement(acc, 2) + tupleElement(acc, 1)), range(7), (toInt64(1), toInt64(0)))",
            "(8,13)",
        ),
    ],
    lambda: Some(HigherOrder { takes: Takes::Accumulator, bind: needs_lambda }),
    bind: needs_lambda,
    ..Function::DEFAULT
}];

pub(super) fn needs_lambda(call: &Call) -> Result<Typed, Mismatch> {
    Err(call.mismatch("needs a lambda as argument 1"))
}

/// The type of the second array's items, the first being what the lambda says of each.
fn masked(call: &Call) -> Result<DataType, Mismatch> {
    let flag = call.item_type(0)?;
    if !matches!(flag.bare(), DataType::UInt8 | DataType::Bool | DataType::Nothing) {
        return Err(call.mismatch(format_args!("needs a lambda that gives UInt8 or Nullable(UInt8), not {flag}")));
    }
    call.item_type(1).cloned()
}

fn nullable_item(call: &Call) -> Result<DataType, Mismatch> {
    match masked(call)? {
        item @ (DataType::Array(_) | DataType::Map(..)) => {
            Err(call.mismatch(format_args!("cannot give NULL in the place of {item}")))
        }
        DataType::Nothing => Ok(DataType::Nullable(Box::new(DataType::Nothing))),
        item => Ok(item.nullable()),
    }
}

fn of_flags(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    flags(call)?;
    Ok(call.kernel(kernel, DataType::UInt32))
}

fn of_flags_as_bytes(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    flags(call)?;
    Ok(call.kernel(kernel, DataType::UInt8))
}

fn flags(call: &Call) -> Result<(), Mismatch> {
    call.count(1..=1)?;
    match call.item_type(0)? {
        DataType::UInt8 | DataType::Bool => Ok(()),
        _ => Err(call
            .mismatch(format_args!("without a lambda needs an array of UInt8, not {}", call.arguments[0].data_type))),
    }
}

/// Where the items of the first argument are true.
pub(crate) struct Mask<'a> {
    lists: Lists<'a>,
    bits: BooleanBuffer,
}

impl Mask<'_> {
    pub(crate) fn of<'a>(input: &'a Input) -> EngineResult<Mask<'a>> {
        let lists = input.lists(0)?;
        let values = lists.values();
        let bits = if let Some(bytes) = values.as_primitive_opt::<UInt8Type>() {
            BooleanBuffer::collect_bool(bytes.len(), |place| bytes.values()[place] != 0)
        } else if let Some(flags) = values.as_boolean_opt() {
            flags.values().clone()
        } else {
            BooleanBuffer::new_unset(values.len())
        };
        let bits = match values.logical_nulls() {
            Some(nulls) => &bits & nulls.inner(),
            None => bits,
        };
        Ok(Mask { lists, bits })
    }

    /// Whether the lambda holds, item by item.
    pub(crate) fn row(&self, row: usize) -> impl DoubleEndedIterator<Item = bool> + ExactSizeIterator + '_ {
        self.lists.range(row).map(|place| self.bits.value(place))
    }
}

fn filter(input: &Input) -> EngineResult<ArrayRef> {
    let (mask, lists) = (Mask::of(input)?, input.lists(1)?);
    input.chosen(lists.values(), |row, places| {
        let kept = lists.range(row).zip(mask.row(row)).filter(|(_, holds)| *holds);
        places.extend(kept.map(|(place, _)| place as u64));
        Ok(())
    })
}

fn count(input: &Input) -> EngineResult<ArrayRef> {
    let mask = Mask::of(input)?;
    input.numbers(|row| Ok(mask.row(row).filter(|holds| *holds).count() as i64))
}

fn exists(input: &Input) -> EngineResult<ArrayRef> {
    let mask = Mask::of(input)?;
    input.bytes(|row| Ok(mask.row(row).any(|holds| holds).into()))
}

fn all(input: &Input) -> EngineResult<ArrayRef> {
    let mask = Mask::of(input)?;
    input.bytes(|row| Ok(mask.row(row).all(|holds| holds).into()))
}

/// Where in a row of a mask the wanted item is.
type Find = fn(&Mask, usize) -> Option<usize>;

fn first(mask: &Mask, row: usize) -> Option<usize> {
    mask.row(row).position(|holds| holds)
}

fn last(mask: &Mask, row: usize) -> Option<usize> {
    mask.row(row).rposition(|holds| holds)
}

fn place(input: &Input, find: Find) -> EngineResult<ArrayRef> {
    let mask = Mask::of(input)?;
    input.numbers(|row| Ok(find(&mask, row).map_or(0, |place| place as i64 + 1)))
}

/// The found item of the second argument, or the default of the result's type.
fn picked(input: &Input, find: Find) -> EngineResult<ArrayRef> {
    let (mask, lists) = (Mask::of(input)?, input.lists(1)?);
    if *input.result.bare() == DataType::Nothing {
        return Ok(new_null_array(&input.result.to_arrow(), input.rows));
    }
    let places = (0..input.rows).map(|row| find(&mask, row).map(|place| (lists.range(row).start + place) as u64));
    taken_or_default(lists.values(), &places.collect(), input.result)
}

fn fill(input: &Input, backwards: bool) -> EngineResult<ArrayRef> {
    let (mask, lists) = (Mask::of(input)?, input.lists(1)?);
    input.chosen(lists.values(), |row, places| {
        let begin = places.len();
        let items = lists.range(row).zip(mask.row(row));
        let mut extend = |items: &mut dyn Iterator<Item = (usize, bool)>| {
            for (place, holds) in items {
                let previous = places[begin..].last().copied().filter(|_| !holds);
                places.push(previous.unwrap_or(place as u64));
            }
        };
        if backwards {
            extend(&mut items.rev());
            places[begin..].reverse();
        } else {
            extend(&mut { items });
        }
        Ok(())
    })
}

/// `before`: the cut is before an item that holds, else after it.
fn split(input: &Input, before: bool) -> EngineResult<ArrayRef> {
    let (mask, lists) = (Mask::of(input)?, input.lists(1)?);
    let DataType::Array(inner) = input.result.bare() else { return exec_err!("an array of arrays was promised") };
    let DataType::Array(item) = inner.as_ref() else { return exec_err!("an array of arrays was promised") };
    let mut places: Vec<u64> = Vec::new();
    let (mut outer, mut lengths) = (Vec::with_capacity(input.rows), Vec::new());
    for row in 0..input.rows {
        let known = lengths.len();
        let mut cut = true;
        for (place, holds) in lists.range(row).zip(mask.row(row)) {
            if cut || (before && holds) {
                lengths.push(0);
            }
            cut = !before && holds;
            if let Some(length) = lengths.last_mut() {
                *length += 1;
            }
            places.push(place as u64);
        }
        outer.push(lengths.len() - known);
    }
    let values = compute::take(lists.values(), &UInt64Array::from(places), None)?;
    let field = Arc::new(item.to_field("item"));
    let inner = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?;
    input.list_of(outer, Arc::new(inner))
}
