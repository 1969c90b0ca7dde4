//! A Python that has redis-py.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// An interpreter that can import redis-py: the one that `TIRELESS_TEST_PYTHON` names, else one in
/// an environment in this folder, made when it is not there. Panics where there can be none.
pub fn redis_py(home: &Path) -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    if let Some(given) = std::env::var_os("TIRELESS_TEST_PYTHON") {
        return given.into();
    }
    MADE.get_or_init(|| make(home)).clone()
}

fn make(home: &Path) -> PathBuf {
    let python = home.join("bin/python");
    if !works(&python, &["-c", "import redis"]) {
        assert!(
            works(Path::new("python3"), &["-m", "venv", "--clear", &home.display().to_string()]),
            "python3 with venv is missing; set TIRELESS_TEST_PYTHON to a Python that has redis-py"
        );
        assert!(
            works(&python, &["-m", "pip", "install", "--quiet", "redis>=5"]),
            "redis-py cannot be installed; set TIRELESS_TEST_PYTHON to a Python that has it"
        );
    }
    python
}

fn works(program: &Path, args: &[&str]) -> bool {
    Command::new(program).args(args).status().is_ok_and(|status| status.success())
}
