//! The suite covers the contract: every clause is cited by a case, and every case is run.

mod contract;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use contract::{clauses, read};

const CASES: &str = "src/conformance";

/// Every case with the text that stands over it.
fn cases() -> BTreeMap<String, String> {
    let mut cases = BTreeMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES);
    for file in fs::read_dir(folder).expect("the cases") {
        let path = file.expect("a file of cases").path();
        let theme = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut doc = String::new();
        for line in read(&path).lines() {
            if let Some(text) = line.strip_prefix("/// ") {
                doc.push_str(text);
                doc.push('\n');
            } else if let Some(rest) = line.strip_prefix("pub async fn ") {
                let name = rest.split('(').next().unwrap_or_default();
                cases.insert(format!("{theme}::{name}"), std::mem::take(&mut doc));
            } else {
                doc.clear();
            }
        }
    }
    cases
}

/// The clauses that a case says it proves: what stands before its first colon.
fn cited(doc: &str) -> Vec<String> {
    let head = doc.split(':').next().unwrap_or_default();
    head.split(',').map(|clause| clause.trim().to_owned()).collect()
}

#[test]
fn the_contract_has_its_clauses() {
    let clauses = clauses();
    let mains: BTreeSet<&str> =
        clauses.iter().filter_map(|clause| clause.split('.').next()).collect();
    assert_eq!(mains.len(), 17, "{clauses:?}");
    for numbered in ["B3.6", "B4.5", "B5.4", "B11.5"] {
        assert!(clauses.contains(numbered), "{clauses:?}");
    }
}

#[test]
fn every_clause_is_cited_by_a_case() {
    let cited: BTreeSet<String> = cases().values().flat_map(|doc| cited(doc)).collect();
    let missing: Vec<String> =
        clauses().into_iter().filter(|clause| !cited.contains(clause)).collect();
    assert!(missing.is_empty(), "no case cites {missing:?}");
}

#[test]
fn every_case_cites_clauses_that_exist() {
    let mut known = clauses();
    known.extend((1..=17).map(|clause| format!("B{clause}")));
    for (case, doc) in cases() {
        let cited = cited(&doc);
        assert!(cited.iter().all(|clause| known.contains(clause)), "{case} cites {cited:?}");
    }
}

#[test]
fn every_case_is_in_the_suite() {
    let (list, mut theme, mut listed) = (read("src/cases.rs"), String::new(), BTreeSet::new());
    let (_, list) = list.split_once("[$argument]").expect("the list of cases");
    for word in list.split_whitespace() {
        if word == "}" {
            theme.clear();
        } else if theme.is_empty() {
            theme = word.to_owned();
        } else if word.chars().all(|c| c.is_alphanumeric() || c == '_') {
            listed.insert(format!("{theme}::{word}"));
        }
    }
    let written: BTreeSet<String> = cases().into_keys().collect();
    assert_eq!(written.symmetric_difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// B14 names operations: each has a case of its own.
#[test]
fn every_operation_that_rings_has_its_case() {
    let cases = cases();
    let operations = [
        "a_push_rings",
        "promoting_rings",
        "requeueing_rings",
        "requeueing_by_hand_rings",
        "reclaiming_rings",
        "releasing_rings",
        "releasing_for_later_rings",
        "giving_back_rings",
        "leaving_rings",
        "failing_rings",
        "snoozing_rings",
        "resuming_rings",
    ];
    for case in operations {
        assert!(cases.contains_key(&format!("bell::{case}")), "{case}");
    }
}
