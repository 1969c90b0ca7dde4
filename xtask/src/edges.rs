//! Which crate may depend on which: the arrows point one way.

use crate::metadata::{Kind, Metadata};

/// What each crate may name in an ordinary dependency, among ours.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("tireless-core", &[]),
    ("tireless-macros", &[]),
    ("tireless-worker", &["tireless-core"]),
    ("tireless-redis-broker", &["tireless-core"]),
    ("tireless-backend-memory", &["tireless-core"]),
    ("tireless-backend-redis-rs", &["tireless-core", "tireless-redis-broker"]),
    ("tireless-backend-fred", &["tireless-core", "tireless-redis-broker"]),
    ("tireless-testkit", &["tireless-core"]),
    (
        "tireless",
        &[
            "tireless-core",
            "tireless-worker",
            "tireless-macros",
            "tireless-backend-memory",
            "tireless-backend-redis-rs",
            "tireless-backend-fred",
        ],
    ),
    ("tireless-cli", &["tireless"]),
    ("xtask", &[]),
];

/// Not published and not depended on: they may name everything.
const FREE: [&str; 5] = [
    "tireless-tests",
    "tireless-examples",
    "tireless-faults",
    "tireless-benches",
    "tireless-growth",
];

/// What every crate's tests may name.
const FOR_TESTS: [&str; 2] = ["tireless-testkit", "tireless-backend-memory"];

/// What the tests of one crate may name as well: derived code names the facade.
const FOR_ITS_TESTS: [(&str, &str); 2] =
    [("tireless-macros", "tireless"), ("tireless-worker", "tireless-macros")];

/// What the core must never take in, not even through others.
const NOT_IN_CORE: [&str; 5] = ["redis", "fred", "tokio", "async-std", "smol"];

/// All arrows that point the wrong way.
pub(crate) fn problems(metadata: &Metadata) -> Vec<String> {
    let mut problems = Vec::new();
    for package in metadata.members() {
        for (id, kind) in &package.needs {
            let to = metadata.name(id);
            let ours = metadata.packages.get(id).is_some_and(|package| package.member);
            if ours && !allowed(&package.name, to, *kind) {
                problems.push(format!("{} must not depend on {to} ({kind:?})", package.name));
            }
        }
    }
    let core = metadata.closure("tireless-core");
    for name in NOT_IN_CORE.iter().filter(|name| core.contains(*name)) {
        problems.push(format!("tireless-core must not take in {name}"));
    }
    problems
}

fn allowed(from: &str, to: &str, kind: Kind) -> bool {
    if FREE.contains(&from) {
        return true;
    }
    let for_tests = FOR_TESTS.contains(&to) || FOR_ITS_TESTS.contains(&(from, to));
    if kind == Kind::Dev && for_tests {
        return true;
    }
    ALLOWED.iter().any(|(name, list)| *name == from && list.contains(&to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Package;

    #[test]
    fn arrows_point_one_way() {
        use Kind::{Dev, Normal};
        assert!(allowed("tireless-worker", "tireless-core", Normal));
        assert!(!allowed("tireless-core", "tireless-worker", Normal));
        assert!(!allowed("tireless-backend-fred", "tireless-worker", Normal));
        assert!(!allowed("tireless-worker", "tireless-testkit", Normal));
        assert!(allowed("tireless-worker", "tireless-testkit", Dev));
        assert!(!allowed("tireless-worker", "tireless-backend-fred", Dev));
        assert!(!allowed("a-new-crate", "tireless-core", Normal), "the list must name it");
        assert!(allowed("tireless-tests", "tireless-backend-fred", Normal));
    }

    #[test]
    fn this_workspace_keeps_to_it() {
        let problems = problems(&Metadata::read().unwrap());
        assert!(problems.is_empty(), "{problems:#?}");
    }

    #[test]
    fn the_core_takes_in_no_runtime() {
        let package = |name: &str, needs: &[&str]| Package {
            name: name.to_owned(),
            needs: needs.iter().map(|need| ((*need).to_owned(), Kind::Normal)).collect(),
            ..Package::default()
        };
        let mut metadata = Metadata::default();
        for (name, needs) in
            [("tireless-core", &["helper"][..]), ("helper", &["tokio"]), ("tokio", &[])]
        {
            metadata.packages.insert(name.to_owned(), package(name, needs));
        }
        assert_eq!(problems(&metadata), ["tireless-core must not take in tokio"]);
    }
}
