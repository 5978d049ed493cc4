//! A view that a deployment brings is run over the rows that its source has already.
//!
//! Rows in segments are taken here, for the deployment's own commit; rows that wait for a segment meet the view when they
//! are flushed, which is after that commit.

use crate::ingest::Ingest;
use crate::ingest::flush::{self, Encoded};
use crate::ingest::views::Views;
use crate::log::Log;
use arrow::array::RecordBatch;
use bytes::Bytes;
use sanderling_core::manifest::{Commit, Segment, key};
use sanderling_core::segment::SparseBytes;
use sanderling_core::view::View;
use sanderling_core::{Error, Result};
use std::collections::{BTreeMap, HashMap};

/// Row groups that a view is run over at once.
const ROW_GROUPS: usize = 4;

pub(crate) struct Backfill<'a> {
    ingest: &'a Ingest,
    log: &'a Log,
    views: &'a Views,
    new: Vec<&'a View>,
    /// View and segment → the segments that came of it, by target.
    done: HashMap<(usize, String), Vec<(String, Segment)>>,
}

impl<'a> Backfill<'a> {
    /// `before` are the views of the catalog that is live.
    pub(crate) fn new(ingest: &'a Ingest, log: &'a Log, before: &Views, views: &'a Views) -> Backfill<'a> {
        let is_known = |view: &View| {
            let same = |old: &View| {
                (old.name(), &old.source.id, &old.target.id) == (view.name(), &view.source.id, &view.target.id)
            };
            before.all().iter().any(same)
        };
        let new = views.all().iter().filter(|view| !is_known(view)).collect();
        Backfill { ingest, log, views, new, done: HashMap::new() }
    }

    /// The segments that come of what is stored at `base`, uploaded. Called again with a later commit, it does what is
    /// missing.
    pub(crate) async fn run(&mut self, base: &Commit) -> Result<BTreeMap<String, Vec<Segment>>> {
        let mut made: BTreeMap<String, Vec<Segment>> = BTreeMap::new();
        for index in 0..self.new.len() {
            let view = self.new[index];
            for segment in &self.log.manifest(base, &view.source.id).await?.segments {
                let step = (index, segment.id.clone());
                if !self.done.contains_key(&step) {
                    let segments = self.over(view, segment, base).await?;
                    self.done.insert(step.clone(), segments);
                }
                for (target, segment) in &self.done[&step] {
                    made.entry(target.clone()).or_default().push(segment.clone());
                }
            }
        }
        Ok(made)
    }

    async fn over(&self, view: &View, segment: &Segment, base: &Commit) -> Result<Vec<(String, Segment)>> {
        let key = key::segment(self.log.workspace(), &view.source.id, &segment.id);
        let file = self.log.storage().get(&key).await?;
        let footer = segment.footer.get()?;
        footer.verify(0, &file)?;
        let row_groups: Vec<usize> = (0..footer.row_group_count()).collect();
        let mut out = Vec::new();
        for part in row_groups.chunks(ROW_GROUPS) {
            let block = read(segment, part, file.clone())?;
            let rows = self.ingest.run_view(self.views, view, base, block).await?;
            let mut encoded = Vec::new();
            for (id, batches) in rows {
                let target = self.views.target(&id).ok_or_else(|| Error::internal("rows of no view's target"))?;
                let segments = flush::files(target, &batches, self.ingest.clock())?;
                encoded.push(Encoded { data_source: id, segments });
            }
            flush::upload(self.log, &encoded).await?;
            let segments = flush::live(encoded).into_iter();
            out.extend(segments.flat_map(|(id, new)| new.into_iter().map(move |segment| (id.clone(), segment))));
        }
        Ok(out)
    }
}

/// The rows of some row groups, with the columns that the file has.
fn read(segment: &Segment, row_groups: &[usize], file: Bytes) -> Result<Vec<RecordBatch>> {
    let footer = segment.footer.get()?;
    let columns: Vec<&str> = footer.schema().fields().iter().map(|field| field.name().as_str()).collect();
    footer.read(row_groups, &columns, SparseBytes::new(vec![(0, file)]), None)?.collect()
}
