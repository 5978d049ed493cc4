//! Name, parameters and argument types → the result's type and how states are made: the only place where
//! functions and combinators meet.
//!
//! ```text
//! sumIfState(x, c)   State ─ wraps ─ If (takes c) ─ wraps ─ NULLs left out ─ wraps ─ sum
//! ```

use super::bytes::Reader;
use super::combinator::{Combinator, Stack, parse};
use super::states::{Kind, New, each};
use super::{Aggregate, table, wrap};
use crate::diagnostic::nearest;
use crate::function::definition::Mismatch;
use crate::value::{AggregateType, DataType};
use arrow::datatypes::DataType as Arrow;
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// A function that fits its arguments.
#[derive(Clone)]
pub(crate) struct Fit {
    pub(crate) result: DataType,
    pub(crate) kind: Kind,
    /// What `-State` of it says it is a state of.
    pub(crate) state: AggregateType,
    pub(crate) new: New,
}

/// What NULL arguments mean to a function of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    /// NULLs are skipped; if arguments may be NULL, so is the result, when nothing else was seen.
    Null,
    /// NULLs are skipped; nothing seen is a value of its own: 0, the empty array.
    Value,
    /// The function looks at NULLs itself.
    Own,
}

/// A base function being fitted.
pub(crate) struct Signature<'a> {
    pub(crate) aggregate: &'static Aggregate,
    pub(crate) name: &'a str,
    pub(crate) parameters: &'a [ScalarValue],
    /// Without `LowCardinality`; without `Nullable` too, unless the function looks at NULLs itself.
    pub(crate) arguments: Vec<DataType>,
}

/// The result's type and the states of a base function.
pub(crate) type Fitted = Result<(DataType, New), Mismatch>;

impl Signature<'_> {
    pub(crate) fn mismatch(&self, problem: impl std::fmt::Display) -> Mismatch {
        let mut mismatch = Mismatch::new(format!("aggregate function {} {problem}", self.name));
        if !self.aggregate.syntax.is_empty() {
            mismatch.hint = Some(format!("it is written {}", self.aggregate.syntax));
        }
        mismatch
    }

    pub(crate) fn count(&self, allowed: impl std::ops::RangeBounds<usize>) -> Result<usize, Mismatch> {
        let count = self.arguments.len();
        if allowed.contains(&count) {
            return Ok(count);
        }
        let plural = if count == 1 { "argument" } else { "arguments" };
        Err(Mismatch { code: "S0208", ..self.mismatch(format_args!("does not take {count} {plural}")) })
    }

    /// What is given has the right type, but not a value that can be.
    pub(crate) fn bad(&self, problem: impl std::fmt::Display) -> Mismatch {
        Mismatch { code: BAD_ARGUMENTS, ..self.mismatch(problem) }
    }

    /// Checks how many parameters there are.
    pub(crate) fn parameter_count(&self, allowed: impl std::ops::RangeBounds<usize>) -> Result<(), Mismatch> {
        let count = self.parameters.len();
        if allowed.contains(&count) {
            return Ok(());
        }
        let plural = if count == 1 { "parameter" } else { "parameters" };
        Err(Mismatch { code: WRONG_COUNT, ..self.mismatch(format_args!("does not take {count} {plural}")) })
    }

    pub(crate) fn wrong_type(&self, index: usize) -> Mismatch {
        self.mismatch(format_args!("does not take {} as argument {}", self.arguments[index], index + 1))
    }

    pub(crate) fn bare(&self, index: usize) -> &DataType {
        self.arguments[index].bare()
    }

    /// Checks that an argument is a number of up to 64 bits, a float or a decimal.
    pub(crate) fn expect_number(&self, index: usize) -> Result<(), Mismatch> {
        let bare = self.bare(index);
        let fits = bare.is_float() || matches!(bare, DataType::Decimal { .. }) || bare.integer_bits() <= Some(64);
        if bare.is_numeric() && fits { Ok(()) } else { Err(self.wrong_type(index)) }
    }

    pub(crate) fn expect_unsigned(&self, index: usize) -> Result<(), Mismatch> {
        let bare = self.bare(index);
        let fits = bare.is_unsigned_integer() && bare.integer_bits() <= Some(64);
        if fits { Ok(()) } else { Err(self.wrong_type(index)) }
    }

    /// A parameter that is a whole number of zero or more.
    pub(crate) fn natural(&self, index: usize) -> Result<Option<u64>, Mismatch> {
        let Some(parameter) = self.parameters.get(index) else { return Ok(None) };
        let number = match parameter.data_type() {
            one if one.is_integer() => parameter.cast_to(&Arrow::UInt64).ok(),
            _ => None,
        };
        match number {
            Some(ScalarValue::UInt64(Some(number))) => Ok(Some(number)),
            _ => Err(self.bad(format_args!("needs a whole number as parameter {}", index + 1))),
        }
    }

    pub(crate) fn number(&self, index: usize) -> Result<Option<f64>, Mismatch> {
        let Some(parameter) = self.parameters.get(index) else { return Ok(None) };
        match parameter.cast_to(&Arrow::Float64) {
            Ok(ScalarValue::Float64(Some(number))) if parameter.data_type().is_numeric() => Ok(Some(number)),
            _ => Err(self.bad(format_args!("needs a number as parameter {}", index + 1))),
        }
    }

    pub(crate) fn text(&self, index: usize) -> Result<Option<&str>, Mismatch> {
        match self.parameters.get(index) {
            None => Ok(None),
            Some(ScalarValue::Utf8View(Some(text)) | ScalarValue::Utf8(Some(text))) => Ok(Some(text)),
            Some(_) => Err(self.bad(format_args!("needs a string as parameter {}", index + 1))),
        }
    }
}

