//! `uniq`, ClickHouse's own algorithm with its very numbers, and `uniqExact`.
//!
//! Payloads: of `Uniq` how many zero bits hashes end in (1 byte), then those hashes (4 bytes each); of
//! `UniqExact` the width of a key (1 byte), then the keys.

use super::Aggregate;
use super::bytes::Reader;
use super::fit::{Empty, Fitted, Signature};
use super::states::{Fold, Kind, New, Rows, State, each};
use crate::function::hash::{exact_keys, uniq_keys};
use crate::value::DataType;
use arrow::array::{ArrayRef, UInt64Array};
use datafusion::common::{Result as EngineResult, exec_err};
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "uniq",
        syntax: "uniq(x, …)",
        summary: "About how many different values there are: exact up to 65,536, then within about a percent.",
        examples: &[("uniq(x)", "4"), ("uniq(x % 2, 1)", "2"), ("uniq(toString(x))", "4")],
        kind: Kind::Uniq,
        empty: Empty::Value,
        fit: |signature| fit(signature, each(Uniq(signature.arguments.clone()))),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "uniqCombined",
        syntax: "uniqCombined[(precision)](x, …)",
        summary: "About how many different values there are, as uniq counts them; ClickHouse takes less memory.",
        examples: &[("uniqCombined(x)", "4"), ("uniqCombined(12)(x % 2)", "2")],
        kind: Kind::Uniq,
        empty: Empty::Null,
        fit: fit_combined,
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "uniqCombined64",
        syntax: "uniqCombined64[(precision)](x, …)",
        summary: "About how many different values there are, as uniq counts them.",
        examples: &[("uniqCombined64(x)", "4")],
        kind: Kind::Uniq,
        empty: Empty::Null,
        fit: fit_combined,
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "uniqHLL12",
        syntax: "uniqHLL12(x, …)",
        summary: "About how many different values there are, as uniq counts them.",
        examples: &[("uniqHLL12(x)", "4")],
        kind: Kind::Uniq,
        empty: Empty::Value,
        fit: |signature| fit(signature, each(Uniq(signature.arguments.clone()))),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "uniqTheta",
        syntax: "uniqTheta(x, …)",
        summary: "About how many different values there are, as uniq counts them.",
        examples: &[("uniqTheta(x)", "4")],
        kind: Kind::Uniq,
        empty: Empty::Value,
        fit: |signature| fit(signature, each(Uniq(signature.arguments.clone()))),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "uniqUpTo",
        syntax: "uniqUpTo(most)(x, …)",
        summary: "How many different values there are, or one more than so many.",
        examples: &[("uniqUpTo(3)(x)", "4"), ("uniqUpTo(2)(x)", "3"), ("uniqUpTo(9)(x)", "4")],
        kind: Kind::UniqExact,
        empty: Empty::Value,
        fit: |signature| {
            signature.parameter_count(0..=1)?;
            let most = match signature.natural(0)?.unwrap_or(10) {
                most if most <= 100 => most as usize,
                most => return Err(signature.bad(format_args!("counts up to 100 at most, not {most}"))),
            };
            fit(signature, each(UniqExact { types: signature.arguments.clone(), most }))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "uniqExact",
        aliases: &["count_distinct"],
        syntax: "uniqExact(x, …) or count(DISTINCT x)",
        summary: "How many different values there are, exactly.",
        examples: &[("uniqExact(x)", "4"), ("count(DISTINCT x % 2)", "2")],
        kind: Kind::UniqExact,
        empty: Empty::Value,
        fit: |signature| fit(signature, each(UniqExact { types: signature.arguments.clone(), most: usize::MAX })),
        ..Aggregate::DEFAULT
    },
];

fn fit_combined(signature: &Signature) -> Fitted {
    signature.parameter_count(0..=1)?;
    if let Some(precision) = signature.natural(0)?.filter(|precision| !(12..=20).contains(precision)) {
        return Err(signature.bad(format_args!("takes a precision of 12 to 20, not {precision}")));
    }
    fit(signature, each(Uniq(signature.arguments.clone())))
}

fn fit(signature: &Signature, new: New) -> Fitted {
    signature.count(1..)?;
    Ok((DataType::UInt64, new))
}

/// A sample of 32-bit hashes: those that end in `skip` zero bits, never more than [`SIZE_MAX`] of them.
#[derive(Debug, Default)]
struct Sample {
    /// Open addressing by the upper bits; zero is an empty place.
    places: Vec<u32>,
    size: usize,
    has_zero: bool,
    skip: u32,
}

