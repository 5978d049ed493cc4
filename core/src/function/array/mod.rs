//! Arrays: making, reading, choosing and ordering items, folding them.

mod choose;
mod fold;
mod look;
mod make;

use super::definition::{Call, Function, Mismatch};
use super::scalar::Input;
use super::typed::Typed;
use crate::value::{DataType, supertype};
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::compute::{self, SortOptions};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::ops::Range;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[&[Function]] =
    &[make::FUNCTIONS, make::INTEGERS, look::FUNCTIONS, choose::FUNCTIONS, fold::FUNCTIONS];

/// A column of arrays; a constant has every row.
pub(crate) struct Lists<'a> {
    array: &'a ListArray,
    is_constant: bool,
}

impl Lists<'_> {
    /// Where the items of a row stand among all items.
    #[inline]
    pub(crate) fn range(&self, row: usize) -> Range<usize> {
        let row = if self.is_constant { 0 } else { row };
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
        if values.len() > i32::MAX as usize {
            return exec_err!("the arrays of one batch have {} items together, which are too many", values.len());
        }
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
    let value = super::conditional::default_of(data_type)
        .ok_or_else(|| exec_datafusion_err!("{data_type} has no default value"))?;
    value.to_array_of_size(1)
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
