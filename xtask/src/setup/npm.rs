//! `workerd`, pinned by `edge-worker/package-lock.json`, installed below the target folder.

use crate::step;
use anyhow::{Context, bail};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The runtime that Cloudflare's edge runs, as npm brings it for this machine.
pub fn workerd() -> anyhow::Result<PathBuf> {
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-64",
        ("macos", "aarch64") => "darwin-arm64",
        (os, arch) => bail!("there is no workerd for {os} on {arch}"),
    };
    Ok(dir().join(format!("node_modules/@cloudflare/workerd-{platform}/bin/workerd")))
}

pub(super) fn ensure() -> anyhow::Result<()> {
    let source = crate::root().join("edge-worker");
    let lock = fs::read(source.join("package-lock.json")).context("cannot read edge-worker/package-lock.json")?;
    // npm leaves the lock file alone, so a copy beside the packages says which lock they are of.
    let is_current = fs::read(dir().join("installed-lock.json")).is_ok_and(|installed| installed == lock);
    if is_current && workerd()?.is_file() {
        return Ok(());
    }
    fs::create_dir_all(dir())?;
    fs::copy(source.join("package.json"), dir().join("package.json"))?;
    fs::write(dir().join("package-lock.json"), &lock)?;
    step::spin("workerd (npm ci)", || {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(dir());
        step::quietly("npm ci", &mut npm).context("npm and Node 20 are needed, and a registry that has workerd")
    })?;
    if !workerd()?.is_file() {
        bail!("npm ci ended well, but {} is not there", workerd()?.display());
    }
    fs::write(dir().join("installed-lock.json"), &lock)?;
    Ok(())
}

fn dir() -> PathBuf {
    crate::target_dir().join("npm")
}
