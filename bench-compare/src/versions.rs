//! The versions that were built, by the lock file.

const LOCK: &str = include_str!("../Cargo.lock");

/// The version of a package; the highest one where there are several.
pub(crate) fn of(package: &str) -> String {
    let name = format!("name = \"{package}\"");
    let found = LOCK.split("[[package]]").filter(|entry| entry.lines().any(|line| line == name));
    let version = |entry: &str| {
        let line = entry.lines().find_map(|line| line.strip_prefix("version = \""))?;
        line.strip_suffix('"').map(str::to_owned)
    };
    found.last().and_then(version).unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_lock_file_is_read() {
        assert!(super::of("redis").starts_with("1."));
        assert_eq!(super::of("no such package"), "unknown");
    }
}
