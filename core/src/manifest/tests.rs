use super::*;
use crate::error::Kind;

fn manifest() -> Manifest {
    let segment = Segment {
        id: "0123".to_owned(),
        partition: "202601".to_owned(),
        level: 1,
        rows: 7,
        bytes: 1 << 40,
        footer: Arc::<[u8]>::from([0, 255, 1]).into(),
    };
    Manifest { segments: vec![segment], ..Manifest::empty("t_1") }
}

#[test]
fn what_is_written_is_read() {
    let commit = Commit::first("c".to_owned(), 5).next("flush", 6);
    assert_eq!(commit.number, 1);
    assert_eq!(decode::<Commit>(&encode(&commit), "commit").unwrap(), commit);
    assert_eq!(decode::<Manifest>(&encode(&manifest()), "manifest").unwrap(), manifest());
}

#[test]
fn a_newer_format_is_refused() {
    let newer = Manifest { format: FORMAT + 1, ..manifest() };
    let error = decode::<Manifest>(&encode(&newer), "manifest 7").unwrap_err();
    assert_eq!(error.kind, Kind::Corrupt);
    assert_eq!(error.message, "manifest 7: format 3 is newer than this program's 2; upgrade it");
}

#[test]
fn keys_sort_by_number() {
    assert!(key::commit("w", 9) < key::commit("w", 10));
    assert_eq!(
        key::manifest("w", "t_1", &key::object_id(3, 255)),
        "w/manifest/t_1/00000000000000000003-00000000000000ff"
    );
}

#[test]
fn damage_is_refused() {
    let good = encode(&manifest());
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        assert_eq!(decode::<Manifest>(&bytes, "manifest").unwrap_err().kind, Kind::Corrupt, "byte {at}");
        assert_eq!(decode::<Manifest>(&good[..at], "manifest").unwrap_err().kind, Kind::Corrupt, "cut at {at}");
    }
}
