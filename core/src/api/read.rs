//! Reading: an endpoint or SQL, from the request to the query and from its rows to the body.

use super::request::{Arguments, RawBody};
use super::{Output, Request, Response, Route};
use crate::access::{self, Grant, Keys};
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::format::{self, Format, Results};
use crate::limits::SQL_BYTES_MAX;
use crate::query::{Answer, Options, Query, Source};
use std::sync::Arc;

/// What the shell lets one query use.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    pub read_bytes_max: u64,
    pub memory_bytes_max: usize,
}

pub struct Reading {
    pub query: Query,
    pub reply: Reply,
}

/// How to answer once there are rows, or an error.
pub struct Reply {
    /// Without one, the `FORMAT` of the SQL decides, and JSON is the default.
    format: Option<&'static Format>,
    options: format::Options,
    /// Whose request it is, for logs.
    pub token_name: String,
}

/// Everything about a request that can be wrong before a byte is read. `now_ns` is Unix time.
pub fn read(
    route: &Route,
    request: &Request,
    catalog: &Arc<Catalog>,
    keys: &Keys,
    budget: Budget,
    now_ns: i64,
) -> Result<Reading, Response> {
    match route {
        Route::Preflight => Err(Response::preflight()),
        Route::Endpoint { pipe, output } => {
            endpoint(pipe, *output, request, catalog, keys, budget, now_ns).map_err(Response::from)
        }
        Route::Sql => sql(request, catalog, keys, budget, now_ns).map_err(Response::from),
        other => Err(Error::not_found(format!("{other:?} is not answered here")).into()),
    }
}

fn endpoint(
    pipe: &str,
    output: Output,
    request: &Request,
    catalog: &Arc<Catalog>,
    keys: &Keys,
    budget: Budget,
    now_ns: i64,
) -> Result<Reading> {
    let grant = access::admit(request.token(), catalog, keys, seconds(now_ns))?;
    let found = catalog.pipe(pipe);
    let pipe = found.map_or(pipe, |pipe| &pipe.name);
    // Whether a pipe exists is not for those to know who may not call it.
    if !grant.may_call(pipe) {
        return Err(Error::denied(format!("the token {:?} has no scope PIPES:READ:{pipe}", grant.name)));
    }
    match found {
        None => return Err(Error::not_found(format!("there is no pipe {pipe:?}"))),
        Some(found) if found.endpoint.is_none() => {
            return Err(Error::not_found(format!("the pipe {pipe:?} has no endpoint; give a node TYPE endpoint")));
        }
        Some(_) => {}
    }
    let arguments = request.arguments(RawBody::None)?;
    let csv_header = arguments.get("__tb__csv_header").is_none_or(|value| value != "false");
    let reply = Reply::new(Some(output.format(csv_header)), &arguments, &grant)?;
    let over = arguments.get("q").filter(|text| !text.trim().is_empty()).map(str::to_owned);
    check_length(over.as_deref())?;
    let fixed_params = grant.fixed_params_of(over.is_none().then_some(pipe))?;
    let mut params = arguments.params();
    params.0.extend(fixed_params.into_iter().map(|(name, value)| (name.to_owned(), vec![value.to_owned()])));
    let source = Source::Endpoint { pipe: pipe.to_owned(), params, over };
    Ok(Reading { query: Query::new(catalog, source, options(&grant, budget, now_ns))?, reply })
}

fn sql(request: &Request, catalog: &Arc<Catalog>, keys: &Keys, budget: Budget, now_ns: i64) -> Result<Reading> {
    let grant = access::admit(request.token(), catalog, keys, seconds(now_ns))?;
    let arguments = request.arguments(RawBody::Sql)?;
    let text = arguments.get("q").filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let text = text.ok_or_else(|| Error::invalid("the SQL is missing: send it as ?q=, as a form or as the body"))?;
    check_length(Some(&text))?;
    let pipeline = arguments.get("pipeline").filter(|name| !name.is_empty());
    let pipeline = pipeline.map(|name| catalog.pipe(name).map_or(name, |pipe| &pipe.name).to_owned());
    if let Some(pipe) = pipeline.as_deref().filter(|pipe| !grant.may_call(pipe)) {
        return Err(Error::denied(format!("the token {:?} has no scope PIPES:READ:{pipe}", grant.name)));
    }
    let reply = Reply::new(None, &arguments, &grant)?;
    let fixed_params = grant.fixed_params_of(None)?;
    let mut params = arguments.params();
    params.0.extend(fixed_params.into_iter().map(|(name, value)| (name.to_owned(), vec![value.to_owned()])));
    let source = Source::Sql { text, pipeline, params };
    Ok(Reading { query: Query::new(catalog, source, options(&grant, budget, now_ns))?, reply })
}

fn seconds(now_ns: i64) -> i64 {
    now_ns.div_euclid(1_000_000_000)
}

fn check_length(sql: Option<&str>) -> Result<()> {
    match sql {
        Some(text) if text.len() > SQL_BYTES_MAX => {
            let message = format!("the SQL has {} bytes, more than {SQL_BYTES_MAX}", text.len());
            Err(Error::invalid(message))
        }
        _ => Ok(()),
    }
}

fn options(grant: &Grant, budget: Budget, now_ns: i64) -> Options {
    Options {
        now_ns,
        visible: grant.visible.clone(),
        read_bytes_max: budget.read_bytes_max,
        memory_bytes_max: budget.memory_bytes_max,
        settings: Vec::new(),
    }
}

impl Reply {
    fn new(format: Option<&'static Format>, arguments: &Arguments, grant: &Grant) -> Result<Reply> {
        let mut options = format::Options::default();
        for (name, value) in arguments.settings() {
            options.set(name, value)?;
        }
        Ok(Reply { format, options, token_name: grant.name.clone() })
    }

    pub fn respond(&self, result: Result<Answer>, elapsed_ns: u64) -> Response {
        result.and_then(|answer| self.write(&answer, elapsed_ns)).unwrap_or_else(Response::from)
    }

    fn write(&self, answer: &Answer, elapsed_ns: u64) -> Result<Response> {
        let format = match (self.format, &answer.format) {
            (Some(format), _) => format,
            (None, Some(name)) => format::find(name)?,
            (None, None) => format::find("JSON")?,
        };
        let results = Results {
            rows: &answer.rows,
            totals: None,
            extremes: None,
            rows_before_limit: answer.rows_before_limit,
            elapsed_ns,
            rows_read: answer.rows_read,
            bytes_read: answer.bytes_read,
        };
        let mut options = self.options.clone();
        for (name, value) in &answer.settings {
            options.set(name, value)?;
        }
        Ok(Response::new(200, format.content_type, format.write(&results, &options)?))
    }
}
