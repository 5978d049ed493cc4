//! Arrays, tuples and maps: made of each other, and read from their text.
//!
//! Text is read a level at a time: all rows are cut into the texts of their items, which are then converted to
//! the item's type together, so that one list of conversions serves both.

use super::cast::{OnError, cast_array};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

/// Whether [`cast`] knows the pair, by what `possible` says of the parts.
pub(super) fn is_possible(from: &DataType, to: &DataType, possible: impl Fn(&DataType, &DataType) -> bool) -> bool {
    use DataType::*;
    match (from, to) {
        (String, Array(item)) => possible(from, item),
        (String, Tuple(items)) => items.iter().all(|(_, item)| possible(from, item)),
        (Map(key, value), Array(item)) | (Array(item), Map(key, value)) => match item.bare() {
            Tuple(items) => match (from, items.as_slice()) {
                (Map(..), [(_, to_key), (_, to_value)]) => possible(key, to_key) && possible(value, to_value),
                (_, [(_, from_key), (_, from_value)]) => possible(from_key, key) && possible(from_value, value),
                _ => false,
            },
            _ => false,
        },
        (Tuple(items), Map(key, value)) => match items.as_slice() {
            [(_, Array(from_key)), (_, Array(from_value))] => possible(from_key, key) && possible(from_value, value),
            _ => false,
        },
        _ => false,
    }
}

pub(super) fn cast(array: &ArrayRef, from: &DataType, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    use DataType::*;
    match (from, to) {
        (String, _) => from_text(array.as_string_view(), to, on_error),
        (Map(key, value), Array(item)) => {
            let map = array.as_map();
            let pair = Tuple(vec![(None, key.as_ref().clone()), (None, value.as_ref().clone())]);
            let Arrow::Struct(fields) = pair.to_arrow() else { return exec_err!("a tuple is a struct") };
            let pairs = StructArray::try_new(fields, vec![map.keys().clone(), map.values().clone()], None)?;
            let items = cast_array(&(Arc::new(pairs) as ArrayRef), &pair, item, on_error)?;
            let field = Arc::new(item.to_field("item"));
            Ok(Arc::new(ListArray::try_new(field, map.offsets().clone(), items, map.nulls().cloned())?))
        }
        (Array(item), Map(key, value)) => {
            let list = array.as_list::<i32>();
            let pair = Tuple(vec![(None, key.as_ref().clone()), (None, value.as_ref().clone())]);
            let pairs = cast_array(list.values(), item, &pair, on_error)?;
            let pairs = pairs.as_struct();
            map_of(to, list.offsets().clone(), pairs.column(0).clone(), pairs.column(1).clone())
        }
        (Tuple(items), Map(key, value)) => {
            let tuple = array.as_struct();
            let (keys, values) = (tuple.column(0).as_list::<i32>(), tuple.column(1).as_list::<i32>());
            let lengths: Vec<usize> = keys.offsets().lengths().collect();
            if lengths.iter().copied().ne(values.offsets().lengths()) {
                return exec_err!("a map needs as many values as keys");
            }
            let [(_, Array(from_key)), (_, Array(from_value))] = items.as_slice() else {
                return exec_err!("a map is made of two arrays");
            };
            let flat = |lists: &ListArray| {
                let (start, end) = (lists.value_offsets()[0] as usize, lists.value_offsets()[lists.len()] as usize);
                lists.values().slice(start, end - start)
            };
            let keys = cast_array(&flat(keys), from_key, key, on_error)?;
            let values = cast_array(&flat(values), from_value, value, on_error)?;
            map_of(to, OffsetBuffer::from_lengths(lengths), keys, values)
        }
        _ => exec_err!("cannot convert {from} to {to}"),
    }
}

fn map_of(to: &DataType, offsets: OffsetBuffer<i32>, keys: ArrayRef, values: ArrayRef) -> EngineResult<ArrayRef> {
    let Arrow::Map(field, _) = to.to_arrow() else { return exec_err!("a map is a map") };
    let Arrow::Struct(fields) = field.data_type() else { return exec_err!("the entries of a map are a struct") };
    let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(field, offsets, entries, None, false)?))
}

/// Item texts as a column, and after them a default of the item's type where the text said NULL of a type that
/// has none.
struct Items {
    texts: StringViewBuilder,
    item: DataType,
}

impl Items {
    fn new(item: &DataType) -> Items {
        Items { texts: StringViewBuilder::new(), item: item.clone() }
    }

    /// What a text that stands in quotes must be, and what stands bare.
    fn is_quoted(&self) -> bool {
        let bare = self.item.bare();
        !(bare.is_numeric()
            || matches!(bare, DataType::Array(_) | DataType::Tuple(_) | DataType::Map(..) | DataType::Interval(_)))
    }

    fn push(&mut self, reader: &mut Reader) -> Result<(), String> {
        reader.skip_space();
        if reader.eat_word("NULL") {
            // as ClickHouse: the default, if the type has no NULL
            if self.item.is_nullable() {
                self.texts.append_null()
            } else {
                self.texts.append_value(self.default_text())
            }
            return Ok(());
        }
        if self.is_quoted() {
            self.texts.append_value(reader.quoted()?);
        } else {
            self.texts.append_value(reader.bare()?);
        }
        Ok(())
    }

    fn default_text(&self) -> &'static str {
        match self.item.bare() {
            DataType::Array(_) => "[]",
            DataType::Map(..) => "{}",
            bare if bare.is_numeric() => "0",
            _ => "",
        }
    }

    fn finish(mut self, on_error: OnError) -> EngineResult<ArrayRef> {
        let texts: ArrayRef = Arc::new(self.texts.finish());
        cast_array(&texts, &DataType::String, &self.item, on_error)
    }
}

