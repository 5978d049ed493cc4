//! [`States`] as a function of the engine.

use super::Bound;
use super::fit::Fit;
use super::states::{Kind, Rows, States, payload, stored};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::{DataType as Arrow, Field, FieldRef};
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A function of ours over these arguments.
pub(super) fn bound(name: &str, parameters: &[ScalarValue], fit: Fit, arguments: Vec<Typed>) -> Bound {
    let parameters: Vec<String> = parameters.iter().map(ScalarValue::to_string).collect();
    // Parameters are part of what two calls may share; without them, `quantile(0.5)(x)` and
    // `quantile(0.9)(x)` would be one column.
    let name = if parameters.is_empty() { name.to_owned() } else { format!("{name}({})", parameters.join(", ")) };
    let types = arguments.iter().map(|argument| argument.data_type.clone()).collect();
    let result = fit.result.clone();
    let udaf = Udaf { name, arguments: types, fit, signature: Signature::user_defined(Volatility::Immutable) };
    let arguments: Vec<Expr> = arguments.into_iter().map(|argument| argument.expr).collect();
    // The engine's functions want an argument; the states never look at this one.
    let arguments =
        if arguments.is_empty() { vec![Expr::Literal(ScalarValue::Int8(Some(0)), None)] } else { arguments };
    Bound { udaf: Arc::new(AggregateUDF::new_from_impl(udaf)), arguments, result, differs: false, empty: None }
}

#[derive(Clone)]
struct Udaf {
    /// With parameters.
    name: String,
    arguments: Vec<DataType>,
    fit: Fit,
    signature: Signature,
}

impl fmt::Debug for Udaf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{:?} -> {}", self.name, self.arguments, self.fit.result)
    }
}

impl PartialEq for Udaf {
    fn eq(&self, other: &Udaf) -> bool {
        self.name == other.name && self.arguments == other.arguments
    }
}

impl Eq for Udaf {}

impl Hash for Udaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, &self.arguments).hash(state);
    }
}

impl Udaf {
    fn grouped(&self) -> Grouped {
        Grouped { fit: self.fit.clone(), states: (self.fit.new)(), groups: 0, kept: Vec::new() }
    }

    fn single(&self) -> Single {
        let mut grouped = self.grouped();
        grouped.resize(1);
        Single { grouped, zeros: Vec::new() }
    }
}

impl AggregateUDFImpl for Udaf {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[Arrow]) -> EngineResult<Arrow> {
        Ok(self.fit.result.to_arrow())
    }

    fn return_field(&self, _fields: &[FieldRef]) -> EngineResult<FieldRef> {
        Ok(Arc::new(self.fit.result.to_field(self.name())))
    }

    fn is_nullable(&self) -> bool {
        self.fit.result.is_nullable()
    }

    fn coerce_types(&self, types: &[Arrow]) -> EngineResult<Vec<Arrow>> {
        Ok(types.to_vec())
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> EngineResult<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[state]", arguments.name), Arrow::Binary, false))])
    }

    fn accumulator(&self, _arguments: AccumulatorArgs) -> EngineResult<Box<dyn Accumulator>> {
        Ok(Box::new(self.single()))
    }

    fn create_sliding_accumulator(&self, _arguments: AccumulatorArgs) -> EngineResult<Box<dyn Accumulator>> {
        Ok(Box::new(Sliding { udaf: self.clone(), batches: VecDeque::new() }))
    }

    fn groups_accumulator_supported(&self, _arguments: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _arguments: AccumulatorArgs) -> EngineResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(self.grouped()))
    }

    fn default_value(&self, _data_type: &Arrow) -> EngineResult<ScalarValue> {
        self.single().evaluate()
    }
}

/// The states of many groups.
struct Grouped {
    fit: Fit,
    states: Box<dyn States>,
    groups: usize,
    /// The rows of a batch that count; kept for its memory.
    kept: Vec<u32>,
}

impl fmt::Debug for Grouped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} groups of {:?}", self.groups, self.states)
    }
}

impl Grouped {
    fn resize(&mut self, groups: usize) {
        self.groups = self.groups.max(groups);
        self.states.resize(self.groups);
    }

    fn update(&mut self, columns: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>) -> EngineResult<()> {
        let Some(filter) = filter else {
            return self.states.update(columns, &Rows { groups, kept: None });
        };
        self.kept.clear();
        let counts = |row: &usize| filter.is_valid(*row) && filter.value(*row);
        self.kept.extend((0..groups.len()).filter(counts).map(|row| row as u32));
        if self.kept.is_empty() {
            return Ok(());
        }
        self.states.update(columns, &Rows { groups, kept: Some(&self.kept) })
    }

    fn merge(&mut self, states: &ArrayRef, groups: &[usize]) -> EngineResult<()> {
        let states = states.as_binary_opt::<i32>();
        let states = states.ok_or_else(|| exec_datafusion_err!("states that are no bytes"))?;
        for (row, group) in groups.iter().enumerate() {
            if let Some(bytes) = payload(states.value(row), self.kind())? {
                self.states.merge(*group, bytes)?;
            }
        }
        Ok(())
    }

