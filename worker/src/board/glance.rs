//! Glances: queues that a claim names to be told of, not to take from.

use std::collections::HashSet;
use std::time::Duration;

use super::Wanted;
use super::line::{Line, Look};

/// How often empty queues are looked at by claims that are made for others.
pub(super) const GLANCE: Duration = Duration::from_millis(200);

/// Empty queues that one claim glances at, so that it costs no more the more queues there are.
const GLANCES: usize = 16;

/// Adds the queues that are only looked at, so that one call tells of all (B14): those that are not
/// known, and some of the empty ones. A busy pool hears no bells, so what goes before, or shares, is
/// glanced at on the way, in turn.
pub(super) fn look_at_others(
    lines: &[Line],
    level: usize,
    now: Duration,
    asked: impl Fn(&Line) -> bool,
    wanted: &mut Wanted,
) {
    let taken: HashSet<usize> = wanted.iter().map(|(at, _)| *at).collect();
    let others = || lines.iter().enumerate().filter(|(at, _)| !taken.contains(at));
    let unknown = |line: &Line| asked(line) && line.level >= level && line.look == Look::Unknown;
    wanted.extend(others().filter(|(_, line)| unknown(line)).map(|(at, _)| (at, 0)));
    let long_ago = |line: &Line| line.looked_at + GLANCE <= now && line.blocked_until <= now;
    let idle = |line: &Line| line.look == Look::Empty && line.in_flight == 0;
    let before = |line: &Line| idle(line) && line.level <= level && long_ago(line);
    let mut glances: Vec<_> = others().filter(|(_, line)| before(line)).collect();
    if glances.len() > GLANCES {
        glances.select_nth_unstable_by_key(GLANCES, |(_, line)| line.looked_at);
        glances.truncate(GLANCES);
    }
    wanted.extend(glances.into_iter().map(|(at, _)| (at, 0)));
}
