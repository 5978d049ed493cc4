//! Expressions: names are looked up, calls go to the function table, and everything gets a type.

use super::relation::typed;
use super::scope::{Cte, Ctes, Known, Lookup, Scope};
use super::trouble::{mismatch, unsupported};
use super::window::Windows;
use super::{Binder, Trouble};
use crate::diagnostic::nearest;
use crate::error::Error;
use crate::function::{self, AggregateCall, Typed};
use crate::limits::{SQL_EXPANDED_DEPTH_MAX, SQL_EXPANDED_PARTS_MAX};
use crate::sql::{self, Problem, exception};
use crate::value::{DataType, IntervalUnit};
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema as ArrowSchema;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{ColumnarValue, Expr};
use datafusion::physical_expr::create_physical_expr;
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, BinaryOperator, Spanned, UnaryOperator};
use std::ops::Range;
use std::sync::Arc;

/// Aggregates met so far in one SELECT, each of which becomes a column of the aggregation; and window calls.
#[derive(Default)]
pub(super) struct Aggregates(pub Vec<(Expr, Column)>, pub Windows);

/// Binds the expressions of one SELECT.
pub(super) struct Expressions<'b, 'a> {
    pub binder: &'b mut Binder<'a>,
    pub scope: &'b Scope,
    pub ctes: &'b Ctes,
    /// `None` where no aggregate may stand.
    pub aggregates: Option<&'b mut Aggregates>,
    /// Aliases whose expressions are being bound: inside them their name is the column's.
    pub resolving: Vec<String>,
}

impl Binder<'_> {
    /// A condition without aggregates: WHERE, ON, a row filter.
    pub(super) fn predicate(&mut self, expr: &ast::Expr, scope: &Scope, ctes: &Ctes) -> Result<Expr, Trouble> {
        let mut expressions = Expressions { binder: self, scope, ctes, aggregates: None, resolving: Vec::new() };
        Ok(expressions.bind(expr)?.into_predicate().expr)
    }

    /// The value of an expression that reads no column: LIMIT, parameters of functions.
    pub(super) fn constant(&mut self, expr: &ast::Expr, ctes: &Ctes) -> Result<ScalarValue, Trouble> {
        let span = self.span(expr.span());
        let scope = Scope::default();
        let mut expressions =
            Expressions { binder: self, scope: &scope, ctes, aggregates: None, resolving: Vec::new() };
        let typed = expressions.bind(expr)?.into_value();
        match evaluate(&typed.expr) {
            Some(value) => Ok(value?),
            None => Err(Trouble::Here(Problem::new(
                "S0102",
                exception::NOT_IMPLEMENTED,
                span,
                "a constant must stand here",
            ))),
        }
    }
}

