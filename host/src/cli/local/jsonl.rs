//! `--jsonl`: one `{"id", "setup": […], "query"}` a line, each on an empty database.
//!
//! The lines run in a process of their own, so that one which never ends, or takes the process with it,
//! costs its own answer only: then the next line gets a fresh process.

use super::provide;
use crate::clock::{Clock, System};
use anyhow::{Context, Result};
use sanderling_core::Error;
use sanderling_core::local::{Database, Outcome, split};
use sanderling_core::query::Answer;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    id: Json,
    #[serde(default)]
    setup: Vec<String>,
    query: String,
}

const TIMEOUT_EXCEEDED: u16 = 159;
const INCORRECT_DATA: u16 = 117;

/// Hands line after line to a worker.
pub(super) fn run(memory: usize, time_limit_ms: u64) -> Result<ExitCode> {
    let mut worker = None;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.context("cannot read the standard input")?;
        if line.trim().is_empty() {
            continue;
        }
        let running = match &mut worker {
            Some(running) => running,
            none => none.insert(Worker::start(memory)?),
        };
        let answer = match running.ask(&line, Duration::from_millis(time_limit_ms)) {
            Ok(answer) => answer,
            Err(error) => {
                worker.take().into_iter().for_each(Worker::end);
                refused(&id_of(&line), &error).to_string()
            }
        };
        writeln!(out, "{answer}").and_then(|()| out.flush()).context("cannot write the answer")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn id_of(line: &str) -> Json {
    let line: Option<Json> = serde_json::from_str(line).ok();
    line.and_then(|line| line.get("id").cloned()).unwrap_or(Json::Null)
}

struct Worker {
    process: Child,
    input: ChildStdin,
    answers: Receiver<String>,
}

impl Worker {
    fn start(memory: usize) -> Result<Worker> {
        let program = std::env::current_exe().context("this program does not know where it lies")?;
        let mut process = Command::new(program)
            .args(["local", "--jsonl", "--worker", "--memory", &memory.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("no process for the lines")?;
        let input = process.stdin.take().expect("was asked for");
        let output = process.stdout.take().expect("was asked for");
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Worker { process, input, answers })
    }

    fn ask(&mut self, line: &str, time_limit: Duration) -> Result<String, Error> {
        let ended = || Error::internal("the process that ran it ended");
        writeln!(self.input, "{line}").and_then(|()| self.input.flush()).map_err(|_| ended())?;
        self.answers.recv_timeout(time_limit).map_err(|error| match error {
            RecvTimeoutError::Timeout => Error::limit(format!("it took longer than {} ms", time_limit.as_millis()))
                .with_exception_code(TIMEOUT_EXCEEDED),
            RecvTimeoutError::Disconnected => ended(),
        })
    }

    fn end(mut self) {
        // it may have ended by itself
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the worker does.
pub(super) fn work(memory: usize) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.context("cannot read the standard input")?;
        let answer = match serde_json::from_str::<Line>(&line) {
            Ok(line) => answer(&line, memory),
            Err(error) => {
                let error = Error::invalid(format!("the line is not understood: {error}"));
                refused(&id_of(&line), &error.with_exception_code(INCORRECT_DATA)).to_string()
            }
        };
        writeln!(out, "{answer}").and_then(|()| out.flush()).context("cannot write the answer")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(line: &Line, memory: usize) -> String {
    let ran = catch_unwind(AssertUnwindSafe(|| rows(line, memory)));
    let ran = ran.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(Error::internal(format!("panicked: {}", text.unwrap_or("without a word"))))
    });
    match ran {
        Ok(answer) => answer,
        Err(error) => refused(&line.id, &error).to_string(),
    }
}

fn refused(id: &Json, error: &Error) -> Json {
    let (code, name) = error.exception();
    json!({ "id": id, "error": { "code": code, "name": name, "message": error.message } })
}

fn rows(line: &Line, memory: usize) -> Result<String, Error> {
    let mut database = Database::new(memory);
    let mut last = None;
    let query = std::iter::once(&line.query);
    for text in line.setup.iter().chain(query) {
        for statement in split(text) {
            provide(&mut database, statement)?;
            last = match database.execute(statement, System.now_ns())? {
                Outcome::Done => None,
                Outcome::Rows(answer) => Some(answer),
            };
        }
    }
    let (columns, rows) = match last {
        Some(answer) => (columns(&answer), values(&database, answer)?),
        None => (Vec::new(), Vec::new()),
    };
    let columns = Json::Array(columns);
    Ok(format!("{{\"id\":{},\"columns\":{columns},\"rows\":[{}]}}", line.id, rows.join(",")))
}

fn columns(answer: &Answer) -> Vec<Json> {
    let columns = answer.rows.schema.0.iter();
    columns.map(|(name, data_type)| json!({ "name": name, "type": data_type.to_string() })).collect()
}

/// Each row as the array that JSONCompact has for it.
fn values(database: &Database, mut answer: Answer) -> Result<Vec<String>, Error> {
    answer.format = None;
    let lines = database.format(&answer, "JSONCompactEachRow")?;
    let lines = String::from_utf8(lines).map_err(|error| Error::internal(format!("a row is no UTF-8: {error}")))?;
    Ok(lines.lines().map(str::to_owned).collect())
}
