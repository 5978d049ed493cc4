//! The edge worker: cargo → wasm-bindgen → `target/edge/<profile>/{worker.js, engine.js, engine_bg.wasm}`.
//!
//! `worker.js` is ours (`edge-worker/worker.js`): workers want the compiled module handed in, not
//! fetched. It is also where a worker that panicked gets a fresh instance.

use crate::step;
use anyhow::{Context, bail};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

pub const TARGET: &str = "wasm32-unknown-unknown";

#[derive(clap::Args, Clone, Debug, Default)]
pub struct Options {
    /// The worker to ship: small, with a link of many minutes. Without it, the one for development
    #[arg(long)]
    pub release: bool,
}

/// A built worker: files that belong together, in one folder.
#[derive(Clone, Debug)]
pub struct Artefact {
    pub dir: PathBuf,
}

impl Options {
    pub fn profile(&self) -> &'static str {
        if self.release { "worker" } else { "worker-dev" }
    }
}

impl Artefact {
    pub fn of(options: &Options) -> Artefact {
        Artefact { dir: crate::target_dir().join("edge").join(options.profile()) }
    }

    /// The module that workerd starts with.
    pub fn worker_js(&self) -> PathBuf {
        self.dir.join("worker.js")
    }

    /// What `worker.js` imports: wasm-bindgen's glue, and the engine.
    pub fn engine_js(&self) -> PathBuf {
        self.dir.join("engine.js")
    }

    pub fn engine_wasm(&self) -> PathBuf {
        self.dir.join("engine_bg.wasm")
    }

    pub fn is_complete(&self) -> bool {
        [self.worker_js(), self.engine_js(), self.engine_wasm()].iter().all(|path| path.is_file())
    }
}

/// Builds the worker if anything changed, and says how large it is.
pub fn build(options: &Options) -> anyhow::Result<Artefact> {
    let linked = compile(options)?;
    let artefact = Artefact::of(options);
    if is_stale(&artefact, &linked)? {
        step::spin("wasm-bindgen", || bind(&linked, &artefact, options))?;
    }
    let (raw, gzip) = sizes(&artefact.engine_wasm())?;
    step::say(&format!(
        "{}: {:.2} MB, {:.2} MB with gzip",
        artefact.engine_wasm().display(),
        raw as f64 / 1e6,
        gzip as f64 / 1e6
    ));
    Ok(artefact)
}

/// Bytes of the file, and of the file packed with gzip at its hardest.
pub fn sizes(path: &Path) -> anyhow::Result<(usize, usize)> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&bytes)?;
    Ok((bytes.len(), packer.finish()?.len()))
}

/// The linked module as cargo leaves it.
fn compile(options: &Options) -> anyhow::Result<PathBuf> {
    let profile = options.profile();
    let mut cargo = step::cargo();
    cargo.args(["build", "--package", "sanderling-edge", "--lib", "--target", TARGET, "--profile", profile]);
    step::run(&format!("edge worker, profile {profile}"), &mut cargo)?;
    let linked = crate::target_dir().join(TARGET).join(profile).join("sanderling_edge.wasm");
    if !linked.is_file() {
        bail!("cargo built the edge worker, but {} is not there", linked.display());
    }
    Ok(linked)
}

fn is_stale(artefact: &Artefact, linked: &Path) -> anyhow::Result<bool> {
    if !artefact.is_complete() {
        return Ok(true);
    }
    let built = fs::metadata(artefact.worker_js())?.modified()?;
    Ok([linked, &shim(), &crate::root().join(file!())]
        .iter()
        .any(|source| fs::metadata(source).and_then(|source| source.modified()).is_ok_and(|changed| changed > built)))
}

fn bind(linked: &Path, artefact: &Artefact, options: &Options) -> anyhow::Result<()> {
    let _ = fs::remove_dir_all(&artefact.dir);
    fs::create_dir_all(&artefact.dir).with_context(|| format!("cannot create {}", artefact.dir.display()))?;
    Bindgen::new()
        .input_path(linked)
        .out_name("engine")
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .reset_state_function(true)
        .remove_name_section(options.release)
        .remove_producers_section(options.release)
        .generate(&artefact.dir)
        .context("wasm-bindgen failed; its version in Cargo.lock must be the one of wasm-bindgen-cli-support")?;
    // Last, as `is_stale` goes by it.
    fs::copy(shim(), artefact.worker_js()).context("cannot write worker.js")?;
    Ok(())
}

fn shim() -> PathBuf {
    crate::root().join("edge-worker/worker.js")
}
