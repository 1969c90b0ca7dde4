//! Installing a system package, where that is allowed.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process::{command, on_path, output, run};

/// Installs with apt, without starting the service that a package brings: it would listen on 6379.
const APT: &str = r#"
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@"
"#;

/// Where packages come from here, and whether to take them unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Installer {
    pub(crate) manager: Option<Manager>,
    pub(crate) root: bool,
    /// `CI=true`.
    pub(crate) ci: bool,
    /// `--install`.
    pub(crate) asked: bool,
}

/// The package managers that are used unasked or with `--install`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    Apt,
    Brew,
}

impl Installer {
    /// Looks around.
    pub(crate) fn here(asked: bool) -> Self {
        let manager = if cfg!(target_os = "macos") {
            on_path("brew").then_some(Manager::Brew)
        } else {
            let debian = Path::new("/etc/debian_version").exists();
            (debian && on_path("apt-get")).then_some(Manager::Apt)
        };
        let root = output(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        Self { manager, root, ci, asked }
    }

    /// Whether a package may be installed without another word.
    pub(crate) fn may(self) -> bool {
        match self.manager {
            Some(Manager::Apt) => self.root || self.ci || self.asked,
            Some(Manager::Brew) => self.ci || self.asked,
            None => false,
        }
    }

    /// What a person types to install the package.
    pub(crate) fn advice(self, package: Package) -> String {
        match self.manager {
            Some(Manager::Apt) if self.root => format!("apt-get install {}", package.apt),
            Some(Manager::Apt) => format!("sudo apt-get install {}", package.apt),
            Some(Manager::Brew) => format!("brew install {}", package.brew),
            None => package.elsewhere.to_owned(),
        }
    }

    /// Installs it, or says what to type.
    pub(crate) fn install(self, package: Package) -> Result<()> {
        if !self.may() {
            bail!("missing here; type: {}", self.advice(package));
        }
        println!("installing: {}", self.advice(package));
        let done = match self.manager {
            Some(Manager::Brew) => run(command("brew").args(["install", package.brew]))?,
            _ if self.root => run(command("sh").args(["-c", APT, "sh", package.apt]))?,
            _ => run(command("sudo").args(["-n", "sh", "-c", APT, "sh", package.apt]))?,
        };
        if !done {
            bail!("could not install; type: {}", self.advice(package));
        }
        Ok(())
    }
}

/// A package by its names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Package {
    apt: &'static str,
    brew: &'static str,
    elsewhere: &'static str,
}

/// A Redis server.
pub(crate) const REDIS: Package = Package {
    apt: "redis-server",
    brew: "redis",
    elsewhere: "TIRELESS_TEST_SERVER=/path/to/redis-server cargo xtask test",
};

/// Python's package installer.
pub(crate) const PIP: Package = Package {
    apt: "python3-pip",
    brew: "python",
    elsewhere: "python3 -m ensurepip (with Python 3.8 or newer)",
};

/// What lets a process take another time to be now.
pub(crate) const FAKETIME: Package = Package {
    apt: "faketime",
    brew: "libfaketime",
    elsewhere: "see https://github.com/wolfcw/libfaketime",
};

/// What counts the instructions of a program.
pub(crate) const VALGRIND: Package =
    Package { apt: "valgrind", brew: "valgrind", elsewhere: "see https://valgrind.org" };
