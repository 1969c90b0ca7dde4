//! Repeats, marks and forgetting.

use std::time::Duration;

use tireless_core::{Call, ErrorKind, Operation, Result, StoreTime, WorkerId};

use super::Remembered;
use crate::fixture::kind;

fn look(
    calls: &mut Remembered<char>,
    who: WorkerId,
    number: u64,
    answered: u64,
    seconds: u64,
) -> Result<Option<char>> {
    let now = StoreTime::default().after(Duration::from_secs(seconds));
    let call = Call { number, answered };
    let known = calls.look(Operation::Push, who, call, now)?;
    if known.is_none() {
        calls.keep(who, call, now, char::from_digit(number as u32, 36).unwrap());
    }
    Ok(known)
}

#[test]
fn a_repeat_gets_the_first_answer_until_the_mark_passes_it() {
    let (mut calls, ada) = (Remembered::default(), WorkerId::new());
    assert_eq!(look(&mut calls, ada, 1, 0, 0).unwrap(), None);
    assert_eq!(look(&mut calls, ada, 3, 0, 0).unwrap(), None);
    assert_eq!(look(&mut calls, ada, 2, 0, 599).unwrap(), None, "out of order");
    assert_eq!(look(&mut calls, ada, 1, 0, 600).unwrap(), Some('1'));
    assert_eq!(look(&mut calls, ada, 4, 2, 600).unwrap(), None);
    assert_eq!(kind(look(&mut calls, ada, 1, 0, 600)), Some(ErrorKind::Stale));
    assert_eq!(kind(look(&mut calls, ada, 2, 1, 600)), Some(ErrorKind::Stale));
    assert_eq!(look(&mut calls, ada, 3, 2, 600).unwrap(), Some('3'));
    assert_eq!(look(&mut calls, WorkerId::new(), 1, 0, 600).unwrap(), None, "another caller");
}

#[test]
fn callers_and_answers_are_forgotten_a_few_at_a_time() {
    let mut calls = Remembered::default();
    for _ in 0..100 {
        look(&mut calls, WorkerId::new(), 1, 0, 0).unwrap();
    }
    let ada = WorkerId::new();
    for number in 1..30 {
        look(&mut calls, ada, number, 0, 601).unwrap();
    }
    assert_eq!(calls.callers.iter().count(), 1, "only the one that calls");
    for number in 1..10 {
        look(&mut calls, ada, 29 + number % 3, 0, 1_300).unwrap();
    }
    let left: usize = calls.callers.iter().map(|(_, caller)| caller.answers.len()).sum();
    assert_eq!(left, 3, "the new answers");
}
