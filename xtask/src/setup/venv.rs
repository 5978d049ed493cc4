//! Python programs that the tests start or were recorded from, pinned by lists of requirements, in
//! virtual environments below the target folder.

use crate::step;
use anyhow::{Context, bail};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

struct Venv {
    /// Its folder.
    name: &'static str,
    /// The list, seen from the workspace's folder.
    requirements: &'static str,
    /// What has to be importable afterwards.
    module: &'static str,
    /// The list names all that is imported. What its packages say they need beyond that is left out.
    is_complete: bool,
}

const MOTO: Venv =
    Venv { name: "venv", requirements: "tests/requirements.txt", module: "moto.server", is_complete: false };
const REFERENCE: Venv = Venv {
    name: "venv-reference",
    requirements: "tests/record/requirements.txt",
    module: "tinybird.sql_template",
    is_complete: true,
};

/// A store that speaks S3's protocol; it takes the arguments of `moto_server`.
pub fn moto_server() -> Command {
    let mut command = Command::new(MOTO.python());
    command.arg(crate::root().join("tests/moto_server.py"));
    command
}

/// Makes the environment of `moto_server` unless it is there with these very packages.
pub fn ensure() -> anyhow::Result<()> {
    MOTO.ensure()
}

/// A Python that can import the reference command line program.
pub fn reference() -> anyhow::Result<Command> {
    REFERENCE.ensure()?;
    Ok(Command::new(REFERENCE.python()))
}

impl Venv {
    fn ensure(&self) -> anyhow::Result<()> {
        let list = crate::root().join(self.requirements);
        let wanted = fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
        let marker = self.dir().join("installed-requirements.txt");
        // tests that run side by side all come here
        let lock_path = crate::target_dir().join(format!("{}.lock", self.name));
        let lock = File::create(&lock_path).and_then(|file| file.lock().map(|()| file));
        let _lock = lock.with_context(|| format!("cannot lock {}", lock_path.display()))?;
        if self.python().is_file() && fs::read(&marker).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        step::quietly("python3", Command::new("python3").arg("--version"))
            .context("Python 3.10 or later is needed as python3 (in Debian: apt-get install python3 python3-venv)")?;
        step::spin(&format!("{} (pip install)", self.module), || {
            let mut venv = Command::new("python3");
            venv.args(["-m", "venv", "--clear"]).arg(self.dir());
            step::quietly("python3 -m venv", &mut venv)
                .context("Python's venv module is needed (in Debian: apt-get install python3-venv)")?;
            let mut pip = Command::new(self.python());
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            pip.args(self.is_complete.then_some("--no-deps")).arg("--requirement").arg(&list);
            step::quietly("pip install", &mut pip)
                .with_context(|| format!("a package index is needed that has what {} names", self.requirements))
        })?;
        let import = format!("import {}", self.module);
        if let Err(error) = step::quietly(self.module, Command::new(self.python()).args(["-c", &import])) {
            bail!("pip install ended well, but {} does not start: {error:#}", self.module);
        }
        fs::write(&marker, &wanted).with_context(|| format!("cannot write {}", marker.display()))
    }

    fn python(&self) -> PathBuf {
        self.dir().join("bin/python")
    }

    fn dir(&self) -> PathBuf {
        crate::target_dir().join(self.name)
    }
}
