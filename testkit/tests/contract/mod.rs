//! What the contract says, as tests read it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const CONTRACT: &str = "../docs/contract.md";

/// A file of this crate, or beside it.
pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The clauses of the contract: `B3` where it stands alone, `B3.1` where it is numbered.
pub(crate) fn clauses() -> BTreeSet<String> {
    let (mut clauses, mut current, mut numbered) = (BTreeSet::new(), None, BTreeSet::new());
    for line in read(CONTRACT).lines() {
        let bold = line.strip_prefix("**B").and_then(|rest| rest.split_once(' '));
        if let Some(number) = bold.and_then(|(number, _)| number.parse::<u32>().ok()) {
            current = Some(number);
            clauses.insert(format!("B{number}"));
        } else if line.starts_with("## ") {
            current = None;
        } else if let (Some(clause), Some((item, _))) = (current, line.split_once(". "))
            && let Ok(item) = item.parse::<u32>()
        {
            numbered.insert(format!("B{clause}"));
            clauses.insert(format!("B{clause}.{item}"));
        }
    }
    clauses.into_iter().filter(|clause| !numbered.contains(clause)).collect()
}
