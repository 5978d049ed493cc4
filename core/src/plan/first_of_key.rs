//! Rows with equal keys, told apart by their order: the first of them, or which one each is.

use super::Trouble;
use arrow::datatypes::{DataType as Arrow, Field};
use datafusion::common::{DFSchema, DFSchemaRef, Result as EngineResult, internal_err};
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FirstOfKey {
    input: LogicalPlan,
    keys: Vec<Expr>,
    /// All rows stay, and this new column says how many of the same key came before.
    place: Option<String>,
    schema: DFSchemaRef,
}

impl FirstOfKey {
    /// Of the rows with equal keys, the first.
    pub(super) fn firsts(input: LogicalPlan, keys: impl Iterator<Item = Expr>) -> Result<LogicalPlan, Trouble> {
        Ok(FirstOfKey::new(input, keys.collect(), None)?.plan())
    }

    /// All rows, and which one of its key each is.
    pub(super) fn places(
        input: LogicalPlan,
        keys: impl Iterator<Item = Expr>,
        column: String,
    ) -> Result<LogicalPlan, Trouble> {
        Ok(FirstOfKey::new(input, keys.collect(), Some(column))?.plan())
    }

    fn new(input: LogicalPlan, keys: Vec<Expr>, place: Option<String>) -> EngineResult<FirstOfKey> {
        let schema = match &place {
            Some(name) => {
                let field = Field::new(name, Arrow::UInt64, false);
                let added = DFSchema::from_unqualified_fields(vec![field].into(), HashMap::new())?;
                Arc::new(input.schema().join(&added)?)
            }
            None => input.schema().clone(),
        };
        Ok(FirstOfKey { input, keys, place, schema })
    }

    fn plan(self) -> LogicalPlan {
        LogicalPlan::Extension(Extension { node: Arc::new(self) })
    }

    pub(crate) fn keys(&self) -> &[Expr] {
        &self.keys
    }

    pub(crate) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl PartialOrd for FirstOfKey {
    fn partial_cmp(&self, other: &FirstOfKey) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for FirstOfKey {
    fn name(&self) -> &str {
        "FirstOfKey"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.keys.clone()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "FirstOfKey: {}", self.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    }

    fn with_exprs_and_inputs(&self, keys: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> EngineResult<FirstOfKey> {
        match inputs.pop() {
            Some(input) => FirstOfKey::new(input, keys, self.place.clone()),
            None => internal_err!("FirstOfKey has one input"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let inputs = self.input.schema().fields().len();
        Some(vec![output_columns.iter().copied().filter(|index| *index < inputs).collect()])
    }
}
