//! What an engine makes of rows that agree in the sorting key.
//!
//! ```text
//! MergeTree                      all of them
//! ReplacingMergeTree             the last, or the last of the largest version
//! SummingMergeTree               one row with the sums; none, if all sums are zero
//! AggregatingMergeTree           one row: states are merged, of other columns the first value stays
//! CollapsingMergeTree            rows of sign 1 and -1 cancel out: what is left is at most one of each
//! VersionedCollapsingMergeTree   the same, among rows of one version
//! ```
//!
//! Rows come in the order in which they arrived. Folding rows in parts and then the parts gives what folding them at once
//! gives, as long as the parts are neighbours.

use crate::catalog::{DataSource, EngineKind};
use crate::error::{Error, Result};
use crate::function;
use crate::value::DataType;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array, make_comparator};
use arrow::compute::{SortOptions, take_record_batch};
use arrow::datatypes::{Int8Type, UInt8Type};
use std::cmp::Ordering;
use std::ops::Range;

/// Why rows are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// They are stored again; more of them may come.
    Merge,
    /// A query asks for the final rows: a row that says that it is deleted goes as well.
    Final,
}

/// `rows` lie as the data source's schema says and are sorted by the sorting key, whose values are `key`.
pub fn fold(data_source: &DataSource, rows: RecordBatch, key: &[ArrayRef], purpose: Purpose) -> Result<RecordBatch> {
    if !folds(&data_source.engine.kind) || key.is_empty() {
        return Ok(rows);
    }
    let folding = Folding { data_source, rows: &rows, groups: groups(key, rows.num_rows())? };
    match &data_source.engine.kind {
        EngineKind::MergeTree | EngineKind::Null | EngineKind::Join { .. } => Ok(rows),
        EngineKind::Replacing { version, is_deleted } => {
            let deleted = is_deleted.as_deref().filter(|_| purpose == Purpose::Final);
            folding.replace(version.as_deref(), deleted)
        }
        EngineKind::Summing { columns } => folding.sum(columns),
        EngineKind::Aggregating => folding.aggregate(),
        EngineKind::Collapsing { sign } => folding.collapse(sign),
        EngineKind::VersionedCollapsing { sign, version } => folding.cancel(sign, version),
    }
}

/// Rows of this engine are folded at all.
pub fn folds(kind: &EngineKind) -> bool {
    !matches!(kind, EngineKind::MergeTree | EngineKind::Null | EngineKind::Join { .. })
}

struct Folding<'a> {
    data_source: &'a DataSource,
    rows: &'a RecordBatch,
    groups: Vec<Range<usize>>,
}

/// Runs of rows with equal keys.
fn groups(key: &[ArrayRef], count: usize) -> Result<Vec<Range<usize>>> {
    let options = SortOptions { descending: false, nulls_first: false };
    let same = key.iter().map(|column| make_comparator(column, column, options)).collect::<Result<Vec<_>, _>>();
    let same = same.map_err(internal)?;
    let mut groups = Vec::new();
    let mut start = 0;
    for row in 1..=count {
        if row == count || same.iter().any(|compare| compare(row - 1, row) != Ordering::Equal) {
            groups.push(start..row);
            start = row;
        }
    }
    Ok(groups)
}

