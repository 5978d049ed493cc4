//! SQL text → value, through the function table and the engine's physical expressions only.

use crate::function::{self, AggregateCall, Context, Mismatch, Typed, literal};
use crate::value::{DataType, IntervalUnit};
use arrow::array::*;
use arrow::datatypes::Schema;
use datafusion::common::{Column, DFSchema};
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, col};
use datafusion::physical_expr::create_physical_expr;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use sqlparser::ast;
use sqlparser::dialect::ClickHouseDialect;
use sqlparser::parser::Parser;
use std::cell::RefCell;
use std::sync::Arc;

const CONTEXT: Context = Context { now_ns: 1_715_780_832_123_456_789 };

/// The value of an expression, as TSV.
pub(super) fn evaluate(sql: &str) -> Result<String, String> {
    evaluated(Evaluator::default().bind(sql)?)
}

fn evaluated(typed: Typed) -> Result<String, String> {
    let typed = typed.into_value();
    let physical = create_physical_expr(&typed.expr, &DFSchema::empty(), &Default::default(), &Default::default())
        .map_err(|error| error.to_string())?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    let value = physical.evaluate(&row).and_then(|value| value.into_array(1)).map_err(|error| error.to_string())?;
    show(&value, &typed.data_type)
}

pub(super) fn type_of(sql: &str) -> Result<String, String> {
    evaluate(&format!("toTypeName({sql})"))
}

pub(super) fn show(array: &ArrayRef, data_type: &DataType) -> Result<String, String> {
    if array.logical_nulls().is_some_and(|nulls| nulls.is_null(0)) {
        return Ok("\\N".to_owned());
    }
    assert_eq!(*array.data_type(), data_type.to_arrow(), "the array is not what {data_type} promises");
    let on_error = crate::function::convert::OnError::Fail;
    let text = crate::function::convert::cast_array(array, data_type, &DataType::String, on_error)
        .map_err(|error| error.to_string())?;
    Ok(text.as_string_view().value(0).to_owned())
}

/// An aggregate call, taken apart.
pub(super) struct Apart {
    pub(super) name: String,
    pub(super) parameters: Vec<ScalarValue>,
    pub(super) columns: Vec<ArrayRef>,
    pub(super) types: Vec<DataType>,
    pub(super) rows: usize,
}

#[derive(Default)]
pub(super) struct Evaluator {
    columns: Vec<(String, DataType, ArrayRef)>,
    /// The parameters of the lambdas around an expression, innermost last.
    parameters: RefCell<Vec<(String, Typed)>>,
}

impl Evaluator {
    /// The column `x` of 1 … `rows`.
    pub(super) fn over_numbers(rows: u64) -> Evaluator {
        Evaluator::over(vec![("x", DataType::UInt64, Arc::new(UInt64Array::from_iter_values(1..=rows)))])
    }

    pub(super) fn over(columns: Vec<(&str, DataType, ArrayRef)>) -> Evaluator {
        let columns = columns.into_iter().map(|(name, data_type, array)| (name.to_owned(), data_type, array)).collect();
        Evaluator { columns, ..Evaluator::default() }
    }

    pub(super) fn bind(&self, sql: &str) -> Result<Typed, String> {
        let mut parser = Parser::new(&ClickHouseDialect {}).try_with_sql(sql).map_err(|error| error.to_string())?;
        let parsed = parser.parse_expr().map_err(|error| error.to_string())?;
        self.expr(&parsed).map_err(|mismatch| mismatch.message)
    }

    /// The value of one aggregate call over all rows: of two partitions, so that states are saved and merged.
    pub(super) fn aggregate(&self, sql: &str) -> Result<String, String> {
        self.aggregate_of(sql, 2)
    }

    pub(super) fn aggregate_of(&self, sql: &str, partitions: usize) -> Result<String, String> {
        let typed = self.bind(sql)?;
        let mut calls = Vec::new();
        let replaced = lift(typed.expr.clone(), &mut calls);
        if calls.is_empty() {
            return evaluated(typed);
        }
        let fields: Vec<_> = self.columns.iter().map(|(name, data_type, _)| data_type.to_field(name)).collect();
        let schema = Arc::new(Schema::new(fields));
        let arrays = self.columns.iter().map(|(_, _, array)| array.clone()).collect();
        let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
        let half = if partitions == 2 { batch.num_rows() / 2 } else { 0 };
        let parts = vec![vec![batch.slice(0, half)], vec![batch.slice(half, batch.num_rows() - half)]];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let result = runtime.block_on(async {
            let context = SessionContext::new();
            let frame = context.read_table(Arc::new(MemTable::try_new(schema, parts)?))?;
            frame.aggregate(vec![], calls)?.select(vec![replaced.alias("value")])?.collect().await
        });
        let batches = result.map_err(|error| error.to_string())?;
        let batch = batches.iter().find(|batch| batch.num_rows() > 0).ok_or("no rows")?;
        show(batch.column(0), &typed.data_type)
    }

