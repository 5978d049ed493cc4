//! Our templates against the reference engine's recorded answers: `data/templates/*.jsonl`, which
//! `tests/record/templates.py` describes and `cargo xtask record templates` makes again.
//!
//! Every case has to give the recorded SQL byte for byte, or the recorded message and status, but for
//! those in `data/templates/differences.txt`, which says why. A case on that list that starts to match
//! fails the test too, so the list stays true.

use sanderling_core::template::{Failure, Param, Params, Secrets, Template};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    t: String,
    #[serde(default)]
    v: BTreeMap<String, Values>,
    #[serde(default)]
    s: Vec<String>,
    #[serde(default)]
    check: bool,
    sql: Option<String>,
    error: Option<String>,
    status: Option<u16>,
    body: Option<Json>,
    /// Python's own complaint; that ours refuses the template too is all that is compared.
    syntax: Option<String>,
    params: Option<Vec<BTreeMap<String, Json>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

/// What a template comes to, in the form in which two are compared.
#[derive(PartialEq, Debug)]
enum Answer {
    Sql(String),
    Error { status: u16, message: String, body: Option<Json> },
    Refused,
}

impl Case {
    fn expected(&self) -> Answer {
        match (&self.sql, &self.error, &self.syntax) {
            (Some(sql), None, None) => Answer::Sql(sql.clone()),
            (None, Some(error), None) => {
                let message = without_names(&plain(error), &assigned(&self.t));
                Answer::Error { status: self.status.unwrap_or(400), message, body: self.body.clone() }
            }
            (None, None, Some(_)) => Answer::Refused,
            _ => panic!("a case has one answer: {}", self.t),
        }
    }

    fn actual(&self) -> (Answer, Vec<Param>) {
        let (template, _) = Template::compile(&format!("%{}", self.t), "", 0);
        if let Some(failure) = template.refusal() {
            let answer = match self.syntax {
                Some(_) => Answer::Refused,
                None => failed(failure),
            };
            return (answer, template.params());
        }
        let rendered = match self.check {
            true => template.render_for_check(),
            false => template.render_with(&self.params(), &self.secrets()),
        };
        (rendered.map_or_else(failed, |rendered| Answer::Sql(rendered.sql)), template.params())
    }

    fn params(&self) -> Params {
        let values = |values: &Values| match values {
            Values::One(value) => vec![value.clone()],
            Values::Many(values) => values.clone(),
        };
        Params(self.v.iter().map(|(name, given)| (name.clone(), values(given))).collect())
    }

    /// The template and what comes with it, for tests that start from what templates look like.
    fn into_input(self) -> (String, Params) {
        let params = self.params();
        (self.t, params)
    }

    fn secrets(&self) -> Secrets {
        Secrets(self.s.iter().map(|name| (name.clone(), format!("the secret {name}"))).collect())
    }

    /// What tells this case from all others.
    fn key(&self) -> String {
        let values: BTreeMap<&String, Json> = self
            .v
            .iter()
            .map(|(name, given)| match given {
                Values::One(value) => (name, Json::from(value.as_str())),
                Values::Many(values) => (name, Json::from(values.as_slice())),
            })
            .collect();
        let mut key = Json::from(self.t.as_str()).to_string();
        if !values.is_empty() {
            let _ = write!(key, " {}", serde_json::to_string(&values).expect("is JSON"));
        }
        if !self.s.is_empty() {
            let _ = write!(key, " {}", Json::from(self.s.as_slice()));
        }
        key + if self.check { " check" } else { "" }
    }
}

fn failed(failure: Failure) -> Answer {
    let body = failure.body.filter(|body| !body.is_string());
    Answer::Error { status: failure.status, message: plain(&failure.message), body }
}

