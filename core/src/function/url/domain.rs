//! Hosts and their levels.
//!
//! The plain functions find a host as ClickHouse's fast ones do: they end at the first colon, so that a password hides
//! it. Those with `RFC` in their names read users, passwords and addresses in brackets.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::string::text;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;
use std::collections::HashSet;
use std::sync::LazyLock;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "domain", exact_case, "domain(url)", "The host, without its port.", [("domain('https://www.example.com:8080/a?x=1')", "www.example.com"), ("domain('example.com/a')", "example.com"), ("domain('abc')", "")], |call| text(call, |input| part(input, host));
    "domainRFC", exact_case, "domainRFC(url)", "As domain, by RFC 3986.", [("domainRFC('http://user:password@example.com:8080/')", "example.com")], |call| text(call, |input| part(input, host_rfc));
    "domainWithoutWWW", exact_case, "domainWithoutWWW(url)", "The host, without `www.` in front.", [("domainWithoutWWW('https://www.example.com/a')", "example.com")], |call| text(call, |input| part(input, |url| without_www(host(url))));
    "domainWithoutWWWRFC", exact_case, "domainWithoutWWWRFC(url)", "As domainWithoutWWW, by RFC 3986.", [("domainWithoutWWWRFC('http://user@www.example.com')", "example.com")], |call| text(call, |input| part(input, |url| without_www(host_rfc(url))));
    "topLevelDomain", exact_case, "topLevelDomain(url)", "What follows the last dot of the host.", [("topLevelDomain('https://a.co.uk/')", "uk")], |call| text(call, |input| part(input, |url| top_level(host(url))));
    "topLevelDomainRFC", exact_case, "topLevelDomainRFC(url)", "As topLevelDomain, by RFC 3986.", [("topLevelDomainRFC('http://a:b@c.com')", "com")], |call| text(call, |input| part(input, |url| top_level(host_rfc(url))));
    "firstSignificantSubdomain", exact_case, "firstSignificantSubdomain(url)", "The level of the host that somebody registered: the second, or the third where the second is `com`, `co` and the like.", [("firstSignificantSubdomain('https://news.example.co.uk/')", "example")], |call| text(call, |input| part(input, |url| significant(host(url)).0));
    "firstSignificantSubdomainRFC", exact_case, "firstSignificantSubdomainRFC(url)", "As firstSignificantSubdomain, by RFC 3986.", [("firstSignificantSubdomainRFC('http://a:b@news.example.com/')", "example")], |call| text(call, |input| part(input, |url| significant(host_rfc(url)).0));
    "cutToFirstSignificantSubdomain", exact_case, "cutToFirstSignificantSubdomain(url)", "The host from the level on that somebody registered.", [("cutToFirstSignificantSubdomain('https://news.example.co.uk/')", "example.co.uk")], |call| text(call, |input| part(input, |url| cut(host(url), false)));
    "cutToFirstSignificantSubdomainRFC", exact_case, "cutToFirstSignificantSubdomainRFC(url)", "As cutToFirstSignificantSubdomain, by RFC 3986.", [("cutToFirstSignificantSubdomainRFC('http://a:b@x.example.com/')", "example.com")], |call| text(call, |input| part(input, |url| cut(host_rfc(url), false)));
    "cutToFirstSignificantSubdomainWithWWW", exact_case, "cutToFirstSignificantSubdomainWithWWW(url)", "As cutToFirstSignificantSubdomain, but `www` may be the level.", [("cutToFirstSignificantSubdomainWithWWW('www.tr')", "www.tr")], |call| text(call, |input| part(input, |url| cut(host(url), true)));
    "cutToFirstSignificantSubdomainWithWWWRFC", exact_case, "cutToFirstSignificantSubdomainWithWWWRFC(url)", "As cutToFirstSignificantSubdomainWithWWW, by RFC 3986.", [("cutToFirstSignificantSubdomainWithWWWRFC('http://a:b@www.tr')", "www.tr")], |call| text(call, |input| part(input, |url| cut(host_rfc(url), true)));
    "port", exact_case, "port(url[, otherwise])", "The port, or the other number, which is 0, if there is none.", [("port('http://example.com:80/')", "80"), ("port('http://example.com', 443)", "443")], |call| port(call, |input| ports(input, host));
    "portRFC", exact_case, "portRFC(url[, otherwise])", "As port, by RFC 3986.", [("portRFC('http://a:b@example.com:80/')", "80")], |call| port(call, |input| ports(input, host_rfc));
};

fn part(input: &Input, of: for<'t> fn(&'t str) -> &'t str) -> EngineResult<ArrayRef> {
    input.slice_strings(|_, url| of(url))
}

/// Bytes that stand in no host.
pub(super) fn is_restricted(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'<' | b'>' | b'%' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'~' | b'[' | b']' | b';' | b'=' | b'&'
    )
}

