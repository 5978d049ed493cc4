//! Arrays: making, reading, choosing and ordering items, folding them.

mod choose;
mod distance;
mod fold;
mod higher;
mod look;
mod make;
mod order;
mod sets;
mod shape;
mod shuffle;

pub(crate) use higher::Mask;
pub(crate) use order::places_in_order;

use super::definition::{Call, Function, Mismatch};
use super::fault::{Fault, fault};
use super::scalar::Input;
use super::typed::Typed;
use crate::limits;
use crate::value::{DataType, supertype};
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::compute::{self, SortOptions};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::ops::Range;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[&[Function]] = &[
    make::FUNCTIONS,
    make::INTEGERS,
    make::EMPTY,
    look::FUNCTIONS,
    higher::FUNCTIONS,
    higher::FOLD,
    order::FUNCTIONS,
    choose::FUNCTIONS,
    choose::SLICE,
    choose::SHIFT,
    choose::COMPACT,
    make::SIZED,
    fold::FUNCTIONS,
    sets::FUNCTIONS,
    sets::REMOVE,
    shape::FUNCTIONS,
    shuffle::FUNCTIONS,
    distance::FUNCTIONS,
    distance::PRECISION,
];

/// A column of arrays; a constant has every row.
pub(crate) struct Lists<'a> {
    array: &'a ListArray,
    is_constant: bool,
}

impl Lists<'_> {
    /// Where the items of a row stand among all items. NULL in the place of an array has none.
    #[inline]
    pub(crate) fn range(&self, row: usize) -> Range<usize> {
        let row = if self.is_constant { 0 } else { row };
        if self.array.is_null(row) {
            return 0..0;
        }
        let offsets = self.array.value_offsets();
        offsets[row] as usize..offsets[row + 1] as usize
    }

    pub(crate) fn values(&self) -> &ArrayRef {
        self.array.values()
    }
}

impl Input<'_> {
    pub(crate) fn lists(&self, index: usize) -> EngineResult<Lists<'_>> {
        let column = &self.columns[index];
        let array = column.array.as_list_opt::<i32>().ok_or_else(|| {
            exec_datafusion_err!("expected an array but the column lies as {}", column.array.data_type())
        })?;
        Ok(Lists { array, is_constant: column.is_constant })
    }

    /// One array for each row, of items that are chosen from `values` by their places.
    pub(crate) fn chosen(
        &self,
        values: &ArrayRef,
        mut choose: impl FnMut(usize, &mut Vec<u64>) -> EngineResult<()>,
    ) -> EngineResult<ArrayRef> {
        let mut places = Vec::new();
        let mut lengths = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            let before = places.len();
            if !self.is_null(row) {
                choose(row, &mut places)?;
            }
            check_items(places.len())?;
            lengths.push(places.len() - before);
        }
        let values = compute::take(values, &UInt64Array::from(places), None)?;
        self.list_of(lengths, values)
    }

    /// The result, whose items are `values`, so many for each row.
    pub(crate) fn list_of(&self, lengths: Vec<usize>, values: ArrayRef) -> EngineResult<ArrayRef> {
        let DataType::Array(item) = self.result.bare() else {
            return exec_err!("an array was made where {} is promised", self.result);
        };
        check_items(values.len())?;
        let field = Arc::new(item.to_field("item"));
        Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?))
    }
}

impl Call<'_> {
    /// The type of the items of an array argument.
    pub(crate) fn item_type(&self, index: usize) -> Result<&DataType, Mismatch> {
        match self.bare(index) {
            DataType::Array(item) => Ok(item),
            _ => Err(self.wrong_type(index)),
        }
    }

    pub(crate) fn common_type(&self, types: &[DataType]) -> Result<DataType, Mismatch> {
        supertype(types).map_err(|problem| Mismatch { code: "S0207", ..self.mismatch(problem) })
    }
}

/// The value of a type that stands where there is none: NULL, if it may be NULL.
pub(crate) fn default_of(data_type: &DataType) -> EngineResult<ArrayRef> {
    super::default_array(data_type).ok_or_else(|| exec_datafusion_err!("{data_type} has no default value"))
}

