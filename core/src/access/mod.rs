//! Who may read and write what: tokens and scopes → a [`Grant`].
//!
//! ```text
//! token text ─┬─ has a digest in the catalog ─▶ static token ─┐
//!             └─ signed by one of our keys   ─▶ JWT           ├─▶ scopes ─▶ Grant
//! ```
//!
//! Pure: the time and the keys are passed in, so the host, the worker and a test decide alike.
//! Everything that is not understood is refused; a refusal is an [`Error`] of kind `Denied`.

pub mod jwt;
pub mod token;

use crate::catalog::{Catalog, Scope};
use crate::error::{Error, Result};
use crate::limits::TOKEN_BYTES_MAX;
use crate::plan::Visible;
use std::collections::{BTreeMap, BTreeSet};

/// The secrets of a workspace. The object store never holds them.
#[derive(Clone, Default)]
pub struct Keys {
    /// The text of the workspace's admin token, which signs JWTs without a `kid`.
    pub admin_token: Option<String>,
    /// `kid` → secret, so that a key can be replaced while tokens of the old one still count.
    pub by_id: BTreeMap<String, String>,
}

/// What the bearer of a token may do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grant {
    /// The token's name, for logs and limits.
    pub name: String,
    pub is_admin: bool,
    pub may_deploy: bool,
    pub may_manage_tokens: bool,
    pub visible: Visible,
    /// Pipe → parameter → value: the caller cannot override them.
    pub fixed_params: BTreeMap<String, BTreeMap<String, String>>,
    /// Data sources that take events from this token.
    append: BTreeSet<String>,
    /// Requests each second, if the token limits them.
    pub requests_per_s: Option<f64>,
}

impl Keys {
    pub fn new(admin_token: impl Into<String>) -> Keys {
        Keys { admin_token: Some(admin_token.into()), by_id: BTreeMap::new() }
    }
}

impl Grant {
    pub fn may_append(&self, data_source: &str) -> bool {
        self.is_admin || self.append.contains(data_source)
    }

    pub fn may_call(&self, pipe: &str) -> bool {
        self.visible.everything || self.visible.pipes.contains(pipe)
    }

    /// The fixed parameters of one pipe, or of every pipe that the caller's own SQL could name:
    /// that SQL hands one set of parameters to whatever it reads, so all of them must hold.
    pub fn fixed_params_of(&self, pipe: Option<&str>) -> Result<BTreeMap<&str, &str>> {
        let mut all: BTreeMap<&str, &str> = BTreeMap::new();
        let pipes = self.fixed_params.iter().filter(|(name, _)| pipe.is_none_or(|pipe| pipe == *name));
        for (name, value) in pipes.flat_map(|(_, params)| params) {
            if all.insert(name, value).is_some_and(|other| other != value) {
                return Err(Error::denied(format!(
                    "the token fixes the parameter {name:?} to different values for different pipes; \
                     call the pipes one by one, without SQL of your own"
                )));
            }
        }
        Ok(all)
    }
}

/// Recognises a token and says what it allows. `now_s` is Unix time.
pub fn admit(text: Option<&str>, catalog: &Catalog, keys: &Keys, now_s: i64) -> Result<Grant> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| {
        Error::denied("a token is missing: send it as \"Authorization: Bearer <token>\" or as ?token=<token>")
    })?;
    if text.len() > TOKEN_BYTES_MAX {
        return Err(invalid(format!("it has {} bytes, more than {TOKEN_BYTES_MAX}", text.len())));
    }
    if let Some(known) = token::find(text, &catalog.tokens) {
        return grant(&known.name, &known.scopes, catalog);
    }
    if text.starts_with(token::PREFIX) {
        return Err(invalid("this workspace has no such token; it may have been deleted or refreshed"));
    }
    let claims = jwt::verify(text, keys, now_s)?;
    if claims.workspace_id != catalog.workspace_id {
        return Err(invalid(format!("it is for the workspace {:?}, not for this one", claims.workspace_id)));
    }
    let mut granted = grant(&claims.name, &claims.scopes, catalog)?;
    granted.requests_per_s = claims.requests_per_s;
    Ok(granted)
}

/// Every refusal of a token itself starts with the same words, so that a client can tell it from
/// a token that is good but not for this.
fn invalid(reason: impl std::fmt::Display) -> Error {
    Error::denied(format!("invalid token: {reason}"))
}

fn grant(name: &str, scopes: &[Scope], catalog: &Catalog) -> Result<Grant> {
    let mut grant = Grant { name: name.to_owned(), ..Grant::default() };
    for scope in scopes {
        grant.add(scope, catalog)?;
    }
    // Quarantined rows are texts that no filter can judge, so whoever is filtered does not see them.
    for data_source in grant.visible.filters.keys() {
        grant.visible.data_sources.remove(&quarantine(data_source));
    }
    Ok(grant)
}

fn quarantine(data_source: &str) -> String {
    format!("{data_source}_quarantine")
}

impl Grant {
    fn add(&mut self, scope: &Scope, catalog: &Catalog) -> Result<()> {
        match scope {
            Scope::Admin => {
                self.is_admin = true;
                self.may_deploy = true;
                self.may_manage_tokens = true;
                self.visible.everything = true;
            }
            Scope::Tokens => self.may_manage_tokens = true,
            Scope::Deploy => self.may_deploy = true,
            Scope::ReadAll => self.visible.everything = true,
            Scope::DataSourceRead { name, filter } => {
                let name = catalog.data_source(name).map_or(name, |source| &source.name);
                self.visible.data_sources.insert(name.clone());
                self.visible.data_sources.insert(quarantine(name));
                self.add_filter(name, filter.as_deref());
            }
            Scope::DataSourceAppend { name } => {
                let name = catalog.data_source(name).map_or(name, |source| &source.name);
                self.append.insert(name.clone());
            }
            Scope::PipeRead { name, fixed_params, filter } => {
                let name = catalog.pipe(name).map_or(name, |pipe| &pipe.name);
                self.visible.pipes.insert(name.clone());
                self.add_filter(name, filter.as_deref());
                self.fix(name, fixed_params)?;
            }
        }
        Ok(())
    }

    fn add_filter(&mut self, name: &str, filter: Option<&str>) {
        if let Some(filter) = filter.map(str::trim).filter(|filter| !filter.is_empty()) {
            self.visible.filters.entry(name.to_owned()).or_default().push(filter.to_owned());
        }
    }

    fn fix(&mut self, pipe: &str, params: &BTreeMap<String, String>) -> Result<()> {
        if params.is_empty() {
            return Ok(());
        }
        let fixed = self.fixed_params.entry(pipe.to_owned()).or_default();
        for (name, value) in params {
            if fixed.insert(name.clone(), value.clone()).is_some_and(|other| other != *value) {
                return Err(invalid(format!("it fixes the parameter {name:?} of the pipe {pipe:?} twice")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
