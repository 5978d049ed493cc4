//! Maps: making and reading them, with a lambda over their entries, and together.
//!
//! A map keeps its entries in the order in which they were written, and may have a key twice.

mod combine;
mod higher;
mod pairs;
mod series;

use super::array::default_of;
use super::definition::{Call, Function, Mismatch, Nulls, family};
use super::lambda::with_lambda;
use super::scalar::{Input, delegate};
use super::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::ops::Range;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[&[Function]] =
    &[MAKE, READ, combine::FUNCTIONS, higher::FUNCTIONS, pairs::FUNCTIONS, series::FUNCTIONS];

const MAKE: &[Function] = &[Function {
    name: "map",
    syntax: "map(key, value, …)",
    summary: "A map of keys to values.",
    examples: &[
        ("map('a', 1, 'b', 2)", "{'a':1,'b':2}"),
        ("toTypeName(map('a', 1, 'b', 300))", "Map(String, UInt16)"),
        ("map()", "{}"),
    ],
    nulls: Nulls::Own,
    keeps_low_cardinality: true,
    bind: map,
    ..Function::DEFAULT
}];

const READ: &[Function] = family! {
    "mapFromArrays" | "MAP_FROM_ARRAYS", exact_case, "mapFromArrays(keys, values)", "A map of the items of one array, or the entries of a map, to those of another.", [("mapFromArrays(['a', 'b'], [1, 2])", "{'a':1,'b':2}")], |call| {
        call.count(2..=2)?;
        from_arrays(call)
    };
    "mapKeys", exact_case, "mapKeys(map)", "The keys of a map.", [("mapKeys(map('a', 1, 'b', 2))", "['a','b']")], |call| {
        call.count(1..=1)?;
        let (key, _) = call.entry_types(0)?;
        Ok(call.kernel(|input| side(input, |maps| maps.keys()), key.array()))
    };
    "mapValues", exact_case, "mapValues(map)", "The values of a map.", [("mapValues(map('a', 1, 'b', 2))", "[1,2]")], |call| {
        call.count(1..=1)?;
        let (_, value) = call.entry_types(0)?;
        Ok(call.kernel(|input| side(input, |maps| maps.values()), value.array()))
    };
    "mapContainsKey" | "mapContains", exact_case, "mapContainsKey(map, key)", "Whether a map has a key.", [("mapContains(map('a', 1), 'a')", "1"), ("mapContains(map('a', 1), 'b')", "0")], |call| {
        call.count(2..=2)?;
        call.entry_types(0)?;
        let keys = delegate(call, "mapKeys", vec![call.arguments[0].clone()])?;
        delegate(call, "has", vec![keys, call.arguments[1].clone()])
    };
    "mapContainsValue", exact_case, "mapContainsValue(map, value)", "Whether a map has a value.", [("mapContainsValue(map('a', 1), 1)", "1")], |call| {
        call.count(2..=2)?;
        call.entry_types(0)?;
        let values = delegate(call, "mapValues", vec![call.arguments[0].clone()])?;
        delegate(call, "has", vec![values, call.arguments[1].clone()])
    };
    "mapContainsKeyLike", exact_case, "mapContainsKeyLike(map, pattern)", "Whether a map has a key that is LIKE a pattern.", [("mapContainsKeyLike(map('abc', 1), '%b%')", "1")], |call| any_like(call, "mapKeys");
    "mapContainsValueLike", exact_case, "mapContainsValueLike(map, pattern)", "Whether a map has a value that is LIKE a pattern.", [("mapContainsValueLike(map('k', 'abc'), '%b%')", "1")], |call| any_like(call, "mapValues");
    "mapExtractKeyLike", exact_case, "mapExtractKeyLike(map, pattern)", "The entries whose keys are LIKE a pattern.", [("mapExtractKeyLike(map('abc', 1, 'x', 2), '%b%')", "{'abc':1}")], |call| entries_like(call, 0);
    "mapExtractValueLike", exact_case, "mapExtractValueLike(map, pattern)", "The entries whose values are LIKE a pattern.", [("mapExtractValueLike(map('k', 'abc', 'l', 'z'), '%b%')", "{'k':'abc'}")], |call| entries_like(call, 1);
};

/// A column of maps; a constant has every row.
pub(crate) struct Maps<'a> {
    array: &'a MapArray,
    is_constant: bool,
}

impl Maps<'_> {
    #[inline]
    pub(crate) fn range(&self, row: usize) -> Range<usize> {
        let row = if self.is_constant { 0 } else { row };
        if self.array.is_null(row) {
            return 0..0;
        }
        let offsets = self.array.value_offsets();
        offsets[row] as usize..offsets[row + 1] as usize
    }

    pub(crate) fn keys(&self) -> &ArrayRef {
        self.array.keys()
    }

    pub(crate) fn values(&self) -> &ArrayRef {
        self.array.values()
    }
}

