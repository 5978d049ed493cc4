//! Binding a scalar call, and running kernels as engine functions.

use super::definition::{Call, Context, Function, Mismatch, Nulls};
use super::table;
use super::typed::Typed;
use crate::diagnostic::nearest;
use crate::value::DataType;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::interleave;
use arrow::datatypes::{DataType as Arrow, Field, FieldRef, Schema};
use datafusion::common::{DFSchema, Result as EngineResult, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::create_physical_expr;
use datafusion::scalar::ScalarValue;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Binds a call of a scalar function or operator.
pub fn call(context: &Context, name: &str, arguments: Vec<Typed>) -> Result<Typed, Mismatch> {
    let function = table::find(name).ok_or_else(|| unknown(name))?;
    if let Some(bound) = super::tuple::of_composites(context, function.name, &arguments) {
        return bound;
    }
    if arguments.iter().any(|argument| argument.data_type == DataType::Dynamic)
        && let Some(bound) = super::dynamic::of_dynamic(context, function.name, table::family_of(function), &arguments)
    {
        return bound;
    }
    bind_by(context, function, name, arguments, function.bind)
}

/// The range of this engine function's result follows from the range of its column argument.
pub fn is_monotonic(udf_name: &str) -> bool {
    table::find(udf_name).is_some_and(|function| function.monotonic)
}

pub(crate) fn unknown(name: &str) -> Mismatch {
    let hint = nearest(name, table::names()).map(|near| format!("did you mean {near:?}?"));
    Mismatch { code: "S0203", message: format!("unknown function {name}"), hint, exception: None }
}

/// Binds a call by `bind`, which is the function's own or that of its form with a lambda.
pub(crate) fn bind_by(
    context: &Context,
    function: &'static Function,
    name: &str,
    mut arguments: Vec<Typed>,
    bind: fn(&Call) -> Result<Typed, Mismatch>,
) -> Result<Typed, Mismatch> {
    let all_constant = arguments.iter().all(|argument| argument.constant().is_some());
    if function.name != "toTypeName" {
        // what a value once was the sum of does not matter to functions
        for argument in &mut arguments {
            if let DataType::SimpleAggregateFunction(_, inner) = &argument.data_type {
                argument.data_type = inner.as_ref().clone();
            }
        }
    }
    let low_cardinality = !function.keeps_low_cardinality && take_low_cardinality(&mut arguments);
    let mut nullable = false;
    if function.nulls == Nulls::Propagate {
        // the items of `[]` have no type, and so has what is made of them
        if arguments.iter().any(|argument| argument.data_type == DataType::Nothing) {
            return Ok(Typed { data_type: DataType::Nothing, ..Typed::null() });
        }
        if arguments.iter().any(|argument| *argument.data_type.bare() == DataType::Nothing) {
            return Ok(Typed::null());
        }
        for argument in &mut arguments {
            if let DataType::Nullable(inner) = &argument.data_type {
                argument.data_type = inner.as_ref().clone();
                nullable = true;
            }
        }
    }
    let call = Call { function, name, context, arguments };
    let mut bound = bind(&call)?;
    if nullable {
        bound.data_type = bound.data_type.nullable();
    }
    if low_cardinality && can_be_low_cardinality(&bound.data_type) {
        bound.data_type = DataType::LowCardinality(Box::new(bound.data_type));
    }
    Ok(if all_constant && !is_volatile(&bound.expr) { fold(bound) } else { bound })
}

/// A call whose rows differ although its arguments do not: `rand()`.
fn is_volatile(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if call.func.signature().volatility == Volatility::Volatile)
}

/// Binds another function's call from inside a `bind`.
pub(crate) fn delegate(call: &Call, name: &str, arguments: Vec<Typed>) -> Result<Typed, Mismatch> {
    super::call(call.context, name, arguments)
}

/// Takes `LowCardinality` off the arguments. The result has it again if it depends on one such column and on
/// constants only: then ClickHouse runs the function over the dictionary.
fn take_low_cardinality(arguments: &mut [Typed]) -> bool {
    let (mut any, mut low, mut ordinary) = (false, 0, 0);
    let of_array =
        arguments.first().is_some_and(|first| matches!(first.data_type, DataType::Array(_) | DataType::Map(..)));
    for argument in arguments {
        let constant = argument.constant().is_some();
        if let DataType::LowCardinality(inner) = &argument.data_type {
            argument.data_type = inner.as_ref().clone();
            any = true;
            low += usize::from(!constant);
        } else {
            ordinary += usize::from(!constant);
        }
        if let DataType::Array(_) | DataType::Tuple(_) | DataType::Map(..) = &argument.data_type {
            argument.data_type = argument.data_type.without_low_cardinality();
        }
    }
    any && low <= 1 && ordinary == 0 && !of_array
}

