//! ClickHouse's own edge build, npm `chdb-cloudflare`, in the same workerd: what we compare with.

use crate::step;
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "0.1.0";

/// The package, wired as its README says: the module compiled beforehand, one query at a time.
const MAIN: &str = r#"import createChdbModule from "./chdb.mjs";
import wasmModule from "./chdb.wasm";
import { createChdb } from "./workers.js";

let chdb = null;
export default {
  async fetch() {
    const open = await (chdb ??= createChdb(createChdbModule, wasmModule));
    return new Response((await open.query("select 1")).text());
  },
};
"#;

/// Installs the package and returns workerd's configuration for it.
pub fn config(port: u16) -> anyhow::Result<PathBuf> {
    let folder = crate::target_dir().join("bench/chdb");
    let package = folder.join("node_modules/chdb-cloudflare/dist");
    if !package.join("chdb.wasm").is_file() {
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fs::write(folder.join("package.json"), r#"{ "private": true }"#)?;
        step::spin(&format!("chdb-cloudflare {VERSION} (npm)"), || install(&folder))?;
    }
    fs::write(package.join("main.js"), MAIN)?;
    let path = package.join("config.capnp");
    fs::write(&path, config_text(port))?;
    Ok(path)
}

fn install(folder: &Path) -> anyhow::Result<String> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", &format!("chdb-cloudflare@{VERSION}")]);
    step::quietly("npm install", npm.current_dir(folder))
}

/// The date is one at which workerd does not pretend to be Node, which the package's glue would believe.
fn config_text(port: u16) -> String {
    let scripts = ["main.js", "chdb.mjs", "workers.js", "bindings.js", "status.js"];
    let scripts: String =
        scripts.iter().map(|name| format!("    (name = \"{name}\", esModule = embed \"{name}\"),\n")).collect();
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .chdb)],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);
const chdb :Workerd.Worker = (
  modules = [
{scripts}    (name = "chdb.wasm", wasm = embed "chdb.wasm"),
  ],
  compatibilityDate = "2025-06-01",
);
"#
    )
}