impl Binder<'_> {
    /// The aliases that were expanded since there were `start`, each once.
    pub(super) fn expanded_since(&mut self, start: usize) -> Vec<String> {
        let mut expanded = self.expanded.split_off(start.min(self.expanded.len()));
        expanded.sort();
        expanded.dedup();
        self.expanded.extend(expanded.iter().cloned());
        expanded
    }

    /// Aliases that use aliases twice grow without end: what is used is counted.
    fn count_parts(&mut self, expr: &Expr) -> Result<(), Trouble> {
        let mut open = vec![(expr, 1)];
        while let Some((part, depth)) = open.pop() {
            self.parts += 1;
            if self.parts > SQL_EXPANDED_PARTS_MAX || depth > SQL_EXPANDED_DEPTH_MAX {
                let message = "the expressions of the SQL grow too large with their aliases expanded";
                return Err(Trouble::Here(Problem::new("S0103", exception::TOO_BIG_AST, 0..0, message)));
            }
            part.apply_children(|child| {
                open.push((child, depth + 1));
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        Ok(())
    }
}

impl Expressions<'_, '_> {
    pub(super) fn bind(&mut self, expr: &ast::Expr) -> Result<Typed, Trouble> {
        let span = self.binder.span(expr.span());
        match expr {
            ast::Expr::Nested(inner) => self.bind(inner),
            ast::Expr::Identifier(name) => self.name(name),
            ast::Expr::CompoundIdentifier(parts) => self.compound(parts),
            ast::Expr::Value(value) => self.literal(&value.value, span.clone()),
            ast::Expr::Dictionary(fields) => self.placeholder(fields, span.clone()),
            ast::Expr::TypedString(typed) => {
                let text = self.literal(&typed.value.value, span.clone())?;
                self.cast_to(text, &typed.data_type.to_string(), span.clone())
            }
            ast::Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => match inner.as_ref() {
                ast::Expr::Value(value) if matches!(value.value, ast::Value::Number(..)) => {
                    self.number(&format!("-{}", value.value), span.clone())
                }
                inner => self.call("negate", [inner], span.clone()),
            },
            ast::Expr::UnaryOp { op: UnaryOperator::Plus, expr } => self.bind(expr),
            ast::Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.call("not", [expr.as_ref()], span.clone()),
            ast::Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let mut operands = Vec::new();
                sql::flatten(expr, op, &mut operands);
                self.call(if *op == BinaryOperator::And { "and" } else { "or" }, operands, span.clone())
            }
            ast::Expr::BinaryOp { left, op: BinaryOperator::Spaceship, right } => self.same(left, right, false, span),
            ast::Expr::IsNotDistinctFrom(left, right) => self.same(left, right, false, span),
            ast::Expr::IsDistinctFrom(left, right) => self.same(left, right, true, span),
            ast::Expr::BinaryOp { left, op, right } => match sql::operator_function(op) {
                Some(function) => self.call(function, [left.as_ref(), right.as_ref()], span.clone()),
                None => Err(unsupported(&format!("the operator {op}"), span.clone())),
            },
            ast::Expr::IsNull(inner) => self.call("isNull", [inner.as_ref()], span.clone()),
            ast::Expr::IsNotNull(inner) => self.call("isNotNull", [inner.as_ref()], span.clone()),
            ast::Expr::IsTrue(inner) | ast::Expr::IsNotFalse(inner) => self.bind(inner),
            ast::Expr::IsFalse(inner) | ast::Expr::IsNotTrue(inner) => self.call("not", [inner.as_ref()], span.clone()),
            ast::Expr::Between { expr, negated, low, high } => {
                let (below, above, both) =
                    if *negated { ("less", "greater", "or") } else { ("greaterOrEquals", "lessOrEquals", "and") };
                let low = self.call(below, [expr.as_ref(), low.as_ref()], span.clone())?;
                let high = self.call(above, [expr.as_ref(), high.as_ref()], span.clone())?;
                self.apply(both, vec![low, high], span.clone())
            }
            ast::Expr::InList { expr: needle, list, negated } => {
                if let Some(found) = self.in_table(needle, list, *negated, &span)? {
                    return Ok(found);
                }
                let operands = std::iter::once(needle.as_ref()).chain(list.iter().flat_map(in_items));
                self.call(if *negated { "notIn" } else { "in" }, operands, span.clone())
            }
            ast::Expr::InSubquery { expr: needle, subquery, negated } => {
                self.in_subquery(needle, subquery, *negated, span.clone())
            }
            ast::Expr::Like { negated, expr, pattern, escape_char: None, any: false } => {
                self.call(if *negated { "notLike" } else { "like" }, [expr.as_ref(), pattern.as_ref()], span.clone())
            }
            ast::Expr::ILike { negated, expr, pattern, escape_char: None, any: false } => {
                self.call(if *negated { "notILike" } else { "ilike" }, [expr.as_ref(), pattern.as_ref()], span.clone())
            }
            ast::Expr::RLike { negated: false, expr, pattern, .. } => {
                self.call("match", [expr.as_ref(), pattern.as_ref()], span.clone())
            }
            ast::Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), span.clone())
            }
            ast::Expr::Cast { expr: inner, data_type, .. } => {
                let inner = self.bind(inner)?;
                self.cast_to(inner, &data_type.to_string(), span.clone())
            }
            ast::Expr::Extract { field, expr, .. } => {
                let Some(function) = sql::extract_function(field) else {
                    return Err(unsupported(&format!("EXTRACT({field} FROM …)"), span.clone()));
                };
                self.call(function, [expr.as_ref()], span.clone())
            }
            ast::Expr::Ceil { expr, field } => self.rounded("ceil", expr, field, span.clone()),
            ast::Expr::Floor { expr, field } => self.rounded("floor", expr, field, span.clone()),
            ast::Expr::Position { expr: needle, r#in } => {
                self.call("position", [r#in.as_ref(), needle.as_ref()], span.clone())
            }
            ast::Expr::Substring { expr, substring_from, substring_for, .. } => {
                let operands = [Some(expr), substring_from.as_ref(), substring_for.as_ref()];
                self.call("substring", operands.into_iter().flatten().map(AsRef::as_ref), span.clone())
            }
            ast::Expr::Trim { expr, trim_where, trim_what, trim_characters: None } => {
                let function = match trim_where {
                    Some(ast::TrimWhereField::Leading) => "trimLeft",
                    Some(ast::TrimWhereField::Trailing) => "trimRight",
                    Some(ast::TrimWhereField::Both) | None => "trimBoth",
                };
                self.call(function, std::iter::once(expr.as_ref()).chain(trim_what.as_deref()), span.clone())
            }
            ast::Expr::Named { expr, name } => self.alias(&name.value, expr),
            ast::Expr::Exists { subquery, negated } => self.exists(subquery, *negated),
            ast::Expr::Function(function) => self.function(function, span.clone()),
            ast::Expr::Tuple(items) => self.call("tuple", items, span.clone()),
            ast::Expr::Array(array) => self.call("array", &array.elem, span.clone()),
            ast::Expr::CompoundFieldAccess { root, access_chain } => {
                let (mut value, accessed) = self.accessed(root, access_chain)?;
                for access in &access_chain[accessed..] {
                    let (function, key) = match access {
                        ast::AccessExpr::Subscript(ast::Subscript::Index { index }) => ("arrayElement", index),
                        ast::AccessExpr::Dot(field) => ("tupleElement", field),
                        other => return Err(unsupported(&format!("the access {other}"), span.clone())),
                    };
                    let key = match (function, key) {
                        ("tupleElement", ast::Expr::Identifier(name)) => self.text(&name.value),
                        (_, key) => self.bind(key)?,
                    };
                    value = self.apply(function, vec![value, key], span.clone())?;
                }
                Ok(value)
            }
            ast::Expr::Interval(interval) => {
                let unit = interval.leading_field.as_ref().map(ToString::to_string).unwrap_or_default();
                match IntervalUnit::parse(&unit) {
                    Some(unit) => {
                        self.call(&format!("toInterval{}", unit.name()), [interval.value.as_ref()], span.clone())
                    }
                    None => Err(unsupported(&format!("the interval unit {unit:?}"), span.clone())),
                }
            }
            ast::Expr::Subquery(query) => self.scalar_subquery(query, span.clone()),
            other => Err(unsupported(&format!("the expression {other}"), span.clone())),
        }
    }

    fn text(&self, text: &str) -> Typed {
        function::literal(ScalarValue::Utf8View(Some(text.to_owned())), DataType::String)
    }

    /// A bare name: an alias of this SELECT, a column, an expression of a WITH clause.
    pub(super) fn name(&mut self, name: &ast::Ident) -> Result<Typed, Trouble> {
        if let Some(parameter) = self.parameter(&name.value) {
            return Ok(parameter);
        }
        let resolving = self.resolving.iter().position(|resolving| *resolving == name.value);
        let free = resolving.is_none();
        if let Some(depth) = resolving {
            self.binder.shadow_depth = self.binder.shadow_depth.min(depth);
        }
        if self.binder.settings.prefer_column_name_to_alias
            && let Lookup::Found(binding) = self.scope.column(&name.value)
        {
            return Ok(typed(binding));
        }
        if free && let Some(alias) = self.scope.aliases.get(&name.value) {
            let alias = alias.clone();
            return self.alias(&name.value, &alias);
        }
        if let Lookup::Found(binding) = self.scope.column(&name.value) {
            return Ok(typed(binding));
        }
        if free && let Some((Cte::Expression(expr), _)) = self.ctes.find(&name.value) {
            return self.alias(&name.value, &expr);
        }
        // numbers without digits
        let number = match name.value.to_ascii_lowercase().as_str() {
            "nan" => Some(f64::NAN),
            "inf" | "infinity" => Some(f64::INFINITY),
            _ => None,
        };
        if let Some(number) = number.filter(|_| name.quote_style.is_none()) {
            return Ok(function::literal(ScalarValue::Float64(Some(number)), DataType::Float64));
        }
        Err(self.unknown_name(&name.value, self.binder.span(name.span)))
    }

    /// An alias's expression, bound once for each SELECT unless an alias around it hides a name inside it.
    fn alias(&mut self, name: &str, expr: &ast::Expr) -> Result<Typed, Trouble> {
        let in_window = self.aggregates.as_deref().is_some_and(|aggregates| aggregates.1.is_open());
        let key = (name.to_owned(), self.aggregates.is_some());
        let known = self
            .scope
            .bound
            .borrow()
            .get(&key)
            .cloned()
            .filter(|known| !in_window && !known.expanded.iter().any(|expanded| self.resolving.contains(expanded)));
        if let Some(known) = known {
            self.binder.count_parts(&known.value.expr)?;
            self.binder.expanded.extend(known.expanded);
            return Ok(known.value);
        }
        let start = self.binder.expanded.len();
        self.binder.expanded.push(name.to_owned());
        let depth = self.resolving.len();
        let outer = std::mem::replace(&mut self.binder.shadow_depth, usize::MAX);
        self.resolving.push(name.to_owned());
        let parameters = std::mem::take(&mut self.binder.parameters);
        let mut bound = self.bind(expr);
        self.binder.parameters = parameters;
        // an alias that is given inside of a lambda may stand for its parameters
        if bound.is_err() && !self.binder.parameters.is_empty() {
            bound = self.bind(expr);
        }
        self.resolving.pop();
        let hit = std::mem::replace(&mut self.binder.shadow_depth, outer);
        self.binder.shadow_depth = outer.min(hit);
        if let Ok(bound) = &bound {
            self.binder.count_parts(&bound.expr)?;
        }
        if !in_window
            && hit >= depth
            && let Ok(bound) = &bound
        {
            let expanded = self.binder.expanded_since(start);
            self.scope.bound.borrow_mut().insert(key, Known { value: bound.clone(), expanded });
        }
        bound
    }

    /// `relation.column`, or an element of a named tuple.
    pub(super) fn compound(&mut self, parts: &[ast::Ident]) -> Result<Typed, Trouble> {
        let span = parts.iter().map(|part| self.binder.span(part.span)).reduce(|a, b| a.start..b.end).unwrap_or(0..0);
        if let Some(part) = self.subcolumn(parts, &span)? {
            return Ok(part);
        }
        let [.., relation, column] = parts else { return self.name(&parts[0]) };
        match self.scope.qualified(&relation.value, &column.value) {
            Lookup::Found(binding) => return Ok(typed(binding)),
            Lookup::Ambiguous => {
                let message = format!("{}.{} is ambiguous", relation.value, column.value);
                return Err(Trouble::Here(Problem::new("S0202", exception::AMBIGUOUS_IDENTIFIER, span, message)));
            }
            Lookup::Missing => {}
        }
        // columns may have dots in their names (`Nested` ones do)
        let dotted = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        if let Lookup::Found(binding) = self.scope.column(&dotted) {
            return Ok(typed(binding));
        }
        if let Some(field) = self.field(parts, &span)? {
            return Ok(field);
        }
        Err(self.unknown_name(&dotted, span))
    }

    /// An element of a named tuple, of which several may lie inside each other: `t.column.a.b`.
    fn field(&mut self, parts: &[ast::Ident], span: &Range<usize>) -> Result<Option<Typed>, Trouble> {
        let qualified = match parts {
            [relation, column, _, ..] => match self.scope.qualified(&relation.value, &column.value) {
                Lookup::Found(binding) => Some((typed(binding), &parts[2..])),
                _ => None,
            },
            _ => None,
        };
        let found = match qualified {
            Some(found) => Some(found),
            None => self.name(&parts[0]).ok().map(|value| (value, &parts[1..])),
        };
        let Some((mut value, fields)) = found else { return Ok(None) };
        for field in fields {
            if !matches!(value.data_type.bare(), DataType::Tuple(_)) {
                return Ok(None);
            }
            let field = self.text(&field.value);
            value = self.apply("tupleElement", vec![value, field], span.clone())?;
        }
        Ok(Some(value))
    }

    fn unknown_name(&self, name: &str, span: Range<usize>) -> Trouble {
        let last = name.rsplit('.').next().unwrap_or(name);
        let hint = nearest(last, self.scope.names()).map(|near| format!("did you mean {near:?}?"));
        let message = format!("unknown column {name:?}");
        Trouble::Here(Problem::new("S0202", exception::UNKNOWN_IDENTIFIER, span, message).with_hint(hint))
    }

    fn literal(&self, value: &ast::Value, span: Range<usize>) -> Result<Typed, Trouble> {
        match value {
            ast::Value::Number(text, _) => self.number(text, span),
            ast::Value::SingleQuotedString(text) => Ok(self.text(text)),
            ast::Value::DollarQuotedString(text) => Ok(self.text(&text.value)),
            ast::Value::HexStringLiteral(digits) => match sql::unhex(digits) {
                Some(text) => Ok(self.text(&text)),
                None => Err(unsupported(&format!("the literal {value}"), span)),
            },
            ast::Value::Boolean(value) => Ok(function::literal(ScalarValue::Boolean(Some(*value)), DataType::Bool)),
            ast::Value::Null => {
                Ok(function::literal(ScalarValue::Null, DataType::Nullable(Box::new(DataType::Nothing))))
            }
            other => Err(unsupported(&format!("the literal {other}"), span)),
        }
    }

    /// `{name: String}`, which a template puts in the place of a secret. The value is bound here, so that
    /// no SQL text ever holds it.
    fn placeholder(&self, fields: &[ast::DictionaryField], span: Range<usize>) -> Result<Typed, Trouble> {
        let [field] = fields else { return Err(unsupported("a dictionary", span)) };
        let is_text = matches!(&*field.value, ast::Expr::Identifier(name) if name.value == "String");
        match self.binder.frame().secrets.0.get(&field.key.value) {
            Some(value) if is_text => Ok(self.text(value)),
            _ => Err(unsupported("a parameter in braces that no secret stands behind", span)),
        }
    }

    /// A number has the smallest type that holds it, as in ClickHouse: `5` is UInt8, `-5` Int8.
    fn number(&self, text: &str, span: Range<usize>) -> Result<Typed, Trouble> {
        let text = text.replace('_', "");
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            if text.starts_with('-')
                && let Ok(value) = text.parse::<i64>()
            {
                return Ok(match value {
                    value if i8::try_from(value).is_ok() => {
                        function::literal(ScalarValue::Int8(Some(value as i8)), DataType::Int8)
                    }
                    value if i16::try_from(value).is_ok() => {
                        function::literal(ScalarValue::Int16(Some(value as i16)), DataType::Int16)
                    }
                    value if i32::try_from(value).is_ok() => {
                        function::literal(ScalarValue::Int32(Some(value as i32)), DataType::Int32)
                    }
                    value => function::literal(ScalarValue::Int64(Some(value)), DataType::Int64),
                });
            }
            if let Ok(value) = text.parse::<u64>() {
                return Ok(match value {
                    0..=0xff => function::literal(ScalarValue::UInt8(Some(value as u8)), DataType::UInt8),
                    0x100..=0xffff => function::literal(ScalarValue::UInt16(Some(value as u16)), DataType::UInt16),
                    0x1_0000..=0xffff_ffff => {
                        function::literal(ScalarValue::UInt32(Some(value as u32)), DataType::UInt32)
                    }
                    _ => function::literal(ScalarValue::UInt64(Some(value)), DataType::UInt64),
                });
            }
        }
        match text.parse::<f64>() {
            Ok(value) => Ok(function::literal(ScalarValue::Float64(Some(value)), DataType::Float64)),
            Err(_) => Err(unsupported(&format!("the number {text}"), span)),
        }
    }

    fn cast_to(&mut self, value: Typed, data_type: &str, span: Range<usize>) -> Result<Typed, Trouble> {
        let data_type = DataType::parse(data_type)
            .map_err(|message| Trouble::Here(Problem::new("S0204", exception::UNKNOWN_TYPE, span.clone(), message)))?;
        let value = function::cast(value, &data_type).map_err(|problem| mismatch(problem, span))?;
        Ok(fold(value))
    }

    fn call<'e>(
        &mut self,
        function: &str,
        operands: impl IntoIterator<Item = &'e ast::Expr>,
        span: Range<usize>,
    ) -> Result<Typed, Trouble> {
        let operands = operands.into_iter().map(|operand| self.bind(operand)).collect::<Result<_, _>>()?;
        self.apply(function, operands, span)
    }

    pub(super) fn apply(&mut self, function: &str, operands: Vec<Typed>, span: Range<usize>) -> Result<Typed, Trouble> {
        let context = &self.binder.environment.context;
        function::call(context, function, operands).map(fold).map_err(|problem| mismatch(problem, span))
    }

    fn rounded(
        &mut self,
        function: &str,
        expr: &ast::Expr,
        kind: &ast::CeilFloorKind,
        span: Range<usize>,
    ) -> Result<Typed, Trouble> {
        let mut operands = vec![self.bind(expr)?];
        match kind {
            ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) => {}
            ast::CeilFloorKind::Scale(scale) => operands.push(self.literal(&scale.value, span.clone())?),
            ast::CeilFloorKind::DateTimeField(field) => {
                return Err(unsupported(&format!("{function}(… TO {field})"), span));
            }
        }
        self.apply(function, operands, span)
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
        span: Range<usize>,
    ) -> Result<Typed, Trouble> {
        let mut operands = Vec::new();
        for when in conditions {
            operands.push(match operand {
                Some(operand) => self.call("equals", [operand, &when.condition], span.clone())?,
                None => self.bind(&when.condition)?,
            });
            operands.push(self.bind(&when.result)?);
        }
        operands.push(match otherwise {
            Some(otherwise) => self.bind(otherwise)?,
            None => self.literal(&ast::Value::Null, span.clone())?,
        });
        self.apply("multiIf", operands, span)
    }

    fn function(&mut self, function: &ast::Function, span: Range<usize>) -> Result<Typed, Trouble> {
        if function.filter.is_some() || function.null_treatment.is_some() {
            return self.function(&sql::plain_call(function), span);
        }
        if function.over.is_some() {
            return self.window(function, span);
        }
        let name = function.name.to_string();
        if let Some(bound) = self.higher_order(&name, &function.args, &span)? {
            return Ok(bound);
        }
        if name.eq_ignore_ascii_case("grouping") {
            return self.grouping(function, &span);
        }
        if let Some(bound) = self.row_function(function, &name, &span)? {
            return Ok(bound);
        }
        let (operands, distinct) = self.operands(&name, &function.args, &span)?;
        if name.eq_ignore_ascii_case("arrayJoin") {
            return self.binder.array_join_call(operands, span);
        }
        if matches!(name.as_str(), "joinGet" | "joinGetOrNull") {
            return self.binder.join_get(&name, operands, self.ctes, span);
        }
        if !function::is_aggregate(&name) {
            return self.apply(&name, operands, span);
        }
        let parameters = self.parameters(&function.parameters, &span)?;
        self.aggregate(AggregateCall { name, parameters, arguments: operands, distinct }, span)
    }

    /// The first brackets of `quantile(0.9)(x)`.
    pub(super) fn parameters(
        &mut self,
        parameters: &ast::FunctionArguments,
        span: &Range<usize>,
    ) -> Result<Vec<ScalarValue>, Trouble> {
        let ast::FunctionArguments::List(list) = parameters else { return Ok(Vec::new()) };
        let parameter = |argument: &ast::FunctionArg| match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => self.binder.constant(expr, self.ctes),
            other => Err(unsupported(&format!("the parameter {other}"), span.clone())),
        };
        list.args.iter().map(parameter).collect()
    }

    fn operands(
        &mut self,
        name: &str,
        arguments: &ast::FunctionArguments,
        span: &Range<usize>,
    ) -> Result<(Vec<Typed>, bool), Trouble> {
        let list = match arguments {
            ast::FunctionArguments::List(list) => list,
            ast::FunctionArguments::None => return Ok((Vec::new(), false)),
            ast::FunctionArguments::Subquery(query) => {
                return Ok((vec![self.scalar_subquery(query, span.clone())?], false));
            }
        };
        // inside an aggregate's arguments no other aggregate may stand
        let outer = if function::is_aggregate(name) { self.aggregates.take() } else { None };
        let inside = outer.is_some();
        let operands = list
            .args
            .iter()
            .enumerate()
            .filter_map(|(index, argument)| match argument {
                // dateDiff(day, …)
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Identifier(unit)))
                    if index == 0 && function::takes_unit(name) && IntervalUnit::parse(&unit.value).is_some() =>
                {
                    Some(Ok(self.text(&unit.value)))
                }
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(self.bind(expr)),
                // count(*)
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard) => None,
                other => Some(Err(unsupported(&format!("the argument {other}"), span.clone()))),
            })
            .collect::<Result<Vec<_>, _>>();
        if inside {
            self.aggregates = outer;
        }
        let distinct = matches!(list.duplicate_treatment, Some(ast::DuplicateTreatment::Distinct));
        Ok((operands?, distinct))
    }

    /// An aggregate becomes a column of the aggregation; equal calls share one.
    fn aggregate(&mut self, call: AggregateCall, span: Range<usize>) -> Result<Typed, Trouble> {
        let name = call.name.clone();
        let Some(aggregates) = self.aggregates.as_deref_mut() else {
            let message = format!("the aggregate function {name} must not stand here");
            return Err(Trouble::Here(Problem::new("S0206", exception::ILLEGAL_AGGREGATION, span, message)));
        };
        let context = &self.binder.environment.context;
        let typed = function::aggregate(context, call).map_err(|problem| mismatch(problem, span))?;
        let binder = &mut *self.binder;
        let expr = typed.expr.transform_up(|expr| match expr {
            Expr::AggregateFunction(_) => {
                let known = aggregates.0.iter().find(|(known, _)| *known == expr).map(|(_, column)| column.clone());
                let column = known.unwrap_or_else(|| {
                    let fresh = binder.fresh_column();
                    aggregates.0.push((expr, fresh.clone()));
                    fresh
                });
                Ok(Transformed::yes(Expr::Column(column)))
            }
            other => Ok(Transformed::no(other)),
        })?;
        Ok(Typed { expr: expr.data, ..typed })
    }
}

