//! Table functions and system tables: rows that are made, not read.

use super::expression::{Expressions, evaluate};
use super::scope::{Binding, Ctes, Scope};
use super::trouble::{mismatch, unsupported};
use super::{Binder, Output, Trouble};
use crate::batch::{Rows, Schema};
use crate::diagnostic::nearest;
use crate::error::Error;
use crate::function::{self, Typed};
use crate::limits;
use crate::sql::{Problem, exception};
use crate::value::{DataType, supertype};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, TableSource};
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, Spanned};
use std::ops::Range;
use std::sync::Arc;

/// Rows that are made while they are read.
#[derive(Clone, Debug)]
pub enum Made {
    /// One column: `count` numbers from `from`, or without an end. They wrap.
    Series {
        name: &'static str,
        from: u64,
        step: u64,
        count: Option<u64>,
    },
    /// One column `zero` of so many zeros.
    Zeros {
        count: Option<u64>,
    },
    /// Random values without an end; the same seed gives the same rows.
    Random(Random),
    Rows(Rows),
}

#[derive(Clone, Debug)]
pub struct Random {
    pub schema: Schema,
    pub seed: u64,
    pub text_bytes_max: usize,
    pub array_items_max: usize,
}

impl Made {
    /// Names and types of its columns.
    pub fn schema(&self) -> Schema {
        match self {
            Made::Series { name, .. } => Schema(vec![((*name).to_owned(), DataType::UInt64)]),
            Made::Zeros { .. } => Schema(vec![("zero".to_owned(), DataType::UInt8)]),
            Made::Random(random) => random.schema.clone(),
            Made::Rows(rows) => rows.schema.clone(),
        }
    }
}

/// All that [`Binder::table_function`] knows.
const NAMES: [&str; 11] = [
    "numbers",
    "numbers_mt",
    "zeros",
    "zeros_mt",
    "generate_series",
    "generateSeries",
    "values",
    "null",
    "generateRandom",
    "view",
    "viewExplain",
];
/// Those of ClickHouse that reach out of the database.
const OUTSIDE: [&str; 24] = [
    "s3",
    "s3Cluster",
    "gcs",
    "url",
    "urlCluster",
    "file",
    "fileCluster",
    "remote",
    "remoteSecure",
    "cluster",
    "clusterAllReplicas",
    "postgresql",
    "mysql",
    "mongodb",
    "sqlite",
    "jdbc",
    "odbc",
    "hdfs",
    "iceberg",
    "deltaLake",
    "hudi",
    "azureBlobStorage",
    "input",
    "merge",
];

