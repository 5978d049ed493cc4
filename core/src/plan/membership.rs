//! `IN` of a subquery or a table: the rows of the right side are gathered into a set once, and every row of the
//! left side asks the set, wherever the expression stands. As in ClickHouse the set is what is kept in memory,
//! and rows keep their order.

use super::expression::Expressions;
use super::relation::typed;
use super::scope::{Cte, Ctes, Lookup};
use super::trouble::mismatch;
use super::{Binder, Output, Trouble};
use crate::function::{self, Typed};
use crate::sql::{Problem, exception};
use crate::value::{DataType, supertype};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::{DataType as Arrow, Field, Fields};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DFSchema, DFSchemaRef, Result as EngineResult, internal_err};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, Extension, LogicalPlan, LogicalPlanBuilder, Operator, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Subquery, UserDefinedLogicalNodeCore, Volatility,
};
use datafusion::scalar::ScalarValue;
use sqlparser::ast;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A subquery of an expression that is bound already.
pub(super) struct Known {
    /// Of the text it stands in.
    depth: usize,
    query: ast::Query,
    ctes: Ctes,
    output: Output,
}

impl Expressions<'_, '_> {
    /// `x IN (name)`, where the name is a table's and no expression's.
    pub(super) fn in_table(
        &mut self,
        needle: &ast::Expr,
        list: &[ast::Expr],
        negated: bool,
        span: &Range<usize>,
    ) -> Result<Option<Typed>, Trouble> {
        let parts: Vec<&str> = match list {
            [ast::Expr::Identifier(name)] => vec![&name.value],
            [ast::Expr::CompoundIdentifier(parts)] => parts.iter().map(|part| part.value.as_str()).collect(),
            _ => return Ok(None),
        };
        let is_expression = match parts.as_slice() {
            [name] => {
                self.scope.aliases.contains_key(*name)
                    || matches!(self.scope.column(name), Lookup::Found(_))
                    || matches!(self.ctes.find(name), Some((Cte::Expression(_), _)))
            }
            [.., relation, column] => {
                !matches!(self.scope.qualified(relation, column), Lookup::Missing)
                    || matches!(self.scope.column(relation), Lookup::Found(_))
            }
            [] => true,
        };
        if is_expression {
            return Ok(None);
        }
        let needle = self.bind(needle)?.into_value();
        let output = self.binder.named(&parts, span.clone(), self.ctes).map_err(|trouble| match trouble {
            Trouble::Here(problem) if problem.exception_code == exception::UNKNOWN_TABLE => {
                Trouble::Here(Problem { exception_code: exception::UNKNOWN_IDENTIFIER, ..problem })
            }
            other => other,
        })?;
        self.binder.in_output(needle, output, negated, span.clone()).map(Some)
    }

    pub(super) fn in_subquery(
        &mut self,
        needle: &ast::Expr,
        query: &ast::Query,
        negated: bool,
        span: Range<usize>,
    ) -> Result<Typed, Trouble> {
        let needle = self.bind(needle)?.into_value();
        let output = self.subquery(query)?;
        self.binder.in_output(needle, output, negated, span)
    }

    /// `a <=> b`, `a IS NOT DISTINCT FROM b`: NULL equals NULL.
    pub(super) fn same(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        negated: bool,
        span: Range<usize>,
    ) -> Result<Typed, Trouble> {
        let sides = [self.bind(left)?.into_value(), self.bind(right)?.into_value()];
        let common = supertype(&sides.each_ref().map(|side| side.data_type.clone()))
            .map_err(|message| Trouble::Here(Problem::new("S0207", exception::NO_COMMON_TYPE, span, message)))?;
        let [left, right] = sides.map(|side| Box::new(function::widen(side, &common).expr));
        let op = if negated { Operator::IsDistinctFrom } else { Operator::IsNotDistinctFrom };
        let expr = Expr::BinaryExpr(BinaryExpr { left, op, right });
        Ok(Typed { expr, data_type: DataType::UInt8, is_predicate: true })
    }
}

