//! `cargo xtask setup`: what a fresh machine lacks. Each step looks first, so a second run is quick.

mod npm;
pub mod venv;
mod wasm_std;

/// What building and running takes.
pub fn to_run() -> anyhow::Result<()> {
    wasm_std::ensure()?;
    npm::ensure()
}

/// That, and what the tests start.
pub fn all() -> anyhow::Result<()> {
    to_run()?;
    venv::ensure()
}

pub use npm::workerd;
