use super::{Frames, is_push, words};

/// Each is one frame.
const FRAMES: [&[u8]; 27] = [
    b"+OK\r\n",
    b"-ERR no\r\n",
    b":-7\r\n",
    b"$-1\r\n",
    b"$0\r\n\r\n",
    b"$5\r\na\r\nbc\r\n",
    b"*-1\r\n",
    b"*0\r\n",
    b"*2\r\n$1\r\na\r\n:1\r\n",
    b"*3\r\n*0\r\n*1\r\n*-1\r\n$-1\r\n",
    b"*2\r\n*2\r\n*1\r\n+x\r\n:1\r\n-ERR within\r\n",
    b"_\r\n",
    b"#t\r\n",
    b",1.5\r\n",
    b"(123456789012345678901234567890\r\n",
    b"!9\r\nERR\r\nmore\r\n",
    b"=7\r\ntxt:a\r\n\r\n",
    b"~2\r\n+a\r\n+b\r\n",
    b"%0\r\n",
    b"%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n%1\r\n+c\r\n_\r\n",
    b">2\r\n+message\r\n$1\r\nx\r\n",
    b"|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n",
    b"|0\r\n*1\r\n+x\r\n",
    b"*2\r\n|1\r\n+a\r\n*1\r\n:1\r\n+one\r\n+two\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n$1\r\n\n\r\n",
    b"+\r\n",
];

fn all(frames: &mut Frames) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| frames.next().unwrap()).map(|frame| frame.to_vec()).collect()
}

#[test]
fn each_frame_is_found_whole() {
    for frame in FRAMES {
        let mut frames = Frames::default();
        frames.feed(frame);
        assert_eq!(all(&mut frames), [frame], "{:?}", String::from_utf8_lossy(frame));
    }
}

#[test]
fn frames_in_pieces_of_any_size_are_the_same() {
    let stream = FRAMES.concat();
    for size in 1..40 {
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        for piece in stream.chunks(size) {
            frames.feed(piece);
            found.extend(all(&mut frames));
        }
        assert_eq!(found, FRAMES, "pieces of {size}");
    }
}

#[test]
fn no_part_of_a_frame_is_one() {
    for frame in FRAMES {
        for len in 0..frame.len() {
            let mut frames = Frames::default();
            frames.feed(&frame[..len]);
            assert_eq!(frames.next(), Ok(None), "{:?}", String::from_utf8_lossy(&frame[..len]));
        }
    }
}

#[test]
fn what_is_no_frame_is_refused() {
    for bytes in [
        &b"PING\r\n"[..],
        b"\r\n",
        b"$x\r\n",
        b"$1\r\nab\r\n",
        b"*-2\r\n",
        b"$?\r\n",
        b"*1\r\nno\r\n",
    ] {
        let mut frames = Frames::default();
        frames.feed(bytes);
        assert!(frames.next().is_err(), "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn pushes_answer_nothing() {
    assert!(is_push(b">1\r\n+x\r\n"));
    assert!(!is_push(b"*1\r\n+x\r\n"));
}

#[test]
fn a_command_has_words() {
    let command = b"*3\r\n$3\r\nSET\r\n$0\r\n\r\n$2\r\n\r\n\r\n";
    assert_eq!(words(command, 9), Some(vec![&b"SET"[..], b"", b"\r\n"]));
    assert_eq!(words(command, 1), Some(vec![&b"SET"[..]]));
    for other in [&b"+OK\r\n"[..], b"*1\r\n:1\r\n", b"*-1\r\n"] {
        assert_eq!(words(other, 9), None);
    }
}
