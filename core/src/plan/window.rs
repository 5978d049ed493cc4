//! Window functions: `f(…) OVER (PARTITION BY … ORDER BY … ROWS …)`.
//!
//! A call becomes a column, as an aggregate does; the columns are computed behind GROUP BY and HAVING, one node
//! for all calls over one window.

use super::Trouble;
use super::expression::Expressions;
use super::node::{Bound, Direction, Frame, FrameUnit, Node, Operation, Window, WindowCall, WindowFunction};
use super::trouble::mismatch;
use crate::function::{self, AggregateCall, BoundWindow, Typed, WindowKind};
use crate::sql::{self, Problem, exception};
use crate::value::DataType;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::scalar::ScalarValue;
use sqlparser::ast;
use std::collections::HashMap;
use std::ops::Range;

/// The window calls met so far in one SELECT.
#[derive(Default)]
pub(super) struct Windows {
    /// What the WINDOW clause defines.
    pub named: HashMap<String, ast::WindowSpec>,
    calls: Vec<Pending>,
    /// Calls of `grouping`, which an aggregation over GROUPING SETS answers.
    groupings: Vec<(Vec<Expr>, Column)>,
    /// Calls whose arguments are being bound; in them no other call may stand.
    open: usize,
}

/// One call, before it is known how its window's rows lie.
#[derive(PartialEq)]
struct Pending {
    over: Over,
    function: WindowFunction,
    frame: Frame,
    arguments: Vec<Expr>,
    filter: Option<Expr>,
    column: Column,
    /// None for an aggregate: it says so itself, once its input is known.
    result: Option<Arrow>,
}

/// What PARTITION BY and ORDER BY say.
#[derive(Clone, Default, PartialEq)]
struct Over {
    partition: Vec<Expr>,
    order: Vec<(Expr, Direction)>,
    /// ClickHouse sorts for its windows in the order of this text, and rows come out as the last one sorts them.
    rank: Vec<(String, bool)>,
}

impl Pending {
    fn result(&self, input: &LogicalPlan) -> Result<Arrow, Trouble> {
        match (&self.function, &self.result) {
            (WindowFunction::Aggregate { udaf, distinct }, _) => {
                let (udaf, arguments) = (udaf.clone(), self.arguments.clone());
                let call = AggregateFunction::new_udf(udaf, arguments, *distinct, None, Vec::new(), None);
                Ok(Expr::AggregateFunction(call).get_type(input.schema())?)
            }
            (WindowFunction::Native(_), Some(result)) => Ok(result.clone()),
            (WindowFunction::Native(_), None) => unreachable!("a window function is bound with its result"),
        }
    }
}

impl Windows {
    pub(super) fn define(definitions: &[ast::NamedWindowDefinition]) -> Windows {
        let mut windows = Windows::default();
        for ast::NamedWindowDefinition(name, definition) in definitions {
            let spec = match definition {
                ast::NamedWindowExpr::WindowSpec(spec) => spec.clone(),
                ast::NamedWindowExpr::NamedWindow(other) => ast::WindowSpec {
                    window_name: Some(other.clone()),
                    partition_by: Vec::new(),
                    order_by: Vec::new(),
                    window_frame: None,
                },
            };
            windows.named.insert(name.value.clone(), spec);
        }
        windows
    }

    /// The arguments of a call are being bound.
    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    pub(super) fn groupings(&self) -> &[(Vec<Expr>, Column)] {
        &self.groupings
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The columns that the calls become.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.calls.iter().map(|call| &call.column)
    }