/// Python's dump of a syntax tree (`Invalid expression type: Compare(left=…`) is compared by its head, and
/// a set that it prints (`else outside {'if', 'for'} block`) without its order, which changes.
fn plain(message: &str) -> String {
    if let (Some(start), Some(end)) = (message.find(" outside {"), message.find("} block at ")) {
        let start = start + " outside {".len();
        let names: BTreeSet<&str> = message[start..end].split(", ").collect();
        let names: Vec<&str> = names.into_iter().collect();
        return format!("{}{}{}", &message[..start], names.join(", "), &message[end..]);
    }
    let dumps = ["Invalid expression type: ", "Invalid Slice expression: ", "Invalid function: ", "Invalid Constant: "];
    let head = dumps.iter().find_map(|dump| message.find(dump).map(|at| at + dump.len()));
    match head.and_then(|from| message[from..].find('(').map(|at| from + at)) {
        Some(end) => message[..end].to_owned(),
        None => message.to_owned(),
    }
}

/// The message about missing parameters, without those that the template gives a value itself: the
/// reference engine counts them in, though no request can bring them.
fn without_names(message: &str, assigned: &BTreeSet<String>) -> String {
    const BEFORE: &str = "Check the parameters ";
    const BEHIND: &str = ". Please provide";
    let (Some(start), Some(end)) = (message.find(BEFORE).map(|at| at + BEFORE.len()), message.find(BEHIND)) else {
        return message.to_owned();
    };
    let names: Vec<&str> = message[start..end].split(", ").flat_map(|name| name.split(" and ")).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !assigned.contains(*name)).collect();
    let list = match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    format!("{}{list}{}", &message[..start], &message[end..])
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/templates")
}

fn cases() -> Vec<Case> {
    let entries = std::fs::read_dir(folder()).expect("tests/data/templates is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("is readable");
        for (index, line) in text.lines().enumerate() {
            let case = serde_json::from_str(line);
            cases.push(case.unwrap_or_else(|error| panic!("{}:{}: {error}", path.display(), index + 1)));
        }
    }
    cases
}

/// Every recorded template with its parameters, each once.
pub(crate) fn corpus() -> Vec<(String, Params)> {
    let mut seen = BTreeSet::new();
    let mut inputs: Vec<(String, Params)> = cases().into_iter().map(Case::into_input).collect();
    inputs.retain(|(template, _)| seen.insert(template.clone()));
    inputs
}

/// Cases by key, each with the reason why it differs. A line is a key; a reason stands above its cases.
///
/// ```text
/// # reason
/// "template" {"name":"value"}
/// params "template"
/// ```
fn differences() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("differences.txt")).expect("the list is there");
    let mut reason = String::new();
    let mut out = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(why) => reason = why.to_owned(),
            None => assert!(out.insert(line.to_owned(), reason.clone()).is_none(), "listed twice: {line}"),
        }
    }
    out
}

/// Differences of which there may be no more than one in so many cases.
const CASES_PER_DIFFERENCE_MIN: usize = 200;

#[test]
fn templates_render_as_recorded() {
    let cases = cases();
    let mut known = differences();
    known.retain(|key, _| !key.starts_with("params "));
    let listed = known.len();
    let mut report = String::new();
    let mut wrong = 0;
    for case in &cases {
        let (expected, (actual, _)) = (case.expected(), case.actual());
        let key = case.key();
        match (expected == actual, known.remove(&key)) {
            (true, None) | (false, Some(_)) => {}
            (true, Some(why)) => {
                let _ = writeln!(report, "{key}\n  is on the list ({why}), but is equal now");
            }
            (false, None) => {
                wrong += 1;
                let _ = writeln!(report, "{key}\n  expected {expected:?}\n  but got  {actual:?}");
            }
        }
    }
    for key in known.keys() {
        let _ = writeln!(report, "{key}\n  is on the list, but is no case");
    }
    assert!(report.is_empty(), "{report}\n{wrong} of {} cases differ and are not on the list", cases.len());
    assert!(listed * CASES_PER_DIFFERENCE_MIN <= cases.len(), "{listed} differences are too many");
    assert!(cases.len() >= 2_500, "{} cases are too few", cases.len());
}

