//! Checks of a data source's own expressions: keys, TTL, indexes, defaults, JSON paths.

use super::Project;
use super::references::Lines;
use crate::batch::Schema;
use crate::catalog;
use crate::datafile::{self, EngineNode, Spanned};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{self, Expressions};
use crate::value::DataType;
use std::ops::Range;

/// What no key may be computed with: one row knows nothing of the others.
const AGGREGATES: [&str; 18] = [
    "sum",
    "count",
    "avg",
    "min",
    "max",
    "any",
    "grouparray",
    "groupuniqarray",
    "uniq",
    "summerge",
    "countmerge",
    "avgmerge",
    "minmerge",
    "maxmerge",
    "anymerge",
    "grouparraymerge",
    "groupuniqarraymerge",
    "uniqmerge",
];

impl Project<'_> {
    pub(super) fn check_data_source(&mut self, file: &str, tree: &datafile::DataSource) {
        let columns = tree.columns.iter().map(|column| (column.column.name.clone(), column.column.data_type.clone()));
        let schema = Schema(columns.collect());
        self.check_keys(file, &tree.engine, &schema);
        for index in &tree.indexes {
            let expression = Spanned { value: index.value.expression.clone(), span: index.span.clone() };
            self.check_columns(file, "D0303", "the index", &expression, &schema);
        }
        for column in &tree.columns {
            self.check_column(file, column, &schema);
        }
    }

    /// Keys are over columns of the schema, and only over those that can be sorted by.
    pub(super) fn check_keys(&mut self, file: &str, node: &EngineNode, schema: &Schema) {
        let keys = node.sorting_key.iter().map(|key| (true, key));
        let others =
            node.partition_key.iter().chain(&node.primary_key).chain(&node.sampling_key).map(|key| (false, key));
        for (is_sorting, key) in keys.chain(others) {
            let mut is_sound = self.check_columns(file, "D0303", "the key", key, schema);
            for (name, place) in columns_of(&key.value).into_iter().filter(|_| is_sorting) {
                let data_type = schema.position(&name).map(|position| &schema.0[position].1);
                let Some(data_type) = data_type.filter(|data_type| !can_sort(data_type)) else { continue };
                let message = format!("the sorting key cannot hold {name:?} of type {data_type}");
                self.diagnostics.push(Diagnostic::error("D0304", file, key.inside(place), message));
                is_sound = false;
            }
            if let Some(name) = aggregate_of(&key.value) {
                let message = format!("a key cannot hold the aggregate function {name}");
                self.diagnostics.push(Diagnostic::error("D0304", file, key.span.clone(), message));
                is_sound = false;
            }
            if is_sound && let Err(error) = Expressions::new(std::slice::from_ref(&key.value), schema) {
                let message = format!("the key cannot be computed: {}", error.message);
                self.diagnostics.push(Diagnostic::error("D0304", file, key.span.clone(), message));
            }
        }
        self.check_ttl(file, node, schema);
    }

    fn check_ttl(&mut self, file: &str, node: &EngineNode, schema: &Schema) {
        let Some(text) = &node.ttl else { return };
        for rule in &node.engine.ttl {
            let place =
                |part: &str| text.value.find(part).map_or(text.span.clone(), |at| text.inside(at..at + part.len()));
            let moment = Spanned { value: rule.moment.clone(), span: place(&rule.moment) };
            let conditions = rule.condition.iter().map(|text| Spanned { value: text.clone(), span: place(text) });
            for condition in conditions {
                self.check_columns(file, "D0303", "the TTL", &condition, schema);
            }
            if !self.check_columns(file, "D0303", "the TTL", &moment, schema) {
                continue;
            }
            match Expressions::new(std::slice::from_ref(&moment.value), schema) {
                Ok(bound) if bound.types().iter().all(DataType::is_date_or_time) => {}
                Ok(bound) => {
                    let data_type = &bound.types()[0];
                    let message = format!("a TTL is over a date or a time, not {data_type}");
                    let diagnostic = Diagnostic::error("D0306", file, moment.span, message);
                    self.diagnostics.push(diagnostic.with_hint("toDateTime(…) makes a time of a DateTime64 or a text"));
                }
                Err(error) => {
                    let message = format!("the TTL cannot be computed yet: {}", error.message);
                    self.diagnostics.push(Diagnostic::warning("D0306", file, moment.span, message));
                }
            }
        }
    }

    fn check_column(&mut self, file: &str, column: &datafile::Column, schema: &Schema) {
        let catalog::Column { data_type, json_path, default, .. } = &column.column;
        if let (Some(path), Some(span)) = (json_path, &column.json_path_span)
            && !path.fits(data_type)
        {
            let message = format!("the JSON path finds an array, so the type must be Array, not {data_type}");
            self.diagnostics.push(Diagnostic::error("D0205", file, span.clone(), message));
        }
        let (Some(default), Some(span)) = (default, &column.default_span) else { return };
        let wanted = if column.is_typed { Some(data_type) } else { None };
        let constant = match wanted {
            Some(data_type) => plan::constant(default, data_type, 0).map(drop),
            None => Expressions::new(std::slice::from_ref(default), &Schema::default()).map(drop),
        };
        let Err(error) = constant else { return };
        let reads_columns = Expressions::new(std::slice::from_ref(default), schema).is_ok();
        let (message, hint) = match reads_columns && !columns_of(default).is_empty() {
            true => ("a DEFAULT that reads other columns is not supported yet".to_owned(), "use a constant, or now()"),
            false => (
                format!("the DEFAULT is not a constant of type {data_type}: {}", error.message),
                "use a literal, or now()",
            ),
        };
        self.diagnostics.push(Diagnostic::error("D0206", file, span.clone(), message).with_hint(hint));
    }

    /// Whether all names of an expression are columns.
    fn check_columns(&mut self, file: &str, code: Code, what: &str, text: &Spanned<String>, schema: &Schema) -> bool {
        // a lambda has names of its own, which the binder knows
        let mut ok = true;
        if text.value.contains("->") {
            return ok;
        }
        for (name, place) in columns_of(&text.value) {
            if schema.position(&name).is_some() {
                continue;
            }
            ok = false;
            let near = nearest(&name, schema.0.iter().map(|(name, _)| name.as_str()));
            let message = format!("{what} names {name:?}, which is no column of the schema");
            let hint = near.map(|near| format!("did you mean {near:?}?"));
            let diagnostic = Diagnostic::error(code, file, text.inside(place), message);
            self.diagnostics.push(Diagnostic { hint, ..diagnostic });
        }
        ok
    }
}