    /// What the windows read.
    pub(super) fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.calls.iter().flat_map(|call| {
            let order = call.over.order.iter().map(|(expr, _)| expr);
            call.over.partition.iter().chain(order).chain(&call.arguments).chain(&call.filter)
        })
    }

    /// Changes every expression that the windows read.
    pub(super) fn rewrite(&mut self, mut change: impl FnMut(&Expr) -> Result<Expr, Trouble>) -> Result<(), Trouble> {
        for call in &mut self.calls {
            let order = call.over.order.iter_mut().map(|(expr, _)| expr);
            let exprs = call.over.partition.iter_mut().chain(order).chain(&mut call.arguments).chain(&mut call.filter);
            for expr in exprs {
                *expr = change(expr)?;
            }
        }
        Ok(())
    }

    /// Puts the windows on top of `plan`.
    pub(super) fn plan(self, mut plan: LogicalPlan) -> Result<LogicalPlan, Trouble> {
        let mut groups: Vec<(Over, Vec<Pending>)> = Vec::new();
        for call in self.calls {
            match groups
                .iter_mut()
                .find(|(over, _)| over.partition == call.over.partition && over.order == call.over.order)
            {
                Some((_, calls)) => calls.push(call),
                None => groups.push((call.over.clone(), vec![call])),
            }
        }
        groups.sort_by(|(a, _), (b, _)| {
            let common = a.rank.len().min(b.rank.len());
            a.rank[..common].cmp(&b.rank[..common]).then(b.rank.len().cmp(&a.rank.len()))
        });
        for (over, calls) in groups {
            let mut exprs = over.partition.clone();
            exprs.extend(over.order.iter().map(|(expr, _)| expr.clone()));
            let calls = calls.into_iter().map(|call| {
                let result = call.result(&plan)?;
                let (arguments, filtered) = (call.arguments.len(), call.filter.is_some());
                exprs.extend(call.arguments);
                exprs.extend(call.filter);
                let (function, frame, column) = (call.function, call.frame, call.column.name);
                Ok(WindowCall { function, frame, arguments, filtered, column, result })
            });
            let calls = calls.collect::<Result<_, Trouble>>()?;
            let order = over.order.iter().map(|(_, direction)| *direction).collect();
            let window = Window { partition: over.partition.len(), order, calls };
            plan = Node::plan(plan, Operation::Window(window), exprs)?;
        }
        Ok(plan)
    }
}

impl Expressions<'_, '_> {
    /// A call with OVER.
    pub(super) fn window(&mut self, call: &ast::Function, span: Range<usize>) -> Result<Typed, Trouble> {
        let name = call.name.to_string();
        self.open_window(&name, &span)?;
        let bound = self.open_call(call, &name, &span);
        if let Some(aggregates) = self.aggregates.as_deref_mut() {
            aggregates.1.open -= 1;
        }
        bound
    }

    fn open_window(&mut self, name: &str, span: &Range<usize>) -> Result<(), Trouble> {
        let refuse = |message: String| {
            Err(Trouble::Here(Problem::new("S0206", exception::ILLEGAL_AGGREGATION, span.clone(), message)))
        };
        match self.aggregates.as_deref_mut() {
            None => refuse(format!("the window function {name} must not stand here")),
            Some(aggregates) if aggregates.1.open > 0 => {
                refuse(format!("the window function {name} must not stand inside another one"))
            }
            Some(aggregates) => {
                aggregates.1.open += 1;
                Ok(())
            }
        }
    }

    fn open_call(&mut self, call: &ast::Function, name: &str, span: &Range<usize>) -> Result<Typed, Trouble> {
        let spec = self.window_spec(call.over.as_ref().expect("the caller saw it"), span)?;
        let over = self.over(&spec)?;
        let (operands, distinct) = self.window_operands(call, span)?;
        if !function::is_window(name) {
            let frame = self.frame(&spec, &over, span)?;
            if !function::is_aggregate(name) {
                return Err(mismatch(function::unknown_over_window(name), span.clone()));
            }
            let parameters = self.parameters(&call.parameters, span)?;
            let call = AggregateCall { name: name.to_owned(), parameters, arguments: operands, distinct };
            let context = &self.binder.environment.context;
            let typed = function::aggregate(context, call).map_err(|problem| mismatch(problem, span.clone()))?;
            return self.aggregate_over(typed, over, frame);
        }
        let BoundWindow { kind, arguments, result } =
            function::window(name, operands).map_err(|problem| mismatch(problem, span.clone()))?;
        let frame = self.native_frame(kind, &spec, &over, span)?;
        let pending = Pending {
            over,
            function: WindowFunction::Native(kind),
            frame,
            arguments: arguments.into_iter().map(|argument| argument.expr).collect(),
            filter: None,
            column: self.binder.fresh_column(),
            result: Some(result.to_arrow()),
        };
        let column = self.register(pending);
        Ok(Typed { expr: Expr::Column(column), data_type: result, is_predicate: false })
    }

