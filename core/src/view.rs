//! Materialized views: as rows come into one data source, a node's SQL makes rows of another of them.
//!
//! A view is run over each block of new rows, never over rows that were there before, so what it aggregates is partial:
//! the target's engine, or the query that reads it, puts the parts together.

use crate::catalog::{Catalog, DataSource, NodeKind, Pipe};
use crate::error::{Error, Result};
use crate::plan::Visible;
use crate::query::{Options, Query, Source};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct View {
    pub pipe: Arc<Pipe>,
    pub node: usize,
    /// The data source that its SQL reads first: rows that come in there are what it is run over.
    pub source: Arc<DataSource>,
    pub target: Arc<DataSource>,
}

/// What one run of a view may use.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    pub now_ns: i64,
    pub read_bytes_max: u64,
    pub memory_bytes_max: usize,
}

impl Budget {
    /// A run that only learns what the view reads.
    const NONE: Budget = Budget { now_ns: 0, read_bytes_max: 0, memory_bytes_max: usize::MAX };
}

/// The views of a workspace, in order: one that reads what another writes comes after it. And why the others
/// cannot be run, of which a deployment should have left none.
pub fn all(catalog: &Catalog) -> (Vec<View>, Vec<Error>) {
    let (mut views, mut errors) = (Vec::new(), Vec::new());
    for pipe in catalog.pipes.values() {
        for (node, _) in pipe.nodes.iter().enumerate().filter(|(_, node)| is_view(&node.kind)) {
            match View::new(catalog, pipe, node) {
                Ok(view) => views.push(view),
                Err(error) => errors.push(error),
            }
        }
    }
    (in_order(views), errors)
}

fn is_view(kind: &NodeKind) -> bool {
    matches!(kind, NodeKind::Materialized { .. })
}

/// A deployment refuses circles; what is in one is left out here.
fn in_order(views: Vec<View>) -> Vec<View> {
    // target id → how many views that write to it are not in the list yet
    let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
    for view in &views {
        *waiting.entry(view.target.id.clone()).or_default() += 1;
    }
    let (mut out, mut rest): (Vec<View>, Vec<View>) = (Vec::new(), views);
    loop {
        let is_ready = |view: &View| waiting.get(&view.source.id).is_none_or(|count| *count == 0);
        let (ready, others): (Vec<View>, Vec<View>) = rest.into_iter().partition(is_ready);
        if ready.is_empty() {
            return out;
        }
        for view in &ready {
            if let Some(count) = waiting.get_mut(&view.target.id) {
                *count -= 1;
            }
        }
        out.extend(ready);
        rest = others;
    }
}

impl View {
    fn new(catalog: &Catalog, pipe: &Arc<Pipe>, node: usize) -> Result<View> {
        let place = format!("{}.{}", pipe.name, pipe.nodes[node].name);
        let NodeKind::Materialized { target, .. } = &pipe.nodes[node].kind else {
            return Err(Error::internal(format!("{place} is no materialized node")));
        };
        let missing = || Error::invalid(format!("{place} writes to {target:?}, which does not exist"));
        let target = catalog.data_source(target).ok_or_else(missing)?.clone();
        let query = query(catalog, pipe, node, &target, Budget::NONE)?;
        let nothing = || Error::invalid(format!("{place} reads no data source, so no row ever comes in"));
        let source = query.data_sources().first().ok_or_else(nothing)?.clone();
        Ok(View { pipe: pipe.clone(), node, source, target })
    }

    pub fn name(&self) -> String {
        format!("{}.{}", self.pipe.name, self.pipe.nodes[self.node].name)
    }

    /// To be run over [`crate::query::Snapshot::block`]; answers rows as the target keeps them.
    pub fn query(&self, catalog: &Catalog, budget: Budget) -> Result<Query> {
        query(catalog, &self.pipe, self.node, &self.target, budget)
    }
}

fn query(catalog: &Catalog, pipe: &Arc<Pipe>, node: usize, target: &Arc<DataSource>, budget: Budget) -> Result<Query> {
    let options = Options {
        now_ns: budget.now_ns,
        visible: Visible::everything(),
        read_bytes_max: budget.read_bytes_max,
        memory_bytes_max: budget.memory_bytes_max,
        settings: Vec::new(),
    };
    Query::new(catalog, Source::View { pipe: pipe.clone(), node, target: target.clone() }, options)
}

#[cfg(test)]
mod tests;
