//! Maps with a lambda of a key and its value, and their entries in order.

use crate::function::array::{Mask, places_in_order};
use crate::function::definition::{Call, Function, Mismatch, Takes, higher_family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = higher_family! {
    "mapApply", Takes::Entries(0), "mapApply((key, value) -> (key, value), map)", "A map of the keys and values that the lambda gives for those of another.", [("mapApply((k, v) -> (k, v + 1), map('a', 1, 'b', 2))", "{'a':2,'b':3}")], needs_lambda, |call| {
        let DataType::Tuple(items) = call.item_type(0)?.bare() else { return Err(call.mismatch("needs a lambda that gives a tuple of a key and a value")) };
        let [(_, key), (_, value)] = items.as_slice() else { return Err(call.mismatch("needs a lambda that gives a tuple of a key and a value")) };
        Ok(call.kernel(applied, DataType::Map(Box::new(key.clone()), Box::new(value.clone()))))
    };
    "mapFilter", Takes::Entries(0), "mapFilter((key, value) -> condition, map)", "The entries for which the lambda holds.", [("mapFilter((k, v) -> v > 1, map('a', 1, 'b', 2))", "{'b':2}")], needs_lambda, |call| {
        flags(call)?;
        Ok(call.kernel(filtered, call.arguments[1].data_type.clone()))
    };
    "mapExists", Takes::Entries(0), "mapExists((key, value) -> condition, map)", "Whether the lambda holds for any entry.", [("mapExists((k, v) -> v > 1, map('a', 1, 'b', 2))", "1")], needs_lambda, |call| {
        flags(call)?;
        Ok(call.kernel(|input| { let mask = Mask::of(input)?; input.bytes(|row| Ok(mask.row(row).any(|holds| holds).into())) }, DataType::UInt8))
    };
    "mapAll", Takes::Entries(0), "mapAll((key, value) -> condition, map)", "Whether the lambda holds for all entries.", [("mapAll((k, v) -> v > 1, map('a', 1, 'b', 2))", "0")], needs_lambda, |call| {
        flags(call)?;
        Ok(call.kernel(|input| { let mask = Mask::of(input)?; input.bytes(|row| Ok(mask.row(row).all(|holds| holds).into())) }, DataType::UInt8))
    };
    "mapSort", Takes::Entries(0), "mapSort([(key, value) -> x, ]map)", "The entries in the order of their keys, or of what the lambda gives.", [("mapSort(map('b', 1, 'a', 2))", "{'a':2,'b':1}"), ("mapSort((k, v) -> v, map('b', 1, 'a', 2))", "{'b':1,'a':2}")],
        |call| plain(call, |input| sorted(input, Order { keys: None, map: 0, most: None, descending: false })),
        |call| by_key(call, |input| sorted(input, Order { keys: Some(0), map: 1, most: None, descending: false }));
    "mapReverseSort", Takes::Entries(0), "mapReverseSort([(key, value) -> x, ]map)", "The entries in the reverse order of their keys, or of what the lambda gives.", [("mapReverseSort(map('a', 1, 'b', 2))", "{'b':2,'a':1}"), ("mapReverseSort((k, v) -> v, map('b', 1, 'a', 2))", "{'a':2,'b':1}")],
        |call| plain(call, |input| sorted(input, Order { keys: None, map: 0, most: None, descending: true })),
        |call| by_key(call, |input| sorted(input, Order { keys: Some(0), map: 1, most: None, descending: true }));
    "mapPartialSort", Takes::Entries(1), "mapPartialSort([(key, value) -> x, ]limit, map)", "So many entries that come first, in order, and then the others.", [("mapPartialSort((k, v) -> v, 2, map('k1', 3, 'k2', 1, 'k3', 2))", "{'k2':1,'k3':2,'k1':3}")],
        |call| partial(call, 0, |input| sorted(input, Order { keys: None, map: 1, most: Some(0), descending: false })),
        |call| partial(call, 1, |input| sorted(input, Order { keys: Some(0), map: 2, most: Some(1), descending: false }));
    "mapPartialReverseSort", Takes::Entries(1), "mapPartialReverseSort([(key, value) -> x, ]limit, map)", "So many entries that come last, in reverse order, and then the others.", [("mapPartialReverseSort((k, v) -> v, 2, map('k1', 3, 'k2', 1, 'k3', 2))", "{'k1':3,'k3':2,'k2':1}")],
        |call| partial(call, 0, |input| sorted(input, Order { keys: None, map: 1, most: Some(0), descending: true })),
        |call| partial(call, 1, |input| sorted(input, Order { keys: Some(0), map: 2, most: Some(1), descending: true }));
};

fn needs_lambda(call: &Call) -> Result<Typed, Mismatch> {
    Err(call.mismatch("needs a lambda as argument 1"))
}

fn flags(call: &Call) -> Result<(), Mismatch> {
    match call.item_type(0)?.bare() {
        DataType::UInt8 | DataType::Bool | DataType::Nothing => Ok(()),
        other => Err(call.mismatch(format_args!("needs a lambda that gives UInt8 or Nullable(UInt8), not {other}"))),
    }
}

fn applied(input: &Input) -> EngineResult<ArrayRef> {
    let (lengths, pairs) = input_pairs(input)?;
    let pairs = pairs.as_struct();
    input.map_of(lengths, pairs.column(0).clone(), pairs.column(1).clone())
}

/// The items of the first argument, row after row.
fn input_pairs(input: &Input) -> EngineResult<(Vec<usize>, ArrayRef)> {
    let lists = [input.lists(0)?];
    let lengths = crate::function::array::equal_lengths("mapApply", &lists, input.rows)?;
    let items = crate::function::array::items(&lists[0], &lengths)?;
    if items.as_struct_opt().is_none() {
        return exec_err!("the entries of a map are tuples");
    }
    Ok((lengths, items))
}

fn filtered(input: &Input) -> EngineResult<ArrayRef> {
    let (mask, maps) = (Mask::of(input)?, input.maps(1)?);
    input.chosen_entries(maps.keys(), maps.values(), |row, places| {
        let kept = maps.range(row).zip(mask.row(row)).filter(|(_, holds)| *holds);
        places.extend(kept.map(|(place, _)| place as u64));
        Ok(())
    })
}

fn plain(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    call.entry_types(0)?;
    Ok(call.kernel(kernel, call.arguments[0].data_type.clone()))
}

fn by_key(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.entry_types(1)?;
    Ok(call.kernel(kernel, call.arguments[1].data_type.clone()))
}

/// The limit is an argument, and the map the one after it.
fn partial(call: &Call, limit: usize, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(limit + 2..=limit + 2)?;
    call.expect_integer(limit)?;
    call.entry_types(limit + 1)?;
    Ok(call.kernel(kernel, call.arguments[limit + 1].data_type.clone()))
}

/// Which arguments are what. Without `keys` the keys of the map are its order.
struct Order {
    keys: Option<usize>,
    map: usize,
    most: Option<usize>,
    descending: bool,
}

fn sorted(input: &Input, order: Order) -> EngineResult<ArrayRef> {
    let maps = input.maps(order.map)?;
    let keys = order.keys.map(|index| input.lists(index)).transpose()?;
    let most = order.most.map(|index| input.integers(index)).transpose()?;
    let in_order = places_in_order(keys.as_ref().map_or(maps.keys(), |keys| keys.values()), order.descending)?;
    input.chosen_entries(maps.keys(), maps.values(), |row, places| {
        let entries = maps.range(row);
        let start = keys.as_ref().map_or(entries.start, |keys| keys.range(row).start);
        let mut sorted: Vec<usize> = (start..start + entries.len()).collect();
        in_order(&mut sorted);
        let most = most.as_ref().map_or(0, |most| most(row));
        let most = usize::try_from(most).ok().filter(|most| *most > 0 && *most < sorted.len()).unwrap_or(sorted.len());
        sorted[most..].sort_unstable();
        places.extend(sorted.into_iter().map(|place| (place - start + entries.start) as u64));
        Ok(())
    })
}
