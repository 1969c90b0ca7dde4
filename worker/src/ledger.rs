//! The ledger: which claims this worker holds or still waits for, so that a heartbeat names all
//! of them and nothing else (B4).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use tireless_core::StoreTime;
use tireless_core::limits::CLAIMS_PER_RENEWAL;
use tokio_util::sync::CancellationToken;

use crate::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard};

/// From so many claims of a queue on no more are sent to it: one renewal names them all, and those in
/// flight (B7). What it does not name would be reclaimed by nobody.
const MANY_CLAIMS: usize = CLAIMS_PER_RENEWAL - 100;

/// The tasks that one claim took from one queue.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Index of the queue in the pool.
    pub(crate) queue: usize,
    /// Number of the claim.
    pub(crate) number: u64,
    /// The store's time when they were taken.
    pub(crate) now: StoreTime,
    /// Fires when their lease has ended, is lost, or the pool's shutdown deadline has come.
    pub(crate) cancellation: CancellationToken,
    stopped: AtomicBool,
    /// Tasks whose outcome the store has not answered yet.
    open: AtomicUsize,
    /// Tasks whose outcome is not known here yet.
    unfinished: AtomicUsize,
}

impl Batch {
    /// Whether its runs should stop, and those that have not begun should not begin.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Whether the outcomes of all its tasks are known here.
    pub(crate) fn is_whole(&self) -> bool {
        self.unfinished.load(Ordering::Acquire) == 0
    }

    /// The outcome of one task is known.
    pub(crate) fn finished(&self) {
        self.unfinished.fetch_sub(1, Ordering::AcqRel);
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.cancellation.cancel();
    }
}

/// What a renewal of one queue says, and what its answer may be compared with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NamedClaims {
    pub(crate) claims: Vec<u64>,
    pub(crate) below: u64,
    /// Of the claims, those that were answered: only they can be lost.
    held: HashSet<u64>,
    /// Claims that were given up before: an answer means that the store has them back.
    abandoned: Vec<u64>,
}

#[derive(Debug)]
struct Book {
    next: u64,
    /// By claim number: the queues that have not answered yet.
    in_flight: BTreeMap<u64, BTreeSet<usize>>,
    /// Per queue: claims whose answer will never be known.
    abandoned: Vec<Vec<u64>>,
    /// Per queue: what is held.
    held: Vec<HashMap<u64, Arc<Batch>>>,
    /// Per queue: claims that were in flight when a renewal said, at this time of the store's, that
    /// they are not held.
    missed: Vec<HashMap<u64, StoreTime>>,
}

/// All claims of a worker.
#[derive(Debug)]
pub(crate) struct Ledger {
    book: Mutex<Book>,
    held: AtomicUsize,
}

