//! String literals: neighbours are one, and an f-string has expressions between its pieces.

use super::super::problem::Problem;
use super::super::syntax::*;
use super::super::token::{self, Token};
use super::{Parsed, Parser};

impl Parser<'_> {
    /// Neighbouring strings are one.
    pub(super) fn strings(&mut self) -> Parsed<ExprKind> {
        let mut plain = String::new();
        let mut parts: Vec<(Expr, bool)> = Vec::new();
        loop {
            match self.peek().clone() {
                Token::Str(text) => plain.push_str(&text),
                Token::Format(text, _) => {
                    let span = self.span();
                    self.format_parts(&text, span, &mut plain, &mut parts)?;
                }
                _ => break,
            }
            self.at += 1;
        }
        if parts.is_empty() {
            return Ok(ExprKind::Str(plain.into()));
        }
        if !plain.is_empty() {
            let span = parts[0].0.span;
            parts.push((Expr { kind: ExprKind::Str(plain.into()), span }, false));
        }
        Ok(ExprKind::Format(parts))
    }

    fn format_parts(
        &mut self,
        text: &str,
        span: Span,
        plain: &mut String,
        parts: &mut Vec<(Expr, bool)>,
    ) -> Parsed<()> {
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                plain.push(c);
                at += 2;
            } else if c == '{' {
                // `{x!r}` asks for the value as Python writes it
                let inside = text[at + 1..].find('}').map_or("", |end| &text[at + 1..at + 1 + end]);
                let is_repr = inside.ends_with("!r");
                let stop = if is_repr {
                    "!r}"
                } else if inside.ends_with("!s") {
                    "!s}"
                } else {
                    "}"
                };
                let (tokens, close) = token::tokens(text, at + 1, stop)
                    .map_err(|problem| Problem::new("T0104", span.range(), problem.message))?;
                let Some(close) = close else {
                    return Err(Problem::new("T0104", span.range(), "a brace of the f-string is not closed"));
                };
                self.deeper()?;
                let mut inner = Parser { tokens, at: 0, depth: self.depth, names: &mut *self.names, fixed: Some(span) };
                let expr = inner.whole()?;
                self.depth -= 1;
                if !plain.is_empty() {
                    parts.push((Expr { kind: ExprKind::Str(std::mem::take(plain).into()), span }, false));
                }
                parts.push((expr, is_repr));
                at = close + stop.len();
            } else {
                plain.push(c);
                at += c.len_utf8();
            }
        }
        Ok(())
    }
}