impl Binder<'_> {
    /// A subquery of an expression. The same one, met again because an alias or a key names it, is the same
    /// expression.
    pub(super) fn expression_subquery(&mut self, query: &ast::Query, ctes: &Ctes) -> Result<Output, Trouble> {
        let depth = self.frames.len();
        let is_same = |known: &&Known| known.depth == depth && known.query == *query && known.ctes.is(ctes);
        if let Some(known) = self.subqueries.iter().find(is_same) {
            return Ok(known.output.clone());
        }
        let output = self.query(query, ctes)?;
        self.subqueries.retain(|known| known.depth <= depth);
        self.subqueries.push(Known { depth, query: query.clone(), ctes: ctes.clone(), output: output.clone() });
        Ok(output)
    }

    fn in_output(
        &mut self,
        needle: Typed,
        output: Output,
        negated: bool,
        span: Range<usize>,
    ) -> Result<Typed, Trouble> {
        let nullable = needle.data_type.is_nullable();
        if *needle.data_type.bare() == DataType::Nothing {
            return Ok(Typed { expr: Expr::Literal(ScalarValue::Null, None), ..needle });
        }
        let needles = match (needle.data_type.bare(), output.columns.as_slice()) {
            (_, [_]) => vec![needle],
            (DataType::Tuple(items), columns) if items.len() == columns.len() => self.items_of(needle, &span)?,
            (data_type, columns) => {
                let ours = if let DataType::Tuple(items) = data_type { items.len() } else { 1 };
                let message = format!("IN compares {ours} values with the {} columns of its right side", columns.len());
                let code = exception::NUMBER_OF_COLUMNS_DOESNT_MATCH;
                return Err(Trouble::Here(Problem::new("S0204", code, span, message)));
            }
        };
        let mut needles_of = Vec::with_capacity(needles.len());
        let mut columns = Vec::with_capacity(needles.len());
        for (needle, column) in needles.into_iter().zip(&output.columns) {
            let column = typed(column);
            let (needle, column) = match supertype(&[needle.data_type.clone(), column.data_type.clone()]) {
                Ok(common) => (function::widen(needle, &common), function::widen(column, &common)),
                // what is no value of the needle's type never matches
                Err(_) => {
                    let to = without_null(&needle.data_type);
                    let arguments =
                        vec![column, function::literal(ScalarValue::from(to.to_string()), DataType::String)];
                    let cast = function::call(&self.environment.context, "accurateCastOrNull", arguments)
                        .map_err(|problem| mismatch(problem, span.clone()))?;
                    (needle, cast)
                }
            };
            needles_of.push(needle.expr);
            // the same names each time, so that the same subquery is the same expression
            columns.push(column.expr.alias(format!("item {}", columns.len())));
        }
        let rows = LogicalPlanBuilder::from(output.plan).project(columns)?.build()?;
        let found = is_member(needles_of, rows)?;
        let expr = if negated { Expr::Not(Box::new(found)) } else { found };
        let data_type = if nullable { DataType::UInt8.nullable() } else { DataType::UInt8 };
        Ok(Typed { expr, data_type, is_predicate: true })
    }

    /// The items of a tuple, each as a value of its own.
    fn items_of(&mut self, tuple: Typed, span: &Range<usize>) -> Result<Vec<Typed>, Trouble> {
        if let Some(items) = function::tuple_items(&tuple) {
            return Ok(items.into_iter().map(Typed::into_value).collect());
        }
        let DataType::Tuple(items) = tuple.data_type.bare().clone() else { return Ok(vec![tuple]) };
        let element = |index: usize| {
            let place = function::literal(ScalarValue::UInt8(Some(index as u8 + 1)), DataType::UInt8);
            function::call(&self.environment.context, "tupleElement", vec![tuple.clone(), place])
                .map(Typed::into_value)
                .map_err(|problem| mismatch(problem, span.clone()))
        };
        (0..items.len()).map(element).collect()
    }
}

/// Whether the plan has a row of these values. NULL in a single value gives NULL; among several it equals NULL.
pub(super) fn is_member(mut needles: Vec<Expr>, rows: LogicalPlan) -> Result<Expr, Trouble> {
    let is_single = needles.len() == 1;
    needles.push(gathered(rows)?);
    let signature = Signature::user_defined(Volatility::Immutable);
    Ok(ScalarUDF::new_from_impl(Member { is_single, signature, set: Mutex::default() }).call(needles))
}

