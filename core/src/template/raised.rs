//! Why an expression has no value: what Python would raise, and what the API says of it.
//!
//! `{% except KeyError %}` tells classes apart, and so does the answer: some messages are completed,
//! and those of the template language's own functions stand behind `Template Syntax Error:`.

use super::params::discover_for_rendering;
use super::syntax::Span;
use super::{Failure, Template};

pub(super) const REQUIRED: &str = "Required parameter is not defined";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Of the template language's own functions; counts as Python's ValueError too.
    Template,
    /// `custom_error`, with its own status and body.
    Custom,
    Value,
    Type,
    Attribute,
    /// The message is the key, as Python writes it.
    Key,
    Index,
    Name,
    ZeroDivision,
    Overflow,
    /// A bound of ours. No `{% except %}` catches it, or a template could go on for ever.
    Limit,
}

#[derive(Clone, Debug)]
pub(super) struct Raised {
    pub(super) class: Class,
    pub(super) message: String,
    pub(super) status: u16,
    pub(super) body: Option<serde_json::Value>,
    pub(super) span: Option<Span>,
}

impl Raised {
    pub(super) fn new(class: Class, message: impl Into<String>) -> Raised {
        Raised { class, message: message.into(), status: 400, body: None, span: None }
    }

    pub(super) fn template(message: impl Into<String>) -> Raised {
        Raised::new(Class::Template, message)
    }

    pub(super) fn value(message: impl Into<String>) -> Raised {
        Raised::new(Class::Value, message)
    }

    pub(super) fn kind(message: impl Into<String>) -> Raised {
        Raised::new(Class::Type, message)
    }

    pub(super) fn attribute(class: &str, name: &str) -> Raised {
        Raised::new(Class::Attribute, format!("'{class}' object has no attribute '{name}'"))
    }

    pub(super) fn limit(message: impl Into<String>) -> Raised {
        Raised::new(Class::Limit, message)
    }

    pub(super) fn required() -> Raised {
        Raised::template(REQUIRED)
    }

    pub(super) fn too_large() -> Raised {
        Raised::limit("the number is too large")
    }

    /// Keeps the innermost place.
    pub(super) fn at(mut self, span: Span) -> Raised {
        self.span.get_or_insert(span);
        self
    }

    /// Python's `str(e)`.
    pub(super) fn text(&self) -> String {
        match self.class {
            Class::Template => prefixed(&self.message),
            _ => self.message.clone(),
        }
    }

    /// `{% except name %}` takes it; `None` if there is no class of that name.
    pub(super) fn is_caught_by(&self, name: &str) -> Option<bool> {
        let classes: &[Class] = match name {
            "Exception" | "BaseException" => return Some(true),
            "ValueError" => &[Class::Value, Class::Template],
            "TypeError" => &[Class::Type],
            "AttributeError" => &[Class::Attribute],
            "LookupError" => &[Class::Key, Class::Index],
            "KeyError" => &[Class::Key],
            "IndexError" => &[Class::Index],
            "NameError" | "UnboundLocalError" => &[Class::Name],
            "ArithmeticError" => &[Class::ZeroDivision, Class::Overflow],
            "ZeroDivisionError" => &[Class::ZeroDivision],
            "OverflowError" => &[Class::Overflow],
            "RuntimeError"
            | "StopIteration"
            | "AssertionError"
            | "OSError"
            | "MemoryError"
            | "RecursionError"
            | "UnicodeError"
            | "UnicodeDecodeError"
            | "UnicodeEncodeError"
            | "NotImplementedError" => &[],
            _ => return None,
        };
        Some(classes.contains(&self.class))
    }

    pub(super) fn answer(self, template: &Template) -> Failure {
        let message = match self.class {
            Class::Template if self.message.contains(REQUIRED) => prefixed(&with_names(&self.message, template)),
            Class::Template | Class::Name | Class::Limit => prefixed(&self.message),
            Class::Attribute if self.message.contains("'str' object has no attribute 'get'") => prefixed(
                "'str' object has no attribute 'get'. Make sure you're using an object/dictionary where trying to use .get()",
            ),
            Class::Attribute => prefixed(&self.message),
            Class::Key => prefixed(&format!(
                "Missing key '{}' while rendering the template. Ensure every object accessed in the template has this key.",
                self.message.trim_matches('\'')
            )),
            Class::Index if self.message.contains("string index out of range") => prefixed(
                "String index out of range. Check that string parameters have values before accessing specific characters \
                 (e.g., param[0]). Provide default values or add length checks in your template.",
            ),
            Class::Index => prefixed(&self.message),
            Class::Value | Class::Type | Class::ZeroDivision | Class::Overflow => python(&self.message),
            Class::Custom => self.message,
        };
        Failure { status: self.status, message, body: self.body, span: self.span.map(Span::range) }
    }
}

pub(super) fn prefixed(message: &str) -> String {
    format!("Template Syntax Error: {message}")
}

/// What is left of Python's own messages, two of which say little to who knows no Python.
fn python(message: &str) -> String {
    if message.contains("missing 1 required positional argument") {
        return prefixed("one of the transform type functions is missing an argument");
    }
    if message.contains("not callable") || message.contains("unhashable type") {
        return prefixed("wrong syntax, you might be using a not valid function inside a control block");
    }
    if message.contains("not supported between instances of 'Placeholder' and ") {
        return format!(
            "{message}. If you are using a dynamic parameter, you need to wrap it around a valid Data Type (e.g. \
             Int8(placeholder))"
        );
    }
    message.to_owned()
}

/// Names every parameter that has no default: the request may lack more than the first.
fn with_names(message: &str, template: &Template) -> String {
    let mut names: Vec<String> = Vec::new();
    for param in discover_for_rendering(template.program()) {
        if param.default.is_none() && param.used_in.is_none() && !names.contains(&param.name) {
            names.push(param.name);
        }
    }
    let list = match names.as_slice() {
        [] => return message.to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    format!("{REQUIRED}. Check the parameters {list}. Please provide a value or set a default value in the pipe code.")
}
