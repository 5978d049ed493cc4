//! The functions of the template language.

use super::bind::Bound;
use super::function::{Function, Type};
use super::raised::{Class, Raised};
use super::run::{Outcome, Run, Source, evaluated_to_null};
use super::syntax::*;
use super::value::{NO_VALUE, Value};
use super::{TABLE_PLACEHOLDER, cast, check, date, escape, json, python, text};

impl<'a> Run<'a> {
    pub(super) fn call(&mut self, function: Function, arguments: &'a Arguments) -> Outcome<Value> {
        match function {
            Function::SqlAnd => return self.sql_and(arguments),
            // whatever it is called with
            Function::Error | Function::CustomError if self.is_check() => {
                for expr in arguments.values.iter().chain(arguments.named.iter().map(|(_, expr)| expr)) {
                    self.eval(expr)?;
                }
                return Ok(Value::Expression("-- {x} \n".into()));
            }
            _ => {}
        }
        if super::bind::parameters(function).is_none() {
            return self.python(function, arguments);
        }
        let mut bound = self.bind(function, arguments)?;
        match function {
            Function::Typed(kind) => typed(kind, &mut bound),
            Function::Array => self.array(&mut bound),
            Function::Json => self.json(&mut bound),
            Function::Column => column(&mut bound),
            Function::Columns => columns(&mut bound),
            Function::Symbol => symbol(&mut bound),
            Function::Table => table(&mut bound),
            Function::SqlUnescape => sql_unescape(&mut bound),
            Function::SplitToArray => self.split_to_array(&mut bound),
            Function::EnumerateWithLast => self.enumerate_with_last(&mut bound),
            Function::Defined => Ok(Value::Bool(bound.take(0).is_some_and(|value| value != Value::Placeholder))),
            Function::DayDiff => day_diff(&mut bound),
            Function::DateDiffInDays => date_diff(&date::DAYS, &mut bound),
            Function::DateDiffInHours => date_diff(&date::HOURS, &mut bound),
            Function::DateDiffInMinutes => date_diff(&date::MINUTES, &mut bound),
            Function::DateDiffInSeconds => date_diff(&date::SECONDS, &mut bound),
            Function::Error => {
                let message = bound.given(0).unwrap_or(Value::None);
                Err(Raised::value(message.to_text()))
            }
            Function::CustomError => Err(custom_error(&mut bound)),
            Function::Secret => self.secret(&mut bound),
            directive => self.directive(directive, &mut bound),
        }
    }

