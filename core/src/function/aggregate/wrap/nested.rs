//! `-ForEach`, `-Map`, `-Resample`: several states of the wrapped function for one group.

use super::Inner;
use crate::function::aggregate::bytes::{Reader, put_piece, put_varint};
use crate::function::aggregate::cell::{Layout, Sink, Source, make_map};
use crate::function::aggregate::states::{New, Rows, States};
use crate::function::convert::{bits, ticks};
use crate::limits::{ARRAY_ITEMS_MAX, RESAMPLE_INTERVALS_MAX};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// States of which a group has several: each has a slot of its own.
struct Slots {
    new: New,
    inner: Inner,
    count: usize,
}

impl fmt::Debug for Slots {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} slots of {:?}", self.count, self.inner)
    }
}

impl Slots {
    fn of(new: New) -> Slots {
        Slots { inner: new(), new, count: 0 }
    }

    fn add(&mut self) -> EngineResult<usize> {
        if self.count >= ARRAY_ITEMS_MAX {
            return exec_err!(
                "an aggregate function has more than {ARRAY_ITEMS_MAX} states for items of arrays or maps"
            );
        }
        self.count += 1;
        // room grows in steps, so that adding one by one stays cheap
        if self.count.is_power_of_two() || self.count == 1 {
            self.inner.resize(self.count * 2);
        }
        Ok(self.count - 1)
    }

    fn save(&self, slot: usize, out: &mut Vec<u8>) {
        let mut piece = Vec::new();
        self.inner.save(slot, &mut piece);
        put_piece(out, &piece);
    }

    fn merge(&mut self, slot: usize, piece: &[u8]) -> EngineResult<()> {
        if piece.is_empty() { Ok(()) } else { self.inner.merge(slot, piece) }
    }

    fn finish(&mut self, slots: impl Iterator<Item = usize>) -> EngineResult<ArrayRef> {
        let all = self.inner.finish(self.count)?;
        Ok(compute::take(&all, &UInt32Array::from_iter_values(slots.map(|slot| slot as u32)), None)?)
    }

    /// Only these slots are left, in this order.
    fn keep(&mut self, slots: impl Iterator<Item = usize>) -> EngineResult<()> {
        let mut kept = Slots::of(self.new.clone());
        let mut piece = Vec::new();
        for slot in slots {
            piece.clear();
            self.inner.save(slot, &mut piece);
            let slot = kept.add()?;
            kept.merge(slot, &piece)?;
        }
        *self = kept;
        Ok(())
    }
}

fn offsets(lengths: impl Iterator<Item = usize>) -> EngineResult<OffsetBuffer<i32>> {
    let mut ends = vec![0];
    let mut total = 0;
    for length in lengths {
        total += length;
        ends.push(i32::try_from(total).map_err(|_| exec_datafusion_err!("arrays of {total} items together"))?);
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(ends)))
}

fn list(item: &DataType, lengths: impl Iterator<Item = usize>, values: ArrayRef) -> EngineResult<ArrayRef> {
    Ok(Arc::new(ListArray::try_new(Arc::new(item.to_field("item")), offsets(lengths)?, values, None)?))
}

pub(crate) fn for_each(new: New, item: &DataType) -> Inner {
    Box::new(ForEach { slots: Slots::of(new), item: item.clone(), places: Vec::new() })
}

#[derive(Debug)]
struct ForEach {
    slots: Slots,
    item: DataType,
    /// For each group, the slots of its places.
    places: Vec<Vec<usize>>,
}

impl ForEach {
    fn slot(&mut self, group: usize, place: usize) -> EngineResult<usize> {
        while self.places[group].len() <= place {
            let slot = self.slots.add()?;
            self.places[group].push(slot);
        }
        Ok(self.places[group][place])
    }
}

