//! Answers, and the one place where an error gets its status.

use crate::error::{Error, Kind};
use crate::template::Failure;
use bytes::Bytes;
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

impl Response {
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response {
        Response { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
            .readable_by_pages()
    }

    pub fn json(status: u16, body: &serde_json::Value) -> Response {
        Response::new(status, "application/json", body.to_string())
    }

    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((name, value.into()));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Pages of any origin may read the answer; what they may see is the token's business.
    fn readable_by_pages(mut self) -> Response {
        self.headers.push(("access-control-allow-origin", "*".to_owned()));
        self.headers.push(("access-control-expose-headers", EXPOSED.to_owned()));
        self
    }

    /// The answer to a browser's question before a request of another origin.
    pub(super) fn preflight() -> Response {
        let headers = vec![
            ("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS".to_owned()),
            ("access-control-allow-headers", "Authorization, Content-Type, Content-Encoding".to_owned()),
            ("access-control-max-age", "86400".to_owned()),
        ];
        Response { status: 204, headers, body: Bytes::new() }.readable_by_pages()
    }
}

const EXPOSED: &str = "x-request-id, x-db-exception-code, retry-after";

/// ClickHouse's number of "timeout exceeded", which has a status of its own.
const TIMEOUT_EXCEEDED: u16 = 159;

/// Seconds after which it makes sense to try again.
const RETRY_AFTER_S: u32 = 1;

impl From<Error> for Response {
    fn from(error: Error) -> Response {
        // A template may choose its answer, body and all.
        let failure = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Failure>());
        if let Some(Failure { status, body: Some(body), .. }) = failure {
            return Response::json(if (400..600).contains(status) { *status } else { 400 }, body);
        }
        let status = match (error.kind, error.exception_code) {
            (Kind::Invalid, _) => 400,
            (Kind::Denied, _) => 403,
            (Kind::NotFound, _) => 404,
            (Kind::Conflict, _) => 409,
            (Kind::LimitExceeded, Some(TIMEOUT_EXCEEDED)) => 408,
            // A query over a limit of the engine, as against a body over a limit of HTTP.
            (Kind::LimitExceeded, Some(_)) => 400,
            (Kind::LimitExceeded, None) => 413,
            (Kind::Unavailable, _) => 503,
            (Kind::Corrupt | Kind::Internal, _) => 500,
        };
        let mut response = Response::json(status, &json!({ "error": error.message }));
        if let Some(code) = error.exception_code {
            response = response.with_header("x-db-exception-code", code.to_string());
        }
        if error.kind == Kind::Unavailable {
            response = response.with_header("retry-after", RETRY_AFTER_S.to_string());
        }
        response
    }
}

/// An id for one request, in time order: a ULID. Both shells send it as `x-request-id`.
pub fn request_id(now_ms: u64, random: u128) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let id = u128::from(now_ms) << 80 | random & ((1 << 80) - 1);
    (0..26).rev().map(|digit| ALPHABET[(id >> (5 * digit) & 31) as usize] as char).collect()
}
