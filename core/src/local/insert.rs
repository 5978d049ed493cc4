//! `INSERT`: rows from VALUES, from a query, or from the text of an input format.

use super::lexer::Cursor;
use super::statement::{Columns, Insert, Rows as Source};
use super::{Database, unknown_table};
use crate::batch::{Rows, Schema};
use crate::catalog::DataSource;
use crate::compact;
use crate::error::{Error, Result};
use crate::ingest::rows::{self, Filled};
use crate::plan::{self, Expressions};
use crate::sql::exception::SYNTAX_ERROR;
use crate::value::DataType;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{concat, concat_batches, interleave};
use arrow::error::ArrowError;

const NO_SUCH_COLUMN_IN_TABLE: u16 = 16;
const NUMBER_OF_COLUMNS_DOESNT_MATCH: u16 = 20;
const UNKNOWN_FORMAT: u16 = 73;

impl Database {
    pub(super) fn insert(&mut self, text: &str, insert: Insert, now_ns: i64) -> Result<()> {
        let source = self.catalog.data_sources.get(&insert.table).ok_or_else(|| unknown_table(&insert.table))?.clone();
        let schema = chosen(&source, &insert.columns)?;
        let filled = match insert.rows {
            Source::Values(range) => values(&schema, &text[range], now_ns)?,
            Source::Format { name, data } => read(&schema, &name, &text[data])?,
            Source::Query(range) => {
                let rows = self.select(&text[range], now_ns)?.rows;
                cast(rows, &schema, now_ns)?
            }
        };
        let batch = complete(&source, &schema, filled, now_ns)?;
        self.append(&source, batch, now_ns)
    }

    /// Rows of a query become rows of the table, column by column.
    pub(super) fn insert_rows(&mut self, table: &str, rows: Rows, now_ns: i64) -> Result<()> {
        let source = self.catalog.data_sources.get(table).ok_or_else(|| unknown_table(table))?.clone();
        let schema = compact::schema(&source);
        let filled = cast(rows, &schema, now_ns)?;
        let batch = complete(&source, &schema, filled, now_ns)?;
        self.append(&source, batch, now_ns)
    }
}

/// The columns that rows come for.
fn chosen(source: &DataSource, columns: &Columns) -> Result<Schema> {
    let all = compact::schema(source);
    let unknown = |name: &String| {
        let message = format!("the table {:?} has no column {name:?}", source.name);
        Error::invalid(message).with_exception_code(NO_SUCH_COLUMN_IN_TABLE)
    };
    let column = |name: &String| {
        let column = all.0.iter().find(|(known, _)| known == name);
        column.cloned().ok_or_else(|| unknown(name))
    };
    match columns {
        Columns::All => Ok(all),
        Columns::These(names) => names.iter().map(column).collect::<Result<_>>().map(Schema),
        Columns::Except(names) => {
            names.iter().map(column).collect::<Result<Vec<_>>>()?;
            Ok(Schema(all.0.into_iter().filter(|(name, _)| !names.contains(name)).collect()))
        }
    }
}

fn read(schema: &Schema, format: &str, text: &str) -> Result<Filled> {
    let mut columns = rows::Columns::new(schema);
    match format.to_ascii_lowercase().as_str() {
        "jsoneachrow" | "ndjson" | "jsonlines" => columns.json_each_row(text)?,
        "jsoncompacteachrow" => columns.json_compact_each_row(text, 0)?,
        "jsoncompacteachrowwithnames" => columns.json_compact_each_row(text, 1)?,
        "jsoncompacteachrowwithnamesandtypes" => columns.json_compact_each_row(text, 2)?,
        "tsv" | "tabseparated" => columns.tsv(text, 0)?,
        "tsvwithnames" | "tabseparatedwithnames" => columns.tsv(text, 1)?,
        "tsvwithnamesandtypes" | "tabseparatedwithnamesandtypes" => columns.tsv(text, 2)?,
        "csv" => columns.csv(text, b',', 0)?,
        "csvwithnames" => columns.csv(text, b',', 1)?,
        "csvwithnamesandtypes" => columns.csv(text, b',', 2)?,
        _ => {
            return Err(
                Error::invalid(format!("the input format {format} is not known")).with_exception_code(UNKNOWN_FORMAT)
            );
        }
    }
    Ok(columns.finish())
}