fn from_text(texts: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let types: Vec<&DataType> = match to {
        DataType::Array(item) => vec![item],
        DataType::Map(key, value) => vec![key, value],
        DataType::Tuple(items) => items.iter().map(|(_, item)| item).collect(),
        other => return exec_err!("cannot convert String to {other}"),
    };
    let mut columns: Vec<Items> = types.into_iter().map(Items::new).collect();
    let mut lengths = Vec::with_capacity(texts.len());
    for text in texts {
        // where the outer value is NULL anything may stand
        let empty = match to {
            DataType::Tuple(_) => None,
            DataType::Map(..) => Some("{}"),
            _ => Some("[]"),
        };
        let read = match (text, empty) {
            (Some(text), _) | (None, Some(text)) => row(text, to, &mut columns),
            (None, None) => {
                columns.iter_mut().for_each(|column| {
                    if column.item.is_nullable() {
                        column.texts.append_null();
                    } else {
                        column.texts.append_value(column.default_text());
                    }
                });
                Ok(1)
            }
        };
        match read {
            Ok(length) => lengths.push(length),
            Err(problem) => return exec_err!("cannot parse {:?} as {to}: {problem}", text.unwrap_or_default()),
        }
    }
    let mut columns = columns.into_iter().map(|column| column.finish(on_error)).collect::<EngineResult<Vec<_>>>()?;
    match to {
        DataType::Array(item) => {
            let field = Arc::new(item.to_field("item"));
            let offsets = OffsetBuffer::from_lengths(lengths);
            Ok(Arc::new(ListArray::try_new(field, offsets, columns.remove(0), texts.nulls().cloned())?))
        }
        DataType::Map(..) => {
            let values = columns.remove(1);
            map_of(to, OffsetBuffer::from_lengths(lengths), columns.remove(0), values)
        }
        _ => {
            let Arrow::Struct(fields) = to.to_arrow() else { return exec_err!("a tuple is a struct") };
            Ok(Arc::new(StructArray::try_new(fields, columns, texts.nulls().cloned())?))
        }
    }
}

/// Cuts one row; says how many items it has.
fn row(text: &str, to: &DataType, columns: &mut [Items]) -> Result<usize, String> {
    let mut reader = Reader { text, at: 0 };
    let (open, close) = match to {
        DataType::Tuple(_) => ('(', ')'),
        DataType::Map(..) => ('{', '}'),
        _ => ('[', ']'),
    };
    reader.expect(open)?;
    let mut count = 0;
    if let DataType::Tuple(_) = to {
        for (index, column) in columns.iter_mut().enumerate() {
            if index > 0 {
                reader.expect(',')?;
            }
            column.push(&mut reader)?;
        }
        // (1,) is a tuple of one
        if columns.len() == 1 {
            reader.eat(',');
        }
    } else if !reader.sees(close) {
        loop {
            columns[0].push(&mut reader)?;
            if let [_, values] = columns {
                reader.expect(':')?;
                values.push(&mut reader)?;
            }
            count += 1;
            if !reader.eat(',') {
                break;
            }
        }
    }
    reader.expect(close)?;
    reader.skip_space();
    match reader.rest() {
        "" => Ok(count),
        rest => Err(format!("unexpected {rest:?} after the value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn sees(&mut self, token: char) -> bool {
        self.skip_space();
        self.rest().starts_with(token)
    }

    fn eat(&mut self, token: char) -> bool {
        let seen = self.sees(token);
        if seen {
            self.at += token.len_utf8();
        }
        seen
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let seen = self.rest().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if seen {
            self.at += word.len();
        }
        seen
    }

    fn expect(&mut self, token: char) -> Result<(), String> {
        if self.eat(token) {
            return Ok(());
        }
        match self.rest().chars().next() {
            Some(found) => Err(format!("expected {token:?} but found {found:?}")),
            None => Err(format!("expected {token:?} at the end")),
        }
    }

    /// Text in single quotes, with its escapes read.
    fn quoted(&mut self) -> Result<String, String> {
        if self.rest().starts_with("true") || self.rest().starts_with("false") {
            return self.bare().map(str::to_owned);
        }
        self.expect('\'')?;
        let mut out = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((index, c)) = chars.next() {
            match c {
                '\'' if self.rest()[index + 1..].starts_with('\'') => {
                    chars.next();
                    out.push('\'');
                }
                '\'' => {
                    self.at += index + 1;
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, 'r')) => out.push('\r'),
                    Some((_, 'b')) => out.push('\u{8}'),
                    Some((_, 'f')) => out.push('\u{c}'),
                    Some((_, '0')) => out.push('\0'),
                    Some((_, other)) => out.push(other),
                    None => break,
                },
                other => out.push(other),
            }
        }
        Err("a quote is not closed".to_owned())
    }

    /// Text up to the next comma, colon or closing bracket of this level; brackets inside are of its own.
    fn bare(&mut self) -> Result<&'a str, String> {
        self.skip_space();
        let rest = self.rest();
        let (mut depth, mut quoted, mut escaped) = (0, false, false);
        for (index, c) in rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\'' => quoted = !quoted,
                _ if quoted => {}
                '[' | '(' | '{' => depth += 1,
                ']' | ')' | '}' if depth > 0 => depth -= 1,
                ',' | ':' | ']' | ')' | '}' if depth == 0 => {
                    let text = rest[..index].trim_end();
                    self.at += index;
                    return if text.is_empty() { Err("a value is missing".to_owned()) } else { Ok(text) };
                }
                _ => {}
            }
        }
        Err("a bracket is not closed".to_owned())
    }
}