impl Binder<'_> {
    /// `system.numbers` and its like; `None` if it is none of them.
    pub(super) fn system_table(&mut self, parts: &[&str]) -> Result<Option<Output>, Trouble> {
        let made = match parts {
            ["system", "numbers" | "numbers_mt"] => Made::Series { name: "number", from: 0, step: 1, count: None },
            ["system", "zeros" | "zeros_mt"] => Made::Zeros { count: None },
            ["system", "one"] => {
                let schema = Schema(vec![("dummy".to_owned(), DataType::UInt8)]);
                one_batch(schema, vec![ScalarValue::UInt8(Some(0)).to_array()?], 1)?
            }
            _ => return Ok(None),
        };
        self.made(&made).map(Some)
    }

    /// A call in FROM.
    pub(super) fn table_function(
        &mut self,
        name: &str,
        arguments: &[ast::FunctionArg],
        span: Range<usize>,
        ctes: &Ctes,
    ) -> Result<Output, Trouble> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => {
                    values.push((self.constant_of_table_function(expr, ctes)?, self.span(expr.span())));
                }
                other => return Err(unsupported(&format!("{other} in a table function"), span)),
            }
        }
        let call = Call { name, values: &values, span: span.clone() };
        let made = match name {
            "numbers" | "numbers_mt" => call.numbers()?,
            "zeros" | "zeros_mt" => Made::Zeros { count: call.optional(0)? },
            "generate_series" | "generateSeries" => call.series()?,
            "null" => {
                let schema = call.structure(0)?;
                let columns = schema.0.iter().map(|(_, data_type)| new_empty_array(&data_type.to_arrow())).collect();
                one_batch(schema, columns, 0)?
            }
            "generateRandom" => call.random()?,
            _ if name.eq_ignore_ascii_case("values") => call.rows()?,
            _ => return Err(unknown(name, span)),
        };
        self.made(&made)
    }

    fn constant_of_table_function(&mut self, expr: &ast::Expr, ctes: &Ctes) -> Result<Typed, Trouble> {
        let span = self.span(expr.span());
        let scope = Scope::default();
        let mut expressions =
            Expressions { binder: self, scope: &scope, ctes, aggregates: None, resolving: Vec::new() };
        let typed = expressions.bind(expr)?.into_value();
        match evaluate(&typed.expr) {
            Some(value) => Ok(Typed { expr: Expr::Literal(value?, None), ..typed }),
            None => {
                Err(wrong(exception::ILLEGAL_TYPE_OF_ARGUMENT, "a table function takes constants".to_owned(), span))
            }
        }
    }

    /// Rows of a VALUES clause: `(VALUES (1, 'x'), (2, 'y'))`.
    pub(super) fn values_clause(&mut self, values: &ast::Values, ctes: &Ctes) -> Result<Output, Trouble> {
        let mut rows = Vec::with_capacity(values.rows.len());
        let mut span = 0..0;
        for row in &values.rows {
            let cells = row.content.iter().map(|cell| self.constant_of_table_function(cell, ctes));
            rows.push(cells.collect::<Result<Vec<_>, _>>()?);
            span = row.content.first().map_or(span, |cell| self.span(cell.span()));
        }
        let call = Call { name: "VALUES", values: &[], span };
        self.made(&call.table(rows, None)?)
    }

    fn made(&mut self, made: &Made) -> Result<Output, Trouble> {
        let source = self.environment.tables.made(made);
        self.scan_of(source, &made.schema())
    }

    /// Reads all of a source whose columns lie in the order of `schema`, whatever their names.
    pub(super) fn scan_of(&mut self, source: Arc<dyn TableSource>, schema: &Schema) -> Result<Output, Trouble> {
        self.next_table += 1;
        let table = format!("t{}", self.next_table);
        let stored = source.schema();
        let builder = LogicalPlanBuilder::scan(table.as_str(), source, None)?;
        let mut columns = Vec::with_capacity(schema.0.len());
        let mut exprs = Vec::with_capacity(schema.0.len());
        for ((name, data_type), field) in schema.0.iter().zip(stored.fields()) {
            let fresh = self.fresh_column();
            exprs.push(Expr::Column(Column::new(Some(table.as_str()), field.name())).alias(fresh.name.clone()));
            columns.push(Binding { name: name.clone(), column: fresh, data_type: data_type.clone() });
        }
        Ok(Output { plan: builder.project(exprs)?.build()?, columns })
    }
}

/// A call whose arguments are known.
struct Call<'a> {
    name: &'a str,
    values: &'a [(Typed, Range<usize>)],
    span: Range<usize>,
}

