//! A project's datafiles → the workspace's next catalog, or everything that is wrong with them.
//!
//! ```text
//! files ─ include ─ parse ─▶ trees ─ names ─ connections, secrets ─ references ─ circles ─ nodes ─▶ catalog
//! ```
//!
//! Every step goes on after a mistake, so that one deployment shows all of them. Each node is bound once, after
//! those that it reads: a check takes time in proportion to the project.

mod circles;
mod connections;
mod keys;
mod nodes;
mod references;

use crate::catalog::{Catalog, Connection, DataSource, Node, NodeKind, Pipe, Scope, StaticToken};
use crate::datafile::include::{self, Expanded};
use crate::datafile::{self, EngineNode, Given, Permission, SecretUse, Token};
use crate::diagnostic::Diagnostic;
use crate::limits::DIAGNOSTICS_MAX;
use crate::template::{Rendered, Template};
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
    /// Names of the secrets that the project uses.
    pub secrets: BTreeSet<String>,
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
    pub connections: Change,
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
    compile_with(files, &Given::default(), previous, random)
}

/// As [`compile`], with the variables and secrets that the files refer to.
pub fn compile_with(
    files: &[ProjectFile],
    given: &Given,
    previous: &Catalog,
    random: &mut dyn FnMut() -> u128,
) -> Result<Compiled, Vec<Diagnostic>> {
    let mut project = Project::new(given, previous);
    project.read(files, previous, random);
    project.check_names();
    project.check_connections();
    project.check_secrets();
    let reads = project.check_references();
    project.check_circles(&reads);
    project.check_nodes(&reads);
    for name in std::mem::take(&mut project.shared) {
        project.catalog.data_sources.remove(&name);
    }
    let secrets = project.secrets.iter().map(|(_, secret)| secret.name.clone()).collect();
    let (errors, mut warnings) = project.diagnostics();
    if !errors.is_empty() {
        let mut all = errors;
        all.append(&mut warnings);
        return Err(all);
    }
    let catalog = &project.catalog;
    let changes = Changes {
        data_sources: change(&previous.data_sources, &catalog.data_sources, |old, new| old.text != new.text),
        pipes: change(&previous.pipes, &catalog.pipes, |old, new| old.text != new.text),
        connections: change(&previous.connections, &catalog.connections, |old, new| old != new),
    };
    forget(&mut project.catalog.tokens, &changes);
    grant(&mut project.catalog.tokens, &project.grants, random);
    Ok(Compiled { catalog: project.catalog, warnings, token_grants: project.grants, changes, secrets })
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

struct Project<'g> {
    given: &'g Given,
    catalog: Catalog,
    diagnostics: Vec<Diagnostic>,
    /// Those that speak of a file as it is, not of what it is made of.
    placed: Vec<Diagnostic>,
    grants: Vec<TokenGrant>,
    nodes: Vec<Draft>,
    /// Files that are made of several, by path.
    expanded: BTreeMap<String, Expanded>,
    /// Connections that cannot be used, but that are there.
    broken_connections: BTreeSet<String>,
    /// Which data sources and sinks go through which connections.
    connectors: Vec<Connecting>,
    /// With the file of each.
    secrets: Vec<(String, SecretUse)>,
    /// Data sources of other workspaces: they can be named, but are not ours.
    shared: Vec<String>,
    /// Data source that a materialized node makes → position of the node in `nodes`, and its id.
    made: BTreeMap<String, (usize, String)>,
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
    /// Where it says what it writes to.
    target_span: Range<usize>,
    /// Of the data source that it makes.
    engine: Option<EngineNode>,
    /// If the template renders with placeholders.
    rendered: Option<Rendered>,
}

/// Something that goes through a connection.
struct Connecting {
    file: String,
    span: Range<usize>,
    connection: String,
    /// TYPEs that the connection may have.
    kinds: &'static [&'static str],
}

