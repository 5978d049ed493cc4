//! `ORDER BY … WITH FILL`: rows for the steps that no row is at.
//!
//! Rows lie sorted. For each column a cursor walks from FROM (or the first row) by STEP; where it comes by before
//! a row does, a row is made. Of several columns, the later ones are filled inside each value of the earlier ones.

use super::Rows;
use super::limit::encode;
use crate::error::Error;
use crate::limits::FILL_ROWS_MAX;
use crate::plan::node::{Fill, FillColumn, Number, Step};
use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, RecordBatch};
use arrow::compute::{cast, interleave};
use arrow::datatypes::{
    DataType as Arrow, Decimal128Type, Field, Float64Type, Int64Type, Schema, SchemaRef, UInt64Type,
};
use datafusion::common::{DFSchema, DataFusionError, Result, exec_err};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::scalar::ScalarValue;
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// A row that comes out: one that was there, or a new one by its number.
#[derive(Clone, Copy)]
enum Item {
    Old(usize),
    New(usize),
}

pub(super) fn run(fill: &Fill, exprs: &[Arc<dyn PhysicalExpr>], rows: Rows) -> Result<RecordBatch> {
    let Rows { batch, values, output, memory } = rows;
    let (prefix, rest) = values.split_at(fill.prefix.len());
    let (columns, follow) = rest.split_at(fill.columns.len());
    let axes = fill.columns.iter().zip(columns).map(|(column, array)| Axis::new(column, array));
    let mut walk =
        Walk { axes: axes.collect::<Result<_>>()?, items: Vec::new(), made: Vec::new(), groups: Vec::new(), group: 0 };
    for group in groups(prefix, batch.num_rows())? {
        walk.group = group.start;
        walk.level(0, group, &mut Vec::new())?;
    }
    memory.try_grow((walk.items.len() + walk.made.len()) * 32)?;
    let follow_exprs = &exprs[fill.prefix.len() + fill.columns.len()..];
    Table { fill, batch: &batch, schema: output, walk: &walk, follow, follow_exprs }.build()
}

/// Rows with equal values in the ORDER BY columns before the first that is filled. Without such columns there is
/// one group, also of no rows.
fn groups(prefix: &[ArrayRef], count: usize) -> Result<Vec<Range<usize>>> {
    if prefix.is_empty() {
        return Ok(std::iter::once(0..count).collect());
    }
    let keys = encode(prefix)?;
    let mut groups: Vec<Range<usize>> = Vec::new();
    for row in 0..count {
        match groups.last_mut() {
            Some(group) if keys.row(group.start) == keys.row(row) => group.end = row + 1,
            _ => groups.push(row..row + 1),
        }
    }
    Ok(groups)
}

/// One filled column.
struct Axis<'a> {
    column: &'a FillColumn,
    values: Vec<Option<Number>>,
    data_type: Arrow,
    calendar: Option<Arc<dyn PhysicalExpr>>,
}

