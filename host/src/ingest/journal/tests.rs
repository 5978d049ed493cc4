use super::*;
use crate::ingest::disk::Memory;
use sanderling_core::Kind;
use std::sync::{Arc, Mutex};

fn record(body: &str) -> Record {
    Record { format: Format::Ndjson, at_ns: 7, data_source: "t_1".to_owned(), body: Bytes::from(body.to_owned()) }
}

type Records = Vec<(u64, String)>;
type Durable = Arc<Mutex<Records>>;

/// The journal, what it replayed, and what becomes durable from now on.
fn open(disk: &Memory, from: u64) -> Result<(Journal<String>, Records, Durable)> {
    let mut replayed = Vec::new();
    let durable = Durable::default();
    let sink = durable.clone();
    let journal = Journal::open(
        Box::new(disk.clone()),
        from,
        |position, record| {
            replayed.push((position, String::from_utf8(record.body.to_vec()).unwrap()));
            Ok(())
        },
        move |position, cargo| sink.lock().unwrap().push((position, cargo)),
    )?;
    Ok((journal, replayed, durable))
}

async fn append(journal: &Journal<String>, body: &str) -> Result<()> {
    journal.append(record(body), body.to_owned()).await
}

fn bodies(rows: &[(u64, String)]) -> Vec<&str> {
    rows.iter().map(|(_, body)| body.as_str()).collect()
}

#[tokio::test]
async fn what_is_appended_comes_back() {
    let disk = Memory::default();
    let (journal, replayed, durable) = open(&disk, 0).unwrap();
    assert!(replayed.is_empty());
    for body in ["a", "", "ccc"] {
        append(&journal, body).await.unwrap();
    }
    drop(journal);
    let written = durable.lock().unwrap().clone();
    assert_eq!(bodies(&written), ["a", "", "ccc"]);
    let (journal, replayed, _) = open(&disk, 0).unwrap();
    assert_eq!(replayed, written);
    append(&journal, "d").await.unwrap();
    drop(journal);
    let (_, replayed, _) = open(&disk, written[1].0).unwrap();
    assert_eq!(bodies(&replayed), ["ccc", "d"]);
}

#[tokio::test]
async fn files_that_are_done_with_go() {
    let disk = Memory::default();
    let (journal, _, _) = open(&disk, 0).unwrap();
    append(&journal, "a").await.unwrap();
    drop(journal);
    let (journal, _, durable) = open(&disk, 0).unwrap();
    append(&journal, "b").await.unwrap();
    assert_eq!(disk.files().len(), 2);
    let end = durable.lock().unwrap()[0].0;
    journal.release(end).await;
    drop(journal);
    assert_eq!(disk.files().len(), 1, "the file in use stays");
    let (_, replayed, _) = open(&disk, end).unwrap();
    assert!(replayed.is_empty());
    assert!(disk.files().is_empty(), "all of it is released");
    let (journal, _, durable) = open(&disk, end).unwrap();
    append(&journal, "c").await.unwrap();
    assert!(durable.lock().unwrap()[0].0 > end, "positions go on");
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    for operation in 0..8 {
        let disk = Memory::default();
        let (journal, _, durable) = open(&disk, 0).unwrap();
        append(&journal, "before").await.unwrap();
        disk.fail_after(operation, 1);
        let mut expected = vec!["before".to_owned()];
        for body in ["one", "two", "three"] {
            match append(&journal, body).await {
                Ok(()) => expected.push(body.to_owned()),
                Err(error) => assert_eq!(error.kind, Kind::Unavailable),
            }
        }
        assert!(expected.len() >= 3, "one operation fails, one append is refused: {expected:?}");
        drop(journal);
        assert_eq!(bodies(&durable.lock().unwrap()), expected);
        let (_, replayed, _) = open(&disk, 0).unwrap();
        assert_eq!(bodies(&replayed), expected, "a refused record does not come back");
    }
}

#[tokio::test]
async fn a_disk_that_cannot_take_back_stops_the_journal() {
    let disk = Memory::default();
    let (journal, _, _) = open(&disk, 0).unwrap();
    append(&journal, "a").await.unwrap();
    disk.fail_after(2, 2); // the sync, and the truncation after it
    append(&journal, "b").await.unwrap_err();
    let error = append(&journal, "c").await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(error.message.contains("restart"), "{error}");
}

#[tokio::test]
async fn any_torn_end_loses_only_what_was_not_acknowledged() {
    let disk = Memory::default();
    let (journal, _, durable) = open(&disk, 0).unwrap();
    for body in ["first", "second", "third"] {
        append(&journal, body).await.unwrap();
    }
    drop(journal);
    let ends: Vec<u64> = durable.lock().unwrap().iter().map(|(end, _)| *end).collect();
    let (start, bytes) = disk.files().remove(0);
    for length in 0..=bytes.len() {
        for garbage in [0, 3, 20] {
            let torn = Memory::default();
            torn.set(start, [&bytes[..length], &vec![0xaa; garbage]].concat());
            let whole = ends.iter().filter(|end| **end <= start + length as u64).count();
            let (journal, replayed, _) = open(&torn, 0).unwrap();
            assert_eq!(bodies(&replayed), ["first", "second", "third"][..whole], "cut at {length}");
            append(&journal, "next").await.unwrap();
            drop(journal);
            let (_, replayed, _) = open(&torn, 0).unwrap();
            assert_eq!(replayed.len(), whole + 1, "cut at {length}");
        }
    }
}

#[tokio::test]
async fn damage_is_never_read_as_a_record() {
    let disk = Memory::default();
    let (journal, _, _) = open(&disk, 0).unwrap();
    append(&journal, "first").await.unwrap();
    append(&journal, "second").await.unwrap();
    drop(journal);
    let (start, bytes) = disk.files().remove(0);
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let damaged = Memory::default();
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            damaged.set(start, bytes.clone());
            let (_, replayed, _) = open(&damaged, 0).unwrap();
            assert!(["first", "second"].starts_with(&bodies(&replayed)), "byte {at}: {replayed:?}");
            // with a file after it, it is not an unfinished end
            let damaged = Memory::default();
            damaged.set(start + bytes.len() as u64, MAGIC.to_vec());
            damaged.set(start, bytes);
            assert_eq!(open(&damaged, 0).err().unwrap().kind, Kind::Corrupt, "byte {at}");
        }
    }
}

#[tokio::test]
async fn a_missing_file_is_noticed() {
    let disk = Memory::default();
    disk.set(100, MAGIC.to_vec());
    assert_eq!(open(&disk, 0).err().unwrap().kind, Kind::Corrupt);
    assert!(open(&disk, 100).is_ok());
}