    fn array(&mut self, bound: &mut Bound) -> Outcome<Value> {
        let (value, positional, default) = (bound.given(0), bound.take(1), bound.take(2));
        let kind_name = positional.or_else(|| bound.take(ARRAY_TYPE)).map(|name| name.to_text());
        // without a type the elements are printed as they are: text in quotes
        let kind = kind_name.as_deref().and_then(Type::of_element);
        let value = match value {
            Some(Value::Placeholder) => match (default.filter(Value::truth), kind) {
                (Some(default), _) => default,
                (None, Some(Type::String) | None) => Value::text(""),
                (None, Some(kind)) => {
                    let element = cast::element_text(&cast::placeholder(kind));
                    Value::text(format!("{element},{element}"))
                }
            },
            Some(Value::None) | None => match default {
                Some(default) => default,
                None if bound.given(3).is_none_or(|defined| defined.truth()) => return Err(Raised::required()),
                None => return Ok(Value::None),
            },
            Some(value) => value,
        };
        self.charge(value.size())?;
        let parts: Vec<Value> = match &value {
            Value::List(items) => items.values.clone(),
            Value::Str(text) | Value::Expression(text) => text.split(',').map(Value::text).collect(),
            _ => return Err(Raised::template("transform type function Array is not well defined")),
        };
        let mut out = String::from("[");
        for (index, part) in parts.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            match kind {
                Some(kind) => array_element(kind, part, index, &value, &mut out)?,
                None if *part == Value::None => return Err(evaluated_to_null("None")),
                None => part.print(&mut out),
            }
        }
        out.push(']');
        self.charge(out.len() / 8)?;
        Ok(Value::Expression(out.into()))
    }

    fn json(&mut self, bound: &mut Bound) -> Outcome<Value> {
        let (value, default) = (bound.take(0), bound.take(1));
        let value = match value {
            None => default.filter(|default| default.as_str().is_some()).unwrap_or_else(|| Value::text("{}")),
            Some(Value::Placeholder) => default.filter(Value::truth).unwrap_or_else(|| Value::text(NO_VALUE)),
            Some(value) => value,
        };
        let Some(text) = value.as_str() else { return Ok(value) };
        self.charge(text.len())?;
        let parsed = json::parse(text).map_err(|error| {
            let mut shown: String = text.chars().take(16).collect();
            shown.push_str(if text.chars().nth(16).is_some() { "..." } else { "" });
            Raised::template(format!("Error parsing JSON: '{shown}' - {error}"))
        })?;
        self.bounded(parsed)
    }

    fn sql_and(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        for expr in &arguments.values {
            self.eval(expr)?;
        }
        let mut values = Vec::with_capacity(arguments.named.len());
        for (name, expr) in &arguments.named {
            values.push((name, self.eval(expr)?));
        }
        let mut out = String::new();
        for (name, value) in values {
            if value == Value::None {
                continue;
            }
            let (column, operator) = check::sql_and_operator(name)
                .map_err(|operator| Raised::template(format!("operand {operator} not supported")))?;
            out.push_str(if out.is_empty() { "" } else { " and " });
            out.push_str(&format!("{column} {operator} "));
            value.print(&mut out);
            self.charge(out.len() / 8)?;
        }
        Ok(Value::Expression(out.into()))
    }

    fn split_to_array(&mut self, bound: &mut Bound) -> Outcome<Value> {
        let default = bound.given(1).unwrap_or_else(|| Value::text(""));
        let value = bound.take(0).filter(|value| *value != Value::Placeholder).unwrap_or(default);
        let separator = bound.given(2).unwrap_or_else(|| Value::text(","));
        let Some(text) = value.as_str() else {
            return Err(Raised::template(
                "First argument of split_to_array has to be a value that can be split to a list of elements, but found a \
                 PlaceHolder with no value instead",
            ));
        };
        self.charge(text.len())?;
        let parts = text::split(text, &separator, usize::MAX)?;
        let trimmed = parts.iter().map(|part| Value::text(part.as_str().unwrap_or("").trim())).collect();
        self.bounded(Value::list(trimmed))
    }

    fn enumerate_with_last(&mut self, bound: &mut Bound) -> Outcome<Value> {
        let value = bound.given(0).unwrap_or(Value::None);
        python::length(&value)?;
        let values = self.iterate(&value)?;
        let count = values.len();
        let pair = |(index, value)| Value::tuple(vec![Value::Bool(index + 1 == count), value]);
        let pairs = values.into_iter().enumerate().map(pair).collect();
        self.bounded(Value::list(pairs))
    }

    /// Sets an option of the execution, and says so in a comment.
    fn directive(&mut self, function: Function, bound: &mut Bound) -> Outcome<Value> {
        let value = bound.given(0).unwrap_or(Value::None);
        let text = value.to_text();
        let comment = match function {
            Function::MaxThreads => match python::to_int(&value, None).ok().and_then(|threads| threads.as_int()) {
                Some(threads) => {
                    self.out.options.max_threads = u32::try_from(threads).ok();
                    format!("-- max_threads {threads}\n")
                }
                None => "-- max_threads: wrong argument\n".to_owned(),
            },
            Function::CacheTtl => {
                let seconds = [("5s", 5), ("1m", 60), ("5m", 300), ("30m", 1800), ("1h", 3600)];
                let known = seconds.into_iter().find(|(name, _)| value.as_str() == Some(name));
                let Some((name, seconds)) = known else {
                    return Err(Raised::template(
                        "Invalid TTL cache expression, valid expressions are ('5s', '1m', '5m', '30m', '1h')",
                    ));
                };
                self.out.options.cache_ttl_s = Some(seconds);
                format!("-- cache_ttl {name}\n")
            }
            Function::BackendHint => {
                let is_none = matches!(value, Value::None | Value::Bool(false));
                self.out.options.backend_hint = (!is_none).then(|| text.clone());
                format!("-- backend_hint {}\n", one_line(&text))
            }
            Function::Activate => {
                const FEATURES: [&str; 3] = ["analyzer", "parallel_replicas", "optimize_aggregation_in_order"];
                if !FEATURES.iter().any(|feature| value.as_str() == Some(feature)) {
                    return Err(Raised::template(format!("'{text}' is not a valid 'activate' argument")));
                }
                self.out.options.activated.push(text.clone());
                format!("-- activate {text}\n")
            }
            _ => {
                // the reference engine asks whether it is a part of the word
                match value.as_str() {
                    Some(part) if "analyzer".contains(part) => {}
                    Some(_) => {
                        return Err(Raised::template(format!("'{text}' is not a valid 'disable' argument")));
                    }
                    None => {
                        let class = value.class();
                        let message = format!("'in <string>' requires string as left operand, not {class}");
                        return Err(Raised::kind(message));
                    }
                }
                if text == "analyzer" {
                    self.out.options.disabled.push(text.clone());
                }
                format!("-- disable {text}\n")
            }
        };
        Ok(Value::Expression(comment.into()))
    }

    /// A placeholder that the execution fills: a secret's value is no part of the SQL, so no log and no
    /// error message can show it.
    fn secret(&mut self, bound: &mut Bound) -> Outcome<Value> {
        let name = bound.given(0).unwrap_or(Value::None).to_text();
        let default = bound.take(1);
        let known = match self.source {
            Source::Request { secrets, .. } => secrets.0.get(&name).cloned(),
            Source::Check => default.is_none().then(|| NO_VALUE.to_owned()).filter(|value| *value != name),
        };
        match (known, default) {
            (Some(value), _) => {
                let mut placeholder = String::from("{");
                escape::identifier(&name, &mut placeholder);
                placeholder.push_str(": String}");
                self.out.secrets.0.insert(name, value);
                Ok(Value::Symbol(placeholder.into()))
            }
            (None, Some(default)) => Ok(default),
            (None, None) => Err(Raised::template(format!(
                "Cannot access secret '{name}'. Check the secret exists in the Workspace and the token has the required \
                 scope."
            ))),
        }
    }
}

