//! Remembered answers: a call that is sent again gets its first answer (B3.3, B3.4, B5.3).

use std::collections::BTreeMap;

use tireless_core::limits::REPEAT_WINDOW;
use tireless_core::{Call, Error, ErrorKind, Operation, Result, StoreTime, WorkerId};

use crate::fading::Fading;

/// Forgotten callers and answers that one call clears away.
const CLEARED_BY_A_CALL: usize = 4;

/// The answers to the calls that their callers may still repeat.
#[derive(Debug)]
pub(crate) struct Remembered<A> {
    callers: Fading<Caller<A>>,
}

#[derive(Debug)]
struct Caller<A> {
    /// Calls up to this number are answered or given up.
    mark: u64,
    answers: BTreeMap<u64, (StoreTime, A)>,
}

impl<A> Default for Caller<A> {
    fn default() -> Self {
        Self { mark: 0, answers: BTreeMap::new() }
    }
}

impl<A> Default for Remembered<A> {
    fn default() -> Self {
        Self { callers: Fading::default() }
    }
}

impl<A: Clone> Remembered<A> {
    /// The first answer to this call, or `None` if it is to be carried out now.
    ///
    /// # Errors
    /// `Stale` for a call at or below a mark seen from this caller.
    pub(crate) fn look(
        &mut self,
        operation: Operation,
        who: WorkerId,
        call: Call,
        now: StoreTime,
    ) -> Result<Option<A>> {
        self.fade(now, CLEARED_BY_A_CALL);
        let caller = self.callers.touch(who, now);
        if call.number <= caller.mark {
            return Err(stale(operation, call.number, caller.mark));
        }
        caller.raise_mark(call.answered);
        let answer = caller.answers.get(&call.number).map(|(_, answer)| answer.clone());
        caller.drop_old(now);
        Ok(answer)
    }

    /// Keeps the answer to a call that was carried out.
    pub(crate) fn keep(&mut self, who: WorkerId, call: Call, now: StoreTime, answer: A) {
        self.callers.touch(who, now).answers.insert(call.number, (now, answer));
    }

    /// Drops at most `limit` callers that were not heard of for ten minutes.
    pub(crate) fn fade(&mut self, now: StoreTime, limit: usize) {
        self.callers.fade(now, limit, |_| false);
    }
}

impl<A> Caller<A> {
    fn raise_mark(&mut self, answered: u64) {
        self.mark = self.mark.max(answered);
        while let Some(oldest) = self.answers.first_entry()
            && *oldest.key() <= self.mark
        {
            oldest.remove();
        }
    }

    fn drop_old(&mut self, now: StoreTime) {
        for _ in 0..CLEARED_BY_A_CALL {
            match self.answers.first_entry() {
                Some(oldest) if oldest.get().0.after(REPEAT_WINDOW) < now => oldest.remove(),
                _ => return,
            };
        }
    }
}

fn stale(operation: Operation, number: u64, mark: u64) -> Error {
    let message = format!(
        "call {number} is a late copy: its caller has its answers up to call {mark} or has given \
         them up; use a new number"
    );
    Error::new(ErrorKind::Stale, operation, message)
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
