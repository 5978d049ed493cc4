//! RE2's regular expressions, run by the `regex` crate.
//!
//! Both match in linear time and prefer the leftmost match. What they write differently is rewritten here: classes
//! as `\d` are Latin in RE2, `[[]` and `{` may stand for themselves, `\Q…\E` quotes, and a repetition is at most 1000.

use crate::limits;
use regex::{Regex, RegexBuilder};
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// How a pattern is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flags {
    /// As ClickHouse's functions have it: a dot is any character, a line's end too.
    Plain,
    AnyCase,
}

/// Patterns that were compiled lately: a query compiles its own once, however many batches it reads.
static COMPILED: LazyLock<Mutex<BTreeMap<(Flags, String), Regex>>> = LazyLock::new(|| Mutex::new(BTreeMap::new()));

pub(crate) fn compile(pattern: &str, flags: Flags) -> Result<Regex, String> {
    let key = (flags, pattern.to_owned());
    if let Some(known) = COMPILED.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(known.clone());
    }
    let regexp = build(pattern, flags)
        .map_err(|problem| format!("cannot compile the regular expression {pattern:?}: {problem}"))?;
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if compiled.len() >= limits::REGEXPS_KEPT_MAX {
        compiled.clear();
    }
    compiled.insert(key, regexp.clone());
    Ok(regexp)
}

fn build(pattern: &str, flags: Flags) -> Result<Regex, String> {
    let translated = translate(pattern)?;
    RegexBuilder::new(&translated)
        .dot_matches_new_line(true)
        .case_insensitive(flags == Flags::AnyCase)
        .size_limit(limits::REGEXP_BYTES_MAX)
        .nest_limit(limits::REGEXP_DEPTH_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(most) => format!("it needs more than {most} bytes"),
            other => other.to_string().lines().last().unwrap_or("syntax error").trim().to_owned(),
        })
}

/// RE2's syntax as that of the `regex` crate.
fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    // Whether what was written last is a repetition, which RE2 does not let another one follow.
    let mut repeated = false;
    while let Some(first) = rest.chars().next() {
        let was_repeated = std::mem::take(&mut repeated);
        match first {
            '\\' => rest = escape(rest, &mut out, false)?,
            '[' => rest = class(rest, &mut out)?,
            '{' => match repetition(rest)? {
                Some(end) => {
                    if was_repeated {
                        return Err(format!("bad repetition operator: {}", &rest[..end]));
                    }
                    out.push_str(&rest[..end]);
                    rest = lazy(&rest[end..], &mut out);
                    repeated = true;
                }
                None => {
                    out.push_str("\\{");
                    rest = &rest[1..];
                }
            },
            '*' | '+' | '?' => {
                if was_repeated {
                    return Err(format!("bad repetition operator: *{first}"));
                }
                out.push(first);
                rest = lazy(&rest[1..], &mut out);
                repeated = true;
            }
            '}' => {
                out.push_str("\\}");
                rest = &rest[1..];
            }
            '(' if rest.starts_with("(?=")
                || rest.starts_with("(?!")
                || rest.starts_with("(?<=")
                || rest.starts_with("(?<!") =>
            {
                return Err(format!("invalid perl operator: {}", &rest[..3]));
            }
            '(' if rest.starts_with("(?") => {
                out.push_str("(?");
                rest = &rest[2..];
            }
            other => {
                out.push(other);
                rest = &rest[other.len_utf8()..];
            }
        }
    }
    Ok(out)
}

/// `??` and the like are one repetition.
fn lazy<'t>(rest: &'t str, out: &mut String) -> &'t str {
    match rest.strip_prefix('?') {
        Some(after) => {
            out.push('?');
            after
        }
        None => rest,
    }
}

