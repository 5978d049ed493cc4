//! Parts of URLs that begin and end at slashes, question marks and hashes.

use crate::function::definition::{Function, family};
use crate::function::scalar::Input;
use crate::function::string::{each, text};
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "protocol", exact_case, "protocol(url)", "The scheme.", [("protocol('https://example.com/')", "https"), ("protocol('mailto:a@b.c')", "mailto")], |call| text(call, |input| part(input, protocol));
    "netloc", exact_case, "netloc(url)", "The user, host and port.", [("netloc('http://paul@www.example.com:80/')", "paul@www.example.com:80")], |call| text(call, |input| part(input, netloc));
    "path", exact_case, "path(url)", "The path, without the query.", [("path('https://example.com/a/b?x=1')", "/a/b")], |call| text(call, |input| part(input, |url| {
        let path = path_full(url);
        &path[..path.find(['?', '#']).unwrap_or(path.len())]
    }));
    "pathFull", exact_case, "pathFull(url)", "The path with query and fragment.", [("pathFull('http://a.com/b?a=1#f')", "/b?a=1#f")], |call| text(call, |input| part(input, path_full));
    "queryString", exact_case, "queryString(url)", "What stands between `?` and `#`.", [("queryString('http://a.com/?a=1#f')", "a=1")], |call| text(call, |input| part(input, |url| {
        let query = after(url, '?');
        &query[..query.find('#').unwrap_or(query.len())]
    }));
    "fragment", exact_case, "fragment(url)", "What follows `#`.", [("fragment('http://a.com/?a=1#f')", "f")], |call| text(call, |input| part(input, |url| after(url, '#')));
    "queryStringAndFragment", exact_case, "queryStringAndFragment(url)", "What follows `?`.", [("queryStringAndFragment('http://a.com/?a=1#f')", "a=1#f")], |call| text(call, |input| part(input, |url| after(url, '?')));
    "cutQueryString", exact_case, "cutQueryString(url)", "The URL without its query.", [("cutQueryString('http://a.com/b?a=1#f')", "http://a.com/b#f")], |call| text(call, |input| each(input, |url, out| {
        let start = url.find('?').unwrap_or(url.len());
        out.push_str(&url[..start]);
        out.push_str(url[start..].find('#').map_or("", |end| &url[start + end..]));
    }));
    "cutFragment", exact_case, "cutFragment(url)", "The URL without its fragment.", [("cutFragment('http://a.com/b?a=1#f')", "http://a.com/b?a=1")], |call| text(call, |input| part(input, |url| &url[..url.find('#').unwrap_or(url.len())]));
    "cutQueryStringAndFragment", exact_case, "cutQueryStringAndFragment(url)", "The URL up to `?`.", [("cutQueryStringAndFragment('http://a.com/b?a=1#f')", "http://a.com/b")], |call| text(call, |input| part(input, |url| &url[..url.find('?').unwrap_or(url.len())]));
    "cutWWW", exact_case, "cutWWW(url)", "The URL without `www.` in front of its host.", [("cutWWW('https://www.example.com/a')", "https://example.com/a")], |call| text(call, |input| each(input, |url, out| {
        let host = url.find("//").map(|at| at + 2).filter(|at| url.find('/') == Some(at - 2)).unwrap_or(url.len());
        let is_www = url[host..].starts_with("www.") && url.len() > host + 4;
        out.push_str(&url[..host]);
        out.push_str(&url[if is_www { host + 4 } else { host }..]);
    }));
};

fn part(input: &Input, of: for<'t> fn(&'t str) -> &'t str) -> EngineResult<ArrayRef> {
    input.slice_strings(|_, url| of(url))
}

fn after(url: &str, mark: char) -> &str {
    url.find(mark).map_or(&url[..0], |at| &url[at + 1..])
}

fn protocol(url: &str) -> &str {
    let bytes = url.as_bytes();
    if !bytes.first().is_some_and(u8::is_ascii_alphabetic) {
        return &url[..0];
    }
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let end = bytes.iter().position(|byte| !is_scheme(byte)).unwrap_or(bytes.len());
    // ClickHouse asks for four bytes more, of which the first is a colon.
    if bytes.len() - end >= 4 && bytes[end] == b':' { &url[..end] } else { &url[..0] }
}

/// From the first slash, but for the two before a host.
fn path_full(url: &str) -> &str {
    let Some(first) = url.find('/') else { return &url[..0] };
    if !url[first + 1..].starts_with('/') {
        return &url[first..];
    }
    url[first + 2..].find('/').map_or(&url[..0], |at| &url[first + 2 + at..])
}

fn netloc(url: &str) -> &str {
    let Some(start) = super::domain::after_scheme(url) else { return &url[..0] };
    let rest = &url[start..];
    let ends = |byte: u8| matches!(byte, b'/' | b'?' | b'#') || super::domain::is_restricted(byte);
    let end = rest.bytes().position(ends).unwrap_or(rest.len());
    &rest[..end]
}
