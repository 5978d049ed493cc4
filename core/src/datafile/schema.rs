//! The columns of a `SCHEMA` block.
//!
//! ```text
//! columns := column ("," column)* [","]
//! column  := name [type] [json] ["DEFAULT" expr] ["CODEC(" … ")"] [json]
//! json    := `json:$.path`
//! ```

use super::lexer::{split_commas, trim};
use super::{Report, Spanned};
use crate::catalog::{self, JsonPath, PathStep};
use crate::value::DataType;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub column: catalog::Column,
    /// Of the name.
    pub span: Range<usize>,
    pub codec: Option<Spanned<String>>,
}

pub(super) fn columns(report: &mut Report<'_>, block: Range<usize>) -> Vec<Column> {
    // comments become spaces, so that every offset stays
    let text = blank_comments(report.text, block.clone());
    let mut out: Vec<Column> = Vec::new();
    for part in split_commas(&text, block) {
        let Some(column) = column(report, &text, part) else { continue };
        if out.iter().any(|known| known.column.name == column.column.name) {
            report.error("D0204", column.span.clone(), format!("column {:?} is there twice", column.column.name));
            continue;
        }
        out.push(column);
    }
    out
}

/// `text` with `-- …` inside `block` overwritten, but not inside quotes or backticks.
fn blank_comments(text: &str, block: Range<usize>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut quote = None;
    let mut at = block.start;
    while at < block.end {
        let byte = bytes[at];
        match quote {
            Some(open) if byte == open || byte == b'\n' => quote = None,
            Some(_) => {}
            None if matches!(byte, b'\'' | b'"' | b'`') => quote = Some(byte),
            None if bytes[at..block.end].starts_with(b"--") => {
                while at < block.end && bytes[at] != b'\n' {
                    bytes[at] = b' ';
                    at += 1;
                }
            }
            None => {}
        }
        at += 1;
    }
    String::from_utf8(bytes).expect("whole comments become spaces")
}

fn column(report: &mut Report<'_>, text: &str, part: Range<usize>) -> Option<Column> {
    let source = &text[part.clone()];
    let upper = source.to_ascii_uppercase();
    if upper.starts_with("INDEX ") && upper.contains(" TYPE ") {
        let hint = "put indexes under INDEXES >";
        report.error_with("D0202", part, "an INDEX cannot stand in the SCHEMA", hint);
        return None;
    }
    let (name, after) = name(report, text, part.clone())?;
    let parts = split_column(text, after..part.end);
    let mut column = catalog::Column {
        name: text[name.clone()].trim_matches('`').to_owned(),
        data_type: DataType::String,
        json_path: None,
        default: None,
    };
    let mut codec = None;
    let mut has_type = false;
    let mut ok = true;
    for (kind, range) in parts {
        match kind {
            Part::Type => {
                has_type = true;
                match data_type(report, text, range) {
                    Some(data_type) => column.data_type = data_type,
                    None => ok = false,
                }
            }
            Part::Json => match json_path(&text[range.clone()]) {
                Ok(path) => column.json_path = Some(path),
                Err(message) => report.error("D0205", range, message),
            },
            Part::Default if codec.is_some() => {
                report.error("D0202", range, "Unexpected DEFAULT after CODEC; DEFAULT comes first");
            }
            Part::Default if range.is_empty() => report.error("D0206", part.clone(), "DEFAULT lacks its value"),
            Part::Default => column.default = Some(text[range].to_owned()),
            Part::Codec => codec = Some(Spanned { value: text[range.clone()].to_owned(), span: range }),
            Part::Junk => report.error("D0202", range.clone(), format!("unexpected {:?}", &text[range])),
            Part::Refused(word) => {
                let hint = match word {
                    "NULL" | "NOT" => "columns are not nullable unless the type is Nullable(…)",
                    "TTL" => "use ENGINE_TTL",
                    _ => "compute the value in a materialized view, or when you read it",
                };
                report.error_with("D0202", range, format!("{word} is not supported in a column"), hint);
                ok = false;
            }
        }
    }
    if !has_type && column.default.is_none() && ok {
        let message = format!("column {:?} has no type", column.name);
        report.error_with("D0202", name, message, "write a type behind the name, such as String");
        return None;
    }
    if column.data_type.is_nullable() && column.default.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("null"))
    {
        column.default = None;
    }
    Some(Column { column, span: name, codec })
}

