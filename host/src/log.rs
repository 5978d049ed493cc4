//! The workspace log: reads the latest commit, and adds the next.
//!
//! A commit is an object that is created only if absent, so of two writers that want a number one
//! gets it; the other builds its change again upon the winner's and takes the next number.

use crate::clock::Clock;
use crate::storage::Storage;
use bytes::Bytes;
use futures::{StreamExt, stream};
use sanderling_core::catalog::Catalog;
use sanderling_core::limits::{COMMIT_TRIES_MAX, STORE_READS_MAX};
use sanderling_core::manifest::{self, Commit, Manifest, key};
use sanderling_core::query::{self, Query};
use sanderling_core::{Error, Kind, Result};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug)]
pub struct Log {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    workspace: String,
    seen: Mutex<Seen>,
}

/// What has been read and cannot change.
#[derive(Debug)]
struct Seen {
    head: Arc<Commit>,
    /// Manifests of `head`, by the id of the object.
    manifests: HashMap<String, Arc<Manifest>>,
    /// The catalog that was asked for last, by the id of the object.
    catalog: Option<(String, Arc<Catalog>)>,
}

impl Log {
    /// `NotFound` if the workspace has no log yet: see [`Log::create`].
    pub async fn open(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, workspace: &str) -> Result<Log> {
        let head = find_head(&*storage, workspace).await?;
        let seen = Mutex::new(Seen { head: Arc::new(head), manifests: HashMap::new(), catalog: None });
        Ok(Log { storage, clock, workspace: workspace.to_owned(), seen })
    }

    /// Begins the log of `catalog`'s workspace; if somebody else has begun it, opens theirs.
    pub async fn create(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, catalog: &Catalog) -> Result<Log> {
        let workspace = catalog.workspace_id.as_str();
        let id = key::object_id(0, clock.random() as u64);
        storage.put_if_absent(&key::catalog(workspace, &id), manifest::encode(catalog).into()).await?;
        let first = Commit::first(id, clock.now_ms());
        match storage.put_if_absent(&key::commit(workspace, 0), manifest::encode(&first).into()).await {
            Err(error) if error.kind != Kind::Conflict => return Err(error),
            _ => {}
        }
        Log::open(storage, clock, workspace).await
    }

    pub fn workspace(&self) -> &str {
        &self.workspace
    }

    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// The latest commit that this process has seen; no I/O.
    pub fn seen(&self) -> Arc<Commit> {
        self.lock().head.clone()
    }

    /// The latest commit there is.
    pub async fn head(&self) -> Result<Arc<Commit>> {
        let mut head = self.seen();
        while let Some(next) = read_commit(&*self.storage, &self.workspace, head.number + 1).await? {
            head = Arc::new(next);
        }
        Ok(self.advance(head))
    }

    pub async fn catalog(&self, commit: &Commit) -> Result<Arc<Catalog>> {
        if let Some((id, catalog)) = &self.lock().catalog
            && *id == commit.catalog
        {
            return Ok(catalog.clone());
        }
        let key = key::catalog(&self.workspace, &commit.catalog);
        let catalog: Arc<Catalog> = Arc::new(manifest::decode(&self.storage.get(&key).await?, &key)?);
        self.lock().catalog = Some((commit.catalog.clone(), catalog.clone()));
        Ok(catalog)
    }

    /// The data source's manifest at `commit`: empty if it has none.
    pub async fn manifest(&self, commit: &Commit, data_source: &str) -> Result<Arc<Manifest>> {
        let Some(id) = commit.manifests.get(data_source) else { return Ok(Arc::new(Manifest::empty(data_source))) };
        if let Some(known) = self.lock().manifests.get(id) {
            return Ok(known.clone());
        }
        let key = key::manifest(&self.workspace, data_source, id);
        let read: Manifest = manifest::decode(&self.storage.get(&key).await?, &key)?;
        Ok(self.remember(id, Arc::new(read)))
    }

    /// The column chunks that the query wants, in one wave of reads.
    pub async fn feed(&self, query: &mut Query) -> Result<()> {
        let storage = &self.storage;
        let fetches = query::coalesce(query.reads());
        let mut arriving = stream::iter(fetches.into_iter().map(|fetch| async move {
            let ranges = std::slice::from_ref(&fetch.read.range);
            let bytes = storage.get_ranges(&fetch.read.key, ranges).await?.pop();
            let bytes = bytes.ok_or_else(|| Error::internal("the store answered no range"))?;
            Ok::<_, Error>((fetch, bytes))
        }))
        .buffer_unordered(STORE_READS_MAX);
        let mut arrived = Vec::new();
        while let Some(next) = arriving.next().await {
            arrived.push(next?);
        }
        drop(arriving);
        for (fetch, bytes) in arrived {
            for index in fetch.serves {
                let wanted = &query.reads()[index].range;
                let from = (wanted.start - fetch.read.range.start) as usize;
                let piece = bytes.slice(from..from + (wanted.end - wanted.start) as usize);
                query.verify(index, &piece)?;
                query.feed(index, piece);
            }
        }
        Ok(())
    }

