//! `joinGet('data source', 'column', key, …)`: the value of a row of a Join data source, looked up by its keys.
//!
//! The first rows of all keys are gathered once, as for IN; every row of the query then asks them.

use super::first_of_key::FirstOfKey;
use super::membership::{comparable, gathered};
use super::relation::typed;
use super::scope::Ctes;
use super::trouble::mismatch;
use super::{Binder, Trouble};
use crate::catalog::EngineKind;
use crate::function::{self, Typed};
use crate::sql::{Problem, exception};
use crate::value::DataType;
use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::compute::interleave;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

impl Binder<'_> {
    pub(super) fn join_get(
        &mut self,
        name: &str,
        arguments: Vec<Typed>,
        ctes: &Ctes,
        span: Range<usize>,
    ) -> Result<Typed, Trouble> {
        let wrong = |code: u16, message: String| Trouble::Here(Problem::new("S0204", code, span.clone(), message));
        let [source, column, needles @ ..] = arguments.as_slice() else {
            let message = format!("function {name} takes a data source, a column and keys");
            return Err(wrong(exception::NUMBER_OF_ARGUMENTS, message));
        };
        let (Some(source), Some(column)) = (source.text(), column.text()) else {
            let message = format!("function {name} takes the names of a data source and a column as constants");
            return Err(wrong(exception::ILLEGAL_TYPE_OF_ARGUMENT, message));
        };
        let parts: Vec<&str> = source.split('.').collect();
        // what is unknown, or not the caller's to see, is told of here
        let output = self.named(&parts, span.clone(), ctes)?;
        let keys = match self.environment.catalog.data_source(source).map(|found| &found.engine.kind) {
            Some(EngineKind::Join { keys, .. }) => keys.clone(),
            Some(other) => {
                let message =
                    format!("function {name} looks into data sources of the engine Join, not {}", other.name());
                return Err(wrong(exception::ILLEGAL_TYPE_OF_ARGUMENT, message));
            }
            None => Vec::new(),
        };
        if keys.len() != needles.len() {
            let message = format!("function {name} takes {} keys for {source:?}, not {}", keys.len(), needles.len());
            return Err(wrong(exception::NUMBER_OF_ARGUMENTS, message));
        }
        let find = |wanted: &str| {
            output.columns.iter().find(|binding| binding.name == wanted).cloned().ok_or_else(|| {
                let message = format!("{source:?} has no column {wanted:?}");
                Trouble::Here(Problem::new("S0202", exception::NO_SUCH_COLUMN_IN_TABLE, span.clone(), message))
            })
        };
        let value = find(column)?;
        let (mut asked, mut columns) = (Vec::new(), Vec::new());
        for (index, (key, needle)) in keys.iter().zip(needles).enumerate() {
            let key = find(key)?;
            let needle = function::cast(needle.clone().into_value(), &key.data_type)
                .map_err(|problem| mismatch(problem, span.clone()))?;
            asked.push(needle.into_value().expr);
            columns.push(typed(&key).expr.alias(format!("item {index}")));
        }
        columns.push(typed(&value).expr.alias("value"));
        let names = (0..asked.len())
            .map(|index| Expr::Column(datafusion::common::Column::new_unqualified(format!("item {index}"))));
        let rows = LogicalPlanBuilder::from(output.plan).project(columns)?.build()?;
        asked.push(gathered(FirstOfKey::firsts(rows, names)?)?);
        let data_type = if name == "joinGetOrNull" { value.data_type.nullable() } else { value.data_type };
        let Some(missing) = function::default_of(&data_type) else {
            return Err(wrong(exception::ILLEGAL_TYPE_OF_ARGUMENT, format!("{data_type} has no default value")));
        };
        let signature = Signature::user_defined(Volatility::Immutable);
        let lookup = Lookup { data_type: data_type.clone(), missing, signature, rows: Mutex::default() };
        let expr = ScalarUDF::new_from_impl(lookup).call(asked);
        Ok(Typed { expr, data_type, is_predicate: false })
    }
}

/// The gathered rows, and where the row of a key is among them.
struct Rows {
    gathered: ArrayRef,
    values: ArrayRef,
    places: HashMap<Box<[u8]>, usize>,
}

/// The engine's function: keys, and the gathered rows as the last argument.
struct Lookup {
    data_type: DataType,
    missing: ScalarValue,
    signature: Signature,
    rows: Mutex<Option<Arc<Rows>>>,
}

impl fmt::Debug for Lookup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {}", self.name(), self.data_type)
    }
}

impl PartialEq for Lookup {
    fn eq(&self, other: &Lookup) -> bool {
        self.data_type == other.data_type
    }
}

impl Eq for Lookup {}

impl Hash for Lookup {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.data_type.hash(state);
    }
}

impl Lookup {
    fn rows(&self, gathered: &ArrayRef) -> EngineResult<Arc<Rows>> {
        let mut known = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = &*known
            && Arc::ptr_eq(&rows.gathered, gathered)
        {
            return Ok(rows.clone());
        }
        let list = gathered.as_list::<i32>().value(0);
        let rows: &StructArray = list.as_struct();
        let Some((values, keys)) = rows.columns().split_last() else {
            return internal_err!("rows of a lookup have a value");
        };
        let bytes = comparable(keys)?;
        let places = (0..rows.len()).map(|row| (bytes.row(row).as_ref().into(), row)).collect();
        let rows = Arc::new(Rows { gathered: gathered.clone(), values: values.clone(), places });
        *known = Some(rows.clone());
        Ok(rows)
    }
}

impl ScalarUDFImpl for Lookup {
    fn name(&self) -> &str {
        "lookup"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[Arrow]) -> EngineResult<Arrow> {
        Ok(self.data_type.to_arrow())
    }

    fn coerce_types(&self, types: &[Arrow]) -> EngineResult<Vec<Arrow>> {
        Ok(types.to_vec())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let Some((ColumnarValue::Scalar(ScalarValue::List(gathered)), keys)) = arguments.args.split_last() else {
            return internal_err!("a lookup takes keys and rows");
        };
        let gathered: ArrayRef = gathered.clone();
        let rows = self.rows(&gathered)?;
        let keys = keys.iter().map(|key| key.to_array(arguments.number_rows)).collect::<EngineResult<Vec<_>>>()?;
        let keys = comparable(&keys)?;
        let place = |row: usize| rows.places.get(keys.row(row).as_ref()).map_or((1, 0), |place| (0, *place));
        let places: Vec<(usize, usize)> = (0..arguments.number_rows).map(place).collect();
        let missing = self.missing.to_array()?;
        Ok(ColumnarValue::Array(interleave(&[&rows.values, &missing], &places)?))
    }
}
