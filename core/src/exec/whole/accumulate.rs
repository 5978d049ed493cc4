//! Aggregate functions over window frames.

use super::frame::Partition;
use super::window::Sorted;
use crate::error::Error;
use crate::limits::WINDOW_STEPS_MAX;
use crate::plan::node::{Bound, WindowCall};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::compute::{filter, take};
use arrow::datatypes::{Field, Schema};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Accumulator, AggregateUDF};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use datafusion::physical_expr::expressions::Column;
use datafusion::scalar::ScalarValue;
use std::ops::Range;
use std::sync::Arc;

/// The value of each row's frame. Frames that only grow are added to; any other frame is read anew, as in
/// ClickHouse, unless taking rows away again is exact.
pub(super) fn run(udaf: &Arc<AggregateUDF>, distinct: bool, call: &WindowCall, sorted: &Sorted) -> Result<ArrayRef> {
    let function = function(udaf, distinct, sorted)?;
    let mut walk = Walk {
        retracts: retracts(&function, sorted),
        function,
        arguments: &sorted.arguments,
        condition: sorted.filter.as_ref().map(|filter| filter.as_boolean()),
        values: Vec::new(),
        places: Vec::new(),
        steps: 0,
    };
    for partition in sorted.partitions() {
        walk.partition(&partition, call)?;
    }
    if walk.values.is_empty() {
        return Ok(arrow::array::new_empty_array(&call.result));
    }
    let values = ScalarValue::iter_to_array(walk.values)?;
    Ok(take(&values, &UInt32Array::from(walk.places), None)?)
}

fn function(udaf: &Arc<AggregateUDF>, distinct: bool, sorted: &Sorted) -> Result<AggregateFunctionExpr> {
    let fields = sorted.arguments.iter().enumerate();
    let fields = fields.map(|(at, array)| Field::new(format!("a{at}"), array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns =
        (0..sorted.arguments.len()).map(|at| Arc::new(Column::new(&format!("a{at}"), at)) as Arc<dyn PhysicalExpr>);
    AggregateExprBuilder::new(udaf.clone(), columns.collect())
        .schema(schema)
        .alias("value")
        .with_distinct(distinct)
        .build()
}

/// Rows can be taken away without a trace: of whole numbers, where the function knows how.
fn retracts(function: &AggregateFunctionExpr, sorted: &Sorted) -> bool {
    let exact = sorted.arguments.iter().all(|argument| argument.data_type().is_integer());
    exact && function.create_sliding_accumulator().is_ok_and(|accumulator| accumulator.supports_retract_batch())
}

struct Walk<'a> {
    function: AggregateFunctionExpr,
    retracts: bool,
    arguments: &'a [ArrayRef],
    condition: Option<&'a BooleanArray>,
    values: Vec<ScalarValue>,
    /// For each row, which of the values is its own.
    places: Vec<u32>,
    steps: usize,
}

impl Walk<'_> {
    fn partition(&mut self, partition: &Partition, call: &WindowCall) -> Result<()> {
        let slides = self.retracts && call.frame.start != Bound::UnboundedPreceding;
        let mut accumulator = self.accumulator(slides)?;
        let mut seen: Option<Range<usize>> = None;
        for row in partition.rows.clone() {
            let frame = partition.frame(&call.frame, row);
            if seen.as_ref() == Some(&frame) {
                self.places.push(self.values.len() as u32 - 1);
                continue;
            }
            match &seen {
                None => self.update(accumulator.as_mut(), frame.clone())?,
                Some(before) if before.start == frame.start && before.end <= frame.end => {
                    self.update(accumulator.as_mut(), before.end..frame.end)?;
                }
                Some(before) if slides && before.end <= frame.end && before.end >= frame.start => {
                    self.update(accumulator.as_mut(), before.end..frame.end)?;
                    let gone = self.columns(before.start..frame.start)?;
                    accumulator.retract_batch(&gone)?;
                }
                Some(_) => {
                    accumulator = self.accumulator(slides)?;
                    self.update(accumulator.as_mut(), frame.clone())?;
                }
            }
            self.values.push(accumulator.evaluate()?);
            self.places.push(self.values.len() as u32 - 1);
            seen = Some(frame);
        }
        Ok(())
    }

    fn accumulator(&self, slides: bool) -> Result<Box<dyn Accumulator>> {
        if slides { self.function.create_sliding_accumulator() } else { self.function.create_accumulator() }
    }

    fn update(&mut self, accumulator: &mut dyn Accumulator, rows: Range<usize>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.steps += rows.len();
        if self.steps > WINDOW_STEPS_MAX {
            let message = format!("the frames of a window hold more than {WINDOW_STEPS_MAX} rows in all");
            return Err(DataFusionError::External(Box::new(Error::limit(message))));
        }
        let columns = self.columns(rows)?;
        accumulator.update_batch(&columns)
    }

    fn columns(&self, rows: Range<usize>) -> Result<Vec<ArrayRef>> {
        let slices = self.arguments.iter().map(|argument| argument.slice(rows.start, rows.len()));
        match self.condition {
            None => Ok(slices.collect()),
            Some(condition) => {
                let condition = condition.slice(rows.start, rows.len());
                Ok(slices.map(|slice| filter(&slice, &condition)).collect::<Result<_, _>>()?)
            }
        }
    }
}
