//! The texts of a workspace's own tokens, in a file that only the host's user can read.
//!
//! The object store never holds them: whoever can read segments must not be able to sign tokens.

use anyhow::{Context, Result, bail};
use sanderling_core::access::token::{self, Payload};
use sanderling_core::catalog::{Scope, StaticToken};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Clients look for a region in a token; a self-hosted workspace has none.
const HOST: &str = "local";

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    pub workspace_id: String,
    /// Allows everything, and signs JWTs.
    pub admin_token: String,
    /// Stands for the person, as against the workspace.
    pub user_token: String,
}

impl Secrets {
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("secrets.json")
    }

    pub fn generate(mut random: impl FnMut() -> u128) -> Secrets {
        let workspace_id = uuid(random());
        let mut mint = |owner: &str| {
            let payload = Payload { owner: owner.to_owned(), id: uuid(random()), host: HOST.to_owned() };
            let secret = [random().to_le_bytes(), random().to_le_bytes()].concat();
            token::mint(&payload, &secret)
        };
        let admin_token = mint(&workspace_id);
        let user_token = mint(&workspace_id);
        Secrets { workspace_id, admin_token, user_token }
    }

    pub fn read(data_dir: &Path) -> Result<Option<Secrets>> {
        let path = Secrets::path(data_dir);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        serde_json::from_str(&text).with_context(|| format!("cannot understand {}", path.display())).map(Some)
    }

    /// Never replaces a file: losing the only copy of a signing key would lock everybody out. The
    /// file has its name only once it is whole, so that a host that is killed here can start again.
    pub fn write_new(&self, data_dir: &Path) -> Result<()> {
        let path = Secrets::path(data_dir);
        let staged = data_dir.join(format!("secrets.json.{}", std::process::id()));
        let text = serde_json::to_string_pretty(self).expect("strings are JSON");
        let written = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            // a link, unlike a rename, fails where there is a file
            let linked = fs::hard_link(&staged, &path);
            fs::remove_file(&staged)?;
            linked?;
            File::open(data_dir)?.sync_all()
        };
        written().with_context(|| format!("cannot write {}", path.display()))
    }

    /// What the catalog knows of these tokens.
    pub fn static_tokens(&self) -> Vec<StaticToken> {
        let token = |name: &str, text: &str, scopes| StaticToken {
            id: token::parse(text).map(|payload| payload.id).unwrap_or_default(),
            name: name.to_owned(),
            digest: token::digest(text),
            scopes,
        };
        vec![
            token("workspace admin token", &self.admin_token, vec![Scope::Admin]),
            token("user token", &self.user_token, Vec::new()),
        ]
    }

    /// A store that was filled with other tokens would refuse ours; say so at the start.
    pub fn check_known_to(&self, tokens: &[StaticToken], data_dir: &Path) -> Result<()> {
        if tokens.iter().any(|known| known.digest == token::digest(&self.admin_token)) {
            return Ok(());
        }
        let path = Secrets::path(data_dir);
        bail!("the admin token in {} is not the one of the workspace in the store", path.display())
    }
}

/// A random (version 4) UUID.
pub fn uuid(random: u128) -> String {
    let mut bytes = random.to_be_bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests;
