use super::*;

#[test]
fn a_planned_fault_strikes_its_operation_once() {
    let faults = Faults::default();
    faults.plan(Operation::Push, Fault::Refuse);
    assert_eq!(faults.next(Operation::Claim), None);
    assert_eq!(faults.next(Operation::Push), Some(Fault::Refuse));
    assert_eq!((faults.next(Operation::Push), faults.struck()), (None, 1));
}

#[test]
fn a_script_is_repeatable_and_keeps_its_odds() {
    let draw = |seed| {
        let faults = Faults::default();
        faults.script(seed, Odds { refuse: 10, lose_reply: 20, repeat: 10, copy_later: 0 });
        (0..1_000).map(|_| faults.next(Operation::Push)).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let lost = draw(3).iter().filter(|fault| **fault == Some(Fault::LoseReply)).count();
    assert!((120..280).contains(&lost), "{lost} of 1000");
    assert!(!draw(3).contains(&Some(Fault::CopyLater)));
}
