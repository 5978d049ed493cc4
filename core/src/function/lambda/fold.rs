//! `arrayFold`: a value that a lambda makes of the value so far and the next item.
//!
//! Step by step over all rows at once: the rows are put in the order of their lengths, longest first, so that
//! those that still have an item are always the first ones.

use super::{Body, Pending, capture};
use crate::function::array::equal_lengths;
use crate::function::definition::{Call, Mismatch};
use crate::function::scalar::{self, Input};
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Field, FieldRef};
use datafusion::common::{Column, Result as EngineResult, exec_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub(super) fn bind(pending: Pending, parameters: &[Column], body: Typed) -> Result<Typed, Mismatch> {
    let Pending { context, function, name, mut arguments, arrays, .. } = pending;
    let start = arguments.pop().expect("a fold is pending with its accumulator");
    if start.data_type != body.data_type {
        let call = Call { function, name, context, arguments };
        return Err(call.mismatch(format_args!(
            "needs a lambda that gives the accumulator's type {}, not {}",
            start.data_type, body.data_type
        )));
    }
    let constant = arrays.iter().chain([&start]).all(|argument| argument.constant().is_some());
    let (expr, captured) = capture(body.expr, parameters)?;
    let volatility = if expr.is_volatile() { Volatility::Volatile } else { Volatility::Immutable };
    let foldable = constant && captured.is_empty() && volatility == Volatility::Immutable;
    let fold = Fold {
        body: Body::new(expr),
        arrays: arrays.len(),
        result: start.data_type.clone(),
        signature: Signature::user_defined(volatility),
    };
    let arguments = arrays.into_iter().map(|array| array.expr).chain([start.expr]).chain(captured).collect();
    let call = ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(fold)), arguments);
    let typed = Typed::new(Expr::ScalarFunction(call), start.data_type);
    Ok(if foldable { scalar::fold(typed) } else { typed })
}

/// Arrays, the first value, then captured columns → the last value.
struct Fold {
    body: Body,
    arrays: usize,
    result: DataType,
    signature: Signature,
}

impl std::fmt::Debug for Fold {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "arrayFold of {} over {} arrays", self.body.expr, self.arrays)
    }
}

impl PartialEq for Fold {
    fn eq(&self, other: &Fold) -> bool {
        self.arrays == other.arrays && self.result == other.result && self.body.expr == other.body.expr
    }
}

impl Eq for Fold {}

impl Hash for Fold {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.arrays, &self.result, &self.body.expr).hash(state);
    }
}

impl ScalarUDFImpl for Fold {
    fn name(&self) -> &str {
        "arrayFold"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[Arrow]) -> EngineResult<Arrow> {
        Ok(self.result.to_arrow())
    }

    fn return_field_from_args(&self, _arguments: ReturnFieldArgs) -> EngineResult<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), self.result.to_arrow(), self.result.is_nullable())))
    }

    fn coerce_types(&self, types: &[Arrow]) -> EngineResult<Vec<Arrow>> {
        Ok(types.to_vec())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let all_constant = arguments.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)))
            && self.signature.volatility == Volatility::Immutable;
        let rows = if all_constant { 1 } else { arguments.number_rows };
        let columns = arguments.args.into_iter().map(scalar::column).collect::<EngineResult<Vec<_>>>()?;
        let input = Input { columns, types: &[], result: &self.result, rows, nulls: None, batch: 0 };
        let folded = self.fold(&input)?;
        if all_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&folded, 0)?));
        }
        Ok(ColumnarValue::Array(folded))
    }
}

impl Fold {
    fn fold(&self, input: &Input) -> EngineResult<ArrayRef> {
        let lists = (0..self.arrays).map(|index| input.lists(index)).collect::<EngineResult<Vec<_>>>()?;
        let lengths = equal_lengths("arrayFold", &lists, input.rows)?;
        let mut order: Vec<usize> = (0..input.rows).collect();
        order.sort_by_key(|row| std::cmp::Reverse(lengths[*row]));
        let longest = order.first().map_or(0, |row| lengths[*row]);
        if longest > limits::FOLD_ITEMS_MAX {
            return exec_err!("arrayFold goes through {} items at most, not {longest}", limits::FOLD_ITEMS_MAX);
        }
        let places = UInt64Array::from_iter_values(order.iter().map(|row| *row as u64));
        let in_order = |index: usize| Ok(compute::take(&input.expanded(index)?, &places, None)?);
        let mut value: ArrayRef = in_order(self.arrays)?;
        let captured = (self.arrays + 1..input.columns.len()).map(in_order).collect::<EngineResult<Vec<_>>>()?;
        // values of rows whose items are used up, shortest rows first
        let mut finished = Vec::new();
        let mut active = input.rows;
        for step in 0..longest {
            let still = order.partition_point(|row| lengths[*row] > step);
            if still < active {
                finished.push(value.slice(still, active - still));
                value = value.slice(0, still);
                active = still;
            }
            let mut parameters = vec![value];
            for list in &lists {
                let places = order[..active].iter().map(|row| (list.range(*row).start + step) as u64);
                parameters.push(compute::take(list.values(), &UInt64Array::from_iter_values(places), None)?);
            }
            let captured = captured.iter().map(|column| column.slice(0, active)).collect();
            value = self.body.evaluate(parameters, captured, active)?;
            if value.get_array_memory_size() > limits::FOLD_BYTES_MAX {
                return exec_err!("the accumulators of arrayFold grew beyond {} bytes", limits::FOLD_BYTES_MAX);
            }
        }
        finished.push(value);
        finished.reverse();
        let ordered = compute::concat(&finished.iter().map(AsRef::as_ref).collect::<Vec<_>>())?;
        let mut back = vec![0; input.rows];
        order.iter().enumerate().for_each(|(place, row)| back[*row] = place as u64);
        Ok(compute::take(&ordered, &UInt64Array::from(back), None)?)
    }
}
