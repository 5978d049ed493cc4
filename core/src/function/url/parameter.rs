//! Parameters behind `?` and `#`.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "extractURLParameter", exact_case, "extractURLParameter(url, name)", "The value of a parameter of the query, as it is written.", [("extractURLParameter('http://a.com/?xx=1&x=3', 'x')", "3"), ("extractURLParameter('http://a.com/#y=2', 'y')", "2")], |call| {
        call.count(2..=2)?;
        Ok(call.kernel_on(|input| {
            let names = input.strings(1)?;
            input.slice_strings(|row, url| find(url, names.get(row)).map_or(&url[..0], |(start, end)| {
                &url[start + names.get(row).len() + 1..end]
            }))
        }, DataType::String, call.texts(2)?))
    };
    "extractURLParameters", exact_case, "extractURLParameters(url)", "The parameters of the query, as `name=value`.", [("extractURLParameters('http://a.com/?x=1&y=2')", "['x=1','y=2']")], |call| list(call, parameters);
    "extractURLParameterNames", exact_case, "extractURLParameterNames(url)", "The names of the parameters of the query.", [("extractURLParameterNames('http://a.com/?x=1&y=2')", "['x','y']")], |call| list(call, names);
    "cutURLParameter", exact_case, "cutURLParameter(url, name or names)", "The URL without some parameters.", [("cutURLParameter('http://a.com/?x=1&y=2&z=3', 'y')", "http://a.com/?x=1&z=3"), ("cutURLParameter('http://a.com/?x=1&y=2', ['x', 'y'])", "http://a.com/?")], |call| {
        call.count(2..=2)?;
        if *call.bare(1) == DataType::String.array() {
            return Ok(call.kernel_on(|input| {
                let (urls, lists) = (input.strings(0)?, input.lists(1)?);
                let names = lists.values().as_string_view();
                let mut cut = String::new();
                input.write_strings(|row, out| {
                    out.push_str(urls.get(row));
                    for index in lists.range(row) {
                        cut.clear();
                        write_without(out, names.value(index), &mut cut);
                        std::mem::swap(out, &mut cut);
                    }
                    Ok(())
                })
            }, DataType::String, call.texts(1)?));
        }
        Ok(call.kernel_on(|input| {
            let (urls, names) = (input.strings(0)?, input.strings(1)?);
            input.write_strings(|row, out| { write_without(urls.get(row), names.get(row), out); Ok(()) })
        }, DataType::String, call.texts(2)?))
    };
};

/// Where `name=value` stands: behind the first `?` or `#`, and behind such a mark or `&`.
fn find(url: &str, name: &str) -> Option<(usize, usize)> {
    let bytes = url.as_bytes();
    let mut at = url.find(['?', '#'])? + 1;
    loop {
        let rest = url.get(at..)?;
        let found = at + rest.find(name)?;
        let equals = found + name.len();
        if bytes.get(equals) == Some(&b'=') && matches!(bytes[found - 1], b'?' | b'#' | b'&') {
            let end = url[equals..].find(['&', '#']).map_or(url.len(), |end| equals + end);
            return Some((found, end));
        }
        at = found + url[found..].chars().next().map_or(1, char::len_utf8);
    }
}

fn write_without(url: &str, name: &str, out: &mut String) {
    let Some((mut start, mut end)) = find(url, name) else { return out.push_str(url) };
    if url[end..].starts_with('&') {
        end += 1;
    } else if url[..start].ends_with('&') {
        start -= 1;
    }
    out.push_str(&url[..start]);
    out.push_str(&url[end..]);
}

fn list(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    Ok(call.kernel_on(kernel, DataType::String.array(), call.texts(1)?))
}

/// The end of the token that begins at `at`, where the token begins by then: a further `?` begins it anew.
fn token(url: &str, mut at: usize) -> Option<(usize, usize)> {
    loop {
        let end = at + url[at..].find(['=', '&', '#', '?'])?;
        if !url[end..].starts_with('?') {
            return Some((at, end));
        }
        at = end + 1;
    }
}

fn parameters(input: &Input) -> EngineResult<ArrayRef> {
    input.slice_lists(0, |_, url, parts| {
        let Some(mut at) = url.find(['?', '#']).map(|mark| mark + 1) else { return Ok(()) };
        while let Some((start, mark)) = token(url, at) {
            let end = match url.as_bytes()[mark] {
                b'=' => url[mark..].find(['&', '#']).map_or(url.len(), |end| mark + end),
                _ => mark,
            };
            parts.push(&url[start..end]);
            at = (end + 1).min(url.len());
        }
        Ok(())
    })
}

fn names(input: &Input) -> EngineResult<ArrayRef> {
    input.slice_lists(0, |_, url, parts| {
        let mut mark = url.find(['?', '#']);
        while let Some((start, end)) = mark.and_then(|mark| token(url, mark + 1)) {
            parts.push(&url[start..end]);
            mark = url[end..].find(['&', '#']).map(|next| end + next);
        }
        Ok(())
    })
}
