//! What has been cut from the buffer → segments → one commit.

use super::buffer::Cut;
use crate::clock::Clock;
use crate::log::Log;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use sanderling_core::manifest::{Commit, Manifest, Segment, key};
use sanderling_core::{Error, Result, compact};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Segments that are uploaded at the same time.
const UPLOADS_MAX: usize = 4;

/// New segments of one data source, and their files.
struct Encoded {
    data_source: String,
    segments: Vec<(Segment, Bytes)>,
}

/// Returns a commit that has the cut's rows. May be repeated with the same cut: rows that an
/// earlier try got in, without learning so, are not added again.
pub(super) async fn run(log: &Log, clock: &Arc<dyn Clock>, writer: &str, cut: &Arc<Cut>) -> Result<Arc<Commit>> {
    let (cut_to_encode, ids) = (cut.clone(), clock.clone());
    let encoded = tokio::task::spawn_blocking(move || encode(&cut_to_encode, &*ids)).await;
    let encoded = encoded.map_err(|error| Error::internal(format!("flush: {error}")))??;
    upload(log, &encoded).await?;
    let segments: BTreeMap<String, Vec<Segment>> = encoded
        .into_iter()
        .map(|new| (new.data_source, new.segments.into_iter().map(|(segment, _)| segment).collect()))
        .collect();
    log.commit(|base| publish(log, clock, writer, cut.position, &segments, base)).await
}

fn encode(cut: &Cut, clock: &dyn Clock) -> Result<Vec<Encoded>> {
    let mut encoded = Vec::new();
    for (id, groups) in &cut.groups {
        let mut segments = Vec::new();
        for group in groups {
            for run in compact::arrange(&group.data_source, &group.batches)? {
                let (written, segment) = compact::encode(&group.data_source, &run, clock.random_id())?;
                segments.push((segment, written.bytes));
            }
        }
        encoded.push(Encoded { data_source: id.clone(), segments });
    }
    Ok(encoded)
}

async fn upload(log: &Log, encoded: &[Encoded]) -> Result<()> {
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

/// The commit after `base` with these segments; `None` if `base` has their rows already.
async fn publish(
    log: &Log,
    clock: &Arc<dyn Clock>,
    writer: &str,
    position: u64,
    segments: &BTreeMap<String, Vec<Segment>>,
    base: Arc<Commit>,
) -> Result<Option<Commit>> {
    if base.writers.get(writer).is_some_and(|done| *done >= position) {
        return Ok(None);
    }
    let mut next = base.next("events", clock.now_ms());
    for (data_source, new) in segments {
        if new.is_empty() {
            continue;
        }
        let mut manifest = Manifest::clone(&*log.manifest(&base, data_source).await?);
        manifest.segments.extend(new.iter().cloned());
        next.manifests.insert(data_source.clone(), log.put_manifest(&base, manifest).await?);
    }
    next.writers.insert(writer.to_owned(), position);
    Ok(Some(next))
}
