//! One row for each item of an array: the clause ARRAY JOIN and the function `arrayJoin`.
//!
//! A call of `arrayJoin` becomes a column that an [`ArrayJoin`] below the expression makes. Equal calls of one
//! SELECT share it; different ones stand below each other, the first outermost, so that they give every pair.

use super::expression::Expressions;
use super::scope::{Binding, Ctes, Lookup, Scope};
use super::trouble::unsupported;
use super::{Binder, Trouble};
use crate::function::Typed;
use crate::sql::{self, Problem, exception};
use crate::value::DataType;
use datafusion::common::{Column, DFSchema, DFSchemaRef, Result as EngineResult, internal_err};
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNodeCore};
use sqlparser::ast::{self, Spanned};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// The operator: rows of `input`, each as often as its arrays have items, with the items as new columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ArrayJoin {
    input: LogicalPlan,
    /// Arrays or maps; those of one row have equally many items.
    arrays: Vec<Expr>,
    /// The new columns, and what their items are.
    items: Vec<(String, DataType)>,
    /// LEFT: a row without items stays, with a default value.
    keeps_empty: bool,
    schema: DFSchemaRef,
}

impl ArrayJoin {
    fn new(
        input: LogicalPlan,
        arrays: Vec<Expr>,
        items: Vec<(String, DataType)>,
        keeps_empty: bool,
    ) -> EngineResult<ArrayJoin> {
        let fields = items.iter().map(|(name, item)| item.to_field(name)).collect::<Vec<_>>();
        let added = DFSchema::from_unqualified_fields(fields.into(), HashMap::new())?;
        let schema = Arc::new(input.schema().join(&added)?);
        Ok(ArrayJoin { input, arrays, items, keeps_empty, schema })
    }

    pub(crate) fn arrays(&self) -> &[Expr] {
        &self.arrays
    }

    pub(crate) fn items(&self) -> &[(String, DataType)] {
        &self.items
    }

    pub(crate) fn keeps_empty(&self) -> bool {
        self.keeps_empty
    }

    fn plan(self) -> LogicalPlan {
        LogicalPlan::Extension(Extension { node: Arc::new(self) })
    }
}

