//! Objects in memory: for tests, and for a host that need not remember.

use super::Storage;
use async_trait::async_trait;
use bytes::Bytes;
use sanderling_core::{Error, Kind, Result};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard};

#[derive(Debug, Default)]
pub struct Memory {
    objects: Mutex<BTreeMap<String, Bytes>>,
}

impl Memory {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().expect("no panic while it is held")
    }
}

#[async_trait]
impl Storage for Memory {
    async fn get(&self, key: &str) -> Result<Bytes> {
        self.objects().get(key).cloned().ok_or_else(|| Error::not_found(format!("{key}: not found")))
    }

    async fn get_ranges(&self, key: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let bytes = self.get(key).await?;
        let slice = |range: &Range<u64>| match range.end <= bytes.len() as u64 {
            true => Ok(bytes.slice(range.start as usize..range.end as usize)),
            false => Err(Error::corrupt(format!("{key}: has {} bytes, wanted {range:?}", bytes.len()))),
        };
        ranges.iter().map(slice).collect()
    }

    async fn put_if_absent(&self, key: &str, bytes: Bytes) -> Result<()> {
        let mut objects = self.objects();
        if objects.contains_key(key) {
            return Err(Error::new(Kind::Conflict, format!("{key}: exists")));
        }
        objects.insert(key.to_owned(), bytes);
        Ok(())
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.objects().insert(key.to_owned(), bytes);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(self.objects().keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.objects().remove(key);
        Ok(())
    }
}

#[cfg(test)]
#[tokio::test]
async fn passes_the_suite() {
    super::suite::run(std::sync::Arc::new(Memory::default())).await;
}