    /// An aggregate call's name, parameters and arguments, these as columns, without running it.
    pub(super) fn taken_apart(&self, sql: &str) -> Result<Option<Apart>, String> {
        let mut parser = Parser::new(&ClickHouseDialect {}).try_with_sql(sql).map_err(|error| error.to_string())?;
        let ast::Expr::Function(call) = parser.parse_expr().map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let mut name = call.name.to_string();
        if !function::is_aggregate(&name) {
            return Ok(None);
        }
        let bound = |arguments| self.arguments(arguments).map_err(|mismatch| mismatch.message);
        let (parameters, _) = bound(&call.parameters)?;
        let (arguments, distinct) = bound(&call.args)?;
        if distinct {
            name.push_str("Distinct");
        }
        let fields: Vec<_> = self.columns.iter().map(|(name, data_type, _)| data_type.to_field(name)).collect();
        let arrays = self.columns.iter().map(|(_, _, array)| array.clone()).collect();
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
        let schema = DFSchema::try_from(schema).unwrap();
        let mut columns = Vec::new();
        let mut types = Vec::new();
        for argument in arguments {
            let argument = argument.into_value();
            let physical = create_physical_expr(&argument.expr, &schema, &Default::default(), &Default::default());
            let value = physical.and_then(|physical| physical.evaluate(&batch)).map_err(|error| error.to_string())?;
            columns.push(value.into_array(batch.num_rows()).map_err(|error| error.to_string())?);
            types.push(argument.data_type);
        }
        let parameters = parameters.into_iter().map(|one| one.constant().expect("a constant").clone()).collect();
        Ok(Some(Apart { name, parameters, columns, types, rows: batch.num_rows() }))
    }

