//! Subqueries that stand for a value: `(SELECT …)` and `EXISTS (SELECT …)`.

use super::expression::Expressions;
use super::relation::{default_value, typed};
use super::trouble::mismatch;
use super::{Output, Trouble};
use crate::function::{self, Typed, binary};
use crate::value::DataType;
use arrow::datatypes::{DataType as Arrow, Field, FieldRef};
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, ScalarFunction};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Subquery, Volatility, when,
};
use datafusion::scalar::ScalarValue;
use sqlparser::ast;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

impl Expressions<'_, '_> {
    /// One column's value; several columns are a tuple. Without a row it is NULL, or the default of a type that
    /// has no NULL.
    pub(super) fn scalar_subquery(&mut self, query: &ast::Query, span: Range<usize>) -> Result<Typed, Trouble> {
        let output = self.subquery(query)?;
        let value = match output.columns.as_slice() {
            [column] => typed(column),
            columns => {
                let items = columns.iter().map(|column| (Some(column.name.clone()), column.data_type.clone()));
                let named = DataType::Tuple(items.collect());
                let tuple = self.apply("tuple", columns.iter().map(typed).collect(), span.clone())?;
                function::cast(tuple, &named).map_err(|problem| mismatch(problem, span))?
            }
        };
        let has_null = !matches!(value.data_type.bare(), DataType::Array(_) | DataType::Map(..) | DataType::Tuple(_));
        let call = ScalarFunction::new_udf(OR_NOTHING.clone(), vec![value.expr]);
        let fresh = self.binder.fresh_column();
        let plan =
            LogicalPlanBuilder::from(output.plan).project([Expr::ScalarFunction(call).alias(fresh.name)])?.build()?;
        let expr = scalar(plan);
        if has_null {
            return Ok(Typed { expr, data_type: value.data_type.nullable(), is_predicate: false });
        }
        let default = Expr::Literal(default_value(&value.data_type)?, None);
        let expr = when(expr.clone().is_null(), default).otherwise(expr)?;
        Ok(Typed { expr, data_type: value.data_type, is_predicate: false })
    }

    /// Whether there is a row: how many of the first one there are.
    pub(super) fn exists(&mut self, query: &ast::Query, negated: bool) -> Result<Typed, Trouble> {
        let Output { plan, .. } = self.subquery(query)?;
        let one = Expr::Literal(ScalarValue::Int64(Some(1)), None);
        let count = AggregateFunction::new_udf(count_udaf(), vec![one], false, None, Vec::new(), None);
        let fresh = self.binder.fresh_column();
        let plan = LogicalPlanBuilder::from(plan)
            .limit(0, Some(1))?
            .aggregate(Vec::<Expr>::new(), [Expr::AggregateFunction(count).alias(fresh.name)])?
            .build()?;
        let operator = if negated { Operator::Eq } else { Operator::NotEq };
        let zero = Expr::Literal(ScalarValue::Int64(Some(0)), None);
        let expr = binary(scalar(plan), operator, zero);
        Ok(Typed { expr, data_type: DataType::UInt8, is_predicate: true })
    }
}

fn scalar(plan: LogicalPlan) -> Expr {
    Expr::ScalarSubquery(Subquery {
        subquery: Arc::new(plan),
        outer_ref_columns: Vec::new(),
        spans: Default::default(),
    })
}

/// Its argument, of which the engine must not conclude that it is never NULL: there may be no row to compute it of.
static OR_NOTHING: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let signature = Signature::user_defined(Volatility::Volatile);
    Arc::new(ScalarUDF::new_from_impl(OrNothing { signature }))
});

#[derive(Debug, PartialEq, Eq, Hash)]
struct OrNothing {
    signature: Signature,
}

impl ScalarUDFImpl for OrNothing {
    fn name(&self) -> &str {
        "orNothing"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[Arrow]) -> EngineResult<Arrow> {
        Ok(types[0].clone())
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> EngineResult<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), arguments.arg_fields[0].data_type().clone(), true)))
    }

    fn coerce_types(&self, types: &[Arrow]) -> EngineResult<Vec<Arrow>> {
        Ok(types.to_vec())
    }

    fn invoke_with_args(&self, mut arguments: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        match arguments.args.pop() {
            Some(value) => Ok(value),
            None => internal_err!("orNothing has one argument"),
        }
    }
}