impl Call<'_> {
    fn count(&self, allowed: std::ops::RangeInclusive<usize>) -> Result<(), Trouble> {
        if allowed.contains(&self.values.len()) {
            return Ok(());
        }
        let message = format!("table function {} does not take {} arguments", self.name, self.values.len());
        Err(wrong(exception::BAD_ARGUMENTS, message, self.span.clone()))
    }

    fn unsigned(&self, index: usize) -> Result<u64, Trouble> {
        let (value, span) = &self.values[index];
        let wrong = |message| Err(wrong(exception::ILLEGAL_TYPE_OF_ARGUMENT, message, span.clone()));
        if !value.data_type.is_numeric() || value.data_type.is_nullable() {
            return wrong(format!("table function {} takes numbers, not {}", self.name, value.data_type));
        }
        let constant = value.constant().expect("checked when it was bound");
        match constant.cast_to(&arrow::datatypes::DataType::UInt64) {
            Ok(ScalarValue::UInt64(Some(number))) => Ok(number),
            _ => wrong(format!("{constant} is no UInt64")),
        }
    }

    fn optional(&self, index: usize) -> Result<Option<u64>, Trouble> {
        if index < self.values.len() { self.unsigned(index).map(Some) } else { Ok(None) }
    }

    /// `numbers(count)`, `numbers(from, length)`, `numbers(from, length, step)`.
    fn numbers(&self) -> Result<Made, Trouble> {
        self.count(0..=3)?;
        let (from, length) = match self.values.len() {
            0 => (0, None),
            1 => (0, self.optional(0)?),
            _ => (self.unsigned(0)?, self.optional(1)?),
        };
        let step = self.step(2)?;
        Ok(Made::Series { name: "number", from, step, count: length.map(|length| length.div_ceil(step)) })
    }

    /// `generate_series(first, last[, step])`.
    fn series(&self) -> Result<Made, Trouble> {
        self.count(2..=3)?;
        let (from, to, step) = (self.unsigned(0)?, self.unsigned(1)?, self.step(2)?);
        let count = if from > to { 0 } else { ((to - from) / step).saturating_add(1) };
        Ok(Made::Series { name: "generate_series", from, step, count: Some(count) })
    }

    fn step(&self, index: usize) -> Result<u64, Trouble> {
        match self.optional(index)?.unwrap_or(1) {
            0 => {
                let message = format!("table function {} takes a step other than zero", self.name);
                Err(wrong(exception::BAD_ARGUMENTS, message, self.values[index].1.clone()))
            }
            step => Ok(step),
        }
    }

    /// `'a UInt8, b String'`.
    fn structure(&self, index: usize) -> Result<Schema, Trouble> {
        let Some((value, span)) = self.values.get(index) else {
            let message = format!("table function {} takes the names and types of columns", self.name);
            return Err(wrong(exception::BAD_ARGUMENTS, message, self.span.clone()));
        };
        let failed = |message| wrong(exception::BAD_ARGUMENTS, message, span.clone());
        let text = value.text().ok_or_else(|| failed("the names and types of columns are a text".to_owned()))?;
        structure(text).map_err(failed)
    }

    /// `generateRandom('structure'[, seed[, text_bytes_max[, array_items_max]]])`.
    fn random(&self) -> Result<Made, Trouble> {
        self.count(1..=4)?;
        let bound = |index: usize, default: u64, most: usize| -> Result<usize, Trouble> {
            let asked = self.optional(index)?.unwrap_or(default);
            Ok(usize::try_from(asked).unwrap_or(most).min(most))
        };
        // without a seed the rows are as random as a query that must be repeatable allows
        let is_seeded = self.values.get(1).is_some_and(|(seed, _)| !seed.is_null());
        Ok(Made::Random(Random {
            schema: self.structure(0)?,
            seed: if is_seeded { self.unsigned(1)? } else { 0x5eed },
            text_bytes_max: bound(2, 10, limits::RANDOM_TEXT_BYTES_MAX)?,
            array_items_max: bound(3, 10, limits::RANDOM_ARRAY_ITEMS_MAX)?,
        }))
    }

    /// `values('structure', row, row …)`, `values(row, row …)`.
    fn rows(&self) -> Result<Made, Trouble> {
        self.count(1..=usize::MAX)?;
        let schema = match self.values {
            // one text alone, or before other rows, is the structure if it reads as one
            [(first, _), ..] => first.text().and_then(|text| structure(text).ok()),
            [] => None,
        };
        let rows = &self.values[usize::from(schema.is_some())..];
        let rows = rows.iter().map(|(row, _)| {
            let is_row = schema.as_ref().is_none_or(|schema| schema.0.len() > 1);
            match function::tuple_items(row) {
                Some(cells) if is_row => cells,
                _ => vec![row.clone()],
            }
        });
        self.table(rows.collect(), schema)
    }

    fn table(&self, rows: Vec<Vec<Typed>>, schema: Option<Schema>) -> Result<Made, Trouble> {
        let width = match (&schema, rows.first()) {
            (Some(schema), _) => schema.0.len(),
            (None, first) => first.map_or(0, Vec::len),
        };
        if let Some(row) = rows.iter().find(|row| row.len() != width) {
            let message = format!("a row of {} has {} values where {width} belong", self.name, row.len());
            return Err(wrong(exception::BAD_ARGUMENTS, message, self.span.clone()));
        }
        let schema = match schema {
            Some(schema) => schema,
            None => Schema((0..width).map(|index| self.column(&rows, index)).collect::<Result<_, _>>()?),
        };
        let count = rows.len();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(width);
        for (index, (_, data_type)) in schema.0.iter().enumerate() {
            let arrow = data_type.to_arrow();
            let mut cells = Vec::with_capacity(count);
            for row in &rows {
                let cell = function::cast(row[index].clone(), data_type).map_err(|problem| match problem.code {
                    "S0204" => wrong(exception::TYPE_MISMATCH, problem.message, self.span.clone()),
                    _ => mismatch(problem, self.span.clone()),
                })?;
                let value = evaluate(&cell.expr)
                    .transpose()
                    .map_err(|error| wrong(exception::TYPE_MISMATCH, error.message, self.span.clone()))?;
                let value = value.ok_or_else(|| Error::internal("a constant did not stay one"))?;
                cells.push(if value.data_type() == arrow { value } else { value.cast_to(&arrow)? });
            }
            columns.push(match cells.is_empty() {
                true => new_empty_array(&arrow),
                false => ScalarValue::iter_to_array(cells)?,
            });
        }
        one_batch(schema, columns, count)
    }

    fn column(&self, rows: &[Vec<Typed>], index: usize) -> Result<(String, DataType), Trouble> {
        let types: Vec<DataType> = rows.iter().map(|row| row[index].data_type.clone()).collect();
        let common =
            supertype(&types).map_err(|message| wrong(exception::NO_COMMON_TYPE, message, self.span.clone()))?;
        Ok((format!("c{}", index + 1), common))
    }
}