impl States for ForEach {
    fn resize(&mut self, groups: usize) {
        if groups > self.places.len() {
            self.places.resize(groups, Vec::new());
        }
    }

    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let flat = super::flat(columns, rows)?;
        let mut slots = Vec::with_capacity(flat.rows.len());
        for (row, place) in flat.rows.iter().zip(&flat.places) {
            slots.push(self.slot(rows.groups[*row as usize], *place as usize)?);
        }
        if slots.is_empty() {
            return Ok(());
        }
        self.slots.inner.update(&flat.columns, &Rows { groups: &slots, kept: None })
    }

    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        for place in 0..reader.count(1)? {
            let piece = reader.piece()?;
            let slot = self.slot(group, place)?;
            self.slots.merge(slot, piece)?;
        }
        reader.end()
    }

    fn save(&self, group: usize, out: &mut Vec<u8>) {
        if !self.places[group].is_empty() {
            put_varint(out, self.places[group].len() as u64);
            self.places[group].iter().for_each(|slot| self.slots.save(*slot, out));
        }
    }

    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
        let places = &self.places[..groups];
        let values = self.slots.finish(places.iter().flatten().copied())?;
        list(&self.item, places.iter().map(Vec::len), values)
    }

    fn forget(&mut self, groups: usize) {
        self.places.drain(..groups);
        let kept: Vec<usize> = self.places.iter().flatten().copied().collect();
        if self.slots.keep(kept.into_iter()).is_ok() {
            self.places.iter_mut().flatten().enumerate().for_each(|(next, slot)| *slot = next);
        }
    }

    fn reset(&mut self, group: usize) {
        self.places[group].clear();
    }

    fn bytes(&self) -> usize {
        self.slots.inner.bytes() + self.places.iter().map(|places| places.capacity() * 8 + 24).sum::<usize>()
    }
}

/// `map` is the result's type.
pub(crate) fn map(new: New, map: &DataType) -> Inner {
    let DataType::Map(key, _) = map else { unreachable!("the binding makes a map") };
    let layout = Layout::of(key);
    Box::new(OfMap { slots: Slots::of(new), map: map.clone(), layout, keys: Vec::new() })
}

#[derive(Debug)]
struct OfMap {
    slots: Slots,
    map: DataType,
    layout: Layout,
    /// For each group, the slot of each key.
    keys: Vec<BTreeMap<Box<[u8]>, usize>>,
}

impl OfMap {
    fn slot(&mut self, group: usize, key: &[u8]) -> EngineResult<usize> {
        if let Some(slot) = self.keys[group].get(key) {
            return Ok(*slot);
        }
        let slot = self.slots.add()?;
        self.keys[group].insert(key.into(), slot);
        Ok(slot)
    }

    fn sorted(&self, group: usize) -> Vec<(&[u8], usize)> {
        let mut keys: Vec<(&[u8], usize)> = self.keys[group].iter().map(|(key, slot)| (key.as_ref(), *slot)).collect();
        keys.sort_by(|left, right| self.layout.compare(left.0, right.0));
        keys
    }
}

impl States for OfMap {
    fn resize(&mut self, groups: usize) {
        if groups > self.keys.len() {
            self.keys.resize(groups, BTreeMap::new());
        }
    }

    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let maps = columns.first().and_then(|column| column.as_map_opt());
        let maps = maps.ok_or_else(|| exec_datafusion_err!("expected a column of maps"))?;
        let source = Source::new(&self.layout, maps.keys())?;
        let (mut chosen, mut slots, mut key) = (Vec::new(), Vec::new(), Vec::new());
        for (row, group) in rows.iter() {
            for place in maps.value_offsets()[row]..maps.value_offsets()[row + 1] {
                key.clear();
                source.write(place as usize, &mut key);
                slots.push(self.slot(group, &key)?);
                chosen.push(place as u32);
            }
        }
        if slots.is_empty() {
            return Ok(());
        }
        let values = compute::take(maps.values(), &UInt32Array::from(chosen), None)?;
        self.slots.inner.update(&[values], &Rows { groups: &slots, kept: None })
    }

    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        for _ in 0..reader.count(1)? {
            let key = self.layout.value(&mut reader)?;
            let piece = reader.piece()?;
            let slot = self.slot(group, key)?;
            self.slots.merge(slot, piece)?;
        }
        reader.end()
    }

    fn save(&self, group: usize, out: &mut Vec<u8>) {
        let keys = self.sorted(group);
        if keys.is_empty() {
            return;
        }
        put_varint(out, keys.len() as u64);
        for (key, slot) in keys {
            out.extend_from_slice(key);
            self.slots.save(slot, out);
        }
    }

    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
        let DataType::Map(key_type, _) = &self.map else { return exec_err!("{} is no map", self.map) };
        let mut keys = Sink::new(&self.layout);
        let mut slots = Vec::new();
        for group in 0..groups {
            for (key, slot) in self.sorted(group) {
                keys.read(&mut Reader::new(key))?;
                slots.push(slot);
            }
        }
        let offsets = offsets(self.keys[..groups].iter().map(BTreeMap::len))?;
        let keys = keys.finish(key_type)?;
        let values = self.slots.finish(slots.into_iter())?;
        make_map(&self.map.to_arrow(), offsets, keys, values)
    }

    fn forget(&mut self, groups: usize) {
        self.keys.drain(..groups);
        let kept: Vec<usize> = self.keys.iter().flat_map(|keys| keys.values().copied()).collect();
        if self.slots.keep(kept.into_iter()).is_ok() {
            let slots = self.keys.iter_mut().flat_map(|keys| keys.values_mut());
            slots.enumerate().for_each(|(next, slot)| *slot = next);
        }
    }

    fn reset(&mut self, group: usize) {
        self.keys[group].clear();
    }

    fn bytes(&self) -> usize {
        let keys = self.keys.iter().flat_map(|keys| keys.keys()).map(|key| key.len() + 48);
        self.slots.inner.bytes() + keys.sum::<usize>()
    }
}

