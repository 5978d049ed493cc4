//! A project's datafiles → the workspace's next catalog, or everything that is wrong with them.
//!
//! ```text
//! files ─ parse ─▶ trees ─ names ─ data sources ─ pipes ─ references ─ circles ─ SQL ─▶ catalog
//! ```
//!
//! Every step goes on after a mistake, so that one deployment shows all of them.

mod references;

use crate::catalog::{Catalog, DataSource, Node, NodeKind, Pipe, Scope, StaticToken};
use crate::datafile::{self, Permission, Token};
use crate::diagnostic::{Diagnostic, nearest};
use crate::function::Context;
use crate::limits::PIPE_DEPTH_MAX;
use crate::plan::{self, Environment, Text, Visible};
use crate::sql;
use crate::template::{Params, Rendered, TABLE_PLACEHOLDER, Template};
use references::Lines;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// A file as the client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFile {
    /// Inside the project: `endpoints/top_pages.pipe`.
    pub path: String,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Compiled {
    pub catalog: Catalog,
    pub warnings: Vec<Diagnostic>,
    /// What `TOKEN` lines ask for; `catalog.tokens` has it already. A token that is new there has
    /// a digest of zeros until whoever keeps token texts makes its text.
    pub token_grants: Vec<TokenGrant>,
    pub changes: Changes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenGrant {
    pub token: String,
    pub scope: Scope,
}

/// Names of what a deployment changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub data_sources: Change,
    pub pipes: Change,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub new: Vec<String>,
    pub changed: Vec<String>,
    pub deleted: Vec<String>,
}

/// Ids stay with their names; `random` makes those of new resources.
pub fn compile(
    files: &[ProjectFile],
    previous: &Catalog,
    random: &mut dyn FnMut() -> u128,
) -> Result<Compiled, Vec<Diagnostic>> {
    let mut project = Project {
        catalog: Catalog {
            data_sources: BTreeMap::new(),
            pipes: BTreeMap::new(),
            tokens: previous.tokens.clone(),
            ..Catalog::empty(&previous.workspace_id, &previous.workspace_name)
        },
        diagnostics: Vec::new(),
        grants: Vec::new(),
        nodes: Vec::new(),
    };
    let mut id = |known: Option<&str>| known.map_or_else(|| format!("t_{:032x}", random()), str::to_owned);
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for file in files {
        let Some((name, extension)) = project.name(file) else { continue };
        if let Some(first) = seen.insert(name, &file.path) {
            let message = format!("{name:?} is already the name of {first}");
            project.diagnostics.push(Diagnostic::error("P0101", &file.path, 0..1, message));
            continue;
        }
        match extension {
            "datasource" => {
                let known = previous.data_sources.get(name).map(|source| source.id.as_str());
                project.data_source(file, name, id(known));
            }
            _ => {
                let known = previous.pipes.get(name).map(|pipe| pipe.id.as_str());
                project.pipe(file, name, id(known));
            }
        }
    }
    project.check_names();
    let reads = project.check_references();
    project.check_circles(&reads);
    project.check_nodes();
    let (errors, warnings): (Vec<_>, Vec<_>) = project.diagnostics.into_iter().partition(Diagnostic::is_error);
    if !errors.is_empty() {
        let mut all = errors;
        all.extend(warnings);
        return Err(all);
    }
    let changes = Changes {
        data_sources: change(&previous.data_sources, &project.catalog.data_sources, |old, new| old.text != new.text),
        pipes: change(&previous.pipes, &project.catalog.pipes, |old, new| old.text != new.text),
    };
    forget(&mut project.catalog.tokens, &changes);
    grant(&mut project.catalog.tokens, &project.grants, random);
    Ok(Compiled { catalog: project.catalog, warnings, token_grants: project.grants, changes })
}

/// What is deleted is no longer allowed either: a later resource of that name is another one.
fn forget(tokens: &mut [StaticToken], changes: &Changes) {
    for token in tokens {
        token.scopes.retain(|scope| match scope {
            Scope::DataSourceRead { name, .. } | Scope::DataSourceAppend { name } => {
                !changes.data_sources.deleted.contains(name)
            }
            Scope::PipeRead { name, .. } => !changes.pipes.deleted.contains(name),
            _ => true,
        });
    }
}