    /// `grouping(a, b)`: a bit for each key that this row's group was not made by.
    pub(super) fn grouping(&mut self, call: &ast::Function, span: &Range<usize>) -> Result<Typed, Trouble> {
        let (operands, _) = self.window_operands(call, span)?;
        let arguments: Vec<Expr> = operands.into_iter().map(|operand| operand.into_value().expr).collect();
        let fresh = self.binder.fresh_column();
        let Some(aggregates) = self.aggregates.as_deref_mut() else {
            let message = "the function grouping must not stand here".to_owned();
            return Err(Trouble::Here(Problem::new("S0206", exception::BAD_ARGUMENTS, span.clone(), message)));
        };
        let groupings = &mut aggregates.1.groupings;
        let column = match groupings.iter().find(|(known, _)| *known == arguments) {
            Some((_, column)) => column.clone(),
            None => {
                groupings.push((arguments, fresh.clone()));
                fresh
            }
        };
        Ok(Typed { expr: Expr::Column(column), data_type: DataType::UInt64, is_predicate: false })
    }

    /// Functions of the rows as they lie, which are windows over all of them: `neighbor`, `runningDifference` …
    pub(super) fn row_function(
        &mut self,
        call: &ast::Function,
        name: &str,
        span: &Range<usize>,
    ) -> Result<Option<Typed>, Trouble> {
        if !matches!(
            name,
            "rowNumberInAllBlocks"
                | "rowNumberInBlock"
                | "neighbor"
                | "runningDifference"
                | "runningDifferenceStartingWithFirstValue"
                | "runningAccumulate"
        ) {
            return Ok(None);
        }
        self.open_window(name, span)?;
        let bound = self.open_row_function(call, name, span);
        if let Some(aggregates) = self.aggregates.as_deref_mut() {
            aggregates.1.open -= 1;
        }
        bound.map(Some)
    }

    fn open_row_function(&mut self, call: &ast::Function, name: &str, span: &Range<usize>) -> Result<Typed, Trouble> {
        let (mut operands, _) = self.window_operands(call, span)?;
        let expected = match name {
            "rowNumberInAllBlocks" | "rowNumberInBlock" => 0..=0,
            "neighbor" => 2..=3,
            _ => 1..=1,
        };
        if !expected.contains(&operands.len()) {
            let message = format!("function {name} does not take {} arguments", operands.len());
            return Err(Trouble::Here(Problem::new("S0208", exception::NUMBER_OF_ARGUMENTS, span.clone(), message)));
        }
        let one = function::literal(ScalarValue::UInt8(Some(1)), DataType::UInt8);
        match name {
            "neighbor" => {
                let Some(offset) = operands[1].integer() else {
                    let message = "neighbor needs a constant offset".to_owned();
                    return Err(Trouble::Here(Problem::new("S0209", exception::BAD_ARGUMENTS, span.clone(), message)));
                };
                let rows = ScalarValue::Int64(Some(offset.saturating_abs()));
                operands[1] = function::literal(rows, DataType::Int64);
                self.over_all(if offset < 0 { "lag" } else { "lead" }, operands, span)
            }
            "runningDifference" | "runningDifferenceStartingWithFirstValue" => {
                let value = operands.remove(0);
                let result = difference_of(value.data_type.bare());
                let before = self.over_all("lag", vec![value.clone()], span)?;
                let grown = self.apply("minus", vec![value.clone(), before], span.clone())?;
                let first = self.over_all("row_number", Vec::new(), span)?;
                let is_first = self.apply("equals", vec![first, one], span.clone())?;
                let misfit = |problem| mismatch(problem, span.clone());
                let start = match name {
                    "runningDifference" => function::literal(ScalarValue::UInt8(Some(0)), DataType::UInt8),
                    _ => value.clone(),
                };
                let result = if value.data_type.is_nullable() { result.nullable() } else { result };
                let start = function::cast(start, &result).map_err(misfit)?;
                let grown = function::cast(grown, &result).map_err(misfit)?;
                self.apply("if", vec![is_first, start, grown], span.clone())
            }
            "runningAccumulate" => {
                let DataType::AggregateFunction(state) = operands[0].data_type.bare().clone() else {
                    let message = format!("runningAccumulate does not take {}", operands[0].data_type);
                    let code = exception::ILLEGAL_TYPE_OF_ARGUMENT;
                    return Err(Trouble::Here(Problem::new("S0204", code, span.clone(), message)));
                };
                let call = AggregateCall {
                    name: format!("{}Merge", state.function),
                    parameters: Vec::new(),
                    arguments: operands,
                    distinct: false,
                };
                let context = &self.binder.environment.context;
                let typed = function::aggregate(context, call).map_err(|problem| mismatch(problem, span.clone()))?;
                let frame = Frame { unit: FrameUnit::Rows, start: Bound::UnboundedPreceding, end: Bound::Offset(0) };
                self.aggregate_over(typed, Over::default(), frame)
            }
            _ => {
                let number = self.over_all("row_number", Vec::new(), span)?;
                let number = self.apply("minus", vec![number, one], span.clone())?;
                function::cast(number, &DataType::UInt64).map_err(|problem| mismatch(problem, span.clone()))
            }
        }
    }

