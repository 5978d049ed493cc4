//! Objects in a bucket of S3, R2 or anything else that speaks S3's protocol with conditional puts.

use super::Storage;
use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig,
};
use sanderling_core::{Error, Kind, Result};
use std::ops::Range;
use std::time::Duration;

/// What is not given comes from `AWS_*` in the environment, as with other tools.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub bucket: String,
    /// Objects are kept below it: `analytics/production`.
    pub prefix: String,
    /// For stores that are not Amazon's: `https://…`.
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
}

impl Settings {
    /// `s3://bucket/prefix`.
    pub fn parse(url: &str) -> Result<Settings> {
        let rest = url.strip_prefix("s3://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
        let rest = rest.ok_or_else(|| Error::invalid(format!("{url:?} is not like s3://bucket/prefix")))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Settings {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_end_matches('/').to_owned(),
            ..Settings::default()
        })
    }
}

#[derive(Debug)]
pub struct S3 {
    store: AmazonS3,
    prefix: String,
}

impl S3 {
    pub fn open(settings: &Settings) -> Result<S3> {
        let client = ClientOptions::new()
            .with_allow_http(true)
            .with_connect_timeout(Duration::from_secs(5))
            .with_timeout(Duration::from_secs(60));
        // the library waits with jitter between its tries
        let retry = RetryConfig {
            backoff: BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() },
            max_retries: 6,
            retry_timeout: Duration::from_secs(60),
        };
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&settings.bucket)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &settings.region {
            builder = builder.with_region(region);
        }
        if let (Some(id), Some(secret)) = (&settings.access_key_id, &settings.secret_access_key) {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let store = builder.build().map_err(|error| Error::invalid(format!("object store: {error}")))?;
        Ok(S3 { store, prefix: settings.prefix.clone() })
    }

    fn path(&self, key: &str) -> Path {
        Path::from(if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) })
    }
}

#[async_trait]
impl Storage for S3 {
    async fn get(&self, key: &str) -> Result<Bytes> {
        let found = self.store.get(&self.path(key)).await.map_err(|error| failed(key, error))?;
        found.bytes().await.map_err(|error| failed(key, error))
    }

    async fn get_ranges(&self, key: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let pieces = self.store.get_ranges(&self.path(key), ranges).await.map_err(|error| failed(key, error))?;
        for (piece, range) in pieces.iter().zip(ranges) {
            if piece.len() as u64 != range.end - range.start {
                return Err(Error::corrupt(format!("{key}: wanted {range:?}, got {} bytes", piece.len())));
            }
        }
        Ok(pieces)
    }

    async fn put_if_absent(&self, key: &str, bytes: Bytes) -> Result<()> {
        let options = PutOptions::from(PutMode::Create);
        let put = self.store.put_opts(&self.path(key), PutPayload::from(bytes), options).await;
        put.map(|_| ()).map_err(|error| failed(key, error))
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        let put = self.store.put(&self.path(key), PutPayload::from(bytes)).await;
        put.map(|_| ()).map_err(|error| failed(key, error))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let path = self.path(prefix);
        let found: Vec<_> = self.store.list(Some(&path)).try_collect().await.map_err(|error| failed(prefix, error))?;
        let own = if self.prefix.is_empty() { 0 } else { self.prefix.len() + 1 };
        let mut keys: Vec<String> = found.iter().map(|meta| meta.location.as_ref()[own..].to_owned()).collect();
        keys.sort();
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<()> {
        match self.store.delete(&self.path(key)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            other => other.map_err(|error| failed(key, error)),
        }
    }
}

fn failed(key: &str, error: object_store::Error) -> Error {
    use object_store::Error as Store;
    let kind = match &error {
        Store::NotFound { .. } => Kind::NotFound,
        Store::AlreadyExists { .. } | Store::Precondition { .. } => Kind::Conflict,
        Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => Kind::Denied,
        Store::NotImplemented { .. } | Store::NotSupported { .. } => Kind::Internal,
        // after the library's own tries
        _ => Kind::Unavailable,
    };
    Error::new(kind, format!("{key}: {error}")).with_source(error)
}
