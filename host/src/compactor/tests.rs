use super::*;
use crate::clock::Fake;
use crate::storage::Memory;
use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;
use sanderling_core::catalog::{Catalog, Column, Engine, EngineKind};
use sanderling_core::ingest::Shape;
use sanderling_core::limits::COMPACT_SEGMENTS;
use sanderling_core::value::DataType;

fn source(kind: EngineKind) -> DataSource {
    let column = Column { name: "n".to_owned(), data_type: DataType::UInt64, json_path: None, default: None };
    DataSource {
        id: "t_1".to_owned(),
        name: "events".to_owned(),
        description: String::new(),
        columns: vec![column],
        engine: Engine {
            kind,
            sorting_key: vec!["n".to_owned()],
            partition_key: Vec::new(),
            primary_key: Vec::new(),
            ..Engine::default()
        },
        file: String::new(),
        text: String::new(),
        ..DataSource::default()
    }
}

struct World {
    log: Arc<Log>,
    clock: Arc<dyn Clock>,
    source: Arc<DataSource>,
}

impl World {
    async fn new(kind: EngineKind) -> World {
        let clock: Arc<dyn Clock> = Arc::new(Fake::new(0, 1));
        let source = Arc::new(source(kind));
        let mut catalog = Catalog::empty("w", "test");
        catalog.data_sources.insert(source.name.clone(), source.clone());
        let log = Log::create(Arc::new(Memory::default()), clock.clone(), &catalog).await.unwrap();
        World { log: Arc::new(log), clock, source }
    }

    /// One segment.
    async fn add(&self, numbers: &[u64]) {
        let events: String = numbers.iter().map(|n| format!("{{\"n\":{n}}}\n")).collect();
        let rows = Shape::new(&self.source).unwrap().parse_ndjson(events.as_bytes(), 0).unwrap().rows;
        let run = compact::arrange(&self.source, &[rows]).unwrap().pop().unwrap();
        let (written, segment) = compact::encode(&self.source, &run, self.clock.random_id()).unwrap();
        let key = key::segment("w", &self.source.id, &segment.id);
        self.log.storage().put_if_absent(&key, written.bytes).await.unwrap();
        let (log, segment) = (&self.log, &segment);
        let build = |base: Arc<Commit>| async move {
            let mut manifest = Manifest::clone(&*log.manifest(&base, "t_1").await?);
            manifest.segments.push(segment.clone());
            let mut next = base.next("events", 0);
            next.manifests.insert("t_1".to_owned(), log.put_manifest(&base, manifest).await?);
            Ok(Some(next))
        };
        log.commit(build).await.unwrap();
    }

    /// Level and numbers of each segment.
    async fn segments(&self) -> Vec<(u8, Vec<u64>)> {
        let manifest = self.log.manifest(&self.log.seen(), "t_1").await.unwrap();
        let mut segments = Vec::new();
        for segment in &manifest.segments {
            let file = self.log.storage().get(&key::segment("w", "t_1", &segment.id)).await.unwrap();
            let mut batches = Vec::new();
            read(&self.source, segment, file, &mut batches).unwrap();
            let numbers =
                batches.iter().flat_map(|batch| batch.column(0).as_primitive::<UInt64Type>().values().to_vec());
            segments.push((segment.level, numbers.collect()));
        }
        segments
    }
}

#[tokio::test]
async fn small_segments_become_one_with_the_same_rows_in_order() {
    let world = World::new(EngineKind::MergeTree).await;
    for n in 1..COMPACT_SEGMENTS as u64 {
        world.add(&[100 - n, n, n]).await;
    }
    assert!(!step(&world.log, &world.clock).await.unwrap(), "too few yet");
    world.add(&[50]).await;
    let mut expected: Vec<u64> = world.segments().await.into_iter().flat_map(|(_, numbers)| numbers).collect();
    expected.sort_unstable();
    assert!(step(&world.log, &world.clock).await.unwrap());
    assert_eq!(world.segments().await, [(1, expected)]);
    assert!(!step(&world.log, &world.clock).await.unwrap());
}

#[tokio::test]
async fn rows_of_one_key_become_one_and_keep_their_place() {
    let world = World::new(EngineKind::Replacing { version: None, is_deleted: None }).await;
    for n in 0..2 * COMPACT_SEGMENTS as u64 {
        world.add(&[n % 3, 7]).await;
    }
    assert!(step(&world.log, &world.clock).await.unwrap());
    let segments = world.segments().await;
    assert_eq!(segments[0], (1, vec![0, 1, 2, 7]));
    assert_eq!(segments.len(), 1 + COMPACT_SEGMENTS);
    while step(&world.log, &world.clock).await.unwrap() {}
    assert!(world.segments().await.len() < COMPACT_SEGMENTS);
}

#[tokio::test]
async fn a_fold_whose_segments_are_gone_is_dropped() {
    let world = World::new(EngineKind::MergeTree).await;
    for n in 0..COMPACT_SEGMENTS as u64 {
        world.add(&[n]).await;
    }
    let chosen = world.log.manifest(&world.log.seen(), "t_1").await.unwrap().segments.clone();
    fold(&world.log, &world.clock, &world.source, chosen.clone()).await.unwrap();
    let after = world.log.seen().number;
    fold(&world.log, &world.clock, &world.source, chosen).await.unwrap();
    assert_eq!(world.log.seen().number, after);
    assert_eq!(world.segments().await, [(1, (0..COMPACT_SEGMENTS as u64).collect())]);
}
