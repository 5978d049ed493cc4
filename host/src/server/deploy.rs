//! `POST /v1/deploy`: a project's texts → the next catalog, or all that is wrong with them.

use super::Server;
use crate::backfill::Backfill;
use crate::ingest::flush;
use crate::ingest::views::Views;
use crate::secrets::uuid;
use sanderling_core::access::token::{self, Payload};
use sanderling_core::api::multipart;
use sanderling_core::api::{Request, Response};
use sanderling_core::catalog::quarantine;
use sanderling_core::catalog::{Catalog, DataSource, StaticToken};
use sanderling_core::compile::{self, Change, Changes, Compiled, ProjectFile, TokenGrant};
use sanderling_core::diagnostic::Diagnostic;
use sanderling_core::error::{Error, Result};
use sanderling_core::manifest::Commit;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task;

/// The field of a datafile; others say who sends it.
const FIELD: &str = "data_project://";

impl Server {
    pub(super) async fn deploy(&self, request: Request) -> Response {
        self.try_deploy(request).await.unwrap_or_else(|response| response)
    }

    async fn try_deploy(&self, request: Request) -> Result<Response, Response> {
        let (grant, _) = self.admit(&request).await?;
        if !grant.may_deploy {
            return Err(Error::denied(format!("the token {:?} has no scope ADMIN or DEPLOY", grant.name)).into());
        }
        let is_set = |name: &str| request.argument(name).is_some_and(|value| value == "true");
        let parts = multipart::parse(&request)?.into_iter().filter(|part| part.name == FIELD);
        let files: Vec<ProjectFile> = parts.map(|part| ProjectFile { path: part.file_name, text: part.text }).collect();
        if files.is_empty() {
            return Err(
                Error::invalid(format!("the body holds no datafile: send each as a part called {FIELD}")).into()
            );
        }
        // One at a time: each is compiled against what the one before left.
        let _turn = self.deploying.lock().await;
        let base = self.workspace.log().head().await?;
        let previous = self.workspace.log().catalog(&base).await?;
        let compiled = match self.compile(files.clone(), previous.clone()).await? {
            Ok(compiled) => compiled,
            Err(diagnostics) => return Err(failed(&diagnostics, &files)),
        };
        let Compiled { mut catalog, warnings, token_grants, changes, .. } = compiled;
        catalog.tokens = self.project_tokens(&previous, &token_grants);
        self.check_data_is_kept(&base, &previous, &catalog, is_set("allow_destructive_operations")).await?;
        let feedback = feedback(&warnings, &files);
        let same_tokens = previous.tokens == catalog.tokens;
        let all = [&changes.data_sources, &changes.pipes, &changes.connections];
        let is_same = same_tokens && all.into_iter().all(is_empty);
        let result = if is_same { "no_changes" } else { "success" };
        if is_set("check") || is_same {
            return Ok(Response::json(200, &body(result, &base, &changes, feedback)));
        }
        let commit = self.publish(&base, Arc::new(catalog)).await?;
        tracing::info!(version = commit.number, token = grant.name, "deployed");
        Ok(Response::json(200, &body(result, &commit, &changes, feedback)))
    }

    async fn compile(
        &self,
        files: Vec<ProjectFile>,
        previous: Arc<Catalog>,
    ) -> Result<Result<Compiled, Vec<Diagnostic>>> {
        let clock = self.workspace.clock().clone();
        let compiled = task::spawn_blocking(move || compile::compile(&files, &previous, &mut || clock.random())).await;
        compiled.map_err(|_| Error::internal("the compiler failed; the log says where"))
    }

