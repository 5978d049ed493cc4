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
use crate::diagnostic::nearest;
use crate::value::DataType;
use std::collections::HashSet;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub column: catalog::Column,
    /// Of the name.
    pub span: Range<usize>,
    /// Whether a type is written; without one it is that of the DEFAULT.
    pub is_typed: bool,
    pub json_path_span: Option<Range<usize>>,
    pub default_span: Option<Range<usize>>,
    /// What ClickHouse would compress the column with, first to last. Segments have a codec of their own.
    pub codecs: Vec<Codec>,
}

/// `ZSTD(1)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codec {
    pub name: String,
    pub arguments: Vec<String>,
}

/// The block of the schema: comments are spaces, so that every offset stays.
struct Block<'b> {
    text: &'b str,
    source: &'b Spanned<String>,
}

impl Block<'_> {
    /// Where a part of the block stands in the file.
    fn place(&self, range: Range<usize>) -> Range<usize> {
        self.source.inside(range)
    }
}

pub(super) fn columns(report: &mut Report<'_>, source: &Spanned<String>) -> Vec<Column> {
    let text = blank_comments(&source.value);
    let block = Block { text: &text, source };
    let mut names = HashSet::new();
    let mut out: Vec<Column> = Vec::new();
    for part in split_commas(&text, 0..text.len()) {
        let Some(column) = column(report, &block, part) else { continue };
        if !names.insert(column.column.name.clone()) {
            report.error("D0204", column.span.clone(), format!("column {:?} is there twice", column.column.name));
            continue;
        }
        out.push(column);
    }
    out
}