fn can_be_low_cardinality(data_type: &DataType) -> bool {
    let bare = data_type.bare();
    !matches!(data_type, DataType::LowCardinality(_))
        && (bare.is_string()
            || bare.is_integer()
            || bare.is_float()
            || matches!(bare, DataType::Date | DataType::DateTime(_) | DataType::Uuid))
}

/// Computes a constant. One that fails stays as it is: it may stand in a branch that is never taken.
pub(crate) fn fold(typed: Typed) -> Typed {
    match evaluate(&typed.expr) {
        Ok(value) => Typed { expr: Expr::Literal(value, None), ..typed },
        Err(_) => typed,
    }
}

/// The value of an expression without columns.
pub(crate) fn evaluate(expr: &Expr) -> EngineResult<ScalarValue> {
    if let Expr::Literal(value, _) = expr {
        return Ok(value.clone());
    }
    let physical = create_physical_expr(expr, &DFSchema::empty(), &Default::default(), &Default::default())?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options)?;
    match physical.evaluate(&row)? {
        ColumnarValue::Scalar(value) => Ok(value),
        ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0),
    }
}

/// What a kernel gets: columns that lie as `types` say. A constant column has one row.
pub(crate) struct Input<'a> {
    pub(crate) columns: Vec<Column>,
    pub(crate) types: &'a [DataType],
    pub(crate) result: &'a DataType,
    pub(crate) rows: usize,
    /// Rows where the result is NULL already, because an argument is; kernels may skip them.
    pub(crate) nulls: Option<NullBuffer>,
    /// How many batches this call has seen: what makes one batch of `rand()` differ from the next.
    pub(crate) batch: u64,
}

pub(crate) struct Column {
    pub(crate) array: ArrayRef,
    pub(crate) is_constant: bool,
}

impl Column {
    /// The row of `array` that stands for `row`.
    #[inline]
    pub(crate) fn at(&self, row: usize) -> usize {
        if self.is_constant { 0 } else { row }
    }
}

impl Input<'_> {
    #[inline]
    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// The column with every row present.
    pub(crate) fn expanded(&self, index: usize) -> EngineResult<ArrayRef> {
        let column = &self.columns[index];
        if column.is_constant && self.rows != 1 {
            return ScalarValue::try_from_array(&column.array, 0)?.to_array_of_size(self.rows);
        }
        Ok(column.array.clone())
    }
}

/// Arrays in, an array of `Input::result` out.
pub(crate) type Kernel = fn(&Input) -> EngineResult<ArrayRef>;

impl Call<'_> {
    /// A call of `kernel` on the arguments as they are bound now.
    pub(crate) fn kernel(&self, kernel: Kernel, result: DataType) -> Typed {
        self.kernel_on(kernel, result, self.arguments.clone())
    }

    /// A call of `kernel` on arguments that `bind` has changed.
    pub(crate) fn kernel_on(&self, kernel: Kernel, result: DataType, arguments: Vec<Typed>) -> Typed {
        self.kernel_as(Volatility::Immutable, kernel, result, arguments)
    }

    /// A call that gives a value of its own to each row.
    pub(crate) fn volatile_kernel(&self, kernel: Kernel, result: DataType, arguments: Vec<Typed>) -> Typed {
        self.kernel_as(Volatility::Volatile, kernel, result, arguments)
    }

    fn kernel_as(&self, volatility: Volatility, kernel: Kernel, result: DataType, arguments: Vec<Typed>) -> Typed {
        let arguments: Vec<Typed> = arguments.into_iter().map(Typed::into_value).collect();
        let udf = Udf {
            function: self.function,
            kernel,
            types: arguments.iter().map(|argument| argument.data_type.clone()).collect(),
            result: result.clone(),
            signature: Signature::user_defined(volatility),
            batches: AtomicU64::new(0),
        };
        let udf = Arc::new(ScalarUDF::new_from_impl(udf));
        let arguments = arguments.into_iter().map(|argument| argument.expr).collect();
        let call = datafusion::logical_expr::expr::ScalarFunction::new_udf(udf, arguments);
        Typed::new(Expr::ScalarFunction(call), result)
    }
}

/// A kernel as the engine sees it. The types decide the kernel, so they are its identity.
struct Udf {
    function: &'static Function,
    kernel: Kernel,
    types: Vec<DataType>,
    result: DataType,
    signature: Signature,
    batches: AtomicU64,
}

