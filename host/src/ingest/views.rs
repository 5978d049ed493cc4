//! Rows that materialized views make of new rows.
//!
//! They are made when they are wanted: by a flush, which brings them in with the commit that brings in the rows they
//! come from, and by a query of a view's target, for the rows that no commit has yet.

use super::Shared;
use crate::log::Log;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use sanderling_core::catalog::{Catalog, DataSource};
use sanderling_core::limits::{VIEW_FAILURES_MAX, VIEW_MEMORY_BYTES_MAX, VIEW_READ_BYTES_MAX};
use sanderling_core::manifest::Commit;
use sanderling_core::query::{Query, Snapshot};
use sanderling_core::view::{self, Budget, View};
use sanderling_core::{Error, Kind, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Data source id → rows.
pub(crate) type Rows = BTreeMap<String, Vec<RecordBatch>>;

/// The views of one catalog.
pub(crate) struct Views {
    /// The catalog's object.
    pub(super) catalog_id: String,
    pub(super) catalog: Arc<Catalog>,
    views: Vec<View>,
}

impl Views {
    pub(super) async fn of(log: &Log, commit: &Commit) -> Result<Views> {
        Views::new(&commit.catalog, log.catalog(commit).await?).await
    }

    pub(crate) async fn new(catalog_id: &str, catalog: Arc<Catalog>) -> Result<Views> {
        let known = catalog.clone();
        let found = tokio::task::spawn_blocking(move || view::all(&known)).await;
        let (views, errors) = found.map_err(|error| Error::internal(format!("views: {error}")))?;
        for error in errors {
            tracing::error!(%error, "a materialized view cannot be run");
        }
        Ok(Views { catalog_id: catalog_id.to_owned(), catalog, views })
    }

    /// In order: a view that reads what another writes comes after it.
    pub(crate) fn all(&self) -> &[View] {
        &self.views
    }

    pub(crate) fn target(&self, id: &str) -> Option<&Arc<DataSource>> {
        self.views.iter().map(|view| &view.target).find(|target| target.id == id)
    }

    /// The data sources whose new rows end up in one of these, and these.
    pub(super) fn upstream(&self, ids: &[&str]) -> BTreeSet<String> {
        let mut wanted: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        for view in self.views.iter().rev() {
            if wanted.contains(&view.target.id) {
                wanted.insert(view.source.id.clone());
            }
        }
        wanted
    }
}

/// Runs the views whose targets are wanted (all, if `None`) over new rows, and over what comes of them: the rows that
/// they make, by target. Only a store that cannot be read is an error.
pub(super) async fn derive(
    shared: &Shared,
    views: &Views,
    commit: &Commit,
    new: &Rows,
    wanted: Option<&BTreeSet<String>>,
) -> Result<Rows> {
    let mut made = Rows::new();
    for view in &views.views {
        if wanted.is_some_and(|wanted| !wanted.contains(&view.target.id)) {
            continue;
        }
        let given = new.get(&view.source.id).into_iter().chain(made.get(&view.source.id)).flatten();
        let block: Vec<RecordBatch> = given.filter(|batch| batch.num_rows() > 0).cloned().collect();
        if block.is_empty() {
            continue;
        }
        let rows = run(shared, views, view, commit, block).await?;
        made.entry(view.target.id.clone()).or_default().extend(rows);
    }
    Ok(made)
}

/// The rows that a view makes of a block. Rows on which it fails are looked for and left out, and the log says so: what
/// has been acknowledged must not be held up by a view.
pub(super) async fn run(
    shared: &Shared,
    views: &Views,
    view: &View,
    commit: &Commit,
    block: Vec<RecordBatch>,
) -> Result<Vec<RecordBatch>> {
    let mut made = Vec::new();
    let mut failures = 0;
    let mut open = vec![block];
    while let Some(block) = open.pop() {
        match run_once(shared, views, view, commit, &block).await {
            Ok(rows) => made.extend(rows),
            Err(error) if error.kind == Kind::Unavailable => return Err(error.context(view.name())),
            Err(error) => {
                failures += 1;
                if failures > VIEW_FAILURES_MAX {
                    tracing::error!(view = view.name(), %error, "a view fails on many rows of a block: the others are left out");
                    break;
                }
                match halves(&block) {
                    Some([first, second]) => open.extend([second, first]),
                    None => tracing::error!(view = view.name(), %error, "a view fails on a row, which is left out"),
                }
            }
        }
    }
    Ok(made)
}

async fn run_once(
    shared: &Shared,
    views: &Views,
    view: &View,
    commit: &Commit,
    block: &[RecordBatch],
) -> Result<Vec<RecordBatch>> {
    let budget = Budget {
        now_ns: shared.clock.now_ns(),
        read_bytes_max: VIEW_READ_BYTES_MAX,
        memory_bytes_max: VIEW_MEMORY_BYTES_MAX,
    };
    let mut query: Query = view.query(&views.catalog, budget)?;
    let lookups = query.lookups();
    let ids: Vec<&str> = lookups.iter().map(|lookup| lookup.id.as_str()).collect();
    let mut snapshot = Snapshot { block: block.to_vec(), ..Snapshot::default() };
    if !ids.is_empty() {
        snapshot.tail = shared.tail(&ids).1.rows.tail;
        for id in ids {
            snapshot.manifests.insert(id.to_owned(), shared.log.manifest(commit, id).await?);
        }
    }
    query.prune(&snapshot)?;
    shared.log.feed(&mut query).await?;
    let ran = tokio::task::spawn_blocking(move || query.run()).await;
    let answer = ran.unwrap_or_else(|_| Err(Error::internal("the view failed; the log says where")))?;
    Ok(answer.rows.batches)
}

/// Two blocks of half the rows each; none, if there is but one row.
fn halves(block: &[RecordBatch]) -> Option<[Vec<RecordBatch>; 2]> {
    let first = block.first()?;
    // rows from before and after a column was added lie apart
    let (same, other): (Vec<RecordBatch>, Vec<RecordBatch>) =
        block.iter().cloned().partition(|batch| batch.schema() == first.schema());
    if !other.is_empty() {
        return Some([same, other]);
    }
    let rows = concat_batches(&first.schema(), &same).ok()?;
    let half = rows.num_rows() / 2;
    (half > 0).then(|| [vec![rows.slice(0, half)], vec![rows.slice(half, rows.num_rows() - half)]])
}
