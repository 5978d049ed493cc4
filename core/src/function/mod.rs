//! The SQL function table.
//!
//! The binder hands typed arguments to [`call`] or [`aggregate`] and gets a typed expression back;
//! which kernel runs, how arguments are widened and what NULL means is decided here.
//!
//! ```text
//!  call("plus", [UInt8, Nullable(UInt8)])
//!    table     name or alias → Function
//!    scalar    Nullable and LowCardinality are taken off the arguments
//!    bind      argument types → an engine expression, or a kernel, and the result's type
//!    scalar    Nullable and LowCardinality are put back, constants are folded
//! ```
//!
//! A result is an expression that the engine knows (comparison, logic, CASE, CAST) wherever there is one, so
//! that its optimizer and the filters pushed into Parquet see through it. All coercion happens here: both sides
//! of an engine operator have one type by the time it is built, and literals take the type of the column.

mod aggregate;
mod array;
mod conditional;
mod convert;
mod date;
mod definition;
mod dynamic;
mod encode;
mod fault;
mod geo;
mod hash;
mod introspect;
mod ip;
mod json;
mod lambda;
mod map;
mod math;
mod operator;
mod random;
mod readable;
mod reference;
mod scalar;
mod string;
mod table;
mod tuple;
mod typed;
mod url;
mod window;

pub use aggregate::{AggregateCall, aggregate, are_same_states, is_aggregate, merge_rows, merge_states};
pub(crate) use conditional::default_array;
pub use conditional::default_of;
pub use convert::{cast, widen};
pub use date::takes_unit;
pub(crate) use date::{MONTHS, WEEKDAYS};
pub use definition::{Context, Mismatch};
pub use lambda::{Lambda, pending};
pub use operator::sort_key;
pub(crate) use operator::tuple_items;
pub use reference::reference;
pub use scalar::{call, is_monotonic};
pub use table::is_function;
pub use typed::{Typed, literal};
pub(crate) use typed::{arrow_cast, binary};
#[cfg(test)]
pub(crate) use window::WINDOW_FUNCTIONS;
pub(crate) use window::{BoundWindow, WindowKind, is_window, unknown_over_window, window};

#[cfg(test)]
mod tests;
