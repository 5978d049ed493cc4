use super::*;
use crate::clock::Fake;
use crate::storage::Memory;

async fn open(storage: &Arc<dyn Storage>, seed: u64) -> Log {
    let clock = Arc::new(Fake::new(0, seed));
    Log::create(storage.clone(), clock, &Catalog::empty("w", "test")).await.unwrap()
}

#[tokio::test]
async fn begins_once() {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let error = Log::open(storage.clone(), Arc::new(Fake::new(0, 1)), "w").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    let first = open(&storage, 1).await;
    let second = open(&storage, 2).await;
    assert_eq!(first.seen().catalog, second.seen().catalog);
    assert_eq!(second.catalog(&second.seen()).await.unwrap().workspace_name, "test");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_writers_lose_nothing() {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    open(&storage, 0).await;
    let writers = (1..=8u64).map(|writer| {
        let storage = storage.clone();
        tokio::spawn(async move {
            let log = open(&storage, writer).await;
            for round in 1..=25u64 {
                let log = &log;
                let committed = log
                    .commit(|base| async move {
                        let mut next = base.next("test", 0);
                        let manifest = log.manifest(&base, "t_1").await?;
                        let mut manifest = Manifest::clone(&manifest);
                        manifest.segments.push(manifest::Segment {
                            id: format!("{writer}-{round}"),
                            partition: "all".to_owned(),
                            level: 0,
                            rows: 1,
                            bytes: 1,
                            footer: Arc::<[u8]>::from([]).into(),
                        });
                        next.manifests.insert("t_1".to_owned(), log.put_manifest(&base, manifest).await?);
                        next.writers.insert(writer.to_string(), round);
                        Ok(Some(next))
                    })
                    .await
                    .unwrap();
                assert!(committed.writers[&writer.to_string()] >= round);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let log = open(&storage, 9).await;
    let head = log.head().await.unwrap();
    assert_eq!(head.number, 200);
    let mut ids: Vec<String> = Vec::new();
    ids.extend(log.manifest(&head, "t_1").await.unwrap().segments.iter().map(|segment| segment.id.clone()));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 200);
}

#[tokio::test]
async fn a_hint_that_lags_or_is_gone_costs_only_time() {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let log = open(&storage, 1).await;
    for _ in 0..3 {
        log.commit(|base| async move { Ok(Some(base.next("test", 0))) }).await.unwrap();
    }
    let old = storage.get(&key::commit("w", 1)).await.unwrap();
    storage.put(&key::head("w"), old).await.unwrap();
    assert_eq!(open(&storage, 2).await.seen().number, 3);
    storage.delete(&key::head("w")).await.unwrap();
    assert_eq!(open(&storage, 3).await.seen().number, 3);
    storage.put(&key::head("w"), Bytes::from_static(b"torn")).await.unwrap();
    assert_eq!(open(&storage, 4).await.seen().number, 3);
}