const WRONG_COUNT: crate::diagnostic::Code = "S0208";
const BAD_ARGUMENTS: crate::diagnostic::Code = "S0209";

pub(super) fn unknown(name: &str) -> Mismatch {
    let hint = nearest(name, table::names()).map(|near| format!("did you mean {near:?}?"));
    Mismatch { code: "S0203", message: format!("unknown aggregate function {name}"), hint, exception: None }
}

/// Fits a function of this name.
pub(crate) fn fit(name: &str, parameters: &[ScalarValue], arguments: &[DataType]) -> Result<Fit, Mismatch> {
    let stack = parse(name).ok_or_else(|| unknown(name))?;
    fit_parsed(name, &stack, parameters, arguments)
}

pub(super) fn fit_parsed(
    name: &str,
    stack: &Stack,
    parameters: &[ScalarValue],
    arguments: &[DataType],
) -> Result<Fit, Mismatch> {
    fit_stack(&Call { name, stack, parameters }, &stack.combinators, parameters, arguments)
}

/// What all levels of one call share.
struct Call<'a> {
    name: &'a str,
    stack: &'a Stack,
    /// Of the whole call, for messages.
    parameters: &'a [ScalarValue],
}

impl Call<'_> {
    fn mismatch(&self, problem: impl std::fmt::Display) -> Mismatch {
        Mismatch::new(format!("aggregate function {} {problem}", self.name))
    }
}

fn fit_stack(
    call: &Call,
    combinators: &[Combinator],
    parameters: &[ScalarValue],
    arguments: &[DataType],
) -> Result<Fit, Mismatch> {
    let Some((outer, inner)) = combinators.split_last() else {
        return fit_base(call, parameters, arguments);
    };
    let wrapped = |arguments: &[DataType]| fit_stack(call, inner, parameters, arguments);
    let fit = match outer {
        Combinator::If => {
            let Some((condition, rest)) = arguments.split_last() else {
                return Err(call.mismatch("needs a condition as last argument"));
            };
            let is_condition = condition.is_numeric() && condition.integer_bits() <= Some(64);
            if !is_condition && *condition.bare() != DataType::Nothing {
                return Err(call.mismatch(format_args!("needs a condition as last argument, not {condition}")));
            }
            let fit = wrapped(rest)?;
            let new = fit.new.clone();
            Fit { new: Arc::new(move || wrap::filter(new())), ..fit }
        }
        Combinator::Distinct => return distinct(call, inner, parameters, arguments),
        Combinator::State | Combinator::SimpleState | Combinator::MergeState => {
            return state(call, *outer, inner, parameters, arguments);
        }
        Combinator::Merge => return merge(call, inner, parameters, arguments),
        Combinator::Array => {
            let fit = wrapped(&items(call, "Array", arguments)?)?;
            let new = fit.new.clone();
            Fit { new: Arc::new(move || wrap::array(new())), ..fit }
        }
        Combinator::ForEach => {
            let fit = wrapped(&items(call, "ForEach", arguments)?)?;
            let (new, item, result) = (fit.new.clone(), fit.result.clone(), fit.result.clone().array());
            Fit { result, new: Arc::new(move || wrap::for_each(new.clone(), &item)), ..fit }
        }
        Combinator::Map => {
            let [DataType::Map(key, value)] = arguments else {
                return Err(call.mismatch("takes one map argument"));
            };
            let fit = wrapped(std::slice::from_ref(value.as_ref()))?;
            map_of(fit, key)
        }
        Combinator::OrNull | Combinator::OrDefault => {
            if let Some(fit) = below_if(call, *outer, inner, parameters, arguments)? {
                return Ok(fit);
            }
            let fit = wrapped(arguments)?;
            let or_null = *outer == Combinator::OrNull;
            let result = if or_null { nullable_result(fit.result.clone()) } else { fit.result.clone() };
            let (new, kept) = (fit.new.clone(), result.clone());
            Fit { result, new: Arc::new(move || wrap::or_default(new(), &kept)), ..fit }
        }
        Combinator::Resample => return resample(call, inner, parameters, arguments),
        Combinator::ArgMin | Combinator::ArgMax => {
            let Some((key, rest)) = arguments.split_last() else {
                return Err(call.mismatch("needs one more argument, by which rows are chosen"));
            };
            let fit = wrapped(rest)?;
            let (new, key, largest) = (fit.new.clone(), key.clone(), *outer == Combinator::ArgMax);
            Fit { new: Arc::new(move || wrap::best(new(), &key, largest)), ..fit }
        }
    };
    let function = format!("{}{}", fit.state.function, outer.suffix());
    Ok(Fit { state: AggregateType { function, parameters: texts(parameters), arguments: arguments.to_vec() }, ..fit })
}

