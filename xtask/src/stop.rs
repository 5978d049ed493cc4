//! Ctrl-C (and SIGTERM, and a terminal that goes away): asked for once, obeyed in order.

use anyhow::{Context, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on a signal does not end the program; [`asked`] tells of it.
pub fn listen() -> anyhow::Result<()> {
    let asked = ASKED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, asked.clone()).context("cannot listen for Ctrl-C")?;
    }
    Ok(())
}

pub fn asked() -> bool {
    ASKED.get().is_some_and(|asked| asked.load(Ordering::SeqCst))
}

/// Fails if somebody asked us to stop.
pub fn check() -> anyhow::Result<()> {
    if asked() {
        bail!("stopped");
    }
    Ok(())
}
