//! Python programs that the tests start, pinned by `tests/requirements.txt`, in a virtual
//! environment below the target folder.

use crate::step;
use anyhow::{Context, bail};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

/// A store that speaks S3's protocol; it takes the arguments of `moto_server`.
pub fn moto_server() -> Command {
    let mut command = Command::new(python());
    command.arg(crate::root().join("tests/moto_server.py"));
    command
}

/// Makes the environment unless it is there with these very packages.
pub fn ensure() -> anyhow::Result<()> {
    let list = crate::root().join("tests/requirements.txt");
    let wanted = fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let marker = dir().join("installed-requirements.txt");
    // tests that run side by side all come here
    let lock_path = crate::target_dir().join("venv.lock");
    let lock = File::create(&lock_path).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.with_context(|| format!("cannot lock {}", lock_path.display()))?;
    if python().is_file() && fs::read(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    step::quietly("python3", Command::new("python3").arg("--version"))
        .context("Python 3.10 or later is needed as python3 (in Debian: apt-get install python3 python3-venv)")?;
    step::spin("moto (pip install)", || {
        step::quietly("python3 -m venv", Command::new("python3").args(["-m", "venv", "--clear"]).arg(dir()))
            .context("Python's venv module is needed (in Debian: apt-get install python3-venv)")?;
        let mut pip = Command::new(python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&list);
        step::quietly("pip install", &mut pip)
            .context("a package index is needed that has what tests/requirements.txt names")
    })?;
    if let Err(error) = step::quietly("moto", Command::new(python()).args(["-c", "import moto.server"])) {
        bail!("pip install ended well, but moto does not start: {error:#}");
    }
    fs::write(&marker, &wanted).with_context(|| format!("cannot write {}", marker.display()))
}

fn python() -> PathBuf {
    dir().join("bin/python")
}

fn dir() -> PathBuf {
    crate::target_dir().join("venv")
}
