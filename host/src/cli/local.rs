//! `sanderling local`: the SQL dialect without a server.
//!
//! ```text
//! sanderling local -q "SELECT count() FROM file('events.parquet')"
//! sanderling local script.sql --data ./tables
//! echo 'SELECT 1; SELECT 2' | sanderling local
//! ```

mod jsonl;

use crate::clock::{Clock, System};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use sanderling_core::Error;
use sanderling_core::limits::QUERY_STACK_BYTES;
use sanderling_core::local::{Change, Database, Outcome, file_names, split};
use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, thread};

#[derive(clap::Args)]
pub(super) struct Args {
    /// A file of statements; without one and without -q they come from the standard input
    #[arg(conflicts_with = "queries")]
    file: Option<PathBuf>,
    /// Statements to run, separated by semicolons; may be repeated
    #[arg(short = 'q', long = "query", value_name = "SQL")]
    queries: Vec<String>,
    /// How answers are printed when the statement has no FORMAT; without it TSV, on a terminal PrettyCompact
    #[arg(long, visible_alias = "output-format", value_name = "FORMAT")]
    format: Option<String>,
    /// Keep the tables in this directory; without it they are gone at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// What one query's sorting, grouping and joining may hold in memory
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 30)]
    memory: usize,
    /// Answer `{"id", "setup": […], "query"}` line by line, each on an empty database
    #[arg(long, conflicts_with_all = ["file", "queries", "format", "data"])]
    jsonl: bool,
    /// With --jsonl: milliseconds for one line
    #[arg(long, value_name = "MS", default_value_t = 60_000)]
    time_limit: u64,
    /// The process that --jsonl starts to run its lines
    #[arg(long, hide = true, requires = "jsonl")]
    worker: bool,
}

pub(super) fn run(args: Args) -> Result<ExitCode> {
    // statements nest, and the binder follows them down
    let work = thread::Builder::new().stack_size(QUERY_STACK_BYTES).spawn(move || match (args.jsonl, args.worker) {
        (true, true) => jsonl::work(args.memory),
        (true, false) => jsonl::run(args.memory, args.time_limit),
        (false, _) => Session::open(&args)?.run(&args),
    });
    match work.context("no thread for the statements")?.join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

struct Session {
    database: Database,
    data: Option<PathBuf>,
    format: String,
}

impl Session {
    fn open(args: &Args) -> Result<Session> {
        let database = match &args.data {
            Some(folder) => Database::load(args.memory, &objects(folder)?, System.now_ns())
                .with_context(|| format!("cannot open {}", folder.display()))?,
            None => Database::new(args.memory),
        };
        let default = if std::io::stdout().is_terminal() { "PrettyCompact" } else { "TSV" };
        let format = args.format.clone().unwrap_or_else(|| default.to_owned());
        Ok(Session { database, data: args.data.clone(), format })
    }

    fn run(&mut self, args: &Args) -> Result<ExitCode> {
        if !args.queries.is_empty() {
            return self.all(args.queries.iter().flat_map(|text| split(text)));
        }
        let text = match &args.file {
            Some(file) => fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
            None if std::io::stdin().is_terminal() => return self.prompt(),
            None => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).context("cannot read the standard input")?;
                text
            }
        };
        self.all(split(&text).into_iter())
    }

    /// The first error ends it.
    fn all<'a>(&mut self, statements: impl Iterator<Item = &'a str>) -> Result<ExitCode> {
        for statement in statements {
            if let Err(error) = self.one(statement)? {
                eprintln!("{}", told(&error));
                return Ok(ExitCode::FAILURE);
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Statements typed line by line, each run when its semicolon has come.
    fn prompt(&mut self) -> Result<ExitCode> {
        let mut typed = String::new();
        let mut lines = std::io::stdin().lock().lines();
        loop {
            eprint!("{}", if typed.is_empty() { "sanderling> " } else { "         -> " });
            let Some(line) = lines.next() else { break };
            let line = line.context("cannot read the standard input")?;
            if typed.is_empty() && matches!(line.trim(), "exit" | "quit" | "\\q") {
                break;
            }
            typed.push_str(&line);
            typed.push('\n');
            if !typed.trim_end().ends_with(';') {
                continue;
            }
            for statement in split(&std::mem::take(&mut typed)) {
                if let Err(error) = self.one(statement)? {
                    eprintln!("{}", told(&error));
                    break;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Outside: what went wrong with the world; inside: with the statement.
    fn one(&mut self, statement: &str) -> Result<Result<(), Error>> {
        if let Err(error) = provide(&mut self.database, statement) {
            return Ok(Err(error));
        }
        let printed = match self.database.execute(statement, System.now_ns()) {
            Ok(Outcome::Done) => Ok(Vec::new()),
            Ok(Outcome::Rows(answer)) => self.database.format(&answer, &self.format),
            Err(error) => Err(error),
        };
        if let Some(folder) = &self.data {
            let changes = self.database.changes().context("the tables cannot be saved")?;
            changes.into_iter().try_for_each(|change| save(folder, change))?;
        }
        let bytes = match printed {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error)),
        };
        let mut out = std::io::stdout().lock();
        match out.write_all(&bytes).and_then(|()| out.flush()) {
            // whoever reads it has seen enough
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            written => written.context("cannot write the answer")?,
        }
        Ok(Ok(()))
    }
}

/// Reads the files that a statement names.
fn provide(database: &mut Database, statement: &str) -> Result<(), Error> {
    for name in file_names(statement) {
        // a file that is not there is the database's to complain about
        match fs::read(&name) {
            Ok(bytes) => database.provide(&name, Bytes::from(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Error::invalid(format!("cannot read {name}: {error}")).with_exception_code(CANNOT_READ));
            }
        }
    }
    Ok(())
}

const CANNOT_READ: u16 = 74;

/// As ClickHouse words it, so that what looks for its codes finds them.
fn told(error: &Error) -> String {
    let (code, name) = error.exception();
    format!("Code: {code}. DB::Exception: {} ({name})", error.message)
}

fn objects(folder: &Path) -> Result<BTreeMap<String, Bytes>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut objects = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_file() {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            objects.insert(name.to_owned(), Bytes::from(bytes));
        }
    }
    Ok(objects)
}

/// Whole or not at all: a new file takes the old one's name.
fn save(folder: &Path, change: Change) -> Result<()> {
    let path = folder.join(&change.name);
    let Some(bytes) = change.bytes else {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                bail!("cannot remove {}: {error}", path.display())
            }
            _ => Ok(()),
        };
    };
    let fresh = folder.join(format!("{}.new", change.name));
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, &path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
