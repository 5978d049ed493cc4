//! `ENGINE_TTL`: rules that say when a row goes.
//!
//! ```text
//! ttl  := rule ("," rule)*
//! rule := moment ["+" period] ["DELETE"] ["WHERE" condition]
//! ```

use super::lexer::{split_commas, top_level, top_level_words, trim};
use super::{Report, Spanned};
use crate::catalog::{Period, TtlRule};
use crate::value::IntervalUnit;
use std::ops::Range;

/// Other things that ClickHouse may do with old rows.
const ACTIONS: [&str; 3] = ["RECOMPRESS", "GROUP", "TO"];

pub(super) fn rules(report: &mut Report<'_>, ttl: &Spanned<String>) -> Vec<TtlRule> {
    let parts = split_commas(&ttl.value, 0..ttl.value.len());
    parts.into_iter().filter_map(|part| rule(report, ttl, part)).collect()
}

fn rule(report: &mut Report<'_>, ttl: &Spanned<String>, part: Range<usize>) -> Option<TtlRule> {
    let text = &ttl.value[part.clone()];
    let place = |range: Range<usize>| ttl.inside(part.start + range.start..part.start + range.end);
    let words = top_level_words(text);
    let find = |name: &str| words.iter().find(|word| text[(*word).clone()].eq_ignore_ascii_case(name)).cloned();
    if let Some(action) = ACTIONS.iter().find_map(|action| find(action)) {
        let message = format!("a TTL that does {} is not supported", &text[action.clone()]);
        report.error_with(
            "D0306",
            place(action),
            message,
            "rows can only go: <moment> + <interval> [WHERE <condition>]",
        );
        return None;
    }
    let condition_at = find("WHERE");
    let condition = condition_at.as_ref().map(|word| text[word.end..].trim().to_owned());
    if condition.as_deref() == Some("") {
        report.error("D0306", place(0..text.len()), "the TTL's WHERE lacks its condition");
        return None;
    }
    let end = find("DELETE").or(condition_at).map_or(text.len(), |word| word.start);
    let expression = trim(text, 0..end);
    if expression.is_empty() {
        report.error_with("D0306", place(0..text.len()), "the TTL has no moment", "write <moment> + <interval>");
        return None;
    }
    let expression = &text[expression];
    let plus = top_level(expression).filter(|(_, c)| *c == '+').last();
    let simple = plus.and_then(|(at, _)| Some((expression[..at].trim(), period(expression[at + 1..].trim())?)));
    let (moment, after) = match simple {
        Some((moment, after)) if !moment.is_empty() => (moment, Some(after)),
        _ => (expression, None),
    };
    Some(TtlRule { moment: moment.to_owned(), after, condition })
}

/// `toIntervalDay(7)`, `INTERVAL 7 DAY`, `INTERVAL '7 days'`.
fn period(text: &str) -> Option<Period> {
    let lower = text.to_ascii_lowercase();
    let (count, unit) = match lower.strip_prefix("tointerval") {
        Some(rest) => {
            let (unit, count) = rest.strip_suffix(')')?.split_once('(')?;
            (count.to_owned(), unit.to_owned())
        }
        None => {
            let rest = lower.strip_prefix("interval").filter(|rest| rest.starts_with([' ', '\t', '\n', '\'']))?;
            let rest = rest.replace('\'', " ");
            let (count, unit) = rest.trim().split_once(char::is_whitespace)?;
            (count.to_owned(), unit.to_owned())
        }
    };
    Some(Period { count: count.trim().parse().ok()?, unit: IntervalUnit::parse(unit.trim())? })
}