const SIZE_DEGREE_MAX: u32 = 17;
const SIZE_MAX: usize = 1 << (SIZE_DEGREE_MAX - 1);
const SIZE_DEGREE_FIRST: u32 = 4;
const FEW_PLACES: usize = 1 << 14;

/// Where a hash belongs in a table of so many places: its lower bits tell which are sampled.
#[inline]
fn place(hash: u32, places: usize) -> usize {
    (hash >> (32 - SIZE_DEGREE_MAX)) as usize & (places - 1)
}

impl Sample {
    #[inline]
    fn insert(&mut self, hash: u32) {
        if !self.is_kept(hash) {
            return;
        }
        self.put(hash);
        while self.size > SIZE_MAX {
            self.skip(self.skip + 1);
        }
    }

    #[inline]
    fn is_kept(&self, hash: u32) -> bool {
        hash & ((1 << self.skip) - 1) == 0
    }

    /// Samples more thinly.
    fn skip(&mut self, skip: u32) {
        self.skip = skip;
        self.rebuild(self.places.len());
    }

    #[inline]
    fn put(&mut self, hash: u32) {
        if hash == 0 {
            self.size += usize::from(!self.has_zero);
            self.has_zero = true;
            return;
        }
        if self.places.len() < (self.size + 1) * 2 {
            self.grow();
        }
        let mask = self.places.len() - 1;
        let mut place = place(hash, self.places.len());
        while self.places[place] != 0 {
            if self.places[place] == hash {
                return;
            }
            place = (place + 1) & mask;
        }
        self.places[place] = hash;
        self.size += 1;
    }

    /// Small tables grow in longer steps: what is moved is moved less often, and they are small.
    #[cold]
    fn grow(&mut self) {
        let places = match self.places.len() {
            0 => 1 << SIZE_DEGREE_FIRST,
            few if few <= FEW_PLACES => few * 4,
            many => many * 2,
        };
        self.rebuild(places);
    }

    fn rebuild(&mut self, places: usize) {
        let old = std::mem::replace(&mut self.places, vec![0; places]);
        self.size = usize::from(self.has_zero);
        let mask = places.wrapping_sub(1);
        for hash in old {
            if hash == 0 || !self.is_kept(hash) {
                continue;
            }
            let mut place = place(hash, places);
            while self.places[place] != 0 {
                place = (place + 1) & mask;
            }
            self.places[place] = hash;
            self.size += 1;
        }
    }

    /// What lies where the hash belongs.
    #[inline]
    fn peek(&self, hash: u32) -> u32 {
        match self.places.len() {
            0 => 0,
            places => self.places[place(hash, places)],
        }
    }

    fn hashes(&self) -> impl Iterator<Item = u32> {
        let zero = self.has_zero.then_some(0);
        zero.into_iter().chain(self.places.iter().copied().filter(|hash| *hash != 0))
    }

    fn absorb(&mut self, bytes: &[u8]) -> EngineResult<()> {
        let Some((skip, hashes)) = bytes.split_first().filter(|(skip, rest)| **skip < 32 && rest.len() % 4 == 0) else {
            return exec_err!("a saved uniq of {} bytes", bytes.len());
        };
        if u32::from(*skip) > self.skip {
            self.skip(u32::from(*skip));
        }
        for hash in hashes.chunks_exact(4) {
            self.insert(u32::from_le_bytes(hash.try_into().expect("four bytes")));
        }
        Ok(())
    }

    /// The size of what was sampled, made up for hashes that fell together.
    fn estimate(&self) -> u64 {
        if self.skip == 0 {
            return self.size as u64;
        }
        let mut estimate = (self.size as u64) << self.skip;
        estimate += u64::from(crc32c_of(self.size as u64)) & ((1 << self.skip) - 1);
        let all = 2f64.powi(32);
        (all * (all.ln() - (all - estimate as f64).ln())).round() as u64
    }
}

/// The processor's `crc32` instruction over eight bytes, from all ones, without the final inversion.
fn crc32c_of(value: u64) -> u32 {
    crc32c_from(u32::MAX, value)
}

/// The same, from another beginning.
pub(super) fn crc32c_from(crc: u32, value: u64) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    value.to_le_bytes().iter().fold(crc, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (POLYNOMIAL & 0u32.wrapping_sub(crc & 1)))
    })
}

