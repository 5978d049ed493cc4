//! `FROM t FINAL` and `SAMPLE`: which rows of a data source a query sees.

use super::expression::Expressions;
use super::first_of_key::FirstOfKey;
use super::scope::{Binding, Ctes, Relation, Scope};
use super::trouble::unsupported;
use super::{Binder, Frame, Trouble};
use crate::catalog::{DataSource, EngineKind};
use crate::error::Error;
use crate::function;
use crate::sql::{self, Problem, exception};
use crate::template::Secrets;
use crate::value::DataType;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{DFSchemaRef, Result as EngineResult, internal_err};
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNodeCore};
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, Spanned};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

/// How a data source is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    is_final: bool,
    sample: Option<Sample>,
    span: Range<usize>,
}

/// A part of all rows: those from `from` to `to`, both between 0 and 1.
#[derive(Clone, Copy, Debug)]
struct Sample {
    from: f64,
    to: f64,
}

impl Binder<'_> {
    /// What stands behind the name.
    pub(super) fn reading(&mut self, factor: &ast::TableFactor, ctes: &Ctes) -> Result<Reading, Trouble> {
        let ast::TableFactor::Table { with_hints, sample, name, .. } = factor else { return Ok(Reading::default()) };
        let span = self.span(name.span());
        let is_final = match with_hints.as_slice() {
            [] => false,
            [ast::Expr::Identifier(word)] if word.value.eq_ignore_ascii_case("final") => true,
            _ => return Err(unsupported("WITH behind a name in FROM", span)),
        };
        let sample = match sample {
            None => None,
            Some(ast::TableSampleKind::BeforeTableAlias(sample) | ast::TableSampleKind::AfterTableAlias(sample)) => {
                Some(self.sample(sample, span.clone(), ctes)?)
            }
        };
        Ok(Reading { is_final, sample, span })
    }

    fn sample(&mut self, sample: &ast::TableSample, span: Range<usize>, ctes: &Ctes) -> Result<Sample, Trouble> {
        let (Some(quantity), None, None) = (&sample.quantity, &sample.bucket, &sample.seed) else {
            return Err(unsupported(&format!("{sample}"), span));
        };
        let from = match &sample.offset {
            Some(offset) => self.share(offset, ctes)?,
            None => 0.0,
        };
        let share = self.share(&quantity.value, ctes)?;
        if !(0.0..=1.0).contains(&share) || !(0.0..=1.0).contains(&from) {
            return Err(unsupported("SAMPLE of a number of rows", span));
        }
        Ok(Sample { from, to: (from + share).min(1.0) })
    }

    fn share(&mut self, expr: &ast::Expr, ctes: &Ctes) -> Result<f64, Trouble> {
        let span = self.span(expr.span());
        match self.constant(expr, ctes)?.cast_to(&Arrow::Float64) {
            Ok(ScalarValue::Float64(Some(share))) => Ok(share),
            _ => Err(unsupported("SAMPLE of what is no number", span)),
        }
    }

    /// Only data sources know FINAL and SAMPLE.
    pub(super) fn refuse_reading(&self, reading: &Reading, what: &str) -> Result<(), Trouble> {
        let (code, word) = match reading {
            Reading { is_final: true, .. } => (exception::ILLEGAL_FINAL, "FINAL"),
            Reading { sample: Some(_), .. } => (exception::SAMPLING_NOT_SUPPORTED, "SAMPLE"),
            _ => return Ok(()),
        };
        let message = format!("{what} does not support {word}");
        Err(Trouble::Here(Problem::new("S0204", code, reading.span.clone(), message)))
    }

    /// The plan of a scan, whose columns are `columns`, as the query asked to read it.
    pub(super) fn read(
        &mut self,
        mut plan: LogicalPlan,
        data_source: &Arc<DataSource>,
        columns: &[Binding],
        reading: &Reading,
    ) -> Result<LogicalPlan, Trouble> {
        if let EngineKind::Join { strictness, keys, .. } = &data_source.engine.kind
            && strictness != "ALL"
        {
            // it keeps the first row of each key
            let of_key = columns.iter().filter(|binding| keys.contains(&binding.name));
            plan = FirstOfKey::firsts(plan, of_key.map(|binding| Expr::Column(binding.column.clone())))?;
        }
        if let Some(sample) = reading.sample {
            let condition = self.sample_condition(data_source, columns, sample, reading)?;
            plan = LogicalPlanBuilder::from(plan).filter(condition)?.build()?;
        }
        if !reading.is_final {
            return Ok(plan);
        }
        let kind = &data_source.engine.kind;
        if matches!(kind, EngineKind::MergeTree | EngineKind::Null | EngineKind::Join { .. }) {
            let reading = Reading { sample: None, ..reading.clone() };
            let engine = data_source.engine.kind.name();
            self.refuse_reading(&reading, &format!("the engine {engine} of {:?}", data_source.name))?;
        }
        let names = columns.iter().map(|binding| binding.column.name.clone()).collect();
        let node = FinalRows { input: plan, data_source: data_source.clone(), names };
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
    }

    /// The sampling key is a hash: its range is cut into shares, as ClickHouse does.
    fn sample_condition(
        &mut self,
        data_source: &DataSource,
        columns: &[Binding],
        sample: Sample,
        reading: &Reading,
    ) -> Result<Expr, Trouble> {
        let Some(key) = &data_source.engine.sampling_key else {
            let without = Reading { is_final: false, ..reading.clone() };
            self.refuse_reading(&without, &format!("the data source {:?} has no sampling key and", data_source.name))?;
            return Err(Trouble::Failed(Error::internal("SAMPLE was not refused")));
        };
        let (expression, lines) = sql::parse_expression(key).map_err(Trouble::Here)?;
        let relation = Relation { name: Some(data_source.name.clone()), columns: columns.to_vec() };
        let scope = Scope { relations: vec![relation], ..Scope::default() };
        self.frames.push(Frame { lines, pipe: None, pipeline: None, secrets: Secrets::default() });
        let ctes = Ctes::default();
        let mut expressions =
            Expressions { binder: self, scope: &scope, ctes: &ctes, aggregates: None, resolving: Vec::new() };
        let key = expressions.bind(&expression);
        self.frames.pop();
        let key = key?.into_value();
        let Some(bits) = key.data_type.integer_bits().filter(|bits| key.data_type.is_unsigned_integer() && *bits <= 64)
        else {
            return Err(unsupported(&format!("a sampling key of {}", key.data_type), reading.span.clone()));
        };
        let key = function::widen(key, &DataType::UInt64).expr;
        let end = 2f64.powi(bits as i32);
        let place = |share: f64| Expr::Literal(ScalarValue::UInt64(Some((share * end) as u64)), None);
        let mut condition = Expr::Literal(ScalarValue::Boolean(Some(true)), None);
        if sample.from > 0.0 {
            condition = condition.and(key.clone().gt_eq(place(sample.from)));
        }
        if sample.to < 1.0 {
            condition = condition.and(key.lt(place(sample.to)));
        }
        Ok(condition)
    }
}