    fn expr(&self, parsed: &ast::Expr) -> Result<Typed, Mismatch> {
        let call = |name: &str, arguments: Vec<&ast::Expr>| {
            let arguments = arguments.into_iter().map(|one| self.expr(one)).collect::<Result<Vec<_>, _>>()?;
            function::call(&CONTEXT, name, arguments)
        };
        match parsed {
            ast::Expr::Nested(inner) => self.expr(inner),
            ast::Expr::Value(value) => Ok(constant(&value.value)),
            ast::Expr::Identifier(name) => {
                let parameters = self.parameters.borrow();
                if let Some((_, value)) = parameters.iter().rev().find(|(known, _)| *known == name.value) {
                    return Ok(value.clone());
                }
                if let "inf" | "nan" = name.value.as_str() {
                    return Ok(float(name.value.parse().unwrap()));
                }
                if IntervalUnit::parse(&name.value).is_some() {
                    return Ok(literal(ScalarValue::Utf8View(Some(name.value.clone())), DataType::String));
                }
                let (_, data_type, _) = self.columns.iter().find(|(known, ..)| *known == name.value).expect("a column");
                Ok(Typed { expr: col(name.value.as_str()), data_type: data_type.clone(), is_predicate: false })
            }
            ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => match self.expr(expr)? {
                Typed { expr: Expr::Literal(value, _), data_type, .. }
                    if data_type.is_integer() && matches!(**expr, ast::Expr::Value(_)) =>
                {
                    Ok(negative(&value))
                }
                typed => function::call(&CONTEXT, "negate", vec![typed]),
            },
            ast::Expr::UnaryOp { op: ast::UnaryOperator::Plus, expr } => self.expr(expr),
            ast::Expr::UnaryOp { expr, .. } => call("not", vec![expr]),
            ast::Expr::IsNotNull(expr) => call("isNotNull", vec![expr]),
            ast::Expr::IsDistinctFrom(left, right) => call("isDistinctFrom", vec![left, right]),
            ast::Expr::IsNotDistinctFrom(left, right) => call("isNotDistinctFrom", vec![left, right]),
            ast::Expr::Between { expr, negated: false, low, high } => {
                let (low, high) = (call("greaterOrEquals", vec![expr, low])?, call("lessOrEquals", vec![expr, high])?);
                function::call(&CONTEXT, "and", vec![low, high])
            }
            ast::Expr::Case { operand, conditions, else_result, .. } => {
                let mut arguments = Vec::new();
                for when in conditions {
                    arguments.push(match operand {
                        Some(operand) => call("equals", vec![operand, &when.condition])?,
                        None => self.expr(&when.condition)?,
                    });
                    arguments.push(self.expr(&when.result)?);
                }
                arguments.push(match else_result {
                    Some(otherwise) => self.expr(otherwise)?,
                    None => constant(&ast::Value::Null),
                });
                function::call(&CONTEXT, "multiIf", arguments)
            }
            ast::Expr::BinaryOp { left, op, right } => call(operator(op), vec![left, right]),
            ast::Expr::IsNull(expr) => call("isNull", vec![expr]),
            ast::Expr::InList { expr, list, negated } => {
                let arguments = std::iter::once(expr.as_ref()).chain(list).collect();
                call(if *negated { "notIn" } else { "in" }, arguments)
            }
            ast::Expr::Like { negated, expr, pattern, .. } => {
                call(if *negated { "notLike" } else { "like" }, vec![expr, pattern])
            }
            ast::Expr::ILike { negated, expr, pattern, .. } => {
                call(if *negated { "notILike" } else { "ilike" }, vec![expr, pattern])
            }
            ast::Expr::Tuple(items) => call("tuple", items.iter().collect()),
            ast::Expr::Array(array) => call("array", array.elem.iter().collect()),
            ast::Expr::Interval(interval) => {
                let unit = interval.leading_field.as_ref().map(ToString::to_string).unwrap_or_default();
                let unit = IntervalUnit::parse(&unit).ok_or_else(|| Mismatch::new("an interval without a unit"))?;
                call(&format!("toInterval{}", unit.name()), vec![&interval.value])
            }
            ast::Expr::Cast { expr, data_type, .. } => {
                let data_type = DataType::parse(&data_type.to_string()).map_err(Mismatch::new)?;
                function::cast(self.expr(expr)?, &data_type)
            }
            ast::Expr::Substring { expr, substring_from, substring_for, .. } => {
                let rest = [substring_from, substring_for];
                call(
                    "substring",
                    std::iter::once(expr.as_ref()).chain(rest.into_iter().flatten().map(|one| one.as_ref())).collect(),
                )
            }
            ast::Expr::Trim { expr, .. } => call("trim", vec![expr]),
            ast::Expr::Floor { expr, field } => self.rounded("floor", expr, field),
            ast::Expr::Ceil { expr, field } => self.rounded("ceil", expr, field),
            ast::Expr::Position { expr, r#in } => call("position", vec![r#in, expr]),
            ast::Expr::Function(call) => self.function(call),
            ast::Expr::CompoundFieldAccess { root, access_chain } => {
                let mut value = self.expr(root)?;
                for access in access_chain {
                    let (name, key) = match access {
                        ast::AccessExpr::Subscript(ast::Subscript::Index { index }) => {
                            ("arrayElement", self.expr(index)?)
                        }
                        ast::AccessExpr::Dot(ast::Expr::Identifier(name)) => ("tupleElement", {
                            literal(ScalarValue::Utf8View(Some(name.value.clone())), DataType::String)
                        }),
                        ast::AccessExpr::Dot(place) => ("tupleElement", self.expr(place)?),
                        other => panic!("the evaluator does not know {other:?}"),
                    };
                    value = function::call(&CONTEXT, name, vec![value, key])?;
                }
                Ok(value)
            }
            other => panic!("the evaluator does not know {other:?}"),
        }
    }

    fn rounded(&self, name: &str, expr: &ast::Expr, kind: &ast::CeilFloorKind) -> Result<Typed, Mismatch> {
        let mut arguments = vec![self.expr(expr)?];
        if let ast::CeilFloorKind::Scale(digits) = kind {
            arguments.push(constant(&digits.value));
        }
        function::call(&CONTEXT, name, arguments)
    }

    fn function(&self, call: &ast::Function) -> Result<Typed, Mismatch> {
        let name = call.name.to_string();
        if let Some(bound) = self.higher_order(&name, &call.args)? {
            return Ok(bound);
        }
        let (arguments, distinct) = self.arguments(&call.args)?;
        if !function::is_aggregate(&name) {
            return function::call(&CONTEXT, &name, arguments);
        }
        let (parameters, _) = self.arguments(&call.parameters)?;
        let parameters = parameters.into_iter().map(|one| one.constant().expect("a constant").clone()).collect();
        function::aggregate(&CONTEXT, AggregateCall { name, parameters, arguments, distinct })
    }

    fn higher_order(&self, name: &str, arguments: &ast::FunctionArguments) -> Result<Option<Typed>, Mismatch> {
        let ast::FunctionArguments::List(list) = arguments else { return Ok(None) };
        let Some(ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Lambda(lambda)))) = list.args.first()
        else {
            return Ok(None);
        };
        let rest = list.args[1..].iter().map(|argument| match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => self.expr(expr),
            other => panic!("the evaluator does not know {other:?}"),
        });
        let pending = function::pending(&CONTEXT, name, rest.collect::<Result<_, _>>()?, lambda.params.len())?;
        let outer = self.parameters.borrow().len();
        let mut columns = Vec::new();
        for (index, (parameter, data_type)) in lambda.params.iter().zip(&pending.parameters).enumerate() {
            let column = Column::new_unqualified(format!("parameter {}", outer + index));
            columns.push(column.clone());
            let value = Typed { expr: Expr::Column(column), data_type: data_type.clone(), is_predicate: false };
            self.parameters.borrow_mut().push((parameter.name.value.clone(), value));
        }
        let body = self.expr(&lambda.body);
        self.parameters.borrow_mut().truncate(outer);
        pending.bind(function::Lambda { parameters: columns, body: body? }).map(Some)
    }

    fn arguments(&self, arguments: &ast::FunctionArguments) -> Result<(Vec<Typed>, bool), Mismatch> {
        let ast::FunctionArguments::List(list) = arguments else { return Ok((Vec::new(), false)) };
        let distinct = list.duplicate_treatment == Some(ast::DuplicateTreatment::Distinct);
        let arguments = list.args.iter().map(|argument| match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => self.expr(expr),
            other => panic!("the evaluator does not know {other:?}"),
        });
        Ok((arguments.collect::<Result<_, _>>()?, distinct))
    }
}

