//! Joins: kinds, strictness, ON and USING, and what stands in the place of a partner that is missing.
//!
//! The engine keeps its left input in memory and streams the right one; ClickHouse does it the other way
//! round, and its users put the small side last. So sides change places here, which also gives rows the order that
//! ClickHouse gives them.

use super::first_of_key::FirstOfKey;
use super::relation::{default_value, typed};
use super::scope::{Binding, Ctes, Lookup, Relation, Scope};
use super::trouble::{mismatch, unsupported};
use super::{Binder, Trouble};
use crate::function;
use crate::sql::{self, Problem, Side, Strictness, exception};
use crate::value::{DataType, supertype};
use datafusion::common::{DFSchemaRef, JoinType, Result as EngineResult, internal_err};
use datafusion::logical_expr::logical_plan::builder::build_join_schema;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{
    BinaryExpr, Expr, Extension, LogicalPlan, LogicalPlanBuilder, Operator, UserDefinedLogicalNodeCore, when,
};
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, Spanned};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The conditions of a join, by what they read.
#[derive(Default)]
struct Conditions {
    /// `left = right`.
    keys: Vec<(Expr, Expr)>,
    left: Vec<Expr>,
    right: Vec<Expr>,
    mixed: Vec<Expr>,
}

impl Conditions {
    fn new(conditions: Vec<Expr>, left: &LogicalPlan, right: &LogicalPlan) -> Conditions {
        let mut sorted = Conditions::default();
        for condition in conditions.into_iter().flat_map(split_conjunction_owned) {
            match reads(&condition, left, right) {
                // a constant holds for every row of either side
                (false, false) | (true, false) => sorted.left.push(condition),
                (false, true) => sorted.right.push(condition),
                (true, true) => match sides(&condition, Operator::Eq, left, right) {
                    Some(pair) => sorted.keys.push(pair),
                    None => sorted.mixed.push(condition),
                },
            }
        }
        sorted
    }

    fn all(self) -> Vec<Expr> {
        let keys = self.keys.into_iter().map(|(left, right)| left.eq(right));
        keys.chain(self.left).chain(self.right).chain(self.mixed).collect()
    }
}

/// Which sides an expression reads.
fn reads(expr: &Expr, left: &LogicalPlan, right: &LogicalPlan) -> (bool, bool) {
    let columns = expr.column_refs();
    let reads = |plan: &LogicalPlan| columns.iter().any(|column| plan.schema().has_column(column));
    (reads(left), reads(right))
}

/// The operands of `left operator right`, if one reads the left side only and the other the right side only.
fn sides(expr: &Expr, operator: Operator, left: &LogicalPlan, right: &LogicalPlan) -> Option<(Expr, Expr)> {
    let Expr::BinaryExpr(BinaryExpr { left: a, op, right: b }) = expr else { return None };
    let (a, b) = (a.as_ref().clone(), b.as_ref().clone());
    let flipped = operator.swap();
    match (reads(&a, left, right), reads(&b, left, right)) {
        ((true, false), (false, true)) if *op == operator => Some((a, b)),
        ((false, true), (true, false)) if Some(*op) == flipped => Some((b, a)),
        _ => None,
    }
}

/// Two columns that USING makes one.
struct Pair {
    /// The columns as they are named, and as they are compared: of the common type.
    named: [Binding; 2],
    compared: [Binding; 2],
}

