//! One workspace as the server sees it: its catalog, its rows, its store and its secrets.

use crate::clock::Clock;
use crate::config::{Config, StoreLocation};
use crate::ingest::{self, Ack, Ingest};
use crate::log::Log;
use crate::secrets::Secrets;
use crate::storage::{Local, S3, S3Settings, Storage};
use anyhow::{Context, anyhow};
use bytes::Bytes;
use sanderling_core::access::Keys;
use sanderling_core::api::{Budget, EventsFormat};
use sanderling_core::catalog::{Catalog, DataSource};
use sanderling_core::error::{Kind, Result};
use sanderling_core::query::Snapshot;
use std::sync::Arc;

pub struct Workspace {
    clock: Arc<dyn Clock>,
    log: Arc<Log>,
    ingest: Arc<Ingest>,
    secrets: Secrets,
    keys: Keys,
    budget: Budget,
}

impl Workspace {
    /// Opens what is in the store, or begins a workspace of its own: ids and tokens in the data
    /// directory, a first commit with an empty catalog in the store.
    pub async fn open(config: &Config, storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> anyhow::Result<Workspace> {
        let data_dir = &config.data_dir;
        std::fs::create_dir_all(data_dir).with_context(|| format!("cannot write to {}", data_dir.display()))?;
        let secrets = match Secrets::read(data_dir)? {
            Some(secrets) => secrets,
            None => {
                let secrets = Secrets::generate(|| clock.random());
                secrets.write_new(data_dir)?;
                secrets
            }
        };
        let log = match Log::open(storage.clone(), clock.clone(), &secrets.workspace_id).await {
            Err(error) if error.kind == Kind::NotFound => {
                let mut catalog = Catalog::empty(&secrets.workspace_id, NAME);
                catalog.tokens = secrets.static_tokens();
                Log::create(storage, clock.clone(), &catalog).await
            }
            opened => opened,
        };
        // A core error's message holds its cause already; as a chain it would be said twice.
        let log = Arc::new(log.map_err(|error| anyhow!("cannot open the workspace's log: {error}"))?);
        let journal = ingest::Config { directory: data_dir.clone(), flush_interval_ms: config.flush_interval_ms };
        let ingest = Ingest::open(&journal, log.clone(), clock.clone()).await.map_err(|error| anyhow!("{error}"))?;
        ingest.start();
        let commit = log.seen();
        let catalog = log.catalog(&commit).await;
        let catalog = catalog.map_err(|error| anyhow!("cannot read the workspace's catalog: {error}"))?;
        secrets.check_known_to(&catalog.tokens, data_dir)?;
        let budget =
            Budget { read_bytes_max: config.query_read_bytes_max, memory_bytes_max: config.query_memory_bytes_max };
        let keys = Keys::new(&secrets.admin_token);
        Ok(Workspace { clock, log, ingest, secrets, keys, budget })
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    pub fn ingest(&self) -> &Arc<Ingest> {
        &self.ingest
    }

    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    pub fn budget(&self) -> Budget {
        self.budget
    }

    pub async fn catalog(&self) -> Result<Arc<Catalog>> {
        self.log.catalog(&self.log.seen()).await
    }

    /// The rows of these data sources as of now, those included that are in no segment yet.
    pub async fn snapshot(&self, data_sources: &[Arc<DataSource>]) -> Result<Snapshot> {
        let ids: Vec<&str> = data_sources.iter().map(|data_source| data_source.id.as_str()).collect();
        Ok(self.ingest.snapshot(&ids).await?.rows)
    }

    /// Returns when the events cannot be lost any more and every later query sees them.
    pub async fn append(&self, data_source: &Arc<DataSource>, body: Bytes, format: EventsFormat) -> Result<Ack> {
        let format = match format {
            EventsFormat::Ndjson => ingest::Format::Ndjson,
            EventsFormat::Json => ingest::Format::Json,
        };
        self.ingest.append(data_source, body, format).await
    }

    /// Refuses new events, and brings what there is into segments.
    pub async fn shutdown(&self) -> Result<()> {
        self.ingest.shutdown().await
    }
}

/// What a workspace is called until somebody names it.
const NAME: &str = "sanderling";

/// The store that the settings name.
pub fn storage(location: &StoreLocation) -> anyhow::Result<Arc<dyn Storage>> {
    Ok(match location {
        StoreLocation::Local(path) => {
            let opened = Local::open(path);
            Arc::new(opened.map_err(|error| anyhow!("the store {} cannot be written: {error}", path.display()))?)
        }
        StoreLocation::S3 { bucket, prefix } => {
            let settings = S3Settings { bucket: bucket.clone(), prefix: prefix.clone(), ..S3Settings::default() };
            Arc::new(S3::open(&settings).map_err(|error| anyhow!("the store s3://{bucket}/{prefix}: {error}"))?)
        }
    })
}