/// The end of `{n}`, `{n,}` or `{n,m}`; other braces stand for themselves.
fn repetition(rest: &str) -> Result<Option<usize>, String> {
    let Some(end) = rest.find('}') else { return Ok(None) };
    let (low, high) = rest[1..end].split_once(',').unwrap_or((&rest[1..end], ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if low.is_empty() || !is_number(low) || !is_number(high) {
        return Ok(None);
    }
    for bound in [low, high] {
        if !bound.is_empty() && bound.parse::<u32>().ok().is_none_or(|bound| bound > 1000) {
            return Err(format!("invalid repetition size: {}", &rest[..=end]));
        }
    }
    Ok(Some(end + 1))
}

/// What stands behind a backslash; in a class without the brackets around it.
fn escape<'t>(rest: &'t str, out: &mut String, in_class: bool) -> Result<&'t str, String> {
    let mut characters = rest[1..].chars();
    let Some(letter) = characters.next() else { return Err("trailing \\".to_owned()) };
    let after = characters.as_str();
    let classes = |inside: &str, negated: bool, out: &mut String| match (in_class, negated) {
        (true, false) => out.push_str(inside),
        (true, true) => out.push_str(&format!("[^{inside}]")),
        (false, false) => out.push_str(&format!("[{inside}]")),
        (false, true) => out.push_str(&format!("[^{inside}]")),
    };
    match letter {
        'd' | 'D' => classes("0-9", letter == 'D', out),
        'w' | 'W' => classes("0-9A-Za-z_", letter == 'W', out),
        's' | 'S' => classes(r"\t\n\x0C\r ", letter == 'S', out),
        'b' | 'B' if !in_class => out.push_str(if letter == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" }),
        'Q' if !in_class => {
            let (quoted, after) = after.split_once(r"\E").unwrap_or((after, ""));
            out.push_str(&regex::escape(quoted));
            return Ok(after);
        }
        'x' | 'p' | 'P' if after.starts_with('{') => {
            let end = after.find('}').ok_or_else(|| format!("invalid escape sequence: \\{letter}{after}"))? + 1;
            out.push('\\');
            out.push(letter);
            out.push_str(&after[..end]);
            return Ok(&after[end..]);
        }
        'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'x' | 'p' | 'P' => {
            out.push('\\');
            out.push(letter);
        }
        'A' | 'z' if !in_class => {
            out.push('\\');
            out.push(letter);
        }
        '0'..='7' => {
            // Octal, of at most three digits; a single digit but zero would be a group.
            let digits: String = rest[1..].chars().take(3).take_while(|c| c.is_digit(8)).collect();
            if letter != '0' && digits.len() == 1 {
                return Err(format!("invalid escape sequence: \\{letter}"));
            }
            let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
            out.push_str(&format!("\\x{{{code:X}}}"));
            return Ok(&rest[1 + digits.len()..]);
        }
        letter if letter.is_alphanumeric() => return Err(format!("invalid escape sequence: \\{letter}")),
        '_' => out.push('_'),
        letter if letter.is_ascii() => {
            out.push('\\');
            out.push(letter);
        }
        letter => out.push(letter),
    }
    Ok(after)
}

/// `[…]`: brackets and doubled operators inside stand for themselves.
fn class<'t>(rest: &'t str, out: &mut String) -> Result<&'t str, String> {
    let missing = || "missing ]".to_owned();
    let mut rest = &rest[1..];
    out.push('[');
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    if let Some(after) = rest.strip_prefix(']') {
        out.push_str("\\]");
        rest = after;
    }
    loop {
        let first = rest.chars().next().ok_or_else(missing)?;
        match first {
            ']' => {
                out.push(']');
                return Ok(&rest[1..]);
            }
            '\\' => rest = escape(rest, out, true)?,
            '[' if rest.starts_with("[:") && rest[2..].contains(":]") => {
                let end = rest.find(":]").ok_or_else(missing)? + 2;
                out.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(first);
                rest = &rest[1..];
            }
            '-' if rest.starts_with("--") => {
                out.push_str("\\-");
                rest = &rest[1..];
            }
            other => {
                out.push(other);
                rest = &rest[other.len_utf8()..];
            }
        }
    }
}

#[cfg(test)]
mod tests;
