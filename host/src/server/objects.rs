//! The workspace's store as `bucket` wants it.

use super::bucket::Objects;
use crate::storage::Storage;
use bytes::Bytes;
use sanderling_core::error::{Error, Result};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

pub(super) struct Stored {
    storage: Arc<dyn Storage>,
    /// Of objects that cannot change. A store tells no sizes, so the first question reads the object.
    sizes: Mutex<BTreeMap<String, u64>>,
}

/// Then the sizes are forgotten and asked for again.
const SIZES_MAX: usize = 100_000;

impl Stored {
    pub(super) fn new(storage: Arc<dyn Storage>) -> Stored {
        Stored { storage, sizes: Mutex::default() }
    }

    fn sizes(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.sizes.lock().expect("no panic while it is held")
    }
}

#[async_trait::async_trait]
impl Objects for Stored {
    async fn size(&self, key: &str) -> Result<u64> {
        if let Some(known) = self.sizes().get(key) {
            return Ok(*known);
        }
        let size = self.storage.get(key).await?.len() as u64;
        // The hint at the latest commit is the one object that is written again.
        if !key.ends_with("/log/head") {
            let mut sizes = self.sizes();
            if sizes.len() >= SIZES_MAX {
                sizes.clear();
            }
            sizes.insert(key.to_owned(), size);
        }
        Ok(size)
    }

    async fn get(&self, key: &str) -> Result<Bytes> {
        self.storage.get(key).await
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let found = self.storage.get_ranges(key, &[range]).await?.pop();
        found.ok_or_else(|| Error::internal(format!("{key}: the store answered no range")))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>> {
        // The store lists whole parts; what is left of the prefix is compared here.
        let whole = prefix.rfind('/').map_or("", |at| &prefix[..=at]);
        let mut found = Vec::new();
        for name in self.storage.list(whole).await?.into_iter().filter(|name| name.starts_with(prefix)) {
            let size = self.size(&name).await?;
            found.push((name, size));
        }
        Ok(found)
    }
}
