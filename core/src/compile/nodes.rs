//! Each node's SQL is bound once, after the nodes that it reads, and what it writes is held against its target.

use super::references::Reads;
use super::{Draft, Project};
use crate::batch::Schema;
use crate::catalog::{Catalog, DataSource, NodeKind, Pipe, Schedule};
use crate::diagnostic::{Diagnostic, nearest};
use crate::function::{self, Context};
use crate::limits::PIPE_DEPTH_MAX;
use crate::plan::{self, Environment, Expr, TableSource, Tables, Text, Visible};
use crate::template::{Params, Secrets};
use crate::value::DataType;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the nodes that are bound already give: the others need not bind them again.
#[derive(Default)]
struct Known(BTreeMap<String, Vec<Option<Schema>>>);

impl Tables for Known {
    fn table(&self, data_source: &Arc<DataSource>, row_filter: Vec<Expr>) -> Arc<dyn TableSource> {
        plan::Schemas.table(data_source, row_filter)
    }

    fn node(&self, pipe: &Pipe, node: usize) -> Option<&Schema> {
        self.0.get(&pipe.name)?.get(node)?.as_ref()
    }
}

impl Known {
    fn insert(&mut self, pipe: &str, node: usize, schema: Schema) {
        let nodes = self.0.entry(pipe.to_owned()).or_default();
        nodes.resize(nodes.len().max(node + 1), None);
        nodes[node] = Some(schema);
    }
}

