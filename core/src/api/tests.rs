use super::request::RawBody;
use super::*;
use crate::access::{Keys, token};
use crate::catalog::{Catalog, DataSource, Engine, EngineKind, Pipe, Scope, StaticToken};
use crate::error::Kind;
use crate::template::Params;
use bytes::Bytes;
use std::sync::Arc;

const NOW_S: i64 = 1_750_000_000;

fn get(target: &str) -> Request {
    Request::new("GET", target, Vec::new(), Bytes::new())
}

fn post(target: &str, content_type: &str, body: &str) -> Request {
    let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
    Request::new("post", target, headers, Bytes::from(body.to_owned()))
}

fn params(pairs: &[(&str, &[&str])]) -> Params {
    Params(
        pairs.iter().map(|(name, values)| (name.to_string(), values.iter().map(|v| v.to_string()).collect())).collect(),
    )
}

#[track_caller]
fn check_params(request: &Request, expected: &[(&str, &[&str])]) {
    assert_eq!(request.arguments(RawBody::None).unwrap().params(), params(expected));
}

#[test]
fn parameters_come_from_query_string_and_body() {
    check_params(
        &get("/v0/pipes/a.json?x=1&y=a%20b+c&x=2&token=t&q=select&flag"),
        &[("flag", &[""]), ("x", &["1", "2"]), ("y", &["a b c"])],
    );
    check_params(
        &post("/?x=1", "application/x-www-form-urlencoded", "y=%C3%A9&from=cli&x=2"),
        &[("x", &["1", "2"]), ("y", &["é"])],
    );
    let json = r#"{"a": "s", "b": 5, "c": true, "d": [1, "x", null], "e": {"k": 1}, "f": null, "q": "no"}"#;
    let expected: &[(&str, &[&str])] =
        &[("a", &["s"]), ("b", &["5"]), ("c", &["true"]), ("d", &["1", "x"]), ("e", &[r#"{"k":1}"#])];
    check_params(&post("/", "application/json; charset=utf-8", json), expected);
    check_params(&post("/", "", json), expected);
    check_params(&get("/?template_parameters=%7B%22a%22%3A1%7D"), &[("a", &["1"])]);
    check_params(&get("/?a=%&b=%zz&c=%4"), &[("a", &["%"]), ("b", &["%zz"]), ("c", &["%4"])]);
}

#[test]
fn bad_bodies_are_named() {
    let message = |request: Request| request.arguments(RawBody::None).err().unwrap().message;
    assert!(message(post("/", "application/json", "[1]")).contains("not a JSON object"));
    assert!(message(post("/", "application/json", "{")).contains("not a JSON object"));
    assert!(message(get("/?template_parameters=x")).starts_with("template_parameters: "));
    let request = Request { method: "POST".to_owned(), body: Bytes::from_static(&[0xff]), ..Request::default() };
    assert_eq!(message(request), "the body is not UTF-8 text");
}

#[test]
fn sql_is_found_wherever_clients_put_it() {
    let sql = |request: Request| request.arguments(RawBody::Sql).unwrap().get("q").map(str::to_owned);
    let expected = Some("SELECT 1 + 1".to_owned());
    assert_eq!(sql(get("/v0/sql?q=SELECT%201%20%2B+1")), expected);
    assert_eq!(sql(post("/v0/sql", "text/plain", "SELECT 1 + 1")), expected);
    assert_eq!(sql(post("/v0/sql", "", "SELECT 1 + 1")), expected);
    assert_eq!(sql(post("/v0/sql", "application/json", r#"{"q": "SELECT 1 + 1"}"#)), expected);
    assert_eq!(sql(post("/v0/sql", "", r#"{"q": "SELECT 1 + 1"}"#)), expected);
    assert_eq!(sql(post("/v0/sql", "application/x-www-form-urlencoded", "q=SELECT+1+%2B+1")), expected);
    assert_eq!(sql(post("/v0/sql", "application/x-www-form-urlencoded", "SELECT 1 + 1")), expected);
    assert_eq!(sql(post("/v0/sql?q=SELECT+1+%2B+1", "application/x-www-form-urlencoded", "a=1")), expected);
    assert_eq!(sql(get("/v0/sql")), None);
}

#[test]
fn tokens_come_from_the_header_first() {
    let request = |value: &str| {
        Request::new("GET", "/?token=b", vec![("Authorization".to_owned(), value.to_owned())], Bytes::new())
    };
    assert_eq!(request("Bearer a").token(), Some("a"));
    assert_eq!(request("bearer  a ").token(), Some("a"));
    assert_eq!(request("Basic a").token(), Some("b"));
    assert_eq!(get("/").token(), None);
}

#[track_caller]
fn check_route(method: &str, path: &str, expected: Result<Route, u16>) {
    let found = route(&Request::new(method, path, Vec::new(), Bytes::new()));
    assert_eq!(found.map_err(|response| response.status), expected);
}

#[test]
fn routes() {
    let endpoint = |pipe: &str, output| Ok(Route::Endpoint { pipe: pipe.to_owned(), output });
    check_route("GET", "/v0/pipes/top.json?x=1", endpoint("top", Output::Json));
    check_route("POST", "/v0/pipes/top.csv", endpoint("top", Output::Csv));
    check_route("GET", "/v0/pipes/a%2Eb.ndjson", endpoint("a.b", Output::Ndjson));
    check_route("DELETE", "/v0/pipes/top.json", Err(405));
    check_route("GET", "/v0/pipes/top.xml", Err(404));
    check_route("GET", "/v0/pipes/a/b.json", Err(404));
    check_route("OPTIONS", "/v0/pipes/top.json", Ok(Route::Preflight));
    check_route("GET", "/v0/sql", Ok(Route::Sql));
    check_route("POST", "/v0/events?name=x", Ok(Route::Events));
    check_route("GET", "/v0/events", Err(405));
    check_route("GET", "/v1/user/workspaces/", Ok(Route::UserWorkspaces));
    check_route("GET", "/v1/deployments/3", Ok(Route::Deployment { id: "3".to_owned() }));
    check_route("GET", "/", Err(404));
}

#[test]
fn errors_get_their_status_once() {
    let status = |kind, code: Option<u16>| {
        let error = crate::Error::new(kind, "x");
        Response::from(match code {
            Some(code) => error.with_exception_code(code),
            None => error,
        })
    };
    assert_eq!(status(Kind::Invalid, Some(62)).status, 400);
    assert_eq!(status(Kind::Invalid, Some(62)).header("x-db-exception-code"), Some("62"));
    assert_eq!(status(Kind::LimitExceeded, Some(159)).status, 408);
    assert_eq!(status(Kind::LimitExceeded, None).status, 413);
    assert_eq!(status(Kind::Unavailable, None).header("retry-after"), Some("1"));
    assert_eq!(status(Kind::Internal, None).status, 500);
    let denied = status(Kind::Denied, None);
    assert_eq!((denied.status, &denied.body[..]), (403, &b"{\"error\":\"x\"}"[..]));
    assert_eq!(denied.header("access-control-allow-origin"), Some("*"), "a page must be able to read the error");
}

#[test]
fn request_ids_sort_by_time() {
    assert_eq!(request_id(1_469_918_176_385, 0), "01ARYZ6S410000000000000000");
    assert_eq!(request_id(0, u128::MAX), "0000000000ZZZZZZZZZZZZZZZZ");
    assert!(request_id(1, 9) < request_id(2, 0));
}

fn catalog() -> Arc<Catalog> {
    let mut catalog = Catalog::empty("w1", "test");
    let engine = Engine {
        kind: EngineKind::MergeTree,
        sorting_key: vec![],
        partition_key: vec![],
        primary_key: vec![],
        ..Engine::default()
    };
    let text = String::new;
    let data_source = DataSource {
        id: "t_1".to_owned(),
        name: "events".to_owned(),
        description: text(),
        columns: vec![],
        engine,
        file: text(),
        text: text(),
        ..DataSource::default()
    };
    catalog.data_sources.insert("events".to_owned(), Arc::new(data_source));
    for name in ["draft", "secret"] {
        let (id, name) = (format!("t_{name}"), name.to_owned());
        let pipe = Pipe {
            id,
            name: name.clone(),
            description: text(),
            nodes: vec![],
            endpoint: None,
            file: text(),
            text: text(),
            ..Pipe::default()
        };
        catalog.pipes.insert(name, Arc::new(pipe));
    }
    let token = |name: &str, scopes| StaticToken {
        id: name.to_owned(),
        name: name.to_owned(),
        digest: token::digest(name),
        scopes,
    };
    let append = Scope::DataSourceAppend { name: "events".to_owned() };
    let draft = Scope::PipeRead { name: "draft".to_owned(), fixed_params: Default::default(), filter: None };
    catalog.tokens = vec![token("p.admin", vec![Scope::Admin]), token("p.few", vec![append, draft])];
    Arc::new(catalog)
}

#[track_caller]
fn check_read(request: Request, expected: (u16, &str)) {
    let budget = Budget { read_bytes_max: 1, memory_bytes_max: 1 };
    let route = route(&request).unwrap();
    let result = read(&route, &request, &catalog(), &Keys::new("p.admin"), budget, NOW_S * 1_000_000_000);
    let response = result.err().expect("the request is refused");
    assert_eq!((response.status, std::str::from_utf8(&response.body).unwrap()), expected);
}

#[test]
fn reading_is_refused_before_anything_runs() {
    let missing =
        r#"{"error":"a token is missing: send it as \"Authorization: Bearer <token>\" or as ?token=<token>"}"#;
    check_read(get("/v0/pipes/draft.json"), (403, missing));
    check_read(get("/v0/sql?q=select+1"), (403, missing));
    let denied = r#"{"error":"the token \"p.few\" has no scope PIPES:READ:secret"}"#;
    check_read(get("/v0/pipes/secret.json?token=p.few"), (403, denied));
    check_read(get("/v0/pipes/t_secret.json?token=p.few"), (403, denied));
    check_read(get("/v0/sql?q=select+1+from+_&pipeline=secret&token=p.few"), (403, denied));
    let absent = r#"{"error":"the token \"p.few\" has no scope PIPES:READ:absent"}"#;
    check_read(get("/v0/pipes/absent.json?token=p.few"), (403, absent));
    check_read(get("/v0/pipes/absent.json?token=p.admin"), (404, r#"{"error":"there is no pipe \"absent\""}"#));
    let unpublished = r#"{"error":"the pipe \"draft\" has no endpoint; give a node TYPE endpoint"}"#;
    check_read(get("/v0/pipes/draft.json?token=p.few"), (404, unpublished));
    let no_sql = r#"{"error":"the SQL is missing: send it as ?q=, as a form or as the body"}"#;
    check_read(get("/v0/sql?token=p.admin&q=%20"), (400, no_sql));
    let long = format!("/v0/sql?token=p.admin&q={}", "x".repeat(crate::limits::SQL_BYTES_MAX + 1));
    check_read(get(&long), (400, r#"{"error":"the SQL has 131073 bytes, more than 131072"}"#));
}

#[test]
fn preflights_need_no_token() {
    let response = read(
        &Route::Preflight,
        &Request::new("OPTIONS", "/v0/sql", Vec::new(), Bytes::new()),
        &catalog(),
        &Keys::default(),
        Budget { read_bytes_max: 1, memory_bytes_max: 1 },
        0,
    );
    let response = response.err().unwrap();
    assert_eq!(response.status, 204);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert!(response.header("access-control-allow-headers").unwrap().contains("Authorization"));
}

#[track_caller]
fn check_append(target: &str, expected: Result<(bool, EventsFormat), (u16, &str)>) {
    let found = append(&post(target, "", ""), &catalog(), &Keys::new("p.admin"), NOW_S);
    let found = found.map(|append| (append.wait, append.format));
    let found = found.map_err(|response| {
        let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        (response.status, body["error"].as_str().unwrap().to_owned())
    });
    assert_eq!(found, expected.map_err(|(status, message)| (status, message.to_owned())));
}

#[test]
fn appending_is_checked() {
    check_append("/v0/events?name=events&token=p.few", Ok((false, EventsFormat::Ndjson)));
    check_append("/v0/events?name=t_1&wait=true&format=json&token=p.few", Ok((true, EventsFormat::Json)));
    check_append("/v0/events?token=p.few", Err((400, "the data source is missing: say ?name=<data source>")));
    let denied = "the token \"p.few\" has no scope DATASOURCES:APPEND:event";
    check_append("/v0/events?name=event&token=p.few", Err((403, denied)));
    let near = "there is no data source \"event\"; did you mean \"events\"?";
    check_append("/v0/events?name=event&token=p.admin", Err((404, near)));
    let none = "there is no data source \"zzz\"; deploy one first";
    check_append("/v0/events?name=zzz&token=p.admin", Err((404, none)));
    let format = "unknown format \"csv\"; it can be ndjson or json";
    check_append("/v0/events?name=events&format=csv&token=p.few", Err((400, format)));
    let wait = "wait is \"yes\"; it can be true or false";
    check_append("/v0/events?name=events&wait=yes&token=p.few", Err((400, wait)));
}

fn part(name: &str, file_name: &str, text: &str) -> multipart::Part {
    multipart::Part { name: name.to_owned(), file_name: file_name.to_owned(), text: text.to_owned() }
}

#[test]
fn projects_travel_as_parts() {
    let parts = [
        part("context://", "cli-version", "5.0.3"),
        part("data_project://", "datasources/a.datasource", "SCHEMA >\r\n\r\n--x\n"),
        part("data_project://", "b c.pipe", ""),
    ];
    let (content_type, body) = multipart::write(&parts, "b0undary");
    let request = post("/v1/deploy", &content_type, std::str::from_utf8(&body).unwrap());
    assert_eq!(multipart::parse(&request).unwrap(), parts);
    let python = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f;g\"\r\n\r\n1\r\n--x--\r\n";
    assert_eq!(
        multipart::parse(&post("/", "multipart/form-data; boundary=\"x\"", python)).unwrap(),
        [part("a", "f;g", "1")]
    );
    assert_eq!(multipart::parse(&post("/", "multipart/form-data; boundary=x", "--x--")).unwrap(), []);
}

#[test]
fn broken_parts_are_named() {
    let check = |content_type: &str, body: &str, expected: &str| {
        let message = multipart::parse(&post("/", content_type, body)).unwrap_err().message;
        assert!(message.contains(expected), "{message}");
    };
    check("application/json", "{}", "not multipart/form-data");
    check("multipart/form-data", "--x--", "not multipart/form-data");
    let form = "multipart/form-data; boundary=x";
    check(form, "", "no parts");
    check(form, "--x", "stands alone");
    check(form, "--x\r\nA: b\r\n\r\n1", "last delimiter is missing");
    check(form, "--x\r\nA: b\r\n\r\n1\r\n--x--", "no Content-Disposition");
    check(form, "--x\r\nA: b\r\n--x--", "no empty line");
}

#[test]
fn templates_choose_their_answers() {
    let body = serde_json::json!({ "error_id": 7, "error": "no" });
    let failure = |status, body: &serde_json::Value| crate::template::Failure {
        status,
        message: "no".to_owned(),
        body: Some(body.clone()),
        span: None,
    };
    let response = Response::from(crate::Error::from(failure(418, &body)).context("pipe top"));
    assert_eq!((response.status, &response.body[..]), (418, body.to_string().as_bytes()));
    assert_eq!(Response::from(crate::Error::from(failure(200, &body))).status, 400, "a failure is no success");
}
