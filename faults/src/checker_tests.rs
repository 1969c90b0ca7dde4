use tireless::TaskId;

use super::*;
use crate::history::Event;

const SECOND: Moment = 1_000_000;

/// A history from lines such as `12.5 start 7`, in seconds; the task's id is made from its number.
fn history(process: &str, lines: &[&str]) -> History {
    let events = lines.iter().map(|line| {
        let (at, word) = line.split_once(' ').unwrap();
        let at = (at.parse::<f64>().unwrap() * SECOND as f64) as Moment;
        Event { at, word: with_id(word) }
    });
    History { process: process.to_owned(), events: events.collect() }
}

fn with_id(word: &str) -> Word {
    let task = |number: &str| {
        let mut bytes = [0; 16];
        bytes[15] = number.parse().unwrap();
        TaskId::from_bytes(bytes)
    };
    match word.split(' ').collect::<Vec<_>>()[..] {
        ["start", id] => Word::Start { id: id.parse().unwrap(), attempt: 1, task: task(id) },
        ["lost", id] => Word::Lost { task: task(id) },
        ["stored", id] => Word::Stored { task: task(id) },
        _ => word.parse().unwrap(),
    }
}

fn producer(lines: &[&str]) -> History {
    history("p", lines)
}

fn findings(histories: &[History], excuses: &[Excuse]) -> Findings {
    check(histories, &Left::default(), excuses)
}

#[test]
fn a_quiet_day_has_no_findings() {
    let found = findings(
        &[
            producer(&["1 push 1", "1 push 2", "1.1 ok 1", "1.1 ok 2"]),
            history("w1", &["1.2 start 1", "1.3 done 1", "9 end 1 0"]),
            history("w2", &["1.2 start 2", "1.3 done 2", "9 end 1 0"]),
        ],
        &[],
    );
    assert_eq!(found.breaches(), Vec::<String>::new());
    assert_eq!((found.pushed, found.accepted, found.done, found.runs), (2, 2, 2, 2));
    assert_eq!((found.extra, found.in_flight), (0, 0));
}

#[test]
fn accepted_and_never_done_is_lost() {
    let pushes = producer(&["1 push 1", "1 ok 1", "1 push 2", "1 ok 2"]);
    let worker = history("w1", &["2 start 1"]);
    let killed = [Excuse::killed("w1", 3 * SECOND)];
    let found = findings(&[pushes.clone(), worker.clone()], &killed);
    assert_eq!(found.lost, [1, 2], "a begun run is not a done one");
    assert_eq!(found.breaches().len(), 1);

    let left = Left { dead: vec![1], waiting: vec![2] };
    let found = check(&[pushes, worker], &left, &killed);
    assert_eq!(found.lost, Vec::<u64>::new(), "what can be seen is not lost");
    assert_eq!((&found.buried[..], &found.waiting[..]), (&[1][..], &[2][..]));
    assert_eq!(found.breaches().len(), 2, "but is not well either");
}

#[test]
fn what_a_server_may_forget_is_counted_apart() {
    let pushes = producer(&["1 push 1", "1 ok 1", "4.5 push 2", "4.5 ok 2"]);
    let excuse = Excuse::forgotten(3 * SECOND, 5 * SECOND, 5 * SECOND, 6 * SECOND);
    let found = findings(&[pushes], &[excuse]);
    assert_eq!((&found.forgotten[..], &found.lost[..]), (&[2][..], &[1][..]));
}

#[test]
fn a_refused_push_must_not_run_and_an_unknown_one_may() {
    let found = findings(
        &[
            producer(&["1 push 1", "2 failed 1", "3 push 2", "4 unknown 2", "5 push 3"]),
            history("w1", &["5 start 1", "5 done 1", "5 start 2", "5 done 2", "9 end 2 0"]),
        ],
        &[],
    );
    assert_eq!(found.ghosts, [1]);
    assert_eq!((found.refused, found.unknown, found.unknown_done), (1, 2, 1));
    assert_eq!(found.lost, Vec::<u64>::new());
}

#[test]
fn a_repeated_run_needs_an_excuse() {
    let run = |excuses: &[Excuse]| {
        findings(
            &[
                producer(&["1 push 1", "1 ok 1"]),
                history("w1", &["2 start 1"]),
                history("w2", &["6 start 1", "6.1 done 1", "9 end 1 0"]),
            ],
            excuses,
        )
    };
    let found = run(&[Excuse::killed("w1", 3 * SECOND)]);
    assert_eq!((found.extra, found.in_flight, found.excess.len()), (1, 1, 0));
    assert_eq!(run(&[]).excess, [1]);
    assert_eq!(run(&[Excuse::killed("w2", 3 * SECOND)]).excess, [1], "the other process");
}

