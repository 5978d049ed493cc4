//! The workspace log: which segments are live at a version, and the rule for the next version.
//!
//! ```text
//! <workspace>/log/00000000000000001234                    Commit (CBOR), created only if absent
//! <workspace>/log/head                                    a copy of some recent Commit: a hint, may lag
//! <workspace>/manifest/<data source id>/<number>-<nonce>  Manifest (CBOR)
//! <workspace>/catalog/<number>-<nonce>                    Catalog (CBOR)
//! <workspace>/segment/<data source id>/<segment id>.parquet
//! ```
//!
//! Every object is immutable but the hint. The commit's number alone decides a race: two writers
//! may both write manifests for number 1234 (the nonce keeps them apart), one creates `log/…1234`,
//! the other re-reads, rebases and tries the next number. What the loser wrote is never referenced.
//! A reader that holds a commit holds the whole workspace at that version.

use crate::error::{Error, Result};
use crate::segment::Footer;
use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Version of the CBOR below. A reader refuses a newer one; fields are only ever added.
pub const FORMAT: u32 = 2;

/// One version of a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    pub format: u32,
    pub number: u64,
    /// Unix time of the host that made it. For people; nothing decides by it.
    pub at_ms: i64,
    /// What happened, in a word or two.
    pub note: String,
    /// Id of the catalog object that this version uses.
    pub catalog: String,
    /// Data source id → id of its manifest object. A data source without rows has none.
    pub manifests: BTreeMap<String, String>,
    /// Writer id → everything before this position of that writer's WAL is in the segments.
    pub writers: BTreeMap<String, u64>,
}

/// The live segments of one data source at one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub data_source: String,
    pub segments: Vec<Segment>,
}

/// An immutable sorted Parquet file, and what a reader must know to skip it or to read exactly
/// the bytes it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    pub id: String,
    /// The partition key's value, printed; all rows of a segment share it.
    pub partition: String,
    /// 0 as flushed; each compaction adds one.
    pub level: u8,
    pub rows: u64,
    pub bytes: u64,
    /// The file's Parquet metadata, with min, max and null count of each column chunk: a query
    /// prunes and plans its reads without touching the file.
    pub footer: StoredFooter,
}

/// A footer as bytes, decoded when first asked for and then kept.
#[derive(Clone)]
pub struct StoredFooter {
    bytes: Arc<[u8]>,
    decoded: OnceLock<Footer>,
}

impl StoredFooter {
    pub fn get(&self) -> Result<&Footer> {
        if let Some(footer) = self.decoded.get() {
            return Ok(footer);
        }
        let footer = Footer::decode(&self.bytes)?;
        Ok(self.decoded.get_or_init(|| footer))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Arc<[u8]>> for StoredFooter {
    fn from(bytes: Arc<[u8]>) -> StoredFooter {
        StoredFooter { bytes, decoded: OnceLock::new() }
    }
}

impl PartialEq for StoredFooter {
    fn eq(&self, other: &StoredFooter) -> bool {
        self.bytes == other.bytes
    }
}

impl fmt::Debug for StoredFooter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StoredFooter({} bytes)", self.bytes.len())
    }
}

impl Commit {
    /// Version 0 of a workspace: nothing but a catalog.
    pub fn first(catalog: String, at_ms: i64) -> Commit {
        Commit {
            format: FORMAT,
            number: 0,
            at_ms,
            note: "created".to_owned(),
            catalog,
            manifests: BTreeMap::new(),
            writers: BTreeMap::new(),
        }
    }

    /// The version after this one, as yet with nothing changed.
    pub fn next(&self, note: &str, at_ms: i64) -> Commit {
        Commit { number: self.number + 1, note: note.to_owned(), at_ms, ..self.clone() }
    }
}

impl Manifest {
    pub fn empty(data_source: &str) -> Manifest {
        Manifest { format: FORMAT, data_source: data_source.to_owned(), segments: Vec::new() }
    }

    pub fn rows(&self) -> u64 {
        self.segments.iter().map(|segment| segment.rows).sum()
    }

    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }
}

/// Names of the objects of a workspace.
pub mod key {
    pub fn commit(workspace: &str, number: u64) -> String {
        format!("{workspace}/log/{number:020}")
    }

    pub fn head(workspace: &str) -> String {
        format!("{workspace}/log/head")
    }

    pub fn manifest(workspace: &str, data_source: &str, id: &str) -> String {
        format!("{workspace}/manifest/{data_source}/{id}")
    }

    pub fn catalog(workspace: &str, id: &str) -> String {
        format!("{workspace}/catalog/{id}")
    }

    pub fn segment(workspace: &str, data_source: &str, id: &str) -> String {
        format!("{workspace}/segment/{data_source}/{id}.parquet")
    }

    /// The id of a manifest or catalog written for commit `number`.
    pub fn object_id(number: u64, nonce: u64) -> String {
        format!("{number:020}-{nonce:016x}")
    }
}

/// Stored bytes of a commit, manifest or catalog: CBOR and its CRC-32C (4 bytes, little-endian).
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("writing CBOR to memory cannot fail");
    let checksum = crc32c::crc32c(&out);
    out.extend(checksum.to_le_bytes());
    out
}

/// An object of its own in the store, which says in which version of the format it is.
pub trait Stored: DeserializeOwned {
    fn format(&self) -> u32;
}

impl Stored for Commit {
    fn format(&self) -> u32 {
        self.format
    }
}

impl Stored for Manifest {
    fn format(&self) -> u32 {
        self.format
    }
}

/// Reads what [`encode`] wrote; `what` names the object in the error.
pub fn decode<T: Stored>(bytes: &[u8], what: &str) -> Result<T> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let (bytes, checksum) =
        bytes.split_last_chunk::<4>().ok_or_else(|| Error::corrupt(format!("{what}: too short")))?;
    if crc32c::crc32c(bytes) != u32::from_le_bytes(*checksum) {
        return Err(Error::corrupt(format!("{what}: checksum mismatch")));
    }
    let read: std::result::Result<T, _> = ciborium::from_reader(bytes);
    // what a newer program wrote may not be readable as a whole
    let format = match &read {
        Ok(value) => value.format(),
        Err(_) => ciborium::from_reader(bytes).map_or(0, |Format { format }| format),
    };
    if format > FORMAT {
        return Err(Error::corrupt(format!(
            "{what}: format {format} is newer than this program's {FORMAT}; upgrade it"
        )));
    }
    read.map_err(|error| Error::corrupt(format!("{what}: not readable: {error}")))
}

impl Serialize for StoredFooter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.bytes)
    }
}

impl<'de> Deserialize<'de> for StoredFooter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StoredFooter, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = StoredFooter;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a byte string")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<StoredFooter, E> {
                Ok(StoredFooter::from(Arc::from(bytes)))
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

#[cfg(test)]
mod tests;
