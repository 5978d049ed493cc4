//! The functions of the template language.

use super::function::{Function, Type};
use super::run::{Outcome, Run, Source};
use super::syntax::*;
use super::value::{Value, equal};
use super::{Failure, TABLE_PLACEHOLDER, cast, check, date, escape, json, python};

impl<'a> Run<'a> {
    pub(super) fn call(&mut self, function: Function, arguments: &'a Arguments) -> Outcome<Value> {
        match function {
            Function::Typed(kind) => self.typed(kind, arguments),
            Function::Array => self.array(arguments),
            Function::Json => self.json(arguments),
            Function::Column => self.column(arguments),
            Function::Columns => self.columns(arguments),
            Function::Symbol => self.symbol(arguments),
            Function::Table => self.table(arguments),
            Function::SqlAnd => self.sql_and(arguments),
            Function::SqlUnescape => self.sql_unescape(arguments),
            Function::SplitToArray => self.split_to_array(arguments),
            Function::EnumerateWithLast => {
                let values = self.required(arguments, 0)?;
                let values = self.iterate(&values)?;
                let count = values.len();
                let pair = |(index, value)| Value::tuple(vec![Value::Bool(index + 1 == count), value]);
                let pairs = values.into_iter().enumerate().map(pair).collect();
                self.bounded(Value::list(pairs))
            }
            Function::Defined => self.defined(arguments),
            Function::DayDiff => self.day_diff(arguments),
            Function::DateDiffInDays => self.date_diff(arguments, 86_400, "%Y-%m-%d"),
            Function::DateDiffInHours => self.date_diff(arguments, 3_600, "%Y-%m-%d %H:%M:%S"),
            Function::DateDiffInMinutes => self.date_diff(arguments, 60, "%Y-%m-%d %H:%M:%S"),
            Function::DateDiffInSeconds => self.date_diff(arguments, 1, "%Y-%m-%d %H:%M:%S"),
            Function::Error => self.error(arguments),
            Function::CustomError => self.custom_error(arguments),
            Function::MaxThreads
            | Function::CacheTtl
            | Function::BackendHint
            | Function::Activate
            | Function::Disable => self.directive(function, arguments),
            Function::Secret => self.secret(arguments),
            python => self.python(python, arguments),
        }
    }