/// Where `type` stands among the parameters of `Array`, behind those of the reference engine.
const ARRAY_TYPE: usize = 9;

fn typed(kind: Type, bound: &mut Bound) -> Outcome<Value> {
    let (value, default) = (bound.take(0), bound.take(1));
    if kind == Type::Boolean {
        let value = match value {
            None | Some(Value::Placeholder) => default.unwrap_or(Value::None),
            Some(value) => value,
        };
        return Ok(cast::boolean(&value));
    }
    let value = match (value, default) {
        (Some(Value::Placeholder), default) => {
            default.filter(Value::truth).unwrap_or_else(|| cast::placeholder_argument(kind))
        }
        (Some(value), _) | (None, Some(value)) => value,
        (None, None) => {
            return match bound.given(2).is_none_or(|defined| defined.truth()) {
                true => Err(Raised::required()),
                false => Ok(Value::None),
            };
        }
    };
    cast::cast(kind, &value).ok_or_else(|| invalid(&value, kind))
}

fn invalid(value: &Value, kind: Type) -> Raised {
    Raised::template(format!("Error validating '{}' to type {}", value.to_text(), kind.tester()))
}

/// One element of an array parameter, as the name of the parameter has it in loops.
pub(super) fn element(kind: Type, part: &str) -> Outcome<Value> {
    let value = Value::text(part);
    match kind {
        Type::Boolean => Ok(cast::boolean(&value)),
        kind => cast::cast(kind, &value).map(cast::plain).ok_or_else(|| invalid(&value, kind)),
    }
}

fn array_element(kind: Type, part: &Value, index: usize, whole: &Value, out: &mut String) -> Outcome<()> {
    let value = match kind {
        Type::Boolean => Some(cast::boolean(part)),
        _ if *part == Value::None && !kind.is_tested_in_arrays() => return Err(Raised::required()),
        kind => cast::cast(kind, part).map(cast::plain),
    };
    match value {
        Some(value) => {
            value.print(out);
            Ok(())
        }
        None if kind.is_tested_in_arrays() => {
            let (whole, part) = (whole.to_text(), part.to_text());
            let shown = if part.is_empty() { "empty string" } else { &part };
            let message = format!("Error validating [{whole}][{index}] ({shown}) to type {}", kind.name());
            Err(Raised::template(message))
        }
        None => Err(invalid(part, kind)),
    }
}

/// The name that an identifier function gets, or its default.
fn name_or_default(bound: &mut Bound) -> Option<Value> {
    bound.take(0).filter(|value| *value != Value::Placeholder).or_else(|| bound.take(1))
}

/// The text of an identifier; only texts can be one.
fn identifier_text(value: &Value) -> Outcome<&str> {
    value.as_str().ok_or_else(|| Raised::attribute(value.class(), "translate"))
}

fn column(bound: &mut Bound) -> Outcome<Value> {
    let name = name_or_default(bound).ok_or_else(|| {
        Raised::template("Missing column() default value, use `column(column_name, 'default_column_name')`")
    })?;
    let mut out = String::new();
    escape::column(identifier_text(&name)?, &mut out);
    Ok(Value::Symbol(out.into()))
}