impl Binder<'_> {
    pub(super) fn join(
        &mut self,
        left: LogicalPlan,
        scope: &mut Scope,
        (right, relation): (LogicalPlan, Relation),
        join: &ast::Join,
        ctes: &Ctes,
    ) -> Result<LogicalPlan, Trouble> {
        let span = self.span(join.relation.span());
        let Some((side, strictness)) = sql::join_kind(join) else {
            return Err(unsupported(&format!("the join {:?}", join.join_operator), span));
        };
        let left_count = scope.relations.len();
        let right_names: Vec<String> = relation.columns.iter().map(|binding| binding.name.clone()).collect();
        scope.relations.push(relation);
        let (mut conditions, mut merged) = (Vec::new(), Vec::new());
        match constraint(&join.join_operator) {
            Some(ast::JoinConstraint::On(condition)) => {
                conditions.push(self.predicate(condition, scope, ctes).map_err(no_common_type)?);
            }
            Some(ast::JoinConstraint::Using(names)) => {
                for name in names {
                    let text = name.0.last().and_then(|part| part.as_ident()).map_or("", |ident| &ident.value);
                    merged.push(self.using(scope, left_count, text, self.span(name.span()))?);
                }
            }
            Some(ast::JoinConstraint::Natural) => {
                for name in right_names.iter().filter(|name| known_left(scope, left_count, name)) {
                    merged.push(self.using(scope, left_count, name, span.clone())?);
                }
            }
            Some(ast::JoinConstraint::None) if side != Side::Cross && strictness != Strictness::Paste => {
                let message = "a join needs ON or USING".to_owned();
                return Err(Trouble::Here(Problem::new("S0101", exception::SYNTAX_ERROR, span, message)));
            }
            _ => {}
        }
        let [left, right] = self.compared_columns([left, right], &mut merged)?;
        for pair in &merged {
            let operands = pair.compared.each_ref().map(typed).to_vec();
            let equal = function::call(&self.environment.context, "equals", operands)
                .map_err(|problem| mismatch(problem, span.clone()))?;
            conditions.push(equal.into_predicate().expr);
        }
        let is_using = !merged.is_empty();
        let plan = joined_plan([left, right], (side, strictness), conditions, is_using, span)?;
        self.joined_columns(plan, scope, left_count, (side, strictness), merged)
    }

    fn using(&mut self, scope: &Scope, left_count: usize, name: &str, span: Range<usize>) -> Result<Pair, Trouble> {
        let missing = |side: &str| {
            let message = format!("the {side} side of the join has no column {name:?}");
            Trouble::Here(Problem::new("S0202", exception::UNKNOWN_IDENTIFIER, span.clone(), message))
        };
        let right = scope.relations[left_count..].iter().flat_map(|relation| &relation.columns);
        let right = right.clone().find(|binding| binding.name == name).ok_or_else(|| missing("right"))?;
        let left = match scope.column(name) {
            Lookup::Found(left) if left.column != right.column => left,
            _ => return Err(missing("left")),
        };
        let data_type = supertype(&[left.data_type.clone(), right.data_type.clone()]).map_err(|message| {
            Trouble::Here(Problem::new("S0207", exception::NO_COMMON_TYPE, span.clone(), message))
        })?;
        let named = [left.clone(), right.clone()];
        let compared = named.clone().map(|binding| Binding { data_type: data_type.clone(), ..binding });
        Ok(Pair { named, compared })
    }

    /// Both sides of USING get the common type.
    fn compared_columns(
        &mut self,
        mut plans: [LogicalPlan; 2],
        pairs: &mut [Pair],
    ) -> Result<[LogicalPlan; 2], Trouble> {
        for (index, plan) in plans.iter_mut().enumerate() {
            let mut added = Vec::new();
            for pair in pairs.iter_mut() {
                let (named, compared) = (&pair.named[index], &mut pair.compared[index]);
                if named.data_type != compared.data_type {
                    compared.column = self.fresh_column();
                    let widened = function::widen(typed(named), &compared.data_type).expr;
                    added.push(widened.alias(compared.column.name.clone()));
                }
            }
            if !added.is_empty() {
                let columns = plan.schema().columns().into_iter().map(Expr::Column).chain(added).collect::<Vec<_>>();
                *plan = LogicalPlanBuilder::from(plan.clone()).project(columns)?.build()?;
            }
        }
        Ok(plans)
    }

    /// What the names mean above a join. ClickHouse fills a missing partner with default values, or with NULLs
    /// if `join_use_nulls` says so.
    fn joined_columns(
        &mut self,
        plan: LogicalPlan,
        scope: &mut Scope,
        left_count: usize,
        (side, strictness): (Side, Strictness),
        pairs: Vec<Pair>,
    ) -> Result<LogicalPlan, Trouble> {
        let [lacks_left, lacks_right] = match (side, strictness) {
            (Side::Inner | Side::Cross, _) => [false, false],
            (Side::Left, _) => [false, true],
            (Side::Right, _) => [true, false],
            (Side::Full, _) => [true, true],
        };
        let mut exprs = Vec::new();
        // USING: the side that is never missing, or whichever there is
        let mut merged = Vec::new();
        for pair in pairs.iter().filter(|_| lacks_left) {
            let [left, right] = pair.compared.each_ref().map(|binding| Expr::Column(binding.column.clone()));
            let has_left = plan.schema().has_column(&pair.compared[0].column);
            let expr = match lacks_right && has_left {
                true => when(left.clone().is_null(), right).otherwise(left)?,
                false => right,
            };
            let column = self.fresh_column();
            exprs.push(expr.alias(column.name.clone()));
            merged.push(Binding { column, ..pair.compared[0].clone() });
        }
        let mut renamed = HashMap::new();
        let width: usize = scope.relations[..left_count].iter().map(|relation| relation.columns.len()).sum();
        let columns = scope.relations.iter_mut().flat_map(|relation| &mut relation.columns).enumerate();
        let columns = columns.map(|(index, binding)| (if index < width { lacks_left } else { lacks_right }, binding));
        let others = scope.joined.iter_mut().chain(scope.merged.iter_mut().map(|(_, binding)| binding));
        for (lacks, binding) in columns.chain(others.map(|binding| (lacks_left, binding))) {
            let pair = pairs.iter().find_map(|pair| {
                let index = pair.named.iter().position(|named| named.column == binding.column)?;
                Some(&pair.compared[index])
            });
            let (expr, data_type) = self.filled(&plan, pair.unwrap_or(binding), lacks)?;
            let fresh = self.fresh_column();
            exprs.push(expr.alias(fresh.name.clone()));
            renamed.insert(binding.column.clone(), fresh.clone());
            *binding = Binding { name: binding.name.clone(), column: fresh, data_type };
        }
        scope.rename(&renamed);
        let mut merged = merged.into_iter();
        for pair in &pairs {
            let [left, right] = pair.named.each_ref().map(|named| renamed[&named.column].clone());
            scope.merge(left, right, merged.next());
        }
        Ok(LogicalPlanBuilder::from(plan).project(exprs)?.build()?)
    }

    /// A column above a join in which its side may be missing.
    fn filled(&self, plan: &LogicalPlan, binding: &Binding, lacks: bool) -> Result<(Expr, DataType), Trouble> {
        let data_type = binding.data_type.clone();
        let column = Expr::Column(binding.column.clone());
        if !lacks {
            return Ok((column, data_type));
        }
        let is_there = plan.schema().has_column(&binding.column);
        let has_null = !matches!(data_type.bare(), DataType::Array(_) | DataType::Map(..));
        if has_null && (self.settings.join_use_nulls || data_type.is_nullable()) {
            let null = || ScalarValue::try_from(&data_type.to_arrow());
            let expr = if is_there { column } else { Expr::Literal(null()?, None) };
            return Ok((expr, data_type.nullable()));
        }
        let default = Expr::Literal(default_value(&data_type)?, None);
        let expr = if is_there { when(column.clone().is_null(), default).otherwise(column)? } else { default };
        Ok((expr, data_type))
    }
}

