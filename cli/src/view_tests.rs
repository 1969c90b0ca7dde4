//! What tasks look like, whatever their bodies hold.

use super::*;

#[test]
fn control_characters_never_reach_the_terminal() {
    assert_eq!(preview(b"a\x1b[2Jb\nc", 40), "a\u{b7}[2Jb\u{b7}c");
    assert_eq!(full(b"a\x1b[2Jb\nc"), "a\\u{1b}[2Jb\nc");
}

#[test]
fn a_preview_is_cut_and_says_so() {
    assert_eq!(preview(b"abcdef", 6), "abcdef");
    assert_eq!(preview(b"abcdefg", 6), "abcdef...");
    assert_eq!(preview(b"\xff\xfe\xfd\xfc", 6), "0xfffefd...");
    assert_eq!(preview(b"\xff\xfe\xfd", 6), "0xfffefd");
}

#[test]
fn bytes_that_are_no_text_are_dumped() {
    let shown = full(b"\x00\xffAB 0123456789abcd");
    let expected = "\
00000000  00 ff 41 42 20 30 31 32 33 34 35 36 37 38 39 61  |..AB 0123456789a|
00000010  62 63 64                                         |bcd|";
    assert_eq!(shown, expected);
}

#[test]
fn what_is_no_envelope_is_shown_as_it_is() {
    let opened = open(&Bytes::from_static(b"\x00junk"));
    assert_eq!(&opened.envelope.body[..], b"\x00junk");
    assert!(opened.problem.is_some());
    assert!(open(&Bytes::new()).problem.is_some());
    let opened = open(&Envelope::raw("body").encode().unwrap());
    assert_eq!((&opened.envelope.body[..], opened.problem), (&b"body"[..], None));
}
