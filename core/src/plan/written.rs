//! What a node gives, as rows of the data source that it writes to.

use super::relation::{default_value, typed};
use super::scope::Binding;
use super::trouble::unsupported;
use super::{Binder, Output, Trouble, constant};
use crate::catalog::{Column, DataSource};
use crate::function::{self, Typed};
use crate::value::DataType;
use datafusion::logical_expr::LogicalPlanBuilder;

impl Binder<'_> {
    /// The target's columns in its order: what the node gives by that name, converted; defaults elsewhere.
    pub(super) fn written(&mut self, output: Output, target: &DataSource) -> Result<Output, Trouble> {
        let mut exprs = Vec::with_capacity(target.columns.len());
        let mut columns = Vec::with_capacity(target.columns.len());
        for column in &target.columns {
            let value = match output.columns.iter().find(|binding| binding.name == column.name) {
                Some(given) => self.converted(given, column)?,
                None => function::literal(self.default_of(column)?, column.data_type.clone()),
            };
            let fresh = self.fresh_column();
            exprs.push(value.into_value().expr.alias(fresh.name.clone()));
            columns.push(Binding { name: column.name.clone(), column: fresh, data_type: column.data_type.clone() });
        }
        let plan = LogicalPlanBuilder::from(output.plan).project(exprs)?.build()?;
        Ok(Output { plan, columns })
    }

    /// A NULL becomes the default of a column that has no NULL, as in ClickHouse's INSERT.
    fn converted(&self, given: &Binding, column: &Column) -> Result<Typed, Trouble> {
        let (from, to) = (&given.data_type, &column.data_type);
        let mismatch = |problem: function::Mismatch| unsupported(&problem.message, 0..0);
        let mut value = typed(given);
        if from.is_nullable() && !to.is_nullable() {
            let default = function::literal(self.default_of(column)?, to.bare().clone());
            let default = function::cast(default, &from.bare().clone()).map_err(mismatch)?;
            let context = &self.environment.context;
            value = function::call(context, "ifNull", vec![value, default]).map_err(mismatch)?;
        }
        // names may differ where bytes do not: a state of `count` is one of `count(x)`
        if matches!((from, to), (DataType::AggregateFunction(_), DataType::AggregateFunction(_))) {
            return Ok(Typed { data_type: to.clone(), ..value });
        }
        function::cast(value, to).map_err(mismatch)
    }

    fn default_of(&self, column: &Column) -> Result<datafusion::scalar::ScalarValue, Trouble> {
        match &column.default {
            Some(text) => Ok(constant(text, &column.data_type, self.environment.context.now_ns)?),
            None if column.data_type.is_nullable() => {
                Ok(datafusion::scalar::ScalarValue::try_from(&column.data_type.to_arrow())?)
            }
            None => default_value(&column.data_type),
        }
    }
}
