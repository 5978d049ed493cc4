//! `windowFunnel`, `retention`, `sequenceMatch`: what somebody did, one thing after the other.
//!
//! Payloads: of `Funnel` each event as its time (8 bytes) and step (1 byte, 0 for none); of `Retention` the
//! conditions met (varint, a bit each); of `Sequence` each event as its time (8 bytes) and the conditions it met
//! (varint).

mod pattern;

use super::Aggregate;
use super::bytes::{Reader, put_varint};
use super::fit::{Empty, Fitted, Signature, whole};
use super::states::{Fold, Kind, Rows, State, each};
use super::wrap::truth;
use crate::function::convert::ticks;
use crate::function::definition::Mismatch;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::common::{Result as EngineResult, exec_err};
use pattern::Pattern;
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "windowFunnel",
        syntax: "windowFunnel(window[, 'strict_order', …])(time, condition1, condition2, …)",
        summary: "How many of the conditions were met one after the other, within a window that starts with the first; \
                  the window has the unit of the time.",
        examples: &[
            ("windowFunnel(10)(toDateTime(x), x = 1, x = 3, x = 4)", "3"),
            ("windowFunnel(1)(toDateTime(x), x = 1, x = 3)", "1"),
            ("windowFunnel(10)(x, x = 3, x = 1)", "1"),
            ("windowFunnel(10, 'strict_order')(x, x = 1, x = 3)", "1"),
            ("windowFunnel(10, 'strict_deduplication')(x, x = 1, x > 1, x = 4)", "2"),
            ("windowFunnel(10, 'strict_increase')(x % 2, x = 2, x = 4, x = 1)", "1"),
        ],
        kind: Kind::Funnel,
        fit: fit_funnel,
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "retention",
        syntax: "retention(condition1, condition2, …)",
        summary: "Whether the first condition was met, and whether it and each other one were, as an array.",
        examples: &[("retention(x = 1, x = 2, x = 9)", "[1,1,0]"), ("retention(x = 9, x = 2)", "[0,0]")],
        kind: Kind::Retention,
        empty: Empty::Value,
        fit: |signature| {
            let count = signature.count(2..=CONDITIONS_MAX)?;
            conditions(signature, 0)?;
            Ok((DataType::UInt8.array(), each(Retention(count))))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "sequenceMatch",
        syntax: "sequenceMatch('(?1).*(?2)')(time, condition1, …)",
        summary: "Whether the events, by time, match a pattern: (?1) is the first condition, . any event, .* any \
                  number of events, (?t<=60) at most 60 units of time after the event before.",
        examples: &[
            ("sequenceMatch('(?1)(?2)')(toDateTime(x), x = 1, x = 3)", "1"),
            ("sequenceMatch('(?1)(?t>=3)(?2)')(toDateTime(x), x = 1, x = 3)", "0"),
        ],
        kind: Kind::Sequence,
        fit: |signature| fit_sequence(signature, false),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "sequenceCount",
        syntax: "sequenceCount('(?1).*(?2)')(time, condition1, …)",
        summary: "How often the events, by time, match a pattern, without overlap.",
        examples: &[("sequenceCount('(?1)(?2)')(toDateTime(x), x % 2 = 1, x % 2 = 0)", "2")],
        kind: Kind::Sequence,
        fit: |signature| fit_sequence(signature, true),
        ..Aggregate::DEFAULT
    },
];

/// As in ClickHouse.
const CONDITIONS_MAX: usize = 32;

fn conditions(signature: &Signature, first: usize) -> Result<(), Mismatch> {
    match (first..signature.arguments.len()).find(|index| !signature.bare(*index).is_integer()) {
        Some(index) => Err(signature.wrong_type(index)),
        None => Ok(()),
    }
}

fn time(signature: &Signature) -> Result<(), Mismatch> {
    let is_time = matches!(signature.bare(0), DataType::Date | DataType::DateTime(_) | DataType::DateTime64(..));
    if is_time { Ok(()) } else { signature.expect_unsigned(0) }
}

fn fit_funnel(signature: &Signature) -> Fitted {
    signature.count(2..=CONDITIONS_MAX + 1)?;
    time(signature)?;
    conditions(signature, 1)?;
    let Some(window) = signature.natural(0)?.and_then(|window| i64::try_from(window).ok()) else {
        return Err(signature.mismatch("needs the window as first parameter"));
    };
    let mut funnel = Funnel { window, steps: signature.arguments.len() - 1, ..Funnel::default() };
    for index in 1..signature.parameters.len() {
        match signature.text(index)? {
            Some("strict" | "strict_deduplication") => funnel.strict_deduplication = true,
            Some("strict_order") => funnel.strict_order = true,
            Some("strict_increase") => funnel.strict_increase = true,
            other => return Err(signature.bad(format_args!("does not know the mode {:?}", other.unwrap_or("")))),
        }
    }
    Ok((DataType::UInt8, each(funnel)))
}

fn fit_sequence(signature: &Signature, counts: bool) -> Fitted {
    let count = signature.count(2..=CONDITIONS_MAX + 1)? - 1;
    time(signature)?;
    conditions(signature, 1)?;
    signature.parameter_count(1..=1)?;
    let text = signature.text(0)?.unwrap_or_default();
    let pattern = Pattern::parse(text, count).map_err(|problem| signature.bad(problem))?;
    let result = if counts { DataType::UInt64 } else { DataType::UInt8 };
    Ok((result, each(Sequence { pattern, counts })))
}

#[derive(Debug, Default)]
struct Funnel {
    window: i64,
    steps: usize,
    strict_order: bool,
    strict_deduplication: bool,
    strict_increase: bool,
}