impl Input<'_> {
    pub(crate) fn maps(&self, index: usize) -> EngineResult<Maps<'_>> {
        let column = &self.columns[index];
        let array = column.array.as_map_opt().ok_or_else(|| {
            exec_datafusion_err!("expected a map but the column lies as {}", column.array.data_type())
        })?;
        Ok(Maps { array, is_constant: column.is_constant })
    }

    /// The result, so many entries for each row.
    pub(crate) fn map_of(&self, lengths: Vec<usize>, keys: ArrayRef, values: ArrayRef) -> EngineResult<ArrayRef> {
        let Arrow::Map(field, _) = self.result.to_arrow() else { return exec_err!("a map was promised") };
        let Arrow::Struct(fields) = field.data_type() else { return exec_err!("the entries of a map are a struct") };
        if keys.len() > i32::MAX as usize {
            return exec_err!("the maps of one batch have {} entries together, which are too many", keys.len());
        }
        if keys.null_count() > 0 {
            return exec_err!("the keys of a map must not be NULL");
        }
        let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
        Ok(Arc::new(MapArray::try_new(field, OffsetBuffer::from_lengths(lengths), entries, None, false)?))
    }

    /// Entries that are chosen by their places, for each row.
    pub(crate) fn chosen_entries(
        &self,
        keys: &ArrayRef,
        values: &ArrayRef,
        mut choose: impl FnMut(usize, &mut Vec<u64>) -> EngineResult<()>,
    ) -> EngineResult<ArrayRef> {
        let (mut places, mut lengths) = (Vec::new(), Vec::with_capacity(self.rows));
        for row in 0..self.rows {
            let before = places.len();
            choose(row, &mut places)?;
            lengths.push(places.len() - before);
        }
        let places = UInt64Array::from(places);
        self.map_of(lengths, compute::take(keys, &places, None)?, compute::take(values, &places, None)?)
    }
}

impl Call<'_> {
    /// The types of the keys and values of a map argument.
    pub(crate) fn entry_types(&self, index: usize) -> Result<(DataType, DataType), Mismatch> {
        match self.arguments.get(index).map(|one| one.data_type.bare()) {
            Some(DataType::Map(key, value)) => Ok((key.as_ref().clone(), value.as_ref().clone())),
            Some(_) => Err(self.wrong_type(index)),
            None => Err(self.mismatch("needs a map")),
        }
    }
}

fn map(call: &Call) -> Result<Typed, Mismatch> {
    if !call.count(0..)?.is_multiple_of(2) {
        return Err(call.mismatch("needs a value for each key"));
    }
    let array = |offset: usize| {
        let items: Vec<Typed> = call.arguments.iter().skip(offset).step_by(2).cloned().collect();
        delegate(call, "array", items)
    };
    from_arrays(&Call { arguments: vec![array(0)?, array(1)?], ..*call })
}

fn from_arrays(call: &Call) -> Result<Typed, Mismatch> {
    // the entries of a map are an array of tuples
    let as_array = |index: usize| match call.bare(index) {
        DataType::Map(key, value) => {
            let pair = DataType::Tuple(vec![(None, key.as_ref().clone()), (None, value.as_ref().clone())]);
            super::cast(call.arguments[index].clone(), &pair.array())
        }
        _ => Ok(call.arguments[index].clone()),
    };
    let arrays = Call { arguments: vec![as_array(0)?, as_array(1)?], ..*call };
    let (key, value) = (arrays.item_type(0)?.clone(), arrays.item_type(1)?.clone());
    let key = match key {
        DataType::Nullable(key) if *key == DataType::Nothing => {
            return Err(call.mismatch("cannot make a map with keys that are NULL"));
        }
        DataType::Nullable(key) => *key,
        key => key,
    };
    Ok(arrays.kernel(zipped, DataType::Map(Box::new(key), Box::new(value))))
}

fn zipped(input: &Input) -> EngineResult<ArrayRef> {
    let (lengths, mut columns) = input.aligned("mapFromArrays")?;
    match (columns.pop(), columns.pop()) {
        (Some(values), Some(keys)) => input.map_of(lengths, keys, values),
        _ => exec_err!("a map is made of two arrays"),
    }
}

/// The keys, or the values, of maps as arrays.
fn side(input: &Input, of: impl Fn(&MapArray) -> &ArrayRef) -> EngineResult<ArrayRef> {
    let maps = input.expanded(0)?;
    let maps = maps.as_map();
    let DataType::Array(item) = input.result.bare() else { return exec_err!("an array was promised") };
    let field = Arc::new(item.to_field("item"));
    Ok(Arc::new(ListArray::try_new(field, maps.offsets().clone(), of(maps).clone(), None)?))
}

fn like(call: &Call, text: Typed) -> Result<Typed, Mismatch> {
    delegate(call, "like", vec![text, call.arguments[1].clone()])
}

fn any_like(call: &Call, side: &str) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.entry_types(0)?;
    call.expect_string(1)?;
    let items = delegate(call, side, vec![call.arguments[0].clone()])?;
    with_lambda(call.context, "arrayExists", vec![items], 1, |mut item| like(call, item.remove(0)))
}

fn entries_like(call: &Call, side: usize) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.entry_types(0)?;
    call.expect_string(1)?;
    let map = vec![call.arguments[0].clone()];
    with_lambda(call.context, "mapFilter", map, 2, |mut entry| like(call, entry.remove(side)))
}