pub(crate) fn map_of(fit: Fit, key: &DataType) -> Fit {
    let result = DataType::Map(Box::new(key.clone()), Box::new(fit.result.clone()));
    let (new, map) = (fit.new.clone(), result.clone());
    Fit { result, new: Arc::new(move || wrap::map(new.clone(), &map)), ..fit }
}

fn nullable_result(data_type: DataType) -> DataType {
    match data_type {
        DataType::Array(_) | DataType::Map(..) | DataType::AggregateFunction(_) | DataType::Tuple(_) => data_type,
        other => other.nullable(),
    }
}

fn items(call: &Call, suffix: &str, arguments: &[DataType]) -> Result<Vec<DataType>, Mismatch> {
    let item = |argument: &DataType| match argument.bare() {
        DataType::Array(item) => Ok(item.as_ref().clone()),
        other => Err(call.mismatch(format_args!("with the suffix {suffix} takes arrays, not {other}"))),
    };
    if arguments.is_empty() {
        return Err(call.mismatch(format_args!("with the suffix {suffix} needs an array")));
    }
    arguments.iter().map(item).collect()
}

/// Around an -If, a combinator that looks at rows means those of which the condition holds: it goes below.
fn below_if(
    call: &Call,
    outer: Combinator,
    inner: &[Combinator],
    parameters: &[ScalarValue],
    arguments: &[DataType],
) -> Result<Option<Fit>, Mismatch> {
    let Some((Combinator::If, rest)) = inner.split_last() else { return Ok(None) };
    let swapped: Vec<Combinator> = rest.iter().copied().chain([outer, Combinator::If]).collect();
    let fit = fit_stack(call, &swapped, parameters, arguments)?;
    let base = fit.state.function.strip_suffix("If").and_then(|name| name.strip_suffix(outer.suffix()));
    let function = format!("{}If{}", base.unwrap_or_default(), outer.suffix());
    Ok(Some(Fit { state: AggregateType { function, ..fit.state }, ..fit }))
}

/// The same row once more changes nothing.
fn is_distinct_anyway(aggregate: &Aggregate) -> bool {
    const NAMES: &[&str] = &[
        "min",
        "max",
        "any",
        "anyLast",
        "uniq",
        "uniqExact",
        "uniqCombined",
        "uniqCombined64",
        "uniqHLL12",
        "uniqTheta",
        "groupUniqArray",
        "argMin",
        "argMax",
        "groupBitAnd",
        "groupBitOr",
        "groupBitmap",
    ];
    NAMES.contains(&aggregate.name)
}

