//! The edge worker in real workerd, over the bucket that a host serves: one process for all of
//! these, as compiling the engine takes longer than the tests.

mod store;

use crate::world::{Answer, Asked, Shell};
use sanderling_core::access::jwt;
use sanderling_core::catalog::Scope;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::{ADMIN_TOKEN, Store, WORKSPACE};
use xtask::client::Client;
use xtask::wasm::{self, Artefact};
use xtask::workerd::{Edge, Running};

struct World {
    store: Arc<Store>,
    edge: Edge,
    running: Running,
    /// Serves the bucket.
    _runtime: tokio::runtime::Runtime,
}

/// For what happens within a second, unless it never does.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tests share it as long as one of them runs: a static is never dropped, and workerd would live on.
static WORLD: Mutex<Weak<World>> = Mutex::new(Weak::new());
static TURN: Mutex<()> = Mutex::new(());

/// A test's turn: each sees the object reads of its own requests only.
struct Turn {
    world: Arc<World>,
    _turn: MutexGuard<'static, ()>,
}

fn world() -> Turn {
    // Taken first, so that a test that waits for its turn keeps the world alive.
    let world = {
        let mut known = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
        let world = known.upgrade().unwrap_or_else(|| Arc::new(World::start()));
        *known = Arc::downgrade(&world);
        world
    };
    Turn { world, _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner) }
}

