//! Lines of a datafile → statements: a keyword with the rest of its line, or with a block.
//!
//! ```text
//! KEYWORD value…          # comment
//! KEYWORD >
//!     block, until a known keyword stands at the start of a line
//! ```

use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    /// In upper case.
    pub(super) keyword: String,
    pub(super) span: Range<usize>,
    /// The rest of the line, or the block; without white space around it.
    pub(super) value: Range<usize>,
    pub(super) is_block: bool,
    /// What stands behind `>`, where nothing may.
    pub(super) behind: Option<Range<usize>>,
}

/// The statements of `text`; `is_keyword` says which words end a block, given what follows them.
pub(super) fn statements(text: &str, is_keyword: impl Fn(&str, &str) -> bool) -> Vec<Statement> {
    let mut out: Vec<Statement> = Vec::new();
    let mut block: Option<Statement> = None;
    // some editors put a byte order mark first
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    for line in text[at..].split_inclusive('\n') {
        let start = at;
        at += line.len();
        let word_start = start + (line.len() - line.trim_start().len());
        let trimmed = line.trim();
        let word = trimmed.split_whitespace().next().unwrap_or("");
        if let Some(open) = &mut block {
            let ends = word_start == start && is_keyword(&word.to_ascii_uppercase(), trimmed[word.len()..].trim());
            if !ends {
                open.value.end = at;
                continue;
            }
            out.extend(block.take());
        }
        if word.is_empty() || word.starts_with('#') {
            continue;
        }
        let rest = word_start + word.len()..start + line.trim_end().len();
        let rest = trim(text, rest.start.min(rest.end)..rest.end);
        let behind =
            text[rest.clone()].strip_prefix('>').filter(|behind| !behind.starts_with(|c: char| !c.is_whitespace()));
        let is_block = behind.is_some();
        let behind = behind.map(|behind| uncomment(text, trim(text, rest.end - behind.len()..rest.end)));
        let statement = Statement {
            keyword: word.to_ascii_uppercase(),
            span: word_start..word_start + word.len(),
            value: if is_block { at..at } else { rest },
            is_block,
            behind: behind.filter(|behind| !behind.is_empty()),
        };
        match is_block {
            true => block = Some(statement),
            false => out.push(statement),
        }
    }
    out.extend(block);
    for statement in &mut out {
        statement.value = trim(text, statement.value.clone());
    }
    out
}

/// The range without white space at its ends.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let start = range.start + (inside.len() - inside.trim_start().len());
    start..(start + inside.trim().len()).max(start)
}

/// Without the pair of quotes around it; `"a", "b"` is a list of two, not one in quotes.
pub(super) fn unquote(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let Some(quote) = inside.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return range };
    if inside.len() < 2 || !inside.ends_with(quote) {
        return range;
    }
    let closes = outside_tags(inside).skip(1).find(|(_, c)| *c == quote).map_or(0, |(index, _)| index + 1);
    match inside[closes..].trim_start().starts_with(',') {
        true => range,
        false => trim(text, range.start + 1..range.end - 1),
    }
}

/// Without a `# comment` that stands outside quotes, after white space.
pub(super) fn uncomment(text: &str, range: Range<usize>) -> Range<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (index, c) in outside_tags(&text[range.clone()]) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            // inside a word it is an apostrophe
            None if (c == '"' || c == '\'') && !before.is_alphanumeric() => quote = Some(c),
            None if c == '#' && before.is_whitespace() => return trim(text, range.start..range.start + index),
            None => {}
        }
        before = c;
    }
    range
}

/// Characters and their places, but for those of `{{ … }}`.
fn outside_tags(text: &str) -> impl Iterator<Item = (usize, char)> {
    let last_close = text.rfind("}}").unwrap_or(0);
    let mut closes_at = 0;
    text.char_indices().filter(move |(index, _)| {
        if *index >= closes_at && *index < last_close && text[*index..].starts_with("{{") {
            closes_at = text[*index..].find("}}").map_or(0, |end| index + end + 2);
        }
        *index >= closes_at
    })
}

/// Words as a shell splits them: white space separates, quotes join.
pub(super) fn words(text: &str, range: Range<usize>) -> Vec<(String, Range<usize>)> {
    let mut out = Vec::new();
    let mut word: Option<(String, usize)> = None;
    let mut quote = None;
    let inside = &text[range.clone()];
    for (index, c) in inside.char_indices() {
        let at = range.start + index;
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {
                if let Some((word, _)) = &mut word {
                    word.push(c);
                }
            }
            None if c.is_whitespace() => {
                if let Some((word, start)) = word.take() {
                    out.push((word, start..at));
                }
            }
            None => {
                let is_new = word.is_none();
                let (word, _) = word.get_or_insert_with(|| (String::new(), at));
                match c {
                    '"' | '\'' if is_new => quote = Some(c),
                    c => word.push(c),
                }
            }
        }
    }
    if let Some((word, start)) = word {
        out.push((word, start..range.end));
    }
    out
}

/// Parts between top-level commas (outside brackets and quotes), trimmed; empty ones are left out.
pub(super) fn split_commas(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = range.start;
    for (index, c) in top_level(&text[range.clone()]) {
        if c == ',' {
            out.push(trim(text, start..range.start + index));
            start = range.start + index + 1;
        }
    }
    out.push(trim(text, start..range.end));
    out.retain(|part| !part.is_empty());
    out
}

/// Characters outside brackets and quotes, with their places.
pub(super) fn top_level(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0usize;
    let mut quote = None;
    let mut escaped = false;
    text.char_indices().filter(move |(_, c)| {
        match (quote, *c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(*c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => return depth == 0,
        }
        false
    })
}

/// Words outside brackets and quotes, with their places.
pub(super) fn top_level_words(text: &str) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for (index, c) in top_level(text).filter(|(_, c)| *c == '_' || c.is_alphanumeric()) {
        match out.last_mut() {
            Some(word) if word.end == index => word.end += c.len_utf8(),
            _ => out.push(index..index + c.len_utf8()),
        }
    }
    out
}
