//! A disk for tests: it can fail, and be crashed.

use super::{Disk, Tape};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

/// Clones share the files.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<u64, Contents>,
    /// Operations until they fail, and how many do then.
    failing: Option<(u64, u64)>,
    /// Counts crashes: what a dead process still holds open is not written any more.
    epoch: u64,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    bytes: Vec<u8>,
    synced: usize,
}

impl Memory {
    /// After `operations` more, `count` of them fail.
    pub fn fail_after(&self, operations: u64, count: u64) {
        self.state().failing = Some((operations, count));
    }

    pub fn heal(&self) {
        self.state().failing = None;
    }

    /// What was not synced is lost, but for the first `torn` bytes of it.
    pub fn crash(&self, torn: usize) {
        let mut state = self.state();
        state.epoch += 1;
        state.failing = None;
        for contents in state.files.values_mut() {
            let kept = (contents.synced + torn).min(contents.bytes.len());
            contents.bytes.truncate(kept);
            contents.synced = kept;
        }
    }

    /// Where files begin, and their bytes.
    pub fn files(&self) -> Vec<(u64, Vec<u8>)> {
        self.state().files.iter().map(|(start, contents)| (*start, contents.bytes.clone())).collect()
    }

    pub fn set(&self, start: u64, bytes: Vec<u8>) {
        let synced = bytes.len();
        self.state().files.insert(start, Contents { bytes, synced });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while it is held")
    }
}

impl State {
    fn operate(&mut self) -> io::Result<()> {
        match &mut self.failing {
            None => Ok(()),
            Some((0, 0)) => {
                self.failing = None;
                Ok(())
            }
            Some((0, count)) => {
                *count -= 1;
                Err(io::Error::new(ErrorKind::StorageFull, "no space left on device"))
            }
            Some((operations, _)) => {
                *operations -= 1;
                Ok(())
            }
        }
    }

    fn file(&mut self, start: u64) -> io::Result<&mut Contents> {
        self.files.get_mut(&start).ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Disk for Memory {
    fn list(&self) -> io::Result<Vec<u64>> {
        Ok(self.state().files.keys().copied().collect())
    }

    fn read(&self, start: u64) -> io::Result<Vec<u8>> {
        Ok(self.state().file(start)?.bytes.clone())
    }

    fn create(&mut self, start: u64) -> io::Result<Box<dyn Tape>> {
        let mut state = self.state();
        state.operate()?;
        state.files.insert(start, Contents::default());
        let epoch = state.epoch;
        Ok(Box::new(MemoryTape { disk: self.clone(), start, epoch }))
    }

    fn truncate(&mut self, start: u64, length: u64) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        let file = state.file(start)?;
        file.bytes.truncate(length as usize);
        file.synced = file.bytes.len();
        Ok(())
    }

    fn remove(&mut self, start: u64) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        state.files.remove(&start);
        Ok(())
    }
}

struct MemoryTape {
    disk: Memory,
    start: u64,
    epoch: u64,
}

impl MemoryTape {
    fn with_file<T>(&mut self, work: impl FnOnce(&mut Contents) -> T) -> io::Result<T> {
        let mut state = self.disk.state();
        if state.epoch != self.epoch {
            return Err(io::Error::other("the process is dead"));
        }
        state.operate()?;
        state.file(self.start).map(work)
    }
}

impl Tape for MemoryTape {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with_file(|file| file.bytes.extend(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with_file(|file| file.synced = file.bytes.len())
    }
}
