//! The packages and their dependencies, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{cargo, command, output};

/// How one package depends on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

/// A package of the workspace or below it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    pub(crate) member: bool,
    /// The identities of what it depends on.
    pub(crate) needs: BTreeSet<(String, Kind)>,
}

/// All packages that a build with all features on this platform takes in, by identity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metadata {
    pub(crate) packages: BTreeMap<String, Package>,
}

impl Metadata {
    /// Asks cargo.
    pub(crate) fn read() -> Result<Self> {
        let version = output(command("rustc").arg("-vV"))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("rustc names no host")?;
        let mut metadata = cargo();
        metadata.args(["metadata", "--format-version", "1", "--all-features"]);
        Self::parse(&output(metadata.args(["--filter-platform", host]))?)
    }

    fn parse(text: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(text)?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let members: BTreeSet<_> = list(&json["workspace_members"]).iter().map(text).collect();
        let mut packages = BTreeMap::new();
        for package in list(&json["packages"]) {
            let id = text(&package["id"]);
            packages.insert(
                id.clone(),
                Package {
                    name: text(&package["name"]),
                    version: text(&package["version"]),
                    licence: package["license"].as_str().map(str::to_owned),
                    member: members.contains(&id),
                    needs: BTreeSet::new(),
                },
            );
        }
        for node in list(&json["resolve"]["nodes"]) {
            let Some(package) = packages.get_mut(&text(&node["id"])) else { continue };
            for dependency in list(&node["deps"]) {
                for kind in list(&dependency["dep_kinds"]) {
                    let kind = match kind["kind"].as_str() {
                        Some("dev") => Kind::Dev,
                        Some("build") => Kind::Build,
                        _ => Kind::Normal,
                    };
                    package.needs.insert((text(&dependency["pkg"]), kind));
                }
            }
        }
        Ok(Self { packages })
    }

    /// The packages of the workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.member)
    }

    /// The name of a package.
    pub(crate) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.packages.get(id).map_or(id, |package| &package.name)
    }

    /// The names of all that a package's ordinary build takes in, itself left out.
    pub(crate) fn closure<'a>(&'a self, name: &str) -> BTreeSet<&'a str> {
        let mut open: Vec<_> =
            self.packages.values().filter(|package| package.name == name).collect();
        let mut seen = BTreeSet::new();
        while let Some(package) = open.pop() {
            for (id, kind) in &package.needs {
                let next = self.packages.get(id);
                if let (Some(next), true) = (next, *kind != Kind::Dev)
                    && seen.insert(next.name.as_str())
                {
                    open.push(next);
                }
            }
        }
        seen
    }
}
