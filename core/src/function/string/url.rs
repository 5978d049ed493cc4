//! Parts of URLs. Nothing is checked: what does not look like a URL has empty parts.

use super::edit::{each, text};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "protocol", exact_case, "protocol(url)", "The scheme.", [("protocol('https://example.com/')", "https")], |call| text(call, |input| input.slice_strings(|_, url| protocol(url)));
    "domain", exact_case, "domain(url)", "The host, without its port.", [("domain('https://www.example.com:8080/a?x=1')", "www.example.com"), ("domain('example.com/a')", "example.com"), ("domain('abc')", "")], |call| text(call, |input| input.slice_strings(|_, url| domain(url)));
    "domainWithoutWWW", exact_case, "domainWithoutWWW(url)", "The host, without `www.` in front.", [("domainWithoutWWW('https://www.example.com/a')", "example.com")], |call| text(call, |input| input.slice_strings(|_, url| { let host = domain(url); host.strip_prefix("www.").unwrap_or(host) }));
    "topLevelDomain", exact_case, "topLevelDomain(url)", "What follows the last dot of the host.", [("topLevelDomain('https://a.co.uk/')", "uk")], |call| text(call, |input| input.slice_strings(|_, url| { let host = domain(url); host.rfind('.').map_or(&host[..0], |dot| &host[dot + 1..]) }));
    "path", exact_case, "path(url)", "The path, without the query.", [("path('https://example.com/a/b?x=1')", "/a/b")], |call| text(call, |input| input.slice_strings(|_, url| { let path = path_full(url); &path[..path.find(['?', '#']).unwrap_or(path.len())] }));
    "pathFull", exact_case, "pathFull(url)", "The path with query and fragment.", [("pathFull('http://a.com/b?a=1#f')", "/b?a=1#f")], |call| text(call, |input| input.slice_strings(|_, url| path_full(url)));
    "queryString", exact_case, "queryString(url)", "What stands between `?` and `#`.", [("queryString('http://a.com/?a=1#f')", "a=1")], |call| text(call, |input| input.slice_strings(|_, url| query(url)));
    "fragment", exact_case, "fragment(url)", "What follows `#`.", [("fragment('http://a.com/?a=1#f')", "f")], |call| text(call, |input| input.slice_strings(|_, url| url.find('#').map_or(&url[..0], |hash| &url[hash + 1..])));
    "cutQueryString", exact_case, "cutQueryString(url)", "The URL without its query.", [("cutQueryString('http://a.com/b?a=1#f')", "http://a.com/b#f")], |call| text(call, |input| each(input, |url, out| {
        let (before, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
        out.push_str(&before[..before.find('?').unwrap_or(before.len())]);
        out.push_str(fragment);
    }));
    "extractURLParameter", exact_case, "extractURLParameter(url, name)", "The value of a parameter of the query, as it is written.", [("extractURLParameter('http://a.com/?xx=1&x=3', 'x')", "3"), ("extractURLParameter('http://a.com/#y=2', 'y')", "2")], |call| {
        call.count(2..=2)?;
        Ok(call.kernel_on(parameter, DataType::String, call.texts(2)?))
    };
    "extractURLParameters", exact_case, "extractURLParameters(url)", "The parameters of the query, as `name=value`.", [("extractURLParameters('http://a.com/?x=1&y=2')", "['x=1','y=2']")], parameters;
    "decodeURLComponent", exact_case, "decodeURLComponent(s)", "Percent signs and their digits as the characters they stand for.", [("decodeURLComponent('a%20b+c')", "a b+c")], |call| text(call, |input| each(input, |text, out| decode(text, out, false)));
    "decodeURLFormComponent", exact_case, "decodeURLFormComponent(s)", "As decodeURLComponent, and a plus is a space.", [("decodeURLFormComponent('a%20b+c')", "a b c")], |call| text(call, |input| each(input, |text, out| decode(text, out, true)));
    "encodeURLComponent", exact_case, "encodeURLComponent(s)", "The text as it may stand in a URL.", [("encodeURLComponent('a b/c')", "a%20b%2Fc")], |call| text(call, |input| each(input, |text, out| encode(text, out, false)));
    "encodeURLFormComponent", exact_case, "encodeURLFormComponent(s)", "As encodeURLComponent, and a space is a plus.", [("encodeURLFormComponent('a b')", "a+b")], |call| text(call, |input| each(input, |text, out| encode(text, out, true)));
};

fn protocol(url: &str) -> &str {
    let end = url.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))).unwrap_or(url.len());
    let is_scheme = url[end..].starts_with("://") && url.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_scheme { &url[..end] } else { &url[..0] }
}

/// What follows `scheme://` or `//`.
fn after_scheme(url: &str) -> Option<&str> {
    let scheme = protocol(url);
    if !scheme.is_empty() {
        return Some(&url[scheme.len() + 3..]);
    }
    url.strip_prefix("//")
}

/// Letters, digits, dots, dashes and underscores, with a dot among them.
fn domain(url: &str) -> &str {
    let rest = after_scheme(url).unwrap_or(url);
    let end = rest.find(['/', ':', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    let host = host.rfind('@').map_or(host, |at| &host[at + 1..]);
    let is_host = host.contains('.') && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '~'));
    if is_host { host } else { &url[..0] }
}

fn path_full(url: &str) -> &str {
    let Some(rest) = after_scheme(url) else {
        let at = url.find('/').unwrap_or(url.len());
        return &url[at..];
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    if rest[end..].starts_with('/') { &rest[end..] } else { &url[..0] }
}

fn query(url: &str) -> &str {
    let before = &url[..url.find('#').unwrap_or(url.len())];
    before.find('?').map_or(&url[..0], |mark| &before[mark + 1..])
}

/// ClickHouse looks for parameters behind the first `?` or `#`.
fn pairs(url: &str) -> impl Iterator<Item = &str> {
    let start = url.find(['?', '#']).map_or(url.len(), |mark| mark + 1);
    url[start..].split(['&', ';', '#', '?']).filter(|pair| !pair.is_empty())
}

fn parameter(input: &Input) -> EngineResult<ArrayRef> {
    let names = input.strings(1)?;
    input.slice_strings(|row, url| {
        let name = names.get(row);
        pairs(url).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or(&url[..0])
    })
}

fn parameters(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let kernel = |input: &Input| {
        let urls = input.strings(0)?;
        input.string_lists(|row, out| {
            out.extend(pairs(urls.get(row)).filter(|pair| pair.contains('=')).map(str::to_owned));
            Ok(())
        })
    };
    Ok(call.kernel_on(kernel, DataType::String.array(), call.texts(1)?))
}

fn decode(text: &str, out: &mut String, form: bool) {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = if decoded.is_some() { &tail[2..] } else { tail };
        bytes.push(decoded.unwrap_or(if form && *first == b'+' { b' ' } else { *first }));
    }
    out.push_str(&String::from_utf8_lossy(&bytes));
}

fn encode(text: &str, out: &mut String, form: bool) {
    for byte in text.bytes() {
        match byte {
            b' ' if form => out.push('+'),
            b if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') => out.push(char::from(b)),
            b => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                out.extend(['%', char::from(DIGITS[usize::from(b >> 4)]), char::from(DIGITS[usize::from(b & 15)])]);
            }
        }
    }
}