    /// A function of windows over all rows as they lie.
    fn over_all(&mut self, name: &str, operands: Vec<Typed>, span: &Range<usize>) -> Result<Typed, Trouble> {
        let BoundWindow { kind, arguments, result } =
            function::window(name, operands).map_err(|problem| mismatch(problem, span.clone()))?;
        let frame = Frame { unit: FrameUnit::Rows, start: Bound::UnboundedPreceding, end: Bound::UnboundedFollowing };
        let pending = Pending {
            over: Over::default(),
            function: WindowFunction::Native(kind),
            frame,
            arguments: arguments.into_iter().map(|argument| argument.expr).collect(),
            filter: None,
            column: self.binder.fresh_column(),
            result: Some(result.to_arrow()),
        };
        let column = self.register(pending);
        Ok(Typed { expr: Expr::Column(column), data_type: result, is_predicate: false })
    }

    /// The aggregates that a bound call holds become columns of the window.
    fn aggregate_over(&mut self, typed: Typed, over: Over, frame: Frame) -> Result<Typed, Trouble> {
        let mut met = Vec::new();
        let expr = typed.expr.transform_up(|expr| match expr {
            Expr::AggregateFunction(call) => {
                let column = self.binder.fresh_column();
                met.push((call, column.clone()));
                Ok(Transformed::yes(Expr::Column(column)))
            }
            other => Ok(Transformed::no(other)),
        })?;
        let mut expr = expr.data;
        for (call, column) in met {
            let pending = Pending {
                over: over.clone(),
                function: WindowFunction::Aggregate { udaf: call.func, distinct: call.params.distinct },
                frame,
                arguments: call.params.args,
                filter: call.params.filter.map(|filter| *filter),
                column: column.clone(),
                result: None,
            };
            let known = self.register(pending);
            if known != column {
                expr = super::select::replace_column(expr, &column, &known)?;
            }
        }
        Ok(Typed { expr, ..typed })
    }

    /// Equal calls share one column.
    fn register(&mut self, pending: Pending) -> Column {
        let calls = &mut self.aggregates.as_deref_mut().expect("the window was opened").1.calls;
        let same = |known: &&Pending| {
            known.function == pending.function
                && known.frame == pending.frame
                && known.arguments == pending.arguments
                && known.filter == pending.filter
                && known.over.partition == pending.over.partition
                && known.over.order == pending.over.order
        };
        if let Some(known) = calls.iter().find(same) {
            return known.column.clone();
        }
        let column = pending.column.clone();
        calls.push(pending);
        column
    }