/// Where the host begins: behind `scheme://` or `//`. A scheme has at most 15 bytes and no restricted ones.
pub(super) fn after_scheme(url: &str) -> Option<usize> {
    if url.starts_with("//") {
        return Some(2);
    }
    let bytes = url.as_bytes();
    let most = bytes.len().min(16);
    let mut at = 1;
    while at < most && (bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'.' | b'-' | b'+')) {
        at += 1;
    }
    if at < most && is_restricted(bytes[at]) {
        return None;
    }
    let is_scheme = at + 2 < most && bytes[at..].starts_with(b"://");
    Some(if is_scheme { at + 3 } else { 0 })
}

fn host(url: &str) -> &str {
    let Some(mut start) = after_scheme(url) else { return &url[..0] };
    let mut dot = None;
    let mut end = url.len();
    for (at, byte) in url.bytes().enumerate().skip(start) {
        match byte {
            b'.' => dot = Some(at),
            b':' | b'/' | b'?' | b'#' => {
                end = at;
                break;
            }
            b'@' => start = at + 1,
            byte if is_restricted(byte) => return &url[..0],
            _ => {}
        }
    }
    // A name without a dot, or with one at its end, is no host.
    match dot {
        Some(dot) if start < end && end - dot > 1 => &url[start..end],
        _ => &url[..0],
    }
}

fn host_rfc(url: &str) -> &str {
    let Some(start) = after_scheme(url) else { return &url[..0] };
    let rest = &url[start..];
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rfind('@').map_or(authority, |at| &authority[at + 1..]);
    if let Some(address) = host.strip_prefix('[') {
        return address.find(']').map_or(&url[..0], |end| &address[..end]);
    }
    let host = &host[..host.find(':').unwrap_or(host.len())];
    let is_host = host.contains('.') && !host.ends_with('.') && !host.bytes().any(is_restricted);
    if is_host { host } else { &url[..0] }
}

fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").filter(|rest| !rest.is_empty()).unwrap_or(host)
}

/// Nothing for addresses, whose last part is a number.
fn top_level(host: &str) -> &str {
    let last = host.rfind('.').map_or(&host[..0], |dot| &host[dot + 1..]);
    if last.starts_with(|c: char| c.is_ascii_digit()) { &host[..0] } else { last }
}

/// Second levels below which names are registered, as ClickHouse 26.9 knows them: `co.uk`, `github.io`. A line is a
/// top level and what stands below it.
static SUFFIXES: LazyLock<HashSet<(&'static str, &'static str)>> = LazyLock::new(|| {
    let lines = include_str!("suffixes.txt").lines();
    lines
        .flat_map(|line| {
            let mut words = line.split(' ');
            let top = words.next().unwrap_or_default();
            words.map(move |second| (second, top))
        })
        .collect()
});

/// The significant level, and the host from it on. Of `www.com` it is `com`.
fn significant(host: &str) -> (&str, &str) {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let Some(last) = dots.next() else { return (&host[..0], &host[..0]) };
    let Some(second) = dots.next() else {
        // `example.com` has two levels, of which `www` says nothing.
        return if &host[..last] == "www" { (&host[last + 1..], &host[last + 1..]) } else { (&host[..last], host) };
    };
    if !SUFFIXES.contains(&(&host[second + 1..last], &host[last + 1..])) {
        return (&host[second + 1..last], &host[second + 1..]);
    }
    let start = dots.next().map_or(0, |third| third + 1);
    if &host[start..second] == "www" {
        return (&host[second + 1..last], &host[second + 1..]);
    }
    (&host[start..second], &host[start..])
}

fn cut(host: &str, with_www: bool) -> &str {
    if with_www && host.starts_with("www.") && host.matches('.').count() == 1 {
        return host;
    }
    significant(host).1
}

fn port(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    if call.count(1..=2)? == 2 {
        call.expect_integer(1)?;
    }
    Ok(call.kernel_on(kernel, DataType::UInt16, call.texts(1)?))
}

fn ports(input: &Input, host: for<'t> fn(&'t str) -> &'t str) -> EngineResult<ArrayRef> {
    let urls = input.strings(0)?;
    let otherwise = if input.columns.len() > 1 { Some(input.integers(1)?) } else { None };
    input.numbers(|row| {
        let url = urls.get(row);
        let host = host(url);
        let found = if host.is_empty() { None } else { port_after(url, host) };
        Ok(found.unwrap_or_else(|| otherwise.as_ref().map_or(0, |otherwise| otherwise(row))))
    })
}

fn port_after(url: &str, host: &str) -> Option<i64> {
    let end = (host.as_ptr() as usize).wrapping_sub(url.as_ptr() as usize) + host.len();
    let rest = url.get(end..)?;
    let rest = rest.strip_prefix(']').unwrap_or(rest).strip_prefix(':')?;
    let digits = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse::<u16>().ok().map(i64::from) } else { None }
}
