//! GROUP BY over text goes by numbers: a text gets one when it is first seen, the engine groups the
//! numbers, and the texts come back in the result.
//!
//! ```text
//! Aggregate by t   ⇒   Projection text_of(t), …
//!                      └ Aggregate by code_of(t)
//! ```
//!
//! The engine's own table hashes and compares the text of every row. But columns come from
//! dictionaries, so within a batch equal texts mostly are one view, and a small memo of views tells
//! the code of most rows without a look at their bytes.

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, UInt32Type};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, internal_err};
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::{
    Aggregate, ColumnarValue, Expr, LogicalPlan, Projection, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr_common::binary_map::OutputType;
use datafusion::physical_expr_common::binary_view_map::ArrowBytesViewMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Rewrites every aggregation by text of an optimized plan.
pub(super) fn group_by_codes(plan: LogicalPlan, memory: &Arc<dyn MemoryPool>) -> Result<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|plan| match plan {
        LogicalPlan::Aggregate(aggregate) if is_by_text(&aggregate) => {
            Ok(Transformed::yes(LogicalPlan::Projection(by_codes(aggregate, memory)?)))
        }
        plan => Ok(Transformed::no(plan)),
    })?;
    Ok(rewritten.data)
}

/// Not DISTINCT, which has no aggregates: the engine stops early at its LIMIT.
fn is_by_text(aggregate: &Aggregate) -> bool {
    let is_set = aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)));
    let mut groups = aggregate.schema.fields().iter().take(aggregate.group_expr.len());
    !is_set && !aggregate.aggr_expr.is_empty() && groups.any(|field| *field.data_type() == DataType::Utf8View)
}

fn by_codes(aggregate: Aggregate, memory: &Arc<dyn MemoryPool>) -> Result<Projection> {
    let schema = aggregate.schema.clone();
    let mut groups = Vec::new();
    let mut results: Vec<Expr> = Vec::new();
    for (index, expr) in aggregate.group_expr.into_iter().enumerate() {
        let (qualifier, field) = schema.qualified_field(index);
        if *field.data_type() != DataType::Utf8View {
            groups.push(expr);
            results.push(Expr::Column(Column::from((qualifier, field))));
            continue;
        }
        let codes = Arc::new(Codes::new(memory));
        let name = format!("code {index}");
        groups.push(codes.clone().function(Direction::ToCode).call(vec![expr]).alias(&name));
        let code = Expr::Column(Column::new_unqualified(name));
        let text = codes.function(Direction::ToText).call(vec![code]);
        results.push(text.alias_qualified(qualifier.cloned(), field.name()));
    }
    for index in groups.len()..schema.fields().len() {
        results.push(Expr::Column(Column::from(schema.qualified_field(index))));
    }
    let grouped = LogicalPlan::Aggregate(Aggregate::try_new(aggregate.input, groups, aggregate.aggr_expr)?);
    Projection::try_new_with_schema(results, Arc::new(grouped), schema)
}

/// The texts of one column of one query.
struct Codes(Mutex<Texts>);

enum Texts {
    /// Rows still come in.
    Collecting { map: ArrowBytesViewMap<u32>, memo: Memo, memory: MemoryReservation },
    /// All are known; a code is an index.
    Known { texts: StringViewArray, _memory: MemoryReservation },
    /// A failed query left it so.
    Lost,
}

impl Codes {
    fn new(memory: &Arc<dyn MemoryPool>) -> Codes {
        let memory = MemoryConsumer::new("texts of a GROUP BY").register(memory);
        let map = ArrowBytesViewMap::new(OutputType::Utf8View);
        Codes(Mutex::new(Texts::Collecting { map, memo: Memo::default(), memory }))
    }

    fn function(self: Arc<Codes>, direction: Direction) -> ScalarUDF {
        ScalarUDF::new_from_impl(Coding { codes: self, direction, signature: Signature::any(1, Volatility::Volatile) })
    }

