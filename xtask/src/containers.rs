//! Images for the container tests: official ones, or built here where none can be pulled.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::docker;
use crate::process::{cache, command, output};
use crate::servers::{Server, version_of};

/// Lets an image of ours be started as an official one is: with options, with a server's name and
/// options, or with nothing.
const ENTRYPOINT: &str = "#!/bin/sh\n\
    case \"${1:-}\" in '' | -*) set -- redis-server \"$@\" ;; esac\n\
    program=$1; shift\n\
    exec \"$program\" \"$@\" --protected-mode no\n";

/// The official image of a server, pulled if need be; else one built from its binary.
pub(crate) fn image(
    server: &Server,
    binary: Result<PathBuf>,
    may_pull: &mut bool,
) -> Result<String> {
    if docker::has(server.image) || (*may_pull && docker::obtain(server.image)) {
        return Ok(server.image.to_owned());
    }
    // One image that cannot be pulled tells of all of them.
    *may_pull = false;
    build(server, &binary?)
}

/// Builds an image that holds a binary, a shell and the libraries of both, and nothing else.
fn build(server: &Server, binary: &Path) -> Result<String> {
    let image = format!("tireless-test/{}:{}", server.name, version_of(binary)?);
    if docker::has(&image) {
        return Ok(image);
    }
    let root = cache().join("images").join(server.name);
    let _ = fs::remove_dir_all(&root);
    let shell = fs::canonicalize("/bin/sh")?;
    for dir in ["bin", "tmp", "data", "usr/local/bin"] {
        fs::create_dir_all(root.join(dir))?;
    }
    fs::copy(binary, root.join("usr/local/bin/redis-server")).context("copying the server")?;
    symlink("redis-server", root.join("usr/local/bin/valkey-server"))?;
    fs::copy(&shell, root.join("bin/sh")).context("copying the shell")?;
    for library in libraries(binary)?.union(&libraries(&shell)?) {
        let inside = root.join(library.strip_prefix("/")?);
        fs::create_dir_all(inside.parent().unwrap_or(&root))?;
        fs::copy(library, &inside).with_context(|| library.display().to_string())?;
    }
    let entrypoint = root.join("usr/local/bin/docker-entrypoint.sh");
    fs::write(&entrypoint, ENTRYPOINT)?;
    fs::set_permissions(&entrypoint, fs::Permissions::from_mode(0o755))?;
    let tar = root.with_extension("tar");
    output(command("tar").arg("-cf").arg(&tar).arg("-C").arg(&root).arg("."))?;
    let mut import = command("docker");
    import.arg("import");
    for change in [
        "ENV PATH=/usr/local/bin:/bin",
        "WORKDIR /data",
        "EXPOSE 6379",
        "ENTRYPOINT [\"docker-entrypoint.sh\"]",
        "CMD [\"redis-server\"]",
    ] {
        import.args(["--change", change]);
    }
    output(import.arg(&tar).arg(&image))?;
    fs::remove_file(&tar)?;
    ensure!(docker::has(&image), "docker import made no {image}");
    Ok(image)
}

/// The shared libraries of a program, the loader among them.
fn libraries(program: &Path) -> Result<BTreeSet<PathBuf>> {
    Ok(parse_ldd(&output(command("ldd").arg(program))?))
}

/// The paths in what `ldd` prints.
pub(crate) fn parse_ldd(text: &str) -> BTreeSet<PathBuf> {
    let path =
        |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    text.lines().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ldd_names_libraries_and_the_loader() {
        let text = "\tlinux-vdso.so.1 (0x00007ffc)\n\
                    \tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)\n\
                    \tlibnot.so => not found\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let expected = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"];
        assert_eq!(parse_ldd(text), expected.iter().map(PathBuf::from).collect());
    }
}