/// The rows of a join: all columns of both sides, or of one if the other has no part in the result.
fn joined_plan(
    [left, right]: [LogicalPlan; 2],
    (side, strictness): (Side, Strictness),
    conditions: Vec<Expr>,
    is_using: bool,
    span: Range<usize>,
) -> Result<LogicalPlan, Trouble> {
    let conditions: Vec<Expr> = conditions.into_iter().filter(|condition| !is_true(condition)).collect();
    if conditions.is_empty() && matches!(side, Side::Inner | Side::Cross) && strictness == Strictness::All {
        return Ok(LogicalPlanBuilder::from(left).cross_join(right)?.build()?);
    }
    let joined = |left: LogicalPlan, right: LogicalPlan, kind: JoinType, conditions: Vec<Expr>| {
        let conditions = if conditions.is_empty() { vec![literal_true()] } else { conditions };
        Result::<_, Trouble>::Ok(LogicalPlanBuilder::from(right).join_on(left, kind.swap(), conditions)?.build()?)
    };
    let kind = match side {
        Side::Left => JoinType::Left,
        Side::Right => JoinType::Right,
        Side::Full => JoinType::Full,
        Side::Inner | Side::Cross => JoinType::Inner,
    };
    match (strictness, side) {
        (Strictness::All, _) => joined(left, right, kind, conditions),
        (Strictness::Anti, Side::Right) => joined(left, right, JoinType::RightAnti, conditions),
        (Strictness::Anti, _) => joined(left, right, JoinType::LeftAnti, conditions),
        (Strictness::Any, Side::Full) => Err(unsupported("ANY FULL JOIN", span)),
        (Strictness::Paste, _) => Err(unsupported("PASTE JOIN", span)),
        (Strictness::Asof, _) => asof(left, right, side == Side::Left, conditions, is_using, span),
        (Strictness::Any | Strictness::Semi, _) => {
            let conditions = Conditions::new(conditions, &left, &right);
            if conditions.keys.is_empty() {
                return Err(wrong_condition("the join needs an equality of both sides in ON", span));
            }
            if !conditions.mixed.is_empty() {
                return Err(unsupported("an inequality of both sides in an ANY or SEMI JOIN", span));
            }
            let firsts_of_left = side != Side::Left;
            let firsts_of_right = side != Side::Right;
            let kind = if strictness == Strictness::Semi { JoinType::Inner } else { kind };
            let Conditions { keys, left: mut left_only, right: mut right_only, .. } = conditions;
            let (mut left, mut right) = (left, right);
            if firsts_of_left {
                left = FirstOfKey::firsts(
                    filtered(left, std::mem::take(&mut left_only))?,
                    keys.iter().map(|(key, _)| key.clone()),
                )?;
            }
            if firsts_of_right {
                right = FirstOfKey::firsts(
                    filtered(right, std::mem::take(&mut right_only))?,
                    keys.iter().map(|(_, key)| key.clone()),
                )?;
            }
            let rest = Conditions { keys, left: left_only, right: right_only, mixed: Vec::new() };
            joined(left, right, kind, rest.all())
        }
    }
}

