//! Higher-order functions: a lambda, and arrays or a map, to the items of which it is applied.
//!
//! ```text
//!  arrayFilter((x, y) -> x > y + limit, a, b)
//!    pending     the types of the items of a and b are those of x and y
//!    (binder)    binds the body, with x and y as columns
//!    bind        filter(mapping(a, b, limit), a, b)
//! ```
//!
//! The mapping is one function of the engine: it lays the items of all rows one after the other, repeats the
//! values of the row for each (`limit` here), computes the body over them as over any batch, and cuts the result
//! into arrays again. What the body reads of the row is an argument of the mapping, so that the optimizer and
//! GROUP BY see it. All functions but `arrayFold` are made of the mapping and of a function of plain arrays.

mod fold;

use super::array::{check_items, equal_lengths, items};
use super::definition::{Call, Context, Function, Mismatch, Takes};
use super::scalar::{self, Input};
use super::table;
use super::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Field, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result as EngineResult, exec_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::scalar::ScalarValue;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// A lambda whose body is bound: it reads its parameters as these columns, which nothing else is called.
pub struct Lambda {
    pub parameters: Vec<Column>,
    pub body: Typed,
}

/// A call whose lambda is still to be bound.
pub struct Pending<'a> {
    context: &'a Context,
    function: &'static Function,
    name: &'a str,
    arguments: Vec<Typed>,
    /// What the lambda is applied to.
    arrays: Vec<Typed>,
    /// The type of the map that it is applied to.
    map: Option<DataType>,
    /// The types of the lambda's parameters.
    pub parameters: Vec<DataType>,
}

/// Looks at a call of `name` with a lambda of `count` parameters, and with these arguments after it.
pub fn pending<'a>(
    context: &'a Context,
    name: &'a str,
    arguments: Vec<Typed>,
    count: usize,
) -> Result<Pending<'a>, Mismatch> {
    let function = table::find(name).ok_or_else(|| scalar::unknown(name))?;
    let mut arguments: Vec<Typed> = arguments.into_iter().map(Typed::into_value).collect();
    let is_map = |argument: &&Typed| matches!(argument.data_type, DataType::Map(..));
    let map = arguments.iter().find(is_map).map(|map| map.data_type.clone()).filter(|_| name == "mapFilter");
    for argument in &mut arguments {
        argument.data_type = argument.data_type.without_low_cardinality();
    }
    let call = Call { function, name, context, arguments };
    let Some(higher) = &function.lambda else {
        return Err(call.mismatch("does not take a lambda"));
    };
    let is_fold = higher.takes == Takes::Accumulator;
    let mut arrays = match higher.takes {
        Takes::Items(before) => call.arguments.get(before..).unwrap_or_default().to_vec(),
        Takes::Entries(before) => match call.arguments.get(before..) {
            Some([map]) => vec![entries(&call, map)?],
            _ => return Err(call.mismatch("takes a lambda and one map")),
        },
        Takes::Accumulator => call.arguments.split_last().map(|(_, arrays)| arrays.to_vec()).unwrap_or_default(),
    };
    if arrays.is_empty() {
        return Err(call.mismatch("needs an array after its lambda"));
    }
    let wanted = count - usize::from(is_fold && count > 0);
    if arrays.len() == 1 && wanted > 1 {
        arrays = items_of_tuples(&call, &arrays[0], wanted)?;
    }
    if arrays.len() != wanted {
        let parameters = arrays.len() + usize::from(is_fold);
        return Err(call.mismatch(format_args!("needs a lambda with {parameters} parameters, not {count}")));
    }
    let mut parameters: Vec<DataType> = Vec::with_capacity(count);
    if is_fold {
        parameters.extend(call.arguments.last().map(|start| start.data_type.clone()));
    }
    for array in &arrays {
        match array.data_type.bare() {
            DataType::Array(item) => parameters.push(item.as_ref().clone()),
            other => return Err(call.mismatch(format_args!("applies its lambda to arrays, not to {other}"))),
        }
    }
    Ok(Pending { context, function, name, arguments: call.arguments, arrays, map, parameters })
}

/// A map as an array of its keys and values.
fn entries(call: &Call, map: &Typed) -> Result<Typed, Mismatch> {
    let DataType::Map(key, value) = map.data_type.bare() else {
        return Err(call.mismatch(format_args!("applies its lambda to a map, not to {}", map.data_type)));
    };
    let pair =
        vec![(Some("keys".to_owned()), key.as_ref().clone()), (Some("values".to_owned()), value.as_ref().clone())];
    super::cast(map.clone(), &DataType::Tuple(pair).array())
}

/// `(x, y) -> …` over one array of pairs takes the pairs apart.
fn items_of_tuples(call: &Call, array: &Typed, count: usize) -> Result<Vec<Typed>, Mismatch> {
    match array.data_type.bare() {
        DataType::Array(item) if matches!(item.bare(), DataType::Tuple(items) if items.len() == count) => (1..=count)
            .map(|place| {
                let place = super::literal(ScalarValue::UInt64(Some(place as u64)), DataType::UInt64);
                scalar::delegate(call, "tupleElement", vec![array.clone(), place])
            })
            .collect(),
        _ => Ok(vec![array.clone()]),
    }
}