/// Adds the scopes of `TOKEN` lines to the tokens of those names, and the tokens that are missing.
fn grant(tokens: &mut Vec<StaticToken>, grants: &[TokenGrant], random: &mut dyn FnMut() -> u128) {
    for grant in grants {
        let position = tokens.iter().position(|token| token.name == grant.token).unwrap_or_else(|| {
            let id = format!("{:032x}", random());
            let id = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
            tokens.push(StaticToken { id, name: grant.token.clone(), digest: [0; 32], scopes: Vec::new() });
            tokens.len() - 1
        });
        let scopes = &mut tokens[position].scopes;
        if !scopes.contains(&grant.scope) {
            scopes.push(grant.scope.clone());
        }
    }
}

fn change<T>(old: &BTreeMap<String, Arc<T>>, new: &BTreeMap<String, Arc<T>>, differs: fn(&T, &T) -> bool) -> Change {
    let mut out = Change::default();
    for (name, resource) in new {
        match old.get(name) {
            None => out.new.push(name.clone()),
            Some(known) if differs(known, resource) => out.changed.push(name.clone()),
            Some(_) => {}
        }
    }
    out.deleted = old.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
    out
}

struct Project {
    catalog: Catalog,
    diagnostics: Vec<Diagnostic>,
    grants: Vec<TokenGrant>,
    nodes: Vec<Draft>,
}

/// A node between its tree and its check.
struct Draft {
    pipe: String,
    file: String,
    /// Position in the pipe.
    index: usize,
    name: String,
    name_span: Range<usize>,
    kind_span: Range<usize>,
    /// If the template renders with placeholders.
    rendered: Option<Rendered>,
}

/// A pipe → the pipes that it reads, each with the file and place of the first mention.
type Reads = BTreeMap<String, Vec<(String, String, Range<usize>)>>;