fn distinct(
    call: &Call,
    inner: &[Combinator],
    parameters: &[ScalarValue],
    arguments: &[DataType],
) -> Result<Fit, Mismatch> {
    if arguments.is_empty() {
        return Err(call.mismatch("needs an argument to be distinct"));
    }
    if let Some(fit) = below_if(call, Combinator::Distinct, inner, parameters, arguments)? {
        return Ok(fit);
    }
    let aggregate = call.stack.aggregate;
    let fit = if inner.is_empty() && aggregate.name == "count" {
        fit("uniqExact", parameters, arguments)?
    } else if inner.is_empty() && is_distinct_anyway(aggregate) {
        fit_stack(call, inner, parameters, arguments)?
    } else {
        let fit = fit_stack(call, inner, parameters, arguments)?;
        let (new, types) = (fit.new.clone(), arguments.to_vec());
        Fit { new: Arc::new(move || wrap::distinct(new(), &types)), ..fit }
    };
    let base = if inner.is_empty() { aggregate.name.to_owned() } else { fit.state.function.clone() };
    let state = AggregateType {
        function: format!("{base}Distinct"),
        parameters: texts(parameters),
        arguments: arguments.to_vec(),
    };
    Ok(Fit { state, ..fit })
}

/// Functions whose values are their states.
const SIMPLE: &[&str] = &[
    "any",
    "any_respect_nulls",
    "anyLast",
    "anyLast_respect_nulls",
    "min",
    "max",
    "sum",
    "sumWithOverflow",
    "groupBitAnd",
    "groupBitOr",
    "groupBitXor",
    "sumMap",
    "minMap",
    "maxMap",
    "groupArrayArray",
    "groupArrayLastArray",
    "groupUniqArrayArray",
    "groupUniqArrayArrayMap",
    "sumMappedArrays",
    "minMappedArrays",
    "maxMappedArrays",
];

fn state(
    call: &Call,
    outer: Combinator,
    inner: &[Combinator],
    parameters: &[ScalarValue],
    arguments: &[DataType],
) -> Result<Fit, Mismatch> {
    let fit = match outer {
        Combinator::MergeState => merge(call, inner, parameters, arguments)?,
        _ => fit_stack(call, inner, parameters, arguments)?,
    };
    if outer == Combinator::SimpleState {
        let function = fit.state.function.clone();
        if !SIMPLE.contains(&function.as_str()) {
            let known = SIMPLE.join(", ");
            let problem = call.mismatch(format_args!("has no simple state; functions that have one are {known}"));
            return Err(Mismatch { code: BAD_ARGUMENTS, ..problem });
        }
        let result = DataType::SimpleAggregateFunction(function, Box::new(fit.result.clone()));
        return Ok(Fit { result, ..fit });
    }
    if matches!(fit.result, DataType::AggregateFunction(_)) {
        return Err(Mismatch { code: "S0206", ..call.mismatch("cannot make the state of a state") });
    }
    let (new, kind) = (fit.new.clone(), fit.kind);
    let result = DataType::AggregateFunction(Box::new(fit.state.clone()));
    Ok(Fit { result, new: Arc::new(move || wrap::state(new(), kind)), ..fit })
}

fn merge(
    call: &Call,
    inner: &[Combinator],
    parameters: &[ScalarValue],
    arguments: &[DataType],
) -> Result<Fit, Mismatch> {
    let [DataType::AggregateFunction(of)] = arguments else {
        let found: Vec<String> = arguments.iter().map(DataType::to_string).collect();
        return Err(call.mismatch(format_args!("takes one AggregateFunction(…), not {}", found.join(", "))));
    };
    let wanted = Stack { aggregate: call.stack.aggregate, combinators: inner.to_vec() };
    let fit = stored_as(call, &wanted, parameters, of)?;
    let (new, kind) = (fit.new.clone(), fit.kind);
    Ok(Fit { new: Arc::new(move || wrap::merge(new(), kind)), ..fit })
}

