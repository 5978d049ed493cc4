//! Which resources a query reads: a light scan of its tokens, for the order and the circles of
//! pipes. Names and types proper are the binder's business.

use super::{Draft, Project};
use crate::catalog::{Pipe, unversioned};
use crate::diagnostic::{Diagnostic, nearest};
use crate::sql;
use crate::template::TABLE_PLACEHOLDER;
use sqlparser::dialect::ClickHouseDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Who reads whom.
#[derive(Default)]
pub(super) struct Reads {
    /// Pipe → the pipes that it reads, each at its first mention.
    pub(super) pipes: BTreeMap<String, Vec<Read>>,
    /// For each node, the positions of the nodes that it reads, also through pipes.
    pub(super) nodes: Vec<Vec<usize>>,
    /// For each node, the data sources that its own SQL names.
    pub(super) sources: Vec<Vec<String>>,
    /// Nodes that read something which is not there, or that only a parameter names.
    pub(super) unsound: BTreeSet<usize>,
}

pub(super) struct Read {
    pub(super) target: String,
    pub(super) file: String,
    pub(super) span: Range<usize>,
}

impl Project<'_> {
    /// Everything that nodes read exists; who reads whom.
    pub(super) fn check_references(&mut self) -> Reads {
        let mut reads = Reads::default();
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (position, draft) in self.nodes.iter().enumerate() {
            first.entry(&draft.pipe).or_insert(position);
        }
        let mut found = Vec::new();
        for (position, draft) in self.nodes.iter().enumerate() {
            let mut nodes = BTreeSet::new();
            let mut sources = Vec::new();
            let names = draft.rendered.as_ref().filter(|rendered| sql::parse(&rendered.sql).is_ok());
            // of text that does not parse, no word is known to be a name
            for reference in names.map_or(Vec::new(), |rendered| references(&rendered.sql)) {
                match self.meaning(draft, &reference) {
                    Meaning::Node(index) => drop(nodes.insert(first[draft.pipe.as_str()] + index)),
                    // of a pipe without nodes its own file tells
                    Meaning::Pipe(pipe) if pipe.nodes.is_empty() => drop(reads.unsound.insert(position)),
                    Meaning::Pipe(pipe) => {
                        let entry = reads.pipes.entry(draft.pipe.clone()).or_default();
                        if !entry.iter().any(|known| known.target == pipe.name) {
                            let span = draft.place(&reference);
                            entry.push(Read { target: pipe.name.clone(), file: draft.file.clone(), span });
                        }
                        let node = pipe.endpoint.unwrap_or(pipe.nodes.len().saturating_sub(1));
                        nodes.extend(first.get(pipe.name.as_str()).map(|first| first + node));
                    }
                    Meaning::DataSource => {
                        let stem = self.current(stem(&reference.name));
                        nodes.extend(self.made.get(stem).map(|(maker, _)| *maker).filter(|maker| *maker != position));
                        if self.shared.iter().any(|shared| shared == stem) {
                            let message =
                                format!("{stem:?} is shared by another workspace; reading it is not supported yet");
                            found.push(Diagnostic::warning("D0107", &draft.file, draft.place(&reference), message));
                        }
                        sources.push(stem.to_owned());
                    }
                    Meaning::Column => {}
                    Meaning::Placeholder => drop(reads.unsound.insert(position)),
                    Meaning::Nothing => {
                        reads.unsound.insert(position);
                        found.push(self.unknown(draft, &reference));
                    }
                }
            }
            reads.nodes.push(nodes.into_iter().collect());
            reads.sources.push(sources);
        }
        self.diagnostics.extend(found);
        reads
    }

    fn meaning<'p>(&'p self, draft: &Draft, reference: &Reference) -> Meaning<'p> {
        let name = reference.name.as_str();
        let pipe = &self.catalog.pipes[&draft.pipe];
        let position = pipe.nodes.iter().position(|node| node.name == name);
        if let Some(position) = position.filter(|position| *position < draft.index) {
            return Meaning::Node(position);
        }
        if let Some(pipe) = self.catalog.pipes.get(self.current(name)) {
            return Meaning::Pipe(pipe);
        }
        let stem = self.current(stem(name));
        match name {
            TABLE_PLACEHOLDER => Meaning::Placeholder,
            _ if self.catalog.data_sources.contains_key(stem) || self.made.contains_key(stem) => Meaning::DataSource,
            _ if reference.is_operand => Meaning::Column,
            _ => Meaning::Nothing,
        }
    }

    /// The name without the version that older projects add to it.
    fn current<'n>(&self, name: &'n str) -> &'n str {
        let catalog = &self.catalog;
        let is_known = |name: &str| {
            catalog.data_sources.contains_key(name) || catalog.pipes.contains_key(name) || self.made.contains_key(name)
        };
        match unversioned(name) {
            Some(stem) if !is_known(name) && is_known(stem) => stem,
            _ => name,
        }
    }

    fn unknown(&self, draft: &Draft, reference: &Reference) -> Diagnostic {
        let name = reference.name.as_str();
        let pipe = &self.catalog.pipes[&draft.pipe];
        let error = |message| Diagnostic::error("S0201", &draft.file, draft.place(reference), message);
        if pipe.nodes.iter().any(|node| node.name == name) {
            let message = format!("node {:?} cannot read {name:?}", draft.name);
            return error(message).with_hint("a node reads the nodes before it");
        }
        if name.starts_with("tinybird.") || name.starts_with("system.") {
            let message = format!("the service data source {name:?} is not supported yet");
            return Diagnostic { code: "S0102", ..error(message) };
        }
        let nodes = pipe.nodes[..draft.index].iter().map(|node| &node.name);
        let names = nodes.chain(self.catalog.data_sources.keys()).chain(self.catalog.pipes.keys());
        let near = nearest(name, names.map(String::as_str));
        let diagnostic = error(format!("unknown data source, pipe or node {name:?}"));
        Diagnostic { hint: near.map(|near| format!("did you mean {near:?}?")), ..diagnostic }
    }
}