#[test]
fn a_kill_does_not_excuse_what_was_stored() {
    let run = |answer: &[&str]| {
        let killed = [&["2 start 1", "2.1 done 1"][..], answer].concat();
        let again = history("w2", &["20 start 1", "20.1 done 1", "20.1 stored 1", "29 end 1 0"]);
        let histories = [producer(&["1 push 1", "1 ok 1"]), history("w1", &killed), again];
        findings(&histories, &[Excuse::killed("w1", 5 * SECOND)])
    };
    assert_eq!(run(&["4.9 stored 1"]).excess, [1], "the store had said that it keeps the outcome");
    let found = run(&[]);
    assert_eq!((found.extra, found.in_flight, found.excess.len()), (1, 1, 0), "it had not");
}

#[test]
fn a_later_kill_does_not_excuse_what_went_wrong_before() {
    let run = |first: &[&str], again: &str| {
        let second = history("w2", &[again, "40 done 1", "40 stored 1"]);
        let histories = [producer(&["1 push 1", "1 ok 1"]), history("w1", first), second];
        findings(&histories, &[Excuse::killed("w1", 60 * SECOND)])
    };
    let refused = run(&["2 start 1", "4 done 1", "4.1 lost 1"], "3 start 1");
    assert_eq!(refused.excess, [1], "taken from the living, who was killed much later");
    assert_eq!(refused.in_flight, 0);
    let silent = run(&["2 start 1", "4 done 1"], "15 start 1");
    assert_eq!(silent.excess, [1], "repeated before the kill");
}

#[test]
fn one_excuse_explains_one_repetition() {
    let found = findings(
        &[
            producer(&["1 push 1", "1 ok 1"]),
            history("w1", &["2 start 1"]),
            history("w2", &["6 start 1", "6 done 1", "9 end 1 0"]),
            history("w3", &["7 start 1", "7 done 1", "9 end 1 0"]),
        ],
        &[Excuse::killed("w1", 3 * SECOND)],
    );
    assert_eq!((found.extra, &found.excess[..]), (2, &[1][..]));
}

#[test]
fn a_run_that_asked_for_another_is_not_extra() {
    let worker = |again: &str| {
        history("w1", &["2 start 1", "2 again 1 500", again, "3.9 done 1", "9 end 1 0"])
    };
    let pushes = producer(&["1 push 1", "1 ok 1"]);
    let found = findings(&[pushes.clone(), worker("2.6 start 1")], &[]);
    assert_eq!((found.extra, found.early.len()), (0, 0));
    let found = findings(&[pushes, worker("2.4 start 1")], &[]);
    assert_eq!((found.extra, &found.early[..]), (0, &[1][..]), "before it was due again");
}

#[test]
fn who_fails_when_told_to_stop_is_released_and_due_at_once() {
    let pushes = producer(&["1 push 1", "1 ok 1"]);
    let worker = |told: &str, at: &str| {
        let words = ["2 start 1", told, "2.1 again 1 500", at, "3.9 done 1", "9 end 1 0"];
        history("w1", &words)
    };
    let told = findings(&[pushes.clone(), worker("2 cancelled 1", "2.2 start 1")], &[]);
    assert_eq!((told.extra, &told.early[..], &told.excess[..]), (0, &[][..], &[][..]));
    let of_another = findings(&[pushes, worker("2 cancelled 7", "2.2 start 1")], &[]);
    assert_eq!(of_another.early, [1]);
}

#[test]
fn a_delayed_task_must_not_run_early() {
    let worker = |start: &str| history("w1", &[start, "3.9 done 1", "9 end 1 0"]);
    let pushes = producer(&["1 push 1 2000", "1 ok 1"]);
    assert_eq!(findings(&[pushes.clone(), worker("2.9 start 1")], &[]).early, [1]);
    assert_eq!(findings(&[pushes, worker("3.0 start 1")], &[]).early, Vec::<u64>::new());
}

#[test]
fn two_accepted_outcomes_of_one_task_are_stale() {
    let stopped = [Excuse::stopped("w1", 2 * SECOND, 8 * SECOND)];
    let run = |refusal: &[&str]| {
        let late = [&["1.9 start 1", "8.1 done 1"][..], refusal].concat();
        findings(
            &[
                producer(&["1 push 1", "1 ok 1"]),
                history("w1", &late),
                history("w2", &["6 start 1", "6.1 done 1", "9 end 1 0"]),
            ],
            &stopped,
        )
    };
    assert_eq!(run(&["8.2 lost 1", "9 end 0 1"]).breaches(), Vec::<String>::new());
    assert_eq!(run(&["8.2 stored 1"]).stale, [1]);
    assert_eq!(run(&[]).stale, Vec::<u64>::new(), "nobody knows the answer");
}
