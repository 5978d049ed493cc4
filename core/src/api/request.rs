//! A request as both shells hand it over, and what can be read from it without a catalog.

use crate::error::{Error, Result};
use crate::template::Params;
use bytes::Bytes;
use serde_json::Value;

/// Names in a query string or body that are ours, never a pipe's parameters.
const RESERVED: &[&str] = &[
    "__tb__csv_header",
    "__tb__deployment",
    "__tb__min_deployment",
    "__tb__semver",
    "cli_version",
    "debug",
    "debug_source_tables",
    "explain",
    "finalize_aggregations",
    "from",
    "job_timestamp",
    "output_format_json_quote_64bit_integers",
    "output_format_json_quote_denormals",
    "output_format_parquet_string_as_string",
    "pipeline",
    "playground",
    "q",
    "query_id",
    "release_replacements",
    "tag",
    "template_parameters",
    "token",
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// Decoded.
    pub path: String,
    /// Decoded, in order.
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Request {
    /// `target` is the path with its query string, as it stands in the request line.
    pub fn new(method: &str, target: &str, headers: Vec<(String, String)>, body: Bytes) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method: method.to_ascii_uppercase(),
            path: percent_decode(path, false),
            query: parse_form(query),
            headers: headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            body,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value in the query string; the last one, if there are several.
    pub fn argument(&self, name: &str) -> Option<&str> {
        last(&self.query, name)
    }

    /// From the header if there is one, else from `?token=`.
    pub fn token(&self) -> Option<&str> {
        let header = self.header("authorization").and_then(|value| {
            let (scheme, token) = value.trim().split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        header.or_else(|| self.argument("token"))
    }

    /// Query string and body together: a form, a JSON object, or (for SQL) the text itself.
    pub(super) fn arguments(&self, raw_body: RawBody) -> Result<Arguments> {
        let mut all = self.query.clone();
        if self.method == "POST" && !self.body.is_empty() {
            all.extend(self.body_arguments(raw_body)?);
        }
        if let Some(text) = last(&all, "template_parameters") {
            let more = json_arguments(text.as_bytes()).map_err(|error| error.context("template_parameters"))?;
            all.extend(more);
        }
        Ok(Arguments { all })
    }

    fn body_arguments(&self, raw_body: RawBody) -> Result<Vec<(String, String)>> {
        let content_type = self.header("content-type").unwrap_or("").to_ascii_lowercase();
        let text = std::str::from_utf8(&self.body).map_err(|_| Error::invalid("the body is not UTF-8 text"))?;
        if content_type.contains("json") {
            return json_arguments(&self.body);
        }
        let raw = || vec![("q".to_owned(), text.to_owned())];
        let is_form = content_type.starts_with("application/x-www-form-urlencoded");
        match raw_body {
            // `curl -d 'SELECT 1'` says that it sends a form.
            RawBody::Sql if is_form => {
                let form = parse_form(text);
                let has_sql = form.iter().chain(&self.query).any(|(name, _)| name == "q");
                Ok(if has_sql { form } else { raw() })
            }
            RawBody::Sql if text.trim_start().starts_with('{') => json_arguments(&self.body),
            RawBody::Sql => Ok(raw()),
            RawBody::None if text.trim_start().starts_with('{') => json_arguments(&self.body),
            RawBody::None => Ok(parse_form(text)),
        }
    }
}

/// What a body means that says neither form nor JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RawBody {
    Sql,
    None,
}

pub(super) struct Arguments {
    all: Vec<(String, String)>,
}

impl Arguments {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        last(&self.all, name)
    }

    /// What says how results are printed.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let settings = self.all.iter().filter(|(name, _)| name.starts_with("output_format_"));
        settings.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What is left for templates. A name given more than once is a list.
    pub(super) fn params(self) -> Params {
        let mut params = Params::default();
        for (name, value) in self.all {
            if !RESERVED.contains(&name.as_str()) {
                params.0.entry(name).or_default().push(value);
            }
        }
        params
    }
}

fn last<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A JSON object as a query string would bring it: a list is a repeated name, an object its text,
/// and `null` is as if it were not there.
fn json_arguments(body: &[u8]) -> Result<Vec<(String, String)>> {
    let object: serde_json::Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("the body is not a JSON object of parameters: {error}")))?;
    let mut pairs = Vec::new();
    for (name, value) in object {
        match value {
            Value::Array(items) => pairs.extend(items.iter().filter_map(json_text).map(|text| (name.clone(), text))),
            value => pairs.extend(json_text(&value).map(|text| (name, text))),
        }
    }
    Ok(pairs)
}

fn json_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn parse_form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name, true), percent_decode(value, true))
        })
        .collect()
}

/// What is not `%` and two hex digits stays as it is; what is not UTF-8 afterwards is replaced.
fn percent_decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|byte| (*byte as char).to_digit(16));
        match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) if plus_is_space => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}