enum Meaning<'p> {
    /// An earlier node of the pipe, by its index.
    Node(usize),
    Pipe(&'p Pipe),
    DataSource,
    Column,
    /// What a parameter will name.
    Placeholder,
    Nothing,
}

/// The data source of a quarantine.
fn stem(name: &str) -> &str {
    name.strip_suffix("_quarantine").unwrap_or(name)
}

impl Draft {
    fn place(&self, reference: &Reference) -> Range<usize> {
        let rendered = self.rendered.as_ref().expect("the reference was found in it");
        rendered.source_span(reference.span.clone())
    }
}

/// A name after FROM, JOIN or IN, and its bytes in the SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    /// Of `x IN name`: it may also be a column.
    pub(super) is_operand: bool,
}

/// What is open at one level of brackets.
#[derive(Clone, Copy, Default)]
struct Level {
    is_query: bool,
    /// Between FROM and the next clause: a comma brings another table.
    in_from: bool,
}

pub(super) fn references(sql: &str) -> Vec<Reference> {
    let Ok(tokens) = Tokenizer::new(&ClickHouseDialect {}, sql).tokenize_with_location() else { return Vec::new() };
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let named = with_names(&tokens);
    let lines = Lines::new(sql);
    let mut levels = vec![Level { is_query: true, in_from: false }];
    let mut out = Vec::new();
    for index in 0..tokens.len() {
        let before = keyword(&tokens, index.wrapping_sub(1));
        let depth = levels.len();
        let last = levels.last_mut().expect("the outermost level is never closed");
        match (&tokens[index].token, keyword(&tokens, index)) {
            (Token::LParen, _) => {
                let is_query =
                    matches!(keyword(&tokens, index + 1), Some(Keyword::SELECT | Keyword::WITH | Keyword::FROM));
                // `FROM (a JOIN b)` goes on with the tables
                let goes_on = last.in_from && matches!(before, Some(Keyword::FROM | Keyword::JOIN));
                levels.push(Level { is_query: is_query || goes_on, in_from: goes_on && !is_query });
                continue;
            }
            (Token::RParen, _) if depth > 1 => {
                levels.pop();
                continue;
            }
            (_, Some(Keyword::FROM)) if last.is_query && before != Some(Keyword::DISTINCT) => last.in_from = true,
            (_, Some(Keyword::JOIN)) if before != Some(Keyword::ARRAY) => last.in_from = true,
            (_, Some(Keyword::IN)) => {
                out.extend(name_at(&tokens, index + 1, &lines, true));
                continue;
            }
            (Token::Comma, _) if last.in_from => {}
            (
                _,
                Some(
                    Keyword::SELECT
                    | Keyword::WHERE
                    | Keyword::PREWHERE
                    | Keyword::GROUP
                    | Keyword::ORDER
                    | Keyword::HAVING
                    | Keyword::LIMIT
                    | Keyword::UNION
                    | Keyword::SETTINGS
                    | Keyword::FORMAT
                    | Keyword::ON
                    | Keyword::USING
                    | Keyword::ARRAY,
                ),
            ) => {
                last.in_from = false;
                continue;
            }
            _ => continue,
        }
        out.extend(name_at(&tokens, index + 1, &lines, false));
    }
    out.retain(|reference| !named.contains(&reference.name));
    out
}

