//! A real server of S3's protocol (`moto`, see `tests/requirements.txt`) below the storage and below
//! a whole host.

use crate::process::{Folder, Serve, secrets};
use sanderling::storage::{S3, S3Settings, Storage, suite};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use xtask::client::Client;
use xtask::service::{Service, any_port};
use xtask::setup::venv;

const START_MAX: Duration = Duration::from_secs(60);
const BUCKET: &str = "birds";
const REGION: &str = "us-east-1";
/// The server takes any, but wants requests to be signed.
const KEY: &str = "test";

struct Moto {
    address: String,
    _service: Service,
}

impl Moto {
    /// With an empty bucket.
    fn start(folder: &Folder) -> Moto {
        venv::ensure().unwrap_or_else(|error| panic!("{error:#}"));
        let port = any_port().unwrap();
        let address = format!("127.0.0.1:{port}");
        let mut command = venv::moto_server();
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let mut service = Service::start("store", &mut command, &folder.join("moto.log")).unwrap();
        let client = Client::new(&format!("http://{address}"), "");
        service.wait_until(START_MAX, || client.get("/moto-api/").is_ok()).unwrap();
        make_bucket(&address);
        Moto { address, _service: service }
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    fn storage(&self, prefix: &str) -> Arc<dyn Storage> {
        let settings = S3Settings {
            bucket: BUCKET.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: Some(self.endpoint()),
            region: Some(REGION.to_owned()),
            access_key_id: Some(KEY.to_owned()),
            secret_access_key: Some(KEY.to_owned()),
        };
        Arc::new(S3::open(&settings).unwrap())
    }
}

/// No part of our own program makes buckets.
fn make_bucket(address: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("PUT /{BUCKET} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.lines().next().is_some_and(|line| line.contains(" 200 ")), "{answer}");
}

#[test]
fn a_bucket_is_a_storage() {
    let folder = Folder::new();
    let moto = Moto::start(&folder);
    let runtime = Runtime::new().unwrap();
    runtime.block_on(suite::run(moto.storage("")));
    runtime.block_on(suite::run(moto.storage("some/prefix")));
}

#[test]
fn a_host_keeps_its_rows_in_a_bucket() {
    let folder = Folder::new();
    let moto = Moto::start(&folder);
    let serve = Serve {
        store: Some(format!("s3://{BUCKET}/analytics")),
        environment: vec![
            ("AWS_ENDPOINT_URL", moto.endpoint()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", KEY.to_owned()),
        ],
        ..Serve::new(folder.join("data"))
    };
    let host = serve.start();
    host.deploy(&folder);
    let events: String = (1..=100).map(|id| format!("{{\"id\":{id},\"text\":\"event {id}\"}}\n")).collect();
    host.client.post("/v0/events?name=events&wait=true", &events).unwrap().success().unwrap();
    let sum = "SELECT sum(id) FROM events";
    assert_eq!(host.client.value(sum).unwrap().to_string().trim_matches('"'), "5050");

    // an orderly stop leaves nothing in the journal: what the next host knows is in the bucket
    drop(host);
    fs::remove_dir_all(serve.data.join("wal")).unwrap();
    assert!(!serve.data.join("store").exists());
    let (bucket, workspace) = (moto.storage("analytics"), secrets(&serve.data).workspace_id);
    let segments = Runtime::new().unwrap().block_on(bucket.list(&format!("{workspace}/segment/")));
    // a stop in the middle of a flush leaves a segment that nothing points to, and writes another
    let segments = segments.unwrap();
    assert!((1..=2).contains(&segments.len()), "{segments:?}");
    assert_eq!(serve.start().client.value(sum).unwrap().to_string().trim_matches('"'), "5050");
}
