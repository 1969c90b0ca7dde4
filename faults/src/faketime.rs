//! libfaketime: what a process is given so that it takes another time to be now.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// What is to be installed, if anything is.
pub fn missing() -> Option<String> {
    let told = "needs libfaketime; on Debian: apt-get install faketime";
    library().is_none().then(|| told.to_owned())
}

/// The variables of such a process: these settings, and that its monotonic clock stays true.
///
/// # Errors
/// When the library is not installed.
pub fn environment(settings: &[(&str, &str)]) -> Result<Vec<(String, String)>> {
    let library = library().context("no libfaketime")?;
    // With the system's allocator right behind it: jemalloc, which servers use, asks for the time
    // while it is set up, and the library allocates to tell.
    let library = format!("{}:libc.so.6", library.display());
    let always = [
        ("LD_PRELOAD", &*library),
        ("DONT_FAKE_MONOTONIC", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let all = always.iter().chain(settings);
    Ok(all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn library() -> Option<PathBuf> {
    let in_dir = |dir: PathBuf| dir.join("faketime/libfaketimeMT.so.1");
    let mut dirs = vec![PathBuf::from("/usr/lib"), PathBuf::from("/usr/local/lib")];
    let below = fs::read_dir("/usr/lib").into_iter().flatten();
    dirs.extend(below.filter_map(|entry| Some(entry.ok()?.path())));
    dirs.into_iter().map(in_dir).find(|path| path.is_file())
}