impl<'g> Project<'g> {
    fn new(given: &'g Given, previous: &Catalog) -> Project<'g> {
        let empty = Catalog::empty(&previous.workspace_id, &previous.workspace_name);
        Project {
            given,
            catalog: Catalog { tokens: previous.tokens.clone(), ..empty },
            diagnostics: Vec::new(),
            placed: Vec::new(),
            grants: Vec::new(),
            nodes: Vec::new(),
            expanded: BTreeMap::new(),
            broken_connections: BTreeSet::new(),
            connectors: Vec::new(),
            secrets: Vec::new(),
            shared: Vec::new(),
            made: BTreeMap::new(),
        }
    }

    fn read(&mut self, files: &[ProjectFile], previous: &Catalog, random: &mut dyn FnMut() -> u128) {
        let mut id = |known: Option<&String>| known.map_or_else(|| format!("t_{:032x}", random()), String::clone);
        let includes = files.iter().filter(|file| file.path.ends_with(".incl"));
        let includes: BTreeMap<&str, &str> = includes.map(|file| (file.path.as_str(), file.text.as_str())).collect();
        let mut seen: BTreeMap<(bool, String), &str> = BTreeMap::new();
        for file in files {
            let Some((name, extension)) = self.name(file) else { continue };
            let is_connection = extension == "connection";
            if let Some(first) = seen.insert((is_connection, name.clone()), &file.path) {
                let message = format!("{name:?} is already the name of {first}");
                self.diagnostics.push(Diagnostic::error("P0101", &file.path, 0..1, message));
                continue;
            }
            let text = self.expand(file, &includes);
            match extension {
                "datasource" => {
                    let known = previous.data_sources.get(&name).map(|source| &source.id);
                    self.data_source(&file.path, text, &name, id(known));
                }
                "connection" => self.connection(&file.path, &text, &name),
                _ => {
                    let known = previous.pipes.get(&name).map(|pipe| &pipe.id);
                    self.pipe(&file.path, text, &name, id(known));
                }
            }
        }
        for (position, draft) in self.nodes.iter().enumerate() {
            let node = &self.catalog.pipes[&draft.pipe].nodes[draft.index];
            let (NodeKind::Materialized { target, .. }, Some(engine)) = (&node.kind, &draft.engine) else { continue };
            if self.catalog.data_sources.contains_key(target) {
                let message = format!("the engine has no effect: {target:?} has a file of its own");
                let warning = Diagnostic::warning("D0105", &draft.file, engine.span.clone(), message);
                self.diagnostics.push(warning.with_hint("remove the lines"));
                continue;
            }
            let known = previous.data_sources.get(target).map(|source| &source.id);
            self.made.entry(target.clone()).or_insert_with(|| (position, id(known)));
        }
    }

    fn expand(&mut self, file: &ProjectFile, includes: &BTreeMap<&str, &str>) -> String {
        match include::expand(&file.text, &file.path, includes, &mut self.placed) {
            None => file.text.clone(),
            Some(expanded) => {
                let text = expanded.text.clone();
                self.expanded.insert(file.path.clone(), expanded);
                text
            }
        }
    }

    /// Name and extension of a resource; other files get a message.
    fn name<'f>(&mut self, file: &'f ProjectFile) -> Option<(String, &'f str)> {
        let base = file.path.rsplit(['/', '\\']).next().unwrap_or(&file.path);
        let (name, extension) = base.rsplit_once('.').unwrap_or((base, ""));
        match extension {
            "datasource" | "pipe" | "connection" => {}
            // read where another file includes it
            "incl" => return None,
            _ => {
                let message = format!("{base} is not a .datasource, .pipe, .connection or .incl file");
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
        let Some(vendor) = file.path.strip_prefix("vendor/").and_then(|rest| rest.split_once('/')) else {
            return Some((name.to_owned(), extension));
        };
        // of other workspaces only what they share matters
        (extension == "datasource").then(|| (format!("{}.{name}", vendor.0), extension))
    }

    fn data_source(&mut self, file: &str, text: String, name: &str, id: String) {
        let (tree, diagnostics) = datafile::parse_data_source(&text, file, self.given);
        self.diagnostics.extend(diagnostics);
        if name.contains('.') {
            self.shared.push(name.to_owned());
        } else {
            self.check_data_source(file, &tree);
            self.diagnostics.extend(tree.not_run_yet(file));
        }
        let resource = name.to_owned();
        self.grant(&tree.tokens, |permission| match permission {
            Permission::Read => Scope::DataSourceRead { name: resource.clone(), filter: None },
            Permission::Append => Scope::DataSourceAppend { name: resource.clone() },
        });
        self.connectors.extend(tree.connector.iter().map(|connector| Connecting {
            file: file.to_owned(),
            span: connector.span.clone(),
            connection: connector.value.connection().to_owned(),
            kinds: connector.value.kinds(),
        }));
        self.secrets.extend(tree.secrets.into_iter().map(|secret| (file.to_owned(), secret)));
        let columns = tree.columns.into_iter().map(|column| match column.is_typed {
            true => column.column,
            false => keys::with_type_of_default(column.column),
        });
        let data_source = DataSource {
            id,
            name: name.to_owned(),
            description: tree.description,
            columns: columns.collect(),
            engine: tree.engine.engine,
            indexes: tree.indexes.into_iter().map(|index| index.value).collect(),
            connector: tree.connector.map(|connector| connector.value),
            shared_with: tree.shared_with.into_iter().map(|workspace| workspace.value).collect(),
            tags: tree.tags.filters,
            file: file.to_owned(),
            text,
        };
        self.catalog.data_sources.insert(name.to_owned(), Arc::new(data_source));
    }

    fn connection(&mut self, file: &str, text: &str, name: &str) {
        let (tree, diagnostics) = datafile::parse_connection(text, file, self.given);
        self.diagnostics.extend(diagnostics);
        self.secrets.extend(tree.secrets.into_iter().map(|secret| (file.to_owned(), secret)));
        let Some(kind) = tree.kind else {
            self.broken_connections.insert(name.to_owned());
            return;
        };
        let connection = Connection { name: name.to_owned(), description: tree.description, kind };
        self.catalog.connections.insert(name.to_owned(), Arc::new(connection));
    }

    fn pipe(&mut self, file: &str, text: String, name: &str, id: String) {
        let (tree, diagnostics) = datafile::parse_pipe(&text, file, self.given);
        self.diagnostics.extend(diagnostics);
        let resource = name.to_owned();
        self.grant(&tree.tokens, |_| Scope::PipeRead {
            name: resource.clone(),
            fixed_params: BTreeMap::new(),
            filter: None,
        });
        self.secrets.extend(tree.secrets.iter().map(|secret| (file.to_owned(), secret.clone())));
        let is_published = is_published_without_type(file, &tree);
        let mut nodes = Vec::new();
        for (index, node) in tree.nodes.into_iter().enumerate() {
            if !is_name(&node.name.value) {
                let message = format!("{:?} is not the name of a node", node.name.value);
                let hint = "use letters, digits and _, and no digit first";
                let span = node.name.span.clone();
                self.diagnostics.push(Diagnostic::error("P0104", file, span, message).with_hint(hint));
            }
            let (template, problems) = Template::compile(&node.sql.value, file, node.sql.span.start);
            let is_sound = !problems.iter().any(Diagnostic::is_error) && !node.sql.value.is_empty();
            self.diagnostics.extend(problems);
            self.secrets.extend(
                connections::secrets_of(&node.sql.value, node.sql.span.start)
                    .into_iter()
                    .map(|secret| (file.to_owned(), secret)),
            );
            if let NodeKind::Sink(sink) = &node.kind.value {
                self.connectors.push(Connecting {
                    file: file.to_owned(),
                    span: node.target.clone().unwrap_or(node.kind.span.clone()),
                    connection: sink.connection.clone(),
                    kinds: sink.target.kinds(),
                });
            }
            let rendered = if is_sound { self.render(file, &template, node.sql.span.clone()) } else { None };
            self.nodes.push(Draft {
                pipe: name.to_owned(),
                file: file.to_owned(),
                index,
                name: node.name.value.clone(),
                name_span: node.name.span,
                target_span: node.target.unwrap_or(node.kind.span.clone()),
                kind_span: node.kind.span,
                engine: node.engine,
                rendered,
            });
            nodes.push(Node { name: node.name.value, description: node.description, kind: node.kind.value, template });
        }
        let typed = nodes.iter().position(|node| node.kind == NodeKind::Endpoint);
        let pipe = Pipe {
            id,
            name: name.to_owned(),
            description: tree.description,
            endpoint: typed.or_else(|| nodes.len().checked_sub(1).filter(|_| is_published)),
            nodes,
            tags: tree.tags.filters,
            file: file.to_owned(),
            text,
        };
        self.catalog.pipes.insert(name.to_owned(), Arc::new(pipe));
    }

    /// The SQL with placeholders for the parameters.
    fn render(&mut self, file: &str, template: &Template, span: Range<usize>) -> Option<Rendered> {
        match template.render_for_check() {
            Ok(rendered) if rendered.sql.trim().is_empty() => {
                let message = "Template renders to an empty query without parameters";
                self.diagnostics.push(Diagnostic::error("T0302", file, span.start..span.start + 1, message));
                None
            }
            Ok(rendered) => Some(rendered),
            Err(failure) => {
                let place = failure.span.clone().unwrap_or(span.start..span.start + 1);
                let hint = "a deployment renders with placeholder values; give the parameter a type or a default";
                let diagnostic = Diagnostic::error("T0301", file, place, failure.message).with_hint(hint);
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

    /// Errors and warnings, each where its text was written, and not more than anybody reads.
    fn diagnostics(&mut self) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        let mut all = std::mem::take(&mut self.diagnostics);
        for diagnostic in &mut all {
            if let Some(expanded) = self.expanded.get(&diagnostic.file) {
                let (file, span) = expanded.locate(diagnostic.span.clone());
                (diagnostic.file, diagnostic.span) = (file.to_owned(), span);
            }
        }
        all.append(&mut self.placed);
        let (mut errors, mut warnings): (Vec<_>, Vec<_>) = all.into_iter().partition(Diagnostic::is_error);
        for kind in [&mut errors, &mut warnings] {
            if let Some(last) = kind.get(DIAGNOSTICS_MAX).cloned() {
                let message = format!("{} more are not shown", kind.len() - DIAGNOSTICS_MAX);
                kind.truncate(DIAGNOSTICS_MAX);
                kind.push(Diagnostic { code: "P0115", message, hint: None, ..last });
            }
        }
        (errors, warnings)
    }
}

/// Older projects say no TYPE: the last node of a pipe answers if somebody may call it.
fn is_published_without_type(file: &str, tree: &datafile::Pipe) -> bool {
    let is_untyped = tree.nodes.iter().all(|node| !node.is_typed);
    let is_in_folder = file.split('/').rev().skip(1).any(|folder| folder == "endpoints");
    is_untyped && (is_in_folder || !tree.tokens.is_empty())
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
