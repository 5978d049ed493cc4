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
}

/// The statements of `text`; `is_keyword` says which words end a block.
pub(super) fn statements(text: &str, is_keyword: impl Fn(&str) -> bool) -> Vec<Statement> {
    let mut out: Vec<Statement> = Vec::new();
    let mut block: Option<Statement> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let word_start = start + (line.len() - line.trim_start().len());
        let trimmed = line.trim();
        let word = trimmed.split_whitespace().next().unwrap_or("");
        if let Some(open) = &mut block {
            let ends = word_start == start && is_keyword(&word.to_ascii_uppercase());
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
        let is_block = text[rest.clone()].split_whitespace().next() == Some(">") && text[rest.clone()].len() == 1;
        let statement = Statement {
            keyword: word.to_ascii_uppercase(),
            span: word_start..word_start + word.len(),
            value: if is_block { at..at } else { rest },
            is_block,
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

/// Without one matching pair of quotes around it.
pub(super) fn unquote(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let quoted = |quote: char| {
        inside.len() >= 2 && inside.starts_with(quote) && inside.ends_with(quote) && inside.matches(quote).count() == 2
    };
    if quoted('"') || quoted('\'') { trim(text, range.start + 1..range.end - 1) } else { range }
}

/// Without a `# comment` that stands outside quotes, after white space.
pub(super) fn uncomment(text: &str, range: Range<usize>) -> Range<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (index, c) in text[range.clone()].char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '#' && before.is_whitespace() => return trim(text, range.start..range.start + index),
            None => {}
        }
        before = c;
    }
    range
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
                let (word, _) = word.get_or_insert_with(|| (String::new(), at));
                match c {
                    '"' | '\'' => quote = Some(c),
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
    let mut depth = 0usize;
    let mut quote = None;
    let mut start = range.start;
    let mut escaped = false;
    for (index, c) in text[range.clone()].char_indices() {
        let at = range.start + index;
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                out.push(trim(text, start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push(trim(text, start..range.end));
    out.retain(|part| !part.is_empty());
    out
}