#[test]
fn parameters_are_found_as_recorded() {
    let mut known = differences();
    known.retain(|key, _| key.starts_with("params "));
    let listed = known.len();
    let mut report = String::new();
    let (mut seen, mut wrong) = (BTreeSet::new(), 0);
    for case in cases() {
        let Some(recorded) = &case.params else { continue };
        if !seen.insert(case.t.clone()) {
            continue;
        }
        let assigned = assigned(&case.t);
        let words: BTreeSet<String> = tags(&case.t).flat_map(words).collect();
        let is_parameter = |name: &str| !assigned.contains(name) && words.contains(name);
        let expected: Vec<Json> =
            recorded.iter().filter(|param| param["name"].as_str().is_some_and(is_parameter)).map(described).collect();
        let (_, params) = case.actual();
        let actual: Vec<Json> = params
            .iter()
            .map(|param| serde_json::to_value(param).expect("is JSON"))
            .map(|param| described(&serde_json::from_value(param).expect("is an object")))
            .collect();
        let key = format!("params {}", Json::from(case.t.as_str()));
        match (expected == actual, known.remove(&key)) {
            (true, None) | (false, Some(_)) => {}
            (true, Some(why)) => {
                let _ = writeln!(report, "{key}\n  is on the list ({why}), but is equal now");
            }
            (false, None) => {
                wrong += 1;
                let (expected, actual) = (Json::from(expected), Json::from(actual));
                let _ = writeln!(report, "{key}\n  expected {expected}\n  but got  {actual}");
            }
        }
    }
    for key in known.keys() {
        let _ = writeln!(report, "{key}\n  is on the list, but is no case");
    }
    assert!(report.is_empty(), "{report}\n{wrong} of {} listings differ and are not on the list", seen.len());
    assert!(listed * CASES_PER_DIFFERENCE_MIN <= seen.len(), "{listed} differences are too many");
}

/// The parts of a recorded parameter that we know; the engine adds every keyword of the call.
fn described(param: &BTreeMap<String, Json>) -> Json {
    let parts = ["name", "type", "default", "required", "description", "enum", "example", "format", "used_in"];
    let known = parts.into_iter().filter_map(|part| Some((part.to_owned(), param.get(part)?.clone())));
    known.filter(|(part, value)| part == "default" || !value.is_null()).collect::<serde_json::Map<_, _>>().into()
}

/// Names that the template gives a value itself. The reference engine lists them among the parameters,
/// though no request can set them; we do not.
fn assigned(template: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for tag in tags(template) {
        let mut targets: Vec<&str> = tag.split("for ").skip(1).filter_map(|rest| rest.split(" in ").next()).collect();
        match tag.trim().split_once(' ') {
            Some(("set", rest)) => {
                let parts: Vec<&str> = rest.split(" = ").flat_map(|part| part.split(" += ")).collect();
                targets.extend(&parts[..parts.len() - 1]);
            }
            Some(("except", rest)) => targets.extend(rest.split_once(" as ").map(|(_, name)| name)),
            _ => {}
        }
        out.extend(targets.into_iter().flat_map(words));
    }
    out
}

/// What stands inside the tags.
fn tags(template: &str) -> impl Iterator<Item = &str> {
    let between = |open: &'static str, close: &'static str| {
        template.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
    };
    between("{%", "%}").chain(between("{{", "}}"))
}

/// Names outside of quotes, or in f-strings. The reference engine also lists literals that stand where a
/// name should.
fn words(text: &str) -> BTreeSet<String> {
    let mut outside = String::new();
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (None, '\'' | '"') if outside.ends_with('f') => outside.push(' '),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, c) => outside.push(c),
        }
        outside.push_str(if quote.is_some() { " " } else { "" });
    }
    let names = outside.split(|c: char| !(c == '_' || c.is_alphanumeric()));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
