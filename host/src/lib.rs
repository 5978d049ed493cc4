//! The native host: tokio and axum live here.

mod backfill;
pub mod cli;
pub mod clock;
pub mod compactor;
pub mod config;
pub mod ingest;
pub mod log;
pub mod project;
pub mod secrets;
pub mod server;
pub mod storage;
pub mod workspace;
