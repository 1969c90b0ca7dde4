//! What a task has been through: the record that stands only for tasks that need one.

use crate::{OwnId, StoreTime};

/// What a task has been through. A task that was never failed, crashed, handed back or named has
/// none, so that success pays nothing.
///
/// Stored as 19 bytes, big-endian, and then the user's own id if there is one:
/// attempts (4), crashes (2), lone crashes (2), returns (2), returned since (8), flags (1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// Runs that counted so far: the next one is `attempts + 1`.
    pub attempts: u32,
    /// Runs that ended without a word, alone or in company (B11).
    pub crashes: u32,
    /// Of those, the ones while the task ran alone: only these count to the limit (B11).
    pub lone_crashes: u32,
    /// How often it was handed back because its type was not known (B9).
    pub returns: u32,
    /// When it was first handed back for that reason; zero if never.
    pub returned_since: StoreTime,
    /// Whether it enters the ready list at the front when it next becomes ready (B8).
    pub enters_front: bool,
    /// The user's own id of the task.
    pub own_id: Option<OwnId>,
}

const FIXED: usize = 19;
const ENTERS_FRONT: u8 = 1;

impl History {
    /// The bytes that are stored.
    pub fn encode(&self) -> Vec<u8> {
        let short = |number: u32| u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
        let mut out = Vec::with_capacity(FIXED);
        out.extend_from_slice(&self.attempts.to_be_bytes());
        out.extend_from_slice(&short(self.crashes));
        out.extend_from_slice(&short(self.lone_crashes));
        out.extend_from_slice(&short(self.returns));
        out.extend_from_slice(&self.returned_since.millis().to_be_bytes());
        out.push(if self.enters_front { ENTERS_FRONT } else { 0 });
        out.extend_from_slice(self.own_id.as_ref().map_or(&[], OwnId::as_bytes));
        out
    }

    /// Reads what is stored. Damaged bytes give an empty history: they never stop a task (B9).
    pub fn decode(bytes: &[u8]) -> Self {
        let Some((fixed, own_id)) = bytes.split_first_chunk::<FIXED>() else {
            return Self::default();
        };
        let short = |at: usize| u32::from(u16::from_be_bytes([fixed[at], fixed[at + 1]]));
        let mut since = [0; 8];
        since.copy_from_slice(&fixed[10..18]);
        Self {
            attempts: u32::from_be_bytes([fixed[0], fixed[1], fixed[2], fixed[3]]),
            crashes: short(4),
            lone_crashes: short(6),
            returns: short(8),
            returned_since: StoreTime::from_millis(u64::from_be_bytes(since)),
            enters_front: fixed[18] & ENTERS_FRONT != 0,
            own_id: OwnId::new(own_id).ok(),
        }
    }

    /// Whether the task may only run with nothing beside it (B11).
    pub fn is_suspect(&self) -> bool {
        self.crashes >= crate::limits::SUSPECT_FROM_CRASHES
    }
}
