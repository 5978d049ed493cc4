//! Values of template expressions, and how each becomes SQL.
//!
//! A text can only become a quoted literal; text that may stand bare in SQL is a [`Value::Symbol`] or a
//! [`Value::Expression`], which only the checked functions make.

use super::escape;
use super::function::Type;
use std::cmp::Ordering;
use std::fmt::Write;
use std::rc::Rc;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(Rc<str>),
    /// A typed integer parameter: prints `toInt32('42')`, counts as 42.
    TypedInt(Type, i128),
    /// One that only 256 bits hold: digits with an optional minus.
    TypedBig(Type, Rc<str>),
    TypedFloat(Type, f64),
    List(Rc<Items>),
    Tuple(Rc<Items>),
    Dict(Rc<Entries>),
    /// Bare SQL made by `column`, `symbol`, `table` or a secret's placeholder. It is no text.
    Symbol(Rc<str>),
    /// Bare SQL made by `Array`, `columns`, `sql_and` and the directives. As a text it is like any other:
    /// what is computed from it is quoted again.
    Expression(Rc<str>),
    /// What a parameter is while a deployment checks the SQL.
    Placeholder,
}

#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Items {
    pub(super) values: Vec<Value>,
    depth: usize,
    size: usize,
}

#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Entries {
    pub(super) entries: Vec<(Value, Value)>,
    depth: usize,
    size: usize,
}

/// Nesting of lists and dicts, so that nothing recursive over a value runs out of stack.
pub(super) const VALUE_DEPTH_MAX: usize = 64;
/// What a text parameter is while a deployment checks the SQL.
pub(super) const NO_VALUE: &str = "__no_value__";

impl Items {
    pub(super) fn new(values: Vec<Value>) -> Items {
        let depth = 1 + values.iter().map(Value::depth).max().unwrap_or(0);
        let size = values.iter().map(|value| 16 + value.size()).fold(16, usize::saturating_add);
        Items { values, depth, size }
    }
}

impl Entries {
    pub(super) fn new(entries: Vec<(Value, Value)>) -> Entries {
        let depth = 1 + entries.iter().map(|(_, value)| value.depth()).max().unwrap_or(0);
        let size = entries.iter().map(|(key, value)| 16 + key.size() + value.size());
        Entries { size: size.fold(16, usize::saturating_add), entries, depth }
    }

    pub(super) fn get(&self, key: &Value) -> Option<&Value> {
        self.entries.iter().find(|(known, _)| equal(known, key)).map(|(_, value)| value)
    }

    /// Later entries win, as in Python.
    pub(super) fn insert(entries: &mut Vec<(Value, Value)>, key: Value, value: Value) {
        match entries.iter_mut().find(|(known, _)| equal(known, &key)) {
            Some((_, old)) => *old = value,
            None => entries.push((key, value)),
        }
    }
}

impl Value {
    pub(super) fn text(text: impl AsRef<str>) -> Value {
        Value::Str(Rc::from(text.as_ref()))
    }

    pub(super) fn list(values: Vec<Value>) -> Value {
        Value::List(Rc::new(Items::new(values)))
    }

    pub(super) fn tuple(values: Vec<Value>) -> Value {
        Value::Tuple(Rc::new(Items::new(values)))
    }

    pub(super) fn dict(entries: Vec<(Value, Value)>) -> Value {
        Value::Dict(Rc::new(Entries::new(entries)))
    }

    pub(super) fn depth(&self) -> usize {
        match self {
            Value::List(items) | Value::Tuple(items) => items.depth,
            Value::Dict(entries) => entries.depth,
            _ => 0,
        }
    }

