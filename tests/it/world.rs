//! A host in this process: a store in memory, a clock that stands still, and no socket.

use bytes::Bytes;
use sanderling::clock::{Clock, Fake};
use sanderling::config::{Config, StoreLocation};
use sanderling::server::Server;
use sanderling::storage::Memory;
use sanderling::workspace::Workspace;
use sanderling_core::api::multipart::{self, Part};
use sanderling_core::api::{Request, Response};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// 2026-01-15 12:00:00 UTC.
pub(crate) const NOW_S: i64 = 1_768_478_400;

/// Whatever answers requests as `core::api` says.
pub(crate) trait Shell {
    fn ask(&self, asked: &Asked) -> Answer;
}

/// A request as it goes over the wire.
pub(crate) struct Asked {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Asked {
    pub(crate) fn request(&self) -> Request {
        Request::new(&self.method, &self.target, self.headers.clone(), Bytes::from(self.body.clone()))
    }
}

pub(crate) struct World {
    runtime: Runtime,
    workspace: Arc<Workspace>,
    server: Arc<Server>,
    directory: PathBuf,
}

impl World {
    /// The clock stands at `now_s`.
    pub(crate) fn at(now_s: i64) -> World {
        static WORLDS: AtomicU32 = AtomicU32::new(0);
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("sanderling-world-{}-{number}", std::process::id()));
        let config = Config {
            data_dir: directory.clone(),
            store: StoreLocation::Local(directory.join("unused")),
            listen: "127.0.0.1:0".parse().expect("an address"),
            edge_bucket_listen: None,
            // Rows reach segments when a test says so.
            flush_interval_ms: u64::from(u32::MAX),
            query_memory_bytes_max: 256 << 20,
            query_read_bytes_max: 1 << 30,
        };
        let runtime = Runtime::new().expect("threads");
        let clock: Arc<dyn Clock> = Arc::new(Fake::new(now_s * 1_000_000_000, 7));
        let opened = runtime.block_on(Workspace::open(&config, Arc::new(Memory::default()), clock));
        let workspace = Arc::new(opened.expect("a new workspace opens"));
        let server = Server::new(workspace.clone());
        World { runtime, workspace, server, directory }
    }

    pub(crate) fn admin_token(&self) -> &str {
        &self.workspace.secrets().admin_token
    }

    pub(crate) fn workspace_id(&self) -> &str {
        &self.workspace.secrets().workspace_id
    }

    pub(crate) fn deploy<'a>(&self, files: impl IntoIterator<Item = (&'a String, &'a String)>) -> Response {
        let part = |(path, text): (&String, &String)| Part {
            name: "data_project://".to_owned(),
            file_name: path.clone(),
            text: text.clone(),
        };
        let parts: Vec<Part> = files.into_iter().map(part).collect();
        let (content_type, body) = multipart::write(&parts, "boundary-of-a-test");
        let headers = vec![
            ("content-type".to_owned(), content_type),
            ("authorization".to_owned(), format!("Bearer {}", self.admin_token())),
        ];
        self.call(Request::new("POST", "/v1/deploy?auto_promote=true", headers, Bytes::from(body)))
    }

    pub(crate) fn call(&self, request: Request) -> Response {
        self.runtime.block_on(self.server.call(request, None))
    }

    /// Serves the store as edge workers read it, as long as the world stands.
    pub(crate) fn serve_bucket(&self) -> SocketAddr {
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        self.runtime.spawn(self.server.clone().listen_for_edges(listener));
        address
    }

    /// Brings every row into segments.
    pub(crate) fn flush(&self) {
        self.runtime.block_on(self.workspace.ingest().flush()).expect("memory takes segments");
    }
}

impl Shell for World {
    fn ask(&self, asked: &Asked) -> Answer {
        let response = self.call(asked.request());
        Answer {
            status: response.status,
            headers: response.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body: String::from_utf8_lossy(&response.body).into_owned(),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.workspace.shutdown());
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
