//! Reads the Python subset of template expressions by recursive descent.
//!
//! ```text
//! ternary   := or ["if" or "else" ternary]
//! or        := and ("or" and)*            and := not ("and" not)*        not := "not" not | compare
//! compare   := sum (("<" | "==" | "in" | "not in" | "is" …) sum)*
//! sum       := term (("+" | "-") term)*   term := unary (("*" | "/" | "//" | "%") unary)*
//! unary     := ("-" | "+") unary | power  power := postfix ["**" unary]
//! postfix   := primary ("." NAME | "(" arguments ")" | "[" subscript "]")*
//! primary   := NAME | number | string+ | "(" … ")" | "[" … "]" | "{" … "}"
//! ```

mod strings;

use super::function::Function;
use super::problem::Problem;
use super::syntax::*;
use super::token::{Token, Tokens};
use crate::limits::TEMPLATE_DEPTH_MAX;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Subscripts and method calls in a row.
const CALL_CHAIN_MAX: usize = 16;

type Parsed<T> = Result<T, Problem>;

pub(super) struct Parser<'a> {
    tokens: Tokens,
    at: usize,
    depth: usize,
    names: &'a mut Names,
    /// Inside an f-string every node has the span of the string.
    fixed: Option<Span>,
}

/// The names of a template, each once.
#[derive(Default)]
pub(super) struct Names {
    pub(super) list: Vec<Arc<str>>,
    slots: HashMap<Arc<str>, Slot>,
}

impl Names {
    pub(super) fn slot(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        let (name, slot): (Arc<str>, Slot) = (name.into(), self.list.len() as Slot);
        self.list.push(name.clone());
        self.slots.insert(name, slot);
        slot
    }
}

const KEYWORDS: [&str; 35] = [
    "and", "or", "not", "if", "else", "in", "is", "for", "lambda", "yield", "await", "while", "None", "True", "False",
    "class", "def", "return", "async", "as", "assert", "break", "continue", "del", "elif", "except", "finally", "from",
    "global", "import", "nonlocal", "pass", "raise", "try", "with",
];

impl<'a> Parser<'a> {
    pub(super) fn new(tokens: Tokens, names: &'a mut Names) -> Parser<'a> {
        Parser { tokens, at: 0, depth: 0, names, fixed: None }
    }

    /// The one expression that all tokens make up; a bare comma list is a tuple.
    pub(super) fn whole(&mut self) -> Parsed<Expr> {
        let expr = self.list()?;
        self.end()?;
        Ok(expr)
    }

    pub(super) fn end(&mut self) -> Parsed<()> {
        match self.peek() {
            Token::End => Ok(()),
            _ => Err(self.unexpected("the end of the tag")),
        }
    }

    pub(super) fn eat_name(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(word) if word == name);
        self.at += usize::from(found);
        found
    }

