//! What was typed ([`Raw`]) → what the host runs with ([`Config`]).
//!
//! A setting comes from a flag, else from `SANDERLING_<NAME>`, else from its default. Everything
//! is checked here, so that nothing below asks whether a setting makes sense.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where a local Tinybird listens; clients in local mode know no other port.
const LISTEN_DEFAULT: &str = "127.0.0.1:7181";

#[derive(Args, Clone, Debug)]
pub struct Raw {
    /// Directory for the log of events, the secrets and, without --store, all data
    #[arg(long, env = "SANDERLING_DATA", default_value = "./sanderling-data")]
    pub data: PathBuf,
    /// Object store for all data: s3://BUCKET/PREFIX (credentials and endpoint from AWS_*)
    #[arg(long, env = "SANDERLING_STORE")]
    pub store: Option<String>,
    /// Address and port
    #[arg(long, env = "SANDERLING_LISTEN", default_value = LISTEN_DEFAULT)]
    pub listen: String,
    /// Address and port on which edge workers of this machine read the store; it asks for no token,
    /// so it must be on loopback
    #[arg(long, env = "SANDERLING_EDGE_BUCKET_LISTEN")]
    pub edge_bucket_listen: Option<String>,
    /// Longest time that rows wait for a segment, in ms; until then queries read them from memory
    #[arg(long, env = "SANDERLING_FLUSH_INTERVAL_MS", default_value_t = 4000)]
    pub flush_interval_ms: u64,
    /// Memory that one query may use, in MB
    #[arg(long, env = "SANDERLING_QUERY_MEMORY_MB", default_value_t = 1024)]
    pub query_memory_mb: usize,
    /// Bytes that one query may read, in MB
    #[arg(long, env = "SANDERLING_QUERY_READ_MB", default_value_t = 64 * 1024)]
    pub query_read_mb: u64,
}

/// Environment variables that we, or the edge worker beside us, read; another with our prefix is a slip of the hand.
const VARIABLES: &[&str] = &[
    "SANDERLING_DATA",
    "SANDERLING_EDGE_ADMIN_TOKEN",
    "SANDERLING_EDGE_BUCKET_LISTEN",
    "SANDERLING_FLUSH_INTERVAL_MS",
    "SANDERLING_HOST",
    "SANDERLING_LISTEN",
    "SANDERLING_LOG",
    "SANDERLING_QUERY_MEMORY_MB",
    "SANDERLING_QUERY_READ_MB",
    "SANDERLING_STORE",
    "SANDERLING_TOKEN",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub data_dir: PathBuf,
    pub store: StoreLocation,
    pub listen: SocketAddr,
    pub edge_bucket_listen: Option<SocketAddr>,
    pub flush_interval_ms: u64,
    pub query_memory_bytes_max: usize,
    pub query_read_bytes_max: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    Local(PathBuf),
    S3 { bucket: String, prefix: String },
}

impl Raw {
    /// The error is one sentence for the person who typed.
    pub fn check(self) -> Result<Config, String> {
        let listen = address("--listen", &self.listen)?;
        let edge_bucket_listen = self.edge_bucket_listen.as_deref();
        let edge_bucket_listen = edge_bucket_listen.map(|text| address("--edge-bucket-listen", text)).transpose()?;
        if let Some(open) = edge_bucket_listen.filter(|address| !address.ip().is_loopback()) {
            return Err(format!(
                "--edge-bucket-listen {open} is not on loopback, and it shows all data without a token"
            ));
        }
        let store = match &self.store {
            None => StoreLocation::Local(self.data.join("store")),
            Some(url) => parse_store(url)?,
        };
        if self.query_memory_mb == 0 || self.query_read_mb == 0 {
            return Err("a query needs some memory and some bytes to read; the limits are in MB".to_owned());
        }
        Ok(Config {
            data_dir: self.data,
            store,
            listen,
            edge_bucket_listen,
            flush_interval_ms: self.flush_interval_ms,
            query_memory_bytes_max: self.query_memory_mb << 20,
            query_read_bytes_max: self.query_read_mb << 20,
        })
    }
}

fn address(flag: &str, text: &str) -> Result<SocketAddr, String> {
    let numbers = text.replace("localhost:", "127.0.0.1:");
    numbers.parse().map_err(|_| format!("{flag} {text:?} is not an address with a port, such as {LISTEN_DEFAULT}"))
}

fn parse_store(url: &str) -> Result<StoreLocation, String> {
    let known = "it can be s3://BUCKET/PREFIX or file:///DIRECTORY";
    if let Some(path) = url.strip_prefix("file://") {
        return Ok(StoreLocation::Local(PathBuf::from(path)));
    }
    let rest = url.strip_prefix("s3://").ok_or_else(|| format!("the store {url:?} is not known; {known}"))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(format!("the store {url:?} names no bucket; {known}"));
    }
    Ok(StoreLocation::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
}

/// Refuses `SANDERLING_` variables that nothing reads.
pub fn check_environment(names: impl Iterator<Item = String>) -> Result<(), String> {
    for name in names.filter(|name| name.starts_with("SANDERLING_")) {
        if !VARIABLES.contains(&name.as_str()) {
            let hint = sanderling_core::diagnostic::nearest(&name, VARIABLES.iter().copied());
            let hint = hint.map_or_else(|| VARIABLES.join(", "), |near| format!("did you mean {near}?"));
            return Err(format!("the environment variable {name} is not known; {hint}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