impl World {
    fn start() -> World {
        let store = Arc::new(Store::with_hits());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let bucket = listener.local_addr().unwrap();
        let router = sanderling::server::bucket::router(store.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        let edge = Edge {
            artefact: artefact(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            bucket,
            workspace: WORKSPACE.to_owned(),
            admin_token: ADMIN_TOKEN.to_owned(),
            host_url: None,
            commit_age_ms_max: Some(0),
        };
        World { store, running: edge.start().unwrap(), edge, _runtime: runtime }
    }

    fn as_admin(&self) -> Client {
        Client::new(&self.running.url, ADMIN_TOKEN)
    }

    /// Asks with a token that may call `top` and sees one tenant.
    fn as_tenant(&self, tenant: &str) -> Client {
        let call = Scope::PipeRead { name: "top".to_owned(), fixed_params: BTreeMap::new(), filter: None };
        let rows = Scope::DataSourceRead { name: "hits".to_owned(), filter: Some(format!("tenant = '{tenant}'")) };
        self.as_admin().with_token(&mint(vec![call, rows], ADMIN_TOKEN))
    }
}

/// A worker over the store of a host's world, as a shell for scenarios.
pub(crate) struct Worker {
    running: Running,
}

impl Worker {
    pub(crate) fn over(world: &crate::world::World) -> Worker {
        let edge = Edge {
            artefact: artefact(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            bucket: world.serve_bucket(),
            workspace: world.workspace_id().to_owned(),
            admin_token: world.admin_token().to_owned(),
            host_url: None,
            commit_age_ms_max: Some(0),
        };
        Worker { running: edge.start().unwrap() }
    }
}

impl Shell for Worker {
    fn ask(&self, asked: &Asked) -> Answer {
        let client = Client::new(&self.running.url, "");
        let answer = client.send(&asked.method, &asked.target, &asked.headers, asked.body.as_bytes()).unwrap();
        Answer { status: answer.status, headers: answer.headers(), body: answer.body }
    }
}

/// The worker as `cargo xtask wasm` builds it; built here if it is not there yet.
fn artefact() -> Artefact {
    let artefact = Artefact::of(&wasm::Options::default());
    match artefact.is_complete() {
        true => artefact,
        false => {
            xtask::setup::all().unwrap();
            wasm::build(&wasm::Options::default()).unwrap()
        }
    }
}

fn mint(scopes: Vec<Scope>, secret: &str) -> String {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let name = "test".to_owned();
    let claims =
        jwt::Claims { workspace_id: WORKSPACE.to_owned(), name, expires_s: now_s + 60, scopes, requests_per_s: None };
    jwt::mint(&claims, secret, None)
}

#[track_caller]
fn data(client: &Client, path: &str) -> Value {
    let answer = client.get(path).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    body["data"].clone()
}

#[track_caller]
fn check_error(client: &Client, path: &str, status: u16, expected: &str) {
    let answer = client.get(path).unwrap();
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(answer.body.contains(expected), "{}", answer.body);
    assert!(answer.header("x-request-id").is_some());
}

#[test]
fn an_endpoint_is_answered_from_the_bucket() {
    let turn = world();
    let world = &turn.world;
    let expected = json!([{"path": "/a", "hits": 4}, {"path": "/b", "hits": 2}]);
    assert_eq!(data(&world.as_admin(), "/v0/pipes/top.json"), expected);
    let csv = world.as_admin().get("/v0/pipes/top.csv").unwrap();
    assert_eq!(csv.body, "\"path\",\"hits\"\n\"/a\",4\n\"/b\",2\n");
}

#[test]
fn sql_is_answered() {
    let turn = world();
    let sql = "/v0/sql?q=SELECT+count()+AS+n+FROM+hits+FORMAT+JSON";
    assert_eq!(data(&turn.world.as_admin(), sql), json!([{"n": 6}]));
}

#[test]
fn a_token_sees_its_tenant_only() {
    let turn = world();
    let world = &turn.world;
    let expected = json!([{"path": "/a", "hits": 3}, {"path": "/b", "hits": 1}]);
    assert_eq!(data(&world.as_tenant("x"), "/v0/pipes/top.json"), expected);
    assert_eq!(data(&world.as_tenant("nobody"), "/v0/pipes/top.json"), json!([]));
    check_error(&world.as_tenant("x"), "/v0/pipes/other.json", 403, "PIPES:READ:other");
    let forged = world.as_admin().with_token(&mint(vec![Scope::ReadAll], "another secret"));
    check_error(&forged, "/v0/pipes/top.json", 403, "");
    check_error(&world.as_admin().with_token(""), "/v0/pipes/top.json", 403, "");
}

#[test]
fn mistakes_are_named() {
    let turn = world();
    let admin = turn.world.as_admin();
    check_error(&admin, "/v0/pipes/missing.json", 404, "missing");
    check_error(&admin, "/v0/sql?q=SELECT+nothing+FROM+hits", 400, "nothing");
    check_error(&admin, "/v0/nowhere", 404, "/v0/nowhere");
    let events = admin.post("/v0/events?name=hits", "{}").unwrap();
    assert_eq!(events.status, 404, "{}", events.body);
    assert!(events.body.contains("HOST_URL"), "{}", events.body);
}

#[test]
fn a_warm_query_reads_no_object_but_the_probe_for_a_new_commit() {
    let turn = world();
    let world = &turn.world;
    let reads = |path: &str| {
        let answer = world.as_admin().get(path).unwrap();
        (
            answer.header("x-sanderling-object-reads").unwrap().to_owned(),
            answer.header("x-sanderling-version").unwrap().to_owned(),
        )
    };
    reads("/v0/pipes/top.json");
    let before = world.store.reads();
    assert_eq!(reads("/v0/pipes/top.json"), ("1".to_owned(), world.store.version().to_string()));
    let expected = [format!("{WORKSPACE}/log/{:020}", world.store.version() + 1)];
    assert_eq!(world.store.reads()[before.len()..], expected);
}

#[test]
fn a_commit_is_seen_by_the_next_request() {
    let turn = world();
    let world = &turn.world;
    let count = "/v0/sql?q=SELECT+count()+AS+n+FROM+hits+WHERE+tenant='new'+FORMAT+JSON";
    assert_eq!(data(&world.as_admin(), count), json!([{"n": 0}]));
    world.store.append(&[("new", "/n")]);
    world.store.append(&[("new", "/n"), ("new", "/n")]);
    assert_eq!(data(&world.as_admin(), count), json!([{"n": 3}]));
    world.store.remove("new");
    assert_eq!(data(&world.as_admin(), count), json!([{"n": 0}]));
}

#[test]
fn a_commit_is_seen_in_time_by_one_who_asks_all_the_time() {
    let turn = world();
    let world = &turn.world;
    let running = Edge { commit_age_ms_max: Some(500), ..world.edge.clone() }.start().unwrap();
    let client = Client::new(&running.url, ADMIN_TOKEN);
    let count = "/v0/sql?q=SELECT+count()+AS+n+FROM+hits+WHERE+tenant='busy'+FORMAT+JSON";
    assert_eq!(data(&client, count), json!([{"n": 0}]));
    world.store.append(&[("busy", "/b")]);
    let started = Instant::now();
    while data(&client, count) != json!([{"n": 1}]) {
        assert!(started.elapsed() < PATIENCE, "the worker never looks for a newer commit");
    }
    world.store.remove("busy");
}