    /// Writes a manifest for the commit after `base`; it counts once that commit names its id.
    pub async fn put_manifest(&self, base: &Commit, manifest: Manifest) -> Result<String> {
        let id = key::object_id(base.number + 1, self.clock.random() as u64);
        let key = key::manifest(&self.workspace, &manifest.data_source, &id);
        self.storage.put_if_absent(&key, manifest::encode(&manifest).into()).await?;
        self.remember(&id, Arc::new(manifest));
        Ok(id)
    }

    /// Writes a catalog for the commit after `base`; it counts once that commit names its id.
    pub async fn put_catalog(&self, base: &Commit, catalog: &Catalog) -> Result<String> {
        let id = key::object_id(base.number + 1, self.clock.random() as u64);
        let key = key::catalog(&self.workspace, &id);
        self.storage.put_if_absent(&key, manifest::encode(catalog).into()).await?;
        Ok(id)
    }

    /// Adds a commit. `build` makes it from the latest, and is called again with a later one
    /// whenever another writer was faster; it has by then written whatever its commit points to.
    /// `None`: there is nothing left to do, and the latest commit is returned.
    ///
    /// `Unavailable` leaves open whether the commit is in: the store may have taken it and lost
    /// the answer. Whoever tries again must find that out from the commit it is then given.
    pub async fn commit<Build, Built>(&self, mut build: Build) -> Result<Arc<Commit>>
    where
        Build: FnMut(Arc<Commit>) -> Built,
        Built: Future<Output = Result<Option<Commit>>>,
    {
        let mut base = self.seen();
        for _ in 0..COMMIT_TRIES_MAX {
            let Some(next) = build(base.clone()).await? else { return Ok(base) };
            assert_eq!(next.number, base.number + 1, "a commit follows the one it was built on");
            let bytes = Bytes::from(manifest::encode(&next));
            let key = key::commit(&self.workspace, next.number);
            let is_in = match self.storage.put_if_absent(&key, bytes.clone()).await {
                Ok(()) => true,
                // an earlier try may have got through with its answer lost; ids in it are random,
                // so the same bytes are ours
                Err(error) if error.kind == Kind::Conflict => self.storage.get(&key).await? == bytes,
                Err(error) => return Err(error.context("commit")),
            };
            if is_in {
                let head = self.advance(Arc::new(next));
                self.update_hint(&head, bytes).await;
                return Ok(head);
            }
            base = self.head().await?;
        }
        Err(Error::unavailable(format!("commit: lost {COMMIT_TRIES_MAX} races for the next number")))
    }

    /// The hint spares readers the walk from the beginning; without it nothing is lost.
    async fn update_hint(&self, head: &Commit, bytes: Bytes) {
        if let Err(error) = self.storage.put(&key::head(&self.workspace), bytes).await {
            tracing::warn!(number = head.number, %error, "the hint at the latest commit is not written");
        }
    }

    fn advance(&self, head: Arc<Commit>) -> Arc<Commit> {
        let mut seen = self.lock();
        if head.number > seen.head.number {
            seen.manifests.retain(|id, manifest| {
                let live = head.manifests.get(&manifest.data_source);
                // those being written for the next commit have no commit yet
                live.is_none_or(|live| id >= live)
            });
            seen.head = head;
        }
        seen.head.clone()
    }

    fn remember(&self, id: &str, manifest: Arc<Manifest>) -> Arc<Manifest> {
        self.lock().manifests.entry(id.to_owned()).or_insert(manifest).clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no panic while it is held")
    }
}

/// From the hint forward; without a hint, from the names in the log.
async fn find_head(storage: &dyn Storage, workspace: &str) -> Result<Commit> {
    let hint = match storage.get(&key::head(workspace)).await {
        Ok(bytes) => manifest::decode::<Commit>(&bytes, "log/head").ok(),
        Err(error) if error.kind == Kind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut head = match hint {
        Some(hint) => hint,
        None => {
            let names = storage.list(&format!("{workspace}/log/")).await?;
            let numbers = names.iter().filter_map(|name| name.rsplit('/').next()?.parse::<u64>().ok());
            let last = numbers.max().ok_or_else(|| Error::not_found(format!("workspace {workspace}: not found")))?;
            read_commit(storage, workspace, last)
                .await?
                .ok_or_else(|| Error::unavailable(format!("workspace {workspace}: commit {last} is gone")))?
        }
    };
    while let Some(next) = read_commit(storage, workspace, head.number + 1).await? {
        head = next;
    }
    Ok(head)
}

async fn read_commit(storage: &dyn Storage, workspace: &str, number: u64) -> Result<Option<Commit>> {
    let key = key::commit(workspace, number);
    match storage.get(&key).await {
        Ok(bytes) => {
            let commit: Commit = manifest::decode(&bytes, &key)?;
            if commit.number != number {
                return Err(Error::corrupt(format!("{key}: says it is number {}", commit.number)));
            }
            Ok(Some(commit))
        }
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
