//! Splits a node's SQL at its tags and nests the blocks.

use super::expression::{Names, Parser};
use super::problem::{Problem, Says};
use super::syntax::*;
use super::token::{self, Tokens};
use crate::diagnostic::nearest;
use crate::limits::TEMPLATE_DEPTH_MAX;
use std::ops::Range;
use std::sync::Arc;

const FORBIDDEN: [&str; 9] = ["import", "from", "include", "extends", "block", "apply", "raw", "module", "autoescape"];
const TAGS: [&str; 14] = [
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
        last_tag_end: start,
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
    Except(Vec<Arc<str>>, Option<Slot>),
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
                        Stage::Except(classes, name) => handlers.push(Handler { classes, name, body: steps }),
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
    last_tag_end: usize,
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
            if self.at > tag {
                self.last_tag_end = self.at;
            }
        }
        while let Some(open) = self.open.pop() {
            let message = format!("Missing {{% end %}} block for {}", open.kind.name());
            // the reference engine takes every block for an if, and counts to the last tag it has read
            let says = Says::Text(format!("Missing {{% end %}} block for if at line {}", self.line(self.last_tag_end)));
            self.problems.push(Problem::new("T0102", open.tag.clone(), message).saying(says));
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
            _ if self.text[range.clone()].contains("<pre>") => Step::Text(span),
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
        let message = format!("Missing end {what} {close}");
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
            self.problems.push(Problem::new("T0104", tag, "Empty expression").saying(Says::Line));
            return;
        }
        match Parser::new(tokens, &mut self.names).whole() {
            Ok(expr) => {
                super::check::output(&expr, &self.names.list, &mut self.problems);
                self.push(root, Step::Print(expr, Span(tag.start as u32, tag.end as u32)));
            }
            Err(problem) => {
                let first = self.text[tag.start + 2..tag.end - 2].split_whitespace().next().unwrap_or("");
                let kind = match first {
                    "import" => "Import",
                    _ if first.trim_start_matches('(').starts_with("lambda") => "Lambda",
                    _ if problem.message.ends_with("but found \"=\"") => "Assign",
                    _ => "",
                };
                self.problems.push(if first.contains("from") {
                    Problem::new("T0203", tag, "\"from\" is a forbidden word").saying(Says::Line)
                } else if !kind.is_empty() {
                    Problem::new("T0203", tag, format!("Invalid expression type: {kind}"))
                } else {
                    problem
                });
            }
        }
    }

    fn block(&mut self, root: &mut Body) {
        let word_at = self.at + 2 + (self.text[self.at + 2..].len() - self.text[self.at + 2..].trim_start().len());
        let rest = &self.text[word_at..];
        // the word ends at a space and nowhere else, or at the tag's end
        let inside = rest.find("%}").map_or(rest, |end| rest[..end].trim_end());
        let word = &inside[..inside.find(' ').unwrap_or(inside.len())];
        let word_span = word_at..word_at + word.len();
        if word == "comment" {
            match rest.find("%}") {
                Some(end) => self.at = word_at + end + 2,
                None => self.unclosed("%}", "block"),
            }
            return;
        }
        if !inside.is_empty() && !TAGS.contains(&word) && rest.contains("%}") {
            self.at = word_at + rest.find("%}").map_or(rest.len(), |end| end + 2);
            self.problems.push(self.unknown(word, word_span));
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
        let is_stray = self.open.is_empty() && word != "try";
        if matches!(word, "try" | "else" | "finally") && tokens.len() > 1 && !is_stray {
            let inside = self.text[tag.start + 2..tag.end - 2].trim();
            return Err(Problem::new("T0203", tag, format!("Invalid control block: {inside}")));
        }
        match word {
            "if" | "for" | "while" | "try" => self.open_block(word, tag, tokens),
            "elif" | "else" | "except" | "finally" => self.middle(word, tag, tokens),
            "end" => self.end(root, tag),
            "set" => {
                if tokens.len() == 1 {
                    return Err(Problem::new("T0103", tag, "set missing statement"));
                }
                let statement = self.text[word_span.end..tag.end - 2].trim();
                let step = self.assignment(tokens).map_err(|problem| match is_statement(statement) {
                    true => Problem::new("T0203", tag, format!("Invalid set statement: {statement}")),
                    false => problem,
                })?;
                self.push(root, step);
                Ok(())
            }
            "break" | "continue" => {
                if !self.open.iter().any(|open| matches!(open.kind, Block::For { .. } | Block::While { .. })) {
                    return Err(Problem::new("T0102", tag, format!("{word} outside {{'for', 'while'}} block")));
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
                    _ => {
                        let mode = self.text[word_span.end..tag.end - 2].trim();
                        let problem = Problem::new("T0103", tag, format!("invalid whitespace mode {mode}"));
                        let hint = "it is one of all, single, oneline".to_owned();
                        return Err(problem.saying(Says::Plain).with_hint(Some(hint)));
                    }
                };
                Ok(())
            }
            _ => Err(self.unknown(word, word_span)),
        }
    }

    fn unknown(&self, word: &str, word_span: Range<usize>) -> Problem {
        if FORBIDDEN.contains(&word) {
            let word = if word == "from" { "import" } else { word };
            return Problem::new("T0103", word_span, format!("{word} is forbidden"));
        }
        let hint = match word {
            "endif" | "endfor" | "endwhile" | "endtry" => Some("blocks are closed by {% end %}".to_owned()),
            _ => nearest(word, TAGS).map(|tag| format!("did you mean {tag:?}?")),
        };
        let mut shown = String::new();
        super::escape::repr(word, '\'', &mut shown);
        Problem::new("T0103", word_span, format!("unknown operator: {shown}")).with_hint(hint)
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
        let Some(mut open) = self.open.pop() else {
            let parents = match word {
                "elif" => "'if'",
                "else" => "'if', 'for', 'while', 'try'",
                _ => "'try'",
            };
            return Err(Problem::new("T0102", tag, format!("{word} outside {{{parents}}} block")));
        };
        let parent = open.kind.name();
        let stray = |tag: Range<usize>| {
            Problem::new("T0102", tag, format!("{word} block cannot be attached to {parent} block"))
        };
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
                    "except" => exception(tokens, &mut self.names),
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
        let is_bare_try = matches!(&open.kind, Block::Try { stages } if stages.len() == 1);
        let opening = open.tag.clone();
        self.push(root, open.kind.close());
        match is_bare_try {
            true => {
                let message = "a try block needs {% except %} or {% finally %}";
                Err(Problem::new("T0102", opening, message).saying(Says::Prefixed))
            }
            false => Ok(()),
        }
    }

    fn assignment(&mut self, tokens: Tokens) -> Result<Step, Problem> {
        let mut parser = Parser::new(tokens, &mut self.names);
        let start = parser.position();
        if let Ok(target) = parser.target() {
            if parser.eat("=") {
                let mut targets = vec![target];
                let mut value_at = parser.position();
                while let Ok(target) = parser.target() {
                    if !parser.eat("=") {
                        break;
                    }
                    targets.push(target);
                    value_at = parser.position();
                }
                parser.rewind(value_at);
                let target = if targets.len() == 1 { targets.remove(0) } else { Target::All(targets) };
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

/// `{% except %}`, `{% except ValueError as e %}`, `{% except (KeyError, IndexError) %}`.
fn exception(tokens: Tokens, names: &mut Names) -> Result<Stage, Problem> {
    let mut classes = Vec::new();
    let mut variable = None;
    let mut is_variable = false;
    for (token, span) in tokens {
        match token {
            token::Token::Name(word) if word == "as" => is_variable = true,
            token::Token::Name(word) if is_variable => variable = Some(names.slot(&word)),
            token::Token::Name(word) => classes.push(word.into()),
            token::Token::Mark("(" | ")" | ",") | token::Token::End => {}
            _ => return Err(Problem::new("T0104", span, "an except block reads {% except ValueError as e %}")),
        }
    }
    Ok(Stage::Except(classes, variable))
}

/// Python that is no value and no assignment, or more than one of them.
fn is_statement(text: &str) -> bool {
    const WORDS: [&str; 8] = ["import", "from", "del", "pass", "global", "assert", "raise", "return"];
    let word = text.split(|c: char| !(c == '_' || c.is_alphanumeric())).next().unwrap_or("");
    let is_annotated = !word.is_empty() && text[word.len()..].trim_start().starts_with(':') && text.contains('=');
    text.contains(';') || WORDS.contains(&word) || is_annotated
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
