//! Scalar functions that run aggregate functions: over one state, one row, or the items of arrays.

use super::fit::{Fit, fit, literal};
use super::states::Rows;
use super::wrap;
use crate::function::definition::{Call, Function, Mismatch, Nulls};
use crate::function::scalar::Input;
use crate::limits::ARRAY_ITEMS_MAX;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "finalizeAggregation",
        syntax: "finalizeAggregation(state)",
        summary: "The value of an aggregate state.",
        examples: &[("finalizeAggregation(initializeAggregation('sumState', 5))", "5")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..=1)?;
            let fit = of_state(&call.arguments[0].data_type).map_err(|problem| told_by(call, problem))?;
            Ok(call.kernel(finalize, fit.result))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "initializeAggregation",
        syntax: "initializeAggregation('function', x, …)",
        summary: "What an aggregate function makes of one row.",
        examples: &[
            ("initializeAggregation('uniq', 'a')", "1"),
            ("initializeAggregation('quantiles(0.5, 0.9)', 3)", "[3,3]"),
            ("toTypeName(initializeAggregation('sumState', 1))", "AggregateFunction(sum, UInt8)"),
        ],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(2..)?;
            let types: Vec<DataType> = call.arguments[1..].iter().map(|one| one.data_type.clone()).collect();
            let fit = named(call.constant_text(0)?, &types).map_err(|problem| told_by(call, problem))?;
            Ok(call.kernel(initialize, fit.result))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "arrayReduce",
        syntax: "arrayReduce('function', array, …)",
        summary: "What an aggregate function makes of the items of arrays.",
        examples: &[
            ("arrayReduce('sum', [1, 2, 3])", "6"),
            ("arrayReduce('quantiles(0.5, 0.9)', [1, 2, 3])", "[2,2.8000000000000003]"),
            ("arrayReduce('argMax', [1, 2, 3], ['a', 'c', 'b'])", "2"),
            ("arrayReduce('sumIf', [1, 2, 3], [1, 0, 1])", "4"),
        ],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(2..)?;
            Ok(call.kernel(reduce, over_items(call, 1)?.result))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "arrayReduceInRanges",
        syntax: "arrayReduceInRanges('function', ranges, array, …)",
        summary: "What an aggregate function makes of the items of arrays in each range, given as (start, length).",
        examples: &[
            ("arrayReduceInRanges('sum', [(1, 2), (2, 2)], [1, 2, 3, 4])", "[3,5]"),
            ("arrayReduceInRanges('count', [(-2, 5), (0, 1), (3, 9)], [1, 2, 3, 4])", "[2,0,2]"),
        ],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(3..)?;
            match call.item_type(1)?.bare() {
                DataType::Tuple(items) if items.len() == 2 && items.iter().all(|(_, one)| one.is_integer()) => {}
                _ => return Err(call.wrong_type(1)),
            }
            Ok(call.kernel(reduce_in_ranges, over_items(call, 2)?.result.array()))
        },
        ..Function::DEFAULT
    },
];

/// What is wrong with an aggregate function, told of the function that runs it.
fn told_by(call: &Call, problem: Mismatch) -> Mismatch {
    let code = if problem.code == "S0203" { "S0210" } else { problem.code };
    Mismatch { code, ..call.mismatch(problem.message) }
}

/// Fits `quantiles(0.5, 0.9)`, as it stands in a string.
fn named(text: &str, arguments: &[DataType]) -> Result<Fit, Mismatch> {
    let text = text.trim();
    let Some((name, rest)) = text.split_once('(') else { return fit(text, &[], arguments) };
    let inner = rest.trim_end().strip_suffix(')').unwrap_or(rest);
    let parameters = inner.split(',').filter(|one| !one.trim().is_empty()).map(literal).collect::<Option<Vec<_>>>();
    let parameters = parameters.ok_or_else(|| Mismatch::new(format!("cannot read the parameters of {text:?}")))?;
    fit(name.trim(), &parameters, arguments)
}

fn of_state(data_type: &DataType) -> Result<Fit, Mismatch> {
    let DataType::AggregateFunction(of) = data_type.bare() else {
        return Err(Mismatch::new(format!("does not take {data_type}: it is no aggregate state")));
    };
    let parameters: Vec<ScalarValue> = of.parameters.iter().filter_map(|text| literal(text)).collect();
    fit(&format!("{}Merge", of.function), &parameters, &[data_type.bare().clone()])
}

fn over_items(call: &Call, first: usize) -> Result<Fit, Mismatch> {
    let items = (first..call.arguments.len()).map(|index| call.item_type(index).cloned());
    let items = items.collect::<Result<Vec<_>, _>>()?;
    named(call.constant_text(0)?, &items).map_err(|problem| told_by(call, problem))
}

fn mismatched(problem: Mismatch) -> datafusion::error::DataFusionError {
    exec_datafusion_err!("{}", problem.message)
}

