//! Splits a node's SQL at its tags and nests the blocks.

use super::expression::{Names, Parser};
use super::problem::Problem;
use super::syntax::*;
use super::token::{self, Tokens};
use crate::diagnostic::nearest;
use crate::limits::TEMPLATE_DEPTH_MAX;
use std::ops::Range;
use std::sync::Arc;

const FORBIDDEN: [&str; 9] = ["import", "from", "include", "extends", "block", "apply", "raw", "module", "autoescape"];
const TAGS: [&str; 16] = [
    "if",
    "elif",
    "else",
    "end",
    "for",
    "while",
    "try",
    "except",
    "finally",
    "set",
    "break",
    "continue",
    "comment",
    "whitespace",
    "endif",
    "endfor",
];

#[derive(Clone, Copy, PartialEq)]
enum Whitespace {
    All,
    Single,
    OneLine,
}

/// Everything that a template's text says.
pub(super) struct Tree {
    pub(super) body: Body,
    pub(super) names: Vec<Arc<str>>,
    pub(super) problems: Vec<Problem>,
}

/// Reads `text` from byte `start` (after the `%`).
pub(super) fn parse(text: &str, start: usize) -> Tree {
    let mut reader = Reader {
        text,
        at: start,
        names: Names::default(),
        problems: Vec::new(),
        open: Vec::new(),
        whitespace: Whitespace::All,
        too_deep: false,
    };
    let body = reader.template();
    Tree { body, names: reader.names.list, problems: reader.problems }
}

/// A block that waits for its `{% end %}`.
struct Open {
    tag: Range<usize>,
    kind: Block,
}

enum Block {
    If { arms: Vec<(Expr, Body)>, condition: Option<Expr>, body: Body, has_else: bool },
    For { target: Target, over: Expr, body: Body, otherwise: Option<Body> },
    While { condition: Expr, body: Body, otherwise: Option<Body> },
    Try { stages: Vec<(Stage, Body)> },
}

enum Stage {
    Body,
    Except(Option<Slot>),
    Else,
    Finally,
}

