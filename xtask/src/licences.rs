//! Licences and bans, from the lists in `deny.toml`.

use crate::metadata::Metadata;

/// The same file that cargo-deny reads, so that the lists stand once.
const DENY: &str = include_str!("../../deny.toml");

/// All dependencies with a licence that is not allowed, and all that are banned.
pub(crate) fn problems(metadata: &Metadata) -> Vec<String> {
    let (allow, deny) = (list(DENY, "allow"), list(DENY, "deny"));
    let mut problems = Vec::new();
    for package in metadata.packages.values() {
        let (name, version) = (&package.name, &package.version);
        match &package.licence {
            None => problems.push(format!("{name} {version} names no licence")),
            Some(licence) if !satisfied(licence, &allow) => {
                problems.push(format!("{name} {version}: {licence} is not allowed"));
            }
            Some(_) => {}
        }
        if deny.contains(&name.as_str()) {
            problems.push(format!("{name} {version} is banned"));
        }
    }
    problems
}

/// The strings of one array of `deny.toml`, which stands as `NAME = [`, one string a line.
fn list<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!("{name} = [");
    let lines = text.lines().skip_while(|line| *line != begin).skip(1);
    lines
        .take_while(|line| *line != "]")
        .map(|line| line.trim().trim_end_matches(',').trim_matches('"'))
        .collect()
}

/// Whether a licence expression can be met with the allowed ones. `/` is an old word for `OR`.
fn satisfied(expression: &str, allow: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest, allow) && rest.is_empty()
}

/// `OR` binds weaker than `AND`.
fn any(words: &mut &[&str], allow: &[&str]) -> bool {
    let mut met = all(words, allow);
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        // Both sides are read in any case.
        met |= all(words, allow);
    }
    met
}

fn all(words: &mut &[&str], allow: &[&str]) -> bool {
    let mut met = one(words, allow);
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        met &= one(words, allow);
    }
    met
}

fn one(words: &mut &[&str], allow: &[&str]) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = any(words, allow);
            let [")", rest @ ..] = *words else { return false };
            *words = rest;
            met
        }
        [name, "WITH", exception, rest @ ..] => {
            *words = rest;
            allow.contains(&format!("{name} WITH {exception}").as_str())
        }
        [name, rest @ ..] => {
            *words = rest;
            allow.contains(name)
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read() {
        let allow = ["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
            "GPL-3.0 AND ISC OR MIT",
        ] {
            assert!(satisfied(good, &allow), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR ISC)", "", "(MIT", "MIT MIT"]
        {
            assert!(!satisfied(bad, &allow), "{bad}");
        }
    }

    #[test]
    fn the_lists_are_found() {
        let (allow, deny) = (list(DENY, "allow"), list(DENY, "deny"));
        assert!(allow.contains(&"MIT") && allow.contains(&"Apache-2.0"), "{allow:?}");
        assert!(deny.contains(&"openssl") && deny.contains(&"async-std"), "{deny:?}");
    }
}