/// `x IN ((1, 2))` and `x IN (1, 2)` are the same.
fn in_items(item: &ast::Expr) -> Vec<&ast::Expr> {
    match item {
        ast::Expr::Nested(inner) => vec![inner.as_ref()],
        other => vec![other],
    }
}

/// Constants are worked out while binding, so that `LIMIT toInt32('100')` and
/// `ts > now() - INTERVAL 1 DAY` are as good as literals. What fails is left to fail on rows.
pub(super) fn fold(typed: Typed) -> Typed {
    match evaluate(&typed.expr) {
        Some(Ok(value)) => Typed { expr: Expr::Literal(value, None), ..typed },
        _ => typed,
    }
}

/// The value of an expression that depends on nothing.
pub(super) fn evaluate(expr: &Expr) -> Option<Result<ScalarValue, Error>> {
    if let Expr::Literal(value, _) = expr {
        return Some(Ok(value.clone()));
    }
    let mut constant = true;
    let _ = expr.apply(|part| {
        constant &= match part {
            Expr::Column(_)
            | Expr::OuterReferenceColumn(..)
            | Expr::AggregateFunction(_)
            | Expr::WindowFunction(_)
            | Expr::ScalarSubquery(_)
            | Expr::InSubquery(_)
            | Expr::Exists(_)
            | Expr::Placeholder(_) => false,
            Expr::ScalarFunction(call) => {
                call.func.signature().volatility != datafusion::logical_expr::Volatility::Volatile
            }
            _ => true,
        };
        Ok(if constant { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    if !constant {
        return None;
    }
    let run = || {
        let physical = create_physical_expr(
            expr,
            &DFSchema::empty(),
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )?;
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let row = RecordBatch::try_new_with_options(Arc::new(ArrowSchema::empty()), Vec::new(), &options)?;
        match physical.evaluate(&row)? {
            ColumnarValue::Scalar(value) => Ok(value),
            ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0),
        }
    };
    Some(run().map_err(|error: datafusion::error::DataFusionError| super::trouble::failure(error)))
}
