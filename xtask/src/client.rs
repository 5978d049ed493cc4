//! HTTP as `curl` would do it, to a host or an edge worker on this machine.

use anyhow::{Context, bail};
use serde_json::Value;
use std::time::Duration;

/// Where to ask, and as whom.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    pub url: String,
    pub token: String,
}

pub struct Answer {
    pub status: u16,
    pub body: String,
    headers: ureq::http::HeaderMap,
}

impl Client {
    pub fn new(url: &str, token: &str) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .max_idle_connections(16)
            .build();
        Client { agent: config.into(), url: url.to_owned(), token: token.to_owned() }
    }

    /// The same place, asked by somebody else.
    pub fn with_token(&self, token: &str) -> Client {
        Client { token: token.to_owned(), ..self.clone() }
    }

    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.agent.get(format!("{}{path}", self.url)).header("authorization", self.bearer());
        self.answer(path, request.call())
    }

    pub fn post(&self, path: &str, body: &str) -> anyhow::Result<Answer> {
        let request = self.agent.post(format!("{}{path}", self.url)).header("authorization", self.bearer());
        self.answer(path, request.content_type("text/plain").send(body))
    }

    /// Any request, with these headers and no others of ours.
    pub fn send(&self, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> anyhow::Result<Answer> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let sent = match body {
            [] => self.agent.run(request.body(())?),
            body => self.agent.run(request.body(body)?),
        };
        self.answer(path, sent)
    }

    /// The first value of the first row of a query.
    pub fn value(&self, sql: &str) -> anyhow::Result<Value> {
        let body = self.post("/v0/sql", &format!("{sql} FORMAT JSON"))?.json()?;
        let row = body["data"][0].as_object().with_context(|| format!("no rows: {body}"))?;
        row.values().next().cloned().context("no columns")
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn answer(
        &self,
        path: &str,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<Answer> {
        let mut response = sent.with_context(|| format!("{}{path}", self.url))?;
        let body = response.body_mut().read_to_string().with_context(|| format!("{}{path}", self.url))?;
        Ok(Answer { status: response.status().as_u16(), body, headers: response.headers().clone() })
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn headers(&self) -> Vec<(String, String)> {
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    }

    pub fn success(self) -> anyhow::Result<Answer> {
        match self.status {
            200..300 => Ok(self),
            status => bail!("status {status}: {}", self.body.trim()),
        }
    }

    /// The body of a success.
    pub fn json(self) -> anyhow::Result<Value> {
        let answer = self.success()?;
        serde_json::from_str(&answer.body).with_context(|| format!("not JSON: {}", answer.body))
    }
}
