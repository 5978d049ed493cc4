//! Combinators, as [`States`] around other states.

mod nested;

use super::bytes::Reader;
use super::cell::{Layout, Source};
use super::states::{Fold, Kind, Rows, State, States, payload, stored};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::NullBuffer;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::cmp::Ordering;
use std::collections::HashSet;

pub(super) use nested::{Intervals, for_each, map, resample};

/// What most wrappers do as what they wrap does.
macro_rules! pass_on {
    ($($name:ident)*) => {
        $(pass_on!(@ $name);)*
    };
    (@ resize) => {
        fn resize(&mut self, groups: usize) {
            self.inner.resize(groups);
        }
    };
    (@ merge) => {
        fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()> {
            self.inner.merge(group, bytes)
        }
    };
    (@ save) => {
        fn save(&self, group: usize, out: &mut Vec<u8>) {
            self.inner.save(group, out);
        }
    };
    (@ finish) => {
        fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
            self.inner.finish(groups)
        }
    };
    (@ forget) => {
        fn forget(&mut self, groups: usize) {
            self.inner.forget(groups);
        }
    };
    (@ reset) => {
        fn reset(&mut self, group: usize) {
            self.inner.reset(group);
        }
    };
    (@ bytes) => {
        fn bytes(&self) -> usize {
            self.inner.bytes()
        }
    };
}

type Inner = Box<dyn States>;

/// Of arguments that are all NULL.
#[derive(Debug)]
pub(super) struct Nothing;

#[derive(Debug, Default)]
pub(super) struct NothingSeen;

impl State for NothingSeen {
    fn save(&self, _out: &mut Vec<u8>) {}
}

impl Fold for Nothing {
    type State = NothingSeen;

    fn update(&self, _states: &mut [NothingSeen], _columns: &[ArrayRef], _rows: &Rows) -> EngineResult<()> {
        Ok(())
    }

    fn merge(&self, _state: &mut NothingSeen, bytes: &[u8]) -> EngineResult<()> {
        exec_err!("a state of nothing has {} bytes", bytes.len())
    }

    fn finish(&self, states: &[NothingSeen]) -> EngineResult<ArrayRef> {
        Ok(new_null_array(&Arrow::Null, states.len()))
    }
}

/// Rows without a NULL in any argument. With a flag, groups without such a row are NULL.
pub(super) fn without_nulls(inner: Inner, with_flag: bool) -> Inner {
    Box::new(WithoutNulls { inner, seen: with_flag.then(Vec::new), kept: Vec::new() })
}

#[derive(Debug)]
struct WithoutNulls {
    inner: Inner,
    seen: Option<Vec<bool>>,
    /// Kept for its memory.
    kept: Vec<u32>,
}

impl States for WithoutNulls {
    fn resize(&mut self, groups: usize) {
        self.inner.resize(groups);
        if let Some(seen) = &mut self.seen
            && groups > seen.len()
        {
            seen.resize(groups, false);
        }
    }

    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let nulls = columns
            .iter()
            .fold(None, |nulls, column| NullBuffer::union(nulls.as_ref(), column.logical_nulls().as_ref()));
        let mut kept = std::mem::take(&mut self.kept);
        kept.clear();
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        if let Some(nulls) = &nulls {
            kept.extend(rows.iter().filter(|(row, _)| nulls.is_valid(*row)).map(|(row, _)| row as u32));
        }
        let left = Rows { groups: rows.groups, kept: if nulls.is_some() { Some(&kept) } else { rows.kept } };
        if let Some(seen) = &mut self.seen {
            left.iter().for_each(|(_, group)| seen[group] = true);
        }
        let result = if left.is_empty() { Ok(()) } else { self.inner.update(columns, &left) };
        self.kept = kept;
        result
    }

    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()> {
        if let Some(seen) = &mut self.seen {
            seen[group] = true;
        }
        self.inner.merge(group, bytes)
    }

    fn save(&self, group: usize, out: &mut Vec<u8>) {
        if self.seen.as_ref().is_none_or(|seen| seen[group]) {
            self.inner.save(group, out);
        }
    }

    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
        let array = self.inner.finish(groups)?;
        let Some(seen) = &self.seen else { return Ok(array) };
        null_where_not(&array, &seen[..groups])
    }

    fn forget(&mut self, groups: usize) {
        self.inner.forget(groups);
        if let Some(seen) = &mut self.seen {
            seen.drain(..groups);
        }
    }

    fn reset(&mut self, group: usize) {
        self.inner.reset(group);
        if let Some(seen) = &mut self.seen {
            seen[group] = false;
        }
    }

    fn bytes(&self) -> usize {
        self.inner.bytes() + self.seen.as_ref().map_or(0, Vec::capacity) + self.kept.capacity() * 4
    }
}

