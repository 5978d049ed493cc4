//! `sanderling serve`: runs the host until Ctrl-C, and then until nothing acknowledged is lost.

use crate::clock::System;
use crate::compactor;
use crate::config::{Config, Raw};
use crate::server::Server;
use crate::workspace::{self, Workspace};
use anyhow::{Result, anyhow};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

pub(super) async fn run(raw: Raw) -> Result<()> {
    let config = raw.check().map_err(|message| anyhow!(message))?;
    // Before anything is read: two hosts on one data directory most often differ in nothing else.
    let listener = bind(config.listen).await?;
    let bucket = match config.edge_bucket_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let workspace = open(&config).await?;
    let server = Server::new(workspace.clone());
    if let Some(bucket) = bucket {
        tokio::spawn(server.clone().listen_for_edges(bucket));
    }
    tracing::info!("listening on http://{}, data in {}", config.listen, config.data_dir.display());
    let compactor = tokio::spawn(compactor::run(workspace.log().clone(), workspace.clock().clone()));
    server.listen(listener, stop()).await?;
    // whatever it is at, the next start does again
    compactor.abort();
    tracing::info!("stopping: writing what is still in memory");
    let written = workspace.shutdown().await;
    written.map_err(|error| anyhow!("{error}; what was acknowledged is in the journal, for the next start"))
}

async fn open(config: &Config) -> Result<Arc<Workspace>> {
    let storage = workspace::storage(&config.store)?;
    Ok(Arc::new(Workspace::open(config, storage, Arc::new(System)).await?))
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!("{address} is taken by another program; choose another with --listen"),
        _ => anyhow!("cannot listen on {address}: {error}"),
    })
}

/// Ctrl-C, or what a service manager sends.
async fn stop() {
    let mut terminate = signal(SignalKind::terminate()).expect("the runtime takes signals");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
