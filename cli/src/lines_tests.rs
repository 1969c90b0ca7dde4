//! No line is lost, cut or counted wrongly.

use super::*;

impl Input for &[u8] {
    fn comes_within(&mut self, _: Duration) -> bool {
        true
    }
}

/// Pieces, before each of which the reader is kept waiting.
struct Slow(Vec<&'static [u8]>);

impl Input for Slow {
    fn comes_within(&mut self, _: Duration) -> bool {
        false
    }
}

impl Read for Slow {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Ok(0) } else { self.0.remove(0).read(into) }
    }
}

fn batches(input: &[u8], lines: usize, bytes: usize) -> Vec<Result<Batch, Trouble>> {
    let mut reader = LineReader::new(input);
    std::iter::from_fn(|| reader.next_batch(lines, bytes)).collect()
}

fn bodies(input: &[u8]) -> Vec<Vec<u8>> {
    let flat = |batch: Result<Batch, Trouble>| batch.unwrap().bodies;
    batches(input, 2, 100).into_iter().flat_map(flat).map(Vec::from).collect()
}

#[test]
fn a_line_is_all_bytes_up_to_its_end() {
    assert_eq!(bodies(b""), Vec::<Vec<u8>>::new());
    assert_eq!(bodies(b"a\nb\nc"), [b"a", b"b", b"c"]);
    assert_eq!(bodies(b"a\r\n\n\xff\n"), [&b"a\r"[..], b"", b"\xff"]);
}

#[test]
fn batches_keep_both_bounds_and_count_lines() {
    let found = batches(b"aaaa\nbbbb\ncc\nd\ne\n", 3, 8);
    let found: Vec<_> =
        found.into_iter().map(Result::unwrap).map(|b| (b.first_line, b.bodies.len())).collect();
    assert_eq!(found, [(1, 2), (3, 3)]);
    let found = batches(b"0123456789\na\n", 3, 8);
    assert_eq!(found.len(), 2, "a line over the bound goes alone");
}

#[test]
fn what_was_read_before_a_long_line_is_not_lost() {
    let mut input = b"a\nb\n".to_vec();
    input.extend(vec![b'x'; BODY_BYTES + 1]);
    input.extend(b"\nc\n");
    let found = batches(&input, 10, 100);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].as_ref().unwrap().bodies.len(), 2);
    assert!(matches!(found[1], Err(Trouble::TooLong { line: 3 })));
}

#[test]
fn the_longest_line_is_taken() {
    let mut input = vec![b'x'; BODY_BYTES];
    assert_eq!(bodies(&input)[0].len(), BODY_BYTES);
    input.push(b'\n');
    assert_eq!(bodies(&input)[0].len(), BODY_BYTES);
}

#[test]
fn what_is_there_does_not_wait_for_more() {
    let mut reader = LineReader::new(Slow(vec![b"a\nb\nhalf", b" a", b" line\nc", b"\n\n"]));
    let found: Vec<_> = std::iter::from_fn(|| reader.next_batch(10, 100))
        .map(|batch| batch.unwrap())
        .map(|batch| (batch.first_line, batch.bodies))
        .collect();
    let expected: [(u64, &[&'static str]); 3] =
        [(1, &["a", "b"]), (3, &["half a line"]), (4, &["c", ""])];
    assert_eq!(
        found,
        expected.map(|(line, bodies)| (
            line,
            bodies.iter().map(|b| Bytes::from_static(b.as_bytes())).collect()
        ))
    );
}