fn null_where_not(array: &ArrayRef, seen: &[bool]) -> EngineResult<ArrayRef> {
    if seen.iter().all(|seen| *seen) {
        return Ok(array.clone());
    }
    let seen = NullBuffer::from(seen.to_vec());
    let nulls = NullBuffer::union(array.nulls(), Some(&seen));
    Ok(make_array(array.to_data().into_builder().nulls(nulls).build()?))
}

/// `-OrNull`, `-OrDefault`: groups without a row have the default of the result's type.
pub(super) fn or_default(inner: Inner, result: &DataType) -> Inner {
    Box::new(OrDefault { inner, seen: Vec::new(), result: result.clone() })
}

#[derive(Debug)]
struct OrDefault {
    inner: Inner,
    seen: Vec<bool>,
    result: DataType,
}

impl States for OrDefault {
    fn resize(&mut self, groups: usize) {
        self.inner.resize(groups);
        self.seen.resize(groups.max(self.seen.len()), false);
    }

    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        rows.iter().for_each(|(_, group)| self.seen[group] = true);
        self.inner.update(columns, rows)
    }

    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()> {
        self.seen[group] = true;
        self.inner.merge(group, bytes)
    }

    fn save(&self, group: usize, out: &mut Vec<u8>) {
        if self.seen[group] {
            self.inner.save(group, out);
        }
    }

    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
        let array = self.inner.finish(groups)?;
        let seen = &self.seen[..groups];
        if seen.iter().all(|seen| *seen) {
            return Ok(array);
        }
        if self.result.is_nullable() {
            return null_where_not(&array, seen);
        }
        let default = super::cell::Values::new(&self.result).column(std::iter::once(None))?;
        Ok(compute::kernels::zip::zip(&BooleanArray::from(seen.to_vec()), &array, &Scalar::new(default))?)
    }

    fn forget(&mut self, groups: usize) {
        self.inner.forget(groups);
        self.seen.drain(..groups);
    }

    fn reset(&mut self, group: usize) {
        self.inner.reset(group);
        self.seen[group] = false;
    }

    fn bytes(&self) -> usize {
        self.inner.bytes() + self.seen.capacity()
    }
}

/// `-If`: rows whose last argument holds.
pub(super) fn filter(inner: Inner) -> Inner {
    Box::new(Filter { inner })
}

#[derive(Debug)]
struct Filter {
    inner: Inner,
}

/// Numbers as conditions; NULL does not hold.
pub(super) fn truth(column: &ArrayRef) -> EngineResult<BooleanArray> {
    let bools = compute::cast(column, &Arrow::Boolean)?;
    let bools = bools.as_boolean();
    Ok(match bools.nulls() {
        Some(nulls) if nulls.null_count() > 0 => BooleanArray::new(bools.values() & nulls.inner(), None),
        _ => BooleanArray::new(bools.values().clone(), None),
    })
}

impl States for Filter {
    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let Some((condition, columns)) = columns.split_last() else { return exec_err!("-If without a condition") };
        let condition = truth(condition)?;
        let kept: Vec<u32> = rows.iter().filter(|(row, _)| condition.value(*row)).map(|(row, _)| row as u32).collect();
        if kept.is_empty() {
            return Ok(());
        }
        self.inner.update(columns, &Rows { groups: rows.groups, kept: Some(&kept) })
    }

    pass_on! { resize merge save finish forget reset bytes }
}

/// `-State`: the value is what would be stored.
pub(super) fn state(inner: Inner, kind: Kind) -> Inner {
    Box::new(AsState { inner, kind })
}

#[derive(Debug)]
struct AsState {
    inner: Inner,
    kind: Kind,
}

impl States for AsState {
    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        self.inner.update(columns, rows)
    }

    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
        Ok(stored(self.inner.as_ref(), self.kind, groups))
    }

    pass_on! { resize merge save forget reset bytes }
}

/// `-Merge`: the argument is a stored state.
pub(super) fn merge(inner: Inner, kind: Kind) -> Inner {
    Box::new(Merge { inner, kind })
}