impl Project<'_> {
    pub(super) fn check_nodes(&mut self, reads: &Reads) {
        let mut known = Known::default();
        let mut failed = vec![false; self.nodes.len()];
        let mut depths = vec![1; self.nodes.len()];
        let mut found = Vec::new();
        for position in order(&reads.nodes) {
            let draft = &self.nodes[position];
            let below = &reads.nodes[position];
            depths[position] += below.iter().map(|node| depths[*node]).max().unwrap_or(0);
            if depths[position] == PIPE_DEPTH_MAX + 1 {
                let message = format!("{:?} reads nodes and pipes more than {PIPE_DEPTH_MAX} deep", draft.name);
                found.push(Diagnostic::error("P0108", &draft.file, draft.name_span.clone(), message));
            }
            let is_unsound = draft.rendered.is_none() || reads.unsound.contains(&position);
            // a mistake in a node is told of there, not in every node that reads it
            if is_unsound || depths[position] > PIPE_DEPTH_MAX || below.iter().any(|node| failed[*node]) {
                failed[position] = true;
                continue;
            }
            let pipe = self.catalog.pipes[&draft.pipe].clone();
            match bind(&self.catalog, &pipe, draft.index, &known) {
                Ok(schema) => {
                    found.extend(self.make(position, &schema));
                    let draft = &self.nodes[position];
                    found.extend(check_target(&self.catalog, &pipe, draft, &schema));
                    known.insert(&draft.pipe, draft.index, schema);
                }
                Err(diagnostic) => {
                    failed[position] = true;
                    found.push(diagnostic);
                }
            }
        }
        self.diagnostics.extend(found);
        self.check_kinds();
        self.check_flows(reads);
    }

    /// The data source that a materialized node makes has the node's columns.
    fn make(&mut self, position: usize, schema: &Schema) -> Vec<Diagnostic> {
        let draft = &self.nodes[position];
        let pipe = self.catalog.pipes[&draft.pipe].clone();
        let NodeKind::Materialized { target, .. } = &pipe.nodes[draft.index].kind else { return Vec::new() };
        let (Some(node), Some((maker, id))) = (draft.engine.clone(), self.made.get(target)) else { return Vec::new() };
        if *maker != position {
            return Vec::new();
        }
        let columns = schema.0.iter().map(|(name, data_type)| crate::catalog::Column {
            name: name.clone(),
            data_type: data_type.clone(),
            json_path: None,
            default: None,
        });
        let data_source = DataSource {
            id: id.clone(),
            name: target.clone(),
            columns: columns.collect(),
            engine: node.engine.clone(),
            file: draft.file.clone(),
            ..DataSource::default()
        };
        let file = draft.file.clone();
        let before = self.diagnostics.len();
        for (option, column) in &node.columns {
            if schema.position(&column.value).is_none() {
                let message = format!("ENGINE_{option} names {:?}, which is no column of the node", column.value);
                self.diagnostics.push(Diagnostic::error("D0303", &file, column.span.clone(), message));
            }
        }
        self.check_keys(&file, &node, schema);
        self.catalog.data_sources.insert(target.clone(), Arc::new(data_source));
        self.diagnostics.split_off(before)
    }

    /// What a node writes to exists; what is not run yet says so.
    fn check_kinds(&mut self) {
        let mut found = Vec::new();
        for draft in &self.nodes {
            let (what, target) = match &self.catalog.pipes[&draft.pipe].nodes[draft.index].kind {
                NodeKind::Standard | NodeKind::Endpoint => continue,
                NodeKind::Materialized { target, .. } => (None, Some(target)),
                NodeKind::Copy { target, .. } => (Some("copy"), Some(target)),
                NodeKind::Sink(_) => (Some("sink"), None),
            };
            found.extend(self.check_runs_alone(draft));
            if let Some(what) = what {
                let message = format!("{what} nodes are read, but not run yet: {:?} writes nothing", draft.name);
                found.push(Diagnostic::warning("D0107", &draft.file, draft.kind_span.clone(), message));
            }
            let known = &self.catalog.data_sources;
            let is_known = |target: &str| self.catalog.data_source(target).is_some() || self.made.contains_key(target);
            if let Some(target) = target.filter(|target| !target.is_empty() && !is_known(target)) {
                let message = format!("{:?} writes to {target:?}, which is no data source of the project", draft.name);
                let hint =
                    nearest(target, known.keys().map(String::as_str)).map(|near| format!("did you mean {near:?}?"));
                let diagnostic = Diagnostic::error("P0107", &draft.file, draft.target_span.clone(), message);
                found.push(Diagnostic { hint, ..diagnostic });
            }
        }
        self.diagnostics.extend(found);
    }

    /// Nobody gives parameters to a node that runs when rows come, or when its schedule says so.
    fn check_runs_alone(&self, draft: &Draft) -> Option<Diagnostic> {
        let node = &self.catalog.pipes[&draft.pipe].nodes[draft.index];
        let is_scheduled = match &node.kind {
            NodeKind::Copy { schedule, .. } => *schedule != Schedule::OnDemand,
            NodeKind::Sink(sink) => sink.schedule != Schedule::OnDemand,
            NodeKind::Materialized { .. } => {
                let param = node.template.params().into_iter().next()?;
                let message =
                    format!("a materialized node has no parameters, and {:?} reads {:?}", draft.name, param.name);
                return Some(Diagnostic::error("P0116", &draft.file, draft.kind_span.clone(), message));
            }
            NodeKind::Standard | NodeKind::Endpoint => false,
        };
        if !is_scheduled || draft.rendered.is_none() {
            return None;
        }
        let mut params = Params::default();
        params.0.insert("job_timestamp".to_owned(), vec!["2024-01-01 00:00:00".to_owned()]);
        let names = self.secrets.iter().filter(|(file, _)| *file == draft.file).map(|(_, secret)| secret.name.clone());
        let secrets = Secrets(names.map(|name| (name, String::new())).collect());
        let failure = node.template.render_with(&params, &secrets).err()?;
        let place = failure.span.unwrap_or(draft.kind_span.clone());
        let message = format!("{:?} cannot run by its schedule: {}", draft.name, failure.message);
        Some(Diagnostic::error("P0116", &draft.file, place, message).with_hint("give the parameter a default"))
    }

    /// Rows that a materialized node writes must not come back to it.
    fn check_flows(&mut self, reads: &Reads) {
        let mut sources: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); self.nodes.len()];
        for position in order(&reads.nodes) {
            let mut all: BTreeSet<&str> = reads.sources[position].iter().map(String::as_str).collect();
            reads.nodes[position].iter().for_each(|below| all.extend(&sources[*below]));
            sources[position] = all;
        }
        // data source → what is written to as rows come into it, and by which node
        let mut flows: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
        for (position, draft) in self.nodes.iter().enumerate() {
            if let NodeKind::Materialized { target, .. } = &self.catalog.pipes[&draft.pipe].nodes[draft.index].kind {
                for source in &sources[position] {
                    flows.entry(source).or_default().push((target, position));
                }
            }
        }
        let mut found = Vec::new();
        for (start, targets) in &flows {
            let mut open: Vec<(&str, usize)> = targets.clone();
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            while let Some((target, position)) = open.pop() {
                if target == *start {
                    let draft = &self.nodes[position];
                    let message =
                        format!("{:?} writes to {target:?}, whose rows it gets: they would never end", draft.name);
                    found.push(Diagnostic::error("P0102", &draft.file, draft.target_span.clone(), message));
                    break;
                }
                if seen.insert(target) {
                    open.extend(flows.get(target).into_iter().flatten());
                }
            }
        }
        self.diagnostics.extend(found);
    }
}

/// Positions, each after those that it reads; those in a circle, and what reads them, are left out.
fn order(reads: &[Vec<usize>]) -> Vec<usize> {
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); reads.len()];
    let mut waits: Vec<usize> = reads.iter().map(Vec::len).collect();
    for (reader, read) in reads.iter().enumerate() {
        read.iter().for_each(|position| readers[*position].push(reader));
    }
    let mut out: Vec<usize> = (0..reads.len()).filter(|position| waits[*position] == 0).collect();
    let mut next = 0;
    while let Some(position) = out.get(next).copied() {
        next += 1;
        for reader in &readers[position] {
            waits[*reader] -= 1;
            if waits[*reader] == 0 {
                out.push(*reader);
            }
        }
    }
    out
}