fn keyword(tokens: &[TokenWithSpan], index: usize) -> Option<Keyword> {
    match &tokens.get(index)?.token {
        Token::Word(word) if word.quote_style.is_none() && word.keyword != Keyword::NoKeyword => Some(word.keyword),
        _ => None,
    }
}

/// `a` or `a.b`, unless it is a function call.
fn name_at(tokens: &[TokenWithSpan], index: usize, lines: &Lines<'_>, is_operand: bool) -> Option<Reference> {
    let Token::Word(first) = &tokens.get(index)?.token else { return None };
    let starts_clause = matches!(keyword(tokens, index), Some(Keyword::SELECT | Keyword::WITH | Keyword::LATERAL));
    if starts_clause {
        return None;
    }
    let mut name = first.value.clone();
    let mut last = index;
    while let (Some(Token::Period), Some(Token::Word(next))) =
        (tokens.get(last + 1).map(|token| &token.token), tokens.get(last + 2).map(|token| &token.token))
    {
        name = format!("{name}.{}", next.value);
        last += 2;
    }
    if matches!(tokens.get(last + 1).map(|token| &token.token), Some(Token::LParen)) {
        return None;
    }
    let span = lines.offset(tokens[index].span.start)..lines.offset(tokens[last].span.end);
    Some(Reference { name, span, is_operand })
}

/// Names of `WITH name AS (…)` and `, name AS (…)`, wherever they stand.
fn with_names(tokens: &[TokenWithSpan]) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for index in 1..tokens.len() {
        let Token::Word(word) = &tokens[index].token else { continue };
        let opens = matches!(keyword(tokens, index - 1), Some(Keyword::WITH | Keyword::RECURSIVE))
            || tokens[index - 1].token == Token::Comma;
        let is_query = keyword(tokens, index + 1) == Some(Keyword::AS)
            && matches!(tokens.get(index + 2).map(|token| &token.token), Some(Token::LParen));
        if opens && is_query {
            out.insert(word.value.clone());
        }
    }
    out
}

/// Line and column, as the tokenizer counts, → byte.
pub(super) struct Lines<'a> {
    sql: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(sql: &'a str) -> Lines<'a> {
        let starts = std::iter::once(0).chain(sql.match_indices('\n').map(|(index, _)| index + 1)).collect();
        Lines { sql, starts }
    }

    pub(super) fn offset(&self, location: Location) -> usize {
        let line = (location.line as usize).saturating_sub(1);
        let Some(start) = self.starts.get(line) else { return self.sql.len() };
        let column = (location.column as usize).saturating_sub(1);
        let inside = self.sql[*start..].char_indices().nth(column).map(|(index, _)| index);
        inside.map_or(self.sql.len(), |inside| start + inside)
    }
}
