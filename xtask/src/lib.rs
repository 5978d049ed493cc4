//! What developers' commands are made of. A library, so that the tests build the worker and start
//! `workerd` with the same code as `cargo xtask up`.

pub mod bench;
pub mod client;
pub mod events;
pub mod fuzz;
pub mod host;
pub mod load;
pub mod record;
pub mod service;
pub mod setup;
pub mod step;
pub mod stop;
pub mod test;
pub mod up;
pub mod wasm;
pub mod workerd;

use std::path::{Path, PathBuf};

/// The folder with the workspace's `Cargo.toml`.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace's folder")
}

/// Where cargo puts what it builds, and we put what we make of it.
pub fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => std::path::absolute(&dir).unwrap_or_else(|_| PathBuf::from(dir)),
        None => root().join("target"),
    }
}
