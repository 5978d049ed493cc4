//! The engine as a Cloudflare Worker: it reads what a host committed, from R2, and never writes.
//!
//! ```text
//! request ─ api::route ─┬─ reads: query::answer ─ workspace (commit, catalog, manifests)
//!                       │                       └ blocks (column chunks)      ◀─ R2, ranged
//!                       └─ the rest: the host, if there is a HOST_URL
//! ```
//!
//! Bodies are the host's, byte for byte: both shells only carry bytes between their store, `core`
//! and HTTP. Only this crate names `worker::` types.

mod bindings;
mod blocks;
mod query;
mod workspace;
mod zstd;

use bindings::Bindings;
use bytes::Bytes;
use sanderling_core::Error;
use sanderling_core::api::{self, Route};
use worker::{Context, Env, event};

#[event(fetch, respond_with_errors)]
async fn fetch(mut request: worker::Request, env: Env, _context: Context) -> worker::Result<worker::Response> {
    let bindings = match Bindings::new(&env) {
        Ok(bindings) => bindings,
        Err(error) => return respond(error.into(), None),
    };
    let mut asked = match bindings::request(&request) {
        Ok(asked) => asked,
        Err(error) => return respond(error.into(), None),
    };
    let route = match api::route(&asked) {
        Ok(route) => route,
        Err(response) => return respond(response, None),
    };
    match route {
        Route::Preflight | Route::Endpoint { .. } | Route::Sql => {
            asked.body = body(&mut request).await?;
            match query::answer(&route, &asked, &bindings).await {
                query::Outcome::Answered(response) => respond(response, Some(&bindings)),
                query::Outcome::TooMuch(error) => match &bindings.host_url {
                    Some(host) => pass_on(host, &request, Some(&asked.body)).await,
                    None => respond(advise(error).into(), Some(&bindings)),
                },
            }
        }
        _ => match &bindings.host_url {
            Some(host) => pass_on(host, &request, None).await,
            None => respond(elsewhere(&asked).into(), None),
        },
    }
}

async fn body(request: &mut worker::Request) -> worker::Result<Bytes> {
    match request.method() {
        worker::Method::Post => Ok(request.bytes().await?.into()),
        _ => Ok(Bytes::new()),
    }
}

/// The same request to the host; its body is `taken` if it was read, else it streams through.
async fn pass_on(host: &str, request: &worker::Request, taken: Option<&Bytes>) -> worker::Result<worker::Response> {
    match bindings::pass_on(host, request, taken).await {
        Ok(response) => Ok(response),
        Err(error) => respond(Error::unavailable(format!("the host does not answer: {error}")).into(), None),
    }
}

fn advise(error: Error) -> Error {
    let message = format!("{}; this edge has no HOST_URL to hand it to: ask the host itself", error.message);
    let advised = Error::new(error.kind, message);
    match error.exception_code {
        Some(code) => advised.with_exception_code(code),
        None => advised,
    }
}

fn elsewhere(request: &api::Request) -> Error {
    let message = format!("{} is the host's to answer, and this edge has no HOST_URL", request.path);
    Error::not_found(message)
}

fn respond(response: api::Response, bindings: Option<&Bindings>) -> worker::Result<worker::Response> {
    let id = api::request_id(bindings::now_ms(), bindings::random());
    let mut response = response.with_header("x-request-id", id);
    if let Some(bindings) = bindings {
        response = response.with_header("x-sanderling-object-reads", bindings.object_reads().to_string());
    }
    bindings::response(response)
}
