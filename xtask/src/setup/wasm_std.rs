//! The standard library for wasm32: from rustup, or built from source where rustup cannot download.
//!
//! Debian carries the source of several compilers (`rust-src` in backports, with the crates it
//! depends on), so a machine that reaches nothing but its Debian mirror can build exactly the
//! library that its compiler wants. That takes about half a minute, and no root.

use crate::step;
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

/// Suites of Debian that carry new compilers, old ones beside them.
const SUITES: [&str; 2] = ["trixie-backports", "sid"];

pub(super) fn ensure() -> anyhow::Result<()> {
    let sysroot = sysroot()?;
    if is_installed(&sysroot) {
        return Ok(());
    }
    let refused = match by_rustup() {
        Ok(()) if is_installed(&sysroot) => return Ok(()),
        Ok(()) => format!("rustup added the target, but not to {}", sysroot.display()),
        Err(error) => reason(&format!("{error:#}")),
    };
    step::say(&format!("rustup brought no standard library for {TARGET} ({refused}); building it from source"));
    from_source(&sysroot).with_context(|| {
        format!("the standard library for {TARGET} is missing; `rustup target add {TARGET}` on a connected machine brings it")
    })
}

fn sysroot() -> anyhow::Result<PathBuf> {
    let path = step::quietly("sysroot", rustc().args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(path.trim()))
}

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn library_dir(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

fn is_installed(sysroot: &Path) -> bool {
    let Ok(entries) = fs::read_dir(library_dir(sysroot)) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn by_rustup() -> anyhow::Result<()> {
    step::spin(&format!("rustup target add {TARGET}"), || {
        step::quietly("rustup", Command::new("rustup").args(["target", "add", TARGET])).map(drop)
    })
}

/// The line of a program's output that says what went wrong.
fn reason(said: &str) -> String {
    let mut lines = said.lines();
    lines.find(|line| line.starts_with("error")).or(said.lines().last()).unwrap_or_default().to_owned()
}

fn from_source(sysroot: &Path) -> anyhow::Result<()> {
    check_writable(sysroot)?;
    let source = sysroot.join("lib/rustlib/src/rust/library");
    if !source.join("vendor").is_dir() {
        fetch_source(&source)?;
    }
    let scratch = scratch("wasm-std")?;
    let built = step::spin(&format!("standard library for {TARGET}"), || build(&scratch))?;
    install(&built, &library_dir(sysroot))
}

fn check_writable(sysroot: &Path) -> anyhow::Result<()> {
    let probe = sysroot.join(".sanderling-setup");
    fs::write(&probe, b"").with_context(|| {
        format!("the compiler's folder {} is not writable: run this as its owner", sysroot.display())
    })?;
    fs::remove_file(&probe)?;
    Ok(())
}

/// Unpacks the library's source of exactly our compiler to `place`.
fn fetch_source(place: &Path) -> anyhow::Result<()> {
    let version = compiler_version()?;
    let mirror = debian_mirror()?;
    let scratch = scratch("rust-src")?;
    let package = SUITES
        .iter()
        .find_map(|suite| {
            step::spin(&format!("rust-src {version} from Debian's {suite}"), || {
                download(&scratch, &mirror, suite, &version)
            })
            .inspect_err(|error| step::say(&format!("{error:#}")))
            .ok()
        })
        .with_context(|| format!("the configured Debian mirror has no rust-src {version}"))?;
    step::quietly("dpkg -x", Command::new("dpkg").arg("-x").arg(&package).arg(&scratch))?;
    let unpacked = scratch.join(format!("usr/src/rustc-{version}/library"));
    if !unpacked.join("vendor").is_dir() {
        bail!("rust-src {version} has no {}", unpacked.display());
    }
    fs::create_dir_all(place.parent().expect("the library lies in a folder"))?;
    step::quietly("cp", Command::new("cp").arg("-r").arg(&unpacked).arg(place))?;
    fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// `1.95.0`
fn compiler_version() -> anyhow::Result<String> {
    let text = step::quietly("rustc", rustc().arg("-vV"))?;
    let release = text.lines().find_map(|line| line.strip_prefix("release: "));
    Ok(release.context("rustc -vV names no release")?.trim().to_owned())
}

/// A mirror and the keys it is signed with, as this machine's administrator set them.
struct Mirror {
    uri: String,
    signed_by: String,
}

const DEBIAN_KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

fn debian_mirror() -> anyhow::Result<Mirror> {
    let parts = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    let files = [PathBuf::from("/etc/apt/sources.list")].into_iter().chain(parts);
    let uri = files.filter_map(|file| fs::read_to_string(file).ok()).find_map(|text| debian_uri(&text));
    let uri = uri.context("no Debian mirror is configured in /etc/apt/sources.list*")?;
    Ok(Mirror { uri, signed_by: DEBIAN_KEYS.to_owned() })
}

/// The first URI of a sources file, of either syntax, that ends like a Debian archive's.
fn debian_uri(text: &str) -> Option<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_end_matches('/'))
        .find(|word| word.contains("://") && word.ends_with("/debian"))
        .map(str::to_owned)
}

/// Downloads the package with apt's own checks, but with lists of its own: the machine's
/// configuration stays as it is.
fn download(scratch: &Path, mirror: &Mirror, suite: &str, version: &str) -> anyhow::Result<PathBuf> {
    let sources = scratch.join("sources.list");
    fs::write(&sources, format!("deb [signed-by={}] {} {suite} main\n", mirror.signed_by, mirror.uri))?;
    for dir in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(scratch.join(dir))?;
    }
    let apt = |program: &str| {
        let mut command = Command::new(program);
        command.current_dir(scratch);
        for (option, value) in [
            ("Dir::Etc::sourcelist", sources.clone()),
            ("Dir::Etc::sourceparts", PathBuf::from("/dev/null")),
            ("Dir::State::lists", scratch.join("lists")),
            ("Dir::Cache", scratch.join("cache")),
        ] {
            command.arg("-o").arg(format!("{option}={}", value.display()));
        }
        command
    };
    step::quietly("apt-get update", apt("apt-get").arg("update"))?;
    let known = step::quietly("apt-cache madison", apt("apt-cache").args(["madison", "rust-src"]))?;
    let full = known
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .map(str::trim)
        .find(|full| full.starts_with(&format!("{version}+")) || full.starts_with(&format!("{version}-")))
        .with_context(|| format!("{suite} has no rust-src {version}"))?;
    step::quietly("apt-get download", apt("apt-get").args(["download", &format!("rust-src={full}")]))?;
    let package = fs::read_dir(scratch)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    package.with_context(|| format!("apt-get downloaded rust-src {full}, but no package is in {}", scratch.display()))
}