fn columns(bound: &mut Bound) -> Outcome<Value> {
    let names = name_or_default(bound).ok_or_else(|| {
        Raised::template("Missing columns() default value, use `columns(column_names, 'default_column_name')`")
    })?;
    let Some(names) = names.as_str() else {
        return Err(Raised::template("The 'columns' function expects a String not an Array"));
    };
    let function = bound.take(2).filter(Value::truth).map(|function| function.to_text());
    if let Some(function) = function.as_deref().filter(|function| !is_plain_name(function)) {
        return Err(Raised::template(format!("{function:?} is not the name of a function")));
    }
    let mut out = String::new();
    for (index, name) in names.split(',').map(str::trim).enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        let mut quoted = String::new();
        escape::column(name, &mut quoted);
        match &function {
            Some(function) => {
                let alias = if is_plain_name(name) { name.to_owned() } else { quoted_whole(name) };
                out.push_str(&format!("{function}({quoted}) as {alias}"));
            }
            None => out.push_str(&quoted),
        }
    }
    Ok(Value::Expression(out.into()))
}

fn symbol(bound: &mut Bound) -> Outcome<Value> {
    let value = bound.given(0).unwrap_or(Value::None);
    if value == Value::Placeholder {
        return Ok(Value::Symbol(format!("`{TABLE_PLACEHOLDER}`").into()));
    }
    let quote = match bound.given(1) {
        None => '`',
        Some(quote) => match quote.as_str() {
            Some("`") => '`',
            Some("\"") => '"',
            _ => return Err(Raised::template(format!("symbol() quotes with ` or \", not {}", quote.to_repr()))),
        },
    };
    let mut out = String::from(quote);
    escape::identifier(identifier_text(&value)?, &mut out);
    out.push(quote);
    Ok(Value::Symbol(out.into()))
}

fn table(bound: &mut Bound) -> Outcome<Value> {
    let value = bound.given(0).unwrap_or(Value::None);
    if value == Value::Placeholder {
        return Ok(Value::Symbol(TABLE_PLACEHOLDER.into()));
    }
    let name = identifier_text(&value)?;
    if !name.split('.').all(is_plain_name) || name.split('.').count() > 2 {
        return Err(Raised::template(format!("{name:?} is not the name of a data source or pipe")));
    }
    Ok(Value::Symbol(name.into()))
}

fn sql_unescape(bound: &mut Bound) -> Outcome<Value> {
    let value = bound.given(0).unwrap_or(Value::None);
    let text = identifier_text(&value)?;
    let what = bound.take(1).map(|what| what.to_text()).unwrap_or_default();
    let mut out = String::new();
    escape::literal_except(text, &what, &mut out);
    Ok(Value::Expression(out.into()))
}

fn day_diff(bound: &mut Bound) -> Outcome<Value> {
    let (left, right) = (bound.given(0), bound.given(1));
    if [&left, &right].contains(&&Some(Value::Placeholder)) {
        return Ok(Value::Int(0));
    }
    let difference = date::difference(&date::DAYS, left.as_ref(), right.as_ref(), date::DAYS.format, None);
    difference.map(|days| Value::Int(days.into())).ok_or_else(|| {
        Raised::template(
            "invalid date format in function `day_diff`, it must be ISO format date YYYY-MM-DD, e.g. 2018-09-26. For other \
             fotmats, try `date_diff_in_days`",
        )
    })
}

fn date_diff(unit: &date::Unit, bound: &mut Bound) -> Outcome<Value> {
    let (left, right) = (bound.given(0), bound.given(1));
    if [&left, &right].contains(&&Some(Value::Placeholder)) {
        return Ok(bound.take(3).filter(Value::truth).unwrap_or(Value::Int(0)));
    }
    let format = bound.given(2).unwrap_or_else(|| Value::text(unit.format));
    let backup = bound.take(4).filter(Value::truth);
    let difference = format.as_str().and_then(|format| {
        let backup = backup.as_ref().and_then(Value::as_str);
        date::difference(unit, left.as_ref(), right.as_ref(), format, backup)
    });
    match difference {
        Some(number) => Ok(Value::Int(number.into())),
        None if bound.take(5).is_some_and(|quiet| quiet.truth()) => Ok(Value::None),
        None => Err(Raised::template(unit.invalid)),
    }
}

fn custom_error(bound: &mut Bound) -> Raised {
    let body = bound.given(0).unwrap_or(Value::None);
    let status = bound.take(1).as_ref().and_then(Value::as_int).unwrap_or(400);
    let status = u16::try_from(status).ok().filter(|status| (400..600).contains(status)).unwrap_or(400);
    let body_json = Some(python::to_json(&body));
    Raised { status, body: body_json, ..Raised::new(Class::Custom, body.to_text()) }
}

/// Without what would end a comment.
fn one_line(text: &str) -> String {
    let ends = |c: char| c < ' ' || matches!(c, '\u{7f}' | '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if ends(c) { ' ' } else { c }).collect()
}

/// A name that SQL reads as one word.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn quoted_whole(name: &str) -> String {
    let mut out = String::from('`');
    escape::identifier(name, &mut out);
    out.push('`');
    out
}
