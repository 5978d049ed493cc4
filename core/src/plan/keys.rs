//! Expressions outside queries: sorting and partition keys, TTLs, column defaults.

use super::expression::{self, evaluate};
use super::scope::{Binding, Ctes, Relation, Scope};
use super::settings::Settings;
use super::trouble::failure;
use super::{Binder, Environment, Frame, Schemas, Visible};
use crate::batch::Schema;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::function::{self, Context, Typed};
use crate::sql::{self, Problem};
use crate::template::{Params, Secrets};
use crate::value::DataType;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// SQL expressions over the columns of a data source, ready to run on its batches.
pub struct Expressions {
    expressions: Vec<Arc<dyn PhysicalExpr>>,
    types: Vec<DataType>,
}

impl Expressions {
    pub fn new(texts: &[String], schema: &Schema) -> Result<Expressions> {
        Expressions::at(texts, schema, 0)
    }

    /// With what `now()` means.
    pub fn at(texts: &[String], schema: &Schema, now_ns: i64) -> Result<Expressions> {
        let arrow: SchemaRef = schema.to_arrow();
        let df_schema = DFSchema::try_from(arrow).map_err(failure)?;
        let mut bound = Expressions { expressions: Vec::new(), types: Vec::new() };
        for text in texts {
            let typed = standalone(text, schema, now_ns)?;
            let physical = create_physical_expr(
                &typed.expr,
                &df_schema,
                &ExecutionProps::new(),
                &PhysicalPlanningContext::default(),
            )
            .map_err(failure)?;
            bound.expressions.push(physical);
            bound.types.push(typed.data_type);
        }
        Ok(bound)
    }

    /// The type of each expression.
    pub fn types(&self) -> &[DataType] {
        &self.types
    }

    /// One array for each expression.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let rows = batch.num_rows();
        let values = self.expressions.iter().map(|expression| expression.evaluate(batch)?.into_array(rows));
        values.collect::<Result<_, _>>().map_err(failure)
    }
}

/// The value of a constant SQL expression (a column's DEFAULT) as `data_type`.
pub fn constant(text: &str, data_type: &DataType, now_ns: i64) -> Result<ScalarValue> {
    let typed = standalone(text, &Schema::default(), now_ns)?;
    let cast = function::cast(typed, data_type).map_err(|mismatch| Error::invalid(mismatch.message))?;
    match evaluate(&cast.expr) {
        Some(value) => {
            let value = value?;
            value.cast_to(&data_type.to_arrow()).map_err(failure)
        }
        None => Err(Error::invalid(format!("{text}: not a constant expression"))),
    }
}

/// Binds one expression over columns that go by their own names.
fn standalone(text: &str, schema: &Schema, now_ns: i64) -> Result<Typed> {
    let named = |problem: Problem| Error::from(super::Trouble::Here(problem)).context(text);
    let (expression, lines) = sql::parse_expression(text).map_err(named)?;
    let catalog = Catalog::empty("", "");
    let (visible, params) = (Visible::default(), Params::default());
    let context = Context { now_ns };
    let environment =
        Environment { catalog: &catalog, visible: &visible, params: &params, context, settings: &[], tables: &Schemas };
    let frame = Frame { lines, pipe: None, pipeline: None, secrets: Secrets::default() };
    let mut binder = Binder {
        environment: &environment,
        next_column: 0,
        next_table: 0,
        shadow_depth: usize::MAX,
        parts: 0,
        expanded: Vec::new(),
        data_sources: Vec::new(),
        parameters: Vec::new(),
        frames: vec![frame],
        checking: false,
        array_joins: None,
        settings: Settings::default(),
        subqueries: Vec::new(),
    };
    let columns = schema.0.iter().map(|(name, data_type)| Binding {
        name: name.clone(),
        column: Column::new_unqualified(name),
        data_type: data_type.clone(),
    });
    let scope = Scope { relations: vec![Relation { name: None, columns: columns.collect() }], ..Scope::default() };
    let mut expressions = expression::Expressions {
        binder: &mut binder,
        scope: &scope,
        ctes: &Ctes::default(),
        aggregates: None,
        resolving: Vec::new(),
    };
    let typed = expressions.bind(&expression).map_err(|trouble| Error::from(trouble).context(text))?;
    Ok(typed.into_value())
}