/// The columns of a node, bound with placeholder parameters.
fn bind(catalog: &Catalog, pipe: &Arc<Pipe>, node: usize, known: &Known) -> Result<Schema, Diagnostic> {
    let (visible, params) = (Visible::everything(), Params::default());
    let context = Context { now_ns: 0 };
    let environment =
        Environment { catalog, visible: &visible, params: &params, context, settings: &[], tables: known };
    let bound = plan::bind(&environment, Text::Node(pipe, node));
    bound.map(|bound| bound.schema).map_err(|trouble| trouble.into_diagnostic(&pipe.file))
}

/// Columns of the node are columns of its target, of types that can be made of each other.
fn check_target(catalog: &Catalog, pipe: &Pipe, draft: &Draft, schema: &Schema) -> Vec<Diagnostic> {
    let target = match &pipe.nodes[draft.index].kind {
        NodeKind::Materialized { target, .. } | NodeKind::Copy { target, .. } => target,
        _ => return Vec::new(),
    };
    let Some(target) = catalog.data_source(target) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, data_type) in &schema.0 {
        let place = draft.target_span.clone();
        let Some(column) = target.columns.iter().find(|column| column.name == *name) else {
            let near = nearest(name, target.columns.iter().map(|column| column.name.as_str()));
            let message = format!("{:?} gives a column {name:?}, which {:?} lacks", draft.name, target.name);
            let diagnostic = Diagnostic::error("P0112", &draft.file, place, message);
            found.push(Diagnostic { hint: near.map(|near| format!("did you mean {near:?}?")), ..diagnostic });
            continue;
        };
        let wanted = &column.data_type;
        match fit(data_type, wanted) {
            Fit::Same => {}
            Fit::Converted(why) => {
                let message = format!(
                    "column {name:?} of {:?} is {wanted}, and {:?} gives {data_type}: {why}",
                    target.name, draft.name
                );
                found.push(Diagnostic::warning("P0112", &draft.file, place, message));
            }
            Fit::Never => {
                let message =
                    format!("column {name:?} of {:?} is {wanted}, but {:?} gives {data_type}", target.name, draft.name);
                found.push(Diagnostic::error("P0112", &draft.file, place, message));
            }
        }
    }
    found
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fit {
    Same,
    /// It may fail for some values.
    Converted(&'static str),
    Never,
}

fn fit(from: &DataType, to: &DataType) -> Fit {
    if from.is_nullable() && !to.is_nullable() && *from != DataType::Nothing {
        return match fit(from.bare(), to) {
            Fit::Same => Fit::Converted("rows with NULL do not fit"),
            other => other,
        };
    }
    match (from.bare(), to.bare()) {
        (DataType::Nothing, _) => Fit::Same,
        (DataType::AggregateFunction(from), DataType::AggregateFunction(to)) => {
            if function::are_same_states(from, to) {
                Fit::Same
            } else {
                Fit::Never
            }
        }
        (DataType::AggregateFunction(_), _) | (_, DataType::AggregateFunction(_)) => Fit::Never,
        (DataType::Array(from), DataType::Array(to)) => fit(from, to),
        (DataType::Map(from_key, from), DataType::Map(to_key, to)) => worse(fit(from_key, to_key), fit(from, to)),
        (DataType::Tuple(from), DataType::Tuple(to)) if from.len() == to.len() => {
            from.iter().zip(to).fold(Fit::Same, |fits, ((_, from), (_, to))| worse(fits, fit(from, to)))
        }
        (from, to) if is_nested(from) || is_nested(to) => {
            if from == to {
                Fit::Same
            } else {
                Fit::Never
            }
        }
        (from, to) if from == to || class(from) == class(to) => Fit::Same,
        _ => Fit::Converted("each value is converted, and some may not fit"),
    }
}

fn worse(left: Fit, right: Fit) -> Fit {
    if left == Fit::Never || right == Fit::Same { left } else { right }
}

fn is_nested(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Array(_) | DataType::Tuple(_) | DataType::Map(..))
}

/// Types whose values are made of each other without a thought.
fn class(data_type: &DataType) -> u8 {
    match data_type {
        _ if data_type.is_numeric() => 0,
        _ if data_type.is_date_or_time() => 1,
        _ if data_type.is_string() => 2,
        DataType::Enum8(_) | DataType::Enum16(_) => 2,
        DataType::Uuid => 3,
        DataType::IPv4 | DataType::IPv6 => 4,
        _ => 5,
    }
}