#[derive(Debug)]
struct Merge {
    inner: Inner,
    kind: Kind,
}

impl States for Merge {
    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let states = columns.first().and_then(|column| column.as_binary_opt::<i32>());
        let states = states.ok_or_else(|| exec_datafusion_err!("-Merge of a column without states"))?;
        for (row, group) in rows.iter() {
            if states.is_valid(row)
                && let Some(bytes) = payload(states.value(row), self.kind)?
            {
                self.inner.merge(group, bytes)?;
            }
        }
        Ok(())
    }

    pass_on! { resize merge save finish forget reset bytes }
}

/// `-Array`: each item of arrays is a row.
pub(super) fn array(inner: Inner) -> Inner {
    Box::new(Items { inner })
}

#[derive(Debug)]
struct Items {
    inner: Inner,
}

/// The items of some columns of arrays, and for each its row.
pub(super) struct Flat {
    pub(super) columns: Vec<ArrayRef>,
    pub(super) rows: Vec<u32>,
    /// Its place in its array.
    pub(super) places: Vec<u32>,
}

pub(super) fn flat(columns: &[ArrayRef], rows: &Rows) -> EngineResult<Flat> {
    let list = |column: &ArrayRef| {
        column.as_list_opt::<i32>().cloned().ok_or_else(|| exec_datafusion_err!("expected a column of arrays"))
    };
    let lists = columns.iter().map(list).collect::<EngineResult<Vec<_>>>()?;
    let mut chosen: Vec<Vec<u32>> = vec![Vec::new(); lists.len()];
    let (mut row_of, mut places) = (Vec::new(), Vec::new());
    for (row, _) in rows.iter() {
        let length = lists[0].value_length(row);
        for (list, chosen) in lists.iter().zip(&mut chosen) {
            if list.value_length(row) != length {
                return exec_err!("lengths of all arrays passed to aggregate function must be equal");
            }
            let start = list.value_offsets()[row];
            chosen.extend((start..start + length).map(|place| place as u32));
        }
        row_of.extend(std::iter::repeat_n(row as u32, length as usize));
        places.extend(0..length as u32);
    }
    let columns = lists
        .iter()
        .zip(chosen)
        .map(|(list, chosen)| Ok(compute::take(list.values(), &UInt32Array::from(chosen), None)?))
        .collect::<EngineResult<Vec<_>>>()?;
    Ok(Flat { columns, rows: row_of, places })
}

impl States for Items {
    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let flat = flat(columns, rows)?;
        if flat.rows.is_empty() {
            return Ok(());
        }
        let groups: Vec<usize> = flat.rows.iter().map(|row| rows.groups[*row as usize]).collect();
        self.inner.update(&flat.columns, &Rows { groups: &groups, kept: None })
    }

    pass_on! { resize merge save finish forget reset bytes }
}

/// `-Distinct`: equal rows of a group count once, as the first of them is met.
pub(super) fn distinct(inner: Inner, types: &[DataType]) -> Inner {
    let layouts = types.iter().map(Layout::of).collect();
    Box::new(Distinct { inner, types: types.to_vec(), layouts, met: Vec::new() })
}

#[derive(Debug)]
struct Distinct {
    inner: Inner,
    types: Vec<DataType>,
    layouts: Vec<Layout>,
    met: Vec<Met>,
}

/// Different rows, in the order they were met.
#[derive(Debug, Default)]
struct Met {
    rows: HashSet<Box<[u8]>>,
    order: Vec<u8>,
}

impl Met {
    fn insert(&mut self, row: &[u8]) -> bool {
        if self.rows.contains(row) {
            return false;
        }
        self.rows.insert(row.into());
        self.order.extend_from_slice(row);
        true
    }
}