    /// The name of the class, for messages.
    pub(super) fn class(&self) -> &'static str {
        match self {
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::TypedInt(..) | Value::TypedBig(..) => "Integer",
            Value::Float(_) => "float",
            Value::TypedFloat(..) => "Float",
            Value::Str(_) => "str",
            Value::List(_) => "list",
            Value::Tuple(_) => "tuple",
            Value::Dict(_) => "dict",
            Value::Symbol(_) => "Symbol",
            Value::Expression(_) => "Expression",
            Value::Placeholder => "Placeholder",
        }
    }

    /// Python's `isinstance(value, class)`.
    pub(super) fn is_instance(&self, class: &str) -> bool {
        match class {
            "object" => true,
            "int" => self.as_int().is_some() || matches!(self, Value::TypedBig(..)),
            "float" => matches!(self, Value::Float(_) | Value::TypedFloat(..)),
            "str" => self.as_str().is_some(),
            class => self.class() == class,
        }
    }

    pub(super) fn truth(&self) -> bool {
        match self {
            Value::None => false,
            Value::Bool(truth) => *truth,
            Value::Int(number) | Value::TypedInt(_, number) => *number != 0,
            Value::TypedBig(..) | Value::Placeholder | Value::Symbol(_) => true,
            Value::Float(number) | Value::TypedFloat(_, number) => *number != 0.0,
            Value::Str(text) | Value::Expression(text) => !text.is_empty(),
            Value::List(items) | Value::Tuple(items) => !items.values.is_empty(),
            Value::Dict(entries) => !entries.entries.is_empty(),
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) | Value::Expression(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_int(&self) -> Option<i128> {
        match self {
            Value::Int(number) | Value::TypedInt(_, number) => Some(*number),
            Value::Bool(truth) => Some(i128::from(*truth)),
            _ => None,
        }
    }

    pub(super) fn as_float(&self) -> Option<f64> {
        match self {
            Value::Float(number) | Value::TypedFloat(_, number) => Some(*number),
            Value::TypedBig(_, digits) => digits.parse().ok(),
            other => other.as_int().map(|number| number as f64),
        }
    }

    pub(super) fn items(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Tuple(items) => Some(&items.values),
            _ => None,
        }
    }

    /// Lists and dicts change, so they are no keys.
    pub(super) fn is_hashable(&self) -> bool {
        match self {
            Value::List(_) | Value::Dict(_) => false,
            Value::Tuple(items) => items.values.iter().all(Value::is_hashable),
            _ => true,
        }
    }

    /// About how many bytes it takes written out (a list that holds one list twice counts it
    /// twice, so this bounds the work of going through it); what steps are charged by.
    pub(super) fn size(&self) -> usize {
        match self {
            Value::Str(text) | Value::Symbol(text) | Value::Expression(text) | Value::TypedBig(_, text) => text.len(),
            Value::List(items) | Value::Tuple(items) => items.size,
            Value::Dict(entries) => entries.size,
            _ => 1,
        }
    }

    /// Python's `str()`.
    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        match self {
            Value::Str(text) | Value::Symbol(text) | Value::Expression(text) => out.push_str(text),
            Value::TypedInt(..) | Value::TypedBig(..) | Value::TypedFloat(..) => self.print(&mut out),
            Value::Placeholder => out.push_str(NO_VALUE),
            other => other.write_repr(&mut out, Quotes::Python),
        }
        out
    }

    /// Python's `repr()`.
    pub(super) fn to_repr(&self) -> String {
        let mut out = String::new();
        self.write_repr(&mut out, Quotes::Python);
        out
    }

    /// As `{{ }}` puts it into the SQL. `None` has no SQL; the caller has refused it.
    pub(super) fn print(&self, out: &mut String) {
        match self {
            Value::Str(text) => escape::literal(text, out),
            Value::Symbol(sql) | Value::Expression(sql) => out.push_str(sql),
            Value::Placeholder => escape::literal(NO_VALUE, out),
            Value::TypedInt(kind, number) => {
                let _ = write!(out, "to{}('{number}')", kind.name());
            }
            Value::TypedBig(kind, digits) => {
                let _ = write!(out, "to{}('{digits}')", kind.name());
            }
            Value::TypedFloat(kind, number) => {
                let _ = write!(out, "to{}('{}')", kind.name(), float_text(*number));
            }
            other => {
                // `- -1`, since `--1` would be a comment
                let start = out.len();
                other.write_repr(out, Quotes::Sql);
                if out[start..].starts_with('-') && out[..start].ends_with('-') {
                    out.insert(start, ' ');
                }
            }
        }
    }

    fn write_repr(&self, out: &mut String, quotes: Quotes) {
        match self {
            Value::None => out.push_str("None"),
            Value::Bool(truth) => out.push_str(if *truth { "True" } else { "False" }),
            Value::Int(number) | Value::TypedInt(_, number) => {
                let _ = write!(out, "{number}");
            }
            Value::TypedBig(_, digits) => out.push_str(digits),
            Value::Float(number) | Value::TypedFloat(_, number) => out.push_str(&float_text(*number)),
            Value::Str(text) | Value::Expression(text) | Value::Symbol(text) => {
                let double = quotes == Quotes::Python && text.contains('\'') && !text.contains('"');
                escape::repr(text, if double { '"' } else { '\'' }, out);
            }
            Value::Placeholder => escape::repr(NO_VALUE, '\'', out),
            Value::List(items) => write_items("[", items, "]", out, quotes),
            Value::Tuple(items) => {
                let close = if items.values.len() == 1 { ",)" } else { ")" };
                write_items("(", items, close, out, quotes);
            }
            Value::Dict(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.entries.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    key.write_repr(out, quotes);
                    out.push_str(": ");
                    value.write_repr(out, quotes);
                }
                out.push('}');
            }
        }
    }
}

