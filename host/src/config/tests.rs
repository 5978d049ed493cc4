use super::*;

fn raw(store: Option<&str>, listen: &str) -> Raw {
    Raw {
        data: "d".into(),
        store: store.map(str::to_owned),
        listen: listen.to_owned(),
        edge_bucket_listen: None,
        flush_interval_ms: 1,
        query_memory_mb: 1,
        query_read_mb: 2,
    }
}

#[test]
fn settings_are_checked() {
    let config = raw(None, "localhost:80").check().unwrap();
    assert_eq!(config.listen, "127.0.0.1:80".parse().unwrap());
    assert_eq!(config.store, StoreLocation::Local("d/store".into()));
    assert_eq!((config.query_memory_bytes_max, config.query_read_bytes_max), (1 << 20, 2 << 20));
    let store = |url| raw(Some(url), LISTEN_DEFAULT).check().map(|config| config.store);
    let s3 = |prefix: &str| Ok(StoreLocation::S3 { bucket: "b".to_owned(), prefix: prefix.to_owned() });
    assert_eq!(store("s3://b/p/q/"), s3("p/q"));
    assert_eq!(store("s3://b"), s3(""));
    assert_eq!(store("file:///x"), Ok(StoreLocation::Local("/x".into())));
    assert!(store("s3:///p").unwrap_err().contains("names no bucket"));
    assert!(store("gs://b").unwrap_err().contains("not known"));
    assert!(raw(None, "7181").check().unwrap_err().contains("not an address"));
}

#[test]
fn unknown_variables_are_named() {
    let check = |name: &str| check_environment([name.to_owned()].into_iter());
    assert_eq!(check("PATH"), Ok(()));
    assert_eq!(check("SANDERLING_DATA"), Ok(()));
    assert!(check("SANDERLING_DTA").unwrap_err().contains("did you mean SANDERLING_DATA?"));
}

#[test]
fn the_open_port_stays_on_loopback() {
    let edge = |text: &str| Raw { edge_bucket_listen: Some(text.to_owned()), ..raw(None, LISTEN_DEFAULT) }.check();
    assert!(edge("127.0.0.1:9").is_ok());
    assert!(edge("0.0.0.0:9").unwrap_err().contains("not on loopback"));
    assert!(edge("x").unwrap_err().starts_with("--edge-bucket-listen"));
}