    pub(super) fn eat(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), Token::Mark(found) if *found == mark);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, mark: &'static str) -> Parsed<()> {
        if self.eat(mark) { Ok(()) } else { Err(self.unexpected(&format!("{mark:?}"))) }
    }

    /// `x`, `a, b`, `(a, (b, c))`: what `for` and `set` assign to.
    pub(super) fn target(&mut self) -> Parsed<Target> {
        let first = self.single_target()?;
        if !matches!(self.peek(), Token::Mark(",")) {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.eat(",") {
            all.push(self.single_target()?);
        }
        Ok(Target::Each(all))
    }

    fn single_target(&mut self) -> Parsed<Target> {
        self.deeper()?;
        let close = [("(", ")"), ("[", "]")].into_iter().find(|(open, _)| self.eat(open)).map(|(_, close)| close);
        let target = match (close, self.peek().clone()) {
            (Some(close), _) => {
                let target = self.target()?;
                self.expect(close)?;
                target
            }
            (None, Token::Name(name)) if !KEYWORDS.contains(&name.as_str()) => {
                self.at += 1;
                let span = self.since(self.span());
                let slot = self.names.slot(&name);
                let mut of = Expr { kind: ExprKind::Name(slot), span };
                let mut target = Target::Name(slot);
                let mut depth = 0;
                while self.eat("[") {
                    depth += 1;
                    if depth > CALL_CHAIN_MAX {
                        return Err(Problem::new("T0105", self.problem_range(), "the target nests too deeply"));
                    }
                    if let Target::Item(outer, key) = target {
                        of = Expr { kind: ExprKind::Index(outer, key), span: self.since(span) };
                    }
                    let key = self.ternary()?;
                    self.expect("]")?;
                    target = Target::Item(Box::new(of.clone()), Box::new(key));
                }
                target
            }
            _ => return Err(self.unexpected("a variable name")),
        };
        self.depth -= 1;
        Ok(target)
    }

    /// The augmenting operator at this place (`+=`), if there is one.
    pub(super) fn augment(&mut self) -> Option<BinaryOp> {
        let op = match self.peek() {
            Token::Mark("+=") => BinaryOp::Add,
            Token::Mark("-=") => BinaryOp::Subtract,
            Token::Mark("*=") => BinaryOp::Multiply,
            Token::Mark("/=") => BinaryOp::Divide,
            Token::Mark("//=") => BinaryOp::FloorDivide,
            Token::Mark("%=") => BinaryOp::Modulo,
            Token::Mark("**=") => BinaryOp::Power,
            _ => return None,
        };
        self.at += 1;
        Some(op)
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn rewind(&mut self, position: usize) {
        self.at = position;
    }

    pub(super) fn is_at_end(&self) -> bool {
        matches!(self.peek(), Token::End)
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)].0
    }

    fn peek_at(&self, ahead: usize) -> &Token {
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)].0
    }

    fn range(&self) -> Range<usize> {
        self.tokens[self.at.min(self.tokens.len() - 1)].1.clone()
    }

    fn span(&self) -> Span {
        self.fixed.unwrap_or_else(|| {
            let range = self.range();
            Span(range.start as u32, range.end as u32)
        })
    }

    fn since(&self, start: Span) -> Span {
        self.fixed.unwrap_or_else(|| {
            let end = self.tokens[self.at.clamp(1, self.tokens.len()) - 1].1.end;
            Span(start.0, (end as u32).max(start.1))
        })
    }

    fn unexpected(&self, wanted: &str) -> Problem {
        let found = match self.peek() {
            Token::End => "the tag ends".to_owned(),
            Token::Name(name) => format!("found {name:?}"),
            Token::Int(number) => format!("found {number}"),
            Token::Float(number) => format!("found {number}"),
            Token::Str(_) | Token::Format(..) => "found a string".to_owned(),
            Token::Mark(mark) => format!("found {mark:?}"),
        };
        Problem::new("T0104", self.problem_range(), format!("expected {wanted}, but {found}"))
    }

    fn problem_range(&self) -> Range<usize> {
        self.fixed.map_or_else(|| self.range(), Span::range)
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > TEMPLATE_DEPTH_MAX {
            let message = format!("the expression nests deeper than {TEMPLATE_DEPTH_MAX}");
            return Err(Problem::new("T0105", self.problem_range(), message));
        }
        Ok(())
    }

    fn list(&mut self) -> Parsed<Expr> {
        let first = self.ternary()?;
        if !matches!(self.peek(), Token::Mark(",")) {
            return Ok(first);
        }
        let start = first.span;
        let mut items = vec![first];
        while self.eat(",") {
            if self.is_at_end() || matches!(self.peek(), Token::Mark(")" | "]")) {
                break;
            }
            items.push(self.ternary()?);
        }
        Ok(Expr { span: self.since(start), kind: ExprKind::Tuple(items) })
    }

    fn ternary(&mut self) -> Parsed<Expr> {
        self.deeper()?;
        let mut expr = self.or()?;
        if self.eat_name("if") {
            let condition = self.or()?;
            if !self.eat_name("else") {
                return Err(self.unexpected("\"else\""));
            }
            let otherwise = self.ternary()?;
            let span = expr.span.to(otherwise.span);
            expr = Expr { kind: ExprKind::If(Box::new((condition, expr, otherwise))), span };
        }
        self.depth -= 1;
        Ok(expr)
    }

    fn or(&mut self) -> Parsed<Expr> {
        let first = self.and()?;
        self.logic("or", first, Parser::and, ExprKind::Or)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let first = self.not()?;
        self.logic("and", first, Parser::not, ExprKind::And)
    }

    /// Chains lie flat, so that only brackets make a tree deep.
    fn logic(
        &mut self,
        word: &str,
        first: Expr,
        next: fn(&mut Self) -> Parsed<Expr>,
        kind: fn(Vec<Expr>) -> ExprKind,
    ) -> Parsed<Expr> {
        let start = first.span;
        let mut all = vec![first];
        while self.eat_name(word) {
            all.push(next(self)?);
        }
        match all.len() {
            1 => Ok(all.remove(0)),
            _ => Ok(Expr { kind: kind(all), span: self.since(start) }),
        }
    }

    fn not(&mut self) -> Parsed<Expr> {
        let start = self.span();
        if !self.eat_name("not") {
            return self.compare();
        }
        self.deeper()?;
        let inner = self.not()?;
        self.depth -= 1;
        Ok(Expr { span: start.to(inner.span), kind: ExprKind::Unary(UnaryOp::Not, Box::new(inner)) })
    }

    fn compare(&mut self) -> Parsed<Expr> {
        let left = self.sum()?;
        let mut rest = Vec::new();
        while let Some(op) = self.compare_op() {
            rest.push((op, self.sum()?));
        }
        if rest.is_empty() {
            return Ok(left);
        }
        Ok(Expr { span: self.since(left.span), kind: ExprKind::Compare(Box::new(left), rest) })
    }

    fn compare_op(&mut self) -> Option<CompareOp> {
        let (op, length) = match self.peek() {
            Token::Mark("==") => (CompareOp::Equal, 1),
            Token::Mark("!=") => (CompareOp::NotEqual, 1),
            Token::Mark("<") => (CompareOp::Less, 1),
            Token::Mark("<=") => (CompareOp::LessOrEqual, 1),
            Token::Mark(">") => (CompareOp::Greater, 1),
            Token::Mark(">=") => (CompareOp::GreaterOrEqual, 1),
            Token::Name(word) => match (word.as_str(), self.peek_at(1)) {
                ("in", _) => (CompareOp::In, 1),
                ("not", Token::Name(next)) if next == "in" => (CompareOp::NotIn, 2),
                ("is", Token::Name(next)) if next == "not" => (CompareOp::IsNot, 2),
                ("is", _) => (CompareOp::Is, 1),
                _ => return None,
            },
            _ => return None,
        };
        self.at += length;
        Some(op)
    }

    fn sum(&mut self) -> Parsed<Expr> {
        let first = self.term()?;
        let mut rest = Vec::new();
        loop {
            let op = match self.peek() {
                Token::Mark("+") => BinaryOp::Add,
                Token::Mark("-") => BinaryOp::Subtract,
                _ => return Ok(self.chain(first, rest)),
            };
            self.at += 1;
            rest.push((op, self.term()?));
        }
    }

    fn term(&mut self) -> Parsed<Expr> {
        let first = self.unary()?;
        let mut rest = Vec::new();
        loop {
            let op = match self.peek() {
                Token::Mark("*") => BinaryOp::Multiply,
                Token::Mark("/") => BinaryOp::Divide,
                Token::Mark("//") => BinaryOp::FloorDivide,
                Token::Mark("%") => BinaryOp::Modulo,
                _ => return Ok(self.chain(first, rest)),
            };
            self.at += 1;
            rest.push((op, self.unary()?));
        }
    }

    fn chain(&self, first: Expr, rest: Vec<(BinaryOp, Expr)>) -> Expr {
        if rest.is_empty() {
            return first;
        }
        let span = self.since(first.span);
        Expr { kind: ExprKind::Binary(Box::new(first), rest), span }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let op = match self.peek() {
            Token::Mark("-") => UnaryOp::Negate,
            Token::Mark("+") => UnaryOp::Plus,
            _ => return self.power(),
        };
        self.at += 1;
        self.deeper()?;
        let inner = self.unary()?;
        self.depth -= 1;
        Ok(Expr { span: start.to(inner.span), kind: ExprKind::Unary(op, Box::new(inner)) })
    }

    fn power(&mut self) -> Parsed<Expr> {
        let base = self.postfix()?;
        if !self.eat("**") {
            return Ok(base);
        }
        self.deeper()?;
        let exponent = self.unary()?;
        self.depth -= 1;
        let span = base.span.to(exponent.span);
        Ok(Expr { kind: ExprKind::Binary(Box::new(base), vec![(BinaryOp::Power, exponent)]), span })
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let mut expr = self.primary()?;
        let mut chained = 0;
        loop {
            chained += 1;
            if chained > CALL_CHAIN_MAX {
                return Err(Problem::new("T0105", self.problem_range(), "the expression chains too many calls"));
            }
            if self.eat(".") {
                let Token::Name(name) = self.peek().clone() else {
                    return Err(self.unexpected("a method name"));
                };
                self.at += 1;
                let method = Method::named(&name).filter(|_| matches!(self.peek(), Token::Mark("(")));
                let kind = match method {
                    Some(method) => {
                        self.at += 1;
                        ExprKind::Method(Box::new(expr.clone()), method, self.arguments()?)
                    }
                    None => ExprKind::Attribute(Box::new(expr.clone()), name.into()),
                };
                expr = Expr { kind, span: self.since(expr.span) };
            } else if self.eat("(") {
                let kind = ExprKind::CallValue(Box::new(expr.clone()), self.arguments()?);
                expr = Expr { kind, span: self.since(expr.span) };
            } else if self.eat("[") {
                let kind = self.subscript(expr.clone())?;
                expr = Expr { kind, span: self.since(expr.span) };
            } else {
                return Ok(expr);
            }
        }
    }

    fn subscript(&mut self, of: Expr) -> Parsed<ExprKind> {
        let mut parts = [None, None, None];
        let mut index = 0;
        loop {
            if self.eat("]") {
                break;
            }
            if self.eat(":") {
                index += 1;
                if index > 2 {
                    return Err(self.unexpected("\"]\""));
                }
                continue;
            }
            if parts[index].is_some() {
                return Err(self.unexpected("\"]\""));
            }
            parts[index] = Some(self.ternary()?);
        }
        match (index, parts) {
            (0, [Some(key), ..]) => Ok(ExprKind::Index(Box::new(of), Box::new(key))),
            (0, _) => Err(self.unexpected("an index")),
            (_, parts) => Ok(ExprKind::Slice(Box::new(of), Box::new(parts))),
        }
    }

    /// After `(`, up to and with `)`.
    fn arguments(&mut self) -> Parsed<Arguments> {
        let mut arguments = Arguments::default();
        while !self.eat(")") {
            let name = match (self.peek().clone(), self.peek_at(1)) {
                (Token::Name(name), Token::Mark("=")) => Some(name),
                _ => None,
            };
            if let Some(name) = name {
                self.at += 2;
                let value = self.ternary()?;
                arguments.named.push((name.into(), value));
            } else {
                if !arguments.named.is_empty() {
                    return Err(self.unexpected("a named argument, as positional ones come first"));
                }
                let value = self.ternary()?;
                let is_generator = matches!(self.peek(), Token::Name(word) if word == "for");
                let value = if is_generator { self.comprehension(None, value)? } else { value };
                arguments.values.push(value);
            }
            if !self.eat(",") && !matches!(self.peek(), Token::Mark(")")) {
                return Err(self.unexpected("\",\" or \")\""));
            }
        }
        Ok(arguments)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let token = self.peek().clone();
        let kind = match token {
            Token::Int(number) => {
                self.at += 1;
                ExprKind::Int(number)
            }
            Token::Float(number) => {
                self.at += 1;
                ExprKind::Float(number)
            }
            Token::Str(_) | Token::Format(..) => self.strings()?,
            Token::Name(name) => return self.name(name),
            Token::Mark("(") => {
                self.at += 1;
                if self.eat(")") {
                    ExprKind::Tuple(Vec::new())
                } else {
                    let inner = self.list()?;
                    let is_generator = matches!(self.peek(), Token::Name(word) if word == "for");
                    let inner = if is_generator { self.comprehension(None, inner)? } else { inner };
                    self.expect(")")?;
                    inner.kind
                }
            }
            Token::Mark("[") => {
                self.at += 1;
                self.items("]")?
            }
            Token::Mark("{") => {
                self.at += 1;
                self.braces()?
            }
            _ => return Err(self.unexpected("an expression")),
        };
        Ok(Expr { kind, span: self.since(start) })
    }

    fn items(&mut self, close: &'static str) -> Parsed<ExprKind> {
        let mut items = Vec::new();
        while !self.eat(close) {
            let item = self.ternary()?;
            if items.is_empty() && matches!(self.peek(), Token::Name(word) if word == "for") {
                let kind = self.comprehension(None, item)?.kind;
                self.expect(close)?;
                return Ok(kind);
            }
            items.push(item);
            if !self.eat(",") && !matches!(self.peek(), Token::Mark(mark) if *mark == close) {
                return Err(self.unexpected(&format!("\",\" or {close:?}")));
            }
        }
        Ok(ExprKind::List(items))
    }

    /// After `{`: a dict, a set (kept as a list), or `{{ x }}` inside a block.
    fn braces(&mut self) -> Parsed<ExprKind> {
        if self.eat("{") {
            let inner = self.ternary()?;
            self.expect("}")?;
            self.expect("}")?;
            return Ok(ExprKind::Embedded(Box::new(inner)));
        }
        if self.eat("}") {
            return Ok(ExprKind::Dict(Vec::new()));
        }
        let first = self.ternary()?;
        if !matches!(self.peek(), Token::Mark(":")) {
            if self.eat("}") {
                return Ok(ExprKind::List(vec![first]));
            }
            self.expect(",")?;
            return match self.items("}")? {
                ExprKind::List(mut rest) => {
                    rest.insert(0, first);
                    Ok(ExprKind::List(rest))
                }
                other => Ok(other),
            };
        }
        let mut entries = Vec::new();
        let mut key = first;
        loop {
            self.expect(":")?;
            let value = self.ternary()?;
            if entries.is_empty() && matches!(self.peek(), Token::Name(word) if word == "for") {
                let kind = self.comprehension(Some(key), value)?.kind;
                self.expect("}")?;
                return Ok(kind);
            }
            entries.push((key, value));
            if !self.eat(",") {
                self.expect("}")?;
                return Ok(ExprKind::Dict(entries));
            }
            if self.eat("}") {
                return Ok(ExprKind::Dict(entries));
            }
            key = self.ternary()?;
        }
    }

    fn comprehension(&mut self, key: Option<Expr>, element: Expr) -> Parsed<Expr> {
        self.deeper()?;
        let start = key.as_ref().map_or(element.span, |key| key.span);
        if !self.eat_name("for") {
            return Err(self.unexpected("\"for\""));
        }
        let target = self.target()?;
        if !self.eat_name("in") {
            return Err(self.unexpected("\"in\""));
        }
        let over = self.or()?;
        let mut conditions = Vec::new();
        while self.eat_name("if") {
            conditions.push(self.or()?);
        }
        self.depth -= 1;
        let comprehension = Comprehension { key, element, target, over, conditions };
        Ok(Expr { kind: ExprKind::Comprehension(Box::new(comprehension)), span: self.since(start) })
    }

    fn name(&mut self, name: String) -> Parsed<Expr> {
        let start = self.span();
        let constant = match name.as_str() {
            "None" => Some(ExprKind::None),
            "True" => Some(ExprKind::Bool(true)),
            "False" => Some(ExprKind::Bool(false)),
            _ => None,
        };
        if let Some(kind) = constant {
            self.at += 1;
            return Ok(Expr { kind, span: start });
        }
        if KEYWORDS.contains(&name.as_str()) {
            return Err(self.unexpected("an expression"));
        }
        let is_call = matches!(self.peek_at(1), Token::Mark("("));
        self.at += 1;
        let kind = match Function::named(&name).filter(|_| is_call) {
            Some(function) => {
                self.at += 1;
                ExprKind::Call(function, self.arguments()?)
            }
            None => ExprKind::Name(self.names.slot(&name)),
        };
        Ok(Expr { kind, span: self.since(start) })
    }
}
