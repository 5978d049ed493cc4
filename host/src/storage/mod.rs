//! Where a workspace's objects live: names and bytes, nothing else.
//!
//! All of them are written once and never changed, but for a hint ([`Storage::put`]). The one thing
//! asked of a store beyond reading and writing is to create an object only if there is none.

mod local;
mod memory;
mod s3;
pub mod suite;

pub use local::Local;
pub use memory::Memory;
pub use s3::{S3, Settings as S3Settings};

use async_trait::async_trait;
use bytes::Bytes;
use sanderling_core::Result;
use std::fmt::Debug;
use std::ops::Range;

#[async_trait]
pub trait Storage: Send + Sync + Debug {
    /// `NotFound` if there is none.
    async fn get(&self, key: &str) -> Result<Bytes>;

    /// These bytes of one object, in the order asked for. A range past the end is `Corrupt`: the
    /// object is shorter than what was written.
    async fn get_ranges(&self, key: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>>;

    /// `Conflict` if there is one. When it returns, the object is durable.
    async fn put_if_absent(&self, key: &str, bytes: Bytes) -> Result<()>;

    /// Replaces what may be there. Only for hints: a reader may see the old one for a while.
    async fn put(&self, key: &str, bytes: Bytes) -> Result<()>;

    /// Names that begin with `prefix` (whole parts: it ends in `/`), sorted.
    async fn list(&self, prefix: &str) -> Result<Vec<String>>;

    /// Nothing happens if there is none.
    async fn delete(&self, key: &str) -> Result<()>;
}