    fn kind(&self) -> Kind {
        self.fit.kind
    }

    fn save(&self, groups: usize) -> ArrayRef {
        stored(self.states.as_ref(), self.kind(), groups)
    }

    fn forget(&mut self, groups: usize) {
        if groups == self.groups {
            self.states = (self.fit.new)();
        } else {
            self.states.forget(groups);
        }
        self.groups -= groups;
    }

    fn emitted(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.groups,
            EmitTo::First(groups) => groups,
        }
    }

    fn bytes(&self) -> usize {
        self.states.bytes() + self.kept.capacity() * 4
    }
}

impl GroupsAccumulator for Grouped {
    fn update_batch(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        group_count: usize,
    ) -> EngineResult<()> {
        self.resize(group_count);
        self.update(columns, groups, filter)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> EngineResult<ArrayRef> {
        let groups = self.emitted(emit_to);
        let array = self.states.finish(groups)?;
        self.forget(groups);
        Ok(array)
    }

    fn state(&mut self, emit_to: EmitTo) -> EngineResult<Vec<ArrayRef>> {
        let groups = self.emitted(emit_to);
        let saved = self.save(groups);
        self.forget(groups);
        Ok(vec![saved])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], group_count: usize) -> EngineResult<()> {
        self.resize(group_count);
        self.merge(&states[0], groups)
    }

    /// Each row as a group of its own: what the engine does when grouping first would not shrink anything.
    fn convert_to_state(&self, columns: &[ArrayRef], filter: Option<&BooleanArray>) -> EngineResult<Vec<ArrayRef>> {
        let rows = columns.first().map_or(0, |column| column.len());
        let mut each = Grouped { fit: self.fit.clone(), states: (self.fit.new)(), groups: 0, kept: Vec::new() };
        each.resize(rows);
        each.update(columns, &(0..rows).collect::<Vec<_>>(), filter)?;
        Ok(vec![each.save(rows)])
    }

    fn size(&self) -> usize {
        self.bytes()
    }
}

/// The states of one group: a query without GROUP BY, or a window.
#[derive(Debug)]
struct Single {
    grouped: Grouped,
    zeros: Vec<usize>,
}

impl Single {
    fn zeros(&mut self, rows: usize) -> Vec<usize> {
        let mut zeros = std::mem::take(&mut self.zeros);
        zeros.resize(rows, 0);
        zeros
    }
}

impl Accumulator for Single {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> EngineResult<()> {
        let zeros = self.zeros(columns.first().map_or(0, |column| column.len()));
        let result = self.grouped.update(columns, &zeros, None);
        self.zeros = zeros;
        result
    }

    fn evaluate(&mut self) -> EngineResult<ScalarValue> {
        ScalarValue::try_from_array(&self.grouped.states.finish(1)?, 0)
    }

    fn size(&self) -> usize {
        self.grouped.bytes() + self.zeros.capacity() * 8
    }

    fn state(&mut self) -> EngineResult<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::try_from_array(&self.grouped.save(1), 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> EngineResult<()> {
        let zeros = self.zeros(states[0].len());
        let result = self.grouped.merge(&states[0], &zeros);
        self.zeros = zeros;
        result
    }
}

/// A window whose first rows leave it: no state can take rows back, so the rows are kept and the value is made
/// of those that are left.
#[derive(Debug)]
struct Sliding {
    udaf: Udaf,
    batches: VecDeque<Vec<ArrayRef>>,
}

impl Accumulator for Sliding {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> EngineResult<()> {
        if columns.first().is_some_and(|column| !column.is_empty()) {
            self.batches.push_back(columns.to_vec());
        }
        Ok(())
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> EngineResult<()> {
        let mut left = columns.first().map_or(0, |column| column.len());
        while left > 0 {
            let Some(mut first) = self.batches.pop_front() else {
                return exec_err!("a window gives back {left} rows that it never had");
            };
            let rows = first[0].len();
            if rows > left {
                first.iter_mut().for_each(|column| *column = column.slice(left, rows - left));
                self.batches.push_front(first);
            }
            left = left.saturating_sub(rows);
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> EngineResult<ScalarValue> {
        let mut single = self.udaf.single();
        self.batches.iter().try_for_each(|batch| single.update_batch(batch))?;
        single.evaluate()
    }

    fn size(&self) -> usize {
        self.batches.iter().flatten().map(|column| column.get_array_memory_size()).sum()
    }

    fn state(&mut self) -> EngineResult<Vec<ScalarValue>> {
        let mut single = self.udaf.single();
        self.batches.iter().try_for_each(|batch| single.update_batch(batch))?;
        single.state()
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> EngineResult<()> {
        exec_err!("a window does not merge states")
    }
}
