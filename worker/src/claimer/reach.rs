//! The reach: how many tasks more than are kept ready may be on their way, so that a store that is
//! far away keeps the slots as busy as one that is near.

use std::time::Duration;

/// Answers that are as quick as this are not waited for: what is ready lasts as long.
const NEAR: Duration = Duration::from_micros(500);

/// Over so many answers the quickest tells how far the store is; the others were slow themselves.
const ANSWERS: u32 = 32;

/// The pace is taken over this time at least.
const WINDOW: Duration = Duration::from_millis(5);

/// How far the store is, and how fast tasks begin.
#[derive(Debug, Default)]
pub(super) struct Reach {
    answers: u32,
    quickest: Option<Duration>,
    quickest_before: Option<Duration>,
    /// When the pace was last taken, and how many tasks had begun by then.
    since: Option<(Duration, u64)>,
    per_second: f64,
}

impl Reach {
    /// An answer came after so long; by now so many tasks have begun.
    pub(super) fn answered(&mut self, took: Duration, now: Duration, began: u64) {
        if self.answers == ANSWERS {
            self.answers = 0;
            self.quickest_before = self.quickest.take();
        }
        self.answers += 1;
        self.quickest = Some(self.quickest.map_or(took, |quickest| quickest.min(took)));
        let (since, before) = *self.since.get_or_insert((now, began));
        let passed = now.saturating_sub(since);
        if passed >= WINDOW {
            self.per_second = began.saturating_sub(before) as f64 / passed.as_secs_f64();
            self.since = Some((now, began));
        }
    }

    /// Twice as many tasks as begin while an answer is on its way, beyond what a near store takes:
    /// what held the pace back until now is made up for.
    pub(super) fn tasks(&self) -> usize {
        let quickest = self.quickest.into_iter().chain(self.quickest_before).min();
        let far = quickest.unwrap_or_default().saturating_sub(NEAR);
        (2.0 * self.per_second * far.as_secs_f64()) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// What it comes to when each answer takes so long, and so many tasks begin a millisecond.
    fn reach(took: Duration, a_ms: u64) -> usize {
        let mut reach = Reach::default();
        for at in 0..100 {
            reach.answered(took, at * MS, u64::from(at) * a_ms);
        }
        reach.tasks()
    }

    #[test]
    fn it_is_twice_what_begins_while_an_answer_is_on_its_way() {
        assert_eq!(reach(Duration::ZERO, 500), 0);
        assert_eq!(reach(MS / 2, 500), 0, "a near store");
        assert_eq!(reach(3 * MS / 2, 500), 1000);
        assert_eq!(reach(100 * MS, 0), 0, "nothing runs");
        assert_eq!(Reach::default().tasks(), 0);
    }

    #[test]
    fn slow_answers_do_not_count_and_a_move_does_in_a_while() {
        let mut reach = Reach::default();
        (0..100).for_each(|at| reach.answered((1 + at % 8) * MS, at * MS, u64::from(at) * 100));
        assert_eq!(reach.tasks(), 100);
        (100..200).for_each(|at| reach.answered(3 * MS, at * MS, u64::from(at) * 100));
        assert_eq!(reach.tasks(), 500);
    }
}
