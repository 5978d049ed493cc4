//! `POST /v0/events`: which data source takes the body, and whether the caller may.

use super::{Request, Response};
use crate::access::{self, Keys};
use crate::catalog::{Catalog, DataSource};
use crate::error::{Error, Result};
use std::sync::Arc;

/// A checked request for appending; the body is still as sent, maybe compressed.
#[derive(Clone, Debug)]
pub struct Append {
    pub data_source: Arc<DataSource>,
    /// Answer when the rows can be read, not just when they cannot be lost.
    pub wait: bool,
    pub format: EventsFormat,
    /// Whose request it is, for logs.
    pub token_name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventsFormat {
    /// One object a line.
    Ndjson,
    /// One object, or an array of objects, over as many lines as you like.
    Json,
}

pub fn append(request: &Request, catalog: &Catalog, keys: &Keys, now_s: i64) -> Result<Append, Response> {
    check(request, catalog, keys, now_s).map_err(Response::from)
}

fn check(request: &Request, catalog: &Catalog, keys: &Keys, now_s: i64) -> Result<Append> {
    let grant = access::admit(request.token(), catalog, keys, now_s)?;
    let name = request.argument("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Error::invalid("the data source is missing: say ?name=<data source>"))?;
    let found = catalog.data_source(name);
    let name = found.map_or(name, |data_source| &data_source.name);
    if !grant.may_append(name) {
        return Err(Error::denied(format!("the token {:?} has no scope DATASOURCES:APPEND:{name}", grant.name)));
    }
    let data_source = found.ok_or_else(|| Error::not_found(unknown(name, catalog)))?;
    let format = match request.argument("format") {
        None | Some("" | "ndjson") => EventsFormat::Ndjson,
        Some("json") => EventsFormat::Json,
        Some(other) => return Err(Error::invalid(format!("unknown format {other:?}; it can be ndjson or json"))),
    };
    let wait = match request.argument("wait") {
        None | Some("" | "false" | "0") => false,
        Some("true" | "1") => true,
        Some(other) => return Err(Error::invalid(format!("wait is {other:?}; it can be true or false"))),
    };
    Ok(Append { data_source: data_source.clone(), wait, format, token_name: grant.name })
}

fn unknown(name: &str, catalog: &Catalog) -> String {
    match crate::diagnostic::nearest(name, catalog.data_sources.keys().map(String::as_str)) {
        Some(near) => format!("there is no data source {name:?}; did you mean {near:?}?"),
        None => format!("there is no data source {name:?}; deploy one first"),
    }
}
