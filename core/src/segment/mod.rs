//! A segment: an immutable sorted Parquet file, and the footer that a manifest keeps of it.
//!
//! ```text
//! rows ─ write ─▶ file (to the object store)
//!            └──▶ footer (into the manifest) ─ Footer::decode ─▶ bounds, ranges
//!                                                  │
//!                 fetched ranges ─ SparseBytes ────┴─ Footer::read ─▶ batches
//! ```
//!
//! Bytes that come back from a store are checked against the footer's checksums before they are
//! decoded, so damage ends in `Kind::Corrupt` and never in a wrong row. `docs/format.md` draws the file.

mod footer;
mod format;
mod reader;
mod writer;

pub use footer::{Bounds, Footer};
pub use reader::{Reader, SparseBytes};
pub use writer::{Written, write};

#[cfg(test)]
mod tests;