/// Fits the function whose states are of the type `of`, as `wanted` sees them: `-If` makes no difference to
/// what is stored, and `quantiles` reads what `quantile` wrote.
fn stored_as(call: &Call, wanted: &Stack, parameters: &[ScalarValue], of: &AggregateType) -> Result<Fit, Mismatch> {
    let stored = parse(&of.function).ok_or_else(|| unknown(&of.function))?;
    let (stored_shape, stored_arguments) = without_if(&stored, &of.arguments);
    let (wanted_shape, _) = without_if(wanted, &[]);
    let own = of.parameters.iter().map(|text| literal(text)).collect::<Option<Vec<_>>>();
    let own = own.ok_or_else(|| call.mismatch(format_args!("cannot read the parameters of {}", of.function)))?;
    let same_function = wanted.aggregate.name == stored.aggregate.name;
    let parameters = match parameters {
        [] if same_function && !wanted.aggregate.name.starts_with("quantile") => &own,
        given => given,
    };
    let as_wanted = Stack { aggregate: wanted.aggregate, combinators: wanted_shape.clone() };
    let inner = Call { name: call.name, stack: &as_wanted, parameters: call.parameters };
    let is_same_shape = wanted_shape == stored_shape;
    let same_family = same_function || wanted.aggregate.kind == stored.aggregate.kind && is_family(wanted, &stored);
    if !is_same_shape || !same_family {
        return Err(call.mismatch(format_args!(
            "cannot merge AggregateFunction({}, …): it is the state of another function",
            of.function
        )));
    }
    let fit = fit_stack(&inner, &wanted_shape, parameters, &stored_arguments)?;
    let state = if parameters == own.as_slice() { of.clone() } else { fit.state };
    Ok(Fit { state, ..fit })
}

/// Whether states of one type can be stored and merged as states of the other.
pub fn are_same_states(left: &AggregateType, right: &AggregateType) -> bool {
    let (Some(left_stack), Some(right_stack)) = (parse(&left.function), parse(&right.function)) else { return false };
    let (left_shape, left_arguments) = without_if(&left_stack, &left.arguments);
    let (right_shape, right_arguments) = without_if(&right_stack, &right.arguments);
    let same_function = left_stack.aggregate.name == right_stack.aggregate.name
        || left_stack.aggregate.kind == right_stack.aggregate.kind && is_family(&left_stack, &right_stack);
    if !same_function || left_shape != right_shape {
        return false;
    }
    match left_stack.aggregate.kind {
        Kind::Count if left_shape.is_empty() => true,
        kind => {
            // sums and means know what they are of
            let any_number = matches!(kind, Kind::Sum | Kind::Avg) && left_shape.is_empty();
            let mut pairs = left_arguments.iter().zip(&right_arguments);
            let is_same = |(left, right): (&DataType, &DataType)| {
                left.bare() == right.bare() || any_number && left.is_numeric() && right.is_numeric()
            };
            left_arguments.len() == right_arguments.len() && pairs.all(is_same)
        }
    }
}

/// `quantile` and `quantiles` are names for one state.
fn is_family(left: &Stack, right: &Stack) -> bool {
    let family = |stack: &Stack| stack.aggregate.name.replace("quantiles", "quantile");
    family(left) == family(right)
}

/// The combinators that change what is stored, and the arguments without conditions.
fn without_if(stack: &Stack, arguments: &[DataType]) -> (Vec<Combinator>, Vec<DataType>) {
    let mut arguments = arguments.to_vec();
    let mut kept = Vec::new();
    for combinator in stack.combinators.iter().rev() {
        match combinator {
            Combinator::If if kept.is_empty() => {
                arguments.pop();
            }
            Combinator::State | Combinator::Merge | Combinator::MergeState | Combinator::SimpleState => {}
            Combinator::OrNull | Combinator::OrDefault => {}
            other => kept.push(*other),
        }
    }
    kept.reverse();
    (kept, arguments)
}

fn resample(
    call: &Call,
    inner: &[Combinator],
    parameters: &[ScalarValue],
    arguments: &[DataType],
) -> Result<Fit, Mismatch> {
    let (Some((key, rest)), Some(own)) = (arguments.split_last(), parameters.len().checked_sub(3)) else {
        return Err(call.mismatch("with the suffix Resample needs a key, and start, end and step as parameters"));
    };
    let (parameters, bounds) = parameters.split_at(own);
    if !key.is_integer() && !matches!(key.bare(), DataType::Date | DataType::DateTime(_)) {
        return Err(call.mismatch(format_args!("cannot resample by {key}")));
    }
    let bound = |index: usize| match bounds[index].cast_to(&Arrow::Int64) {
        Ok(ScalarValue::Int64(Some(bound))) => Ok(bound),
        _ => Err(call.mismatch("needs whole numbers as start, end and step")),
    };
    let (start, end, step) = (bound(0)?, bound(1)?, bound(2)?);
    let intervals = wrap::Intervals::new(start, end, step).map_err(|problem| call.mismatch(problem))?;
    let fit = fit_stack(call, inner, parameters, rest)?;
    let (new, item, result) = (fit.new.clone(), fit.result.clone(), fit.result.clone().array());
    let function = format!("{}Resample", fit.state.function);
    let state = AggregateType { function, parameters: texts(call.parameters), arguments: arguments.to_vec() };
    Ok(Fit { result, state, new: Arc::new(move || wrap::resample(new(), &item, intervals)), ..fit })
}

