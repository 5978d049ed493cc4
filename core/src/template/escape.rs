//! Text → SQL literal or identifier. Nothing else puts a parameter's characters into SQL.

use std::fmt::Write;

/// The character behind the backslash, for those that need one.
fn escaped(c: char) -> Option<char> {
    Some(match c {
        '\0' => '0',
        '\r' => 'r',
        '\u{8}' => 'b',
        '\t' => 't',
        '\u{1a}' => 'z',
        '\n' => 'n',
        '"' | '\'' | '\\' | '%' | '`' => c,
        _ => return None,
    })
}

/// `it's` → `'it\'s'`.
pub(super) fn literal(text: &str, out: &mut String) {
    out.push('\'');
    bare(text, out);
    out.push('\'');
}

/// The same without the quotes, for a place that is inside quotes already.
pub(super) fn bare(text: &str, out: &mut String) {
    let mut copied = 0;
    for (index, c) in text.char_indices() {
        if let Some(code) = escaped(c) {
            out.push_str(&text[copied..index]);
            out.push('\\');
            out.push(code);
            copied = index + c.len_utf8();
        }
    }
    out.push_str(&text[copied..]);
}

/// As [`literal`], but where the escaped text has `\what`, the backslash is left out: `%` of a LIKE
/// pattern. Escapes stay whole, so the literal ends where it should.
pub(super) fn literal_except(text: &str, what: &str, out: &mut String) {
    let mut inner = String::with_capacity(text.len() + 2);
    bare(text, &mut inner);
    if what.is_empty() || what.contains(['\'', '"', '\\']) {
        out.push('\'');
        out.push_str(&inner);
        out.push('\'');
        return;
    }
    out.push('\'');
    let mut rest = inner.as_str();
    while let Some(c) = rest.chars().next() {
        if c != '\\' {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else if let Some(after) = rest[1..].strip_prefix(what) {
            out.push_str(what);
            rest = after;
        } else {
            let pair = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..pair]);
            rest = &rest[pair..];
        }
    }
    out.push('\'');
}

/// Python's `repr` of a text. Between single quotes it is an SQL literal too.
pub(super) fn repr(text: &str, quote: char, out: &mut String) {
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// The inside of a quoted identifier: as a literal's, but `"` goes and `` ` `` is doubled. (The real
/// engine writes a backslash before it, which ClickHouse reads the same and our parser does not.)
pub(super) fn identifier(text: &str, out: &mut String) {
    for (index, part) in text.split('`').enumerate() {
        out.push_str(if index > 0 { "``" } else { "" });
        match part.contains('"') {
            true => bare(&part.replace('"', ""), out),
            false => bare(part, out),
        }
    }
}

/// `x.y` → `` `x`.`y` ``.
pub(super) fn column(text: &str, out: &mut String) {
    for (index, part) in text.split('.').enumerate() {
        out.push_str(if index > 0 { "." } else { "" });
        out.push('`');
        identifier(part, out);
        out.push('`');
    }
}
