//! Several maps as one: `mapConcat`, `mapAdd`.

use crate::function::array::comparable_rows;
use crate::function::convert::{bits, narrow, widen};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, delegate};
use crate::function::tuple::{items_of, of_items};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::Result as EngineResult;
use std::collections::{BTreeMap, HashSet};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "mapConcat", exact_case, "mapConcat(map, …)", "The entries of several maps, one after the other.", [("mapConcat(map('a', 1), map('b', 2))", "{'a':1,'b':2}"), ("mapConcat(map('a', 1), map('a', 3))", "{'a':1,'a':3}")], concat;
    "mapUpdate", exact_case, "mapUpdate(map, newer)", "The entries of a map with the values of a newer one, and what that has more.", [("mapUpdate(map('a', 1, 'b', 2), map('b', 20, 'c', 30))", "{'a':1,'b':20,'c':30}")], |call| {
        call.count(2..=2)?;
        if call.arguments[0].data_type != call.arguments[1].data_type {
            return Err(call.mismatch("needs two maps of one type"));
        }
        updated(call)
    };
    "mapAdd", exact_case, "mapAdd(map, …)", "The sums of the values of each key, in the order of the keys.", [("mapAdd(map('a', 1), map('b', 2, 'a', 5))", "{'a':6,'b':2}"), ("mapAdd(([1, 2], [10, 20]), ([1, 3], [1, 1]))", "([1,2,3],[11,20,1])")], |call| sums(call, false);
    "mapSubtract", exact_case, "mapSubtract(map, …)", "The values of each key less those of the other maps, in the order of the keys.", [("mapSubtract(map('a', 5), map('a', 2))", "{'a':3}")], |call| sums(call, true);
};

/// Arguments as maps of one type.
fn common_maps(call: &Call) -> Result<(DataType, Vec<Typed>), Mismatch> {
    let count = call.count(1..)?;
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for index in 0..count {
        let (key, value) = call.entry_types(index)?;
        keys.push(key);
        values.push(value);
    }
    let common = DataType::Map(Box::new(call.common_type(&keys)?), Box::new(call.common_type(&values)?));
    let arguments = call.arguments.iter().map(|one| widen(one.clone(), &common)).collect();
    Ok((common, arguments))
}

fn concat(call: &Call) -> Result<Typed, Mismatch> {
    let (common, arguments) = common_maps(call)?;
    Ok(call.kernel_on(|input| merged(input, false), common, arguments))
}

fn updated(call: &Call) -> Result<Typed, Mismatch> {
    Ok(call.kernel(|input| merged(input, true), call.arguments[0].data_type.clone()))
}

/// All entries; `by_key`: without those of the first map whose keys the last one has too.
fn merged(input: &Input, by_key: bool) -> EngineResult<ArrayRef> {
    let maps = (0..input.columns.len()).map(|index| input.maps(index)).collect::<EngineResult<Vec<_>>>()?;
    let rows = if by_key { comparable_rows(&[maps[0].keys(), maps[1].keys()], false)? } else { Vec::new() };
    let mut bases = Vec::with_capacity(maps.len());
    let mut total = 0;
    for map in &maps {
        bases.push(total);
        total += map.keys().len();
    }
    let keys = compute::concat(&maps.iter().map(|map| map.keys().as_ref()).collect::<Vec<_>>())?;
    let values = compute::concat(&maps.iter().map(|map| map.values().as_ref()).collect::<Vec<_>>())?;
    input.chosen_entries(&keys, &values, |row, places| {
        let newer: HashSet<&[u8]> = match by_key {
            true => maps[1].range(row).map(|place| rows[1].row(place).data()).collect(),
            false => HashSet::new(),
        };
        for (index, map) in maps.iter().enumerate() {
            let kept = map
                .range(row)
                .filter(|place| index > 0 || newer.is_empty() || !newer.contains(rows[0].row(*place).data()));
            places.extend(kept.map(|place| (bases[index] + place) as u64));
        }
        Ok(())
    })
}

