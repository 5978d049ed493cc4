use super::*;
use axum::body::Body;
use axum::http;
use std::collections::BTreeMap;
use tower::ServiceExt;

struct Memory(BTreeMap<String, Bytes>);

#[async_trait::async_trait]
impl Objects for Memory {
    async fn size(&self, key: &str) -> Result<u64> {
        self.read(key, 0..0).await.map(|_| self.0[key].len() as u64)
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes> {
        let bytes = self.0.get(key).ok_or_else(|| Error::not_found(format!("no object {key}")))?;
        let end = bytes.len().min(range.end as usize);
        Ok(bytes.slice(end.min(range.start as usize)..end))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>> {
        let names = self.0.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(names.map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect())
    }
}

/// Status, and what the binding makes of the answer: metadata and body, or the error.
fn ask(request: &str) -> (u16, serde_json::Value, String) {
    let objects = [("a/1", "0123456789"), ("a/2", ""), ("b", "x")];
    let memory = Memory(objects.into_iter().map(|(key, body)| (key.to_owned(), Bytes::from(body))).collect());
    let request = http::Request::get("https://fake-host/").header(REQUEST, request).body(Body::empty()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let response = router(Arc::new(memory)).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        match headers.get(METADATA_SIZE) {
            Some(size) => {
                let split = size.to_str().unwrap().parse().unwrap();
                let metadata = serde_json::from_slice(&body[..split]).unwrap();
                (status, metadata, String::from_utf8(body[split..].to_vec()).unwrap())
            }
            None => (status, serde_json::from_slice(headers[ERROR].as_bytes()).unwrap(), String::new()),
        }
    })
}

#[track_caller]
fn check_read(range: &str, expected: &str) {
    let (status, metadata, body) = ask(&format!(r#"{{"version":1,"method":"get","object":"a/1","range":{range}}}"#));
    assert_eq!((status, body.as_str()), (200, expected));
    assert_eq!(metadata["range"]["length"], expected.len().to_string());
}

#[test]
fn ranges_are_read() {
    check_read(r#"{"offset":"0","length":"3"}"#, "012");
    check_read(r#"{"offset":"3","length":"4"}"#, "3456");
    check_read(r#"{"offset":8,"length":100}"#, "89");
    check_read(r#"{"offset":"10"}"#, "");
    check_read(r#"{"suffix":"2"}"#, "89");
}

#[test]
fn a_whole_object_is_read() {
    let (status, metadata, body) = ask(r#"{"version":1,"method":"get","object":"a/1"}"#);
    assert_eq!((status, body.as_str()), (200, "0123456789"));
    assert_eq!(metadata["name"], "a/1");
    assert_eq!(metadata.get("range"), None);
    assert_eq!(ask(r#"{"version":1,"method":"get","object":"a/2"}"#).2, "");
}

#[test]
fn a_head_has_no_body() {
    let (status, metadata, body) = ask(r#"{"version":1,"method":"head","object":"a/1"}"#);
    assert_eq!((status, &metadata["size"], body.as_str()), (200, &"10".into(), ""));
}

#[test]
fn what_is_not_there_is_r2s_no_such_key() {
    for method in ["get", "head"] {
        let (status, error, _) = ask(&format!(r#"{{"version":1,"method":"{method}","object":"a/9"}}"#));
        assert_eq!((status, &error["v4code"]), (404, &10007.into()));
    }
}

#[test]
fn bad_requests_say_why() {
    #[track_caller]
    fn check(request: &str, expected: &str) {
        let (status, error, _) = ask(request);
        assert_eq!(status, 400);
        assert!(error["message"].as_str().unwrap().contains(expected), "{error}");
    }
    check("{", "cf-r2-request");
    check(r#"{"version":1,"method":"delete","object":"a/1"}"#, "delete");
    check(r#"{"version":1,"method":"get","object":"a/1","range":{"offset":"11"}}"#, "byte 11 of 10");
    check(r#"{"version":1,"method":"get","object":"a/1","range":{"offset":"-1"}}"#, "no number");
    check(r#"{"version":1,"method":"get","object":"a/1","onlyIf":{}}"#, "not supported");
}

#[test]
fn lists_go_on_where_they_stopped() {
    let names = |listed: &serde_json::Value| -> Vec<String> {
        listed["objects"].as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap().to_owned()).collect()
    };
    let (_, first, _) = ask(r#"{"version":1,"method":"list","prefix":"a/","limit":1,"newRuntime":true,"include":[]}"#);
    assert_eq!((names(&first), &first["truncated"]), (vec!["a/1".to_owned()], &true.into()));
    let (_, second, _) = ask(r#"{"version":1,"method":"list","prefix":"a/","cursor":"a/1"}"#);
    assert_eq!((names(&second), &second["truncated"]), (vec!["a/2".to_owned()], &false.into()));
}