/// Python puts a text with a `'` into `"`. In SQL that would make an identifier of it, so there `'` is
/// the only quote.
#[derive(Clone, Copy, PartialEq)]
enum Quotes {
    Python,
    Sql,
}

fn write_items(open: &str, items: &Items, close: &str, out: &mut String, quotes: Quotes) {
    out.push_str(open);
    for (index, item) in items.values.iter().enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        item.write_repr(out, quotes);
    }
    out.push_str(close);
}

/// Python's `repr` of a float: the shortest digits, with an exponent below 1e-4 and from 1e16 on.
pub(super) fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').expect("{:e} prints an exponent");
    let exponent: i32 = exponent.parse().expect("{:e} prints a number after the e");
    if number == 0.0 || (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

pub(super) fn equal(left: &Value, right: &Value) -> bool {
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return left == right;
    }
    if let (Some(left), Some(right)) = (left.as_int(), right.as_int()) {
        return left == right;
    }
    if let (Some(left), Some(right)) = (left.as_float(), right.as_float()) {
        return left == right;
    }
    match (left, right) {
        (Value::None, Value::None) => true,
        (Value::Tuple(_), Value::List(_)) | (Value::List(_), Value::Tuple(_)) => false,
        (Value::Dict(left), Value::Dict(right)) => {
            left.entries.len() == right.entries.len()
                && left.entries.iter().all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => match (left.items(), right.items()) {
            (Some(left), Some(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
            }
            _ => false,
        },
    }
}

/// Why two values have no order.
pub(super) enum Unordered<'a> {
    /// These two, maybe inside lists, are of classes that do not compare.
    Classes(&'a Value, &'a Value),
    /// Not a number.
    NotANumber,
}

pub(super) fn order<'a>(left: &'a Value, right: &'a Value) -> Result<Ordering, Unordered<'a>> {
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return Ok(left.cmp(right));
    }
    if let (Some(left), Some(right)) = (left.as_int(), right.as_int()) {
        return Ok(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (left.as_float(), right.as_float()) {
        return left.partial_cmp(&right).ok_or(Unordered::NotANumber);
    }
    let (lefts, rights) = match (left, right) {
        (Value::List(left), Value::List(right)) | (Value::Tuple(left), Value::Tuple(right)) => {
            (&left.values, &right.values)
        }
        _ => return Err(Unordered::Classes(left, right)),
    };
    for (left, right) in lefts.iter().zip(rights) {
        if !equal(left, right) {
            return order(left, right);
        }
    }
    Ok(lefts.len().cmp(&rights.len()))
}