/// Puts a column in the place of each aggregate call.
fn lift(expr: Expr, calls: &mut Vec<Expr>) -> Expr {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let lifted = expr.transform_down(|expr| {
        if !matches!(expr, Expr::AggregateFunction(_)) {
            return Ok(Transformed::no(expr));
        }
        let name = format!("aggregate_{}", calls.len());
        calls.push(expr.alias(&name));
        Ok(Transformed::new(col(name), true, datafusion::common::tree_node::TreeNodeRecursion::Jump))
    });
    lifted.unwrap().data
}

fn constant(value: &ast::Value) -> Typed {
    match value {
        ast::Value::Number(text, _) => match text.parse::<u64>() {
            Ok(number) => unsigned(number),
            Err(_) => float(text.parse().unwrap()),
        },
        ast::Value::SingleQuotedString(text) => literal(ScalarValue::Utf8View(Some(text.clone())), DataType::String),
        ast::Value::Boolean(value) => literal(ScalarValue::Boolean(Some(*value)), DataType::Bool),
        ast::Value::Null => literal(ScalarValue::Null, DataType::Nullable(Box::new(DataType::Nothing))),
        other => panic!("the evaluator does not know {other:?}"),
    }
}

fn float(number: f64) -> Typed {
    literal(ScalarValue::Float64(Some(number)), DataType::Float64)
}

fn unsigned(number: u64) -> Typed {
    match number {
        0..=0xff => literal(ScalarValue::UInt8(Some(number as u8)), DataType::UInt8),
        0x100..=0xffff => literal(ScalarValue::UInt16(Some(number as u16)), DataType::UInt16),
        0x1_0000..=0xffff_ffff => literal(ScalarValue::UInt32(Some(number as u32)), DataType::UInt32),
        _ => literal(ScalarValue::UInt64(Some(number)), DataType::UInt64),
    }
}

fn negative(value: &ScalarValue) -> Typed {
    let number: i128 = -value.to_string().parse::<i128>().unwrap();
    let Ok(number) = i64::try_from(number) else { return float(number as f64) };
    match number {
        -0x80..=0 => literal(ScalarValue::Int8(Some(number as i8)), DataType::Int8),
        -0x8000..=0 => literal(ScalarValue::Int16(Some(number as i16)), DataType::Int16),
        -0x8000_0000..=0 => literal(ScalarValue::Int32(Some(number as i32)), DataType::Int32),
        _ => literal(ScalarValue::Int64(Some(number)), DataType::Int64),
    }
}

fn operator(operator: &ast::BinaryOperator) -> &'static str {
    use ast::BinaryOperator::*;
    match operator {
        Plus => "plus",
        Minus => "minus",
        Multiply => "multiply",
        Divide => "divide",
        Modulo => "modulo",
        Eq => "equals",
        NotEq => "notEquals",
        Lt => "less",
        LtEq => "lessOrEquals",
        Gt => "greater",
        GtEq => "greaterOrEquals",
        And => "and",
        Or => "or",
        StringConcat => "concat",
        Spaceship => "isNotDistinctFrom",
        MyIntegerDivide => "intDiv",
        other => panic!("the evaluator does not know {other:?}"),
    }
}
