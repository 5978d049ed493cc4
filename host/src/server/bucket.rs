//! The protocol that workerd's `r2Bucket` binding speaks, read-only, over a store: so a self-hosted
//! edge worker reads what the host commits as a deployed one reads R2, byte range by byte range.
//!
//! ```text
//! GET /                                              ◀ cf-r2-request: {"version": 1, "method": "get", "object": "w/log/head",
//!                                                                      "range": {"offset": "0", "length": "10"}}
//! 200  cf-r2-metadata-size: 97                       ▶ 97 bytes of JSON about the object, then the bytes asked for
//! 404  cf-r2-error: {"version": 1, "v4code": 10007,  ▶ nothing
//!                    "message": "…"}
//! ```
//!
//! There is no authentication in it: it listens on loopback, on a port of its own. The shape of the
//! messages is workerd's `src/workerd/api/r2-api.capnp`, as JSON, where a number of 64 bits is a string.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::{BufMut, Bytes, BytesMut};
use sanderling_core::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// What the protocol needs of a store.
#[async_trait::async_trait]
pub trait Objects: Send + Sync + 'static {
    /// How many bytes the object has; `NotFound` if there is none.
    async fn size(&self, key: &str) -> Result<u64>;
    /// All its bytes.
    async fn get(&self, key: &str) -> Result<Bytes> {
        let size = self.size(key).await?;
        self.read(key, 0..size).await
    }
    /// The bytes of the range; of one that reaches past the end, what there is, or an error.
    async fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes>;
    /// Names and sizes of all objects whose names start with `prefix`, sorted by name.
    async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>>;
}

const REQUEST: &str = "cf-r2-request";
const METADATA_SIZE: &str = "cf-r2-metadata-size";
const ERROR: &str = "cf-r2-error";
/// What R2 lists at most, and if not told otherwise.
const LIST_MAX: usize = 1000;

pub fn router(objects: Arc<dyn Objects>) -> Router {
    Router::new().fallback(get(answer).put(refuse)).with_state(objects)
}

#[derive(Deserialize)]
#[serde(tag = "method", rename_all = "camelCase")]
enum Request {
    Head { object: String },
    Get(Get),
    List(List),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Get {
    object: String,
    range: Option<Wanted>,
    range_header: Option<String>,
    only_if: Option<serde_json::Value>,
}

/// `offset` and `length`, or `suffix`.
#[derive(Clone, Copy, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    offset: Option<Number>,
    #[serde(default)]
    length: Option<Number>,
    #[serde(default)]
    suffix: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    limit: Option<usize>,
    #[serde(default)]
    prefix: String,
    cursor: Option<String>,
    start_after: Option<String>,
    delimiter: Option<String>,
}

/// A number of 64 bits is a string in this JSON, though some writers forget.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "serde_json::Value")]
struct Number(u64);

impl TryFrom<serde_json::Value> for Number {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Number, String> {
        let number = match &value {
            serde_json::Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        };
        number.map(Number).ok_or_else(|| format!("{value} is no number of bytes"))
    }
}

#[derive(Serialize)]
struct Head<'a> {
    name: &'a str,
    version: String,
    size: String,
    etag: String,
    uploaded: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Returned>,
    #[serde(rename = "storageClass")]
    storage_class: &'static str,
}

#[derive(Serialize)]
struct Returned {
    offset: String,
    length: String,
}

#[derive(Serialize)]
struct Listed<'a> {
    objects: Vec<Head<'a>>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

async fn answer(State(objects): State<Arc<dyn Objects>>, headers: HeaderMap) -> Response {
    let answered = match parse(&headers) {
        Ok(Request::Head { object }) => head(&*objects, &object).await,
        Ok(Request::Get(request)) => read(&*objects, &request).await,
        Ok(Request::List(request)) => list(&*objects, &request).await,
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| refusal(&error))
}

async fn refuse() -> Response {
    refusal(&Error::denied("this bucket is read-only: rows are written through the host"))
}

fn parse(headers: &HeaderMap) -> Result<Request> {
    let header = headers.get(REQUEST).ok_or_else(|| Error::invalid(format!("header {REQUEST} is missing")))?;
    serde_json::from_slice(header.as_bytes()).map_err(|error| Error::invalid(format!("header {REQUEST}: {error}")))
}