    /// The definition behind `OVER w`, `OVER (w ORDER BY …)` and `OVER (…)`.
    fn window_spec(&self, over: &ast::WindowType, span: &Range<usize>) -> Result<ast::WindowSpec, Trouble> {
        let named = |name: &ast::Ident| {
            let windows = self.aggregates.as_deref().map(|aggregates| &aggregates.1.named);
            windows.and_then(|windows| windows.get(&name.value)).cloned().ok_or_else(|| {
                let message = format!("the window {:?} does not exist", name.value);
                Trouble::Here(Problem::new("S0202", exception::BAD_ARGUMENTS, self.binder.span(name.span), message))
            })
        };
        let mut spec = match over {
            ast::WindowType::NamedWindow(name) => named(name)?,
            ast::WindowType::WindowSpec(spec) => spec.clone(),
        };
        let mut steps = 0;
        while let Some(name) = spec.window_name.take() {
            let base = named(&name)?;
            steps += 1;
            let message = if steps > crate::limits::PIPE_DEPTH_MAX {
                "its windows are defined by each other"
            } else if !spec.partition_by.is_empty() {
                "a window with a name must not get another PARTITION BY"
            } else if !spec.order_by.is_empty() && !base.order_by.is_empty() {
                "a window with an ORDER BY must not get another one"
            } else if base.window_frame.is_some() {
                "a window with a frame must not be extended"
            } else {
                spec.partition_by = base.partition_by;
                spec.window_name = base.window_name;
                if spec.order_by.is_empty() {
                    spec.order_by = base.order_by;
                }
                continue;
            };
            return Err(Trouble::Here(Problem::new("S0204", exception::BAD_ARGUMENTS, span.clone(), message)));
        }
        Ok(spec)
    }

    fn over(&mut self, spec: &ast::WindowSpec) -> Result<Over, Trouble> {
        let mut over = Over { partition: Vec::new(), order: Vec::new(), rank: Vec::new() };
        for expr in &spec.partition_by {
            over.partition.push(self.bind(expr)?.into_value().expr);
            over.rank.push((sort_text(expr), false));
        }
        for element in &spec.order_by {
            let direction = super::select::direction(&element.options);
            over.order.push((self.bind(&element.expr)?.into_value().expr, direction));
            over.rank.push((sort_text(&element.expr), direction.ascending));
        }
        Ok(over)
    }

