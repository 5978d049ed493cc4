//! [`States`] as a function of the engine.

use super::states::{Rows, States};
use super::{Binding, Bound};
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::{DataType as Arrow, Field, FieldRef};
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The first byte of a saved state.
const VERSION: u8 = 1;

/// What a function is of: all that decides which states it has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) parameters: Vec<ScalarValue>,
    pub(crate) arguments: Vec<DataType>,
    pub(crate) result: DataType,
}

pub(crate) type New = fn(&Shape) -> Box<dyn States>;

/// What NULL arguments mean to a function of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    /// NULLs are skipped; if arguments may be NULL, so is the result, when nothing else was seen.
    Null,
    /// NULLs are skipped; nothing seen is a value of its own: 0, the empty array.
    Value,
    /// The function looks at NULLs itself.
    Own,
}

impl Binding<'_> {
    /// A function of ours over the arguments as they are.
    pub(crate) fn ours(&self, result: DataType, empty: Empty, new: New) -> Bound {
        let result = if empty == Empty::Null && self.is_nullable() { result.nullable() } else { result };
        let shape = Shape {
            name: self.aggregate.name,
            parameters: self.parameters.to_vec(),
            arguments: self.arguments.iter().map(|argument| argument.data_type.clone()).collect(),
            result: result.clone(),
        };
        let arguments: Vec<Expr> = self.arguments.iter().map(|argument| argument.expr.clone()).collect();
        let udaf = Udaf { shape, empty, new, signature: Signature::user_defined(Volatility::Immutable) };
        // The engine's functions want an argument; the states never see this one.
        let arguments =
            if arguments.is_empty() { vec![Expr::Literal(ScalarValue::Int8(Some(0)), None)] } else { arguments };
        Bound {
            udaf: Arc::new(AggregateUDF::new_from_impl(udaf)),
            arguments,
            result,
            differs: false,
            empty: None,
            distinct: false,
        }
    }
}

#[derive(Clone)]
struct Udaf {
    shape: Shape,
    empty: Empty,
    new: New,
    signature: Signature,
}

impl fmt::Debug for Udaf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.shape)
    }
}

impl PartialEq for Udaf {
    fn eq(&self, other: &Udaf) -> bool {
        self.shape == other.shape
    }
}

impl Eq for Udaf {}

impl Hash for Udaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.shape.hash(state);
    }
}

impl Udaf {
    fn grouped(&self) -> Grouped {
        Grouped {
            udaf: self.clone(),
            states: (self.new)(&self.shape),
            skips_nulls: self.empty != Empty::Own,
            seen: (self.shape.result.is_nullable() && self.empty == Empty::Null).then(Vec::new),
            groups: 0,
            kept: Vec::new(),
        }
    }
}

impl AggregateUDFImpl for Udaf {
    fn name(&self) -> &str {
        self.shape.name
    }

    /// Parameters are part of what two calls may share; without them, `quantile(0.5)(x)` and
    /// `quantile(0.9)(x)` would be one column.
    fn schema_name(&self, params: &datafusion::logical_expr::expr::AggregateFunctionParams) -> EngineResult<String> {
        let name = datafusion::logical_expr::udaf_default_schema_name(self, params)?;
        if self.shape.parameters.is_empty() {
            return Ok(name);
        }
        let parameters: Vec<String> = self.shape.parameters.iter().map(ScalarValue::to_string).collect();
        Ok(format!("{name} WITH ({})", parameters.join(", ")))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[Arrow]) -> EngineResult<Arrow> {
        Ok(self.shape.result.to_arrow())
    }

    fn return_field(&self, _fields: &[FieldRef]) -> EngineResult<FieldRef> {
        Ok(Arc::new(self.shape.result.to_field(self.name())))
    }

    fn is_nullable(&self) -> bool {
        self.shape.result.is_nullable()
    }

    fn coerce_types(&self, types: &[Arrow]) -> EngineResult<Vec<Arrow>> {
        Ok(types.to_vec())
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> EngineResult<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[state]", arguments.name), Arrow::Binary, false))])
    }

