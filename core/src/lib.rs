//! The Sanderling engine: bytes and text in, bytes and rows out.
//!
//! No sockets, files, clocks, randomness or threads live here; the shells (`host`, `edge-worker`)
//! fetch bytes, tell the time and speak HTTP. One engine, so one answer, wherever it runs.
//!
//! ```text
//!  .datasource .pipe ─ datafile ─ template ─ compile ─▶ catalog          (deploy)
//!                                                          │
//!  request ─ api ─ access ─ template ─ sql ─ plan ─ query ─┼─▶ reads ▶ bytes ▶ exec ─ format ─▶ body
//!                                                          │
//!  events ─ ingest ─ segment ─ manifest ─▶ commit ─────────┘
//! ```
//!
//! Modules in reading order. A module uses only what stands before it
//! (`tests/it/tidy.rs` checks it).

pub mod limits;

pub mod error;

pub mod diagnostic;

pub mod value;

pub mod batch;

pub mod function;

pub mod segment;

pub mod manifest;

pub mod template;

pub mod catalog;

pub mod datafile;

pub mod sql;

pub mod plan;

pub mod fold;

pub mod compile;

pub mod exec;

pub mod compact;

pub mod ingest;

pub mod query;

pub mod view;

pub mod access;

pub mod format;

pub mod local;

pub mod api;

pub use error::{Error, Kind, Result};