impl PartialOrd for ArrayJoin {
    fn partial_cmp(&self, other: &ArrayJoin) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for ArrayJoin {
    fn name(&self) -> &str {
        "ArrayJoin"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.arrays.clone()
    }

    /// Conditions on other columns hold for all rows that come of one or for none.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.items.iter().map(|(name, _)| name.clone()).collect()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ArrayJoin: {}", self.arrays.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> EngineResult<ArrayJoin> {
        match (inputs.pop(), exprs.len() == self.items.len()) {
            (Some(input), true) => ArrayJoin::new(input, exprs, self.items.clone(), self.keeps_empty),
            _ => internal_err!("an ArrayJoin has one input and its arrays"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let inputs = self.input.schema().fields().len();
        Some(vec![output_columns.iter().copied().filter(|index| *index < inputs).collect()])
    }
}

/// What one SELECT knows of its array joins.
#[derive(Default)]
pub(super) struct ArrayJoins {
    calls: Vec<Call>,
    /// Aliases of the SELECT list, which the clause may name too.
    aliases: HashMap<String, Rc<ast::Expr>>,
}

struct Call {
    array: Expr,
    item: DataType,
    column: Column,
    /// The plan has the column.
    is_placed: bool,
}

/// What an item of this type becomes, or why it has none.
fn item_of(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Array(item) => Some(item.as_ref().clone()),
        DataType::Map(key, value) => Some(DataType::Tuple(vec![
            (Some("keys".to_owned()), key.as_ref().clone()),
            (Some("values".to_owned()), value.as_ref().clone()),
        ])),
        DataType::SimpleAggregateFunction(_, inner) => item_of(inner),
        _ => None,
    }
}

impl<'a> Binder<'a> {
    /// Binds a SELECT with array joins of its own.
    pub(super) fn with_array_joins<T>(
        &mut self,
        aliases: HashMap<String, Rc<ast::Expr>>,
        bind: impl FnOnce(&mut Binder<'a>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let outer = self.array_joins.replace(ArrayJoins { calls: Vec::new(), aliases });
        let result = bind(self);
        self.array_joins = outer;
        result
    }

    /// A call of `arrayJoin`: the column of its items.
    pub(super) fn array_join_call(&mut self, mut arguments: Vec<Typed>, span: Range<usize>) -> Result<Typed, Trouble> {
        let at = span.clone();
        let wrong = |message: String| {
            Trouble::Here(Problem::new("S0204", exception::ILLEGAL_TYPE_OF_ARGUMENT, at.clone(), message))
        };
        let (Some(array), true) = (arguments.pop(), arguments.is_empty()) else {
            return Err(wrong("function arrayJoin takes one argument".to_owned()));
        };
        let array = array.into_value();
        if *array.data_type.bare() == DataType::Nothing {
            let message = "function arrayJoin takes an array or a map, not NULL";
            return Err(Trouble::Here(Problem::new("S0204", exception::TYPE_MISMATCH, span, message)));
        }
        let Some(item) = item_of(&array.data_type) else {
            return Err(wrong(format!("function arrayJoin takes an array or a map, not {}", array.data_type)));
        };
        let fresh = self.fresh_column();
        let Some(joins) = &mut self.array_joins else {
            return Err(unsupported("arrayJoin outside a SELECT", span));
        };
        let column = match joins.calls.iter().find(|call| call.array == array.expr) {
            Some(call) => call.column.clone(),
            None => {
                let call = Call { array: array.expr, item: item.clone(), column: fresh.clone(), is_placed: false };
                joins.calls.push(call);
                fresh
            }
        };
        Ok(Typed { expr: Expr::Column(column), data_type: item, is_predicate: false })
    }

    /// Puts the array joins that are not in the plan yet on top of it.
    pub(super) fn place_array_joins(&mut self, plan: LogicalPlan) -> Result<LogicalPlan, Trouble> {
        self.place_array_joins_if(plan, |_| true)
    }

    /// … those that these expressions read: keys and aggregates see rows that are joined already.
    pub(super) fn place_array_joins_of<'e>(
        &mut self,
        plan: LogicalPlan,
        exprs: impl Iterator<Item = &'e Expr>,
    ) -> Result<LogicalPlan, Trouble> {
        let Some(joins) = &self.array_joins else { return Ok(plan) };
        if joins.calls.is_empty() {
            return Ok(plan);
        }
        let mut wanted: HashSet<Column> = exprs.flat_map(|expr| expr.column_refs().into_iter().cloned()).collect();
        // an array may itself be made of items
        for call in joins.calls.iter().rev().filter(|call| !call.is_placed) {
            if wanted.contains(&call.column) {
                wanted.extend(call.array.column_refs().into_iter().cloned());
            }
        }
        self.place_array_joins_if(plan, |column| wanted.contains(column))
    }

    fn place_array_joins_if(
        &mut self,
        mut plan: LogicalPlan,
        wanted: impl Fn(&Column) -> bool,
    ) -> Result<LogicalPlan, Trouble> {
        for call in self.array_joins.iter_mut().flat_map(|joins| &mut joins.calls) {
            if !call.is_placed && wanted(&call.column) {
                let items = vec![(call.column.name.clone(), call.item.clone())];
                plan = ArrayJoin::new(plan, vec![call.array.clone()], items, false)?.plan();
                call.is_placed = true;
            }
        }
        Ok(plan)
    }

    /// The array joins over a grouped plan: those that nothing below it needed, and those whose items below it
    /// are not grouped, once more. `rewrite` turns an array into one over the groups; each new column is
    /// told to `joined` with the one that it stands for.
    pub(super) fn place_array_joins_over(
        &mut self,
        mut plan: LogicalPlan,
        outputs: &[&Expr],
        mut rewrite: impl FnMut(&Expr) -> Result<Expr, Trouble>,
        mut joined: impl FnMut(&Column, Column),
    ) -> Result<LogicalPlan, Trouble> {
        let calls = self.array_joins.as_mut().map(|joins| std::mem::take(&mut joins.calls)).unwrap_or_default();
        for call in &calls {
            let is_read = outputs.iter().any(|output| output.column_refs().contains(&call.column));
            if call.is_placed && !is_read {
                continue;
            }
            let column = self.fresh_column();
            let items = vec![(column.name.clone(), call.item.clone())];
            plan = ArrayJoin::new(plan, vec![rewrite(&call.array)?], items, false)?.plan();
            joined(&call.column, column);
        }
        Ok(plan)
    }

