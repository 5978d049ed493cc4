//! `groupBitAnd`, `groupBitOr`, `groupBitXor`, and sets of integers as `groupBitmap`.
//!
//! Payloads: of `Bits` the value (varint, as wide as the type); of `Bitmap` the values in rising order, each as
//! its distance from the one before (varint).

use super::Aggregate;
use super::bytes::{Reader, put_varint};
use super::fit::{Fitted, Signature, whole};
use super::states::{Fold, Kind, Rows, State, each};
use crate::function::convert::{bits, narrow};
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use std::collections::HashSet;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "groupBitAnd",
        aliases: &["BIT_AND"],
        syntax: "groupBitAnd(x)",
        summary: "The bits that are set in all values.",
        examples: &[("groupBitAnd(x)", "0"), ("groupBitAndIf(x, 0)", "18446744073709551615")],
        kind: Kind::Bits,
        fit: |signature| fit(signature, Operation::And),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupBitOr",
        aliases: &["BIT_OR"],
        syntax: "groupBitOr(x)",
        summary: "The bits that are set in any value.",
        examples: &[("groupBitOr(x)", "7")],
        kind: Kind::Bits,
        fit: |signature| fit(signature, Operation::Or),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupBitXor",
        aliases: &["BIT_XOR"],
        syntax: "groupBitXor(x)",
        summary: "The bits that are set in an odd number of values.",
        examples: &[("groupBitXor(x)", "4")],
        kind: Kind::Bits,
        fit: |signature| fit(signature, Operation::Xor),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "groupBitmap",
        syntax: "groupBitmap(x)",
        summary: "How many different integers there are, exactly; its state is the set of them.",
        examples: &[("groupBitmap(x % 2)", "2"), ("groupBitmapIf(x, 0)", "0")],
        kind: Kind::Bitmap,
        fit: |signature| {
            let data_type = integer(signature)?;
            Ok((data_type.clone(), each(Bitmap(data_type))))
        },
        ..Aggregate::DEFAULT
    },
];

#[derive(Clone, Copy, Debug)]
enum Operation {
    And,
    Or,
    Xor,
}

fn integer(signature: &Signature) -> Result<DataType, crate::function::definition::Mismatch> {
    signature.count(1..=1)?;
    match signature.bare(0) {
        DataType::Bool => Ok(DataType::UInt8),
        one if one.is_integer() && one.integer_bits() <= Some(64) => Ok(one.clone()),
        _ => Err(signature.wrong_type(0)),
    }
}

fn fit(signature: &Signature, operation: Operation) -> Fitted {
    let data_type = integer(signature)?;
    Ok((data_type.clone(), each(Bitwise { operation, data_type })))
}

#[derive(Debug)]
struct Bitwise {
    operation: Operation,
    data_type: DataType,
}

#[derive(Debug, Default)]
struct Word(Option<u64>);

impl State for Word {}

/// The bits of a type that are meant.
fn mask(data_type: &DataType) -> u64 {
    match data_type.integer_bits() {
        Some(bits) if bits < 64 => (1 << bits) - 1,
        _ => u64::MAX,
    }
}

impl Bitwise {
    #[inline]
    fn add(&self, state: &mut Word, value: u64) {
        let known = state.0.unwrap_or(if matches!(self.operation, Operation::And) { u64::MAX } else { 0 });
        state.0 = Some(match self.operation {
            Operation::And => known & value,
            Operation::Or => known | value,
            Operation::Xor => known ^ value,
        });
    }
}

impl Fold for Bitwise {
    type State = Word;

    fn update(&self, states: &mut [Word], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = bits(&columns[0])?;
        rows.iter().for_each(|(row, group)| self.add(&mut states[group], values.value(row) as u64));
        Ok(())
    }

    fn save(&self, state: &Word, out: &mut Vec<u8>) {
        if let Some(value) = state.0 {
            put_varint(out, value & mask(&self.data_type));
        }
    }

    fn merge(&self, state: &mut Word, bytes: &[u8]) -> EngineResult<()> {
        let value = whole(bytes, Reader::varint)?;
        self.add(state, value);
        Ok(())
    }

    fn finish(&self, states: &[Word]) -> EngineResult<ArrayRef> {
        let nothing = if matches!(self.operation, Operation::And) { u64::MAX } else { 0 };
        let values = states.iter().map(|state| state.0.unwrap_or(nothing) as i64);
        narrow(&Int64Array::from_iter_values(values), &self.data_type.to_arrow())
    }
}

#[derive(Debug)]
struct Bitmap(DataType);

#[derive(Debug, Default)]
struct Set(HashSet<u64>);

impl State for Set {
    fn save(&self, out: &mut Vec<u8>) {
        let mut values: Vec<u64> = self.0.iter().copied().collect();
        values.sort_unstable();
        let mut last = 0;
        for value in values {
            put_varint(out, value - last);
            last = value;
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 9
    }
}

impl Fold for Bitmap {
    type State = Set;

    fn update(&self, states: &mut [Set], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let (values, mask) = (bits(&columns[0])?, mask(&self.0));
        rows.iter().for_each(|(row, group)| {
            states[group].0.insert(values.value(row) as u64 & mask);
        });
        Ok(())
    }

    fn merge(&self, state: &mut Set, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let mut last = 0u64;
        while !reader.is_empty() {
            last = last.wrapping_add(reader.varint()?);
            state.0.insert(last & mask(&self.0));
        }
        Ok(())
    }

    fn finish(&self, states: &[Set]) -> EngineResult<ArrayRef> {
        let counts = states.iter().map(|state| state.0.len() as i64);
        narrow(&Int64Array::from_iter_values(counts), &self.0.to_arrow())
    }
}