impl std::fmt::Debug for Udf {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}{:?} -> {}", self.function.name, self.types, self.result)
    }
}

impl PartialEq for Udf {
    fn eq(&self, other: &Udf) -> bool {
        self.function.name == other.function.name && self.types == other.types && self.result == other.result
    }
}

impl Eq for Udf {}

impl Hash for Udf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.function.name, &self.types, &self.result).hash(state);
    }
}

impl ScalarUDFImpl for Udf {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[Arrow]) -> EngineResult<Arrow> {
        Ok(self.result.to_arrow())
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> EngineResult<FieldRef> {
        // a conversion inside of a function that propagates NULL has had the type's Nullable taken off
        let inner_cast = self.function.name == "CAST" && self.types.iter().all(|one| !one.is_nullable());
        let propagates = self.function.nulls == Nulls::Propagate || inner_cast;
        let propagated = propagates && arguments.arg_fields.iter().any(|field| field.is_nullable());
        let nullable = propagated && !knows_no_null(&self.result) || self.result.is_nullable();
        Ok(Arc::new(Field::new(self.name(), self.result.to_arrow(), nullable)))
    }

    fn coerce_types(&self, types: &[Arrow]) -> EngineResult<Vec<Arrow>> {
        Ok(types.to_vec())
    }

    fn is_strict(&self) -> bool {
        self.function.nulls == Nulls::Propagate && !knows_no_null(&self.result)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let is_volatile = self.signature.volatility == Volatility::Volatile;
        let all_constant = !is_volatile && arguments.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if all_constant { 1 } else { arguments.number_rows };
        let columns = arguments.args.into_iter().map(column).collect::<EngineResult<Vec<_>>>()?;
        let nulls = match self.function.nulls {
            Nulls::Own => None,
            Nulls::Propagate => match null_rows(&columns, rows) {
                Ok(nulls) => nulls,
                Err(AllNull) if knows_no_null(&self.result) => {
                    let nothing = super::array::default_of(&self.result)?;
                    return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&nothing, 0)?));
                }
                Err(AllNull) => return Ok(ColumnarValue::Scalar(ScalarValue::try_from(&self.result.to_arrow())?)),
            },
        };
        let batch = if is_volatile { self.batches.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let input = Input { columns, types: &self.types, result: &self.result, rows, nulls, batch };
        let result = (self.kernel)(&input)?;
        if result.len() != rows || *result.data_type() != self.result.to_arrow() {
            return internal_err!("{self:?} made {} rows of {} for {rows} rows", result.len(), result.data_type());
        }
        let result = with_nulls(result, input.nulls, &self.result)?;
        if all_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

pub(crate) fn column(value: ColumnarValue) -> EngineResult<Column> {
    Ok(match value {
        ColumnarValue::Array(array) => Column { array, is_constant: false },
        ColumnarValue::Scalar(value) => Column { array: value.to_array_of_size(1)?, is_constant: true },
    })
}

/// A constant argument is NULL, and so is every row of the result.
struct AllNull;

fn null_rows(columns: &[Column], rows: usize) -> Result<Option<NullBuffer>, AllNull> {
    let mut nulls: Option<NullBuffer> = None;
    for column in columns {
        if column.is_constant {
            if column.array.is_null(0) {
                return Err(AllNull);
            }
            continue;
        }
        nulls = NullBuffer::union(nulls.as_ref(), column.array.logical_nulls().as_ref());
    }
    debug_assert!(nulls.as_ref().is_none_or(|nulls| nulls.len() == rows));
    Ok(nulls.filter(|nulls| nulls.null_count() > 0))
}

/// Arrays and maps are empty where others are NULL.
fn knows_no_null(result: &DataType) -> bool {
    matches!(result, DataType::Array(_) | DataType::Map(..))
}

fn with_nulls(array: ArrayRef, nulls: Option<NullBuffer>, result: &DataType) -> EngineResult<ArrayRef> {
    let Some(nulls) = nulls else { return Ok(array) };
    if knows_no_null(result) {
        let nothing = super::array::default_of(result)?;
        let places: Vec<(usize, usize)> =
            (0..array.len()).map(|row| if nulls.is_null(row) { (1, 0) } else { (0, row) }).collect();
        return Ok(interleave(&[array.as_ref(), nothing.as_ref()], &places)?);
    }
    let nulls = NullBuffer::union(Some(&nulls), array.nulls());
    let data = array.to_data().into_builder().nulls(nulls).build()?;
    Ok(make_array(data))
}