impl Pending<'_> {
    pub fn bind(self, lambda: Lambda) -> Result<Typed, Mismatch> {
        let higher = self.function.lambda.as_ref().expect("a pending call has a lambda");
        let Lambda { parameters, body } = lambda;
        let mut body = body.into_value();
        body.data_type = body.data_type.without_low_cardinality();
        if higher.takes == Takes::Accumulator {
            return fold::bind(self, &parameters, body);
        }
        let mapped = mapping(self.function.name, self.arrays, &parameters, body)?;
        let arguments = std::iter::once(mapped).chain(self.arguments).collect();
        let bound = scalar::bind_by(self.context, self.function, self.name, arguments, higher.bind)?;
        // some of a map's entries are a map of its type, LowCardinality and all
        match self.map {
            Some(map) if map.without_low_cardinality() == bound.data_type => Ok(Typed { data_type: map, ..bound }),
            _ => Ok(bound),
        }
    }
}

/// What the body gives for each item, as an array.
fn mapping(function: &'static str, arrays: Vec<Typed>, parameters: &[Column], body: Typed) -> Result<Typed, Mismatch> {
    let constant = arrays.iter().all(|array| array.constant().is_some());
    let (expr, captured) = capture(body.expr, parameters)?;
    let volatility = if expr.is_volatile() { Volatility::Volatile } else { Volatility::Immutable };
    let foldable = constant && captured.is_empty() && volatility == Volatility::Immutable;
    let mapping = Mapping {
        function,
        body: Body::new(expr),
        arrays: arrays.len(),
        result: body.data_type.array(),
        signature: Signature::user_defined(volatility),
    };
    let result = mapping.result.clone();
    let arguments = arrays.into_iter().map(|array| array.expr).chain(captured).collect();
    let call = ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(mapping)), arguments);
    let typed = Typed::new(Expr::ScalarFunction(call), result);
    Ok(if foldable { scalar::fold(typed) } else { typed })
}

/// The body with its parameters as the columns `p0`, `p1` … and what it reads of the row as `c0`, `c1` …, which
/// stand for the expressions that are returned beside it.
fn capture(body: Expr, parameters: &[Column]) -> Result<(Expr, Vec<Expr>), Mismatch> {
    let mut captures = Captures { parameters, expressions: Vec::new() };
    let body = captures.replace(body, true).map_err(|error| Mismatch::new(error.to_string()))?;
    Ok((body, captures.expressions))
}

struct Captures<'a> {
    parameters: &'a [Column],
    expressions: Vec<Expr>,
}

impl Captures<'_> {
    /// `whole`: what depends on the row alone is computed once for the row, as a whole. Not so in a branch, which
    /// may be there to keep it from being computed.
    fn replace(&mut self, expr: Expr, whole: bool) -> EngineResult<Expr> {
        if let Expr::Column(column) = &expr
            && let Some(index) = self.parameters.iter().position(|parameter| parameter == column)
        {
            return Ok(Expr::Column(Column::new_unqualified(format!("p{index}"))));
        }
        if is_of_the_row(&expr) || (whole && self.depends_on_the_row_alone(&expr)) {
            let known = self.expressions.iter().position(|known| *known == expr);
            let index = known.unwrap_or_else(|| {
                self.expressions.push(expr);
                self.expressions.len() - 1
            });
            return Ok(Expr::Column(Column::new_unqualified(format!("c{index}"))));
        }
        let whole = whole
            && match &expr {
                Expr::Case(_) => false,
                Expr::BinaryExpr(binary) => !matches!(binary.op, Operator::And | Operator::Or),
                _ => true,
            };
        Ok(expr.map_children(|child| Ok(Transformed::yes(self.replace(child, whole)?)))?.data)
    }

    fn depends_on_the_row_alone(&self, expr: &Expr) -> bool {
        let reads_parameter = expr
            .exists(|part| Ok(matches!(part, Expr::Column(column) if self.parameters.contains(column))))
            .unwrap_or(true);
        let reads_row = expr.exists(|part| Ok(is_of_the_row(part))).unwrap_or(false);
        reads_row && !reads_parameter && !expr.is_volatile()
    }
}

/// What the engine computes for rows, and never inside a lambda.
fn is_of_the_row(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Column(_)
            | Expr::OuterReferenceColumn(..)
            | Expr::ScalarSubquery(_)
            | Expr::Exists(_)
            | Expr::AggregateFunction(_)
            | Expr::WindowFunction(_)
            | Expr::Placeholder(_)
    )
}

/// A lambda's body, made executable when the columns are there.
struct Body {
    expr: Expr,
    compiled: OnceLock<Arc<dyn PhysicalExpr>>,
}

impl Body {
    fn new(expr: Expr) -> Body {
        Body { expr, compiled: OnceLock::new() }
    }

