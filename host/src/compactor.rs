//! Makes one segment of many small ones, in the background: core chooses; read, merge, write,
//! commit.
//!
//! The files that were folded stay: an older snapshot, here or at an edge, may still read them.

use crate::clock::Clock;
use crate::log::Log;
use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, TryStreamExt};
use sanderling_core::catalog::DataSource;
use sanderling_core::limits::STORE_READS_MAX;
use sanderling_core::manifest::{Commit, Manifest, Segment, key};
use sanderling_core::segment::SparseBytes;
use sanderling_core::{Error, Result, compact};
use std::sync::Arc;
use std::time::Duration;

/// How long it rests when there is nothing to do.
const REST: Duration = Duration::from_secs(1);

pub async fn run(log: Arc<Log>, clock: Arc<dyn Clock>) {
    loop {
        match step(&log, &clock).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(REST).await,
            Err(error) => {
                tracing::warn!(%error, "segments stay as they are for now: compaction failed");
                tokio::time::sleep(REST * 10).await;
            }
        }
    }
}

/// Folds once in each data source that has something to fold; `false` if there is none.
pub async fn step(log: &Arc<Log>, clock: &Arc<dyn Clock>) -> Result<bool> {
    let commit = log.seen();
    if commit.manifests.is_empty() {
        return Ok(false);
    }
    let catalog = log.catalog(&commit).await?;
    let mut is_anything_done = false;
    for data_source in catalog.data_sources.values() {
        let manifest = log.manifest(&commit, &data_source.id).await?;
        if let Some(chosen) = compact::choose(data_source, &manifest)? {
            let chosen = chosen.into_iter().cloned().collect();
            fold(log, clock, data_source, chosen).await?;
            is_anything_done = true;
        }
    }
    Ok(is_anything_done)
}

async fn fold(
    log: &Arc<Log>,
    clock: &Arc<dyn Clock>,
    data_source: &Arc<DataSource>,
    segments: Vec<Segment>,
) -> Result<()> {
    let keys = segments.iter().map(|segment| key::segment(log.workspace(), &data_source.id, &segment.id));
    let keys: Vec<String> = keys.collect();
    let reads = keys.iter().map(|key| log.storage().get(key));
    let files: Vec<Bytes> = stream::iter(reads.collect::<Vec<_>>()).buffered(STORE_READS_MAX).try_collect().await?;

    let id = clock.random_id();
    let (owner, inputs) = (data_source.clone(), segments.clone());
    let merged = tokio::task::spawn_blocking(move || {
        let mut batches = Vec::new();
        for (segment, file) in inputs.iter().zip(files) {
            read(&owner, segment, file, &mut batches)
                .map_err(|error| error.context(format!("segment {}", segment.id)))?;
        }
        compact::merge(&owner, &inputs, &batches, id)
    });
    let merged = merged.await.map_err(|error| Error::internal(format!("compaction: {error}")))??;
    let merged = match merged {
        Some((written, merged)) => {
            let key = key::segment(log.workspace(), &data_source.id, &merged.id);
            log.storage().put_if_absent(&key, written.bytes).await?;
            Some(merged)
        }
        None => None,
    };
    let head = log.commit(|base| publish(log, clock, &data_source.id, &segments, merged.as_ref(), base)).await?;
    let rows = merged.map_or(0, |merged| merged.rows);
    tracing::debug!(version = head.number, data_source = data_source.name, rows, "segments folded");
    Ok(())
}

/// All rows of a file.
fn read(data_source: &DataSource, segment: &Segment, file: Bytes, batches: &mut Vec<RecordBatch>) -> Result<()> {
    let footer = segment.footer.get()?;
    footer.verify(0, &file)?;
    let columns: Vec<&str> = data_source.columns.iter().map(|column| column.name.as_str()).collect();
    let row_groups: Vec<usize> = (0..footer.row_group_count()).collect();
    for batch in footer.read(&row_groups, &columns, SparseBytes::new(vec![(0, file)]), None)? {
        batches.push(batch?);
    }
    Ok(())
}

/// The commit after `base` with the merged segment, if there is one, in place of the others; `None` if some of them are
/// gone: another host folded them, or a deployment dropped them.
async fn publish(
    log: &Log,
    clock: &Arc<dyn Clock>,
    data_source: &str,
    folded: &[Segment],
    merged: Option<&Segment>,
    base: Arc<Commit>,
) -> Result<Option<Commit>> {
    let mut manifest = Manifest::clone(&*log.manifest(&base, data_source).await?);
    let before = manifest.segments.len();
    let place = manifest.segments.iter().position(|segment| folded.iter().any(|old| old.id == segment.id));
    manifest.segments.retain(|segment| folded.iter().all(|old| old.id != segment.id));
    let Some(place) = place.filter(|_| before - manifest.segments.len() == folded.len()) else { return Ok(None) };
    // the order of segments is the order in which their rows came
    manifest.segments.splice(place..place, merged.cloned());
    let mut next = base.next("compaction", clock.now_ms());
    next.manifests.insert(data_source.to_owned(), log.put_manifest(&base, manifest).await?);
    Ok(Some(next))
}

#[cfg(test)]
mod tests;
