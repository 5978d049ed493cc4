//! `uniq`, ClickHouse's own algorithm with its very numbers, and `uniqExact`.

use super::states::{Each, Fold, Rows, State};
use super::udaf::{Empty, Shape};
use super::{Aggregate, Binding, Bound};
use crate::function::definition::Mismatch;
use crate::function::hash::{exact_keys, uniq_keys};
use crate::value::DataType;
use arrow::array::{ArrayRef, UInt64Array};
use datafusion::common::{Result as EngineResult, internal_err};
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "uniq",
        aliases: &["uniqCombined", "uniqCombined64", "uniqHLL12", "uniqTheta"],
        syntax: "uniq(x, …)",
        summary: "About how many different values there are: exact up to 65,536, then within about a percent.",
        examples: &[("uniq(x)", "4"), ("uniq(x % 2, 1)", "2"), ("uniq(toString(x))", "4")],
        bind: |binding| bind(binding, |shape| Box::new(Each::new(Uniq(shape.arguments.clone())))),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "uniqExact",
        aliases: &["countDistinct"],
        syntax: "uniqExact(x, …) or count(DISTINCT x)",
        summary: "How many different values there are, exactly.",
        examples: &[("uniqExact(x)", "4"), ("count(DISTINCT x % 2)", "2")],
        bind: |binding| bind(binding, |shape| Box::new(Each::new(UniqExact(shape.arguments.clone())))),
        ..Aggregate::DEFAULT
    },
];

fn bind(binding: &Binding, new: fn(&Shape) -> Box<dyn super::states::States>) -> Result<Bound, Mismatch> {
    binding.count(1..)?;
    Ok(binding.ours(DataType::UInt64, Empty::Value, new))
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
            return internal_err!("a saved uniq of {} bytes", bytes.len());
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
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    value.to_le_bytes().iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (POLYNOMIAL & 0u32.wrapping_sub(crc & 1)))
    })
}

/// Half of the key's 64 mixed bits, as ClickHouse's set of `uniq` has them.
#[inline]
fn hash32(key: u64) -> u32 {
    crate::function::hash::mixed(key) as u32
}

impl State for Sample {
    /// `skip, hash*`
    fn save(&self, out: &mut Vec<u8>) {
        out.push(self.skip as u8);
        for hash in self.hashes() {
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

#[derive(Debug, Default)]
struct Exact(HashSet<u128, BuildHasherDefault<Mix>>);

impl State for Exact {
    fn save(&self, out: &mut Vec<u8>) {
        for key in &self.0 {
            out.extend_from_slice(&key.to_le_bytes());
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 17
    }
}

#[derive(Debug)]
struct UniqExact(Vec<DataType>);

impl Fold for UniqExact {
    type State = Exact;

    fn update(&self, states: &mut [Exact], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let keys = exact_keys(columns, &self.0)?;
        for (row, group) in rows.iter() {
            states[group].0.insert(keys[row]);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Exact, bytes: &[u8]) -> EngineResult<()> {
        if !bytes.len().is_multiple_of(16) {
            return internal_err!("a saved uniqExact of {} bytes", bytes.len());
        }
        for key in bytes.chunks_exact(16) {
            state.0.insert(u128::from_le_bytes(key.try_into().expect("sixteen bytes")));
        }
        Ok(())
    }

    fn finish(&self, states: &[Exact]) -> EngineResult<ArrayRef> {
        Ok(Arc::new(UInt64Array::from_iter_values(states.iter().map(|state| state.0.len() as u64))))
    }
}
