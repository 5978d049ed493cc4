//! `windowFunnel`: how far along a chain of events somebody got within a window of time.

use super::states::{Each, Fold, Rows, State};
use super::udaf::{Empty, Shape};
use super::{Aggregate, Binding, Bound};
use crate::function::convert::ticks;
use crate::function::definition::Mismatch;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[Aggregate {
    name: "windowFunnel",
    syntax: "windowFunnel(window)(time, condition1, condition2, …)",
    summary: "How many of the conditions were met one after the other, within a window that starts with the first; \
              the window has the unit of the time.",
    examples: &[
        ("windowFunnel(10)(toDateTime(x), x = 1, x = 3, x = 4)", "3"),
        ("windowFunnel(1)(toDateTime(x), x = 1, x = 3)", "1"),
        ("windowFunnel(10)(x, x = 3, x = 1)", "1"),
    ],
    bind,
    ..Aggregate::DEFAULT
}];

/// As in ClickHouse.
const CONDITIONS_MAX: usize = 32;

fn bind(binding: &Binding) -> Result<Bound, Mismatch> {
    binding.count(2..=CONDITIONS_MAX + 1)?;
    let is_time = matches!(binding.bare(0), DataType::Date | DataType::DateTime(_) | DataType::DateTime64(..));
    if !is_time && !binding.bare(0).is_unsigned_integer() {
        return Err(binding.wrong_type(0));
    }
    if let Some(index) = (1..binding.arguments.len()).find(|index| !binding.bare(*index).is_integer()) {
        return Err(binding.wrong_type(index));
    }
    if window(binding.parameters).is_none() || binding.parameters.len() > 1 {
        return Err(binding.mismatch("takes one parameter, the window, and no mode yet"));
    }
    Ok(binding.ours(DataType::UInt8, Empty::Value, |shape: &Shape| {
        let window = window(&shape.parameters).expect("the binding has checked the window");
        Box::new(Each::new(Funnel { window, steps: shape.arguments.len() - 1 }))
    }))
}

fn window(parameters: &[ScalarValue]) -> Option<i64> {
    match parameters.first()?.cast_to(&Arrow::Int64).ok()? {
        ScalarValue::Int64(window) => window.filter(|window| *window >= 0),
        _ => None,
    }
}

#[derive(Debug)]
struct Funnel {
    window: i64,
    steps: usize,
}

/// Events as they came: when, and which step.
#[derive(Debug, Default)]
struct Events(Vec<(i64, u8)>);

impl State for Events {
    fn save(&self, out: &mut Vec<u8>) {
        for (time, step) in &self.0 {
            out.extend_from_slice(&time.to_le_bytes());
            out.push(*step);
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 16
    }
}

impl Funnel {
    fn level(&self, events: &[(i64, u8)]) -> u8 {
        let mut events = events.to_vec();
        events.sort_by_key(|(time, _)| *time);
        // For each step reached, when the chain that reached it began.
        let mut begun: Vec<Option<i64>> = vec![None; self.steps];
        for (time, step) in events {
            let step = usize::from(step);
            if step == 0 {
                begun[0] = Some(time);
            } else if let Some(start) = begun[step - 1]
                && time <= start.saturating_add(self.window)
            {
                begun[step] = Some(start);
            }
        }
        begun.iter().rposition(Option::is_some).map_or(0, |step| step as u8 + 1)
    }
}

impl Fold for Funnel {
    type State = Events;

    fn update(&self, states: &mut [Events], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let times = ticks(&columns[0])?;
        let conditions = columns[1..]
            .iter()
            .map(|column| Ok(compute::cast(column, &Arrow::Boolean)?.as_boolean().clone()))
            .collect::<EngineResult<Vec<_>>>()?;
        for (row, group) in rows.iter() {
            // The last step first: one event is not two steps of one chain.
            for (step, condition) in conditions.iter().enumerate().rev() {
                if condition.value(row) {
                    states[group].0.push((times.value(row), step as u8));
                }
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Events, bytes: &[u8]) -> EngineResult<()> {
        if !bytes.len().is_multiple_of(9) {
            return internal_err!("a saved windowFunnel of {} bytes", bytes.len());
        }
        for event in bytes.chunks_exact(9) {
            let time = i64::from_le_bytes(event[..8].try_into().expect("eight bytes"));
            state.0.push((time, event[8].min(self.steps as u8 - 1)));
        }
        Ok(())
    }

    fn finish(&self, states: &[Events]) -> EngineResult<ArrayRef> {
        Ok(Arc::new(UInt8Array::from_iter_values(states.iter().map(|events| self.level(&events.0)))))
    }
}
