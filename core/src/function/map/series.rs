//! `mapPopulateSeries`: no key between the first and the last is missing.

use crate::function::convert::{bits, narrow};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, delegate};
use crate::function::tuple::of_items;
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use datafusion::common::{Result as EngineResult, exec_err};
use std::collections::BTreeMap;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "mapPopulateSeries", exact_case, "mapPopulateSeries(map[, last]) or mapPopulateSeries(keys, values[, last])", "The map with each integer from its smallest key to its largest, or to a last one, as a key; new ones have the default as their value.", [("mapPopulateSeries(map(1, 10, 5, 20), 6)", "{1:10,2:0,3:0,4:0,5:20,6:0}"), ("mapPopulateSeries([1, 2, 4], [11, 22, 44], 5)", "([1,2,3,4,5],[11,22,0,44,0])")], populate;
};

fn populate(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..=3)?;
    if let DataType::Array(_) = call.bare(0) {
        if count < 2 {
            return Err(call.mismatch("needs an array of values beside its keys"));
        }
        let map = delegate(call, "mapFromArrays", call.arguments[..2].to_vec())?;
        let last = call.arguments.get(2).cloned();
        let full = delegate(call, "mapPopulateSeries", std::iter::once(map).chain(last).collect())?;
        let parts = vec![delegate(call, "mapKeys", vec![full.clone()])?, delegate(call, "mapValues", vec![full])?];
        return of_items(call, parts);
    }
    call.count(1..=2)?;
    let (key, value) = call.entry_types(0)?;
    let is_whole = |one: &DataType| one.integer_bits().is_some_and(|bits| bits <= 64);
    if !is_whole(&key) || !is_whole(&value) {
        return Err(call.mismatch("needs integers as keys and values"));
    }
    if count == 2 {
        call.expect_integer(1)?;
    }
    Ok(call.kernel(populated, call.arguments[0].data_type.clone()))
}

fn populated(input: &Input) -> EngineResult<ArrayRef> {
    let maps = input.maps(0)?;
    let last = if input.columns.len() > 1 { Some(input.integers(1)?) } else { None };
    let known = bits(maps.keys())?;
    let missing = maps.values().len() as u64;
    let DataType::Map(key_type, value_type) = input.result.bare() else { return exec_err!("a map was promised") };
    let values = compute::concat(&[maps.values().as_ref(), super::default_of(value_type)?.as_ref()])?;
    let (mut keys, mut places, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(input.rows));
    for row in 0..input.rows {
        // of a key that comes twice the first value counts
        let mut entries: BTreeMap<i64, u64> = BTreeMap::new();
        for place in maps.range(row) {
            entries.entry(known.value(place)).or_insert(place as u64);
        }
        let before = keys.len();
        if let (Some((first, _)), Some((end, _))) = (entries.first_key_value(), entries.last_key_value()) {
            let end = last.as_ref().map_or(*end, |last| last(row));
            let length = i128::from(end) - i128::from(*first) + 1;
            if length > (limits::ARRAY_ITEMS_MAX - before.min(limits::ARRAY_ITEMS_MAX)) as i128 {
                return exec_err!(
                    "mapPopulateSeries would make {length} keys; at most {} are allowed",
                    limits::ARRAY_ITEMS_MAX
                );
            }
            for key in *first..=end {
                keys.push(key);
                places.push(entries.get(&key).copied().unwrap_or(missing));
            }
        }
        lengths.push(keys.len() - before);
    }
    let keys = narrow(&Int64Array::from(keys), &key_type.to_arrow())?;
    let values = compute::take(&values, &UInt64Array::from(places), None)?;
    input.map_of(lengths, keys, values)
}