impl<'a> Axis<'a> {
    fn new(column: &'a FillColumn, array: &ArrayRef) -> Result<Axis<'a>> {
        let data_type = array.data_type().clone();
        let calendar = match &column.step {
            Step::Calendar(next) => {
                let schema = Schema::new(vec![Field::new("x", data_type.clone(), false)]);
                let schema = DFSchema::try_from(schema)?;
                let planning = PhysicalPlanningContext::default();
                Some(create_physical_expr(next, &schema, &ExecutionProps::new(), &planning)?)
            }
            Step::By(_) => None,
        };
        Ok(Axis { column, values: numbers(array)?, data_type, calendar })
    }

    /// `a` comes before `b` in the column's order.
    fn before(&self, a: Number, b: Number) -> bool {
        let order = a.compare(b);
        order == if self.column.ascending { Ordering::Less } else { Ordering::Greater }
    }

    fn next(&self, at: Number) -> Result<Number> {
        let next = match (&self.column.step, at) {
            (Step::By(Number::Integer(step)), Number::Integer(at)) => at.checked_add(*step).map(Number::Integer),
            (Step::By(Number::Float(step)), Number::Float(at)) => Some(Number::Float(at + step)),
            (Step::By(_), _) => None,
            (Step::Calendar(_), at) => self.calendar_next(at)?,
        };
        match next {
            Some(next) if self.before(at, next) => Ok(next),
            _ => exec_err!("WITH FILL cannot step on from here"),
        }
    }

    fn calendar_next(&self, at: Number) -> Result<Option<Number>> {
        let Some(next) = &self.calendar else { return Ok(None) };
        let column = array(&[at], &self.data_type)?;
        let schema = Arc::new(Schema::new(vec![Field::new("x", self.data_type.clone(), false)]));
        let batch = RecordBatch::try_new(schema, vec![column])?;
        let value = cast(&next.evaluate(&batch)?.into_array(1)?, &self.data_type)?;
        Ok(numbers(&value)?.pop().flatten())
    }
}

fn numbers(array: &ArrayRef) -> Result<Vec<Option<Number>>> {
    let whole = |array: &ArrayRef| -> Result<Vec<Option<Number>>> {
        let wide = cast(array, &Arrow::Int64)?;
        let integer = |value| Number::Integer(i128::from(value));
        Ok(wide.as_primitive::<Int64Type>().iter().map(|value| value.map(integer)).collect())
    };
    Ok(match array.data_type() {
        Arrow::Float32 | Arrow::Float64 => {
            let wide = cast(array, &Arrow::Float64)?;
            wide.as_primitive::<Float64Type>().iter().map(|value| value.map(Number::Float)).collect()
        }
        Arrow::UInt64 => {
            let values = array.as_primitive::<UInt64Type>();
            values.iter().map(|value| value.map(|value| Number::Integer(i128::from(value)))).collect()
        }
        Arrow::Decimal128(..) => {
            array.as_primitive::<Decimal128Type>().iter().map(|value| value.map(Number::Integer)).collect()
        }
        Arrow::Date32 => whole(&cast(array, &Arrow::Int32)?)?,
        _ => whole(array)?,
    })
}

/// Numbers as values of a column.
fn array(numbers: &[Number], data_type: &Arrow) -> Result<ArrayRef> {
    let wide: ArrayRef = match data_type {
        Arrow::Float32 | Arrow::Float64 => {
            let floats = numbers.iter().map(|number| match number {
                Number::Float(value) => *value,
                Number::Integer(value) => *value as f64,
            });
            Arc::new(Float64Array::from_iter_values(floats))
        }
        Arrow::Decimal128(precision, scale) => {
            let values = Decimal128Array::from_iter_values(numbers.iter().map(|number| number.integer()));
            Arc::new(values.with_precision_and_scale(*precision, *scale)?)
        }
        Arrow::UInt64 => {
            let values = numbers.iter().map(|number| u64::try_from(number.integer()).unwrap_or(0));
            Arc::new(arrow::array::UInt64Array::from_iter_values(values))
        }
        _ => Arc::new(Int64Array::from_iter_values(
            numbers.iter().map(|number| i64::try_from(number.integer()).unwrap_or(i64::MAX)),
        )),
    };
    Ok(match data_type {
        Arrow::Date32 => cast(&cast(&wide, &Arrow::Int32)?, data_type)?,
        _ => cast(&wide, data_type)?,
    })
}

struct Walk<'a> {
    axes: Vec<Axis<'a>>,
    items: Vec<Item>,
    /// The filled columns of each new row; none where a column has nothing to start from.
    made: Vec<Vec<Option<Number>>>,
    /// For each new row, a row that has its prefix.
    groups: Vec<usize>,
    group: usize,
}

