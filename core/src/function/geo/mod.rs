//! Places on earth: distances, polygons, geohashes and H3 cells.

mod distance;
mod hash;
mod hexagon;
mod polygon;

use super::definition::{Call, Function, Mismatch};
use super::scalar::Input;
use super::typed::Typed;
use crate::value::DataType;
use arrow::array::{AsArray, Float64Array};
use arrow::datatypes::Float64Type;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[&[Function]] =
    &[distance::FUNCTIONS, polygon::FUNCTIONS, hash::FUNCTIONS, hexagon::FUNCTIONS];

impl Call<'_> {
    fn expect_number(&self, index: usize) -> Result<(), Mismatch> {
        if self.bare(index).is_numeric() { Ok(()) } else { Err(self.wrong_type(index)) }
    }

    /// Some arguments as Float64, the others as they are.
    fn with_floats(&self, indices: std::ops::Range<usize>) -> Result<Vec<Typed>, Mismatch> {
        let mut arguments = self.arguments.clone();
        for index in indices {
            self.expect_number(index)?;
            arguments[index] = super::cast(arguments[index].clone(), &DataType::Float64)?;
        }
        Ok(arguments)
    }
}

/// A column of Float64, row by row.
fn coordinates(input: &Input, index: usize) -> EngineResult<impl Fn(usize) -> f64 + use<>> {
    let column = &input.columns[index];
    let values: Float64Array = column.array.as_primitive::<Float64Type>().clone();
    let is_constant = column.is_constant;
    Ok(move |row: usize| values.value(if is_constant { 0 } else { row }))
}

/// Two coordinates with their names.
fn named_pair(first: &str, second: &str) -> DataType {
    DataType::Tuple(vec![(Some(first.to_owned()), DataType::Float64), (Some(second.to_owned()), DataType::Float64)])
}
