use super::*;

fn compiler(rustc: &str) -> Compiler {
    Compiler { rustc: rustc.to_owned(), target: "x86_64-unknown-linux-gnu".to_owned() }
}

fn counts(counts: &[(&str, u64)]) -> Counts {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn baseline() -> Baseline {
    let instructions = counts(&[("a", 1_000), ("b", 200)]);
    Baseline { compiler: compiler("rustc 1.95.0"), instructions }
}

#[test]
fn more_than_a_tenth_more_fails() {
    let compare =
        |a| baseline().compare(&compiler("rustc 1.95.0"), &counts(&[("a", a), ("b", 200)]));
    assert!(compare(1_100).passes());
    let worse = compare(1_101);
    assert!(!worse.passes());
    assert!(worse.to_string().contains("+10.1 %  TOO MANY"), "{worse}");
}

#[test]
fn much_less_asks_for_a_new_baseline() {
    let compare =
        |a| baseline().compare(&compiler("rustc 1.95.0"), &counts(&[("a", a), ("b", 200)]));
    let better = compare(899);
    assert!(better.passes());
    assert!(better.to_string().contains("--write"), "{better}");
    assert!(!compare(900).to_string().contains("--write"));
}

#[test]
fn another_compiler_is_said_and_given_more_room() {
    let compare =
        |a| baseline().compare(&compiler("rustc 1.96.0"), &counts(&[("a", a), ("b", 200)]));
    let other = compare(1_250);
    assert!(other.passes());
    assert!(other.to_string().contains("the baseline is of rustc 1.95.0"), "{other}");
    assert!(!compare(1_251).passes());
}

#[test]
fn what_was_not_counted_or_never_before_fails() {
    let here = compiler("rustc 1.95.0");
    let missing = baseline().compare(&here, &counts(&[("a", 1_000)]));
    assert!(!missing.passes());
    assert!(missing.to_string().contains("NOT IN BOTH"), "{missing}");
    let new = baseline().compare(&here, &counts(&[("a", 1_000), ("b", 200), ("c", 1)]));
    assert!(!new.passes());
    assert!(!baseline().compare(&here, &counts(&[])).passes());
}

#[test]
fn another_processor_is_no_measure() {
    let mut here = compiler("rustc 1.95.0");
    baseline().check_target(&here).unwrap();
    here.target = "aarch64-unknown-linux-gnu".to_owned();
    baseline().check_target(&here).unwrap_err();
}

#[test]
fn a_baseline_is_read_as_it_was_written() {
    let Baseline { compiler, instructions } = baseline();
    let Compiler { rustc, target } = &compiler;
    let json = json!({ "rustc": rustc, "target": target, "instructions": instructions });
    assert_eq!(Baseline::parse(&json.to_string()).unwrap(), baseline());
    Baseline::parse("{}").unwrap_err();
}

#[test]
fn the_checked_in_baseline_is_whole() {
    assert!(!Baseline::read().unwrap().instructions.is_empty());
}

#[test]
fn the_compiler_is_read() {
    let text =
        "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\n";
    let read = Compiler::parse(text).unwrap();
    assert_eq!(read, compiler("rustc 1.95.0 (59807616e 2026-04-14)"));
    Compiler::parse("rustc 1.95.0\n").unwrap_err();
}