/// The operator: rows that agree in the sorting key, folded as their engine says.
#[derive(Clone, Debug)]
pub(crate) struct FinalRows {
    input: LogicalPlan,
    pub(crate) data_source: Arc<DataSource>,
    /// What the plan calls the data source's columns; the input has some of them.
    pub(crate) names: Vec<String>,
}

impl FinalRows {
    /// The folding needs it, whatever the query reads: it is a key, or it decides what stays.
    fn is_needed(&self, column: usize) -> bool {
        let (engine, column) = (&self.data_source.engine, &self.data_source.columns[column]);
        let decides = match &engine.kind {
            EngineKind::Replacing { version, is_deleted } => {
                version.as_deref() == Some(&column.name) || is_deleted.as_deref() == Some(&column.name)
            }
            EngineKind::Collapsing { sign } => *sign == column.name,
            EngineKind::VersionedCollapsing { sign, version } => *sign == column.name || *version == column.name,
            // a row whose sums are all zero is gone
            EngineKind::Summing { .. } => true,
            EngineKind::Aggregating | EngineKind::MergeTree | EngineKind::Null | EngineKind::Join { .. } => false,
        };
        decides || engine.sorting_key.iter().any(|key| key.contains(&column.name))
    }

    fn is_key(&self, column: usize) -> bool {
        let name = &self.data_source.columns[column].name;
        self.data_source.engine.sorting_key.iter().any(|key| key.trim_matches('`') == name)
    }
}

impl PartialEq for FinalRows {
    fn eq(&self, other: &FinalRows) -> bool {
        self.input == other.input && self.data_source.id == other.data_source.id && self.names == other.names
    }
}

impl Eq for FinalRows {}

impl Hash for FinalRows {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.input, &self.data_source.id, &self.names).hash(state);
    }
}

impl PartialOrd for FinalRows {
    fn partial_cmp(&self, other: &FinalRows) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for FinalRows {
    fn name(&self) -> &str {
        "FinalRows"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    /// Rows that agree in a key pass a condition on it together; by other columns one could be chosen that is not
    /// the last.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.names.iter().enumerate().filter(|(index, _)| !self.is_key(*index)).map(|(_, name)| name.clone()).collect()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "FinalRows: {}", self.data_source.name)
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> EngineResult<FinalRows> {
        match inputs.pop() {
            Some(input) => Ok(FinalRows { input, ..self.clone() }),
            None => internal_err!("FinalRows has one input"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let fields = self.input.schema().fields();
        let is_needed = |index: &usize| {
            let column = self.names.iter().position(|name| name == fields[*index].name());
            output_columns.contains(index) || column.is_none_or(|column| self.is_needed(column))
        };
        Some(vec![(0..fields.len()).filter(is_needed).collect()])
    }
}
