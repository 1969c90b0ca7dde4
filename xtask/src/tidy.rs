//! `cargo xtask tidy`: the rules of the house that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::metadata::Metadata;
use crate::process::root;
use crate::{edges, licences};

/// No file is longer.
const MOST_LINES: usize = 500;

/// Files should stay below.
const WANTED_LINES: usize = 300;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    problems: Vec<String>,
    warnings: Vec<String>,
}

/// Prints warnings and problems; whether there are no problems.
pub(crate) fn run() -> Result<bool> {
    let findings = look()?;
    for warning in &findings.warnings {
        println!("warning: {warning}");
    }
    for problem in &findings.problems {
        println!("problem: {problem}");
    }
    Ok(findings.problems.is_empty())
}

fn look() -> Result<Findings> {
    let root = root();
    let mut findings = Findings::default();
    let mut files = Vec::new();
    walk(&root, &mut files)?;
    for path in files {
        let text = fs::read(&path).with_context(|| path.display().to_string())?;
        let text = String::from_utf8_lossy(&text);
        check_file(path.strip_prefix(&root).unwrap_or(&path), &text, &mut findings);
    }
    let metadata = Metadata::read()?;
    findings.problems.extend(edges::problems(&metadata));
    findings.problems.extend(licences::problems(&metadata));
    Ok(findings)
}

/// All source files, without hidden folders and what cargo builds.
fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries = fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let kind = entry.file_type()?;
        if kind.is_dir() && !name.starts_with('.') && name != "target" {
            walk(&path, files)?;
        } else if kind.is_file() && is_source(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("rs" | "lua" | "toml" | "py" | "sh"))
}

/// The rules for one file.
fn check_file(path: &Path, text: &str, findings: &mut Findings) {
    let name = path.display();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let lines = text.lines().count();
    if matches!(extension, Some("rs" | "lua")) && lines > WANTED_LINES {
        let finding =
            format!("{name} has {lines} lines (wanted {WANTED_LINES}, at most {MOST_LINES})");
        if lines > MOST_LINES {
            findings.problems.push(finding);
        } else {
            findings.warnings.push(finding);
        }
    }
    if let Some((line, _)) = text.lines().enumerate().find(|(_, line)| !line.is_ascii()) {
        findings.problems.push(format!("{name}:{} is not plain ASCII", line + 1));
    }
    if extension == Some("rs") && !needs_no_docs(path) && !text.starts_with("//!") {
        findings.problems.push(format!("{name} does not begin with module docs (//!)"));
    }
    if extension == Some("lua") {
        check_script(path, text, findings);
    }
    if extension == Some("rs") && path.starts_with("worker/src") {
        check_logging(path, text, findings);
    }
}

/// What a log that panics may end, unless it is called through `worker/src/quiet.rs`.
const LOUD: [&str; 7] =
    ["error!", "warn!", "info!", "debug!", "trace!", ".in_scope(", ".instrument("];

/// Who may: the module itself.
const MAY_BE_LOUD: &str = "quiet.rs";

/// A pool logs in one way only.
fn check_logging(path: &Path, text: &str, findings: &mut Findings) {
    if path.ends_with(MAY_BE_LOUD) {
        return;
    }
    for (line, text) in text.lines().enumerate() {
        if let Some(loud) = LOUD.iter().find(|loud| text.contains(**loud)) {
            let name = path.display();
            findings.problems.push(format!("{name}:{} logs with `{loud}`, not `log!`", line + 1));
        }
    }
}

/// A file of unit tests is named after what it tests; programs that must not compile are written as
/// users write them.
fn needs_no_docs(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut parts = path.iter();
    stem == "tests"
        || stem.ends_with("_tests")
        || parts.any(|part| part == "ui" || part == "refused")
}

/// A script says first what it takes and gives; a part of scripts says what it is for.
fn check_script(path: &Path, text: &str, findings: &mut Findings) {
    let name = path.display();
    let head: Vec<_> = text.lines().take_while(|line| line.starts_with("--")).collect();
    if head.is_empty() {
        findings.problems.push(format!("{name} does not begin with a comment"));
    }
    if path.parent().is_some_and(|dir| dir.ends_with("lib")) {
        return;
    }
    for word in ["-- KEYS:", "-- ARGV:", "-- Returns:"] {
        if !head.iter().any(|line| line.starts_with(word)) {
            findings.problems.push(format!("{name} does not say `{word}` in its head"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str) -> Findings {
        let mut findings = Findings::default();
        check_file(Path::new(path), text, &mut findings);
        findings
    }

    #[test]
    fn long_files_are_told() {
        let lines = |count: usize| format!("//! Docs.\n{}", "x\n".repeat(count - 1));
        assert_eq!(check("a/src/a.rs", &lines(300)), Findings::default());
        let long = check("a/src/a.rs", &lines(301));
        assert_eq!((long.problems.len(), long.warnings.len()), (0, 1));
        let long = check("a/src/a.rs", &lines(501));
        assert_eq!((long.problems.len(), long.warnings.len()), (1, 0));
    }

    #[test]
    fn rust_files_begin_with_docs() {
        assert_eq!(check("a/src/a.rs", "use std::fs;\n").problems.len(), 1);
        assert_eq!(check("a/tests/ui/a.rs", "fn main() {}\n"), Findings::default());
        assert_eq!(check("a/src/a_tests.rs", "use super::*;\n"), Findings::default());
    }

    #[test]
    fn source_is_ascii() {
        let problems = check("a/src/a.rs", "//! Docs.\n// na\u{ef}ve\n").problems;
        assert_eq!(problems, ["a/src/a.rs:2 is not plain ASCII"]);
    }

    #[test]
    fn a_pool_logs_through_one_module() {
        let bare = "//! Docs.\ntracing::warn!(%error, \"odd\");\n";
        let problems = check("worker/src/a.rs", bare).problems;
        assert_eq!(problems, ["worker/src/a.rs:2 logs with `warn!`, not `log!`"]);
        assert_eq!(check("worker/src/quiet.rs", bare), Findings::default());
        assert_eq!(check("cli/src/a.rs", bare), Findings::default());
        let quiet = "//! Docs.\nlog!(warn, %error, \"odd\");\n";
        assert_eq!(check("worker/src/a.rs", quiet), Findings::default());
    }

    #[test]
    fn scripts_have_heads() {
        let good = "-- ack: x\n-- KEYS: a\n-- ARGV: b\n-- Returns: c\nreturn 1\n";
        assert_eq!(check("lua/ack.lua", good), Findings::default());
        let late = "-- ack: x\n-- KEYS: a\n-- ARGV: b\nlocal a\n-- Returns: c\n";
        assert_eq!(check("lua/ack.lua", late).problems.len(), 1);
        assert_eq!(check("lua/lib/now.lua", "-- the time\n"), Findings::default());
        assert_eq!(check("lua/lib/now.lua", "return 1\n").problems.len(), 1);
    }
}