/// Values of several arrays of one type as bytes that are equal, and ordered, as the values are. NULL equals
/// NULL and comes last.
pub(crate) fn comparable_rows(arrays: &[&ArrayRef], descending: bool) -> EngineResult<Vec<Rows>> {
    let options = SortOptions { descending, nulls_first: false };
    let field = SortField::new_with_options(arrays[0].data_type().clone(), options);
    let converter = RowConverter::new(vec![field])?;
    arrays.iter().map(|array| Ok(converter.convert_columns(&[(*array).clone()])?)).collect()
}

/// An array argument with items of another type, which holds theirs.
pub(crate) fn with_items(array: Typed, item: &DataType) -> Typed {
    super::widen(array, &item.clone().array())
}

/// Where values are not a number.
pub(crate) fn nan_places(values: &ArrayRef) -> Box<dyn Fn(usize) -> bool + '_> {
    if let Some(values) = values.as_primitive_opt::<arrow::datatypes::Float64Type>() {
        return Box::new(|place| values.value(place).is_nan());
    }
    if let Some(values) = values.as_primitive_opt::<arrow::datatypes::Float32Type>() {
        return Box::new(|place| values.value(place).is_nan());
    }
    Box::new(|_| false)
}

/// How many items each row has, which all arrays must agree on.
pub(crate) fn equal_lengths(function: &str, lists: &[Lists], rows: usize) -> EngineResult<Vec<usize>> {
    let mut lengths = Vec::with_capacity(rows);
    for row in 0..rows {
        let length = lists.first().map_or(0, |list| list.range(row).len());
        if let Some(other) = lists.iter().map(|list| list.range(row).len()).find(|other| *other != length) {
            let message =
                format!("arrays passed to {function} must have equal size: one has {length} items, another {other}");
            return fault(Fault::SizesDiffer, message);
        }
        lengths.push(length);
    }
    Ok(lengths)
}

/// The items of all rows, one row after the other.
pub(crate) fn items(list: &Lists, lengths: &[usize]) -> EngineResult<ArrayRef> {
    let total: usize = lengths.iter().sum();
    let first = lengths.iter().position(|length| *length > 0);
    let start = first.map_or(0, |row| list.range(row).start);
    let mut next = start;
    let adjacent = lengths.iter().enumerate().all(|(row, length)| {
        let is_next = *length == 0 || list.range(row).start == next;
        next += length;
        is_next
    });
    if adjacent {
        return Ok(list.values().slice(start, total));
    }
    let places: Vec<u64> = (0..lengths.len()).flat_map(|row| list.range(row).map(|place| place as u64)).collect();
    Ok(compute::take(list.values(), &UInt64Array::from(places), None)?)
}

impl Input<'_> {
    /// The items of several arrays side by side, row after row, and how many each row has.
    pub(crate) fn aligned(&self, function: &str) -> EngineResult<(Vec<usize>, Vec<ArrayRef>)> {
        let lists = (0..self.columns.len()).map(|index| self.lists(index)).collect::<EngineResult<Vec<_>>>()?;
        let lengths = equal_lengths(function, &lists, self.rows)?;
        let columns = lists.iter().map(|list| items(list, &lengths)).collect::<EngineResult<Vec<_>>>()?;
        Ok((lengths, columns))
    }
}

/// Bounds what a batch of rows may grow to.
pub(crate) fn check_items(count: usize) -> EngineResult<()> {
    match count <= limits::BATCH_ITEMS_MAX {
        true => Ok(()),
        false => fault(
            Fault::TooLargeArray,
            format!(
                "the arrays of one batch of rows would have {count} items together; at most {} are allowed",
                limits::BATCH_ITEMS_MAX
            ),
        ),
    }
}

/// Values at places, and the type's default where there is none.
pub(crate) fn taken_or_default(
    values: &ArrayRef,
    places: &UInt64Array,
    data_type: &DataType,
) -> EngineResult<ArrayRef> {
    let taken = compute::take(values, places, None)?;
    if places.null_count() == 0 || data_type.is_nullable() {
        return Ok(taken);
    }
    let present = compute::is_not_null(places)?;
    Ok(compute::kernels::zip::zip(&present, &taken, &Scalar::new(default_of(data_type)?))?)
}
