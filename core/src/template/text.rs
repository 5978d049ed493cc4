//! The methods of texts, by Python's rules.

use super::raised::{Class, Raised};
use super::run::{Outcome, Run};
use super::syntax::Method;
use super::value::Value;

impl Run<'_> {
    pub(super) fn text_method(&mut self, text: &str, method: Method, values: &[Value]) -> Outcome<Option<Value>> {
        if !values.is_empty() && method.takes_nothing() {
            let (name, given) = (method.name(), values.len());
            return Err(Raised::kind(format!("str.{name}() takes no arguments ({given} given)")));
        }
        let first = values.first();
        let part = || texts(method, values, 1).map(|texts| texts[0]);
        let chars = |text: &str| text.chars().count() as i128;
        let found = |at: Option<usize>| at.map(|at| chars(&text[..at]));
        let number = |index: usize| values.get(index).and_then(Value::as_int);
        let bytes_max = crate::limits::SQL_BYTES_MAX as i128;
        Ok(Some(match method {
            Method::Split | Method::RightSplit => {
                let limit = number(1).and_then(|limit| usize::try_from(limit).ok());
                let limit = limit.map_or(usize::MAX, |limit| limit.saturating_add(1));
                let separator = first.cloned().unwrap_or(Value::None);
                let parts = match method {
                    Method::Split => split(text, &separator, limit)?,
                    _ => right_split(text, &separator, limit)?,
                };
                self.charge(parts.len())?;
                Value::list(parts)
            }
            Method::SplitLines => Value::list(text.lines().map(Value::text).collect()),
            Method::Partition | Method::RightPartition => {
                let separator = part()?;
                let (at, empty) = match method {
                    Method::Partition => (text.find(separator), [text, "", ""]),
                    _ => (text.rfind(separator), ["", "", text]),
                };
                let parts = at.map_or(empty, |at| [&text[..at], separator, &text[at + separator.len()..]]);
                Value::tuple(parts.into_iter().map(Value::text).collect())
            }
            Method::Join => self.join(text, first)?,
            Method::Replace => {
                let [from, to] = texts(method, values, 2)?[..] else { return Ok(None) };
                self.charge((text.len() + 1).saturating_mul(to.len() + 1) / 8)?;
                match number(2).and_then(|count| usize::try_from(count).ok()) {
                    Some(count) => Value::text(text.replacen(from, to, count)),
                    None => Value::text(text.replace(from, to)),
                }
            }
            Method::Upper => Value::text(text.to_uppercase()),
            Method::Lower | Method::CaseFold => Value::text(text.to_lowercase()),
            Method::Capitalize => Value::text(capitalized(text)),
            Method::Title => Value::text(titled(text)),
            Method::SwapCase => Value::text(swapped(text)),
            Method::Strip | Method::LeftStrip | Method::RightStrip => {
                let set: Option<Vec<char>> = first.and_then(Value::as_str).map(|set| set.chars().collect());
                let drop = |c: char| set.as_ref().map_or(c.is_whitespace(), |set| set.contains(&c));
                let rest = if method == Method::RightStrip { text } else { text.trim_start_matches(drop) };
                Value::text(if method == Method::LeftStrip { rest } else { rest.trim_end_matches(drop) })
            }
            Method::RemovePrefix => Value::text(text.strip_prefix(part()?).unwrap_or(text)),
            Method::RemoveSuffix => Value::text(text.strip_suffix(part()?).unwrap_or(text)),
            Method::StartsWith | Method::EndsWith => {
                let test = |end: &str| match method {
                    Method::StartsWith => text.starts_with(end),
                    _ => text.ends_with(end),
                };
                match first {
                    Some(Value::Tuple(all)) => Value::Bool(all.values.iter().filter_map(Value::as_str).any(test)),
                    Some(value) if value.as_str().is_none() => {
                        let (name, class) = (method.name(), value.class());
                        let message = format!("{name} first arg must be str or a tuple of str, not {class}");
                        return Err(Raised::kind(message));
                    }
                    _ => Value::Bool(test(part()?)),
                }
            }
            Method::Find => Value::Int(found(text.find(part()?)).unwrap_or(-1)),
            Method::RightFind => Value::Int(found(text.rfind(part()?)).unwrap_or(-1)),
            Method::Index => Value::Int(found(text.find(part()?)).ok_or_else(|| Raised::value("substring not found"))?),
            Method::Count => Value::Int(match part()? {
                "" => chars(text) + 1,
                part => text.matches(part).count() as i128,
            }),
            Method::ZeroFill | Method::LeftJustify | Method::RightJustify | Method::Center => {
                let Some(width) = number(0).filter(|width| *width <= bytes_max) else {
                    return Err(Raised::kind(format!("{}() takes a width", method.name())));
                };
                self.charge(usize::try_from(width).unwrap_or(0) / 8)?;
                let fill = values.get(1).and_then(Value::as_str).and_then(|fill| fill.chars().next()).unwrap_or(' ');
                Value::text(justified(text, method, (width - chars(text)).max(0) as usize, fill))
            }
            Method::IsDigit | Method::IsNumeric => Value::Bool(!text.is_empty() && text.chars().all(char::is_numeric)),
            Method::IsAlpha => Value::Bool(!text.is_empty() && text.chars().all(char::is_alphabetic)),
            Method::IsAlnum => Value::Bool(!text.is_empty() && text.chars().all(char::is_alphanumeric)),
            Method::IsSpace => Value::Bool(!text.is_empty() && text.chars().all(char::is_whitespace)),
            Method::IsUpper => {
                Value::Bool(text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase))
            }
            Method::IsLower => {
                Value::Bool(text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase))
            }
            _ => return Ok(None),
        }))
    }

    fn join(&mut self, separator: &str, values: Option<&Value>) -> Outcome<Value> {
        let Some(values) = values else {
            return Err(Raised::kind("str.join() takes exactly one argument (0 given)"));
        };
        let items = self.iterate(values).map_err(|raised| match raised.class {
            Class::Type => Raised::kind("can only join an iterable"),
            _ => raised,
        })?;
        let mut out = String::new();
        for (index, item) in items.iter().enumerate() {
            let Some(item) = item.as_str() else {
                let class = item.class();
                return Err(Raised::kind(format!("sequence item {index}: expected str instance, {class} found")));
            };
            self.charge((item.len() + separator.len()) / 8)?;
            out.push_str(if index > 0 { separator } else { "" });
            out.push_str(item);
        }
        Ok(Value::text(out))
    }
}

