//! A server's binary out of a Docker image, to run it without Docker (Linux).
//!
//! Many tests kill, freeze and restart servers of their own, with options and files of their own:
//! a plain process does all that, a container behind a forwarded port does not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::containers::parse_ldd;
use crate::process::{cache, command, output};
use crate::servers::version_of;

/// Copies the server of an image with its libraries and loader; a script that starts it with them.
pub(crate) fn binary(image: &str) -> Result<PathBuf> {
    ensure!(cfg!(target_os = "linux"), "the images' binaries are for Linux");
    let dir = cache().join("borrowed").join(image.replace(['/', ':'], "-"));
    let script = dir.join("redis-server");
    if version_of(&script).is_ok() {
        return Ok(script);
    }
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir)?;
    let (program, libraries) = ["redis-server", "valkey-server"]
        .into_iter()
        .find_map(|name| Some((name, libraries(image, name).ok()?)))
        .with_context(|| format!("{image} has no server for this machine"))?;
    let container = output(command("docker").args(["create", image]))?;
    let copied = copy(container.trim(), program, &libraries, &dir);
    let removed = output(command("docker").args(["rm", container.trim()]));
    let loader = copied?;
    removed?;
    let lines = format!(
        "#!/bin/sh\nexec '{0}/{loader}' --library-path '{0}' '{0}/server' \"$@\"\n",
        dir.display()
    );
    fs::write(&script, lines)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    version_of(&script)?;
    Ok(script)
}

/// What the program is linked with, asked from its loader; the program itself does not run.
fn libraries(image: &str, program: &str) -> Result<Vec<PathBuf>> {
    let mut run = command("docker");
    run.args(["run", "--rm", "--env", "LD_TRACE_LOADED_OBJECTS=1", "--entrypoint"]);
    let path = format!("/usr/local/bin/{program}");
    // Where the loader cannot be asked so, this prints the version instead of serving.
    let text = output(run.args([&path, image, "--version"]))?;
    let libraries: Vec<_> = parse_ldd(&text).into_iter().collect();
    ensure!(libraries.iter().any(|path| is_loader(path)), "{program} has another kind of loader");
    Ok(libraries)
}

fn is_loader(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"))
}

/// Copies all into one folder; the loader's name.
fn copy(container: &str, program: &str, libraries: &[PathBuf], dir: &Path) -> Result<String> {
    let copy = |from: &Path, name: &str| {
        let from = format!("{container}:{}", from.display());
        output(command("docker").args(["cp", "--follow-link", &from]).arg(dir.join(name)))
    };
    copy(&Path::new("/usr/local/bin").join(program), "server")?;
    let mut loader = None;
    for library in libraries {
        let name = library.file_name().unwrap_or_default().to_string_lossy().into_owned();
        copy(library, &name)?;
        if is_loader(library) {
            loader = Some(name);
        }
    }
    loader.context("no loader")
}
