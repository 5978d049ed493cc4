//! What the runtime binds to the worker, as plain bytes and numbers: R2, settings, time, randomness.

use bytes::Bytes;
use sanderling_core::access::Keys;
use sanderling_core::{Error, Result, api};
use std::cell::Cell;
use std::ops::Range;
use worker::{Date, Env, Fetch, Headers, Method, RequestInit};

/// One request's view of the outside.
pub(crate) struct Bindings {
    bucket: worker::Bucket,
    /// First part of the name of every object.
    pub workspace: String,
    pub keys: Keys,
    /// Where to send what an edge cannot do.
    pub host_url: Option<String>,
    /// How long a commit counts as the latest without asking.
    pub commit_age_ms_max: u64,
    object_reads: Cell<u32>,
}

const COMMIT_AGE_MS_MAX: u64 = 1000;

impl Bindings {
    pub(crate) fn new(env: &Env) -> Result<Bindings> {
        let bucket = env.bucket("BUCKET").map_err(|_| Error::internal("the worker has no R2 binding BUCKET"))?;
        let text = |name: &str| env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty());
        let workspace =
            text("WORKSPACE_ID").ok_or_else(|| Error::internal("the worker has no variable WORKSPACE_ID"))?;
        let by_id = match text("JWT_KEYS") {
            Some(json) => serde_json::from_str(&json)
                .map_err(|error| Error::internal(format!("JWT_KEYS is not an object of kid to secret: {error}")))?,
            None => Default::default(),
        };
        let commit_age_ms_max = match text("COMMIT_AGE_MS_MAX") {
            Some(number) => {
                number.parse().map_err(|_| Error::internal(format!("COMMIT_AGE_MS_MAX is {number:?}, not a number")))?
            }
            None => COMMIT_AGE_MS_MAX,
        };
        Ok(Bindings {
            bucket,
            workspace,
            keys: Keys { admin_token: text("ADMIN_TOKEN"), by_id },
            host_url: text("HOST_URL").map(|url| url.trim_end_matches('/').to_owned()),
            commit_age_ms_max,
            object_reads: Cell::new(0),
        })
    }

    /// The object, or the range of it; `None` if it is not there.
    pub(crate) async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<Bytes>> {
        self.object_reads.set(self.object_reads.get() + 1);
        let failed = |error: worker::Error| Error::unavailable(format!("{key}: the bucket does not answer: {error}"));
        let mut get = self.bucket.get(key);
        if let Some(range) = range {
            let length = range.end - range.start;
            get = get.range(worker::Range::OffsetWithLength { offset: range.start, length });
        }
        let Some(object) = get.execute().await.map_err(failed)? else { return Ok(None) };
        let body = object.body().ok_or_else(|| Error::internal(format!("{key}: an object without a body")))?;
        Ok(Some(body.bytes().await.map_err(failed)?.into()))
    }

    /// Reads made of the object store for this request, also of objects that were not there.
    pub(crate) fn object_reads(&self) -> u32 {
        self.object_reads.get()
    }
}

/// Unix time. It stands still while the worker computes, and moves on when it waits.
pub(crate) fn now_ms() -> u64 {
    Date::now().as_millis()
}

pub(crate) fn random() -> u128 {
    let mut bytes = [0; 16];
    // Without randomness, request ids of one millisecond are equal: no reason to refuse.
    let _ = getrandom03::fill(&mut bytes);
    u128::from_le_bytes(bytes)
}

/// The request without its body.
pub(crate) fn request(request: &worker::Request) -> Result<api::Request> {
    let url = request.inner().url();
    let headers = request.headers().entries().collect();
    Ok(api::Request::new(request.inner().method().as_str(), target(&url), headers, Bytes::new()))
}

pub(crate) fn response(response: api::Response) -> worker::Result<worker::Response> {
    let headers = Headers::new();
    for (name, value) in &response.headers {
        headers.append(name, value)?;
    }
    let answer = match response.body.is_empty() {
        true => worker::Response::empty()?,
        false => worker::Response::from_bytes(response.body.into())?,
    };
    Ok(answer.with_status(response.status).with_headers(headers))
}

/// Asks `host` instead.
pub(crate) async fn pass_on(
    host: &str,
    request: &worker::Request,
    taken: Option<&Bytes>,
) -> worker::Result<worker::Response> {
    let mut init = RequestInit::new();
    init.with_method(request.method()).with_headers(request.headers().clone());
    if !matches!(request.method(), Method::Get | Method::Head) {
        init.with_body(match taken {
            Some(bytes) => Some(worker::js_sys::Uint8Array::from(&bytes[..]).into()),
            None => request.inner().body().map(Into::into),
        });
    }
    let url = format!("{host}{}", target(&request.inner().url()));
    Fetch::Request(worker::Request::new_with_init(&url, &init)?).send().await
}

/// Path and query of a URL.
fn target(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |scheme| scheme + 3);
    url[authority..].find('/').map_or("/", |path| &url[authority + path..])
}