/// `text` with `-- …` overwritten, but not inside quotes or backticks.
fn blank_comments(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut quote = None;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        match quote {
            Some(open) if byte == open || byte == b'\n' => quote = None,
            Some(_) => {}
            None if matches!(byte, b'\'' | b'"' | b'`') => quote = Some(byte),
            None if bytes[at..].starts_with(b"--") => {
                while at < bytes.len() && bytes[at] != b'\n' {
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

fn column(report: &mut Report<'_>, block: &Block<'_>, part: Range<usize>) -> Option<Column> {
    let text = block.text;
    let source = &text[part.clone()];
    let upper = source.to_ascii_uppercase();
    if upper.starts_with("INDEX ") && upper.contains(" TYPE ") {
        let hint = "put indexes under INDEXES >";
        report.error_with("D0202", block.place(part), "an INDEX cannot stand in the SCHEMA", hint);
        return None;
    }
    if let Some(open) = unclosed(source) {
        let start = part.start + open;
        report.error("D0202", block.place(start..start + 1), format!("{:?} is not closed", &source[open..open + 1]));
        return None;
    }
    let (name, after) = name(report, block, part.clone())?;
    let parts = split_column(text, after..part.end);
    let mut column = catalog::Column {
        name: text[name.clone()].trim_matches('`').to_owned(),
        data_type: DataType::String,
        json_path: None,
        default: None,
    };
    let mut codecs = None;
    let (mut json_path_span, mut default_span) = (None, None);
    let mut has_type = false;
    let mut ok = true;
    for (kind, range) in parts {
        match kind {
            Part::Type => {
                has_type = true;
                match data_type(report, block, range) {
                    Some(data_type) => column.data_type = data_type,
                    None => ok = false,
                }
            }
            Part::Json => match json_path(&text[range.clone()]) {
                Ok(path) => {
                    column.json_path = Some(path);
                    json_path_span = Some(block.place(range));
                }
                Err(message) => report.error("D0205", block.place(range), message),
            },
            Part::Default if codecs.is_some() => {
                report.error("D0202", block.place(range), "Unexpected DEFAULT after CODEC; DEFAULT comes first");
            }
            Part::Default if range.is_empty() => {
                report.error("D0206", block.place(part.clone()), "DEFAULT lacks its value")
            }
            Part::Default => {
                column.default = Some(text[range.clone()].to_owned());
                default_span = Some(block.place(range));
            }
            Part::Codec => codecs = Some(self::codecs(report, block, range)),
            Part::Junk => report.error("D0202", block.place(range.clone()), format!("unexpected {:?}", &text[range])),
            Part::Refused(word) => {
                let hint = match word {
                    "NULL" | "NOT" => "columns are not nullable unless the type is Nullable(…)",
                    "TTL" => "use ENGINE_TTL",
                    _ => "compute the value in a materialized view, or when you read it",
                };
                report.error_with("D0202", block.place(range), format!("{word} is not supported in a column"), hint);
                ok = false;
            }
        }
    }
    if !has_type && column.default.is_none() && ok {
        let message = format!("column {:?} has no type", column.name);
        report.error_with("D0202", block.place(name), message, "write a type behind the name, such as String");
        return None;
    }
    if column.data_type.is_nullable() && column.default.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("null"))
    {
        column.default = None;
    }
    let codecs = codecs.unwrap_or_default();
    Some(Column { column, span: block.place(name), is_typed: has_type, json_path_span, default_span, codecs })
}

/// Where a quote opens that nothing closes.
fn unclosed(source: &str) -> Option<usize> {
    let mut open = None;
    let mut escaped = false;
    for (index, c) in source.char_indices() {
        match open {
            _ if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some((quote, _)) if quote == c => open = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"' | '`') => open = Some((c, index)),
            None => {}
        }
    }
    open.map(|(_, index)| index)
}

/// The name's span (with its backticks) and where it ends.
fn name(report: &mut Report<'_>, block: &Block<'_>, part: Range<usize>) -> Option<(Range<usize>, usize)> {
    let text = block.text;
    let source = &text[part.clone()];
    if let Some(rest) = source.strip_prefix('`') {
        let Some(end) = rest.find('`').filter(|end| *end > 0 && !rest[..*end].contains(char::is_whitespace)) else {
            report.error("D0202", block.place(part.start..part.start + 1), "the backticked name is not closed");
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
        report.error_with("D0202", block.place(part.start..end), message, "use backticks around such a name");
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

/// `CODEC(Delta(4), ZSTD(1))`
fn codecs(report: &mut Report<'_>, block: &Block<'_>, range: Range<usize>) -> Vec<Codec> {
    let text = &block.text[range.clone()];
    let inside = text.find('(').filter(|_| text.ends_with(')')).map(|open| range.start + open + 1..range.end - 1);
    let parts = inside.map_or(Vec::new(), |inside| split_commas(block.text, inside));
    if parts.is_empty() {
        report.error("D0208", block.place(range), "CODEC lacks its value, or is not closed");
        return Vec::new();
    }
    let mut out = Vec::new();
    for part in parts {
        let text = &block.text[part.clone()];
        let (name, arguments) = text.split_once('(').unwrap_or((text, ""));
        let Some(known) = CODECS.into_iter().find(|known| known.eq_ignore_ascii_case(name.trim())) else {
            let hint = nearest(name.trim(), CODECS).map(|near| format!("did you mean {near}?"));
            report.push("D0208", block.place(part), format!("{:?} is no codec", name.trim()), hint);
            continue;
        };
        let arguments = arguments.trim_end_matches(')').split(',').map(|argument| argument.trim().to_owned());
        let arguments = arguments.filter(|argument| !argument.is_empty()).collect();
        out.push(Codec { name: known.to_owned(), arguments });
    }
    out
}

const CODECS: [&str; 13] = [
    "NONE",
    "Default",
    "LZ4",
    "LZ4HC",
    "ZSTD",
    "Delta",
    "DoubleDelta",
    "GCD",
    "Gorilla",
    "FPC",
    "T64",
    "AES_128_GCM_SIV",
    "AES_256_GCM_SIV",
];

fn data_type(report: &mut Report<'_>, block: &Block<'_>, range: Range<usize>) -> Option<DataType> {
    let source = &block.text[range.clone()];
    let mut at = 0;
    // words that ClickHouse would read, but that a schema may not use
    while at < source.len() {
        let rest = &source[at..];
        let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
        let span = range.start + at..range.start + at + end;
        let (message, hint) = match &rest[..end] {
            word if word.eq_ignore_ascii_case("boolean") => ("the type Boolean is not supported", "use Bool or UInt8"),
            "Int" | "UInt" => ("an integer type needs its number of bits", "use Int32, UInt64 or the like"),
            word if word.eq_ignore_ascii_case("datetime64") && !rest[end..].trim_start().starts_with('(') => {
                ("DateTime64 needs its number of digits", "use DateTime64(3)")
            }
            _ => {
                at += end + rest[end..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
        };
        report.error_with("D0203", block.place(span), message, hint);
        return None;
    }
    match DataType::parse(source) {
        Ok(data_type) => Some(data_type),
        Err(message) => {
            // the message quotes the part that is not understood
            let quoted = message.split('"').nth(1).filter(|word| !word.is_empty());
            let place = quoted.and_then(|word| source.find(word).map(|at| at..at + word.len()));
            let span = place.map_or(range.clone(), |place| range.start + place.start..range.start + place.end);
            report.error("D0203", block.place(span), message);
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
