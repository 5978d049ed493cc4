//! Column chunks that this isolate has read, the least recently used going first.
//!
//! Segments are immutable, so what is in here can never be stale.

use bytes::Bytes;
use sanderling_core::query::Read;
use std::collections::{BTreeMap, HashMap};

pub(crate) struct Blocks {
    bytes_max: usize,
    bytes: usize,
    clock: u64,
    entries: HashMap<Read, (Bytes, u64)>,
    /// Last use → whose.
    order: BTreeMap<u64, Read>,
}

impl Blocks {
    pub(crate) fn new(bytes_max: usize) -> Blocks {
        Blocks { bytes_max, bytes: 0, clock: 0, entries: HashMap::new(), order: BTreeMap::new() }
    }

    pub(crate) fn get(&mut self, read: &Read) -> Option<Bytes> {
        let (bytes, used) = self.entries.get_mut(read)?;
        self.order.remove(used);
        self.clock += 1;
        *used = self.clock;
        self.order.insert(self.clock, read.clone());
        Some(bytes.clone())
    }

    /// `bytes` must own their memory alone, or the bound means nothing.
    pub(crate) fn put(&mut self, read: &Read, bytes: Bytes) {
        if bytes.len() > self.bytes_max || self.entries.contains_key(read) {
            return;
        }
        self.clock += 1;
        self.bytes += bytes.len();
        self.order.insert(self.clock, read.clone());
        self.entries.insert(read.clone(), (bytes, self.clock));
        while self.bytes > self.bytes_max {
            let (_, oldest) = self.order.pop_first().expect("bytes are held, so an entry is");
            let (dropped, _) = self.entries.remove(&oldest).expect("order and entries agree");
            self.bytes -= dropped.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &str) -> Read {
        Read { key: key.to_owned(), range: 0..4 }
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut blocks = Blocks::new(8);
        blocks.put(&read("a"), Bytes::from_static(b"aaaa"));
        blocks.put(&read("b"), Bytes::from_static(b"bbbb"));
        assert_eq!(blocks.get(&read("a")), Some(Bytes::from_static(b"aaaa")));
        blocks.put(&read("c"), Bytes::from_static(b"cccc"));
        assert_eq!(blocks.get(&read("b")), None);
        assert!(blocks.get(&read("a")).is_some() && blocks.get(&read("c")).is_some());
        assert_eq!((blocks.bytes, blocks.order.len()), (8, 2));
    }

    #[test]
    fn what_is_too_large_is_not_held() {
        let mut blocks = Blocks::new(3);
        blocks.put(&read("a"), Bytes::from_static(b"aaaa"));
        assert_eq!((blocks.get(&read("a")), blocks.bytes), (None, 0));
    }
}
