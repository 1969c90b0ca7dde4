//! Tests of reading what cargo and the test programs say.

use super::*;

#[test]
fn messages_give_tests_and_programs() {
    let messages = r#"
{"reason":"compiler-artifact","package_id":"path+file:///r/core#tireless-core@0.1.0","manifest_path":"/r/core/Cargo.toml","target":{"kind":["lib"],"name":"tireless_core"},"profile":{"test":true},"executable":"/t/core-1"}
{"reason":"compiler-artifact","package_id":"path+file:///r/cli#tireless-cli@0.1.0","manifest_path":"/r/cli/Cargo.toml","target":{"kind":["bin"],"name":"tireless"},"profile":{"test":false},"executable":"/t/tireless"}
{"reason":"compiler-artifact","package_id":"path+file:///r/core#tireless-core@0.1.0","target":{"kind":["lib"],"name":"tireless_core"},"profile":{"test":false},"executable":null}
{"reason":"build-finished","success":true}"#;
    let built = Built::parse(messages);
    assert_eq!(built.programs, [("tireless".to_owned(), PathBuf::from("/t/tireless"))]);
    assert_eq!(built.tests.len(), 1);
    assert_eq!(built.tests[0].label(), "tireless-core: unit tests");
    assert_eq!(built.tests[0].dir, Path::new("/r/core"));
}

#[test]
fn packages_have_their_names() {
    assert_eq!(package_name("path+file:///r/core#tireless-core@0.1.0"), "tireless-core");
    assert_eq!(package_name("path+file:///r/xtask#0.1.0"), "xtask");
}

#[test]
fn counts_are_summed() {
    let output = "test a ... ok\n\
        test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
        test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out\n";
    assert_eq!(
        parse_counts(output),
        Some(Counts { passed: 5, failed: 1, ignored: 1, unsteady: 0 })
    );
    assert_eq!(parse_counts("no result"), None);
    assert!(Counts::default().is_empty());
    let counts = Counts { passed: 1, failed: 0, ignored: 2, unsteady: 0 };
    assert_eq!(counts.detail(), "1 test, 2 ignored");
}

#[test]
fn tests_that_pass_only_alone_are_told() {
    let counts = Counts { passed: 5, failed: 2, ignored: 0, unsteady: 0 }.mended();
    assert_eq!(counts, Counts { passed: 7, failed: 0, ignored: 0, unsteady: 2 });
    assert_eq!(counts.detail(), "7 tests, 2 UNSTEADY: see above");
}

#[test]
fn failed_tests_are_read_from_the_list_at_the_end() {
    let output = "running 2 tests\ntest a::b ... FAILED\ntest c ... FAILED\n\nfailures:\n\n\
        ---- a::b stdout ----\n    left: 1\n\n\nfailures:\n    a::b\n    c\n\n\
        test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
    assert_eq!(failed_tests(output), ["a::b", "c"]);
    assert!(failed_tests("test result: ok").is_empty());
}

#[test]
fn only_one_or_two_tests_that_are_all_known_get_a_second_try() {
    let failed = |failed| Counts { passed: 5, failed, ..Counts::default() };
    assert!(may_try_again(Some(101), failed(1), &["a"]));
    assert!(may_try_again(Some(101), failed(2), &["a", "b"]));
    assert!(!may_try_again(Some(101), failed(3), &["a", "b", "c"]));
    // Something was printed into the list, and cut it.
    assert!(!may_try_again(Some(101), failed(2), &["a"]));
    assert!(!may_try_again(Some(101), failed(1), &[]));
    // It died after its tests.
    assert!(!may_try_again(Some(134), failed(1), &["a"]));
    assert!(!may_try_again(None, failed(1), &["a"]));
}