impl Ledger {
    pub(crate) fn new(queues: usize) -> Self {
        let book = Book {
            next: 1,
            in_flight: BTreeMap::new(),
            abandoned: vec![Vec::new(); queues],
            held: vec![HashMap::new(); queues],
            missed: vec![HashMap::new(); queues],
        };
        Self { book: Mutex::new(book), held: AtomicUsize::new(0) }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a new claim that may take from these queues. Heartbeats name it from now on.
    pub(crate) fn begin(&self, queues: impl IntoIterator<Item = usize>) -> u64 {
        let mut book = self.book();
        let number = book.next;
        book.next += 1;
        let queues: BTreeSet<usize> = queues.into_iter().collect();
        if !queues.is_empty() {
            book.in_flight.insert(number, queues);
        }
        number
    }

    /// A queue has answered: what it gave is held from now on. Should a renewal have found the claim
    /// gone after it was carried out, then the answer was read too late, by a process that stood
    /// still say: none of it is to begin.
    pub(crate) fn answered(
        &self,
        number: u64,
        queue: usize,
        tasks: usize,
        now: StoreTime,
    ) -> Arc<Batch> {
        let batch = Arc::new(Batch {
            queue,
            number,
            now,
            cancellation: CancellationToken::new(),
            stopped: AtomicBool::new(false),
            open: AtomicUsize::new(tasks),
            unfinished: AtomicUsize::new(tasks),
        });
        let mut book = self.book();
        if book.missed[queue].get(&number).is_some_and(|missed| now < *missed) {
            batch.stop();
        }
        book.leave_flight(number, queue);
        if tasks > 0 {
            book.held[queue].insert(number, Arc::clone(&batch));
            self.held.fetch_add(tasks, Ordering::SeqCst);
        }
        batch
    }

    /// A queue certainly gave nothing.
    pub(crate) fn nothing(&self, number: u64, queue: usize) {
        self.book().leave_flight(number, queue);
    }

    /// What a claim took from a queue will never be known: it goes back by a renewal, and until
    /// then nobody is sure of what this worker holds.
    pub(crate) fn abandon(&self, number: u64, queue: usize) {
        let mut book = self.book();
        book.leave_flight(number, queue);
        book.abandoned[queue].push(number);
    }

    /// All claims in flight will never be answered: what they took goes back by a renewal.
    pub(crate) fn abandon_all(&self) {
        let mut book = self.book();
        book.missed.iter_mut().for_each(HashMap::clear);
        for (number, queues) in std::mem::take(&mut book.in_flight) {
            for queue in queues {
                book.abandoned[queue].push(number);
            }
        }
    }

    /// The store has answered for `count` tasks of a batch.
    pub(crate) fn settled(&self, batch: &Batch, count: usize) {
        if batch.open.fetch_sub(count, Ordering::AcqRel) == count {
            self.book().held[batch.queue].remove(&batch.number);
        }
        self.held.fetch_sub(count, Ordering::SeqCst);
    }

    /// Tasks that are held: waiting, running, or with an outcome that is not written yet.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    /// Whether tasks of a queue are held.
    pub(crate) fn holds_of(&self, queue: usize) -> bool {
        !self.book().held[queue].is_empty()
    }

    /// Whether so many claims of a queue are held that a renewal can hardly name more.
    pub(crate) fn has_many_claims(&self, queue: usize) -> bool {
        self.held() >= MANY_CLAIMS && self.book().held[queue].len() >= MANY_CLAIMS
    }

    /// Whether a claim may hold tasks that this worker does not know of: one in flight, or one that was
    /// given up, of the queues that count.
    pub(crate) fn is_unsure(&self, counts: impl Fn(usize) -> bool) -> bool {
        let book = self.book();
        let given_up = |(queue, numbers): (usize, &Vec<u64>)| !numbers.is_empty() && counts(queue);
        !book.in_flight.is_empty() || book.abandoned.iter().enumerate().any(given_up)
    }

    /// What a renewal says of a queue.
    pub(crate) fn name(&self, queue: usize) -> NamedClaims {
        let book = self.book();
        let in_flight = book.in_flight.iter().filter(|(_, queues)| queues.contains(&queue));
        let mut claims: Vec<u64> =
            book.held[queue].keys().copied().chain(in_flight.map(|(number, _)| *number)).collect();
        claims.sort_unstable();
        let mut below = book.next;
        if claims.len() > CLAIMS_PER_RENEWAL {
            // The ones that do not fit are above the mark, and so left alone.
            below = claims[CLAIMS_PER_RENEWAL];
            claims.truncate(CLAIMS_PER_RENEWAL);
        }
        let abandoned = &book.abandoned[queue];
        let abandoned = abandoned.iter().copied().filter(|number| *number < below).collect();
        let held = book.held[queue].keys().copied().collect();
        NamedClaims { claims, below, held, abandoned }
    }

    /// A renewal was answered, at this time of the store's: stops the runs of claims that are lost,
    /// and returns how many claims that were. Runs that were told to stop already, and go on, do not
    /// count again.
    ///
    /// A claim that was in flight when it was named may be called lost because the store had not
    /// seen it yet, and one whose last outcomes are on their way because it has just been settled:
    /// only what was held then, or was carried out before that time, and has unfinished tasks now
    /// counts.
    pub(crate) fn renewed(
        &self,
        queue: usize,
        named: &NamedClaims,
        lost: &[u64],
        now: StoreTime,
    ) -> usize {
        let mut book = self.book();
        book.abandoned[queue].retain(|number| !named.abandoned.contains(number));
        let mut stopped = 0;
        for number in lost {
            let Some(batch) = book.held[queue].get(number) else {
                book.missed_in_flight(*number, queue, now);
                continue;
            };
            let was_held = named.held.contains(number) || batch.now < now;
            let is_news = !batch.is_stopped();
            if was_held && is_news && batch.unfinished.load(Ordering::Acquire) > 0 {
                batch.stop();
                stopped += 1;
            }
        }
        stopped
    }

    /// Stops the runs of a queue, and returns how many claims that were.
    pub(crate) fn stop(&self, queue: usize) -> usize {
        let book = self.book();
        let live = book.held[queue].values().filter(|batch| !batch.is_stopped());
        live.map(|batch| batch.stop()).count()
    }
}

impl Book {
    fn missed_in_flight(&mut self, number: u64, queue: usize, now: StoreTime) {
        if self.in_flight.get(&number).is_some_and(|queues| queues.contains(&queue)) {
            self.missed[queue].insert(number, now);
        }
    }

    fn leave_flight(&mut self, number: u64, queue: usize) {
        self.missed[queue].remove(&number);
        if let Some(queues) = self.in_flight.get_mut(&number) {
            queues.remove(&queue);
            if queues.is_empty() {
                self.in_flight.remove(&number);
            }
        }
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
