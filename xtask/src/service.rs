//! A program that runs beside us until we stop it.
//!
//! Each has a process group of its own, so that Ctrl-C reaches only us and we stop them in order:
//! the host last, with time to finish what it has acknowledged.

use crate::stop;
use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STOP_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

pub struct Service {
    name: String,
    child: Child,
    /// What it writes to its output and error output.
    log: PathBuf,
}

impl Service {
    pub fn start(name: &str, command: &mut Command, log: &Path) -> anyhow::Result<Service> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start the {name}: {:?}", command.get_program()))?;
        Ok(Service { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Waits until `is_ready`, and fails if the program ends or takes too long.
    pub fn wait_until(&mut self, longest: Duration, mut is_ready: impl FnMut() -> bool) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            self.check()?;
            if is_ready() {
                return Ok(());
            }
            stop::check()?;
            if started.elapsed() > longest {
                bail!("the {} did not answer within {} s\n{}", self.name, longest.as_secs(), self.last_words());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Fails if it has ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("the {} ended with {status}\n{}", self.name, self.last_words()),
            None => Ok(()),
        }
    }

    /// Ends it at once, as a power cut would: it gets no chance to finish anything.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn last_words(&self) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = said.trim_end().lines().collect();
        format!("{}\n(all of it: {})", lines[lines.len().saturating_sub(15)..].join("\n"), self.log.display())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = Pid::from_raw(self.child.id().cast_signed()).map(|pid| kill_process(pid, Signal::TERM));
        }
        let started = Instant::now();
        while started.elapsed() < STOP_MAX {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(POLL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fails, and says what to do, if somebody listens there.
pub fn port_is_free(port: u16, option: &str) -> anyhow::Result<()> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(error) => {
            bail!("cannot listen on port {port}: {error}; stop what uses it, or give another one with {option}")
        }
    }
}

/// A port that nobody uses right now.
pub fn any_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Memory that a process holds, as Linux counts it.
pub fn resident_bytes(process_id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}