async fn head(objects: &dyn Objects, key: &str) -> Result<Response> {
    let size = objects.size(key).await?;
    Ok(message(&Head::new(key, size, None), &Bytes::new()))
}

async fn read(objects: &dyn Objects, request: &Get) -> Result<Response> {
    if request.only_if.is_some() || request.range_header.is_some() {
        return Err(Error::invalid("conditions and range headers are not supported here; use `range`"));
    }
    let key = &request.object;
    let (bytes, size, returned) = match request.range {
        None => {
            let bytes = objects.get(key).await?;
            let size = bytes.len() as u64;
            (bytes, size, None)
        }
        // What the worker asks for. The size is a second question to most stores, and nobody looks
        // at it here: as far as the range goes is what is known.
        Some(Wanted { offset: Some(Number(start)), length: Some(Number(length)), .. }) if length > 0 => {
            let range = start..start.saturating_add(length);
            (objects.read(key, range.clone()).await?, range.end, Some(range))
        }
        Some(wanted) => {
            let size = objects.size(key).await?;
            let range = wanted.of(size)?;
            let bytes = if range.is_empty() { Bytes::new() } else { objects.read(key, range.clone()).await? };
            (bytes, size, Some(range))
        }
    };
    let returned = returned.map(|range| range.start..range.start + bytes.len() as u64);
    Ok(message(&Head::new(key, size, returned), &bytes))
}

async fn list(objects: &dyn Objects, request: &List) -> Result<Response> {
    if request.delimiter.is_some() {
        return Err(Error::invalid("delimiters are not supported here"));
    }
    let limit = request.limit.unwrap_or(LIST_MAX).clamp(1, LIST_MAX);
    let after = request.cursor.as_ref().or(request.start_after.as_ref());
    let mut all = objects.list(&request.prefix).await?;
    all.retain(|(name, _)| after.is_none_or(|after| name > after));
    let truncated = all.len() > limit;
    all.truncate(limit);
    let cursor = if truncated { all.last().map(|(name, _)| name.as_str()) } else { None };
    let heads = all.iter().map(|(name, size)| Head::new(name, *size, None)).collect();
    Ok(message(&Listed { objects: heads, truncated, cursor }, &Bytes::new()))
}

impl Wanted {
    /// As R2 has it: what reaches past the end is cut, what starts past it is refused.
    fn of(self, size: u64) -> Result<Range<u64>> {
        if let Some(Number(suffix)) = self.suffix {
            return Ok(size.saturating_sub(suffix)..size);
        }
        let start = self.offset.map_or(0, |Number(offset)| offset);
        if start > size {
            return Err(Error::invalid(format!("the range starts at byte {start} of {size}")));
        }
        let end = self.length.map_or(size, |Number(length)| start.saturating_add(length).min(size));
        Ok(start..end)
    }
}

impl<'a> Head<'a> {
    fn new(name: &'a str, size: u64, range: Option<Range<u64>>) -> Head<'a> {
        // Objects are immutable but one, which no reader compares: a length is tag enough.
        let tag = format!("{size:016x}");
        Head {
            name,
            version: tag.clone(),
            size: size.to_string(),
            etag: tag,
            uploaded: "0",
            range: range.map(|range| Returned {
                offset: range.start.to_string(),
                length: (range.end - range.start).to_string(),
            }),
            storage_class: "Standard",
        }
    }
}

/// The metadata, then the body.
fn message(metadata: &impl Serialize, body: &Bytes) -> Response {
    let metadata = serde_json::to_vec(metadata).expect("strings and numbers can be written as JSON");
    let mut bytes = BytesMut::with_capacity(metadata.len() + body.len());
    bytes.put_slice(&metadata);
    bytes.put_slice(body);
    ([(METADATA_SIZE, HeaderValue::from(metadata.len()))], bytes.freeze()).into_response()
}

fn refusal(error: &Error) -> Response {
    let (status, code) = match error.kind {
        Kind::NotFound => (StatusCode::NOT_FOUND, 10007),
        Kind::Invalid => (StatusCode::BAD_REQUEST, 10029),
        Kind::Denied => (StatusCode::FORBIDDEN, 10003),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, 10001),
    };
    let text = serde_json::json!({ "version": 1, "v4code": code, "message": error.message }).to_string();
    let value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("{}"));
    (status, [(ERROR, value)]).into_response()
}

#[cfg(test)]
mod tests;