    fn window_operands(&mut self, call: &ast::Function, span: &Range<usize>) -> Result<(Vec<Typed>, bool), Trouble> {
        let ast::FunctionArguments::List(list) = &call.args else { return Ok((Vec::new(), false)) };
        let mut operands = Vec::new();
        for argument in &list.args {
            match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => operands.push(self.bind(expr)?),
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard) => {}
                other => return Err(super::trouble::unsupported(&format!("the argument {other}"), span.clone())),
            }
        }
        Ok((operands, matches!(list.duplicate_treatment, Some(ast::DuplicateTreatment::Distinct))))
    }

    /// The frame of a call: as written, or up to the row's last peer, which is everything without ORDER BY.
    fn frame(&mut self, spec: &ast::WindowSpec, over: &Over, span: &Range<usize>) -> Result<Frame, Trouble> {
        let Some(written) = &spec.window_frame else {
            return Ok(Frame { unit: FrameUnit::Range, start: Bound::UnboundedPreceding, end: Bound::Offset(0) });
        };
        let unit = match written.units {
            ast::WindowFrameUnits::Rows => FrameUnit::Rows,
            ast::WindowFrameUnits::Range => FrameUnit::Range,
            ast::WindowFrameUnits::Groups => FrameUnit::Groups,
        };
        let start = self.frame_bound(&written.start_bound, span)?;
        let end = match &written.end_bound {
            Some(end) => self.frame_bound(end, span)?,
            None => Bound::Offset(0),
        };
        let wrong = |message: &str| {
            Err(Trouble::Here(Problem::new("S0204", exception::BAD_ARGUMENTS, span.clone(), message.to_owned())))
        };
        if start > end || start == Bound::UnboundedFollowing || end == Bound::UnboundedPreceding {
            return wrong("the frame's start lies behind its end");
        }
        let offset = |bound: Bound| matches!(bound, Bound::Offset(offset) if offset != 0);
        if unit == FrameUnit::Range && (offset(start) || offset(end)) && over.order.len() != 1 {
            return wrong("a RANGE frame with an offset needs exactly one ORDER BY column");
        }
        Ok(Frame { unit, start, end })
    }

    fn frame_bound(&mut self, bound: &ast::WindowFrameBound, span: &Range<usize>) -> Result<Bound, Trouble> {
        let (expr, sign, unbounded) = match bound {
            ast::WindowFrameBound::CurrentRow => return Ok(Bound::Offset(0)),
            ast::WindowFrameBound::Preceding(expr) => (expr, -1, Bound::UnboundedPreceding),
            ast::WindowFrameBound::Following(expr) => (expr, 1, Bound::UnboundedFollowing),
        };
        let Some(expr) = expr else { return Ok(unbounded) };
        let typed = self.bind(expr)?.into_value();
        let offset = match super::expression::evaluate(&typed.expr).and_then(Result::ok) {
            Some(value) if typed.data_type.is_integer() => match value.cast_to(&arrow::datatypes::DataType::Int64) {
                Ok(ScalarValue::Int64(offset)) => offset.filter(|offset| (0..=i64::from(u32::MAX)).contains(offset)),
                _ => None,
            },
            _ => None,
        };
        match offset {
            Some(offset) => Ok(Bound::Offset(sign * offset)),
            None => {
                let message =
                    format!("the offset of a frame is a constant whole number, not {}", sql::column_name(expr));
                Err(Trouble::Here(Problem::new("S0204", exception::BAD_ARGUMENTS, span.clone(), message)))
            }
        }
    }

    /// Some functions look at the whole partition, whatever the frame says.
    fn native_frame(
        &mut self,
        kind: WindowKind,
        spec: &ast::WindowSpec,
        over: &Over,
        span: &Range<usize>,
    ) -> Result<Frame, Trouble> {
        let written = self.frame(spec, over, span)?;
        let wrong = |message: &str| {
            Err(Trouble::Here(Problem::new("S0204", exception::BAD_ARGUMENTS, span.clone(), message.to_owned())))
        };
        let whole = Frame { unit: FrameUnit::Rows, start: Bound::UnboundedPreceding, end: Bound::UnboundedFollowing };
        match kind {
            WindowKind::Shift { in_frame: false, .. } if spec.window_frame.is_some() => {
                let usual = written.unit == FrameUnit::Rows
                    && written.start == Bound::UnboundedPreceding
                    && written.end == Bound::Offset(0);
                if usual { Ok(whole) } else { wrong("lag and lead take no frame; lagInFrame and leadInFrame do") }
            }
            WindowKind::Shift { in_frame: false, .. } => Ok(whole),
            WindowKind::Ntile => {
                let fits = spec.window_frame.is_none()
                    || written.start == Bound::UnboundedPreceding && written.end == Bound::UnboundedFollowing;
                if over.order.is_empty() {
                    return wrong("ntile needs an ORDER BY in its window");
                }
                if fits { Ok(whole) } else { wrong("ntile needs the whole partition as its frame") }
            }
            WindowKind::PercentRank | WindowKind::CumeDist => {
                let usual = written.unit == FrameUnit::Range && written.start == Bound::UnboundedPreceding;
                if spec.window_frame.is_none() || usual {
                    Ok(whole)
                } else {
                    wrong("this function takes no such frame")
                }
            }
            _ => Ok(written),
        }
    }
}

/// The type of differences of a column's values.
fn difference_of(data_type: &DataType) -> DataType {
    match data_type {
        DataType::UInt8 | DataType::Int8 => DataType::Int16,
        DataType::UInt16 | DataType::Int16 | DataType::Date | DataType::Date32 => DataType::Int32,
        DataType::Float32 | DataType::Float64 => DataType::Float64,
        _ => DataType::Int64,
    }
}

fn sort_text(expr: &ast::Expr) -> String {
    match expr {
        // columns sort before calls
        ast::Expr::Identifier(name) => format!("__{}", name.value),
        other => sql::column_name(other),
    }
}
