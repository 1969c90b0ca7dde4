//! What goes through the pipe is never more than one atomic write.

use super::*;

#[test]
fn every_body_needs_one_write() {
    for size in [0, 1, PIPE - 1, PIPE, 1 << 20] {
        let feed = Feed::new(&vec![b'x'; size]).unwrap();
        assert!(feed.line.len() <= PIPE, "{size}");
        assert_eq!(feed.file.is_some(), size >= PIPE, "{size}");
    }
}

#[test]
fn a_large_body_is_readable_for_its_owner_alone_and_goes_with_its_run() {
    use std::os::unix::fs::PermissionsExt;

    let body = vec![b'x'; 100_000];
    let feed = Feed::new(&body).unwrap();
    let path = feed.file.clone().unwrap();
    assert_eq!(fs::read(&path).unwrap(), body);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    drop(feed);
    assert!(!path.exists());
}
