//! What the records were made of, by the names that commits have today.

use std::collections::BTreeSet;

use crate::record::Record;

/// Commits that have another name since their branch was moved onto what had come meanwhile: the name
/// in records, and the one in the history. A record is never changed.
const MOVED: [(&str, &str); 3] =
    [("3d15e57", "26596b6"), ("4543654", "9304d4c"), ("6b9c9ce", "66d281d")];

/// The last part of the page.
pub(super) fn versions(records: &[Record]) -> String {
    let all: BTreeSet<_> = records.iter().map(line).collect();
    format!("\n## Versions\n\n{}", all.into_iter().collect::<String>())
}

fn line(record: &Record) -> String {
    let Record { tireless, build, server, .. } = record;
    let today = match MOVED.iter().find(|(before, _)| tireless.ends_with(before)) {
        Some((_, today)) => format!(" ({today} in the history, where it stands on newer commits)"),
        None => String::new(),
    };
    format!("- tireless {tireless}, {build}, {server}{today}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn a_commit_that_was_moved_is_found() {
        let mut moved = sample("soak");
        moved.tireless = "0.1.0 at 6b9c9ce".into();
        let shown = versions(&[sample("soak"), moved]);
        assert_eq!(shown.matches("66d281d").count(), 1, "{shown}");
        assert_eq!(shown.lines().filter(|line| line.starts_with("- ")).count(), 2, "{shown}");
    }
}
