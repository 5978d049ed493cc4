//! What every store must do, run on each of them.

use super::Storage;
use bytes::Bytes;
use sanderling_core::{Kind, Result};
use std::slice;
use std::sync::Arc;

/// `store` is empty.
pub async fn run(store: Arc<dyn Storage>) {
    reads_what_was_written(&*store).await;
    creates_only_if_absent(&*store).await;
    lists_whole_parts(&*store).await;
    one_of_many_creates(store).await;
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> Kind {
    result.expect_err("it fails").kind
}

async fn reads_what_was_written(store: &dyn Storage) {
    assert_eq!(kind(store.get("w/none").await), Kind::NotFound);
    assert_eq!(kind(store.get_ranges("w/none", slice::from_ref(&(0..1))).await), Kind::NotFound);
    let bytes: Bytes = (0..100_000u32).map(|n| n as u8).collect();
    store.put_if_absent("w/segment/t_1/a.parquet", bytes.clone()).await.expect("written");
    assert_eq!(store.get("w/segment/t_1/a.parquet").await.expect("read"), bytes);
    let ranges = [99_990..100_000, 0..0, 0..5, 3..7];
    let pieces = store.get_ranges("w/segment/t_1/a.parquet", &ranges[..1]).await.expect("read");
    assert_eq!(pieces, [bytes.slice(99_990..)]);
    let pieces = store.get_ranges("w/segment/t_1/a.parquet", &ranges[2..]).await.expect("read");
    assert_eq!(pieces, [bytes.slice(0..5), bytes.slice(3..7)]);
    let beyond = kind(store.get_ranges("w/segment/t_1/a.parquet", slice::from_ref(&(99_999..100_001))).await);
    assert!(matches!(beyond, Kind::Corrupt | Kind::Unavailable), "{beyond:?}");
    store.put_if_absent("w/empty", Bytes::new()).await.expect("written");
    assert_eq!(store.get("w/empty").await.expect("read"), Bytes::new());
}

async fn creates_only_if_absent(store: &dyn Storage) {
    store.put_if_absent("w/log/1", Bytes::from_static(b"first")).await.expect("written");
    assert_eq!(kind(store.put_if_absent("w/log/1", Bytes::from_static(b"second")).await), Kind::Conflict);
    assert_eq!(store.get("w/log/1").await.expect("read"), "first");
    store.put("w/log/head", Bytes::from_static(b"1")).await.expect("written");
    store.put("w/log/head", Bytes::from_static(b"2")).await.expect("replaced");
    assert_eq!(store.get("w/log/head").await.expect("read"), "2");
    store.delete("w/log/1").await.expect("deleted");
    store.delete("w/log/1").await.expect("nothing to delete");
    assert_eq!(kind(store.get("w/log/1").await), Kind::NotFound);
    store.put_if_absent("w/log/1", Bytes::from_static(b"third")).await.expect("absent again");
}

async fn lists_whole_parts(store: &dyn Storage) {
    for key in ["l/a/2", "l/a/1", "l/ab/3", "l/a/b/4"] {
        store.put_if_absent(key, Bytes::new()).await.expect("written");
    }
    assert_eq!(store.list("l/a/").await.expect("listed"), ["l/a/1", "l/a/2", "l/a/b/4"]);
    assert_eq!(store.list("l/none/").await.expect("listed"), Vec::<String>::new());
}

async fn one_of_many_creates(store: Arc<dyn Storage>) {
    for round in 0..5 {
        let tries = (0..8u8).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                store.put_if_absent(&format!("race/{round}"), Bytes::from(vec![writer; 1000])).await.map(|()| writer)
            })
        });
        let mut winners = Vec::new();
        for attempt in tries.collect::<Vec<_>>() {
            match attempt.await.expect("no panic") {
                Ok(writer) => winners.push(writer),
                Err(error) => assert_eq!(error.kind, Kind::Conflict, "{error}"),
            }
        }
        assert_eq!(winners.len(), 1, "one writer wins: {winners:?}");
        assert_eq!(store.get(&format!("race/{round}")).await.expect("read"), vec![winners[0]; 1000]);
    }
}