/// All different rows of a plan, as one value.
pub(super) fn gathered(rows: LogicalPlan) -> Result<Expr, Trouble> {
    let set = LogicalPlan::Extension(Extension { node: Arc::new(GatherSet::new(rows)?) });
    Ok(Expr::ScalarSubquery(Subquery {
        subquery: Arc::new(set),
        outer_ref_columns: Vec::new(),
        spans: Default::default(),
    }))
}

fn without_null(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Nullable(inner) | DataType::LowCardinality(inner) => without_null(inner),
        other => other.clone(),
    }
}

/// The operator: one row, whose only column is the array of all different rows of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GatherSet {
    input: LogicalPlan,
    schema: DFSchemaRef,
}

impl GatherSet {
    fn new(input: LogicalPlan) -> EngineResult<GatherSet> {
        let fields: Fields = input.schema().fields().iter().cloned().collect();
        let field = Field::new("set", set_type(fields), false);
        let schema = DFSchema::from_unqualified_fields(vec![field].into(), HashMap::new())?;
        Ok(GatherSet { input, schema: Arc::new(schema) })
    }
}

/// How the gathered rows of these columns lie.
pub(crate) fn set_type(columns: Fields) -> Arrow {
    Arrow::List(Arc::new(Field::new("item", Arrow::Struct(columns), false)))
}

impl PartialOrd for GatherSet {
    fn partial_cmp(&self, other: &GatherSet) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for GatherSet {
    fn name(&self) -> &str {
        "GatherSet"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("GatherSet")
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> EngineResult<GatherSet> {
        match inputs.pop() {
            Some(input) => GatherSet::new(input),
            None => internal_err!("a GatherSet has one input"),
        }
    }
}

/// Rows as comparable bytes.
type Set = HashSet<Box<[u8]>>;

/// The engine's function: is a row in a set? The set is the last argument, and the same for all batches.
struct Member {
    is_single: bool,
    signature: Signature,
    set: Mutex<Option<(ArrayRef, Arc<Set>)>>,
}

impl fmt::Debug for Member {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.name())
    }
}

impl PartialEq for Member {
    fn eq(&self, other: &Member) -> bool {
        self.is_single == other.is_single
    }
}

impl Eq for Member {}

impl Hash for Member {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is_single.hash(state);
    }
}

impl Member {
    fn set(&self, rows: &ArrayRef) -> EngineResult<Arc<Set>> {
        let mut known = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((array, set)) = &*known
            && Arc::ptr_eq(array, rows)
        {
            return Ok(set.clone());
        }
        let columns = rows.as_list::<i32>().value(0).as_struct().columns().to_vec();
        let rows_of_set = comparable(&columns)?;
        let set: Arc<Set> = Arc::new(rows_of_set.iter().map(|row| row.as_ref().into()).collect());
        *known = Some((rows.clone(), set.clone()));
        Ok(set)
    }
}

pub(super) fn comparable(columns: &[ArrayRef]) -> EngineResult<arrow::row::Rows> {
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
    Ok(RowConverter::new(fields.collect())?.convert_columns(columns)?)
}

impl ScalarUDFImpl for Member {
    fn name(&self) -> &str {
        "in_set"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[Arrow]) -> EngineResult<Arrow> {
        Ok(Arrow::Boolean)
    }

    fn coerce_types(&self, types: &[Arrow]) -> EngineResult<Vec<Arrow>> {
        Ok(types.to_vec())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let Some((ColumnarValue::Scalar(ScalarValue::List(rows)), needles)) = arguments.args.split_last() else {
            return internal_err!("in_set takes values and a set");
        };
        let rows: ArrayRef = rows.clone();
        let set = self.set(&rows)?;
        let needles = needles.iter().map(|needle| needle.to_array(arguments.number_rows));
        let needles = needles.collect::<EngineResult<Vec<_>>>()?;
        let found = comparable(&needles)?;
        let null = match (self.is_single, needles.first()) {
            (true, Some(needle)) => needle.logical_nulls(),
            _ => None,
        };
        let found = (0..arguments.number_rows).map(|row| set.contains(found.row(row).as_ref())).collect::<Vec<_>>();
        let found = BooleanArray::new(found.into(), null);
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}
