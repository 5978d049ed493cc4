//! A template's text as a tree that `run` walks.

use super::problem::Problem;
use super::syntax::{Body, Slot, Span, Step, Target};
use super::{function, params, tags};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug, Default)]
pub(super) struct Program {
    /// Parameters and variables.
    pub(super) names: Vec<Arc<str>>,
    /// The names that `Array()` reads: their values are lists everywhere.
    pub(super) arrays: Vec<(Slot, function::Type)>,
    /// The names that the template gives a value itself: no parameters.
    pub(super) assigned: BTreeSet<Slot>,
    pub(super) body: Body,
    /// Why there is nothing to render, and where. Only sound templates are stored.
    pub(super) refused: Option<(String, Span)>,
}

/// The byte behind the `%` that makes a text a template; other text is SQL as it stands.
pub(super) fn starts(text: &str) -> Option<usize> {
    let blank = text.len() - text.trim_start().len();
    text[blank..].starts_with('%').then_some(blank + 1)
}

impl Program {
    /// The tree is usable only if no problem is an error.
    pub(super) fn read(text: &str) -> (Program, Vec<Problem>) {
        let Some(start) = starts(text) else {
            let body = vec![Step::Text(Span(0, text.len() as u32))];
            return (Program { body, ..Program::default() }, Vec::new());
        };
        let tree = tags::parse(text, start);
        let mut program = Program { names: tree.names, body: tree.body, ..Program::default() };
        assigned(&program.body, &mut program.assigned);
        program.arrays = program.arrays_read();
        let refusal = |problem: &Problem| {
            let span = Span(problem.span.start as u32, problem.span.end as u32);
            problem.refusal(text).map(|message| (message, span))
        };
        program.refused = tree.problems.iter().find_map(refusal);
        (program, tree.problems)
    }

    /// The names whose first use is `Array()`, each with its type.
    fn arrays_read(&self) -> Vec<(Slot, function::Type)> {
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for param in params::discover_for_rendering(self) {
            if seen.insert(param.name.clone())
                && let Some(element) = param.data_type.strip_prefix("Array(").and_then(|rest| rest.strip_suffix(')'))
                && let Some(slot) = self.names.iter().position(|name| **name == *param.name)
            {
                // the reference engine leaves the elements of types that it does not know as they are
                out.push((slot as Slot, function::Type::of_element(element).unwrap_or(function::Type::String)));
            }
        }
        out
    }
}

fn collect(target: &Target, out: &mut BTreeSet<Slot>) {
    target.slots(&mut |slot| {
        out.insert(slot);
    });
}

/// The names that a body assigns to.
fn assigned(body: &[Step], out: &mut BTreeSet<Slot>) {
    for step in body {
        match step {
            Step::Text(..)
            | Step::Squeezed(..)
            | Step::Print(..)
            | Step::Evaluate(_)
            | Step::Break
            | Step::Continue => {}
            Step::Set(target, _) => collect(target, out),
            Step::Augment(slot, ..) => {
                out.insert(*slot);
            }
            Step::If(arms, otherwise) => {
                arms.iter().for_each(|(_, body)| assigned(body, out));
                assigned(otherwise, out);
            }
            Step::For(target, _, body, otherwise) => {
                collect(target, out);
                assigned(body, out);
                assigned(otherwise, out);
            }
            Step::While(_, body, otherwise) => {
                assigned(body, out);
                assigned(otherwise, out);
            }
            Step::Try { body, handlers, otherwise, finally } => {
                assigned(body, out);
                for handler in handlers {
                    out.extend(handler.name);
                    assigned(&handler.body, out);
                }
                assigned(otherwise, out);
                assigned(finally, out);
            }
        }
    }
}