    fn accumulator(&self, _arguments: AccumulatorArgs) -> EngineResult<Box<dyn Accumulator>> {
        let mut grouped = self.grouped();
        grouped.resize(1);
        Ok(Box::new(Single { grouped, zeros: Vec::new() }))
    }

    fn groups_accumulator_supported(&self, _arguments: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _arguments: AccumulatorArgs) -> EngineResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(self.grouped()))
    }

    fn default_value(&self, data_type: &Arrow) -> EngineResult<ScalarValue> {
        ScalarValue::try_from(data_type)
    }
}

/// The states of many groups.
struct Grouped {
    udaf: Udaf,
    states: Box<dyn States>,
    skips_nulls: bool,
    /// Which groups had a row, if one without is NULL.
    seen: Option<Vec<bool>>,
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
        if let Some(seen) = &mut self.seen {
            seen.resize(self.groups, false);
        }
    }

    fn update(&mut self, columns: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>) -> EngineResult<()> {
        let nulls = if self.skips_nulls { null_rows(columns) } else { None };
        let all_count = filter.is_none() && nulls.as_ref().is_none_or(|nulls| nulls.null_count() == 0);
        self.kept.clear();
        if !all_count {
            let counts = |row: &usize| {
                nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row))
                    && filter.is_none_or(|filter| filter.is_valid(*row) && filter.value(*row))
            };
            self.kept.extend((0..groups.len()).filter(counts).map(|row| row as u32));
        }
        let rows = Rows { groups, kept: (!all_count).then_some(&self.kept) };
        if let Some(seen) = &mut self.seen {
            rows.iter().for_each(|(_, group)| seen[group] = true);
        }
        self.states.update(columns, &rows)
    }

    fn merge(&mut self, states: &ArrayRef, groups: &[usize]) -> EngineResult<()> {
        let states = states.as_binary::<i32>();
        for (row, group) in groups.iter().enumerate() {
            let [version, flags, bytes @ ..] = states.value(row) else {
                return internal_err!("a saved state of {} bytes", states.value(row).len());
            };
            if *version != VERSION {
                return internal_err!("a saved state of version {version}");
            }
            if *flags == 0 {
                continue;
            }
            if let Some(seen) = &mut self.seen {
                seen[*group] = true;
            }
            self.states.merge(*group, bytes)?;
        }
        Ok(())
    }

    /// `version, whether a row was seen, bytes of the function`
    fn save(&self, groups: usize) -> ArrayRef {
        let mut out = BinaryBuilder::new();
        let mut buffer = Vec::new();
        for group in 0..groups {
            buffer.clear();
            let seen = self.seen.as_ref().is_none_or(|seen| seen[group]);
            buffer.extend_from_slice(&[VERSION, u8::from(seen)]);
            if seen {
                self.states.save(group, &mut buffer);
            }
            out.append_value(&buffer);
        }
        Arc::new(out.finish())
    }

    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
        let array = self.states.finish(groups)?;
        let Some(seen) = &self.seen else { return Ok(array) };
        if seen[..groups].iter().all(|seen| *seen) {
            return Ok(array);
        }
        let seen = BooleanArray::from(seen[..groups].to_vec());
        Ok(arrow::compute::nullif(&array, &arrow::compute::not(&seen)?)?)
    }

    fn forget(&mut self, groups: usize) {
        self.states.forget(groups);
        self.groups -= groups;
        if let Some(seen) = &mut self.seen {
            seen.drain(..groups);
        }
    }

    fn emitted(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.groups,
            EmitTo::First(groups) => groups,
        }
    }

    fn bytes(&self) -> usize {
        self.states.bytes() + self.seen.as_ref().map_or(0, Vec::capacity) + self.kept.capacity() * 4
    }
}

fn null_rows(columns: &[ArrayRef]) -> Option<arrow::buffer::NullBuffer> {
    columns
        .iter()
        .fold(None, |nulls, column| arrow::buffer::NullBuffer::union(nulls.as_ref(), column.logical_nulls().as_ref()))
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
        let array = self.finish(groups)?;
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
        let mut each = self.udaf.grouped();
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
        ScalarValue::try_from_array(&self.grouped.finish(1)?, 0)
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