/// The first `count` arguments of a text's method, which have to be texts.
fn texts(method: Method, values: &[Value], count: usize) -> Outcome<Vec<&str>> {
    let name = method.name();
    if values.len() < count {
        let given = values.len();
        return Err(Raised::kind(match (method, count) {
            (Method::Replace, _) => format!("replace expected at least 2 arguments, got {given}"),
            (Method::StartsWith | Method::EndsWith | Method::Find | Method::Index | Method::Count, _) => {
                format!("{name}() takes at least 1 argument ({given} given)")
            }
            _ => format!("str.{name}() takes exactly one argument ({given} given)"),
        }));
    }
    let text = |(index, value): (usize, &'_ Value)| -> Outcome<()> {
        match (value.as_str(), count) {
            (Some(_), _) => Ok(()),
            (None, 1) => Err(Raised::kind(format!("must be str, not {}", value.class()))),
            (None, _) => {
                Err(Raised::kind(format!("{name}() argument {} must be str, not {}", index + 1, value.class())))
            }
        }
    };
    values[..count].iter().enumerate().try_for_each(text)?;
    Ok(values[..count].iter().filter_map(Value::as_str).collect())
}

/// Python's `text.split(separator)`, into no more than `limit` parts; without a separator at runs of
/// white space.
pub(super) fn split(text: &str, separator: &Value, limit: usize) -> Outcome<Vec<Value>> {
    let Some(separator) = separator_text(separator)? else {
        let mut parts = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let end = if parts.len() + 1 == limit { None } else { rest.find(char::is_whitespace) };
            let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
            // the last part of a limited split keeps the white space inside it
            parts.push(Value::text(part));
            rest = after.trim_start();
        }
        return Ok(parts);
    };
    Ok(text.splitn(limit, separator).map(Value::text).collect())
}

fn right_split(text: &str, separator: &Value, limit: usize) -> Outcome<Vec<Value>> {
    let mut parts: Vec<Value> = match separator_text(separator)? {
        Some(separator) => text.rsplitn(limit, separator).map(Value::text).collect(),
        None => return split(text, &Value::None, usize::MAX),
    };
    parts.reverse();
    Ok(parts)
}

fn separator_text(separator: &Value) -> Outcome<Option<&str>> {
    match separator {
        Value::None => Ok(None),
        separator => match separator.as_str() {
            Some("") => Err(Raised::value("empty separator")),
            Some(separator) => Ok(Some(separator)),
            None => Err(Raised::kind(format!("must be str or None, not {}", separator.class()))),
        },
    }
}

fn justified(text: &str, method: Method, missing: usize, fill: char) -> String {
    let pad = |count: usize| String::from(fill).repeat(count);
    match method {
        Method::LeftJustify => format!("{text}{}", pad(missing)),
        Method::RightJustify => format!("{}{text}", pad(missing)),
        Method::Center => {
            // of an odd number the larger half goes left if the width is odd
            let width = text.chars().count() + missing;
            let left = missing / 2 + (missing & width & 1);
            format!("{}{text}{}", pad(left), pad(missing - left))
        }
        _ => {
            let sign = if text.starts_with(['+', '-']) { &text[..1] } else { "" };
            format!("{sign}{}{}", "0".repeat(missing), &text[sign.len()..])
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or(String::new(), |first| first.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase())
}

fn swapped(text: &str) -> String {
    let swap =
        |c: char| -> String { if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() } };
    text.chars().map(swap).collect()
}

fn titled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        match in_word {
            true => out.extend(c.to_lowercase()),
            false => out.extend(c.to_uppercase()),
        }
        in_word = c.is_alphabetic();
    }
    out
}
