//! What the guard reads from its pipe.

use super::*;

#[test]
fn only_groups_that_still_run_are_left() {
    let left = groups_left(&b"+10\n+11\n-10\n+12\nnoise\n+\n-99\n+1"[..]);
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [1, 11, 12]);
}
