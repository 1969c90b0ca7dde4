//! The share of each queue: by weight, smoothly, and not smaller than is worth its part of a call.

use std::cmp::Reverse;

use super::Wanted;
use super::line::Line;

/// How much to ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    /// Tasks at most.
    pub(crate) tasks: usize,
    /// From so many tasks on a queue's share is worth its part of the call: of more queues than get
    /// as much some are asked now, and the others next time.
    pub(crate) share: usize,
}

impl From<usize> for Want {
    /// All queues get their share each time.
    fn from(tasks: usize) -> Self {
        Self { tasks, share: 1 }
    }
}

/// Shares what is wanted among some lines by weight, smoothly: what one is owed now it gets next
/// time.
pub(super) fn share(lines: &mut [Line], sharing: impl Fn(&Line) -> bool, want: Want) -> Wanted {
    let mut who: Vec<usize> = (0..lines.len()).filter(|at| sharing(&lines[*at])).collect();
    if let [only] = who[..] {
        return vec![(only, want.tasks)];
    }
    let sum: i64 = who.iter().map(|at| i64::from(lines[*at].weight)).sum();
    let total = i64::try_from(want.tasks).unwrap_or(i64::MAX);
    for at in &who {
        lines[*at].credit += total * i64::from(lines[*at].weight);
    }
    let served = (want.tasks / want.share).max(1);
    if want.share > 1 && who.len() > served {
        // Who is not served now keeps what it is owed, and comes first in its turn.
        who.select_nth_unstable_by_key(served, |at| Reverse(lines[*at].credit));
        who.truncate(served);
    }
    let mut shares: Wanted = Vec::with_capacity(who.len());
    let mut given = 0;
    for at in &who {
        let line = &mut lines[*at];
        let part = (line.credit.max(0) / sum).min(total - given);
        line.credit -= part * sum;
        given += part;
        shares.push((*at, usize::try_from(part).unwrap_or(0)));
    }
    for _ in given..total {
        let owed = shares.iter_mut().max_by_key(|(at, _)| (lines[*at].credit, Reverse(*at)));
        if let Some((at, part)) = owed {
            lines[*at].credit -= sum;
            *part += 1;
        }
    }
    shares.retain(|(_, part)| *part > 0);
    shares
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;
