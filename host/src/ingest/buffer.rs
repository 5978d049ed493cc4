//! Rows that are durable in the journal and not yet in a segment. Pure: it holds rows and says
//! when it is time to flush.

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use sanderling_core::catalog::DataSource;
use sanderling_core::limits::{BUFFER_BATCH_ROWS, FLUSH_BYTES, FLUSH_ROWS};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of one data source that lie the same way: a deployment that changes columns begins a new
/// group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) data_source: Arc<DataSource>,
    pub(super) batches: Vec<RecordBatch>,
}

#[derive(Debug, Default)]
pub(super) struct Buffer {
    groups: BTreeMap<String, Vec<Group>>,
    /// The journal's position after the last of the rows.
    position: u64,
    rows: usize,
    bytes: usize,
    oldest_ns: Option<i64>,
}

/// What one flush takes.
#[derive(Debug)]
pub(super) struct Cut {
    /// By data source id.
    pub(super) groups: BTreeMap<String, Vec<Group>>,
    pub(super) position: u64,
    pub(super) bytes: usize,
}

impl Buffer {
    pub(super) fn new(position: u64) -> Buffer {
        Buffer { position, ..Buffer::default() }
    }

    /// Rows of one journal record; `bytes` is what they count against the limits.
    pub(super) fn insert(
        &mut self,
        position: u64,
        now_ns: i64,
        bytes: usize,
        rows: Vec<(Arc<DataSource>, RecordBatch)>,
    ) {
        assert!(position > self.position, "records come in the order of positions");
        self.position = position;
        self.bytes += bytes;
        self.oldest_ns.get_or_insert(now_ns);
        for (data_source, batch) in rows {
            self.rows += batch.num_rows();
            let groups = self.groups.entry(data_source.id.clone()).or_default();
            match groups.last_mut().filter(|group| group.data_source.columns == data_source.columns) {
                Some(group) => group.push(batch),
                None => groups.push(Group { data_source, batches: vec![batch] }),
            }
        }
    }

    pub(super) fn is_due(&self, now_ns: i64, interval_ms: u64) -> bool {
        let is_old = |oldest: i64| now_ns.saturating_sub(oldest) >= interval_ms as i64 * 1_000_000;
        self.rows >= FLUSH_ROWS || self.bytes >= FLUSH_BYTES || self.oldest_ns.is_some_and(is_old)
    }

    /// Everything, if there is anything.
    pub(super) fn take(&mut self) -> Option<Cut> {
        self.oldest_ns?;
        let taken = std::mem::replace(self, Buffer::new(self.position));
        Some(Cut { groups: taken.groups, position: taken.position, bytes: taken.bytes })
    }

    /// The journal's position after the last of the rows.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn batches(&self, data_source: &str) -> impl Iterator<Item = &RecordBatch> {
        batches(&self.groups, data_source)
    }
}

impl Cut {
    /// All rows, by data source id.
    pub(super) fn rows(&self) -> BTreeMap<String, Vec<RecordBatch>> {
        self.groups.keys().map(|id| (id.clone(), self.batches(id).cloned().collect())).collect()
    }

    pub(super) fn batches(&self, data_source: &str) -> impl Iterator<Item = &RecordBatch> {
        batches(&self.groups, data_source)
    }
}

fn batches<'b>(groups: &'b BTreeMap<String, Vec<Group>>, data_source: &str) -> impl Iterator<Item = &'b RecordBatch> {
    groups.get(data_source).into_iter().flatten().flat_map(|group| &group.batches)
}

impl Group {
    /// Adds rows, and joins neighbours of like size, so that events that come one by one do not
    /// make a batch each: every row is copied a logarithmic number of times.
    fn push(&mut self, batch: RecordBatch) {
        self.batches.push(batch);
        while let [.., first, second] = self.batches.as_slice() {
            let rows = first.num_rows() + second.num_rows();
            if first.num_rows() > 2 * second.num_rows() || rows > BUFFER_BATCH_ROWS {
                return;
            }
            let joined = concat_batches(&first.schema(), [first, second]).expect("rows of a group lie the same way");
            self.batches.truncate(self.batches.len() - 2);
            self.batches.push(without_slack(joined));
        }
    }
}

/// Joined strings point into the old batches' memory, of which most may be unused: copy them.
fn without_slack(batch: RecordBatch) -> RecordBatch {
    let compact = |column: &ArrayRef| -> ArrayRef {
        match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().gc()),
            _ => column.clone(),
        }
    };
    let columns = batch.columns().iter().map(compact).collect();
    RecordBatch::try_new(batch.schema(), columns).expect("the same columns")
}

#[cfg(test)]
mod tests;
