//! `cargo xtask record`: asks reference programs again what the tests compare with. Their answers are
//! data in `tests/data/`; the tests themselves need no Python.

use crate::setup::venv;
use crate::step;

#[derive(clap::Subcommand)]
pub enum Record {
    /// What the reference template engine makes of our cases
    Templates,
    /// How the reference command line program reads datafiles
    Datafiles,
    /// What ClickHouse answers to our SQL
    Sql {
        /// Files or folders of tests/data/slt; all without any
        paths: Vec<std::path::PathBuf>,
    },
}

impl Record {
    fn name(&self) -> &'static str {
        match self {
            Record::Templates => "templates",
            Record::Datafiles => "datafiles",
            Record::Sql { .. } => "sql",
        }
    }
}

/// `tests/record/<name>.py` writes `tests/data/<name>/`, `sql` the files in `tests/data/slt/`.
pub fn run(record: &Record) -> anyhow::Result<()> {
    let script = format!("tests/record/{}.py", record.name());
    let mut python = venv::reference()?;
    python.arg(crate::root().join(&script));
    match record {
        Record::Sql { paths } if !paths.is_empty() => python.args(paths),
        Record::Sql { .. } => python.arg(crate::root().join("tests/data/slt")),
        Record::Templates | Record::Datafiles => python.arg(crate::root().join("tests/data").join(record.name())),
    };
    step::run(&script, &mut python)
}
