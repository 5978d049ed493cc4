//! Operators that the engine lacks, as nodes of its plans. `exec::operator` runs them.
//!
//! A node reads all rows of its input, in their order, and the values of `exprs` for each. It gives the input's
//! columns, some rows of them or more, and behind them the columns that the operation adds.

use super::Trouble;
use crate::function::WindowKind;
use arrow::datatypes::{DataType as Arrow, Field};
use datafusion::common::{DFSchema, DFSchemaRef, Result as EngineResult};
use datafusion::logical_expr::{AggregateUDF, Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore};
use datafusion::scalar::ScalarValue;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    input: LogicalPlan,
    pub(crate) operation: Operation,
    pub(crate) exprs: Vec<Expr>,
    schema: DFSchemaRef,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Window(Window),
    /// So many rows of each combination of the expressions' values.
    LimitBy {
        offset: u64,
        limit: u64,
    },
    /// Rows whose expressions have the values of the last one come too.
    LimitWithTies {
        offset: u64,
        limit: u64,
    },
    Slice(Slice),
    Fill(Fill),
}

/// A range of the rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slice {
    pub(crate) offset: Amount,
    pub(crate) limit: Option<Amount>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Amount {
    First(u64),
    Last(u64),
    Share(Share),
}

/// A part of all rows, between zero and one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Share(u64);

impl Share {
    pub(crate) fn new(share: f64) -> Option<Share> {
        (0.0 < share && share < 1.0).then(|| Share(share.to_bits()))
    }

    pub(crate) fn of(self, rows: usize) -> usize {
        (f64::from_bits(self.0) * rows as f64).ceil() as usize
    }
}

/// Rows for steps that no row is at. The expressions are the columns of ORDER BY before the first that is filled,
/// the filled ones, and what INTERPOLATE computes from the row before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fill {
    pub(crate) prefix: Vec<String>,
    pub(crate) columns: Vec<FillColumn>,
    pub(crate) interpolated: Vec<String>,
    /// What new rows have in the other columns.
    pub(crate) defaults: Vec<(String, ScalarValue)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FillColumn {
    pub(crate) name: String,
    pub(crate) ascending: bool,
    pub(crate) from: Option<Number>,
    pub(crate) to: Option<Number>,
    pub(crate) step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    By(Number),
    /// The next value after that of the column `x`: months, and days where clocks change.
    Calendar(Expr),
}

/// A value of a filled column: days, ticks, unscaled decimals and integers are whole.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    pub(crate) fn compare(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => a.cmp(&b),
            (a, b) => a.float().total_cmp(&b.float()),
        }
    }

    pub(crate) fn integer(self) -> i128 {
        match self {
            Number::Integer(value) => value,
            Number::Float(value) => value as i128,
        }
    }

    fn float(self) -> f64 {
        match self {
            Number::Integer(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.compare(*other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.float().to_bits().hash(state);
    }
}

/// Functions over one window. The expressions are those of PARTITION BY, of ORDER BY, and then each call's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    pub(crate) partition: usize,
    pub(crate) order: Vec<Direction>,
    pub(crate) calls: Vec<WindowCall>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Direction {
    pub(crate) ascending: bool,
    pub(crate) nulls_first: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WindowCall {
    pub(crate) function: WindowFunction,
    pub(crate) frame: Frame,
    /// How many expressions are its arguments.
    pub(crate) arguments: usize,
    /// One more expression says which rows count.
    pub(crate) filtered: bool,
    pub(crate) column: String,
    pub(crate) result: Arrow,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WindowFunction {
    Native(WindowKind),
    Aggregate { udaf: Arc<AggregateUDF>, distinct: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    pub(crate) unit: FrameUnit,
    pub(crate) start: Bound,
    pub(crate) end: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FrameUnit {
    Rows,
    Range,
    Groups,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Bound {
    UnboundedPreceding,
    /// Rows, groups, or units of the ORDER BY column before (below zero) or behind the current row.
    Offset(i64),
    UnboundedFollowing,
}

impl Operation {
    /// The columns it adds to its input's.
    fn added(&self) -> Vec<Field> {
        match self {
            Operation::Window(window) => {
                window.calls.iter().map(|call| Field::new(&call.column, call.result.clone(), true)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Operation::Window(_) => "Window",
            Operation::LimitBy { .. } => "LimitBy",
            Operation::LimitWithTies { .. } => "LimitWithTies",
            Operation::Slice(_) => "Slice",
            Operation::Fill(_) => "Fill",
        }
    }

    /// What comes out lies in the order of what went in.
    pub(crate) fn keeps_order(&self) -> bool {
        match self {
            Operation::Window(_) => false,
            Operation::LimitBy { .. } | Operation::LimitWithTies { .. } | Operation::Slice(_) => true,
            // it does, but what was constant need not be
            Operation::Fill(_) => false,
        }
    }
}

impl Node {
    pub(crate) fn new(input: LogicalPlan, operation: Operation, exprs: Vec<Expr>) -> EngineResult<Node> {
        let fields = input.schema().iter().map(|(qualifier, field)| (qualifier.cloned(), field.clone()));
        let added = operation.added().into_iter().map(|field| (None, Arc::new(field)));
        let schema = DFSchema::new_with_metadata(fields.chain(added).collect(), input.schema().metadata().clone())?;
        Ok(Node { input, operation, exprs, schema: Arc::new(schema) })
    }

    pub(super) fn plan(input: LogicalPlan, operation: Operation, exprs: Vec<Expr>) -> Result<LogicalPlan, Trouble> {
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(Node::new(input, operation, exprs)?) }))
    }
}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Node) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Node {
    fn name(&self) -> &str {
        self.operation.name()
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.exprs.clone()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}: {:?}", self.operation.name(), self.operation)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> EngineResult<Node> {
        let [input] = <[LogicalPlan; 1]>::try_from(inputs).expect("a node has one input");
        Node::new(input, self.operation.clone(), exprs)
    }

    /// What it passes on; what its expressions read is added by the engine.
    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let inputs = self.input.schema().fields().len();
        Some(vec![output_columns.iter().copied().filter(|column| *column < inputs).collect()])
    }
}