impl Walk<'_> {
    fn level(&mut self, level: usize, rows: Range<usize>, above: &mut Vec<Option<Number>>) -> Result<()> {
        let Some(axis) = self.axes.get(level) else {
            self.items.extend(rows.map(Item::Old));
            return Ok(());
        };
        let (from, to) = (axis.column.from, axis.column.to);
        let first = axis.values[rows.clone()].first().copied().flatten();
        let mut cursor = from.or(if rows.is_empty() { None } else { first });
        let mut start = rows.start;
        while start < rows.end {
            let axis = &self.axes[level];
            let value = axis.values[start];
            let same = |row: &usize| {
                axis.values[*row].is_some() == value.is_some()
                    && match (axis.values[*row], value) {
                        (Some(a), Some(b)) => a.compare(b) == Ordering::Equal,
                        _ => true,
                    }
            };
            let end = (start..rows.end).find(|row| !same(row)).unwrap_or(rows.end);
            if let Some(value) = value {
                cursor = self.walk_to(level, cursor, Some(value), above)?;
            }
            above.push(value);
            self.level(level + 1, start..end, above)?;
            above.pop();
            if let (Some(at), Some(value)) = (cursor, value)
                && at.compare(value) == Ordering::Equal
            {
                cursor = Some(self.axes[level].next(at)?);
            }
            start = end;
        }
        if to.is_some() && (!rows.is_empty() || from.is_some()) {
            self.walk_to(level, cursor, None, above)?;
        }
        Ok(())
    }

    /// Makes rows from the cursor up to a value (or to TO), without it; says where the cursor is then.
    fn walk_to(
        &mut self,
        level: usize,
        mut cursor: Option<Number>,
        value: Option<Number>,
        above: &mut Vec<Option<Number>>,
    ) -> Result<Option<Number>> {
        while let Some(at) = cursor {
            let axis = &self.axes[level];
            let ends = [value, axis.column.to].into_iter().flatten().any(|end| !axis.before(at, end));
            if ends {
                break;
            }
            above.push(Some(at));
            self.make(level + 1, above)?;
            above.pop();
            cursor = Some(self.axes[level].next(at)?);
        }
        Ok(cursor)
    }

    fn make(&mut self, level: usize, above: &mut Vec<Option<Number>>) -> Result<()> {
        let bounded = self.axes.get(level).is_some_and(|axis| axis.column.from.is_some() && axis.column.to.is_some());
        if bounded {
            return self.level(level, 0..0, above);
        }
        if level < self.axes.len() {
            above.push(self.axes[level].column.from);
            self.make(level + 1, above)?;
            above.pop();
            return Ok(());
        }
        if self.made.len() >= FILL_ROWS_MAX {
            let message = format!("WITH FILL makes more than {FILL_ROWS_MAX} rows");
            return Err(DataFusionError::External(Box::new(Error::limit(message))));
        }
        self.items.push(Item::New(self.made.len()));
        self.made.push(above.clone());
        self.groups.push(self.group);
        Ok(())
    }
}

/// What comes out.
struct Table<'a> {
    fill: &'a Fill,
    batch: &'a RecordBatch,
    schema: SchemaRef,
    walk: &'a Walk<'a>,
    /// The values of INTERPOLATE's expressions behind each old row, and the expressions.
    follow: &'a [ArrayRef],
    follow_exprs: &'a [Arc<dyn PhysicalExpr>],
}

