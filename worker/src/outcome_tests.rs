use super::*;

fn terms(attempt: u32, retries: u32, backoff: &Backoff) -> Terms<'_> {
    Terms { attempt, retries, keep: None, backoff }
}

fn failure() -> Failure {
    Failure::new("kind", "text")
}

#[test]
fn ten_retries_are_eleven_runs() {
    let backoff = Backoff::custom(|attempt| Duration::from_secs(u64::from(attempt)));
    let outcome = |attempt| outcome_of(Verdict::Retry(failure()), &terms(attempt, 10, &backoff));
    for attempt in 1..=10 {
        let Outcome::Fail { retry_in, reentry, .. } = outcome(attempt) else { panic!("{attempt}") };
        assert_eq!((retry_in.as_secs(), reentry), (u64::from(attempt), Reentry::Back));
    }
    let buried = Outcome::Bury { reason: BuryReason::Exhausted, failure: failure() };
    assert_eq!(outcome(11), buried);
    assert_eq!(outcome(12), buried);
}

#[test]
fn each_verdict_has_its_outcome() {
    let backoff = Backoff::default();
    let mut keeping = terms(1, 0, &backoff);
    keeping.keep = Some(Duration::from_secs(9));
    let of = |verdict| outcome_of(verdict, &keeping);
    assert_eq!(of(Verdict::Done), Outcome::Ack { keep: keeping.keep });
    let delay = Duration::from_secs(3);
    assert_eq!(of(Verdict::Snooze(delay)), Outcome::Snooze { delay });
    assert_eq!(of(Verdict::Release(Reentry::Front)), Outcome::RELEASE);
    let back = of(Verdict::Release(Reentry::Back));
    assert!(matches!(back, Outcome::Release { after: Duration::ZERO, reentry: Reentry::Back, .. }));
    let buried = |reason| Outcome::Bury { reason, failure: failure() };
    assert_eq!(of(Verdict::Bury(failure())), buried(BuryReason::Asked));
    assert_eq!(of(Verdict::Undecodable(failure())), buried(BuryReason::Undecodable));
}

#[test]
fn what_nobody_knows_waits_longer_each_time_and_ends_by_the_stores_clock() {
    let hour = Duration::from_secs(3600);
    let after = |returns: u32, since: u64, now: u64| {
        let mut history = History::default();
        history.returns = returns;
        history.returned_since = StoreTime::from_millis(since);
        match return_unknown(&history, StoreTime::from_millis(now), hour, "why") {
            Outcome::Release { after, reason: ReleaseReason::Unknown, .. } => Some(after.as_secs()),
            Outcome::Bury { reason: BuryReason::Unknown, .. } => None,
            other => panic!("{other:?}"),
        }
    };
    let start = 1_000_000_000_000;
    assert_eq!(after(0, 0, start), Some(1), "never returned is not returned in 1970");
    assert_eq!(
        [1, 2, 8, 9, 60].map(|n| after(n, start, start + 1)),
        [2, 4, 256, 300, 300].map(Some)
    );
    assert_eq!(after(5, start, start + 3_599_999), Some(32));
    assert_eq!(after(5, start, start + 3_600_000), None);
}