/// ClickHouse's word for keys that cannot be compared.
fn no_common_type(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Here(problem) if problem.message.contains("cannot compare") => {
            Trouble::Here(Problem { exception_code: exception::NO_COMMON_TYPE, ..problem })
        }
        other => other,
    }
}

fn constraint(operator: &ast::JoinOperator) -> Option<&ast::JoinConstraint> {
    use ast::JoinOperator as Kind;
    match operator {
        Kind::Join(constraint)
        | Kind::Inner(constraint)
        | Kind::Left(constraint)
        | Kind::LeftOuter(constraint)
        | Kind::Right(constraint)
        | Kind::RightOuter(constraint)
        | Kind::FullOuter(constraint)
        | Kind::LeftSemi(constraint)
        | Kind::RightSemi(constraint)
        | Kind::LeftAnti(constraint)
        | Kind::RightAnti(constraint)
        | Kind::CrossJoin(constraint) => Some(constraint),
        _ => None,
    }
}

fn known_left(scope: &Scope, left_count: usize, name: &str) -> bool {
    let mut left = scope.relations[..left_count].iter().flat_map(|relation| &relation.columns);
    left.any(|binding| binding.name == name)
}

fn literal_true() -> Expr {
    Expr::Literal(ScalarValue::Boolean(Some(true)), None)
}

fn is_true(expr: &Expr) -> bool {
    *expr == literal_true()
}

fn wrong_condition(message: &str, span: Range<usize>) -> Trouble {
    Trouble::Here(Problem::new("S0204", exception::INVALID_JOIN_ON_EXPRESSION, span, message))
}