impl Table<'_> {
    fn build(&self) -> Result<RecordBatch> {
        let followed = self.followed()?;
        let mut columns = Vec::with_capacity(self.batch.num_columns());
        for (field, old) in self.batch.schema().fields().iter().zip(self.batch.columns()) {
            columns.push(self.column(field.name(), old, &followed)?);
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(self.walk.items.len()));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }

    fn column(&self, name: &str, old: &ArrayRef, followed: &[Vec<ScalarValue>]) -> Result<ArrayRef> {
        let made = self.walk.made.len();
        let place = |new: &dyn Fn(usize) -> (usize, usize)| -> Vec<(usize, usize)> {
            let items = self.walk.items.iter();
            items
                .map(|item| match item {
                    Item::Old(row) => (0, *row),
                    Item::New(number) => new(*number),
                })
                .collect()
        };
        if made == 0 {
            return Ok(interleave(&[old], &place(&|_| (0, 0)))?);
        }
        if let Some(level) = self.fill.columns.iter().position(|column| column.name == name) {
            let zero = Number::Integer(0);
            let numbers: Vec<Number> = self.walk.made.iter().map(|made| made[level].unwrap_or(zero)).collect();
            let new = array(&numbers, old.data_type())?;
            return Ok(interleave(&[old, &new], &place(&|number| (1, number)))?);
        }
        if self.fill.prefix.iter().any(|prefix| prefix == name) {
            return Ok(interleave(&[old], &place(&|number| (0, self.walk.groups[number])))?);
        }
        if let Some(target) = self.fill.interpolated.iter().position(|target| target == name) {
            let new = cast(&ScalarValue::iter_to_array(followed[target].iter().cloned())?, old.data_type())?;
            return Ok(interleave(&[old, &new], &place(&|number| (1, number)))?);
        }
        let default = self.default(name, old.data_type())?.to_array()?;
        Ok(interleave(&[old, &default], &place(&|_| (1, 0)))?)
    }

    fn default(&self, name: &str, data_type: &Arrow) -> Result<ScalarValue> {
        match self.fill.defaults.iter().find(|(column, _)| column == name) {
            Some((_, default)) => Ok(default.clone()),
            None => ScalarValue::new_default(data_type),
        }
    }

    /// INTERPOLATE: for each target its values in the new rows, each from the row before.
    fn followed(&self) -> Result<Vec<Vec<ScalarValue>>> {
        let mut followed = vec![Vec::with_capacity(self.walk.made.len()); self.follow.len()];
        if self.follow.is_empty() {
            return Ok(followed);
        }
        let mut before = None;
        for item in &self.walk.items {
            if let Item::New(_) = item {
                let row = self.one_row(before, &followed)?;
                for (target, value) in row.into_iter().enumerate() {
                    followed[target].push(value);
                }
            }
            before = Some(*item);
        }
        Ok(followed)
    }

    fn one_row(&self, before: Option<Item>, followed: &[Vec<ScalarValue>]) -> Result<Vec<ScalarValue>> {
        match before {
            Some(Item::Old(row)) => self.follow.iter().map(|values| ScalarValue::try_from_array(values, row)).collect(),
            Some(Item::New(before)) => {
                let batch = self.made_row(before, followed)?;
                let values = self.follow_exprs.iter();
                values.map(|expr| ScalarValue::try_from_array(&expr.evaluate(&batch)?.into_array(1)?, 0)).collect()
            }
            None => {
                let targets = self.fill.interpolated.iter().zip(self.follow);
                targets.map(|(name, values)| self.default(name, values.data_type())).collect()
            }
        }
    }

    /// A new row as a batch of its own.
    fn made_row(&self, number: usize, followed: &[Vec<ScalarValue>]) -> Result<RecordBatch> {
        let schema = self.batch.schema();
        let columns = schema.fields().iter().enumerate().map(|(at, field)| {
            let data_type = field.data_type();
            if let Some(level) = self.fill.columns.iter().position(|column| column.name == *field.name()) {
                return array(&[self.walk.made[number][level].unwrap_or(Number::Integer(0))], data_type);
            }
            if self.fill.prefix.iter().any(|prefix| prefix == field.name()) {
                return Ok(self.batch.column(at).slice(self.walk.groups[number], 1));
            }
            match self.fill.interpolated.iter().position(|target| target == field.name()) {
                Some(target) => Ok(cast(&followed[target][number].to_array()?, data_type)?),
                None => self.default(field.name(), data_type)?.to_array(),
            }
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        Ok(RecordBatch::try_new(schema.clone(), columns)?)
    }
}
