//! Columns of text, read and made without an allocation for each row.

use crate::function::scalar::{Column, Input};
use crate::limits;
use arrow::array::*;
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{Int64Type, UInt8Type};
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
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

/// A column of text or of fixed bytes, as bytes.
pub(crate) enum Bytes<'a> {
    Text(Strings<'a>),
    Fixed { array: &'a FixedSizeBinaryArray, is_constant: bool },
}

impl<'a> Bytes<'a> {
    #[inline]
    pub(crate) fn get(&self, row: usize) -> &'a [u8] {
        match self {
            Bytes::Text(strings) => strings.get(row).as_bytes(),
            Bytes::Fixed { array, is_constant } => array.value(if *is_constant { 0 } else { row }),
        }
    }
}

/// Functions that make text out of texts ask this while they write, so that none grows without bound.
pub(crate) fn bounded(text: &str) -> EngineResult<()> {
    match text.len() > limits::TEXT_BYTES_MAX {
        true => exec_err!("a text of more than {} bytes is too long", limits::TEXT_BYTES_MAX),
        false => Ok(()),
    }
}

fn bounded_together(bytes: usize) -> EngineResult<()> {
    match bytes > limits::COLUMN_BYTES_MAX {
        true => exec_err!("the texts of one batch have more than {} bytes together", limits::COLUMN_BYTES_MAX),
        false => Ok(()),
    }
}

/// The parts of one row's text, which become views of the bytes where they are.
pub(crate) struct Parts<'t, 'o> {
    text: &'t str,
    view: u128,
    out: &'o mut Vec<u128>,
}

impl<'t> Parts<'t, '_> {
    #[inline]
    pub(crate) fn push(&mut self, part: &'t str) {
        self.out.push(view_of_part(self.view, self.text, part));
    }
}

/// The view of a part of the text that `view` stands for.
#[inline]
fn view_of_part(view: u128, text: &str, part: &str) -> u128 {
    if part.is_empty() {
        return 0;
    }
    let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    assert!(start + part.len() <= text.len(), "a slice of the text it was given");
    let view = ByteView::from(view);
    make_view(part.as_bytes(), view.buffer_index, view.offset.wrapping_add(start as u32))
}

impl Input<'_> {
    /// An argument that may be text or fixed bytes.
    pub(crate) fn raw(&self, index: usize) -> EngineResult<Bytes<'_>> {
        let column = &self.columns[index];
        match column.array.as_fixed_size_binary_opt() {
            Some(array) => Ok(Bytes::Fixed { array, is_constant: column.is_constant }),
            None => Ok(Bytes::Text(Strings::new(column)?)),
        }
    }

    /// A list of parts of the text of argument `index` for each row, which keeps the bytes where they are.
    pub(crate) fn slice_lists(
        &self,
        index: usize,
        mut split: impl for<'t> FnMut(usize, &'t str, &mut Parts<'t, '_>) -> EngineResult<()>,
    ) -> EngineResult<ArrayRef> {
        let column = &self.columns[index];
        let source = column
            .array
            .as_string_view_opt()
            .ok_or_else(|| exec_datafusion_err!("expected text but the column lies as {}", column.array.data_type()))?;
        let mut views: Vec<u128> = Vec::with_capacity(self.rows);
        let mut offsets = Vec::with_capacity(self.rows + 1);
        offsets.push(0i32);
        for row in 0..self.rows {
            if !self.is_null(row) {
                let at = column.at(row);
                let mut parts = Parts { text: source.value(at), view: source.views()[at], out: &mut views };
                split(row, parts.text, &mut parts)?;
            }
            if views.len() > limits::ARRAY_ITEMS_MAX {
                return exec_err!("the arrays of one batch have more than {} parts together", limits::ARRAY_ITEMS_MAX);
            }
            offsets.push(views.len() as i32);
        }
        let values = StringViewArray::try_new(ScalarBuffer::from(views), source.data_buffers().to_vec(), None)?;
        let field = Arc::new(crate::value::DataType::String.to_field("item"));
        let offsets = arrow::buffer::OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(ListArray::try_new(field, offsets, Arc::new(values), None)?))
    }

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
        let mut total = 0;
        for row in 0..self.rows {
            buffer.clear();
            if !self.is_null(row) {
                write(row, &mut buffer)?;
                bounded(&buffer)?;
                total += buffer.len();
                bounded_together(total)?;
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
            views.push(view_of_part(*view, text, part));
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

    /// One float for each row.
    pub(crate) fn floats(&self, mut of: impl FnMut(usize) -> EngineResult<f64>) -> EngineResult<ArrayRef> {
        let mut out = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            out.push(if self.is_null(row) { 0.0 } else { of(row)? });
        }
        Ok(Arc::new(Float64Array::from(out)))
    }

    /// Bytes as text for each row; what is no UTF-8 gets U+FFFD in its place.
    pub(crate) fn write_bytes(
        &self,
        mut write: impl FnMut(usize, &mut Vec<u8>) -> EngineResult<()>,
    ) -> EngineResult<ArrayRef> {
        let mut out = StringViewBuilder::with_capacity(self.rows);
        let mut buffer = Vec::new();
        let mut total = 0;
        for row in 0..self.rows {
            buffer.clear();
            if !self.is_null(row) {
                write(row, &mut buffer)?;
                total += buffer.len();
                bounded_together(total)?;
            }
            out.append_value(String::from_utf8_lossy(&buffer));
        }
        Ok(Arc::new(out.finish()))
    }

    /// So many bytes for each row.
    pub(crate) fn write_fixed(
        &self,
        width: usize,
        mut write: impl FnMut(usize, &mut [u8]) -> EngineResult<()>,
    ) -> EngineResult<ArrayRef> {
        let mut out = vec![0; self.rows * width];
        for (row, bytes) in out.chunks_exact_mut(width).enumerate() {
            if !self.is_null(row) {
                write(row, bytes)?;
            }
        }
        Ok(Arc::new(FixedSizeBinaryArray::try_new(width as i32, out.into(), None)?))
    }
}