/// `[start, start + step)`, … up to `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intervals {
    start: i64,
    end: i64,
    step: u64,
    count: usize,
}

impl Intervals {
    pub(crate) fn new(start: i64, end: i64, step: i64) -> Result<Intervals, String> {
        if step <= 0 {
            return Err(format!("cannot have a step of {step}"));
        }
        let length = (i128::from(end) - i128::from(start)).max(0) as u128;
        let count = length.div_ceil(step as u128);
        if count > RESAMPLE_INTERVALS_MAX as u128 {
            return Err(format!("would make {count} intervals, more than {RESAMPLE_INTERVALS_MAX}"));
        }
        Ok(Intervals { start, end, step: step as u64, count: count as usize })
    }
}

pub(crate) fn resample(inner: Inner, item: &DataType, intervals: Intervals) -> Inner {
    Box::new(Resample { inner, item: item.clone(), intervals })
}

#[derive(Debug)]
struct Resample {
    /// The states of a group stand side by side.
    inner: Inner,
    item: DataType,
    intervals: Intervals,
}

impl States for Resample {
    fn resize(&mut self, groups: usize) {
        self.inner.resize(groups * self.intervals.count);
    }

    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let Some((key, columns)) = columns.split_last() else { return exec_err!("-Resample without a key") };
        let Intervals { start, end, step, count } = self.intervals;
        let nulls = key.logical_nulls();
        let keys = if key.data_type().is_temporal() { ticks(key)? } else { bits(key)? };
        let (mut kept, mut slots) = (Vec::new(), vec![0; rows.groups.len()]);
        for (row, group) in rows.iter() {
            let key = keys.value(row);
            if key >= start && key < end && nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                kept.push(row as u32);
                slots[row] = group * count + (key.wrapping_sub(start) as u64 / step) as usize;
            }
        }
        if kept.is_empty() {
            return Ok(());
        }
        self.inner.update(columns, &Rows { groups: &slots, kept: Some(&kept) })
    }

    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let count = reader.count(1)?;
        if count != self.intervals.count {
            return exec_err!("a saved state of {count} intervals, not {}", self.intervals.count);
        }
        for place in 0..count {
            let piece = reader.piece()?;
            if !piece.is_empty() {
                self.inner.merge(group * count + place, piece)?;
            }
        }
        reader.end()
    }

    fn save(&self, group: usize, out: &mut Vec<u8>) {
        let count = self.intervals.count;
        put_varint(out, count as u64);
        let mut piece = Vec::new();
        for place in 0..count {
            piece.clear();
            self.inner.save(group * count + place, &mut piece);
            put_piece(out, &piece);
        }
    }

    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
        let count = self.intervals.count;
        let values = self.inner.finish(groups * count)?;
        list(&self.item, std::iter::repeat_n(count, groups), values)
    }

    fn forget(&mut self, groups: usize) {
        self.inner.forget(groups * self.intervals.count);
    }

    fn reset(&mut self, group: usize) {
        let count = self.intervals.count;
        (group * count..(group + 1) * count).for_each(|slot| self.inner.reset(slot));
    }

    fn bytes(&self) -> usize {
        self.inner.bytes()
    }
}