    /// Rows that are stored stay readable: what would need a migration is refused while a data
    /// source has rows, and what would lose rows needs to be asked for.
    async fn check_data_is_kept(
        &self,
        base: &Commit,
        previous: &Catalog,
        next: &Catalog,
        may_destroy: bool,
    ) -> Result<()> {
        for old in previous.data_sources.values() {
            let rows = self.workspace.log().manifest(base, &old.id).await?.rows();
            match next.data_sources.values().find(|new| new.id == old.id) {
                None if rows > 0 && !may_destroy => {
                    return Err(Error::invalid(format!(
                        "the project has no data source {:?} any more, and it holds {rows} rows: allow destructive \
                         operations to delete them",
                        old.name
                    )));
                }
                Some(new) if rows > 0 => check_is_compatible(old, new)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The catalog, and what its new views make of the rows that there are, in one commit.
    async fn publish(&self, base: &Commit, catalog: Arc<Catalog>) -> Result<Arc<Commit>> {
        let (log, ingest) = (self.workspace.log(), self.workspace.ingest());
        let compiled_from = &base.catalog;
        let now_ms = self.workspace.clock().now_ms();
        let (before, after) = (ingest.views(base).await?, Views::new("", catalog.clone()).await?);
        let backfill = &tokio::sync::Mutex::new(Backfill::new(ingest, log, &before, &after));
        let catalog = &catalog;
        log.commit(|base| async move {
            if base.catalog != *compiled_from {
                return Err(Error::new(sanderling_core::Kind::Conflict, "another deployment was faster; deploy again"));
            }
            let mut next = base.next("deployment", now_ms);
            let made = backfill.lock().await.run(&base).await?;
            next.catalog = log.put_catalog(&base, catalog).await?;
            next.manifests.retain(|id, _| {
                let owner = quarantine::source_name(id).unwrap_or(id);
                catalog.data_sources.values().any(|data_source| data_source.id == owner)
            });
            flush::add(log, &base, &mut next, &made).await?;
            Ok(Some(next))
        })
        .await
    }

    /// The workspace's own tokens, and those that the project's `TOKEN` lines ask for. A token
    /// stays the same as long as some file names it.
    fn project_tokens(&self, previous: &Catalog, grants: &[TokenGrant]) -> Vec<StaticToken> {
        let mut tokens = self.workspace.secrets().static_tokens();
        let own = tokens.len();
        for grant in grants {
            if tokens[..own].iter().any(|token| token.name == grant.token) {
                continue;
            }
            let index = tokens.iter().position(|token| token.name == grant.token).unwrap_or_else(|| {
                let known = previous.tokens.iter().find(|token| token.name == grant.token);
                let id = known.map_or_else(|| uuid(self.workspace.clock().random()), |token| token.id.clone());
                let digest = token::digest(&self.token_text(&id));
                tokens.push(StaticToken { id, name: grant.token.clone(), digest, scopes: Vec::new() });
                tokens.len() - 1
            });
            if !tokens[index].scopes.contains(&grant.scope) {
                tokens[index].scopes.push(grant.scope.clone());
            }
        }
        tokens
    }

    /// The text of a token that a datafile asked for. It follows from the admin token, so that it
    /// can be shown again though nothing stores it.
    pub(super) fn token_text(&self, id: &str) -> String {
        let secrets = self.workspace.secrets();
        let payload = Payload { owner: secrets.workspace_id.clone(), id: id.to_owned(), host: "local".to_owned() };
        token::mint(&payload, secrets.admin_token.as_bytes())
    }

    /// There is one deployment, the live one: clients wait for any other to go away.
    pub(super) async fn deployments(&self, request: &Request, id: Option<&str>) -> Response {
        let found = self.admit(request).await.and_then(|(grant, _)| {
            if !grant.may_deploy {
                return Err(Error::denied(format!("the token {:?} has no scope ADMIN or DEPLOY", grant.name)));
            }
            let live = deployment(&self.workspace.log().seen());
            match id {
                None => Ok(json!({ "deployments": [live] })),
                Some(id) if live["id"] == id => Ok(json!({ "deployment": live })),
                Some(id) => Err(Error::not_found(format!("there is no deployment {id:?}"))),
            }
        });
        found.map_or_else(Response::from, |body| Response::json(200, &body))
    }
}

fn check_is_compatible(old: &DataSource, new: &DataSource) -> Result<()> {
    let name = &old.name;
    let needs = |what: String| {
        Err(Error::invalid(format!(
            "data source {name:?}: {what}, and it holds rows; a change of stored rows is not supported yet, \
             so make a new data source"
        )))
    };
    // a TTL, a setting or an index says nothing of how stored rows lie
    let layout = |source: &DataSource| {
        let engine = &source.engine;
        (engine.kind.clone(), engine.sorting_key.clone(), engine.partition_key.clone(), engine.primary_key.clone())
    };
    if layout(old) != layout(new) {
        return needs("its engine or a key of it changes".to_owned());
    }
    for column in &old.columns {
        match new.columns.iter().find(|known| known.name == column.name) {
            None => return needs(format!("it loses the column {:?}", column.name)),
            Some(known) if known.data_type != column.data_type => {
                return needs(format!(
                    "its column {:?} changes from {} to {}",
                    column.name, column.data_type, known.data_type
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn is_empty(change: &Change) -> bool {
    change.new.is_empty() && change.changed.is_empty() && change.deleted.is_empty()
}

fn body(result: &str, commit: &Commit, changes: &Changes, feedback: Value) -> Value {
    let mut deployment = deployment(commit);
    let all =
        [("datasource", &changes.data_sources), ("pipe", &changes.pipes), ("data_connector", &changes.connections)];
    for (kind, change) in all {
        deployment[format!("new_{kind}_names")] = json!(change.new);
        deployment[format!("changed_{kind}_names")] = json!(change.changed);
        deployment[format!("deleted_{kind}_names")] = json!(change.deleted);
    }
    deployment["feedback"] = feedback;
    for list in ["disconnected_data_source_names", "new_data_connector_ids", "token_changes", "data_movements"] {
        deployment[list] = json!([]);
    }
    json!({ "result": result, "deployment": deployment, "errors": [] })
}

/// The commit that brought the catalog is the deployment; its number begins the catalog's id.
fn deployment(commit: &Commit) -> Value {
    let number = commit.catalog.split('-').next().unwrap_or_default().trim_start_matches('0');
    let number = if number.is_empty() { "0" } else { number };
    let at = chrono::DateTime::from_timestamp_millis(commit.at_ms).unwrap_or_default().to_rfc3339();
    json!({
        "id": number,
        "status": "data_ready",
        "live": true,
        "created_at": at,
        "updated_at": at,
        "errors": [],
    })
}

fn failed(diagnostics: &[Diagnostic], files: &[ProjectFile]) -> Response {
    let errors: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| json!({ "filename": diagnostic.file, "error": rendered(diagnostic, files) }))
        .collect();
    let count = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let plural = if count == 1 { "error" } else { "errors" };
    let message = format!("{count} {plural} in the project; nothing was deployed");
    Response::json(400, &json!({ "result": "failed", "errors": errors, "error": message }))
}

fn feedback(warnings: &[Diagnostic], files: &[ProjectFile]) -> Value {
    let entry = |warning: &Diagnostic| json!({ "level": "WARNING", "resource": warning.file, "message": rendered(warning, files) });
    warnings.iter().map(entry).collect()
}

fn rendered(diagnostic: &Diagnostic, files: &[ProjectFile]) -> String {
    let file = files.iter().find(|file| file.path == diagnostic.file);
    diagnostic.render(file.map_or("", |file| &file.text))
}