impl States for Distinct {
    fn resize(&mut self, groups: usize) {
        self.inner.resize(groups);
        if groups > self.met.len() {
            self.met.resize_with(groups, Met::default);
        }
    }

    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let sources = self.layouts.iter().zip(columns).map(|(layout, column)| Source::new(layout, column));
        let sources = sources.collect::<EngineResult<Vec<_>>>()?;
        let mut kept = Vec::new();
        let mut bytes = Vec::new();
        for (row, group) in rows.iter() {
            bytes.clear();
            sources.iter().for_each(|source| source.write(row, &mut bytes));
            if self.met[group].insert(&bytes) {
                kept.push(row as u32);
            }
        }
        if kept.is_empty() {
            return Ok(());
        }
        self.inner.update(columns, &Rows { groups: rows.groups, kept: Some(&kept) })
    }

    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let mut sinks: Vec<_> = self.layouts.iter().map(super::cell::Sink::new).collect();
        let mut new = 0;
        while !reader.is_empty() {
            let before = reader.rest();
            self.layouts.iter().try_for_each(|layout| layout.skip(&mut reader))?;
            let row = &before[..before.len() - reader.rest().len()];
            if row.is_empty() {
                return exec_err!("a saved aggregate state has rows of no bytes");
            }
            if self.met[group].insert(row) {
                new += 1;
                let mut again = Reader::new(row);
                sinks.iter_mut().try_for_each(|sink| sink.read(&mut again))?;
            }
        }
        if new == 0 {
            return Ok(());
        }
        let columns = sinks.into_iter().zip(&self.types).map(|(sink, data_type)| sink.finish(data_type));
        let columns = columns.collect::<EngineResult<Vec<_>>>()?;
        self.inner.update(&columns, &Rows { groups: &vec![group; new], kept: None })
    }

    fn save(&self, group: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.met[group].order);
    }

    fn forget(&mut self, groups: usize) {
        self.inner.forget(groups);
        self.met.drain(..groups);
    }

    fn reset(&mut self, group: usize) {
        self.inner.reset(group);
        self.met[group] = Met::default();
    }

    fn bytes(&self) -> usize {
        let rows = self.met.iter().map(|met| met.order.capacity() * 2 + met.rows.capacity() * 24);
        self.inner.bytes() + rows.sum::<usize>()
    }

    pass_on! { finish }
}

/// `-ArgMin`, `-ArgMax`: rows with the best last argument.
pub(super) fn best(inner: Inner, key: &DataType, largest: bool) -> Inner {
    let wanted = if largest { Ordering::Greater } else { Ordering::Less };
    Box::new(Best { inner, layout: Layout::of(key), wanted, keys: Vec::new() })
}

#[derive(Debug)]
struct Best {
    inner: Inner,
    layout: Layout,
    wanted: Ordering,
    keys: Vec<Option<Box<[u8]>>>,
}

impl Best {
    /// How a key stands to the best one so far; a better one replaces it, and the rows of the old one are gone.
    fn offer(&mut self, group: usize, key: &[u8]) -> Ordering {
        let order = match &self.keys[group] {
            None => self.wanted,
            Some(best) => self.layout.compare(key, best),
        };
        if order == self.wanted {
            self.keys[group] = Some(key.into());
            self.inner.reset(group);
        }
        order
    }
}

impl States for Best {
    fn resize(&mut self, groups: usize) {
        self.inner.resize(groups);
        self.keys.resize(groups.max(self.keys.len()), None);
    }

    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let Some((key, columns)) = columns.split_last() else { return exec_err!("-ArgMin without a key") };
        let source = Source::new(&self.layout, key)?;
        let nulls = key.logical_nulls();
        let mut bytes = Vec::new();
        for (row, group) in rows.iter().filter(|(row, _)| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row))) {
            bytes.clear();
            source.write(row, &mut bytes);
            self.offer(group, &bytes);
        }
        let mut kept = Vec::new();
        for (row, group) in rows.iter() {
            bytes.clear();
            source.write(row, &mut bytes);
            if self.keys[group].as_deref() == Some(bytes.as_slice()) {
                kept.push(row as u32);
            }
        }
        if kept.is_empty() {
            return Ok(());
        }
        self.inner.update(columns, &Rows { groups: rows.groups, kept: Some(&kept) })
    }

    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let key = self.layout.value(&mut reader)?;
        let order = self.offer(group, key);
        if (order == self.wanted || order == Ordering::Equal) && !reader.is_empty() {
            self.inner.merge(group, reader.rest())?;
        }
        Ok(())
    }

    fn save(&self, group: usize, out: &mut Vec<u8>) {
        if let Some(key) = &self.keys[group] {
            out.extend_from_slice(key);
            self.inner.save(group, out);
        }
    }

    fn forget(&mut self, groups: usize) {
        self.inner.forget(groups);
        self.keys.drain(..groups);
    }

    fn reset(&mut self, group: usize) {
        self.inner.reset(group);
        self.keys[group] = None;
    }

    fn bytes(&self) -> usize {
        self.inner.bytes() + self.keys.iter().flatten().map(|key| key.len() + 24).sum::<usize>()
    }

    pass_on! { finish }
}
