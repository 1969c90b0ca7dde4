//! Options that travel with a task: what its producer decided for it alone.

use std::time::Duration;

use crate::time::millis_of;

/// What a producer decided for one task; what is `None` is left to its handler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskOptions {
    /// Tries after the first one: `Some(10)` means at most 11 runs.
    pub retries: Option<u32>,
    /// How long one run may take.
    pub timeout: Option<Duration>,
    /// How long the task is kept after it was done; not at all when `None`.
    pub keep: Option<Duration>,
}

const RETRIES: u8 = 1;
const TIMEOUT: u8 = 2;
const KEEP: u8 = 3;

impl TaskOptions {
    /// Whether nothing was decided, so that nothing has to travel.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Parts of tag, length and big-endian value; absent ones cost nothing.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let mut part = |tag: u8, value: u64| {
            let bytes = value.to_be_bytes();
            let skipped = bytes.iter().take_while(|byte| **byte == 0).count();
            out.push(tag);
            out.push((bytes.len() - skipped) as u8);
            out.extend_from_slice(&bytes[skipped..]);
        };
        if let Some(retries) = self.retries {
            part(RETRIES, u64::from(retries));
        }
        if let Some(timeout) = self.timeout {
            part(TIMEOUT, millis_of(timeout));
        }
        if let Some(keep) = self.keep {
            part(KEEP, millis_of(keep));
        }
    }

    /// Reads what [`encode`](Self::encode) wrote; skips tags that a later version added.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut options = Self::default();
        while let [tag, length, rest @ ..] = bytes {
            let value = rest.get(..usize::from(*length))?;
            bytes = &rest[value.len()..];
            match *tag {
                RETRIES => options.retries = Some(u32::try_from(number(value)?).ok()?),
                TIMEOUT => options.timeout = Some(Duration::from_millis(number(value)?)),
                KEEP => options.keep = Some(Duration::from_millis(number(value)?)),
                _ => {}
            }
        }
        bytes.is_empty().then_some(options)
    }
}

fn number(bytes: &[u8]) -> Option<u64> {
    let start = 8usize.checked_sub(bytes.len())?;
    let mut whole = [0; 8];
    whole[start..].copy_from_slice(bytes);
    Some(u64::from_be_bytes(whole))
}