fn fit_base(call: &Call, parameters: &[ScalarValue], arguments: &[DataType]) -> Result<Fit, Mismatch> {
    let aggregate = call.stack.aggregate;
    let arguments: Vec<DataType> = arguments.iter().map(without_low_cardinality).collect();
    let state = AggregateType {
        function: aggregate.name.to_owned(),
        parameters: texts(parameters),
        arguments: arguments.clone(),
    };
    let fits = |result, new| Fit { result, kind: aggregate.kind, state: state.clone(), new };
    if aggregate.empty == Empty::Own {
        let signature = Signature { aggregate, name: call.name, parameters, arguments: arguments.clone() };
        let (result, new) = (aggregate.fit)(&signature)?;
        return Ok(fits(result, new));
    }
    let has_nothing = arguments.iter().any(|one| *one.bare() == DataType::Nothing);
    let is_nullable = arguments.iter().any(DataType::is_nullable);
    let bare = arguments.iter().map(|one| match without_null(one) {
        // no row of it ever counts
        DataType::Nothing => DataType::UInt8,
        other => other,
    });
    let signature = Signature { aggregate, name: call.name, parameters, arguments: bare.collect() };
    let (result, new) = (aggregate.fit)(&signature)?;
    if has_nothing && aggregate.empty == Empty::Null {
        let result = DataType::Nullable(Box::new(DataType::Nothing));
        return Ok(Fit { kind: Kind::Nothing, ..fits(result, each(wrap::Nothing)) });
    }
    if !is_nullable {
        return Ok(fits(result, new));
    }
    let result = if aggregate.empty == Empty::Null { nullable_result(result) } else { result };
    let with_flag = result.is_nullable();
    Ok(fits(result, Arc::new(move || wrap::without_nulls(new(), with_flag))))
}

/// Also within arrays, maps and tuples.
pub(crate) fn without_low_cardinality(data_type: &DataType) -> DataType {
    let inside = |inner: &DataType| Box::new(without_low_cardinality(inner));
    match data_type {
        DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction(_, inner) => without_low_cardinality(inner),
        DataType::Array(item) => DataType::Array(inside(item)),
        DataType::Map(key, value) => DataType::Map(inside(key), inside(value)),
        DataType::Tuple(items) => {
            DataType::Tuple(items.iter().map(|(name, item)| (name.clone(), without_low_cardinality(item))).collect())
        }
        other => other.clone(),
    }
}

pub(crate) fn without_null(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Nullable(inner) => inner.as_ref().clone(),
        other => other.clone(),
    }
}

fn texts(parameters: &[ScalarValue]) -> Vec<String> {
    parameters.iter().map(text).collect()
}

/// A parameter as it stands in a type's name.
fn text(parameter: &ScalarValue) -> String {
    match parameter {
        ScalarValue::Utf8View(Some(text)) | ScalarValue::Utf8(Some(text)) => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
        }
        ScalarValue::List(list) => {
            let items = (0..list.values().len()).map(|index| {
                ScalarValue::try_from_array(list.values(), index).map_or(String::new(), |item| text(&item))
            });
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A parameter from a type's name.
pub(crate) fn literal(text: &str) -> Option<ScalarValue> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let items = inner.split(',').filter(|item| !item.trim().is_empty()).map(literal).collect::<Option<Vec<_>>>()?;
        let item_type = items.first().map_or(Arrow::UInt8, ScalarValue::data_type);
        return Some(ScalarValue::List(ScalarValue::new_list(&items, &item_type, false)));
    }
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(ScalarValue::Utf8View(Some(inner.replace("\\'", "'").replace("\\\\", "\\"))));
    }
    if let Ok(number) = text.parse() {
        return Some(ScalarValue::UInt64(Some(number)));
    }
    if let Ok(number) = text.parse() {
        return Some(ScalarValue::Int64(Some(number)));
    }
    text.parse().ok().map(|number| ScalarValue::Float64(Some(number)))
}

/// A reader for a payload whose function wants it whole.
pub(crate) fn whole<'a, T>(bytes: &'a [u8], read: impl FnOnce(&mut Reader<'a>) -> EngineResult<T>) -> EngineResult<T> {
    let mut reader = Reader::new(bytes);
    let value = read(&mut reader)?;
    reader.end()?;
    Ok(value)
}
