//! The query conversation, with R2 on the other side: one wave of ranged reads for what the isolate
//! does not hold.

use crate::bindings::{Bindings, now_ms};
use crate::blocks::Blocks;
use crate::workspace::{self, Workspace};
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use sanderling_core::api::{self, Budget, Reading, Response, Route};
use sanderling_core::catalog::Catalog;
use sanderling_core::query::{self, Answer, Query, Read};
use sanderling_core::{Error, Kind, Result};
use std::cell::RefCell;
use std::sync::Arc;

/// An isolate has 128 MB, for these, the engine's own state and JavaScript.
const BLOCK_BYTES_MAX: usize = 40 << 20;
const BUDGET: Budget = Budget { read_bytes_max: 32 << 20, memory_bytes_max: 40 << 20 };
/// Connections that a worker may have open at once.
const READS_AT_ONCE: usize = 6;

const _: () = assert!(BUDGET.read_bytes_max <= BLOCK_BYTES_MAX as u64, "one query's blocks stay for the next");

thread_local! {
    static BLOCKS: RefCell<Blocks> = RefCell::new(Blocks::new(BLOCK_BYTES_MAX));
}

pub(crate) enum Outcome {
    Answered(Response),
    /// More than an isolate can hold: the host's to answer.
    TooMuch(Error),
}

pub(crate) async fn answer(route: &Route, request: &api::Request, bindings: &Bindings) -> Outcome {
    let now_ms = now_ms();
    let now_ns = now_ms as i64 * 1_000_000;
    let workspace = match route {
        Route::Preflight => None,
        _ => match workspace::latest(bindings).await {
            Ok(workspace) => Some(workspace),
            Err(error) => return Outcome::Answered(error.into()),
        },
    };
    let catalog = workspace.as_ref().map(|workspace| workspace.catalog.clone());
    let catalog = catalog.unwrap_or_else(|| Arc::new(Catalog::empty("", "")));
    let read = api::read(route, request, &catalog, &bindings.keys, BUDGET, now_ns);
    let (Reading { query, reply }, workspace) = match (read, workspace) {
        (Ok(reading), Some(workspace)) => (reading, workspace),
        (Ok(_), None) => return Outcome::Answered(Error::internal("a preflight request reads nothing").into()),
        (Err(response), _) => return Outcome::Answered(response),
    };
    let result = converse(query, &workspace, bindings).await;
    match result {
        Err(error) if error.kind == Kind::LimitExceeded => Outcome::TooMuch(error),
        result => {
            let elapsed_ns = (crate::bindings::now_ms() - now_ms) * 1_000_000;
            let version = workspace.commit.number.to_string();
            Outcome::Answered(reply.respond(result, elapsed_ns).with_header("x-sanderling-version", version))
        }
    }
}

async fn converse(mut query: Query, workspace: &Workspace, bindings: &Bindings) -> Result<Answer> {
    let data_sources = query.data_sources().to_vec();
    let ids = data_sources.iter().map(|data_source| data_source.id.as_str());
    let snapshot = workspace::snapshot(bindings, workspace, ids).await?;
    query.prune(&snapshot)?;
    feed(&mut query, bindings).await?;
    query.run()
}

async fn feed(query: &mut Query, bindings: &Bindings) -> Result<()> {
    let reads = query.reads().to_vec();
    let mut missing = Vec::new();
    for (index, read) in reads.iter().enumerate() {
        match BLOCKS.with_borrow_mut(|blocks| blocks.get(read)) {
            Some(bytes) => query.feed(index, bytes),
            None => missing.push(index),
        }
    }
    let wanted: Vec<Read> = missing.iter().map(|index| reads[*index].clone()).collect();
    let fetches = stream::iter(query::coalesce(&wanted)).map(|fetch| async move {
        let range = fetch.read.range.clone();
        let bytes = bindings.read(&fetch.read.key, Some(range)).await?;
        let bytes =
            bytes.ok_or_else(|| Error::unavailable(format!("{} is not in the bucket any more", fetch.read.key)))?;
        Result::<_, Error>::Ok((fetch, bytes))
    });
    let mut fetched = fetches.buffer_unordered(READS_AT_ONCE);
    while let Some((fetch, bytes)) = fetched.try_next().await? {
        for served in fetch.serves {
            let index = missing[served];
            let block = cut(&bytes, &fetch.read, &reads[index])?;
            query.verify(index, &block)?;
            BLOCKS.with_borrow_mut(|blocks| blocks.put(&reads[index], block.clone()));
            query.feed(index, block);
        }
    }
    Ok(())
}

/// The bytes of `read` out of those of `fetched`, in memory of their own unless they are all of it.
fn cut(bytes: &Bytes, fetched: &Read, read: &Read) -> Result<Bytes> {
    if fetched.range == read.range {
        return Ok(bytes.clone());
    }
    let start = (read.range.start - fetched.range.start) as usize;
    let end = (read.range.end - fetched.range.start) as usize;
    let short = || Error::corrupt(format!("{}: {} bytes for the range {:?}", read.key, bytes.len(), fetched.range));
    bytes.get(start..end).map(Bytes::copy_from_slice).ok_or_else(short)
}
