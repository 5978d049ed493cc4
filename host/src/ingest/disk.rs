//! The files that a journal is made of, each named by the position of its first byte.

mod memory;

pub use memory::Memory;

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A directory of journal files. What returns without an error is durable, but for
/// [`Tape::append`], which is so after [`Tape::sync`].
pub trait Disk: Send + Debug {
    /// Positions at which files begin, sorted.
    fn list(&self) -> io::Result<Vec<u64>>;
    fn read(&self, start: u64) -> io::Result<Vec<u8>>;
    /// An empty file, also where there was one.
    fn create(&mut self, start: u64) -> io::Result<Box<dyn Tape>>;
    fn truncate(&mut self, start: u64, length: u64) -> io::Result<()>;
    fn remove(&mut self, start: u64) -> io::Result<()>;
}

/// A file that grows.
pub trait Tape: Send {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

#[derive(Debug)]
pub struct Local {
    directory: PathBuf,
}

impl Local {
    pub fn open(directory: &Path) -> io::Result<Local> {
        fs::create_dir_all(directory)?;
        if let Some(parent) = directory.parent() {
            sync_directory(parent)?;
        }
        Ok(Local { directory: directory.to_owned() })
    }

    fn path(&self, start: u64) -> PathBuf {
        self.directory.join(format!("{start:020}.wal"))
    }
}

impl Disk for Local {
    fn list(&self) -> io::Result<Vec<u64>> {
        let mut starts = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            let start: Option<u64> = name.to_str().and_then(|name| name.strip_suffix(".wal")?.parse().ok());
            starts.extend(start);
        }
        starts.sort_unstable();
        Ok(starts)
    }

    fn read(&self, start: u64) -> io::Result<Vec<u8>> {
        fs::read(self.path(start))
    }

    fn create(&mut self, start: u64) -> io::Result<Box<dyn Tape>> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(self.path(start))?;
        sync_directory(&self.directory)?;
        Ok(Box::new(file))
    }

    fn truncate(&mut self, start: u64, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path(start))?;
        file.set_len(length)?;
        file.sync_all()
    }

    fn remove(&mut self, start: u64) -> io::Result<()> {
        match fs::remove_file(self.path(start)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => sync_directory(&self.directory),
        }
    }
}

impl Tape for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
