//! What has been cut from the buffer, and what views make of it → segments → one commit.

use super::buffer::Cut;
use super::views::{self, Rows, Views};
use super::{Ingest, Shared};
use crate::clock::Clock;
use crate::log::Log;
use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use sanderling_core::catalog::{Catalog, DataSource, quarantine};
use sanderling_core::limits::COMMIT_TRIES_MAX;
use sanderling_core::manifest::{Commit, Manifest, Segment, key};
use sanderling_core::{Error, Result, compact};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Segments that are uploaded at the same time.
const UPLOADS_MAX: usize = 4;

/// New segments of one data source, and their files.
pub(crate) struct Encoded {
    pub(crate) data_source: String,
    pub(crate) segments: Vec<(Segment, Bytes)>,
}

/// Returns a commit that has the cut's rows and what the views of that commit's catalog make of them. May be repeated
/// with the same cut: rows that an earlier try got in, without learning so, are not added again.
pub(super) async fn run(ingest: &Ingest, cut: &Arc<Cut>) -> Result<Arc<Commit>> {
    let shared = &ingest.shared;
    let log = &shared.log;
    for _ in 0..COMMIT_TRIES_MAX {
        let commit = log.seen();
        let views = ingest.views(&commit).await?;
        let made = views::derive(shared, &views, &commit, &cut.rows(), None).await?;
        let (cut_to_encode, ids, known) = (cut.clone(), shared.clock.clone(), views.clone());
        let encoded = tokio::task::spawn_blocking(move || encode(&cut_to_encode, &made, &known, &*ids)).await;
        let encoded = encoded.map_err(|error| Error::internal(format!("flush: {error}")))??;
        upload(log, &encoded).await?;
        let segments = live(encoded);
        let is_stale = AtomicBool::new(false);
        let head = log.commit(|base| publish(shared, cut.position, &segments, &views, &is_stale, base)).await?;
        if !is_stale.into_inner() {
            return Ok(head);
        }
        // a deployment was faster: its views may be others
    }
    Err(Error::unavailable(format!("flush: {COMMIT_TRIES_MAX} deployments were faster")))
}

fn encode(cut: &Cut, made: &Rows, views: &Views, clock: &dyn Clock) -> Result<Vec<Encoded>> {
    let mut encoded: BTreeMap<String, Vec<(Segment, Bytes)>> = BTreeMap::new();
    for (id, groups) in &cut.groups {
        if !is_known(&views.catalog, id) {
            tracing::warn!(id, "rows of a data source that is gone are dropped");
            continue;
        }
        for group in groups {
            let segments = encoded.entry(id.clone()).or_default();
            segments.extend(files(&group.data_source, &group.batches, clock)?);
        }
    }
    for (id, batches) in made {
        let target = views.target(id).expect("rows are made for targets of views");
        encoded.entry(id.clone()).or_default().extend(files(target, batches, clock)?);
    }
    Ok(encoded.into_iter().map(|(data_source, segments)| Encoded { data_source, segments }).collect())
}

fn is_known(catalog: &Catalog, id: &str) -> bool {
    let owner = quarantine::source_name(id).unwrap_or(id);
    catalog.data_sources.values().any(|data_source| data_source.id == owner)
}

/// Rows as sorted segments.
pub(crate) fn files(
    data_source: &DataSource,
    batches: &[RecordBatch],
    clock: &dyn Clock,
) -> Result<Vec<(Segment, Bytes)>> {
    let runs = compact::arrange(data_source, batches)?;
    let files = runs.iter().map(|run| {
        let (written, segment) = compact::encode(data_source, run, clock.random_id())?;
        Ok((segment, written.bytes))
    });
    files.collect()
}

pub(crate) async fn upload(log: &Log, encoded: &[Encoded]) -> Result<()> {
    let files = encoded.iter().flat_map(|new| new.segments.iter().map(|file| (new.data_source.as_str(), file)));
    let puts = files.map(|(data_source, (segment, bytes))| {
        let key = key::segment(log.workspace(), data_source, &segment.id);
        let bytes = bytes.clone();
        async move { log.storage().put_if_absent(&key, bytes).await }
    });
    // collected first: a stream of borrowing closures is not `Send` for every lifetime
    let puts: Vec<_> = puts.collect();
    futures::stream::iter(puts).buffer_unordered(UPLOADS_MAX).try_collect().await
}

/// Without the files, which are uploaded.
pub(crate) fn live(encoded: Vec<Encoded>) -> BTreeMap<String, Vec<Segment>> {
    let segments = |new: Encoded| new.segments.into_iter().map(|(segment, _)| segment).collect();
    encoded.into_iter().map(|new| (new.data_source.clone(), segments(new))).collect()
}

/// The commit after `base` with these segments; `None` if `base` has their rows already, or another catalog.
async fn publish(
    shared: &Shared,
    position: u64,
    segments: &BTreeMap<String, Vec<Segment>>,
    views: &Views,
    is_stale: &AtomicBool,
    base: Arc<Commit>,
) -> Result<Option<Commit>> {
    if base.writers.get(&shared.writer).is_some_and(|done| *done >= position) {
        return Ok(None);
    }
    if base.catalog != views.catalog_id {
        is_stale.store(true, Ordering::Relaxed);
        return Ok(None);
    }
    let mut next = base.next("events", shared.clock.now_ms());
    add(&shared.log, &base, &mut next, segments).await?;
    next.writers.insert(shared.writer.clone(), position);
    Ok(Some(next))
}

/// Writes manifests with these segments besides those of `base`, for the commit `next`.
pub(crate) async fn add(
    log: &Log,
    base: &Commit,
    next: &mut Commit,
    segments: &BTreeMap<String, Vec<Segment>>,
) -> Result<()> {
    for (data_source, new) in segments.iter().filter(|(_, new)| !new.is_empty()) {
        let mut manifest = Manifest::clone(&*log.manifest(base, data_source).await?);
        manifest.segments.extend(new.iter().cloned());
        next.manifests.insert(data_source.clone(), log.put_manifest(base, manifest).await?);
    }
    Ok(())
}
