//! Endpoints and SQL: the query conversation over the workspace's store.

use super::Server;
use sanderling_core::api::{self, Reading, Request, Response, Route};
use sanderling_core::error::{Error, Result};
use sanderling_core::query::{Answer, Query};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task;

impl Server {
    pub(super) async fn read(&self, route: Route, request: Request) -> Response {
        let start_ns = self.workspace.clock().now_ns();
        let permit = match self.queries.clone().acquire_owned().await {
            Ok(permit) => permit,
            Err(_) => return Error::unavailable("the host is shutting down").into(),
        };
        let catalog = match self.workspace.catalog().await {
            Ok(catalog) => catalog,
            Err(error) => return error.into(),
        };
        let keys = self.workspace.keys().clone();
        let budget = self.workspace.budget();
        let prepare = move || api::read(&route, &request, &catalog, &keys, budget, start_ns);
        let Reading { query, reply } = match task::spawn_blocking(prepare).await {
            Ok(Ok(reading)) => reading,
            Ok(Err(response)) => return response,
            Err(_) => return super::panicked(),
        };
        let result = self.run(query, permit).await;
        let elapsed_ns = (self.workspace.clock().now_ns() - start_ns).max(0) as u64;
        if let Err(error) = &result {
            tracing::debug!(token = reply.token_name, %error, "query failed");
        }
        // A large result takes as long to print as to compute.
        task::spawn_blocking(move || reply.respond(result, elapsed_ns)).await.unwrap_or_else(|_| super::panicked())
    }

    async fn run(&self, mut query: Query, permit: OwnedSemaphorePermit) -> Result<Answer> {
        let snapshot = self.workspace.snapshot(query.data_sources()).await?;
        query.prune(&snapshot)?;
        self.workspace.log().feed(&mut query).await?;
        let run = move || {
            let answer = query.run();
            // Held until the work is done, even if nobody waits for it any more.
            drop(permit);
            answer
        };
        task::spawn_blocking(run).await.unwrap_or_else(|_| Err(Error::internal("the query failed; the log says where")))
    }
}
