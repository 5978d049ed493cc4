//! Objects as files of a directory.
//!
//! An object is written beside the others, synced, and then linked to its name: a name that exists
//! always has all its bytes, also after a power cut. (`object_store`'s local store does not sync.)

use super::Storage;
use async_trait::async_trait;
use bytes::Bytes;
use sanderling_core::{Error, Kind, Result};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Holds files that are not yet objects.
const STAGE: &str = ".stage";

/// Keeps names apart there, also when a directory is opened twice.
static STAGED: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Debug)]
pub struct Local {
    directory: Arc<Path>,
}

impl Local {
    /// The directory is made if there is none.
    pub fn open(directory: &Path) -> Result<Local> {
        let stage = directory.join(STAGE);
        fs::create_dir_all(&stage).map_err(|error| failed(&stage.display().to_string(), error))?;
        Ok(Local { directory: directory.into() })
    }

    fn path(&self, key: &str) -> Result<PathBuf> {
        let relative = Path::new(key);
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || key.is_empty() || key.starts_with(STAGE) {
            return Err(Error::internal(format!("{key:?} is no name of an object")));
        }
        Ok(self.directory.join(relative))
    }

    /// Runs file work where it may block.
    async fn run<T: Send + 'static>(
        &self,
        key: &str,
        work: impl FnOnce(&Local, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (this, path) = (self.clone(), self.path(key)?);
        let done = tokio::task::spawn_blocking(move || work(&this, &path)).await;
        done.map_err(|error| Error::internal(format!("{key}: {error}")))?.map_err(|error| failed(key, error))
    }

    /// A synced file with these bytes that has no name yet that counts.
    fn stage(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let number = STAGED.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.join(STAGE).join(format!("{}-{number}", std::process::id()));
        let mut file = File::create(&path)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).inspect_err(|_| {
            let _ = fs::remove_file(&path);
        })?;
        Ok(path)
    }

    /// Makes the folders of `path`, and their names durable.
    fn make_parents(&self, path: &Path) -> io::Result<()> {
        let parent = path.parent().expect("an object lies in the directory");
        if parent.is_dir() {
            return Ok(());
        }
        self.make_parents(parent)?;
        match fs::create_dir(parent) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        sync_directory(parent.parent().expect("it was just made in one"))
    }
}

#[async_trait]
impl Storage for Local {
    async fn get(&self, key: &str) -> Result<Bytes> {
        self.run(key, |_, path| fs::read(path).map(Bytes::from)).await
    }

    async fn get_ranges(&self, key: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let ranges = ranges.to_vec();
        self.run(key, move |_, path| {
            let file = File::open(path)?;
            let read = |range: Range<u64>| {
                let mut bytes = vec![0; (range.end - range.start) as usize];
                file.read_exact_at(&mut bytes, range.start)?;
                Ok(Bytes::from(bytes))
            };
            ranges.into_iter().map(read).collect()
        })
        .await
    }

    async fn put_if_absent(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.run(key, move |this, path| {
            this.make_parents(path)?;
            let staged = this.stage(&bytes)?;
            // a link, unlike a rename, fails where there is a file
            let linked = fs::hard_link(&staged, path);
            fs::remove_file(&staged)?;
            linked?;
            sync_directory(path.parent().expect("an object lies in the directory"))
        })
        .await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.run(key, move |this, path| {
            this.make_parents(path)?;
            let staged = this.stage(&bytes)?;
            fs::rename(staged, path)
        })
        .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let prefix = prefix.to_owned();
        self.run(&prefix.clone(), move |this, path| {
            let mut keys = Vec::new();
            collect(&this.directory, path, &mut keys)?;
            keys.sort();
            Ok(keys)
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.run(key, |_, path| match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }
}

fn collect(root: &Path, folder: &Path, keys: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, keys)?;
        } else if let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            keys.push(key.to_owned());
        }
    }
    Ok(())
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn failed(key: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        ErrorKind::NotFound => Kind::NotFound,
        ErrorKind::AlreadyExists => Kind::Conflict,
        ErrorKind::UnexpectedEof => Kind::Corrupt,
        // full, read-only, not ours: somebody has to act, but the request may be repeated then
        _ => Kind::Unavailable,
    };
    Error::new(kind, format!("{key}: {error}")).with_source(error)
}

#[cfg(test)]
#[tokio::test]
async fn passes_the_suite() {
    let directory = std::env::temp_dir().join(format!("sanderling-local-{}", std::process::id()));
    super::suite::run(Arc::new(Local::open(&directory).expect("a folder"))).await;
    fs::remove_dir_all(directory).expect("removed");
}
