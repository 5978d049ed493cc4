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
}

impl Record {
    fn name(&self) -> &'static str {
        match self {
            Record::Templates => "templates",
            Record::Datafiles => "datafiles",
        }
    }
}

/// `tests/record/<name>.py` writes `tests/data/<name>/`.
pub fn run(record: &Record) -> anyhow::Result<()> {
    let script = format!("tests/record/{}.py", record.name());
    let mut python = venv::reference()?;
    python.arg(crate::root().join(&script)).arg(crate::root().join("tests/data").join(record.name()));
    step::run(&script, &mut python)
}