/// `(1, 'x'), (1 + 1, upper('y'))`: literals are read as the column's type, expressions are cast to it.
fn values(schema: &Schema, text: &str, now_ns: i64) -> Result<Filled> {
    let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::new(); schema.0.len()];
    let mut missing: Vec<Vec<bool>> = vec![Vec::new(); schema.0.len()];
    let mut cursor = Cursor::new(text);
    while !cursor.is_done() {
        if cursor.eat_mark(b',') || cursor.eat_mark(b';') {
            continue;
        }
        if !cursor.eat_mark(b'(') {
            return Err(with_code(cursor.unexpected("("), SYNTAX_ERROR));
        }
        for (index, (name, data_type)) in schema.0.iter().enumerate() {
            if index > 0 {
                cursor.expect_mark(b',').map_err(|error| with_code(error, SYNTAX_ERROR))?;
            }
            let (value, is_missing) = value(&mut cursor, name, data_type, now_ns)?;
            columns[index].push(value);
            missing[index].push(is_missing);
        }
        cursor.expect_mark(b')').map_err(|error| with_code(error, SYNTAX_ERROR))?;
    }
    let arrays = columns.iter().zip(&schema.0).map(|(values, (_, data_type))| {
        let values: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        match values.as_slice() {
            [] => Ok(arrow::array::new_empty_array(&data_type.to_arrow())),
            values => concat(values).map_err(internal),
        }
    });
    Ok(Filled { arrays: arrays.collect::<Result<_>>()?, missing })
}

/// One value, and whether it stands for the column's default.
fn value(cursor: &mut Cursor<'_>, name: &str, data_type: &DataType, now_ns: i64) -> Result<(ArrayRef, bool)> {
    let schema = Schema(vec![(name.to_owned(), data_type.clone())]);
    let mut columns = rows::Columns::new(&schema);
    let start = cursor.place();
    if let Some(taken) = columns.literal(0, &cursor.text[start..]) {
        let mut behind = cursor.clone();
        behind.seek(start + taken);
        if behind.is_mark(b',') || behind.is_mark(b')') {
            *cursor = behind;
            let mut filled = columns.finish();
            return Ok((filled.arrays.remove(0), filled.missing[0][0]));
        }
    }
    let range = cursor.until(|cursor| cursor.is_mark(b','));
    let text = &cursor.text[range];
    if text.eq_ignore_ascii_case("DEFAULT") || text.eq_ignore_ascii_case("NULL") && !data_type.is_nullable() {
        return Ok((rows::defaults(data_type, 1), true));
    }
    let value = plan::constant(text, data_type, now_ns).map_err(|error| error.context(format!("column {name:?}")))?;
    let value = value.to_array().map_err(|error| Error::internal(error.to_string()))?;
    match value.is_null(0) && !data_type.is_nullable() {
        true => Ok((rows::defaults(data_type, 1), true)),
        false => Ok((value, false)),
    }
}