/// Half of the key's 64 mixed bits, as ClickHouse's set of `uniq` has them.
#[inline]
fn hash32(key: u64) -> u32 {
    crate::function::hash::mixed(key) as u32
}

impl State for Sample {
    /// `skip, hash*`, hashes in rising order
    fn save(&self, out: &mut Vec<u8>) {
        if self.size == 0 {
            return;
        }
        out.push(self.skip as u8);
        let mut hashes: Vec<u32> = self.hashes().collect();
        hashes.sort_unstable();
        for hash in hashes {
            out.extend_from_slice(&hash.to_le_bytes());
        }
    }

    fn bytes(&self) -> usize {
        self.places.capacity() * 4
    }
}

/// The places of so many hashes are read before any is put: the processor then waits for memory
/// once for all of them, and not for each.
const READ_AHEAD: usize = 32;

fn insert_all(states: &mut [Sample], mut keys: impl Iterator<Item = (u64, usize)>) {
    let mut next = [(0, 0); READ_AHEAD];
    loop {
        let mut count = 0;
        let mut places = 0;
        for (next, (key, group)) in next.iter_mut().zip(&mut keys) {
            *next = (hash32(key), group);
            places ^= states[group].peek(next.0);
            count += 1;
        }
        // keeps the compiler from dropping what was only read to have it near
        std::hint::black_box(places);
        if count == 0 {
            return;
        }
        for (hash, group) in &next[..count] {
            states[*group].insert(*hash);
        }
    }
}

#[derive(Debug)]
struct Uniq(Vec<DataType>);

impl Fold for Uniq {
    type State = Sample;

    fn update(&self, states: &mut [Sample], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let keys = uniq_keys(columns, &self.0)?;
        match rows.kept {
            None => insert_all(states, keys.iter().copied().zip(rows.groups.iter().copied())),
            Some(_) => insert_all(states, rows.iter().map(|(row, group)| (keys[row], group))),
        }
        Ok(())
    }

    fn merge(&self, state: &mut Sample, bytes: &[u8]) -> EngineResult<()> {
        state.absorb(bytes)
    }

    fn finish(&self, states: &[Sample]) -> EngineResult<ArrayRef> {
        Ok(Arc::new(UInt64Array::from_iter_values(states.iter().map(Sample::estimate))))
    }
}

/// Keys are mixed once; those of text are hashes already.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn write_u128(&mut self, key: u128) {
        let folded = (key as u64) ^ (key >> 64) as u64;
        let mixed = folded.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Bytes of a saved key.
const WIDTHS: [usize; 5] = [1, 2, 4, 8, 16];

#[derive(Debug, Default)]
struct Exact(HashSet<u128, BuildHasherDefault<Mix>>);

impl State for Exact {
    /// `width, key*`, keys in rising order; keys of numbers are narrow
    fn save(&self, out: &mut Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        let mut keys: Vec<u128> = self.0.iter().copied().collect();
        keys.sort_unstable();
        let largest = keys[keys.len() - 1];
        let width = WIDTHS.into_iter().find(|width| largest.checked_shr(*width as u32 * 8).unwrap_or(0) == 0);
        let width = width.unwrap_or(16);
        out.push(width as u8);
        for key in &keys {
            out.extend_from_slice(&key.to_le_bytes()[..width]);
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 17
    }
}

#[derive(Debug)]
struct UniqExact {
    types: Vec<DataType>,
    /// One more than this is as good as any number above.
    most: usize,
}

impl Fold for UniqExact {
    type State = Exact;

    fn update(&self, states: &mut [Exact], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let keys = exact_keys(columns, &self.types)?;
        for (row, group) in rows.iter() {
            if states[group].0.len() <= self.most {
                states[group].0.insert(keys[row]);
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Exact, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let width = usize::from(reader.u8()?);
        if !WIDTHS.contains(&width) || !reader.rest().len().is_multiple_of(width) {
            return exec_err!("a saved uniqExact of {} bytes", bytes.len());
        }
        for key in reader.rest().chunks_exact(width) {
            if state.0.len() > self.most {
                break;
            }
            let mut all = [0; 16];
            all[..width].copy_from_slice(key);
            state.0.insert(u128::from_le_bytes(all));
        }
        Ok(())
    }

    fn finish(&self, states: &[Exact]) -> EngineResult<ArrayRef> {
        Ok(Arc::new(UInt64Array::from_iter_values(states.iter().map(|state| state.0.len() as u64))))
    }
}
