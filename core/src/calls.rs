//! Numbered calls: how a call whose answer was lost can be repeated safely (B3, B5).
//!
//! Every writing call carries its caller, a rising number, and the number up to which the caller
//! has its answers or has given up. The store keeps the answers in between: a repeat gets the
//! first answer, and a copy that comes after the caller moved on is refused as stale.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of one call, and the mark below which its caller waits for nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// Rises with each call of one caller; starts at 1.
    pub number: u64,
    /// All calls up to this number are answered or given up; less than `number`.
    pub answered: u64,
}

/// Hands out the numbers of one caller for one queue.
///
/// ```
/// use tireless_core::CallSequence;
///
/// let calls = CallSequence::new();
/// let (first, second) = (calls.next(), calls.next());
/// assert_eq!(second.call().answered, 0);
/// drop(first);
/// assert_eq!(second.call().answered, 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallSequence(Arc<Mutex<Numbers>>);

#[derive(Debug, Default)]
struct Numbers {
    last: u64,
    open: BTreeSet<u64>,
}

impl CallSequence {
    /// A sequence that starts at 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next number. It counts as waited for until the ticket is dropped.
    pub fn next(&self) -> CallTicket {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.last += 1;
        let number = numbers.last;
        numbers.open.insert(number);
        CallTicket { number, sequence: self.clone() }
    }
}

/// A number in use. Keep it while the call may be repeated; drop it once it is answered or given
/// up.
#[derive(Debug)]
pub struct CallTicket {
    number: u64,
    sequence: CallSequence,
}

impl CallTicket {
    /// What to send along, each time the call is sent.
    pub fn call(&self) -> Call {
        let numbers = self.sequence.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = numbers.open.first().map_or(numbers.last, |oldest| oldest - 1);
        Call { number: self.number, answered }
    }
}

impl Drop for CallTicket {
    fn drop(&mut self) {
        let mut numbers = self.sequence.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.open.remove(&self.number);
    }
}