impl Project {
    /// Name and extension of a resource; other files get a message.
    fn name<'f>(&mut self, file: &'f ProjectFile) -> Option<(&'f str, &'f str)> {
        let base = file.path.rsplit(['/', '\\']).next().unwrap_or(&file.path);
        let (name, extension) = base.rsplit_once('.').unwrap_or((base, ""));
        match extension {
            "datasource" | "pipe" => {}
            "connection" => {
                let message = "connections are not used yet";
                self.diagnostics.push(Diagnostic::warning("D0107", &file.path, 0..1, message));
                return None;
            }
            _ => {
                let message = format!("{base} is not a .datasource, .pipe or .connection file");
                self.diagnostics.push(Diagnostic::warning("P0106", &file.path, 0..1, message));
                return None;
            }
        }
        if !is_name(name) {
            let message = format!("{name:?} is not a name");
            let hint = "use letters, digits and _, and no digit first";
            self.diagnostics.push(Diagnostic::error("P0104", &file.path, 0..1, message).with_hint(hint));
            return None;
        }
        Some((name, extension))
    }

    fn data_source(&mut self, file: &ProjectFile, name: &str, id: String) {
        let (tree, diagnostics) = datafile::parse_data_source(&file.text, &file.path);
        self.diagnostics.extend(diagnostics);
        self.check_keys(file, &tree);
        let resource = name.to_owned();
        self.grant(&tree.tokens, |permission| match permission {
            Permission::Read => Scope::DataSourceRead { name: resource.clone(), filter: None },
            Permission::Append => Scope::DataSourceAppend { name: resource.clone() },
        });
        let data_source = DataSource {
            id,
            name: name.to_owned(),
            description: tree.description,
            columns: tree.columns.into_iter().map(|column| column.column).collect(),
            engine: tree.engine.engine,
            file: file.path.clone(),
            text: file.text.clone(),
        };
        self.catalog.data_sources.insert(name.to_owned(), Arc::new(data_source));
    }

    /// Keys name columns of the schema, and none that cannot be sorted by.
    fn check_keys(&mut self, file: &ProjectFile, tree: &datafile::DataSource) {
        let engine = &tree.engine;
        for span in engine.sorting_key.iter().chain(&engine.partition_key).chain(&engine.primary_key) {
            let is_sorting = engine.sorting_key.contains(span);
            for (name, place) in columns_of(&file.text[span.clone()]) {
                let place = span.start + place.start..span.start + place.end;
                let column = tree.columns.iter().find(|column| column.column.name == name);
                let Some(column) = column else {
                    let near = nearest(&name, tree.columns.iter().map(|column| column.column.name.as_str()));
                    let message = format!("the key names {name:?}, which is no column of the schema");
                    let hint = near.map(|near| format!("did you mean {near:?}?"));
                    let diagnostic = Diagnostic::error("D0303", &file.path, place, message);
                    self.diagnostics.push(Diagnostic { hint, ..diagnostic });
                    continue;
                };
                let data_type = &column.column.data_type;
                let is_state = matches!(data_type, crate::value::DataType::AggregateFunction(_));
                if is_sorting && (data_type.is_nullable() || is_state) {
                    let message = format!("the sorting key cannot hold {name:?} of type {data_type}");
                    self.diagnostics.push(Diagnostic::error("D0304", &file.path, place, message));
                }
            }
        }
    }

    fn pipe(&mut self, file: &ProjectFile, name: &str, id: String) {
        let (tree, diagnostics) = datafile::parse_pipe(&file.text, &file.path);
        self.diagnostics.extend(diagnostics);
        let resource = name.to_owned();
        self.grant(&tree.tokens, |_| Scope::PipeRead {
            name: resource.clone(),
            fixed_params: BTreeMap::new(),
            filter: None,
        });
        let mut nodes = Vec::new();
        for (index, node) in tree.nodes.into_iter().enumerate() {
            if !is_name(&node.name.value) {
                let message = format!("{:?} is not the name of a node", node.name.value);
                let hint = "use letters, digits and _, and no digit first";
                let span = node.name.span.clone();
                self.diagnostics.push(Diagnostic::error("P0104", &file.path, span, message).with_hint(hint));
            }
            let (template, problems) = Template::compile(&node.sql.value, &file.path, node.sql.span.start);
            let is_sound = !problems.iter().any(Diagnostic::is_error) && !node.sql.value.is_empty();
            self.diagnostics.extend(problems);
            let rendered = if is_sound { self.render(file, &template, node.sql.span.clone()) } else { None };
            self.nodes.push(Draft {
                pipe: name.to_owned(),
                file: file.path.clone(),
                index,
                name: node.name.value.clone(),
                name_span: node.name.span,
                kind_span: node.kind.span,
                rendered,
            });
            nodes.push(Node { name: node.name.value, description: node.description, kind: node.kind.value, template });
        }
        let pipe = Pipe {
            id,
            name: name.to_owned(),
            description: tree.description,
            endpoint: nodes.iter().position(|node| node.kind == NodeKind::Endpoint),
            nodes,
            file: file.path.clone(),
            text: file.text.clone(),
        };
        self.catalog.pipes.insert(name.to_owned(), Arc::new(pipe));
    }

    /// The SQL with placeholders for the parameters.
    fn render(&mut self, file: &ProjectFile, template: &Template, span: Range<usize>) -> Option<Rendered> {
        match template.render_for_check() {
            Ok(rendered) if rendered.sql.trim().is_empty() => {
                let message = "Template renders to an empty query without parameters";
                self.diagnostics.push(Diagnostic::error("T0302", &file.path, span.start..span.start + 1, message));
                None
            }
            Ok(rendered) => Some(rendered),
            Err(failure) => {
                let place = failure.span.clone().unwrap_or(span.start..span.start + 1);
                let hint = "a deployment renders with placeholder values; give the parameter a type or a default";
                let diagnostic = Diagnostic::error("T0301", &file.path, place, failure.message).with_hint(hint);
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn grant(&mut self, tokens: &[Token], scope: impl Fn(Permission) -> Scope) {
        for token in tokens {
            let grant = TokenGrant { token: token.name.clone(), scope: scope(token.permission) };
            if !self.grants.contains(&grant) {
                self.grants.push(grant);
            }
        }
    }

    /// A node that has the name of a data source or pipe would hide it.
    fn check_names(&mut self) {
        for node in &self.nodes {
            let what = if self.catalog.data_sources.contains_key(&node.name) {
                "a data source"
            } else if self.catalog.pipes.contains_key(&node.name) {
                "a pipe"
            } else {
                continue;
            };
            let message = format!("node {:?} has the name of {what}", node.name);
            let diagnostic = Diagnostic::error("P0105", &node.file, node.name_span.clone(), message);
            self.diagnostics.push(diagnostic.with_hint("give the node another name"));
        }
    }

    /// Everything that nodes read exists; which pipes read which.
    fn check_references(&mut self) -> Reads {
        let mut reads = Reads::new();
        let mut found = Vec::new();
        for draft in &self.nodes {
            let Some(rendered) = &draft.rendered else { continue };
            // of text that does not parse, no word is known to be a name
            if sql::parse(&rendered.sql).is_err() {
                continue;
            }
            let pipe = &self.catalog.pipes[&draft.pipe];
            for reference in references::references(&rendered.sql) {
                let name = reference.name.as_str();
                let place = rendered.source_span(reference.span.clone());
                let position = pipe.nodes.iter().position(|node| node.name == name);
                if position.is_some_and(|position| position < draft.index) {
                    continue;
                }
                if self.catalog.pipes.contains_key(name) {
                    let entry = reads.entry(draft.pipe.clone()).or_default();
                    if !entry.iter().any(|(known, ..)| known == name) {
                        entry.push((name.to_owned(), draft.file.clone(), place));
                    }
                    continue;
                }
                if reference.is_operand || self.is_known(name) {
                    continue;
                }
                let (message, hint) = match position {
                    Some(_) => {
                        let message = format!("node {:?} cannot read {name:?}", draft.name);
                        (message, Some("a node reads the nodes before it".to_owned()))
                    }
                    None => {
                        let nodes = pipe.nodes[..draft.index].iter().map(|node| &node.name);
                        let names = nodes.chain(self.catalog.data_sources.keys()).chain(self.catalog.pipes.keys());
                        let near = nearest(name, names.map(String::as_str));
                        let message = format!("unknown data source, pipe or node {name:?}");
                        (message, near.map(|near| format!("did you mean {near:?}?")))
                    }
                };
                found.push(Diagnostic { hint, ..Diagnostic::error("S0201", &draft.file, place, message) });
            }
        }
        self.diagnostics.extend(found);
        reads
    }

    fn is_known(&self, name: &str) -> bool {
        let stem = name.strip_suffix("_quarantine").unwrap_or(name);
        let is_service = name.split_once('.').is_some_and(|(database, _)| !database.is_empty());
        is_service || name == TABLE_PLACEHOLDER || self.catalog.data_sources.contains_key(stem)
    }

    /// Walks from each pipe along what it reads; each circle is reported once, where it closes.
    fn check_circles(&mut self, reads: &Reads) {
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut heights: BTreeMap<&str, usize> = BTreeMap::new();
        for start in reads.keys() {
            // (pipe, index of the next thing it reads)
            let mut path: Vec<(&str, usize)> = vec![(start, 0)];
            while let Some((pipe, index)) = path.last_mut() {
                let pipe = *pipe;
                let next = if done.contains(pipe) { None } else { reads.get(pipe).and_then(|all| all.get(*index)) };
                *index += 1;
                let Some((target, file, span)) = next else {
                    let below =
                        reads.get(pipe).into_iter().flatten().filter_map(|(name, ..)| heights.get(name.as_str()));
                    let height = 1 + below.max().copied().unwrap_or(0);
                    let is_new = heights.insert(pipe, height).is_none();
                    if is_new && height == PIPE_DEPTH_MAX + 1 {
                        let file = &self.catalog.pipes[pipe].file;
                        let message = format!("{pipe:?} reads pipes more than {PIPE_DEPTH_MAX} deep");
                        self.diagnostics.push(Diagnostic::error("P0108", file, 0..1, message));
                    }
                    done.insert(pipe);
                    path.pop();
                    continue;
                };
                match path.iter().position(|(known, _)| known == target) {
                    Some(position) => {
                        let names = path[position..].iter().map(|(name, _)| *name).chain([target.as_str()]);
                        let circle = names.collect::<Vec<_>>().join(" → ");
                        let message = format!("pipes read each other in a circle: {circle}");
                        self.diagnostics.push(Diagnostic::error("P0102", file, span.clone(), message));
                    }
                    None => path.push((target, 0)),
                }
            }
        }
    }

    fn check_nodes(&mut self) {
        let mut found = Vec::new();
        for draft in &self.nodes {
            let pipe = &self.catalog.pipes[&draft.pipe];
            let node = &pipe.nodes[draft.index];
            if draft.rendered.is_some() {
                // a mistake in a node shows in every node that reads it
                let mistake = check_sql(&self.catalog, pipe, draft.index);
                found.extend(mistake.filter(|mistake| !found.contains(mistake)));
            }
            let (what, target) = match &node.kind {
                NodeKind::Standard | NodeKind::Endpoint => continue,
                NodeKind::Materialized { target, .. } => ("materialized", Some(target)),
                NodeKind::Copy { target, .. } => ("copy", Some(target)),
                NodeKind::Sink { .. } => ("sink", None),
            };
            let message = format!("{what} nodes are read, but not run yet: {:?} writes nothing", draft.name);
            found.push(Diagnostic::warning("D0107", &draft.file, draft.kind_span.clone(), message));
            let known = &self.catalog.data_sources;
            if let Some(target) = target.filter(|target| !target.is_empty() && !known.contains_key(*target)) {
                let message = format!("{:?} writes to {target:?}, which is no data source of the project", draft.name);
                let hint =
                    nearest(target, known.keys().map(String::as_str)).map(|near| format!("did you mean {near:?}?"));
                let diagnostic = Diagnostic::error("P0107", &draft.file, draft.kind_span.clone(), message);
                found.push(Diagnostic { hint, ..diagnostic });
            }
        }
        self.diagnostics.extend(found);
    }
}

/// What is wrong with a node's SQL, found by binding it with placeholder parameters. Names that
/// nothing has and circles have been told of already.
fn check_sql(catalog: &Catalog, pipe: &Arc<Pipe>, node: usize) -> Option<Diagnostic> {
    let (visible, params) = (Visible::everything(), Params::default());
    let context = Context { now_ns: 0 };
    let environment = Environment { catalog, visible: &visible, params: &params, context, tables: &plan::Schemas };
    let trouble = plan::bind(&environment, Text::Node(pipe, node)).err()?;
    let diagnostic = trouble.into_diagnostic(&pipe.file);
    (!["S0201", "P0102"].contains(&diagnostic.code)).then_some(diagnostic)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// Words of a key expression that must be columns, with their bytes.
fn columns_of(expression: &str) -> Vec<(String, Range<usize>)> {
    use sqlparser::keywords::Keyword;
    use sqlparser::tokenizer::{Token, Tokenizer};
    let dialect = sqlparser::dialect::ClickHouseDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, expression).tokenize_with_location() else { return Vec::new() };
    let tokens: Vec<_> = tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let lines = Lines::new(expression);
    let mut out = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        index += 1;
        let Token::Word(word) = &token.token else { continue };
        let mut name = word.value.clone();
        let mut end = token.span.end;
        // a nested column's name has a dot
        while let (Some(Token::Period), Some(Token::Word(next))) =
            (tokens.get(index).map(|token| &token.token), tokens.get(index + 1).map(|token| &token.token))
        {
            name = format!("{name}.{}", next.value);
            end = tokens[index + 1].span.end;
            index += 2;
        }
        let is_call = tokens.get(index).is_some_and(|token| token.token == Token::LParen);
        let is_syntax = word.quote_style.is_none()
            && matches!(
                word.keyword,
                Keyword::INTERVAL
                    | Keyword::AS
                    | Keyword::AND
                    | Keyword::OR
                    | Keyword::NOT
                    | Keyword::DESC
                    | Keyword::ASC
                    | Keyword::TRUE
                    | Keyword::FALSE
                    | Keyword::NULL
                    | Keyword::DIV
                    | Keyword::CASE
                    | Keyword::WHEN
                    | Keyword::THEN
                    | Keyword::ELSE
                    | Keyword::END
                    | Keyword::IN
            );
        let after_interval =
            index >= 3 && matches!(&tokens[index - 3].token, Token::Word(word) if word.keyword == Keyword::INTERVAL);
        if !is_call && !is_syntax && !after_interval {
            out.push((name, lines.offset(token.span.start)..lines.offset(end)));
        }
    }
    out
}

#[cfg(test)]
mod tests;