/// Events as they came: when, and which step, counted from 1.
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
        // For each step reached, when the chain that reached it began, and when it was reached.
        let mut reached: Vec<Option<(i64, i64)>> = vec![None; self.steps];
        for (index, (time, step)) in events.iter().enumerate() {
            let Some(step) = usize::from(*step).checked_sub(1) else {
                if reached[0].is_some() {
                    break;
                }
                continue;
            };
            if step == 0 {
                reached[0] = Some((*time, *time));
                continue;
            }
            if self.strict_deduplication && reached[step].is_some() {
                return events[index - 1].1;
            }
            match reached[step - 1] {
                None if self.strict_order && reached[0].is_some() => {
                    return reached.iter().position(Option::is_none).unwrap_or(self.steps) as u8;
                }
                Some((begun, last))
                    if *time <= begun.saturating_add(self.window) && (!self.strict_increase || last < *time) =>
                {
                    reached[step] = Some((begun, *time));
                    if step + 1 == self.steps {
                        break;
                    }
                }
                _ => {}
            }
        }
        reached.iter().rposition(Option::is_some).map_or(0, |step| step as u8 + 1)
    }
}

impl Fold for Funnel {
    type State = Events;

    fn update(&self, states: &mut [Events], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let times = ticks_of(&columns[0])?;
        let conditions = columns[1..].iter().map(truth).collect::<EngineResult<Vec<_>>>()?;
        for (row, group) in rows.iter() {
            let mut any = false;
            // The last step first: one event is not two steps of one chain.
            for (step, condition) in conditions.iter().enumerate().rev() {
                if condition.value(row) {
                    states[group].0.push((times.value(row), step as u8 + 1));
                    any = true;
                }
            }
            if !any && self.strict_order {
                states[group].0.push((times.value(row), 0));
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Events, bytes: &[u8]) -> EngineResult<()> {
        if !bytes.len().is_multiple_of(9) {
            return exec_err!("a saved windowFunnel of {} bytes", bytes.len());
        }
        for event in bytes.chunks_exact(9) {
            let time = i64::from_le_bytes(event[..8].try_into().expect("eight bytes"));
            state.0.push((time, event[8].min(self.steps as u8)));
        }
        Ok(())
    }

    fn finish(&self, states: &[Events]) -> EngineResult<ArrayRef> {
        Ok(Arc::new(UInt8Array::from_iter_values(states.iter().map(|events| self.level(&events.0)))))
    }
}

/// Times as numbers, of numbers too.
fn ticks_of(column: &ArrayRef) -> EngineResult<Int64Array> {
    if column.data_type().is_temporal() { ticks(column) } else { crate::function::convert::bits(column) }
}

/// How many conditions there are.
#[derive(Debug)]
struct Retention(usize);

#[derive(Debug, Default)]
struct Met(u64);

impl State for Met {
    fn save(&self, out: &mut Vec<u8>) {
        put_varint(out, self.0);
    }
}

impl Fold for Retention {
    type State = Met;

    fn update(&self, states: &mut [Met], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let conditions = columns.iter().map(truth).collect::<EngineResult<Vec<_>>>()?;
        for (row, group) in rows.iter() {
            for (index, condition) in conditions.iter().enumerate() {
                states[group].0 |= u64::from(condition.value(row)) << index;
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Met, bytes: &[u8]) -> EngineResult<()> {
        state.0 |= whole(bytes, Reader::varint)?;
        Ok(())
    }

    fn finish(&self, states: &[Met]) -> EngineResult<ArrayRef> {
        let answers = states.iter().flat_map(|met| {
            let first = met.0 & 1;
            (0..self.0).map(move |index| (first & (met.0 >> index)) as u8)
        });
        let values = UInt8Array::from_iter_values(answers);
        let offsets: Vec<i32> = (0..=states.len() as i32).map(|group| group * self.0 as i32).collect();
        let field = Arc::new(DataType::UInt8.to_field("item"));
        Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::new(ScalarBuffer::from(offsets)), Arc::new(values), None)?))
    }
}

#[derive(Debug)]
struct Sequence {
    pattern: Pattern,
    counts: bool,
}

#[derive(Debug, Default)]
struct Happened(Vec<(i64, u32)>);

impl State for Happened {
    fn save(&self, out: &mut Vec<u8>) {
        let mut events = self.0.clone();
        events.sort_unstable();
        for (time, met) in events {
            out.extend_from_slice(&time.to_le_bytes());
            put_varint(out, u64::from(met));
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 16
    }
}

impl Fold for Sequence {
    type State = Happened;

    fn update(&self, states: &mut [Happened], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let times = ticks_of(&columns[0])?;
        let conditions = columns[1..].iter().map(truth).collect::<EngineResult<Vec<_>>>()?;
        for (row, group) in rows.iter() {
            let met = |(index, condition): (usize, &BooleanArray)| u32::from(condition.value(row)) << index;
            let met = conditions.iter().enumerate().map(met).sum::<u32>();
            if met != 0 {
                states[group].0.push((times.value(row), met));
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Happened, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let (time, met) = (reader.i64()?, reader.varint()?);
            state.0.push((time, met as u32));
        }
        Ok(())
    }

    fn finish(&self, states: &[Happened]) -> EngineResult<ArrayRef> {
        let mut counts = Vec::with_capacity(states.len());
        for state in states {
            let mut events = state.0.clone();
            events.sort_unstable();
            counts.push(self.pattern.count(&events, if self.counts { u64::MAX } else { 1 })?);
        }
        if self.counts {
            return Ok(Arc::new(UInt64Array::from(counts)));
        }
        Ok(Arc::new(UInt8Array::from_iter_values(counts.into_iter().map(|count| count as u8))))
    }
}