fn sums(call: &Call, negative: bool) -> Result<Typed, Mismatch> {
    call.count(2..)?;
    if let DataType::Tuple(_) = call.bare(0) {
        return sums_of_arrays(call, negative);
    }
    let mut types = Vec::new();
    let mut keys = Vec::new();
    for index in 0..call.arguments.len() {
        let (key, value) = call.entry_types(index)?;
        types.push(value);
        keys.push(key);
    }
    let result = DataType::Map(Box::new(call.common_type(&keys)?), Box::new(sum_type(call, &types)?));
    let arguments = call.arguments.iter().map(|one| super::super::cast(one.clone(), &result));
    let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
    Ok(if negative { call.kernel_on(subtracted, result, arguments) } else { call.kernel_on(added, result, arguments) })
}

fn sum_type(call: &Call, types: &[DataType]) -> Result<DataType, Mismatch> {
    if types.iter().any(|one| one.is_nullable()) {
        return Err(call.mismatch("needs values that are never NULL"));
    }
    if types.iter().all(DataType::is_float) {
        return Ok(DataType::Float64);
    }
    if types.iter().all(|one| one.integer_bits().is_some_and(|bits| bits <= 64)) {
        let signed = types.iter().any(DataType::is_signed_integer);
        return Ok(if signed { DataType::Int64 } else { DataType::UInt64 });
    }
    Err(call.mismatch("needs values that are all integers, or all floats"))
}

/// `(keys, values)` in the place of maps.
fn sums_of_arrays(call: &Call, negative: bool) -> Result<Typed, Mismatch> {
    let maps = (0..call.arguments.len()).map(|index| delegate(call, "mapFromArrays", items_of(call, index)?));
    let maps = maps.collect::<Result<Vec<_>, _>>()?;
    let sum = delegate(call, if negative { "mapSubtract" } else { "mapAdd" }, maps)?;
    let parts = vec![delegate(call, "mapKeys", vec![sum.clone()])?, delegate(call, "mapValues", vec![sum])?];
    of_items(call, parts)
}

fn added(input: &Input) -> EngineResult<ArrayRef> {
    summed(input, false)
}

fn subtracted(input: &Input) -> EngineResult<ArrayRef> {
    summed(input, true)
}

fn summed(input: &Input, negative: bool) -> EngineResult<ArrayRef> {
    let maps = (0..input.columns.len()).map(|index| input.maps(index)).collect::<EngineResult<Vec<_>>>()?;
    let keys: Vec<&ArrayRef> = maps.iter().map(|map| map.keys()).collect();
    let rows = comparable_rows(&keys, false)?;
    let mut bases = Vec::with_capacity(maps.len());
    let mut total = 0;
    for map in &maps {
        bases.push(total);
        total += map.keys().len();
    }
    let keys = compute::concat(&keys.iter().map(|keys| keys.as_ref()).collect::<Vec<_>>())?;
    let values = compute::concat(&maps.iter().map(|map| map.values().as_ref()).collect::<Vec<_>>())?;
    let floats = values.as_primitive_opt::<Float64Type>();
    let integers = if floats.is_some() { Int64Array::from(Vec::<i64>::new()) } else { bits(&values)? };
    let (mut places, mut lengths) = (Vec::new(), Vec::with_capacity(input.rows));
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    for row in 0..input.rows {
        let mut sums: BTreeMap<&[u8], (u64, i64, f64)> = BTreeMap::new();
        for (index, map) in maps.iter().enumerate() {
            for place in map.range(row) {
                let entry = bases[index] + place;
                let sum = sums.entry(rows[index].row(place).data()).or_insert((entry as u64, 0, 0.0));
                let minus = negative && index > 0;
                match floats {
                    Some(floats) if minus => sum.2 -= floats.value(entry),
                    Some(floats) => sum.2 += floats.value(entry),
                    None if minus => sum.1 = sum.1.wrapping_sub(integers.value(entry)),
                    None => sum.1 = sum.1.wrapping_add(integers.value(entry)),
                }
            }
        }
        lengths.push(sums.len());
        for (place, integer, float) in sums.into_values() {
            places.push(place);
            whole.push(integer);
            parts.push(float);
        }
    }
    let keys = compute::take(&keys, &UInt64Array::from(places), None)?;
    let values = match floats {
        Some(_) => compute::cast(&Float64Array::from(parts), &Arrow::Float64)?,
        None => narrow(&Int64Array::from(whole), values.data_type())?,
    };
    input.map_of(lengths, keys, values)
}
