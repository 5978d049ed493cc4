//! The HTTP contract that both shells serve: routes, parameters, answers.
//!
//! A shell turns its own request type into a [`Request`], asks for the [`route`] and, for the ones
//! that read, runs the conversation:
//!
//! ```text
//! api::read(&route, &request, &catalog, &keys, budget, now_ns)  token, parameters, SQL: all checked
//!   → Reading { query, reply }
//! query.data_sources() … prune … reads … feed … run             the shell fetches bytes
//! reply.respond(result, elapsed_ns)                             the body, in the format asked for
//! ```
//!
//! Bodies are therefore equal in both shells by construction. No wire types below this module.

mod append;
pub mod multipart;
mod read;
mod request;
mod response;

pub use append::{Append, EventsFormat, append};
pub use read::{Budget, Reading, Reply, read};
pub use request::Request;
pub use response::{Response, request_id};

use crate::error::{Error, Result};
use crate::format::{self, Format};

/// What a request is about. Both shells answer `Preflight`, `Endpoint` and `Sql`; a worker passes
/// the others on to its host, or refuses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A browser asks whether a page of another origin may call.
    Preflight,
    /// `/v0/pipes/NAME.json`
    Endpoint {
        pipe: String,
        output: Output,
    },
    Sql,
    Events,
    Health,
    Version,
    Regions,
    LocalTokens,
    Workspace,
    UserWorkspaces,
    Tokens,
    Deploy,
    Deployments,
    Deployment {
        id: String,
    },
}

/// The file name extension of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Json,
    Csv,
    Ndjson,
}

impl Output {
    fn parse(extension: &str) -> Option<Output> {
        Some(match extension {
            "json" => Output::Json,
            "csv" | "csvwithnames" => Output::Csv,
            "ndjson" => Output::Ndjson,
            _ => return None,
        })
    }

    fn format(self, csv_header: bool) -> &'static Format {
        let name = match (self, csv_header) {
            (Output::Json, _) => "JSON",
            (Output::Csv, true) => "CSVWithNames",
            (Output::Csv, false) => "CSV",
            (Output::Ndjson, _) => "JSONEachRow",
        };
        format::find(name).expect("the table of formats has the ones of endpoints")
    }
}

pub fn route(request: &Request) -> Result<Route, Response> {
    if request.method == "OPTIONS" {
        return Ok(Route::Preflight);
    }
    let path = request.path.trim_end_matches('/');
    let (route, methods) = find(path).ok_or_else(|| Response::from(Error::not_found(format!("no route {path:?}"))))?;
    if !methods.contains(&request.method.as_str()) {
        let message = format!("{path} does not take {}; it takes {}", request.method, methods.join(" and "));
        return Err(
            Response::json(405, &serde_json::json!({ "error": message })).with_header("allow", methods.join(", "))
        );
    }
    Ok(route)
}

fn find(path: &str) -> Option<(Route, &'static [&'static str])> {
    let get: &[_] = &["GET"];
    let read: &[_] = &["GET", "POST"];
    Some(match path {
        "/v0/sql" => (Route::Sql, read),
        "/v0/events" => (Route::Events, &["POST"]),
        "/v0/health" => (Route::Health, get),
        "/version" => (Route::Version, get),
        "/v0/regions" => (Route::Regions, get),
        "/v0/tokens" => (Route::Tokens, get),
        "/tokens" => (Route::LocalTokens, get),
        "/v1/workspace" | "/v0/workspace" => (Route::Workspace, get),
        "/v1/user/workspaces" => (Route::UserWorkspaces, get),
        "/v1/deploy" => (Route::Deploy, &["POST"]),
        "/v1/deployments" => (Route::Deployments, get),
        path => {
            if let Some(id) = path.strip_prefix("/v1/deployments/").filter(|id| !id.contains('/')) {
                return Some((Route::Deployment { id: id.to_owned() }, get));
            }
            let file = path.strip_prefix("/v0/pipes/").filter(|file| !file.contains('/'))?;
            let (pipe, extension) = file.rsplit_once('.')?;
            (Route::Endpoint { pipe: pipe.to_owned(), output: Output::parse(extension)? }, read)
        }
    })
}

#[cfg(test)]
mod tests;
