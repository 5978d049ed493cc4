//! Rows of equal keys as one row, column by column: what AggregatingMergeTree and SummingMergeTree do when
//! segments are merged.

use super::fit::{Fit, fit};
use super::states::Rows;
use crate::error::{Error, Result};
use crate::function::convert::{OnError, cast_array};
use crate::value::DataType;
use arrow::array::ArrayRef;

/// One value for each group of rows of a column of an aggregated type. `groups` has the group of each row,
/// counted from 0; rows come in the order that `any` and `anyLast` mean.
///
/// States become one state; values of `SimpleAggregateFunction(f, T)` become what `f` makes of them; of any
/// other type, the first value stays.
pub fn merge_states(data_type: &DataType, column: &ArrayRef, groups: &[usize], group_count: usize) -> Result<ArrayRef> {
    match data_type {
        DataType::AggregateFunction(of) => {
            let name = format!("{}MergeState", of.function);
            let parameters: Vec<_> = of.parameters.iter().filter_map(|text| super::literal(text)).collect();
            let fit = fit(&name, &parameters, std::slice::from_ref(data_type));
            run(data_type, fit.map_err(|problem| Error::invalid(problem.message))?, column, groups, group_count)
        }
        DataType::SimpleAggregateFunction(function, inner) => merge_rows(function, inner, column, groups, group_count),
        other => merge_rows("any_respect_nulls", other, column, groups, group_count),
    }
}

/// What an aggregate function of one argument makes of each group of rows, as the column's own type:
/// SummingMergeTree merges its numbers by `sumWithOverflow`.
pub fn merge_rows(
    function: &str,
    data_type: &DataType,
    column: &ArrayRef,
    groups: &[usize],
    group_count: usize,
) -> Result<ArrayRef> {
    let fit = fit(function, &[], &[super::without_low_cardinality(data_type)]);
    run(data_type, fit.map_err(|problem| Error::invalid(problem.message))?, column, groups, group_count)
}

fn run(data_type: &DataType, fit: Fit, column: &ArrayRef, groups: &[usize], group_count: usize) -> Result<ArrayRef> {
    let failed = |error: datafusion::error::DataFusionError| Error::corrupt(format!("{data_type} not merged: {error}"));
    let mut states = (fit.new)();
    states.resize(group_count);
    states.update(std::slice::from_ref(column), &Rows { groups, kept: None }).map_err(failed)?;
    let merged = states.finish(group_count).map_err(failed)?;
    if *merged.data_type() == data_type.to_arrow() {
        return Ok(merged);
    }
    cast_array(&merged, &fit.result, data_type, OnError::Default).map_err(failed)
}
