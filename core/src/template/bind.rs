//! Arguments of a call → the function's parameters, as Python does it: each is evaluated, in order, and
//! what does not fit is a TypeError.

use super::function::{Function, Type};
use super::raised::Raised;
use super::run::{Outcome, Run};
use super::syntax::*;
use super::value::Value;

/// What a function takes: its name in messages, its parameters, and how many of them it needs.
struct Signature {
    shown: &'static str,
    names: &'static [&'static str],
    needed: usize,
}

const TYPED: &[&str] = &["x", "default", "defined", "required", "description", "enum", "example", "format"];
const ARRAY: &[&str] =
    &["x", "_type", "default", "defined", "required", "description", "enum", "example", "format", "type"];
const DATE_DIFF: &[&str] = &["d0", "d1", "date_format", "default", "backup_date_format", "none_if_error"];

fn signature(function: Function) -> Option<Signature> {
    let (shown, names, needed): (_, &'static [&'static str], _) = match function {
        // the TypeScript SDK describes booleans and JSON too, which the reference engine does not take
        Function::Typed(Type::Boolean) => ("boolean", TYPED, 1),
        Function::Json => ("json_type", TYPED, 1),
        Function::Typed(_) => ("transform_type.<locals>._f", TYPED, 1),
        Function::Array => ("array_type.<locals>._f", ARRAY, 1),
        Function::Column => ("column", &["x", "default"], 1),
        Function::Columns => ("columns", &["x", "default", "fn"], 1),
        Function::Symbol => ("symbol", &["x", "quote"], 1),
        Function::Table => ("table", &["x", "quote"], 1),
        Function::SqlUnescape => ("sql_unescape", &["x", "what"], 1),
        Function::SplitToArray => ("split_to_array", &["x", "default", "separator"], 1),
        Function::EnumerateWithLast => ("enumerate_with_last", &["arr"], 1),
        Function::Defined => ("defined", &["x"], 0),
        Function::DayDiff => ("day_diff", &["d0", "d1", "default"], 2),
        Function::DateDiffInDays => ("date_diff_in_days", DATE_DIFF, 2),
        Function::DateDiffInHours => ("date_diff_in_hours", DATE_DIFF, 2),
        Function::DateDiffInMinutes => ("date_diff_in_minutes", DATE_DIFF, 2),
        Function::DateDiffInSeconds => ("date_diff_in_seconds", DATE_DIFF, 2),
        Function::Error => ("error", &["s", "code"], 1),
        Function::CustomError => ("custom_error", &["s", "code"], 1),
        Function::MaxThreads => ("generate.<locals>.set_max_threads", &["x"], 1),
        Function::BackendHint => ("generate.<locals>.set_backend_hint", &["hint"], 1),
        Function::CacheTtl => ("generate.<locals>.set_cache_ttl", &["ttl_expression"], 1),
        Function::Activate => ("generate.<locals>.set_activate", &["feature"], 1),
        Function::Disable => ("generate.<locals>.set_disable_feature", &["feature"], 1),
        Function::Secret => ("generate.<locals>.set_tb_secret", &["x", "default"], 1),
        _ => return None,
    };
    Some(Signature { shown, names, needed })
}

/// Names of the parameters of `function`; `None` if it takes what Python's own of that name does.
pub(super) fn parameters(function: Function) -> Option<(&'static [&'static str], usize)> {
    signature(function).map(|signature| (signature.names, signature.needed))
}

/// The values of a call's arguments, in the order of the function's parameters.
pub(super) struct Bound(Vec<Option<Value>>);

impl Bound {
    /// `None` if it was not given, or as None.
    pub(super) fn take(&mut self, index: usize) -> Option<Value> {
        self.0.get_mut(index).and_then(Option::take).filter(|value| *value != Value::None)
    }

    /// `None` only if it was not given.
    pub(super) fn given(&mut self, index: usize) -> Option<Value> {
        self.0.get_mut(index).and_then(Option::take)
    }
}

impl<'a> Run<'a> {
    pub(super) fn bind(&mut self, function: Function, arguments: &'a Arguments) -> Outcome<Bound> {
        let Signature { shown, names, needed } = signature(function).expect("the function has a signature");
        let mut values: Vec<Option<Value>> = vec![None; names.len()];
        for (index, expr) in arguments.values.iter().enumerate() {
            let value = self.eval(expr)?;
            if let Some(place) = values.get_mut(index) {
                *place = Some(value);
            }
        }
        let given = arguments.values.len();
        for (name, expr) in &arguments.named {
            let value = self.eval(expr)?;
            let Some(index) = names.iter().position(|known| *known == &**name) else {
                return Err(Raised::kind(format!("{shown}() got an unexpected keyword argument '{name}'")));
            };
            if values[index].is_some() {
                return Err(Raised::kind(format!("{shown}() got multiple values for argument '{name}'")));
            }
            values[index] = Some(value);
        }
        let most = names.iter().filter(|name| **name != "type").count();
        if given > most {
            let were = if given == 1 { "was" } else { "were" };
            let takes = match (needed == most, most) {
                (true, 1) => "1 positional argument".to_owned(),
                (true, _) => format!("{most} positional arguments"),
                (false, _) => format!("from {needed} to {most} positional arguments"),
            };
            return Err(Raised::kind(format!("{shown}() takes {takes} but {given} {were} given")));
        }
        let missing: Vec<String> =
            (0..needed).filter(|index| values[*index].is_none()).map(|index| format!("'{}'", names[index])).collect();
        match missing.as_slice() {
            [] => Ok(Bound(values)),
            [one] => Err(Raised::kind(format!("{shown}() missing 1 required positional argument: {one}"))),
            all => {
                let count = all.len();
                let list = all.join(" and ");
                Err(Raised::kind(format!("{shown}() missing {count} required positional arguments: {list}")))
            }
        }
    }
}