    /// The body over `parameters` as `p0` … and `captured` as `c0` …
    fn evaluate(&self, parameters: Vec<ArrayRef>, captured: Vec<ArrayRef>, rows: usize) -> EngineResult<ArrayRef> {
        let named = |prefix: &'static str, columns: &[ArrayRef]| {
            let types: Vec<Arrow> = columns.iter().map(|column| column.data_type().clone()).collect();
            types.into_iter().enumerate().map(move |(index, arrow)| Field::new(format!("{prefix}{index}"), arrow, true))
        };
        let fields: Vec<Field> = named("p", &parameters).chain(named("c", &captured)).collect();
        let schema = Arc::new(Schema::new(fields));
        let compiled = match self.compiled.get() {
            Some(compiled) => compiled,
            None => {
                let columns = DFSchema::try_from(schema.clone())?;
                let compiled = create_physical_expr(&self.expr, &columns, &Default::default(), &Default::default())?;
                self.compiled.get_or_init(|| compiled)
            }
        };
        let columns = parameters.into_iter().chain(captured).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)?;
        compiled.evaluate(&batch)?.into_array(rows)
    }
}

/// Arrays, then captured columns → arrays of what the body gives.
struct Mapping {
    /// The function as the user knows it.
    function: &'static str,
    body: Body,
    arrays: usize,
    result: DataType,
    signature: Signature,
}

impl std::fmt::Debug for Mapping {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} of {} over {} arrays", self.function, self.body.expr, self.arrays)
    }
}

impl PartialEq for Mapping {
    fn eq(&self, other: &Mapping) -> bool {
        self.arrays == other.arrays && self.result == other.result && self.body.expr == other.body.expr
    }
}

impl Eq for Mapping {}

impl Hash for Mapping {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.arrays, &self.result, &self.body.expr).hash(state);
    }
}

impl ScalarUDFImpl for Mapping {
    fn name(&self) -> &str {
        "arrayMap"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[Arrow]) -> EngineResult<Arrow> {
        Ok(self.result.to_arrow())
    }

    fn return_field_from_args(&self, _arguments: ReturnFieldArgs) -> EngineResult<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), self.result.to_arrow(), false)))
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
        let mapped = self.map(&input)?;
        if all_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&mapped, 0)?));
        }
        Ok(ColumnarValue::Array(mapped))
    }
}

impl Mapping {
    fn map(&self, input: &Input) -> EngineResult<ArrayRef> {
        let lists = (0..self.arrays).map(|index| input.lists(index)).collect::<EngineResult<Vec<_>>>()?;
        let lengths = equal_lengths(self.function, &lists, input.rows)?;
        let total: usize = lengths.iter().sum();
        check_items(total)?;
        let parameters = lists.iter().map(|list| items(list, &lengths)).collect::<EngineResult<Vec<_>>>()?;
        let captured = &input.columns[self.arrays..];
        let rows: Option<UInt64Array> = captured
            .iter()
            .any(|column| !column.is_constant)
            .then(|| lengths.iter().enumerate().flat_map(|(row, length)| repeated(row, *length)).collect());
        let mut pieces = Vec::new();
        for start in (0..total).step_by(limits::LAMBDA_BATCH_ITEMS) {
            let length = limits::LAMBDA_BATCH_ITEMS.min(total - start);
            let parameters = parameters.iter().map(|items| items.slice(start, length)).collect();
            let captured = captured
                .iter()
                .map(|column| match &rows {
                    Some(rows) if !column.is_constant => {
                        Ok(compute::take(&column.array, &rows.slice(start, length), None)?)
                    }
                    _ => ScalarValue::try_from_array(&column.array, 0)?.to_array_of_size(length),
                })
                .collect::<EngineResult<Vec<_>>>()?;
            pieces.push(self.body.evaluate(parameters, captured, length)?);
        }
        let values = match pieces.as_slice() {
            [] => new_empty_array(&item_of(&self.result)?.to_arrow()),
            [one] => one.clone(),
            many => compute::concat(&many.iter().map(AsRef::as_ref).collect::<Vec<_>>())?,
        };
        input.list_of(lengths, values)
    }
}

fn repeated(row: usize, length: usize) -> impl Iterator<Item = u64> {
    std::iter::repeat_n(row as u64, length)
}

fn item_of(array: &DataType) -> EngineResult<&DataType> {
    match array {
        DataType::Array(item) => Ok(item),
        other => exec_err!("{other} is no array"),
    }
}

/// A call of a function with a lambda, from inside a `bind`: `body` gets the lambda's parameters.
pub(crate) fn with_lambda(
    context: &Context,
    name: &str,
    arguments: Vec<Typed>,
    count: usize,
    body: impl FnOnce(Vec<Typed>) -> Result<Typed, Mismatch>,
) -> Result<Typed, Mismatch> {
    let pending = pending(context, name, arguments, count)?;
    // no other column is called so, and a body that a `bind` makes holds no other lambda
    let parameters: Vec<Column> =
        (0..count).map(|index| Column::new_unqualified(format!("parameter {index} of {name}"))).collect();
    let values = parameters.iter().zip(&pending.parameters);
    let values = values.map(|(column, data_type)| Typed::new(Expr::Column(column.clone()), data_type.clone()));
    let body = body(values.collect())?;
    pending.bind(Lambda { parameters, body })
}
