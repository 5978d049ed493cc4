//! A small workspace in memory, written as a host writes one.

use arrow::array::{ArrayRef, RecordBatch, StringViewArray};
use bytes::Bytes;
use sanderling::server::bucket::Objects;
use sanderling_core::access::token;
use sanderling_core::batch::Schema;
use sanderling_core::catalog::{
    Catalog, Column, DataSource, Engine, EngineKind, Node, NodeKind, Pipe, Scope, StaticToken,
};
use sanderling_core::manifest::{self, Commit, Manifest, Segment, key};
use sanderling_core::template::Template;
use sanderling_core::value::DataType;
use sanderling_core::{Error, Result, segment};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

pub(super) const WORKSPACE: &str = "w1";
pub(super) const ADMIN_TOKEN: &str = "p.admin.token";
const HITS: &str = "t_hits";

pub(super) struct Store {
    objects: Mutex<BTreeMap<String, Bytes>>,
    commit: Mutex<Commit>,
    manifest: Mutex<Manifest>,
    reads: Mutex<Vec<String>>,
}

impl Store {
    /// `hits` with six rows of two tenants in two segments, and the endpoint `top` over them.
    pub(super) fn with_hits() -> Store {
        let store = Store {
            objects: Mutex::default(),
            commit: Mutex::new(Commit::first("c0".to_owned(), 0)),
            manifest: Mutex::new(Manifest::empty(HITS)),
            reads: Mutex::default(),
        };
        store.put(key::catalog(WORKSPACE, "c0"), manifest::encode(&catalog()));
        store.publish(Commit::first("c0".to_owned(), 0));
        store.append(&[("x", "/a"), ("x", "/a"), ("x", "/b"), ("y", "/a")]);
        store.append(&[("x", "/a"), ("y", "/b")]);
        store
    }

    /// One more segment of (tenant, path), in a commit of its own.
    pub(super) fn append(&self, rows: &[(&str, &str)]) {
        let column = |values: Vec<&str>| Arc::new(StringViewArray::from(values)) as ArrayRef;
        let columns =
            vec![column(rows.iter().map(|row| row.0).collect()), column(rows.iter().map(|row| row.1).collect())];
        let batch = RecordBatch::try_new(schema().to_arrow(), columns).unwrap();
        let written = segment::write(&schema(), &[batch]).unwrap();
        let id = format!("s{}-{}", self.version() + 1, rows[0].0);
        self.put(key::segment(WORKSPACE, HITS, &id), written.bytes.to_vec());
        let segment = Segment {
            id,
            partition: String::new(),
            level: 0,
            rows: written.rows,
            bytes: written.bytes.len() as u64,
            footer: written.footer.into(),
        };
        self.change(|manifest| manifest.segments.push(segment));
    }

    /// Removes the segments whose first row is of this tenant.
    pub(super) fn remove(&self, tenant: &str) {
        self.change(|manifest| manifest.segments.retain(|segment| !segment.id.ends_with(&format!("-{tenant}"))));
    }

    pub(super) fn version(&self) -> u64 {
        self.commit.lock().unwrap().number
    }

    /// Names of all objects that were asked for so far.
    pub(super) fn reads(&self) -> Vec<String> {
        self.reads.lock().unwrap().clone()
    }

    fn change(&self, change: impl FnOnce(&mut Manifest)) {
        let mut manifest = self.manifest.lock().unwrap();
        change(&mut manifest);
        let mut next = self.commit.lock().unwrap().next("test", 0);
        let id = key::object_id(next.number, 0);
        self.put(key::manifest(WORKSPACE, HITS, &id), manifest::encode(&*manifest));
        next.manifests.insert(HITS.to_owned(), id);
        self.publish(next);
    }

    /// The hint lags behind by one, as it may.
    fn publish(&self, commit: Commit) {
        let bytes = manifest::encode(&commit);
        self.put(key::head(WORKSPACE), manifest::encode(&*self.commit.lock().unwrap()));
        self.put(key::commit(WORKSPACE, commit.number), bytes);
        *self.commit.lock().unwrap() = commit;
    }

    fn put(&self, key: String, bytes: Vec<u8>) {
        self.objects.lock().unwrap().insert(key, bytes.into());
    }

    fn find(&self, key: &str) -> Result<Bytes> {
        let found = self.objects.lock().unwrap().get(key).cloned();
        found.ok_or_else(|| Error::not_found(format!("no object {key}")))
    }
}

#[async_trait::async_trait]
impl Objects for Store {
    async fn size(&self, key: &str) -> Result<u64> {
        self.find(key).map(|bytes| bytes.len() as u64)
    }

    async fn get(&self, key: &str) -> Result<Bytes> {
        self.reads.lock().unwrap().push(key.to_owned());
        self.find(key)
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes> {
        self.reads.lock().unwrap().push(key.to_owned());
        let bytes = self.find(key)?;
        bytes
            .get(range.start as usize..range.end as usize)
            .map(Bytes::copy_from_slice)
            .ok_or_else(|| Error::invalid(format!("{key}: {range:?} of {} bytes", bytes.len())))
    }

    async fn list(&self, _prefix: &str) -> Result<Vec<(String, u64)>> {
        Err(Error::internal("the worker lists nothing"))
    }
}

fn schema() -> Schema {
    Schema(vec![("tenant".to_owned(), DataType::String), ("path".to_owned(), DataType::String)])
}

fn catalog() -> Catalog {
    let columns =
        schema().0.into_iter().map(|(name, data_type)| Column { name, data_type, json_path: None, default: None });
    let engine = Engine {
        kind: EngineKind::MergeTree,
        sorting_key: Vec::new(),
        partition_key: Vec::new(),
        primary_key: Vec::new(),
        ..Engine::default()
    };
    let hits = DataSource {
        id: HITS.to_owned(),
        name: "hits".to_owned(),
        description: String::new(),
        columns: columns.collect(),
        engine,
        file: "datasources/hits.datasource".to_owned(),
        text: String::new(),
        ..DataSource::default()
    };
    let sql = "SELECT path, count() AS hits FROM hits GROUP BY path ORDER BY hits DESC";
    let (template, diagnostics) = Template::compile(sql, "endpoints/top.pipe", 0);
    assert!(diagnostics.is_empty());
    let top = Pipe {
        id: "t_top".to_owned(),
        name: "top".to_owned(),
        description: String::new(),
        nodes: vec![Node {
            name: "endpoint".to_owned(),
            description: String::new(),
            kind: NodeKind::Endpoint,
            template,
        }],
        endpoint: Some(0),
        file: "endpoints/top.pipe".to_owned(),
        text: sql.to_owned(),
        ..Pipe::default()
    };
    let mut catalog = Catalog::empty(WORKSPACE, "test");
    catalog.data_sources.insert("hits".to_owned(), Arc::new(hits));
    catalog.pipes.insert("top".to_owned(), Arc::new(top));
    catalog.tokens.push(StaticToken {
        id: "admin".to_owned(),
        name: "admin".to_owned(),
        digest: token::digest(ADMIN_TOKEN),
        scopes: vec![Scope::Admin],
    });
    catalog
}