/// `d DEFAULT 42`: the type is that of the value.
pub(super) fn with_type_of_default(column: catalog::Column) -> catalog::Column {
    let default = column.default.as_ref().map(std::slice::from_ref);
    let bound = default.and_then(|default| Expressions::new(default, &Schema::default()).ok());
    let data_type = bound.and_then(|bound| bound.types().first().cloned()).unwrap_or(DataType::String);
    catalog::Column { data_type, ..column }
}

/// No key holds NULL, nor a state.
fn can_sort(data_type: &DataType) -> bool {
    match data_type {
        DataType::AggregateFunction(_) | DataType::SimpleAggregateFunction(..) => false,
        DataType::Array(item) => can_sort(item),
        DataType::Tuple(items) => items.iter().all(|(_, item)| can_sort(item)),
        DataType::Map(_, value) => can_sort(value),
        other => !other.is_nullable(),
    }
}

/// The first aggregate function that an expression calls.
fn aggregate_of(expression: &str) -> Option<&str> {
    expression.match_indices('(').find_map(|(open, _)| {
        let before = expression[..open].trim_end();
        let start = before
            .rfind(|c: char| !(c == '_' || c.is_alphanumeric()))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let name = &before[start..];
        AGGREGATES.contains(&name.to_ascii_lowercase().as_str()).then_some(name)
    })
}

/// Words of a key expression that must be columns, with their bytes.
fn columns_of(expression: &str) -> Vec<(String, Range<usize>)> {
    use sqlparser::keywords::Keyword;
    use sqlparser::tokenizer::{Token, Tokenizer};
    let dialect = sqlparser::dialect::ClickHouseDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, expression).tokenize_with_location() else { return Vec::new() };
    let tokens: Vec<_> = tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let lines = Lines::new(expression);
    let mut out = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        index += 1;
        let Token::Word(word) = &token.token else { continue };
        let mut name = word.value.clone();
        let mut end = token.span.end;
        // a nested column's name has a dot
        while let (Some(Token::Period), Some(Token::Word(next))) =
            (tokens.get(index).map(|token| &token.token), tokens.get(index + 1).map(|token| &token.token))
        {
            name = format!("{name}.{}", next.value);
            end = tokens[index + 1].span.end;
            index += 2;
        }
        let is_call = tokens.get(index).is_some_and(|token| token.token == Token::LParen);
        let is_syntax = word.quote_style.is_none()
            && matches!(
                word.keyword,
                Keyword::INTERVAL
                    | Keyword::AS
                    | Keyword::AND
                    | Keyword::OR
                    | Keyword::NOT
                    | Keyword::DESC
                    | Keyword::ASC
                    | Keyword::TRUE
                    | Keyword::FALSE
                    | Keyword::NULL
                    | Keyword::DIV
                    | Keyword::CASE
                    | Keyword::WHEN
                    | Keyword::THEN
                    | Keyword::ELSE
                    | Keyword::END
                    | Keyword::IN
            );
        let after_interval =
            index >= 3 && matches!(&tokens[index - 3].token, Token::Word(word) if word.keyword == Keyword::INTERVAL);
        if !is_call && !is_syntax && !after_interval {
            out.push((name, lines.offset(token.span.start)..lines.offset(end)));
        }
    }
    out
}
