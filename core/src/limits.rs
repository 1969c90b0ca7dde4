//! The bounds of a single call and of what is kept, in one place (B7, B12).

use std::time::Duration;

/// Most tasks that one call may push, claim, settle or move.
pub const TASKS_PER_CALL: usize = 1_000;

/// Most bytes of envelopes that one call may carry, in either direction.
pub const BYTES_PER_CALL: usize = 4 * 1024 * 1024;

/// Most claims that one renewal may name for one queue.
pub const CLAIMS_PER_RENEWAL: usize = 10_000;

/// Largest body a producer accepts unless told otherwise.
pub const BODY_BYTES: usize = 1024 * 1024;

/// An envelope up to this size never needs its size looked up before a claim.
pub const SMALL_ENVELOPE_BYTES: usize = BYTES_PER_CALL / TASKS_PER_CALL;

/// The longest lease. A deadline further ahead than this is cut to it, so that a clock that
/// jumped back does not keep the dead alive (B6).
pub const LONGEST_LEASE: Duration = Duration::from_secs(300);

/// Numbers of calls and claims stay below this: not every store could tell larger ones apart.
pub const NUMBERS_END: u64 = 1 << 53;

/// How long a push, or another call whose answer was lost, can be repeated safely (B3).
pub const REPEAT_WINDOW: Duration = Duration::from_secs(600);

/// Errors kept with a task: the last one and the ones before it.
pub const FAILURES_KEPT: usize = 5;

/// Bytes kept of the text of a task's last failure.
pub const LAST_FAILURE_BYTES: usize = 4 * 1024;

/// Bytes kept of the text of each earlier failure.
pub const EARLIER_FAILURE_BYTES: usize = 256;

/// Crashes while running alone after which a task is buried as poison (B11).
pub const LONE_CRASHES: u32 = 3;

/// Crashes of any kind from which on a task is a suspect and runs alone (B11).
pub const SUSPECT_FROM_CRASHES: u32 = 2;

/// How long a worker has the turn to keep itself empty for a suspect at most (B11).
pub const TURN: Duration = Duration::from_secs(10);

/// Dead tasks, and kept finished tasks, that a queue holds at most unless set otherwise.
pub const DEAD_KEPT: usize = 100_000;

/// Tasks that a claim promotes or requeues on its way.
pub const MOVED_BY_A_CLAIM: usize = 100;