fn one_batch(schema: Schema, columns: Vec<ArrayRef>, count: usize) -> Result<Made, Trouble> {
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    let batch = RecordBatch::try_new_with_options(schema.to_arrow(), columns, &options)
        .map_err(|error| Error::internal(format!("rows do not lie as their types say: {error}")))?;
    Ok(Made::Rows(Rows { schema, batches: vec![batch] }))
}

/// Reads `a UInt8, b Array(String)`.
fn structure(text: &str) -> Result<Schema, String> {
    let mut columns = Vec::new();
    let (mut depth, mut start, mut quote) = (0usize, 0, None);
    let mut parts = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) => quote = (open != byte).then_some(open),
            (None, b'\'' | b'`' | b'"') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b',') if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    for part in parts {
        let part = part.trim();
        let (name, rest) = match part.strip_prefix(['`', '"']) {
            Some(quoted) => quoted.split_once(['`', '"']).unwrap_or((quoted, "")),
            None => part.split_once(char::is_whitespace).unwrap_or((part, "")),
        };
        let rest = rest.trim();
        if name.is_empty() || rest.is_empty() {
            return Err(format!("{part:?} is no name with a type"));
        }
        columns.push((name.to_owned(), DataType::parse(rest)?));
    }
    Ok(Schema(columns))
}

fn wrong(exception_code: u16, message: String, span: Range<usize>) -> Trouble {
    Trouble::Here(Problem::new("S0204", exception_code, span, message))
}

fn unknown(name: &str, span: Range<usize>) -> Trouble {
    if OUTSIDE.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return unsupported(&format!("the table function {name}, which reaches out of the database,"), span);
    }
    let hint = nearest(name, NAMES).map(|near| format!("did you mean {near:?}?"));
    let message = format!("unknown table function {name:?}");
    Trouble::Here(Problem::new("S0203", exception::UNKNOWN_FUNCTION, span, message).with_hint(hint))
}
