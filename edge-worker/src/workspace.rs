//! What this isolate knows of the workspace: its latest commit, and the objects that it points to.
//!
//! Commits are numbered without gaps, so the absence of the next number says that a known commit is
//! the latest: one read, and none at all while the commit is young. Catalogs and manifests are
//! immutable and are kept by id.
//!
//! State is plain data. A promise belongs to the request that made it, so requests that run beside
//! each other may read the same object twice rather than wait for one another.

use crate::bindings::{Bindings, now_ms};
use futures::future::{try_join, try_join_all};
use sanderling_core::catalog::Catalog;
use sanderling_core::manifest::{self, Commit, Manifest, key};
use sanderling_core::query::Snapshot;
use sanderling_core::{Error, Result};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A commit that was not asked about for so long may have been followed by ones that a host has
/// since swept away, so the number after it proves nothing.
const TRUSTED_MS_MAX: u64 = 60_000;

/// A workspace at one version.
#[derive(Clone)]
pub(crate) struct Workspace {
    pub commit: Arc<Commit>,
    pub catalog: Arc<Catalog>,
}

#[derive(Default)]
struct Known {
    commit: Option<(Arc<Commit>, u64)>,
    catalog: Option<(String, Arc<Catalog>)>,
    /// Manifest id → manifest, of the latest commit only.
    manifests: HashMap<String, Arc<Manifest>>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The workspace as it is, or was at most `commit_age_ms_max` ago.
pub(crate) async fn latest(bindings: &Bindings) -> Result<Workspace> {
    let known = KNOWN.with_borrow(|known| known.commit.clone());
    let now = now_ms();
    let age_ms = known.as_ref().map(|(_, checked_ms)| now.saturating_sub(*checked_ms));
    let commit = match (known, age_ms) {
        // that it was asked for makes it no younger
        (Some((commit, _)), Some(age_ms)) if age_ms < bindings.commit_age_ms_max => {
            let catalog = catalog(bindings, &commit).await?;
            return Ok(Workspace { commit, catalog });
        }
        (Some((commit, _)), Some(age_ms)) if age_ms < TRUSTED_MS_MAX => {
            let next = probe(bindings, commit.number + 1).await?;
            match next {
                None => commit,
                Some(next) => forward(bindings, next).await?,
            }
        }
        _ => {
            let head = head(bindings).await?;
            // The hint rarely lags, so its catalog is rarely fetched in vain.
            let (next, _) = try_join(probe(bindings, head.number + 1), catalog(bindings, &head)).await?;
            match next {
                None => head,
                Some(next) => forward(bindings, next).await?,
            }
        }
    };
    let catalog = catalog(bindings, &commit).await?;
    KNOWN.with_borrow_mut(|known| known.adopt(&commit, now));
    Ok(Workspace { commit, catalog })
}

impl Known {
    fn adopt(&mut self, commit: &Arc<Commit>, checked_ms: u64) {
        if self.commit.as_ref().is_some_and(|(known, _)| known.number > commit.number) {
            return; // A request beside this one saw more.
        }
        if self.commit.as_ref().is_none_or(|(known, _)| known.number < commit.number) {
            let live = |id: &String| commit.manifests.values().any(|live| live == id);
            self.manifests.retain(|id, _| live(id));
        }
        self.commit = Some((commit.clone(), checked_ms));
    }
}

/// The manifests of these data sources, at the workspace's version.
pub(crate) async fn snapshot<'a>(
    bindings: &Bindings,
    workspace: &Workspace,
    data_sources: impl Iterator<Item = &'a str>,
) -> Result<Snapshot> {
    let wanted = data_sources.filter_map(|source| Some((source, workspace.commit.manifests.get(source)?)));
    let manifests = try_join_all(wanted.map(|(source, id)| async move {
        Result::<_, Error>::Ok((source.to_owned(), manifest(bindings, source, id).await?))
    }));
    let manifests: BTreeMap<_, _> = manifests.await?.into_iter().collect();
    Ok(Snapshot { version: workspace.commit.number, manifests, ..Snapshot::default() })
}

/// A commit near the latest: the hint, or the first one if nobody wrote a hint yet.
async fn head(bindings: &Bindings) -> Result<Arc<Commit>> {
    let name = key::head(&bindings.workspace);
    if let Some(bytes) = bindings.read(&name, None).await? {
        return Ok(Arc::new(manifest::decode(&bytes, &name)?));
    }
    let first = probe(bindings, 0).await?;
    let missing = || Error::unavailable(format!("the bucket has no workspace {:?} yet", bindings.workspace));
    first.ok_or_else(missing)
}

async fn probe(bindings: &Bindings, number: u64) -> Result<Option<Arc<Commit>>> {
    let name = key::commit(&bindings.workspace, number);
    let bytes = bindings.read(&name, None).await?;
    bytes.map(|bytes| Ok(Arc::new(manifest::decode(&bytes, &name)?))).transpose()
}

/// The latest commit, seen from one that is not far behind; the hint helps over many.
async fn forward(bindings: &Bindings, from: Arc<Commit>) -> Result<Arc<Commit>> {
    let (next, hint) = try_join(probe(bindings, from.number + 1), head(bindings)).await?;
    let Some(next) = next else { return Ok(from) };
    let mut latest = if hint.number > next.number { hint } else { next };
    while let Some(next) = probe(bindings, latest.number + 1).await? {
        latest = next;
    }
    Ok(latest)
}

async fn catalog(bindings: &Bindings, commit: &Commit) -> Result<Arc<Catalog>> {
    let known = KNOWN.with_borrow(|known| known.catalog.clone());
    if let Some((_, catalog)) = known.filter(|(id, _)| *id == commit.catalog) {
        return Ok(catalog);
    }
    let name = key::catalog(&bindings.workspace, &commit.catalog);
    let bytes = bindings.read(&name, None).await?.ok_or_else(|| absent(&name))?;
    let catalog: Arc<Catalog> = Arc::new(manifest::decode(&bytes, &name)?);
    KNOWN.with_borrow_mut(|known| known.catalog = Some((commit.catalog.clone(), catalog.clone())));
    Ok(catalog)
}

async fn manifest(bindings: &Bindings, data_source: &str, id: &str) -> Result<Arc<Manifest>> {
    if let Some(manifest) = KNOWN.with_borrow(|known| known.manifests.get(id).cloned()) {
        return Ok(manifest);
    }
    let name = key::manifest(&bindings.workspace, data_source, id);
    let bytes = bindings.read(&name, None).await?.ok_or_else(|| absent(&name))?;
    let manifest: Arc<Manifest> = Arc::new(manifest::decode(&bytes, &name)?);
    KNOWN.with_borrow_mut(|known| known.manifests.insert(id.to_owned(), manifest.clone()));
    Ok(manifest)
}

/// A commit points to what was written before it, so only a sweep can have removed it since.
fn absent(name: &str) -> Error {
    Error::unavailable(format!("{name} is not in the bucket any more; ask again"))
}
