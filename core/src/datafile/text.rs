//! What a value says besides itself: `$VARIABLE` and `{{ tb_secret("NAME", "default") }}`.

use super::Given;
use crate::catalog::{SecretPart, SecretText};
use std::collections::BTreeMap;
use std::ops::Range;

/// Python's `string.Template`: `$name`, `${name}` and `$$`; unknown names stay as they are.
pub(super) fn substitute(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, length) = match after.strip_prefix('{') {
            Some(inner) => (identifier(inner), identifier(inner).len() + 2),
            None => (identifier(after), identifier(after).len()),
        };
        let is_closed = !after.starts_with('{') || after.as_bytes().get(length - 1) == Some(&b'}');
        let value = if is_closed { variables.get(name) } else { None };
        rest = if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            after
        } else if let Some(value) = value {
            out.push_str(value);
            &after[length..]
        } else {
            out.push('$');
            after
        };
    }
    out.push_str(rest);
    out
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !(c == '_' || c.is_ascii_alphanumeric())).unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) { "" } else { &text[..end] }
}

/// A tag that is no `tb_secret`: its place and what is wrong with it.
pub(super) type BadTag = (Range<usize>, String);

/// Literal text and secrets in order; tags that cannot be read stay text and are reported.
pub(super) fn parts(text: &str) -> (SecretText, Vec<BadTag>) {
    let mut out: Vec<SecretPart> = Vec::new();
    let mut bad = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|open| at + open) {
        if open > at {
            out.push(SecretPart::Literal(text[at..open].to_owned()));
        }
        let Some(close) = text[open..].find("}}").map(|close| open + close) else {
            bad.push((open..text.len(), "{{ is not closed".to_owned()));
            at = open;
            break;
        };
        match secret(text[open + 2..close].trim()) {
            Ok(part) => out.push(part),
            Err(message) => {
                out.push(SecretPart::Literal(text[open..close + 2].to_owned()));
                bad.push((open..close + 2, message));
            }
        }
        at = close + 2;
    }
    if at < text.len() {
        out.push(SecretPart::Literal(text[at..].to_owned()));
    }
    (SecretText(out), bad)
}

/// `tb_secret("NAME")` or `tb_secret("NAME", "default")`.
fn secret(call: &str) -> Result<SecretPart, String> {
    let name = identifier(call);
    if !matches!(name, "tb_secret" | "tb_var") {
        return Err(format!("{call:?} cannot stand here: only tb_secret can"));
    }
    let inside = call[name.len()..].trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let usage = || "tb_secret takes the name of a secret in quotes, and perhaps a default".to_owned();
    let mut rest = inside.ok_or_else(usage)?.trim();
    let name = quoted(&mut rest).filter(|name| !name.is_empty()).ok_or_else(usage)?;
    rest = rest.trim();
    if rest.is_empty() {
        return Ok(SecretPart::Secret { name, default: None });
    }
    rest = rest.strip_prefix(',').ok_or_else(usage)?.trim();
    rest = rest.strip_prefix("default").and_then(|rest| rest.trim_start().strip_prefix('=')).unwrap_or(rest).trim();
    let default = match quoted(&mut rest) {
        Some(default) => default,
        // a number
        None => std::mem::take(&mut rest).to_owned(),
    };
    if !rest.trim().is_empty() || default.contains(',') {
        return Err(usage());
    }
    Ok(SecretPart::Secret { name, default: Some(default) })
}

fn quoted(rest: &mut &str) -> Option<String> {
    let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let mut out = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().map(|(_, escaped)| escaped)),
            c if c == quote => {
                *rest = &rest[index + 1..];
                return Some(out);
            }
            c => out.push(c),
        }
    }
    None
}

/// The text as far as it is known: a secret is what is given for it, else its default.
pub(super) fn known(text: &SecretText, given: &Given) -> Option<String> {
    let nothing = BTreeMap::new();
    let secrets = given.secrets.as_ref().map_or(&nothing, |secrets| &secrets.0);
    let value = |part: &SecretPart| match part {
        SecretPart::Literal(text) => Some(text.clone()),
        SecretPart::Secret { name, default } => secrets.get(name).or(default.as_ref()).cloned(),
    };
    text.0.iter().map(value).collect()
}