impl Block {
    fn name(&self) -> &'static str {
        match self {
            Block::If { .. } => "if",
            Block::For { .. } => "for",
            Block::While { .. } => "while",
            Block::Try { .. } => "try",
        }
    }

    /// Where steps go now.
    fn body(&mut self) -> &mut Body {
        match self {
            Block::If { body, .. } => body,
            Block::For { body, otherwise, .. } | Block::While { body, otherwise, .. } => {
                otherwise.as_mut().unwrap_or(body)
            }
            Block::Try { stages } => &mut stages.last_mut().expect("a try starts with its body").1,
        }
    }

    fn close(self) -> Step {
        match self {
            Block::If { mut arms, condition, body, .. } => match condition {
                Some(condition) => {
                    arms.push((condition, body));
                    Step::If(arms, Body::new())
                }
                None => Step::If(arms, body),
            },
            Block::For { target, over, body, otherwise } => {
                Step::For(target, over, body, otherwise.unwrap_or_default())
            }
            Block::While { condition, body, otherwise } => Step::While(condition, body, otherwise.unwrap_or_default()),
            Block::Try { stages } => {
                let (mut body, mut handlers) = (Body::new(), Vec::new());
                let (mut otherwise, mut finally) = (Body::new(), Body::new());
                for (stage, steps) in stages {
                    match stage {
                        Stage::Body => body = steps,
                        Stage::Except(name) => handlers.push((name, steps)),
                        Stage::Else => otherwise = steps,
                        Stage::Finally => finally = steps,
                    }
                }
                Step::Try { body, handlers, otherwise, finally }
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    names: Names,
    problems: Vec<Problem>,
    open: Vec<Open>,
    whitespace: Whitespace,
    too_deep: bool,
}

impl Reader<'_> {
    fn template(&mut self) -> Body {
        let mut root = Body::new();
        while self.at < self.text.len() && !self.too_deep {
            let rest = &self.text[self.at..];
            let tag = next_tag(rest).map_or(self.text.len(), |offset| self.at + offset);
            self.push_text(&mut root, self.at..tag);
            self.at = tag;
            let rest = &self.text[tag..];
            if rest.len() > 2 && rest[2..].starts_with('!') {
                self.push_text(&mut root, tag..tag + 2);
                self.at = tag + 3;
            } else if rest.starts_with("{#") {
                self.comment();
            } else if rest.starts_with("{{") {
                self.print(&mut root);
            } else if rest.starts_with("{%") {
                self.block(&mut root);
            }
        }
        while let Some(open) = self.open.pop() {
            let line = self.line(open.tag.start);
            let message = format!("Missing {{% end %}} block for {} at line {line}", open.kind.name());
            self.problems.push(Problem::new("T0102", open.tag.clone(), message));
            self.push(&mut root, open.kind.close());
        }
        root
    }

    /// Lines as the engine counts them: from the line of the `%`.
    fn line(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    fn push(&mut self, root: &mut Body, step: Step) {
        match self.open.last_mut() {
            Some(open) => open.kind.body().push(step),
            None => root.push(step),
        }
    }

    fn push_text(&mut self, root: &mut Body, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let span = Span(range.start as u32, range.end as u32);
        let step = match self.whitespace {
            Whitespace::All => Step::Text(span),
            mode => Step::Squeezed(squeeze(&self.text[range], mode).into(), span),
        };
        self.push(root, step);
    }

    fn comment(&mut self) {
        match self.text[self.at..].find("#}") {
            Some(end) => self.at += end + 2,
            None => self.unclosed("#}", "comment"),
        }
    }

    fn unclosed(&mut self, close: &str, what: &str) {
        let message = format!("Missing end {what} {close} at line {}", self.line(self.at));
        self.problems.push(Problem::new("T0101", self.at..self.at + 2, message));
        self.at = self.text.len();
    }

    /// The tag's tokens; moves behind the tag. A tag that cannot be read is skipped to its end.
    fn tag(&mut self, close: &'static str, what: &str) -> Option<(Tokens, Range<usize>)> {
        let begin = self.at;
        let inside = begin + 2;
        let plain_end = self.text[inside..].find(close).map(|end| inside + end);
        match token::tokens(self.text, inside, close) {
            Ok((tokens, Some(end))) => {
                self.at = end + 2;
                Some((tokens, begin..end + 2))
            }
            Ok((_, None)) => {
                self.unclosed(close, what);
                None
            }
            Err(problem) => match plain_end {
                Some(end) if end >= problem.span.start || problem.span.start >= inside => {
                    self.at = end + 2;
                    self.problems.push(problem.into());
                    None
                }
                _ => {
                    self.unclosed(close, what);
                    None
                }
            },
        }
    }

    fn print(&mut self, root: &mut Body) {
        let Some((tokens, tag)) = self.tag("}}", "expression") else { return };
        if tokens.len() == 1 {
            self.problems.push(Problem::new("T0104", tag, "Empty expression"));
            return;
        }
        match Parser::new(tokens, &mut self.names).whole() {
            Ok(expr) => {
                super::check::output(&expr, &self.names.list, &mut self.problems);
                self.push(root, Step::Print(expr, Span(tag.start as u32, tag.end as u32)));
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    fn block(&mut self, root: &mut Body) {
        let word_at = self.at + 2 + (self.text[self.at + 2..].len() - self.text[self.at + 2..].trim_start().len());
        let rest = &self.text[word_at..];
        let word = &rest[..rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len())];
        let word_span = word_at..word_at + word.len();
        if word == "comment" {
            match rest.find("%}") {
                Some(end) => self.at = word_at + end + 2,
                None => self.unclosed("%}", "block"),
            }
            return;
        }
        let Some((tokens, tag)) = self.tag("%}", "block") else {
            // so that its `end` is not a second mistake
            if let Some(kind) = placeholder(word) {
                self.open.push(Open { tag: word_span, kind });
            }
            return;
        };
        if tokens.len() == 1 {
            self.problems.push(Problem::new("T0103", tag, "Empty block tag ({% %})"));
            return;
        }
        if let Err(problem) = self.statement(root, word, word_span.clone(), tag, tokens) {
            self.problems.push(problem);
            if let Some(kind) = placeholder(word) {
                self.open.push(Open { tag: word_span, kind });
            }
        }
    }

    fn statement(
        &mut self,
        root: &mut Body,
        word: &str,
        word_span: Range<usize>,
        tag: Range<usize>,
        mut tokens: Tokens,
    ) -> Result<(), Problem> {
        tokens.remove(0);
        match word {
            "if" | "for" | "while" | "try" => self.open_block(word, tag, tokens),
            "elif" | "else" | "except" | "finally" => self.middle(word, tag, tokens),
            "end" => self.end(root, tag),
            "set" => {
                let step = self.assignment(tokens)?;
                self.push(root, step);
                Ok(())
            }
            "break" | "continue" => {
                if !self.open.iter().any(|open| matches!(open.kind, Block::For { .. } | Block::While { .. })) {
                    return Err(Problem::new("T0102", tag, format!("{word} outside for/while block")));
                }
                let step = if word == "break" { Step::Break } else { Step::Continue };
                self.push(root, step);
                Ok(())
            }
            "whitespace" => {
                self.whitespace = match tokens.first() {
                    Some((token::Token::Name(mode), _)) if mode == "all" => Whitespace::All,
                    Some((token::Token::Name(mode), _)) if mode == "single" => Whitespace::Single,
                    Some((token::Token::Name(mode), _)) if mode == "oneline" => Whitespace::OneLine,
                    _ => return Err(Problem::new("T0103", tag, "whitespace is one of all, single, oneline")),
                };
                Ok(())
            }
            _ if FORBIDDEN.contains(&word) => {
                let message = format!("{word} is forbidden at line {}", self.line(word_span.start));
                Err(Problem::new("T0103", word_span, message))
            }
            _ => {
                let hint = match word {
                    "endif" | "endfor" | "endwhile" | "endtry" => Some("blocks are closed by {% end %}".to_owned()),
                    _ => nearest(word, TAGS).map(|tag| format!("did you mean {tag:?}?")),
                };
                Err(Problem::new("T0103", word_span, format!("unknown operator: '{word}'")).with_hint(hint))
            }
        }
    }

    fn open_block(&mut self, word: &str, tag: Range<usize>, tokens: Tokens) -> Result<(), Problem> {
        if self.open.len() >= TEMPLATE_DEPTH_MAX {
            self.too_deep = true;
            return Err(Problem::new("T0105", tag, format!("blocks nest deeper than {TEMPLATE_DEPTH_MAX}")));
        }
        let kind = match word {
            "if" => {
                let condition = Some(self.condition(tokens)?);
                Block::If { arms: Vec::new(), condition, body: Body::new(), has_else: false }
            }
            "while" => Block::While { condition: self.condition(tokens)?, body: Body::new(), otherwise: None },
            "for" => {
                let mut parser = Parser::new(tokens, &mut self.names);
                let target = parser.target()?;
                if !parser.eat_name("in") {
                    return Err(Problem::new("T0104", tag, "a for block reads {% for x in values %}"));
                }
                let over = parser.whole()?;
                super::check::block(&over, &self.names.list, &mut self.problems);
                Block::For { target, over, body: Body::new(), otherwise: None }
            }
            _ => Block::Try { stages: vec![(Stage::Body, Body::new())] },
        };
        self.open.push(Open { tag, kind });
        Ok(())
    }

    fn condition(&mut self, tokens: Tokens) -> Result<Expr, Problem> {
        let condition = Parser::new(tokens, &mut self.names).whole()?;
        super::check::block(&condition, &self.names.list, &mut self.problems);
        Ok(condition)
    }

    fn middle(&mut self, word: &str, tag: Range<usize>, tokens: Tokens) -> Result<(), Problem> {
        let stray = |tag: Range<usize>| Problem::new("T0102", tag, format!("{word} has no block that it belongs to"));
        let Some(mut open) = self.open.pop() else { return Err(stray(tag)) };
        let result = match (&mut open.kind, word) {
            (Block::If { has_else: true, .. }, _) => Err(stray(tag)),
            (Block::If { arms, condition, body, .. }, "elif") => {
                let done = (condition.take().expect("only else has none"), std::mem::take(body));
                arms.push(done);
                let parsed = self.condition(tokens);
                *condition = Some(parsed.as_ref().map_or_else(|_| nothing(), Expr::clone));
                parsed.map(|_| ())
            }
            (Block::If { arms, condition, body, has_else }, "else") => {
                arms.push((condition.take().expect("only else has none"), std::mem::take(body)));
                *has_else = true;
                Ok(())
            }
            (
                Block::For { otherwise: otherwise @ None, .. } | Block::While { otherwise: otherwise @ None, .. },
                "else",
            ) => {
                *otherwise = Some(Body::new());
                Ok(())
            }
            (Block::Try { stages }, "except" | "else" | "finally") => {
                let stage = match word {
                    "except" => Ok(Stage::Except(exception_name(tokens, &mut self.names))),
                    "else" => Ok(Stage::Else),
                    _ => Ok(Stage::Finally),
                };
                stage.map(|stage| stages.push((stage, Body::new())))
            }
            _ => Err(stray(tag)),
        };
        self.open.push(open);
        result
    }

    fn end(&mut self, root: &mut Body, tag: Range<usize>) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else {
            return Err(Problem::new("T0102", tag, "Extra {% end %} block"));
        };
        self.push(root, open.kind.close());
        Ok(())
    }

    fn assignment(&mut self, tokens: Tokens) -> Result<Step, Problem> {
        let mut parser = Parser::new(tokens, &mut self.names);
        let start = parser.position();
        if let Ok(target) = parser.target() {
            if parser.eat("=") {
                let value = parser.whole()?;
                super::check::block(&value, &self.names.list, &mut self.problems);
                return Ok(Step::Set(target, value));
            }
            if let (Target::Name(slot), Some(op)) = (&target, parser.augment()) {
                let slot = *slot;
                let value = parser.whole()?;
                super::check::block(&value, &self.names.list, &mut self.problems);
                return Ok(Step::Augment(slot, op, value));
            }
        }
        parser.rewind(start);
        let value = parser.whole()?;
        super::check::block(&value, &self.names.list, &mut self.problems);
        Ok(Step::Evaluate(value))
    }
}

/// `{% except ValueError as e %}`: the classes are not told apart, the variable is filled.
fn exception_name(tokens: Tokens, names: &mut Names) -> Option<Slot> {
    let words: Vec<&str> = tokens
        .iter()
        .filter_map(|(token, _)| match token {
            token::Token::Name(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let position = words.iter().position(|word| *word == "as")?;
    words.get(position + 1).map(|name| names.slot(name))
}

fn nothing() -> Expr {
    Expr { kind: ExprKind::None, span: Span::default() }
}

/// A block whose opening tag has a mistake, already reported.
fn placeholder(word: &str) -> Option<Block> {
    let condition = nothing();
    match word {
        "if" => Some(Block::If { arms: Vec::new(), condition: Some(condition), body: Body::new(), has_else: false }),
        "while" => Some(Block::While { condition, body: Body::new(), otherwise: None }),
        "for" => {
            Some(Block::For { target: Target::Each(Vec::new()), over: condition, body: Body::new(), otherwise: None })
        }
        "try" => Some(Block::Try { stages: vec![(Stage::Body, Body::new())] }),
        _ => None,
    }
}

/// Offset of the next `{{`, `{%` or `{#`. Of three braces in a row the inner two open a tag.
fn next_tag(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += text.get(at..)?.find('{')?;
        match bytes.get(at + 1) {
            None => return None,
            Some(b'{') if bytes.get(at + 2) == Some(&b'{') => at += 1,
            Some(b'{' | b'%' | b'#') => return Some(at),
            Some(_) => at += 1,
        }
    }
}

/// Runs of white space become one space, or one line break where `single` finds one.
fn squeeze(text: &str, mode: Whitespace) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let run = rest.len() - rest.trim_start().len();
        if run == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let keeps_line = mode == Whitespace::Single && rest[..run].contains('\n');
        out.push(if keeps_line { '\n' } else { ' ' });
        rest = &rest[run..];
    }
    out
}
