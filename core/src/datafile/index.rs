//! The lines of `INDEXES`: `[INDEX] name expression TYPE kind[(arguments)] [GRANULARITY n]`.

use super::lexer::{split_commas, top_level_words, trim};
use super::{Report, Spanned};
use crate::catalog::{Index, IndexKind};
use std::ops::Range;

const USAGE: &str = "write [INDEX] <name> <expression> TYPE <type> [GRANULARITY <n>]";

pub(super) fn indexes(report: &mut Report<'_>, block: &Spanned<String>) -> Vec<Spanned<Index>> {
    let mut out: Vec<Spanned<Index>> = Vec::new();
    let mut at = 0;
    for line in block.value.split_inclusive('\n') {
        let range = trim(&block.value, at..at + line.len());
        at += line.len();
        let text = block.value[range.clone()].trim_end_matches(',').trim_end();
        if text.is_empty() || text.starts_with("--") {
            continue;
        }
        let span = block.inside(range.start..range.start + text.len());
        match index(text) {
            Ok(index) if out.iter().any(|known| known.value.name == index.name) => {
                report.error("D0207", span, format!("index {:?} is there twice", index.name));
            }
            Ok(value) => out.push(Spanned { value, span }),
            Err(problem) => {
                let span = block.inside(range.start + problem.place.start..range.start + problem.place.end);
                report.error_with("D0207", span, problem.message, USAGE);
            }
        }
    }
    out
}

struct Problem {
    place: Range<usize>,
    message: String,
}

fn index(text: &str) -> Result<Index, Problem> {
    let invalid = || Problem { place: 0..text.len(), message: "Invalid INDEX syntax".to_owned() };
    let words = top_level_words(text);
    let is = |word: &Range<usize>, name: &str| text[word.clone()].eq_ignore_ascii_case(name);
    let first = usize::from(words.first().is_some_and(|word| is(word, "INDEX")));
    let name_start = if first == 1 { words[0].end } else { 0 };
    let name = text[name_start..].split_whitespace().next().ok_or_else(invalid)?;
    let name_end = text.len() - text[name_start..].trim_start().len() + name.len();
    // the expression may be a column that is called type
    let of_kind = words.iter().rev().find(|word| word.start > name_end && is(word, "TYPE")).ok_or_else(invalid)?;
    let granularity_at = words.iter().rev().find(|word| word.start > of_kind.end && is(word, "GRANULARITY"));
    let expression = text[name_end..of_kind.start].trim();
    let kind_range = trim(text, of_kind.end..granularity_at.map_or(text.len(), |word| word.start));
    let name = name.trim_matches('`');
    if expression.is_empty() || kind_range.is_empty() || name.is_empty() {
        return Err(invalid());
    }
    let granularity = match granularity_at {
        None => 1,
        Some(word) => {
            let count = trim(text, word.end..text.len());
            let value = text[count.clone()].parse().ok().filter(|count| *count > 0);
            value.ok_or_else(|| Problem {
                message: format!("GRANULARITY is a number above 0, not {:?}", &text[count.clone()]),
                place: if count.is_empty() { word.clone() } else { count },
            })?
        }
    };
    let kind = kind(&text[kind_range.clone()]).map_err(|message| Problem { place: kind_range, message })?;
    Ok(Index { name: name.to_owned(), expression: expression.to_owned(), kind, granularity })
}

fn kind(text: &str) -> Result<IndexKind, String> {
    let (name, arguments) = match text.split_once('(') {
        Some((name, rest)) => {
            (name.trim(), rest.strip_suffix(')').ok_or_else(|| format!("the bracket of {text:?} is not closed"))?)
        }
        None => (text, ""),
    };
    let arguments: Vec<&str> =
        split_commas(arguments, 0..arguments.len()).into_iter().map(|part| &arguments[part]).collect();
    let numbers = || -> Option<Vec<u64>> { arguments.iter().map(|argument| argument.parse().ok()).collect() };
    let wrong = |usage: &str| format!("{text:?} is not written {usage}");
    match (name.to_ascii_lowercase().as_str(), &numbers()) {
        ("minmax", Some(none)) if none.is_empty() => Ok(IndexKind::MinMax),
        ("minmax", _) => Err(wrong("minmax")),
        ("set", Some(one)) if one.len() == 1 => Ok(IndexKind::Set { values_max: one[0] }),
        ("set", _) => Err(wrong("set(<most values>)")),
        ("bloom_filter", _) => {
            let usage = "bloom_filter(<false positives, between 0 and 1>)";
            let rate = match &arguments[..] {
                [] => Some(0.025),
                [rate] => rate.parse().ok().filter(|rate| *rate > 0.0 && *rate < 1.0),
                _ => None,
            };
            rate.map(|false_positives| IndexKind::BloomFilter { false_positives }).ok_or_else(|| wrong(usage))
        }
        ("ngrambf_v1", Some(four)) if four.len() == 4 => {
            Ok(IndexKind::NgramBloomFilter { ngram: four[0], bytes: four[1], hashes: four[2], seed: four[3] })
        }
        ("ngrambf_v1", _) => Err(wrong("ngrambf_v1(<n>, <bytes>, <hashes>, <seed>)")),
        ("tokenbf_v1", Some(three)) if three.len() == 3 => {
            Ok(IndexKind::TokenBloomFilter { bytes: three[0], hashes: three[1], seed: three[2] })
        }
        ("tokenbf_v1", _) => Err(wrong("tokenbf_v1(<bytes>, <hashes>, <seed>)")),
        (_, _) if name.chars().all(|c| c == '_' || c.is_alphanumeric()) => Ok(IndexKind::Other {
            name: name.to_owned(),
            arguments: arguments.into_iter().map(str::to_owned).collect(),
        }),
        _ => Err(format!("{text:?} is no type of index")),
    }
}