/// The last inequality of both sides says which partner is the nearest.
fn asof(
    left: LogicalPlan,
    right: LogicalPlan,
    keeps_left: bool,
    conditions: Vec<Expr>,
    is_using: bool,
    span: Range<usize>,
) -> Result<LogicalPlan, Trouble> {
    let mut conditions = Conditions::new(conditions, &left, &right);
    let mut found = Vec::new();
    for condition in &conditions.mixed {
        let operators = [
            (Operator::GtEq, Nearest::NotAfter),
            (Operator::Gt, Nearest::Before),
            (Operator::LtEq, Nearest::NotBefore),
            (Operator::Lt, Nearest::After),
        ];
        let pair = operators.into_iter().find_map(|(operator, nearest)| {
            let (ours, theirs) = sides(condition, operator, &left, &right)?;
            Some((ours, theirs, nearest))
        });
        match pair {
            Some(pair) => found.push(pair),
            None => return Err(unsupported("this condition of an ASOF JOIN", span)),
        }
    }
    if is_using && let Some((ours, theirs)) = conditions.keys.pop() {
        found.push((ours, theirs, Nearest::NotAfter));
    }
    let (ours, theirs, nearest) = match <[_; 1]>::try_from(found) {
        Ok([pair]) => pair,
        Err(found) if found.is_empty() => {
            return Err(wrong_condition("an ASOF JOIN needs one inequality (<, <=, > or >=) of both sides", span));
        }
        Err(_) => return Err(wrong_condition("an ASOF JOIN takes one inequality of both sides", span)),
    };
    if conditions.keys.is_empty() {
        return Err(unsupported("an ASOF JOIN without an equality of both sides", span));
    }
    if !conditions.left.is_empty() && keeps_left {
        return Err(unsupported("a condition on the left side alone in an ASOF LEFT JOIN", span));
    }
    let left = filtered(left, conditions.left)?;
    let right = filtered(right, conditions.right)?;
    let (left_keys, right_keys) = conditions.keys.into_iter().unzip();
    let node = AsofJoin::new([left, right], [left_keys, right_keys], [ours, theirs], nearest, keeps_left)?;
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}

fn filtered(plan: LogicalPlan, conditions: Vec<Expr>) -> Result<LogicalPlan, Trouble> {
    match conditions.into_iter().reduce(Expr::and) {
        Some(condition) => Ok(LogicalPlanBuilder::from(plan).filter(condition)?.build()?),
        None => Ok(plan),
    }
}

/// Where the partner lies, seen from the left row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Nearest {
    NotAfter,
    Before,
    NotBefore,
    After,
}

/// The operator: each left row with the nearest right row of equal keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AsofJoin {
    inputs: [LogicalPlan; 2],
    pub(crate) keys: [Vec<Expr>; 2],
    pub(crate) at: [Expr; 2],
    pub(crate) nearest: Nearest,
    pub(crate) keeps_left: bool,
    schema: DFSchemaRef,
}

impl AsofJoin {
    fn new(
        inputs: [LogicalPlan; 2],
        keys: [Vec<Expr>; 2],
        at: [Expr; 2],
        nearest: Nearest,
        keeps_left: bool,
    ) -> EngineResult<AsofJoin> {
        let kind = if keeps_left { JoinType::Left } else { JoinType::Inner };
        let schema = build_join_schema(inputs[0].schema(), inputs[1].schema(), &kind)?;
        Ok(AsofJoin { inputs, keys, at, nearest, keeps_left, schema: Arc::new(schema) })
    }
}

impl PartialOrd for AsofJoin {
    fn partial_cmp(&self, other: &AsofJoin) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for AsofJoin {
    fn name(&self) -> &str {
        "AsofJoin"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        self.inputs.iter().collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.keys.iter().flatten().chain(&self.at).cloned().collect()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "AsofJoin: {:?} of {} and {}", self.nearest, self.at[0], self.at[1])
    }

    fn with_exprs_and_inputs(&self, mut exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> EngineResult<AsofJoin> {
        let count = self.keys[0].len();
        match (<[LogicalPlan; 2]>::try_from(inputs), exprs.len() == count * 2 + 2) {
            (Ok(inputs), true) => {
                let at = exprs.split_off(count * 2);
                let right = exprs.split_off(count);
                let at = <[Expr; 2]>::try_from(at).expect("counted above");
                AsofJoin::new(inputs, [exprs, right], at, self.nearest, self.keeps_left)
            }
            _ => internal_err!("an AsofJoin has two inputs and their keys"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let left = self.inputs[0].schema().fields().len();
        let (ours, theirs): (Vec<usize>, Vec<usize>) = output_columns.iter().partition(|index| **index < left);
        Some(vec![ours, theirs.into_iter().map(|index| index - left).collect()])
    }
}
