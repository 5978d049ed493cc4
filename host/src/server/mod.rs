//! The HTTP server: axum ↔ `core::api`, and one file per resource.
//!
//! ```text
//! axum request ─▶ api::Request ─▶ api::route ─┬▶ read       endpoints and SQL
//!                                             ├▶ events     appends
//!                                             ├▶ deploy     projects and deployments
//!                                             └▶ workspace  tokens, health, the workspace itself
//! ```
//!
//! The route table and every answer that a worker gives too are in `core::api`; this is the shell.

pub mod bucket;
mod deploy;
mod events;
mod objects;
mod read;
mod workspace;

use crate::workspace::Workspace;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::Response as HttpResponse;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::HeaderValue;
use sanderling_core::api::{self, Request, Response, Route};
use sanderling_core::error::{Error, Result};
use sanderling_core::limits;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

/// Answers requests, over a socket ([`Server::listen`]) or in process ([`Server::call`]).
pub struct Server {
    workspace: Arc<Workspace>,
    /// One permit for each query that runs; the others wait in line.
    queries: Arc<Semaphore>,
    deploying: tokio::sync::Mutex<()>,
}

impl Server {
    pub fn new(workspace: Arc<Workspace>) -> Arc<Server> {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
        let queries = Arc::new(Semaphore::new(threads * limits::QUERIES_PER_CORE_MAX));
        Arc::new(Server { workspace, queries, deploying: Default::default() })
    }

    /// Serves until `stop` resolves, and then until the requests in flight are answered.
    pub async fn listen(
        self: Arc<Server>,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let router = axum::Router::new()
            .fallback(answer)
            .layer(CatchPanicLayer::custom(|_| http_response(panicked())))
            .with_state(self);
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(stop)
            .await
    }

    /// Lets edge workers of this machine read the store, as they would read R2.
    pub async fn listen_for_edges(self: Arc<Server>, listener: TcpListener) -> std::io::Result<()> {
        let objects = Arc::new(objects::Stored::new(self.workspace.log().storage().clone()));
        axum::serve(listener, bucket::router(objects)).await
    }

    /// One request, its body complete. `peer` is who asks, if it is not this process.
    pub async fn call(&self, request: Request, peer: Option<IpAddr>) -> Response {
        match api::route(&request) {
            Ok(route) => self.dispatch(route, request, peer).await,
            Err(response) => response,
        }
    }

    fn request_id(&self) -> String {
        let clock = self.workspace.clock();
        api::request_id(clock.now_ms().max(0) as u64, clock.random())
    }

    async fn dispatch(&self, route: Route, request: Request, peer: Option<IpAddr>) -> Response {
        match route {
            Route::Preflight | Route::Endpoint { .. } | Route::Sql => self.read(route, request).await,
            Route::Events => self.events(request).await,
            Route::Deploy => self.deploy(request).await,
            Route::Deployments => self.deployments(&request, None).await,
            Route::Deployment { id } => self.deployments(&request, Some(&id)).await,
            Route::LocalTokens => self.local_tokens(&request, peer),
            Route::Tokens => self.tokens(&request).await,
            Route::Workspace => self.workspace(&request).await,
            Route::UserWorkspaces => self.user_workspaces(&request).await,
            Route::Health => Response::json(200, &serde_json::json!({ "status": "ok" })),
            Route::Version => Response::new(200, "text/plain", env!("CARGO_PKG_VERSION")),
            Route::Regions => Response::json(200, &serde_json::json!({ "regions": [] })),
        }
    }
}

async fn answer(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: axum::extract::Request,
) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let headers =
        parts.headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let id = server.request_id();
    let mut request = Request::new(parts.method.as_str(), target, headers.collect(), Bytes::new());
    // A body is read only once it is known how long it may be.
    let response = match api::route(&request) {
        Err(response) => response,
        Ok(route) => match read_body(body, body_bytes_max(&route)).await {
            Err(error) => error.into(),
            Ok(body) => {
                request.body = body;
                // A task of its own, so that a panic is one failed request.
                let call = tokio::spawn(async move { server.call(request, Some(peer.ip())).await });
                call.await.unwrap_or_else(|_| panicked())
            }
        },
    };
    http_response(response.with_header("x-request-id", id))
}

fn body_bytes_max(route: &Route) -> usize {
    match route {
        Route::Events => limits::EVENTS_BODY_BYTES_MAX,
        Route::Deploy => limits::PROJECT_BYTES_MAX,
        _ => limits::READ_BODY_BYTES_MAX,
    }
}

async fn read_body(body: Body, bytes_max: usize) -> Result<Bytes> {
    let mut stream = body.into_data_stream();
    let mut all = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Error::invalid(format!("the body broke off: {error}")))?;
        if all.len() + chunk.len() > bytes_max {
            return Err(Error::limit(format!("the body has more than {bytes_max} bytes")));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}

fn panicked() -> Response {
    Error::internal("the server failed on this request; its log says where").into()
}

fn http_response(response: Response) -> HttpResponse {
    let mut http = HttpResponse::new(Body::from(response.body));
    *http.status_mut() = http::StatusCode::from_u16(response.status).expect("statuses are from a table");
    for (name, value) in response.headers {
        let value = HeaderValue::from_str(&value).expect("header values are ours: ASCII without line ends");
        http.headers_mut().append(name, value);
    }
    http
}