/// The name's span (with its backticks) and where it ends.
fn name(report: &mut Report<'_>, text: &str, part: Range<usize>) -> Option<(Range<usize>, usize)> {
    let source = &text[part.clone()];
    if let Some(rest) = source.strip_prefix('`') {
        let Some(end) = rest.find('`').filter(|end| *end > 0 && !rest[..*end].contains(char::is_whitespace)) else {
            report.error("D0202", part.start..part.start + 1, "the backticked name is not closed");
            return None;
        };
        let end = part.start + 1 + end + 1;
        return Some((part.start..end, end));
    }
    let end = part.start + source.find(char::is_whitespace).unwrap_or(source.len());
    let name = &text[part.start..end];
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._`*<>+-'".contains(c);
    if let Some(odd) = name.chars().find(|c| !allowed(*c)) {
        let message = format!("the column name {name:?} holds {odd:?}");
        report.error_with("D0202", part.start..end, message, "use backticks around such a name");
        return None;
    }
    Some((part.start..end, end))
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Type,
    Json,
    Default,
    Codec,
    Refused(&'static str),
    /// Text that belongs to no part.
    Junk,
}

const REFUSED: [&str; 6] = ["NOT", "NULL", "MATERIALIZED", "ALIAS", "EPHEMERAL", "TTL"];

/// Cuts what follows the name at the words and backticks that open the next part.
fn split_column(text: &str, range: Range<usize>) -> Vec<(Part, Range<usize>)> {
    let mut cuts: Vec<(Part, usize, usize)> = vec![(Part::Type, range.start, range.start)];
    let mut depth = 0usize;
    let mut quote = None;
    let mut word_start = None;
    let source = &text[range.clone()];
    let mut chars = source.char_indices().chain([(source.len(), ' ')]).peekable();
    while let Some((index, c)) = chars.next() {
        let at = range.start + index;
        if let Some(open) = quote {
            if c == '\\' {
                chars.next();
            } else if c == open {
                quote = None;
            }
            continue;
        }
        let is_word = c == '_' || c.is_alphanumeric();
        match (word_start, is_word) {
            (None, true) => word_start = Some(at),
            (Some(start), false) => {
                word_start = None;
                if depth == 0 {
                    let word = text[start..at].to_ascii_uppercase();
                    let in_default = matches!(cuts.last(), Some((Part::Default, ..)));
                    let is_first = text[cuts.last().map_or(range.start, |cut| cut.2)..start].trim().is_empty();
                    match word.as_str() {
                        "DEFAULT" => cuts.push((Part::Default, start, at)),
                        "CODEC" if c == '(' => cuts.push((Part::Codec, start, start)),
                        // `DEFAULT NULL`, `DEFAULT NOT x` are values
                        word if !in_default && !is_first => {
                            if let Some(refused) = REFUSED.into_iter().find(|refused| *refused == word) {
                                cuts.push((Part::Refused(refused), start, start));
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        match c {
            '`' if text[at..range.end].starts_with("`json:") => {
                cuts.push((Part::Json, at, at));
                let close = text[at + 1..range.end].find('`').map_or(range.end, |end| at + 1 + end + 1);
                cuts.push((Part::Type, close, close));
                while chars.peek().is_some_and(|(index, _)| range.start + index < close) {
                    chars.next();
                }
            }
            '\'' | '"' | '`' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    let ends: Vec<usize> = cuts.iter().skip(1).map(|(_, start, _)| *start).chain([range.end]).collect();
    let mut out = Vec::new();
    let mut has_type = false;
    for ((kind, _, start), end) in cuts.into_iter().zip(ends) {
        let part = trim(text, start..end.max(start));
        if kind == Part::Type && (part.is_empty() || has_type) {
            if !part.is_empty() {
                out.push((Part::Junk, part));
            }
            continue;
        }
        has_type |= kind == Part::Type;
        out.push((kind, part));
    }
    out
}

fn data_type(report: &mut Report<'_>, text: &str, range: Range<usize>) -> Option<DataType> {
    let source = &text[range.clone()];
    let mut at = 0;
    // words that ClickHouse would read, but that a schema may not use
    while at < source.len() {
        let rest = &source[at..];
        let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
        let span = range.start + at..range.start + at + end;
        let (message, hint) = match &rest[..end] {
            "Boolean" => ("the type Boolean is not supported", "use Bool or UInt8"),
            "Int" | "UInt" => ("an integer type needs its number of bits", "use Int32, UInt64 or the like"),
            "DateTime64" if !rest[end..].trim_start().starts_with('(') => {
                ("DateTime64 needs its number of digits", "use DateTime64(3)")
            }
            _ => {
                at += end + rest[end..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
        };
        report.error_with("D0203", span, message, hint);
        return None;
    }
    match DataType::parse(source) {
        Ok(data_type) => Some(data_type),
        Err(message) => {
            // the message quotes the part that is not understood
            let quoted = message.split('"').nth(1).filter(|word| !word.is_empty());
            let place = quoted.and_then(|word| source.find(word).map(|at| at..at + word.len()));
            let span = place.map_or(range.clone(), |place| range.start + place.start..range.start + place.end);
            report.error("D0203", span, message);
            None
        }
    }
}

/// `` `json:$.a['b.c'].items[:].d` `` with its backticks.
fn json_path(source: &str) -> Result<JsonPath, String> {
    let inside = source.trim_matches('`').strip_prefix("json:").unwrap_or("").trim();
    let mut rest = inside.strip_prefix('$').ok_or_else(|| format!("the JSON path {inside:?} does not start with $"))?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let after_dot = rest.strip_prefix('.');
        let bracket = after_dot.unwrap_or(rest).strip_prefix('[');
        if let Some(inner) = bracket {
            let Some((key, after)) = bracketed(inner) else {
                return Err(format!("a bracket of the JSON path {inside:?} is not closed"));
            };
            steps.push(key.ok_or_else(|| format!("the JSON path {inside:?} may only hold [:] and ['key']"))?);
            rest = after;
        } else if let Some(after) = after_dot {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return Err(format!("the JSON path {inside:?} has an empty key"));
            }
            steps.push(PathStep::Key(after[..end].to_owned()));
            rest = &after[end..];
        } else {
            return Err(format!("the JSON path {inside:?} has {rest:?} where . or [ should follow"));
        }
    }
    Ok(JsonPath(steps))
}

/// After `[`: the step (none if it is neither `:` nor a quoted key) and what follows `]`.
fn bracketed(inner: &str) -> Option<(Option<PathStep>, &str)> {
    if let Some(quote) = inner.chars().next().filter(|c| *c == '\'' || *c == '"') {
        let end = inner[1..].find(quote)? + 1;
        let after = inner[end + 1..].strip_prefix(']')?;
        return Some((Some(PathStep::Key(inner[1..end].to_owned())), after));
    }
    let end = inner.find(']')?;
    let step = (inner[..end].trim() == ":").then_some(PathStep::Each);
    Some((step, &inner[end + 1..]))
}
