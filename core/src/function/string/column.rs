//! Columns of text, read and made without an allocation for each row.

use crate::function::scalar::{Column, Input};
use arrow::array::*;
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{Int64Type, UInt8Type};
use datafusion::common::{Result as EngineResult, exec_datafusion_err};
use std::sync::Arc;

/// A column of text; a constant has every row.
pub(crate) struct Strings<'a> {
    array: &'a StringViewArray,
    is_constant: bool,
}

impl<'a> Strings<'a> {
    pub(crate) fn new(column: &'a Column) -> EngineResult<Strings<'a>> {
        let array = column
            .array
            .as_string_view_opt()
            .ok_or_else(|| exec_datafusion_err!("expected text but the column lies as {}", column.array.data_type()))?;
        Ok(Strings { array, is_constant: column.is_constant })
    }

    #[inline]
    pub(crate) fn get(&self, row: usize) -> &'a str {
        self.array.value(if self.is_constant { 0 } else { row })
    }

    pub(crate) fn constant(&self) -> Option<&'a str> {
        self.is_constant.then(|| self.array.value(0))
    }
}

impl Input<'_> {
    pub(crate) fn strings(&self, index: usize) -> EngineResult<Strings<'_>> {
        Strings::new(&self.columns[index])
    }

    /// An integer argument, row by row.
    pub(crate) fn integers(&self, index: usize) -> EngineResult<impl Fn(usize) -> i64 + use<>> {
        let column = &self.columns[index];
        let values = crate::function::convert::bits(&column.array)?;
        let is_constant = column.is_constant;
        Ok(move |row: usize| values.value(if is_constant { 0 } else { row }))
    }

    /// One text for each row, written into a buffer that is used again.
    pub(crate) fn write_strings(
        &self,
        mut write: impl FnMut(usize, &mut String) -> EngineResult<()>,
    ) -> EngineResult<ArrayRef> {
        let mut out = StringViewBuilder::with_capacity(self.rows);
        let mut buffer = String::new();
        for row in 0..self.rows {
            buffer.clear();
            if !self.is_null(row) {
                write(row, &mut buffer)?;
            }
            out.append_value(&buffer);
        }
        Ok(Arc::new(out.finish()))
    }

    /// A part of the first argument's text for each row, which keeps the bytes where they are.
    pub(crate) fn slice_strings(
        &self,
        mut slice: impl for<'t> FnMut(usize, &'t str) -> &'t str,
    ) -> EngineResult<ArrayRef> {
        let expanded = self.expanded(0)?;
        let source = expanded
            .as_string_view_opt()
            .ok_or_else(|| exec_datafusion_err!("expected text but the column lies as {}", expanded.data_type()))?;
        let mut views: Vec<u128> = Vec::with_capacity(self.rows);
        for (row, view) in source.views().iter().enumerate() {
            if self.is_null(row) {
                views.push(0);
                continue;
            }
            let text = source.value(row);
            let part = slice(row, text);
            let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
            if part.is_empty() {
                views.push(0);
                continue;
            }
            assert!(start + part.len() <= text.len(), "a slice of the text it was given");
            let view = ByteView::from(*view);
            views.push(make_view(part.as_bytes(), view.buffer_index, view.offset.wrapping_add(start as u32)));
        }
        let array = StringViewArray::try_new(ScalarBuffer::from(views), source.data_buffers().to_vec(), None)?;
        Ok(Arc::new(array))
    }

    /// One small number for each row.
    pub(crate) fn bytes(&self, mut of: impl FnMut(usize) -> EngineResult<u8>) -> EngineResult<ArrayRef> {
        let mut out = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            out.push(if self.is_null(row) { 0 } else { of(row)? });
        }
        Ok(Arc::new(PrimitiveArray::<UInt8Type>::new(out.into(), None)))
    }

    /// One integer for each row, as the result's type.
    pub(crate) fn numbers(&self, mut of: impl FnMut(usize) -> EngineResult<i64>) -> EngineResult<ArrayRef> {
        let mut out = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            out.push(if self.is_null(row) { 0 } else { of(row)? });
        }
        let out = PrimitiveArray::<Int64Type>::new(out.into(), None);
        crate::function::convert::narrow(&out, &self.result.to_arrow())
    }

    /// One list of text for each row.
    pub(crate) fn string_lists(
        &self,
        mut write: impl FnMut(usize, &mut Vec<String>) -> EngineResult<()>,
    ) -> EngineResult<ArrayRef> {
        let mut offsets = vec![0i32];
        let mut values = StringViewBuilder::new();
        let mut items = Vec::new();
        let mut total = 0i32;
        for row in 0..self.rows {
            items.clear();
            if !self.is_null(row) {
                write(row, &mut items)?;
            }
            total += items.len() as i32;
            offsets.push(total);
            items.iter().for_each(|item| values.append_value(item));
        }
        let field = Arc::new(crate::value::DataType::String.to_field("item"));
        let offsets = arrow::buffer::OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(ListArray::try_new(field, offsets, Arc::new(values.finish()), None)?))
    }
}