/// Builds `std` beside an empty crate; the folder with its libraries.
fn build(scratch: &Path) -> anyhow::Result<PathBuf> {
    // With fat LTO the libraries keep their bitcode, which the worker's own LTO asks for.
    let manifest = "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
                    [lib]\ncrate-type = [\"cdylib\"]\npath = \"empty.rs\"\n\n[profile.release]\nlto = \"fat\"\n";
    fs::write(scratch.join("Cargo.toml"), manifest)?;
    fs::write(scratch.join("empty.rs"), "")?;
    let mut cargo = step::cargo();
    cargo
        .current_dir(scratch)
        .args(["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort"])
        // -Zbuild-std is not stable, but builds what the stable compiler's own release is built from.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .env_remove("RUSTFLAGS");
    step::quietly("cargo build -Zbuild-std", &mut cargo)?;
    Ok(scratch.join("target").join(TARGET).join("release/deps"))
}

fn install(built: &Path, place: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(place)?;
    let libraries = fs::read_dir(built)?.flatten().map(|entry| entry.path());
    // `libstd` goes last: it is what `is_installed` looks for.
    let (std, others): (Vec<_>, Vec<_>) = libraries
        .filter(|path| path.extension().is_some_and(|extension| extension == "rlib"))
        .partition(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libstd-")));
    for library in others.iter().chain(&std) {
        let name = library.file_name().expect("read_dir names files");
        fs::copy(library, place.join(name)).with_context(|| format!("cannot write to {}", place.display()))?;
    }
    if std.is_empty() {
        bail!("the build left no libstd in {}", built.display());
    }
    Ok(())
}

/// An empty folder of our own.
fn scratch(name: &str) -> anyhow::Result<PathBuf> {
    let dir = crate::target_dir().join("setup").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::debian_uri;

    #[test]
    fn the_mirror_is_found_in_either_syntax() {
        let check = |text, expected: Option<&str>| assert_eq!(debian_uri(text).as_deref(), expected);
        check("deb http://mirror.test/debian bookworm main\n", Some("http://mirror.test/debian"));
        check(
            "deb [arch=amd64 signed-by=/k] https://mirror.test/debian/ bookworm main",
            Some("https://mirror.test/debian"),
        );
        check("Types: deb\nURIs: http://mirror.test/debian-security\n", None);
        check("Types: deb\nURIs: http://mirror.test/a http://mirror.test/debian\n", Some("http://mirror.test/debian"));
        check("# deb http://mirror.test/debian bookworm main\n", None);
    }
}