/// Columns of a query as the types of the columns that they go into.
fn cast(rows: Rows, schema: &Schema, now_ns: i64) -> Result<Filled> {
    if rows.schema.0.len() != schema.0.len() {
        let (found, expected) = (rows.schema.0.len(), schema.0.len());
        return Err(Error::invalid(format!("the query gives {found} columns for {expected}"))
            .with_exception_code(NUMBER_OF_COLUMNS_DOESNT_MATCH));
    }
    let batch = concat_batches(&rows.schema.to_arrow(), &rows.batches).map_err(internal)?;
    let mut filled = Filled { arrays: Vec::new(), missing: Vec::new() };
    for ((array, (_, from)), (name, to)) in batch.columns().iter().zip(&rows.schema.0).zip(&schema.0) {
        let mut array = array.clone();
        if from != to {
            let given = Schema(vec![("value".to_owned(), from.clone())]);
            let is_wider = from.is_nullable() && !to.is_nullable() && *to.bare() == *to;
            let target = if is_wider { to.clone().nullable() } else { to.clone() };
            let text = format!("CAST(value, '{}')", target.to_string().replace('\\', "\\\\").replace('\'', "\\'"));
            let one = RecordBatch::try_new(given.to_arrow(), vec![array]).map_err(internal)?;
            let casts = Expressions::at(&[text], &given, now_ns).map_err(|error| error.context(name))?;
            array = casts.evaluate(&one)?.remove(0);
        }
        let missing = match array.logical_nulls().filter(|_| !to.is_nullable()) {
            Some(nulls) => nulls.iter().map(|valid| !valid).collect(),
            None => vec![false; array.len()],
        };
        filled.arrays.push(array);
        filled.missing.push(missing);
    }
    Ok(filled)
}

/// All columns of the table: what rows lack takes the column's DEFAULT, or its type's.
fn complete(source: &DataSource, schema: &Schema, filled: Filled, now_ns: i64) -> Result<RecordBatch> {
    let count = filled.arrays.first().map_or(0, |array| array.len());
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    let mut known = Schema::default();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (array, (name, data_type)) in filled.arrays.iter().zip(&schema.0) {
        known.0.push((name.clone(), data_type.clone()));
        arrays.push(array.clone());
    }
    for column in &source.columns {
        let given = known.position(&column.name);
        let missing = given.map_or_else(|| vec![true; count], |index| filled.missing[index].clone());
        if !missing.contains(&true) {
            continue;
        }
        let default = match &column.default {
            Some(text) => {
                let quoted = column.data_type.to_string().replace('\\', "\\\\").replace('\'', "\\'");
                let cast = format!("CAST({text}, '{quoted}')");
                let batch = RecordBatch::try_new_with_options(relaxed(&known, &arrays), arrays.clone(), &options);
                let defaults = Expressions::at(&[cast], &known, now_ns)?;
                defaults.evaluate(&batch.map_err(internal)?)?.remove(0)
            }
            None => rows::defaults(&column.data_type, count),
        };
        match given {
            Some(index) => {
                let places: Vec<(usize, usize)> =
                    missing.iter().enumerate().map(|(row, missing)| (usize::from(*missing), row)).collect();
                arrays[index] = interleave(&[arrays[index].as_ref(), default.as_ref()], &places).map_err(internal)?;
            }
            None => {
                known.0.push((column.name.clone(), column.data_type.clone()));
                arrays.push(default);
            }
        }
    }
    let ordered = source.columns.iter().map(|column| {
        let index = known.position(&column.name).expect("every column has been filled");
        arrays[index].clone()
    });
    let ordered: Vec<ArrayRef> = ordered.collect();
    RecordBatch::try_new_with_options(compact::schema(source).to_arrow(), ordered, &options).map_err(internal)
}

/// The columns' schema, where NULLs may still stand for defaults to come.
fn relaxed(schema: &Schema, arrays: &[ArrayRef]) -> arrow::datatypes::SchemaRef {
    let fields = schema.0.iter().zip(arrays).map(|((name, data_type), array)| {
        let field = data_type.to_field(name);
        let is_nullable = field.is_nullable() || array.null_count() > 0;
        field.with_nullable(is_nullable)
    });
    arrow::datatypes::SchemaRef::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}

fn with_code(error: Error, code: u16) -> Error {
    error.with_exception_code(code)
}

fn internal(error: ArrowError) -> Error {
    Error::internal(format!("the rows of an INSERT: {error}"))
}
