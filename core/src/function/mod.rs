//! The SQL function table.
//!
//! The binder hands typed arguments to [`call`] or [`aggregate`] and gets a typed expression back;
//! which kernel runs, how arguments are widened and what NULL means is decided here.

use crate::value::DataType;
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;

/// An expression with its ClickHouse type.
#[derive(Clone, Debug)]
pub struct Typed {
    pub expr: Expr,
    pub data_type: DataType,
    /// The expression yields Arrow booleans, though its ClickHouse type is `UInt8` (or nullable):
    /// comparisons and logic stay booleans until somebody wants the number.
    pub is_predicate: bool,
}

/// What functions may know of the request.
#[derive(Clone, Debug)]
pub struct Context {
    /// Unix time in nanoseconds, the same for the whole query: `now()`, `today()`.
    pub now_ns: i64,
}

/// Why a call does not fit, for a diagnostic: `S0203` unknown function, `S0204` wrong arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub code: crate::diagnostic::Code,
    pub message: String,
    pub hint: Option<String>,
}

/// An aggregate call as written: `quantile(0.9)(DISTINCT x)`.
pub struct AggregateCall {
    pub name: String,
    pub parameters: Vec<ScalarValue>,
    pub arguments: Vec<Typed>,
    pub distinct: bool,
}

pub fn is_aggregate(_name: &str) -> bool {
    false
}

pub fn call(_context: &Context, name: &str, _arguments: Vec<Typed>) -> Result<Typed, Mismatch> {
    Err(Mismatch { code: "S0203", message: format!("unknown function {name}"), hint: None })
}

pub fn aggregate(_context: &Context, call: AggregateCall) -> Result<Typed, Mismatch> {
    Err(Mismatch { code: "S0203", message: format!("unknown aggregate function {}", call.name), hint: None })
}