/// The function that the first argument names, over these types.
fn function_of(input: &Input, arguments: &[DataType]) -> EngineResult<Fit> {
    let name = input.columns[0].array.as_string_view_opt();
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| exec_datafusion_err!("a function without a name"))?;
    named(name.value(0), arguments).map_err(mismatched)
}

fn item_types(types: &[DataType]) -> EngineResult<Vec<DataType>> {
    let item = |one: &DataType| match one.bare() {
        DataType::Array(item) => Ok(item.as_ref().clone()),
        other => exec_err!("expected an array, not {other}"),
    };
    types.iter().map(item).collect()
}

fn expanded(input: &Input, first: usize) -> EngineResult<Vec<ArrayRef>> {
    (first..input.columns.len()).map(|index| input.expanded(index)).collect()
}

fn finalize(input: &Input) -> EngineResult<ArrayRef> {
    let fit = of_state(&input.types[0]).map_err(mismatched)?;
    each_row(&fit, &expanded(input, 0)?, input.rows)
}

fn initialize(input: &Input) -> EngineResult<ArrayRef> {
    let fit = function_of(input, &input.types[1..])?;
    each_row(&fit, &expanded(input, 1)?, input.rows)
}

/// Each row as a group of its own.
fn each_row(fit: &Fit, columns: &[ArrayRef], rows: usize) -> EngineResult<ArrayRef> {
    let groups: Vec<usize> = (0..rows).collect();
    let mut states = (fit.new)();
    states.resize(rows);
    states.update(columns, &Rows { groups: &groups, kept: None })?;
    states.finish(rows)
}

fn reduce(input: &Input) -> EngineResult<ArrayRef> {
    let fit = function_of(input, &item_types(&input.types[1..])?)?;
    let groups: Vec<usize> = (0..input.rows).collect();
    let mut states = wrap::array((fit.new)());
    states.resize(input.rows);
    states.update(&expanded(input, 1)?, &Rows { groups: &groups, kept: None })?;
    states.finish(input.rows)
}

fn reduce_in_ranges(input: &Input) -> EngineResult<ArrayRef> {
    let fit = function_of(input, &item_types(&input.types[2..])?)?;
    let ranges = input.expanded(1)?;
    let ranges = ranges.as_list::<i32>();
    let bounds = ranges.values().as_struct();
    let starts = crate::function::convert::bits(bounds.column(0))?;
    let lengths = crate::function::convert::bits(bounds.column(1))?;
    let columns = expanded(input, 2)?;
    let groups: Vec<usize> = (0..input.rows).collect();
    // also checks that the arrays of a row are of one length
    let flat = wrap::flat(&columns, &Rows { groups: &groups, kept: None })?;
    let mut first_of_row = vec![0usize; input.rows + 1];
    flat.rows.iter().for_each(|row| first_of_row[*row as usize + 1] += 1);
    (0..input.rows).for_each(|row| first_of_row[row + 1] += first_of_row[row]);
    let (mut chosen, mut slots) = (Vec::new(), Vec::new());
    for row in 0..input.rows {
        let count = first_of_row[row + 1] - first_of_row[row];
        for range in ranges.value_offsets()[row]..ranges.value_offsets()[row + 1] {
            let range = range as usize;
            let (from, to) = span(starts.value(range), lengths.value(range), count);
            if chosen.len() + (to - from) > ARRAY_ITEMS_MAX {
                return exec_err!("the ranges of arrayReduceInRanges have more than {ARRAY_ITEMS_MAX} items together");
            }
            chosen.extend((first_of_row[row] + from..first_of_row[row] + to).map(|place| place as u32));
            slots.extend(std::iter::repeat_n(range, to - from));
        }
    }
    let chosen = UInt32Array::from(chosen);
    let taken = flat.columns.iter().map(|column| Ok(compute::take(column, &chosen, None)?));
    let taken = taken.collect::<EngineResult<Vec<_>>>()?;
    let mut states = (fit.new)();
    states.resize(bounds.len());
    if !slots.is_empty() {
        states.update(&taken, &Rows { groups: &slots, kept: None })?;
    }
    let values = states.finish(bounds.len())?;
    let (first, last) = (ranges.value_offsets()[0], ranges.value_offsets()[input.rows]);
    let offsets: Vec<i32> = ranges.value_offsets().iter().map(|offset| offset - first).collect();
    let values = values.slice(first as usize, (last - first) as usize);
    let field = Arc::new(fit.result.to_field("item"));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::new(ScalarBuffer::from(offsets)), values, None)?))
}

/// `(start, length)` counted from 1, or from the end if negative, as places of an array of so many items.
fn span(start: i64, length: i64, count: usize) -> (usize, usize) {
    let count = count as i128;
    let from = match i128::from(start) {
        0 => return (0, 0),
        start if start > 0 => start - 1,
        start => count + start,
    };
    let to = (from + i128::from(length.max(0))).clamp(0, count);
    let from = from.clamp(0, to);
    (from as usize, to as usize)
}
