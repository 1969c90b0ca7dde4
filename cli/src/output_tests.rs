//! What people read.

use super::*;

#[test]
fn a_dumb_terminal_gets_text_alone() {
    assert!(is_dumb(Some(OsStr::new("dumb"))));
    assert!(!is_dumb(Some(OsStr::new("xterm"))) && !is_dumb(None));
}

#[test]
fn colours_are_off_where_a_value_says_so() {
    assert!(is_colourless(Some(OsStr::new("1"))));
    assert!(!is_colourless(Some(OsStr::new(""))) && !is_colourless(None));
}

#[test]
fn one_thing_is_not_many() {
    assert_eq!(
        [0, 1, 2].map(|n| counted(n, "dead task")),
        ["0 dead tasks", "1 dead task", "2 dead tasks"]
    );
}
