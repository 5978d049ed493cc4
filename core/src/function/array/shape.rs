//! Arrays of arrays and of tuples: `arrayFlatten`, `arrayZip`.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "arrayFlatten" | "flatten", exact_case, "arrayFlatten(array)", "The items of all arrays in an array, however deep.", [("arrayFlatten([[[1], [2, 3]], []])", "[1,2,3]"), ("arrayFlatten([1, 2])", "[1,2]")], |call| {
        call.count(1..=1)?;
        let mut item = call.item_type(0)?;
        while let DataType::Array(inner) = item.bare() {
            item = inner;
        }
        Ok(call.kernel(flat, item.clone().array()))
    };
    "arrayTranspose", exact_case, "arrayTranspose(array)", "The columns of an array of rows as rows.", [("arrayTranspose([[1, 2], [3, 4]])", "[[1,3],[2,4]]")], |call| {
        call.count(1..=1)?;
        match call.item_type(0)?.bare() {
            DataType::Array(_) => Ok(call.kernel(transposed, call.arguments[0].data_type.clone())),
            _ => Err(call.wrong_type(0)),
        }
    };
    "arrayZip", exact_case, "arrayZip(array, …)", "Arrays of one length as an array of tuples.", [("arrayZip(['a', 'b'], [1, 2])", "[('a',1),('b',2)]")], |call| zip(call, false);
    "arrayZipUnaligned", exact_case, "arrayZipUnaligned(array, …)", "Arrays as an array of tuples, with NULL where an array is shorter.", [("arrayZipUnaligned(['a', 'b'], [1])", "[('a',1),('b',NULL)]")], |call| zip(call, true);
};

fn flat(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let mut values = lists.values().clone();
    let mut ranges: Vec<_> = (0..input.rows).map(|row| lists.range(row)).collect();
    while let Some(inner) = values.clone().as_list_opt::<i32>() {
        let offsets = inner.value_offsets();
        for range in &mut ranges {
            *range = offsets[range.start] as usize..offsets[range.end] as usize;
        }
        values = inner.values().clone();
    }
    input.chosen(&values, |row, places| {
        places.extend(ranges[row].clone().map(|place| place as u64));
        Ok(())
    })
}

fn transposed(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let inner = lists.values().as_list::<i32>();
    let DataType::Array(row_type) = input.result.bare() else { return exec_err!("an array was promised") };
    let DataType::Array(item) = row_type.bare() else { return exec_err!("an array of arrays was promised") };
    let offsets = inner.value_offsets();
    let (mut places, mut lengths, mut outer) = (Vec::new(), Vec::new(), Vec::with_capacity(input.rows));
    for row in 0..input.rows {
        let rows = lists.range(row);
        let width = |index: usize| (offsets[index + 1] - offsets[index]) as usize;
        let columns = rows.clone().next().map_or(0, width);
        if let Some(other) = rows.clone().map(width).find(|other| *other != columns) {
            return exec_err!("arrayTranspose needs inner arrays of one size, not of {columns} and {other}");
        }
        for column in 0..columns {
            places.extend(rows.clone().map(|index| (offsets[index] as usize + column) as u64));
            lengths.push(rows.len());
        }
        outer.push(columns);
    }
    let values = compute::take(inner.values(), &UInt64Array::from(places), None)?;
    let field = Arc::new(item.to_field("item"));
    input.list_of(outer, Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?))
}

fn zip(call: &Call, unaligned: bool) -> Result<Typed, Mismatch> {
    let count = call.count(1..)?;
    let items = (0..count).map(|index| {
        let item = call.item_type(index)?.clone();
        Ok((None, if unaligned { item.nullable() } else { item }))
    });
    let result = DataType::Tuple(items.collect::<Result<_, Mismatch>>()?).array();
    Ok(call.kernel(if unaligned { zipped_unaligned } else { zipped }, result))
}

fn zipped(input: &Input) -> EngineResult<ArrayRef> {
    let (lengths, columns) = input.aligned("arrayZip")?;
    tuples(input, lengths, columns)
}

fn zipped_unaligned(input: &Input) -> EngineResult<ArrayRef> {
    let lists = (0..input.columns.len()).map(|index| input.lists(index)).collect::<EngineResult<Vec<_>>>()?;
    let lengths: Vec<usize> =
        (0..input.rows).map(|row| lists.iter().map(|list| list.range(row).len()).max().unwrap_or(0)).collect();
    let columns = lists.iter().map(|list| {
        let places: UInt64Array = lengths
            .iter()
            .enumerate()
            .flat_map(|(row, length)| {
                let items = list.range(row);
                (items.start..items.start + length).map(move |place| (place < items.end).then_some(place as u64))
            })
            .collect();
        Ok(compute::take(list.values(), &places, None)?)
    });
    let columns = columns.collect::<EngineResult<Vec<_>>>()?;
    tuples(input, lengths, columns)
}

fn tuples(input: &Input, lengths: Vec<usize>, columns: Vec<ArrayRef>) -> EngineResult<ArrayRef> {
    let DataType::Array(item) = input.result.bare() else { return exec_err!("an array was promised") };
    let Arrow::Struct(fields) = item.to_arrow() else { return exec_err!("an array of tuples was promised") };
    input.list_of(lengths, Arc::new(StructArray::try_new(fields, columns, None)?))
}