    /// The argument's value, by position or name; `None` if it is not given.
    pub(super) fn argument(&mut self, arguments: &'a Arguments, index: usize, name: &str) -> Outcome<Option<Value>> {
        let named = || arguments.named.iter().find(|(known, _)| **known == *name).map(|(_, expr)| expr);
        match arguments.values.get(index).or_else(named) {
            Some(expr) => self.eval(expr).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn required(&mut self, arguments: &'a Arguments, index: usize) -> Outcome<Value> {
        let name = if index == 0 { "x" } else { "default" };
        self.argument(arguments, index, name)?
            .ok_or_else(|| Failure::template("one of the transform type functions is missing an argument"))
    }

    /// As text, `None` if absent or None.
    fn text_argument(&mut self, arguments: &'a Arguments, index: usize, name: &str) -> Outcome<Option<String>> {
        let value = self.argument(arguments, index, name)?;
        Ok(value.filter(|value| *value != Value::None).map(|value| value.to_text()))
    }

    fn missing_parameter(&self) -> Failure {
        let names: Vec<String> = self
            .template
            .params()
            .into_iter()
            .filter(|param| param.default.is_none() && param.used_in.is_none())
            .map(|param| param.name)
            .fold(Vec::new(), |mut names, name| {
                if !names.contains(&name) {
                    names.push(name);
                }
                names
            });
        let list = match names.as_slice() {
            [] => String::new(),
            [one] => format!(" Check the parameter {one}."),
            [first @ .., last] => format!(" Check the parameters {} and {last}.", first.join(", ")),
        };
        Failure::template(format!(
            "Required parameter is not defined.{list} Please provide a value or set a default value in the pipe code."
        ))
    }

    /// What a typed function does when the request has no value for it.
    fn absent(&mut self, arguments: &'a Arguments, defined_index: usize) -> Outcome<Value> {
        match self.argument(arguments, defined_index, "defined")? {
            Some(defined) if !defined.truth() => Ok(Value::None),
            _ => Err(self.missing_parameter()),
        }
    }

    fn typed(&mut self, kind: Type, arguments: &'a Arguments) -> Outcome<Value> {
        if self.is_check() {
            let default = self.argument(arguments, 1, "default")?.filter(|value| *value != Value::None);
            return Ok(default.and_then(|value| cast::cast(kind, &value).ok()).unwrap_or(cast::placeholder(kind)));
        }
        let value = match self.required(arguments, 0)? {
            Value::None => self.argument(arguments, 1, "default")?.unwrap_or(Value::None),
            value => value,
        };
        match value {
            Value::None if kind == Type::Boolean => Ok(Value::Int(0)),
            Value::None => self.absent(arguments, 2),
            value => self.cast(kind, &value),
        }
    }

    fn array(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let kind = match self.text_argument(arguments, 1, "type")? {
            Some(name) => Type::of_element(&name)
                .ok_or_else(|| Failure::template(format!("{name:?} is not a type that Array() can hold")))?,
            None => Type::String,
        };
        let value = match self.is_check() {
            true => Value::None,
            false => self.required(arguments, 0)?,
        };
        let value = match value {
            Value::None => self.argument(arguments, 2, "default")?.unwrap_or(Value::None),
            value => value,
        };
        let parts = match &value {
            Value::None if self.is_check() => return Ok(placeholder_array(kind)),
            Value::None => return self.absent(arguments, 3),
            Value::Str(text) | Value::Sql(text) => text.split(',').map(Value::text).collect(),
            other => self.iterate(other)?,
        };
        self.charge(parts.len())?;
        elements(kind, parts, &value.to_text()).map(Value::array)
    }

    fn json(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let value = match self.required(arguments, 0)? {
            Value::None => self.argument(arguments, 1, "default")?.unwrap_or(Value::None),
            _ if self.is_check() => {
                self.argument(arguments, 1, "default")?.unwrap_or_else(|| Value::text("__no_value__"))
            }
            value => value,
        };
        let text = match &value {
            Value::None => return self.absent(arguments, 2),
            Value::Str(text) => text.to_string(),
            // a default that is already a list or a dict
            other => return Ok(other.clone()),
        };
        self.charge(text.len() / 8)?;
        json::parse(&text).map_err(|error| Failure::template(format!("Error parsing JSON: '{text}' - {error}")))
    }

    fn column(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let default = self.text_argument(arguments, 1, "default")?;
        let given = match (self.is_check(), default.is_some()) {
            (true, true) => None,
            _ => self.text_argument(arguments, 0, "x")?,
        };
        let name = given.or(default).ok_or_else(|| {
            Failure::template("Missing column() default value, use `column(column_name, 'default_column_name')`")
        })?;
        let mut out = String::new();
        escape::column(&name, &mut out);
        Ok(Value::Sql(out.into()))
    }

    fn columns(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let default = self.text_argument(arguments, 1, "default")?;
        let given = match (self.is_check(), default.is_some()) {
            (true, true) => None,
            _ => self.argument(arguments, 0, "x")?.filter(|value| *value != Value::None),
        };
        if given.as_ref().is_some_and(|value| value.items().is_some()) {
            return Err(Failure::template("The 'columns' function expects a String not an Array"));
        }
        let names = given.map(|value| value.to_text()).or(default).ok_or_else(|| {
            Failure::template("Missing columns() default value, use `columns(column_names, 'default_column_name')`")
        })?;
        let function = self.text_argument(arguments, 2, "fn")?;
        if let Some(function) = function.as_deref().filter(|function| !is_plain_name(function)) {
            return Err(Failure::template(format!("{function:?} is not the name of a function")));
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
        Ok(Value::Sql(out.into()))
    }

    fn symbol(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let value = self.required(arguments, 0)?;
        let name = match value {
            Value::None => return Err(self.missing_parameter()),
            _ if self.is_check() && !is_literal(arguments) => TABLE_PLACEHOLDER.to_owned(),
            value => value.to_text(),
        };
        let quote = self.text_argument(arguments, 1, "quote")?;
        let quote = match quote.as_deref() {
            None | Some("`") => '`',
            Some("\"") => '"',
            Some(other) => return Err(Failure::template(format!("symbol() quotes with ` or \", not {other:?}"))),
        };
        let mut out = String::from(quote);
        escape::identifier(&name, &mut out);
        out.push(quote);
        Ok(Value::Sql(out.into()))
    }

    fn table(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let value = self.required(arguments, 0)?;
        let name = match value {
            Value::None => return Err(self.missing_parameter()),
            _ if self.is_check() && !is_literal(arguments) => TABLE_PLACEHOLDER.to_owned(),
            value => value.to_text(),
        };
        if !name.split('.').all(is_plain_name) || name.split('.').count() > 2 {
            return Err(Failure::template(format!("{name:?} is not the name of a data source or pipe")));
        }
        Ok(Value::Sql(name.into()))
    }

    fn sql_and(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let mut out = String::new();
        for (name, expr) in &arguments.named {
            let value = self.eval(expr)?;
            if value == Value::None {
                continue;
            }
            let (column, operator) = check::sql_and_operator(name)
                .ok_or_else(|| Failure::template(format!("operand of {name} not supported")))?;
            out.push_str(if out.is_empty() { "" } else { " and " });
            out.push_str(&format!("{column} {operator} "));
            value.print(&mut out);
        }
        Ok(Value::Sql(out.into()))
    }

    fn sql_unescape(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let value = self.required(arguments, 0)?;
        if value == Value::None {
            return Err(self.missing_parameter());
        }
        let what = self.text_argument(arguments, 1, "what")?.unwrap_or_default();
        let mut out = String::new();
        escape::literal_except(&value.to_text(), &what, &mut out);
        Ok(Value::Sql(out.into()))
    }

    fn split_to_array(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let default = self.argument(arguments, 1, "default")?;
        let given = match (self.is_check(), &default) {
            (true, Some(_)) => None,
            _ => self.argument(arguments, 0, "arr")?.filter(|value| *value != Value::None),
        };
        let value = given.or(default).unwrap_or_else(|| Value::text(""));
        let separator = self.text_argument(arguments, 2, "separator")?.unwrap_or_else(|| ",".to_owned());
        if separator.is_empty() {
            return Err(Failure::template("split_to_array() needs a separator"));
        }
        let parts = match value.items() {
            Some(items) => items.to_vec(),
            None => value.to_text().split(separator.as_str()).map(|part| Value::text(part.trim())).collect(),
        };
        self.charge(parts.len())?;
        self.bounded(Value::list(parts))
    }

    fn defined(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let argument = arguments.values.first().or(arguments.named.first().map(|(_, expr)| expr));
        let Some(argument) = argument else { return Ok(Value::Bool(false)) };
        if self.is_check() {
            return Ok(Value::Bool(false));
        }
        match &argument.kind {
            ExprKind::Name(slot) => Ok(Value::Bool(self.is_defined(*slot))),
            // `defined({{ UInt64(x) }})`: the type does not matter
            ExprKind::Call(Function::Typed(_) | Function::Array | Function::Json, inner) => self.defined(inner),
            _ => self.eval(argument).map(|value| Value::Bool(value != Value::None)),
        }
    }

    fn day_diff(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        if self.is_check() {
            return Ok(Value::Int(0));
        }
        let (left, right) = (self.required(arguments, 0)?, self.required(arguments, 1)?);
        if left == Value::None || right == Value::None {
            return Err(self.missing_parameter());
        }
        let days = date::day_diff(&left.to_text(), &right.to_text()).map_err(Failure::template)?;
        Ok(Value::Int(days.into()))
    }

    fn date_diff(&mut self, arguments: &'a Arguments, unit_s: i64, format: &str) -> Outcome<Value> {
        if self.is_check() {
            return Ok(Value::Int(0));
        }
        let (left, right) = (self.required(arguments, 0)?, self.required(arguments, 1)?);
        let format = self.text_argument(arguments, 2, "date_format")?.unwrap_or_else(|| format.to_owned());
        let default = self.argument(arguments, usize::MAX, "default")?;
        let backup = self.text_argument(arguments, 3, "backup_date_format")?;
        let quiet = self.argument(arguments, 4, "none_if_error")?.is_some_and(|value| value.truth());
        let result = match (&left, &right) {
            (Value::None, _) | (_, Value::None) => Err("a date is missing".to_owned()),
            _ => date::seconds_between(&left.to_text(), &right.to_text(), &format, backup.as_deref()),
        };
        match (result, default) {
            (Ok(seconds), _) => Ok(Value::Int((seconds / unit_s).into())),
            (Err(_), Some(default)) if default != Value::None => Ok(default),
            (Err(_), _) if quiet => Ok(Value::None),
            (Err(message), _) => Err(Failure::template(message)),
        }
    }

    fn error(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let message = self.required(arguments, 0)?;
        if self.is_check() {
            return Ok(Value::Sql("".into()));
        }
        Err(Failure { status: 400, message: message.to_text(), body: None, span: None })
    }

    fn custom_error(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let body = self.required(arguments, 0)?;
        let code = self.argument(arguments, 1, "code")?;
        if self.is_check() {
            return Ok(Value::Sql("".into()));
        }
        let status = code.as_ref().and_then(Value::as_int).unwrap_or(400);
        let status = u16::try_from(status).ok().filter(|status| (400..600).contains(status)).unwrap_or(400);
        Err(Failure { status, message: body.to_text(), body: Some(python::to_json(&body)), span: None })
    }

    fn directive(&mut self, function: Function, arguments: &'a Arguments) -> Outcome<Value> {
        let value = self.required(arguments, 0)?;
        let text = value.to_text();
        let comment = match function {
            Function::MaxThreads => match value.as_int().and_then(|threads| u32::try_from(threads).ok()) {
                Some(threads) => {
                    self.out.options.max_threads = Some(threads);
                    format!("-- max_threads {threads}\n")
                }
                None => "-- max_threads: wrong argument\n".to_owned(),
            },
            Function::CacheTtl => {
                let seconds = [("5s", 5), ("1m", 60), ("5m", 300), ("30m", 1800), ("1h", 3600)];
                let Some((name, seconds)) = seconds.into_iter().find(|(name, _)| *name == text) else {
                    let message = format!("Invalid TTL cache value '{text}', choose one of 5s, 1m, 5m, 30m, 1h");
                    return Err(Failure::template(message));
                };
                self.out.options.cache_ttl_s = Some(seconds);
                format!("-- cache_ttl {name}\n")
            }
            Function::BackendHint => {
                if !value.truth() {
                    return Ok(Value::Sql("-- backend_hint\n".into()));
                }
                let mut escaped = String::new();
                escape::identifier(&text, &mut escaped);
                self.out.options.backend_hint = Some(text);
                format!("-- backend_hint {escaped}\n")
            }
            _ => {
                const FEATURES: [&str; 3] = ["analyzer", "parallel_replicas", "optimize_aggregation_in_order"];
                let activates = function == Function::Activate;
                let known = if activates { &FEATURES[..] } else { &FEATURES[..1] };
                let Some(feature) = known.iter().find(|known| **known == text) else {
                    return Err(Failure::template(format!("'{text}' is not one of {}", known.join(", "))));
                };
                let word = if activates { "activate" } else { "disable" };
                let list = if activates { &mut self.out.options.activated } else { &mut self.out.options.disabled };
                list.push((*feature).to_owned());
                format!("-- {word} {feature}\n")
            }
        };
        Ok(Value::Sql(comment.into()))
    }

    fn secret(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        // the name is text in the template; a bare word must not read a request parameter
        let name = match arguments.values.first().map(|expr| &expr.kind) {
            Some(ExprKind::Str(name)) => name.to_string(),
            Some(ExprKind::Name(slot)) => self.template.names[*slot as usize].to_string(),
            _ => return Err(Failure::template("tb_secret() takes the name of a secret as text")),
        };
        let known = match self.source {
            Source::Request { secrets, .. } => secrets.0.get(&name).map(Value::text),
            Source::Check => Some(Value::text("__no_value__")),
        };
        match (known, self.argument(arguments, 1, "default")?) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) if default != Value::None => Ok(Value::text(default.to_text())),
            _ => Err(Failure::template(format!(
                "Cannot access secret '{name}'. Check the secret exists in the Workspace and the token has the required scope."
            ))),
        }
    }
}

/// What `Array(x)` is while a deployment checks the SQL.
pub(super) fn placeholder_array(kind: Type) -> Value {
    match kind {
        Type::String => Value::array(vec![Value::text("")]),
        kind => {
            let element = plain(cast::placeholder(kind));
            Value::array(vec![element.clone(), element])
        }
    }
}

/// The elements of an array parameter, each checked; `whole` is for the message.
pub(super) fn elements(kind: Type, parts: Vec<Value>, whole: &str) -> Outcome<Vec<Value>> {
    let check = |(index, part): (usize, Value)| {
        cast::cast(kind, &part).map(plain).map_err(|shown| {
            let shown = if shown.is_empty() { "empty string" } else { &shown };
            Failure::template(format!("Error validating [{whole}][{index}] ({shown}) to type {}", kind.name()))
        })
    };
    parts.into_iter().enumerate().map(check).collect()
}

/// Without the cast that it would print: inside an array numbers stand bare.
fn plain(value: Value) -> Value {
    match value {
        Value::TypedInt(_, number) => Value::Int(number),
        Value::TypedFloat(_, number) => Value::Float(number),
        other => other,
    }
}

fn is_literal(arguments: &Arguments) -> bool {
    matches!(arguments.values.first().map(|expr| &expr.kind), Some(ExprKind::Str(_)))
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

/// `sorted`, `index` and the like need equality outside of expressions too.
pub(super) fn position(items: &[Value], value: &Value) -> Option<usize> {
    items.iter().position(|item| equal(item, value))
}