impl Folding<'_> {
    fn column(&self, name: &str) -> Result<&ArrayRef> {
        self.rows.column_by_name(name).ok_or_else(|| {
            Error::invalid(format!("the engine of {:?} names {name:?}, which is no column", self.data_source.name))
        })
    }

    fn pick(&self, rows: impl IntoIterator<Item = usize>) -> Result<RecordBatch> {
        let rows: Vec<u32> = rows.into_iter().map(|row| row as u32).collect();
        take_record_batch(self.rows, &UInt32Array::from(rows)).map_err(internal)
    }

    fn replace(&self, version: Option<&str>, is_deleted: Option<&str>) -> Result<RecordBatch> {
        let version = version.map(|name| self.column(name)).transpose()?;
        let options = SortOptions { descending: false, nulls_first: true };
        let compare = version.map(|column| make_comparator(column, column, options)).transpose().map_err(internal)?;
        let deleted = is_deleted.map(|name| self.flags(name)).transpose()?;
        let last = |group: &Range<usize>| match &compare {
            // of equal versions the later row
            Some(compare) => group.clone().reduce(|best, row| if compare(row, best).is_ge() { row } else { best }),
            None => group.clone().next_back(),
        };
        let last = self.groups.iter().filter_map(last);
        self.pick(last.filter(|row| deleted.as_ref().is_none_or(|deleted| deleted[*row] == 0)))
    }

    fn flags(&self, name: &str) -> Result<Vec<u8>> {
        let column = self.column(name)?;
        let flags = column.as_primitive_opt::<UInt8Type>().map(|column| column.values().to_vec());
        flags.ok_or_else(|| Error::invalid(format!("{name:?} marks deleted rows, so it must be UInt8")))
    }

    /// The group of each row.
    fn group_of_rows(&self) -> Vec<usize> {
        let mut out = Vec::with_capacity(self.rows.num_rows());
        for (number, group) in self.groups.iter().enumerate() {
            out.extend(std::iter::repeat_n(number, group.len()));
        }
        out
    }

    fn aggregate(&self) -> Result<RecordBatch> {
        let (groups, first) = (self.group_of_rows(), self.pick(self.groups.iter().map(|group| group.start))?);
        let columns = self.data_source.columns.iter().enumerate().map(|(index, column)| match &column.data_type {
            aggregated @ (DataType::AggregateFunction(_) | DataType::SimpleAggregateFunction(..)) => {
                function::merge_states(aggregated, self.rows.column(index), &groups, self.groups.len())
            }
            _ => Ok(first.column(index).clone()),
        });
        RecordBatch::try_new(self.rows.schema(), columns.collect::<Result<_>>()?).map_err(internal)
    }

    /// Without a list, every number that is no part of the key is added up.
    fn sum(&self, listed: &[String]) -> Result<RecordBatch> {
        let groups = self.group_of_rows();
        let key = &self.data_source.engine.sorting_key;
        let is_summed = |name: &str, data_type: &DataType| match listed {
            [] => data_type.is_numeric() && *data_type != DataType::Bool && !key.iter().any(|part| part == name),
            listed => listed.iter().any(|known| known == name),
        };
        let first = self.pick(self.groups.iter().map(|group| group.start))?;
        let mut columns = Vec::new();
        // a group whose sums are all zero is gone, unless it holds more than sums
        let mut is_zero = vec![true; self.groups.len()];
        let mut is_anything_summed = false;
        for (index, column) in self.data_source.columns.iter().enumerate() {
            let (given, data_type) = (self.rows.column(index), &column.data_type);
            columns.push(match data_type {
                DataType::AggregateFunction(_) | DataType::SimpleAggregateFunction(..) => {
                    if matches!(data_type, DataType::AggregateFunction(_)) {
                        is_zero.fill(false);
                    }
                    function::merge_states(data_type, given, &groups, self.groups.len())?
                }
                _ if is_summed(&column.name, data_type) => {
                    is_anything_summed = true;
                    let sums = function::merge_rows("sumWithOverflow", data_type, given, &groups, self.groups.len())?;
                    let default = function::default_array(data_type).ok_or_else(|| internal("no default"))?;
                    let compare = make_comparator(&sums, &default, SortOptions::default()).map_err(internal)?;
                    for (group, is_zero) in is_zero.iter_mut().enumerate() {
                        // the default of a column with NULL is NULL
                        *is_zero &= match data_type.is_nullable() {
                            true => sums.is_null(group),
                            false => compare(group, 0) == Ordering::Equal,
                        };
                    }
                    sums
                }
                _ => first.column(index).clone(),
            });
        }
        let rows = RecordBatch::try_new(self.rows.schema(), columns).map_err(internal)?;
        let kept = (0..self.groups.len()).filter(|group| !is_anything_summed || !is_zero[*group]);
        let kept = UInt32Array::from_iter_values(kept.map(|group| group as u32));
        take_record_batch(&rows, &kept).map_err(internal)
    }

    fn signs(&self, name: &str) -> Result<Vec<i8>> {
        let column = self.column(name)?;
        let signs = column.as_primitive_opt::<Int8Type>().map(|column| column.values().to_vec());
        signs.ok_or_else(|| Error::invalid(format!("{name:?} is the sign of rows, so it must be Int8")))
    }

    /// As many of one sign as of the other leave the first -1 and the last 1, if the last row of all is a 1, else nothing.
    fn collapse(&self, sign: &str) -> Result<RecordBatch> {
        let signs = self.signs(sign)?;
        let mut kept = Vec::new();
        for group in &self.groups {
            let positive = group.clone().filter(|row| signs[*row] > 0);
            let negative = group.clone().filter(|row| signs[*row] < 0);
            let (added, taken) = (positive.clone().count(), negative.clone().count());
            let (first_taken, last_added) = (negative.clone().next(), positive.clone().next_back());
            if added == taken && signs[group.end - 1] <= 0 {
                continue;
            }
            kept.extend(first_taken.filter(|_| added <= taken));
            kept.extend(last_added.filter(|_| added >= taken));
        }
        self.pick(kept)
    }

    /// Each row cancels one of the other sign with the same key and version.
    fn cancel(&self, sign: &str, version: &str) -> Result<RecordBatch> {
        let signs = self.signs(sign)?;
        let versions = self.column(version)?;
        let compare = make_comparator(versions, versions, SortOptions::default()).map_err(internal)?;
        let mut kept = Vec::new();
        for group in &self.groups {
            let mut by_version: Vec<usize> = group.clone().collect();
            by_version.sort_by(|left, right| compare(*left, *right));
            for same in by_version.chunk_by(|left, right| compare(*left, *right) == Ordering::Equal) {
                let mut open: Vec<usize> = Vec::new();
                for row in same {
                    match open.last() {
                        Some(last) if signs[*last] != signs[*row] => drop(open.pop()),
                        _ => open.push(*row),
                    }
                }
                kept.extend(open);
            }
        }
        self.pick(kept)
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("rows not folded: {error}"))
}
