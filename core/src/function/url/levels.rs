//! A URL and what stands above it, level by level.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Kernel;
use crate::function::typed::Typed;
use crate::value::DataType;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "URLHierarchy", exact_case, "URLHierarchy(url)", "The URL cut at each `/`, `?` and `#` after its host.", [("URLHierarchy('https://example.com/a/b?c')", "['https://example.com/','https://example.com/a/','https://example.com/a/b?','https://example.com/a/b?c']")], |call| list(call, |input| input.slice_lists(0, |_, url, parts| {
        match host_end(url) {
            None if url.is_empty() => {}
            None => parts.push(url),
            Some(end) => {
                let first = (end + 1).min(url.len());
                parts.push(&url[..first]);
                levels(url, first, |end| parts.push(&url[..end]));
            }
        }
        Ok(())
    }));
    "URLPathHierarchy", exact_case, "URLPathHierarchy(url)", "As URLHierarchy, without scheme and host.", [("URLPathHierarchy('https://example.com/a/b?c')", "['/a/','/a/b?','/a/b?c']")], |call| list(call, |input| input.slice_lists(0, |_, url, parts| {
        if let Some(start) = host_end(url) {
            levels(url, start, |end| parts.push(&url[start..end]));
        }
        Ok(())
    }));
};

fn list(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    Ok(call.kernel_on(kernel, DataType::String.array(), call.texts(1)?))
}

fn is_mark(byte: &u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#')
}

/// Where the host ends, if the URL has a scheme and two slashes.
fn host_end(url: &str) -> Option<usize> {
    let bytes = url.as_bytes();
    let colon = bytes.iter().position(|byte| is_mark(byte) || *byte == b':' || *byte <= b' ' || *byte >= 0x7f)?;
    if !bytes[colon..].starts_with(b"://") || colon + 3 >= bytes.len() {
        return None;
    }
    let start = colon + 3;
    Some(bytes[start..].iter().position(is_mark).map_or(bytes.len(), |end| start + end))
}

/// Each mark after something else than a mark ends a level, and so does the text's end.
fn levels(url: &str, mut at: usize, mut take: impl FnMut(usize)) {
    let bytes = url.as_bytes();
    loop {
        at += bytes[at..].iter().take_while(|byte| is_mark(byte)).count();
        if at == bytes.len() {
            return;
        }
        at = bytes[at..].iter().position(is_mark).map_or(bytes.len(), |end| at + end + 1);
        take(at);
    }
}
