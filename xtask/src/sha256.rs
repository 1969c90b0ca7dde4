//! SHA-256 sums, by the system's own tool.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process::{command, on_path, output};

/// Errs unless the file has this sum.
pub(crate) fn check(path: &Path, expected: &str) -> Result<()> {
    let sum = if on_path("sha256sum") {
        output(command("sha256sum").arg(path))?
    } else {
        output(command("shasum").args(["-a", "256"]).arg(path))?
    };
    let sum = sum.split_whitespace().next().unwrap_or_default();
    if sum != expected {
        bail!("{}: its SHA-256 sum is {sum}, expected {expected}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_sum_is_refused() {
        let path = std::env::temp_dir().join(format!("tireless-sum-{}", std::process::id()));
        std::fs::write(&path, "abc").unwrap();
        let good = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check(&path, good).unwrap();
        let error = check(&path, &good.replace('b', "c")).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert!(error.to_string().contains(good), "{error}");
    }
}