    /// The clause: `items` are what stands behind ARRAY JOIN.
    pub(super) fn array_join_clause(
        &mut self,
        plan: LogicalPlan,
        scope: &mut Scope,
        items: &[ast::SelectItem],
        keeps_empty: bool,
        ctes: &Ctes,
    ) -> Result<LogicalPlan, Trouble> {
        let mut joined = Vec::new();
        for item in items {
            let (expr, alias) = match item {
                ast::SelectItem::UnnamedExpr(expr) => (expr, None),
                ast::SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.value.as_str())),
                other => return Err(unsupported(&format!("{other} in ARRAY JOIN"), self.span(other.span()))),
            };
            match nested(expr, scope) {
                Some((prefix, columns)) => {
                    for binding in columns {
                        let name = alias.map(|alias| format!("{alias}{}", &binding.name[prefix.len()..]));
                        joined.push((super::relation::typed(&binding), name, binding.name, self.span(expr.span())));
                    }
                }
                None => {
                    let typed = self.array_of_clause(expr, scope, ctes)?;
                    joined.push((typed, alias.map(str::to_owned), sql::column_name(expr), self.span(expr.span())));
                }
            }
        }
        let mut arrays = Vec::with_capacity(joined.len());
        let mut columns = Vec::with_capacity(joined.len());
        for (array, alias, name, span) in joined {
            let Some(item) = item_of(&array.data_type) else {
                let message = format!("ARRAY JOIN takes arrays and maps; {name} is {}", array.data_type);
                return Err(Trouble::Here(Problem::new("S0204", exception::TYPE_MISMATCH, span, message)));
            };
            let column = self.fresh_column();
            columns.push((column.name.clone(), item.clone()));
            let replaced = match (&alias, &array.expr) {
                (None, Expr::Column(column)) => Some(column.clone()),
                _ => None,
            };
            arrays.push(array.expr);
            let binding = Binding { name: alias.unwrap_or(name), column, data_type: item };
            scope.join_array(replaced, binding);
        }
        // an array that is no column is made once, below
        let (plan, arrays) = self.arrays_as_columns(plan, arrays)?;
        Ok(ArrayJoin::new(plan, arrays, columns, keeps_empty)?.plan())
    }

    fn array_of_clause(&mut self, expr: &ast::Expr, scope: &mut Scope, ctes: &Ctes) -> Result<Typed, Trouble> {
        // columns come first here: `SELECT x * 2 AS x FROM t ARRAY JOIN x` joins the column
        let aliases = self.array_joins.as_ref().map(|joins| joins.aliases.clone()).unwrap_or_default();
        scope.aliases = aliases.into_iter().filter(|(name, _)| matches!(scope.column(name), Lookup::Missing)).collect();
        let mut expressions = Expressions { binder: self, scope, ctes, aggregates: None, resolving: Vec::new() };
        let bound = expressions.bind(expr);
        scope.aliases.clear();
        Ok(bound?.into_value())
    }

    fn arrays_as_columns(&mut self, plan: LogicalPlan, arrays: Vec<Expr>) -> Result<(LogicalPlan, Vec<Expr>), Trouble> {
        if arrays.iter().all(|array| matches!(array, Expr::Column(_) | Expr::Literal(..))) {
            return Ok((plan, arrays));
        }
        let mut exprs: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let mut columns = Vec::with_capacity(arrays.len());
        for array in arrays {
            match array {
                array @ (Expr::Column(_) | Expr::Literal(..)) => columns.push(array),
                array => {
                    let column = self.fresh_column();
                    exprs.push(array.alias(column.name.clone()));
                    columns.push(Expr::Column(column));
                }
            }
        }
        Ok((LogicalPlanBuilder::from(plan).project(exprs)?.build()?, columns))
    }
}

/// `n` for the columns `n.a` and `n.b`: the name, and what it stands for.
fn nested<'e>(expr: &'e ast::Expr, scope: &Scope) -> Option<(&'e str, Vec<Binding>)> {
    let ast::Expr::Identifier(name) = expr else { return None };
    if matches!(scope.column(&name.value), Lookup::Found(_)) {
        return None;
    }
    let belongs = |binding: &&Binding| {
        binding.name.strip_prefix(name.value.as_str()).is_some_and(|rest| rest.starts_with('.'))
            && matches!(binding.data_type, DataType::Array(_))
    };
    let columns: Vec<Binding> =
        scope.relations.iter().flat_map(|relation| &relation.columns).filter(belongs).cloned().collect();
    (!columns.is_empty()).then_some((name.value.as_str(), columns))
}