    fn codes_of(&self, texts: &StringViewArray) -> Result<UInt32Array> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Texts::Collecting { map, memo, memory } = &mut *state else {
            return internal_err!("a GROUP BY saw rows after its result");
        };
        let Firsts { rows, place_of_row } = memo.firsts(texts);
        let firsts = take(texts, &UInt32Array::from(rows), None)?;
        let mut next = map.len() as u32;
        let mut codes = Vec::with_capacity(firsts.len());
        let make = |_: Option<&[u8]>| {
            next += 1;
            next - 1
        };
        map.insert_if_new(&firsts, make, |code| codes.push(code));
        memory.try_resize(map.size())?;
        // a NULL has a place, but not always a code
        let values = place_of_row.iter().map(|place| codes.get(*place as usize).copied().unwrap_or_default()).collect();
        Ok(UInt32Array::new(values, texts.nulls().cloned()))
    }

    fn texts_of(&self, codes: &UInt32Array) -> Result<ArrayRef> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Texts::Collecting { .. } = &*state
            && let Texts::Collecting { map, memory, .. } = std::mem::replace(&mut *state, Texts::Lost)
        {
            let texts = map.into_state().as_string_view().clone();
            *state = Texts::Known { texts, _memory: memory };
        }
        match &*state {
            Texts::Known { texts, .. } => Ok(take(texts, codes, None)?),
            _ => internal_err!("the texts of a GROUP BY are gone"),
        }
    }
}

/// A batch's rows with different views, and for each row its place among them.
struct Firsts {
    rows: Vec<u32>,
    place_of_row: Vec<u32>,
}

/// Views of the batch at hand that were seen lately. A view that was pushed out counts as new again.
struct Memo(Vec<(u128, u32)>);

/// Few enough for the processor's nearest cache.
const MEMO_VIEWS: usize = 1024;
/// Belongs to no row.
const NOWHERE: u32 = u32::MAX;

impl Default for Memo {
    fn default() -> Memo {
        Memo(vec![(0, NOWHERE); MEMO_VIEWS])
    }
}

impl Memo {
    fn firsts(&mut self, texts: &StringViewArray) -> Firsts {
        // a view means another text in the next batch
        self.0.fill((0, NOWHERE));
        let mut rows = Vec::new();
        let place_of_row = texts.views().iter().enumerate().map(|(row, view)| {
            if texts.is_null(row) {
                return 0;
            }
            let folded = (*view as u64 ^ (*view >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let (known, place) = &mut self.0[(folded >> 32) as usize % MEMO_VIEWS];
            if *known != *view || *place == NOWHERE {
                (*known, *place) = (*view, rows.len() as u32);
                rows.push(row as u32);
            }
            *place
        });
        let place_of_row = place_of_row.collect();
        Firsts { rows, place_of_row }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Direction {
    ToCode,
    ToText,
}

/// The engine's function over one [`Codes`].
struct Coding {
    codes: Arc<Codes>,
    direction: Direction,
    signature: Signature,
}

impl fmt::Debug for Coding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.direction)
    }
}

impl PartialEq for Coding {
    fn eq(&self, other: &Coding) -> bool {
        Arc::ptr_eq(&self.codes, &other.codes) && self.direction == other.direction
    }
}

impl Eq for Coding {}

impl Hash for Coding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (Arc::as_ptr(&self.codes), self.direction).hash(state);
    }
}

impl ScalarUDFImpl for Coding {
    fn name(&self) -> &str {
        match self.direction {
            Direction::ToCode => "code_of",
            Direction::ToText => "text_of",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.direction {
            Direction::ToCode => DataType::UInt32,
            Direction::ToText => DataType::Utf8View,
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = &arguments.args[..] else { return internal_err!("{} takes one argument", self.name()) };
        let array = argument.to_array(arguments.number_rows)?;
        let result: ArrayRef = match self.direction {
            Direction::ToCode => Arc::new(self.codes.codes_of(array.as_string_view())?),
            Direction::ToText => self.codes.texts_of(array.as_primitive::<UInt32Type>())?,
        };
        Ok(ColumnarValue::Array(result))
    }
}

#[cfg(test)]
mod tests;
