//! A lane: one doomed process after the other, each with an order to die at a point.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use indicatif::ProgressBar;

use crate::crash_point::{Point, Verb};
use crate::crew::{Crew, Member};
use crate::doom::Doom;
use crate::excuse::Excuse;
use crate::history::{self, Moment, Word};
use crate::random::{around, below};

/// How long one process has to come to its point: some come at a bad time, as to a wait while the
/// queue is full.
const TRY: Duration = Duration::from_secs(10);

/// For how long processes are sent to a point before it is held to be out of reach.
const REACHED: Duration = Duration::from_secs(60);

/// How many tasks a doomed producer may push at most, and where their numbers begin.
const PUSHES: u64 = 1 << 20;
const FIRST: u64 = 1 << 41;

/// Which points are still to come, in rounds over all of them.
#[derive(Debug)]
pub(super) struct Agenda {
    points: Mutex<VecDeque<Point>>,
    producers: AtomicU64,
}

impl Agenda {
    /// So many deaths at each point.
    pub(super) fn new(each: u64) -> Self {
        let points = (0..each).flat_map(|_| Point::all()).collect();
        Self { points: Mutex::new(points), producers: AtomicU64::new(0) }
    }

    fn next(&self) -> Option<Point> {
        self.points().pop_front()
    }

    /// Nobody else is to wait for a point in vain.
    fn give_up(&self, point: Point) {
        self.points().retain(|other| *other != point);
    }

    fn points(&self) -> MutexGuard<'_, VecDeque<Point>> {
        self.points.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a process that is to die at this point is told.
    fn words(&self, point: Point) -> Vec<String> {
        let mut words = Doom::words(point, 1 + below(most_passes(point.verb)));
        if point.verb == Verb::Push {
            let number = self.producers.fetch_add(1, Ordering::Relaxed);
            words.push(format!("produce_from={}", FIRST + PUSHES * number));
        }
        words
    }
}

/// Up to which pass a process lives: the calls of a beat are few.
fn most_passes(verb: Verb) -> u64 {
    match verb {
        Verb::Push | Verb::Claim | Verb::Settle | Verb::Handler => 12,
        Verb::Renew | Verb::Wait | Verb::Reclaim => 3,
        Verb::Release | Verb::Leave | Verb::Tick => 1,
    }
}

/// The end of a process that was told to die.
#[derive(Clone, Debug)]
pub(super) struct Death {
    pub(super) point: Point,
    /// Whether it died there.
    pub(super) reached: bool,
    pub(super) excuse: Excuse,
}

/// See the module's words.
#[derive(Debug)]
pub(super) struct Lane {
    crew: Crew,
    agenda: Arc<Agenda>,
    progress: ProgressBar,
}

impl Lane {
    pub(super) fn new(crew: Crew, agenda: Arc<Agenda>, progress: ProgressBar) -> Self {
        Self { crew, agenda, progress }
    }

    /// Until nothing is left on the agenda.
    pub(super) async fn run(mut self) -> Result<Vec<Death>> {
        let mut deaths = Vec::new();
        while let Some(point) = self.agenda.next() {
            let until = Instant::now() + REACHED;
            loop {
                let death = self.one(point).await?;
                let reached = death.reached;
                deaths.push(death);
                if reached {
                    self.progress.inc(1);
                    break;
                }
                if Instant::now() > until {
                    self.agenda.give_up(point);
                    break;
                }
            }
        }
        Ok(deaths)
    }

    /// Sends one process to a point.
    async fn one(&mut self, point: Point) -> Result<Death> {
        let mut member = self.crew.outsider(&self.agenda.words(point))?;
        let mut asked = None;
        if matches!(point.verb, Verb::Release | Verb::Leave) {
            member.ready(Duration::from_secs(30)).await?;
            tokio::time::sleep(around(Duration::from_millis(400))).await;
            asked = Some(history::now());
            member.process.signal("TERM");
        }
        let status = ended(&mut member, TRY).await;
        judge(&member, point, asked, status)
    }
}

/// How it ended; none for one that had to be killed because the time was up.
async fn ended(member: &mut Member, limit: Duration) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < limit {
        if let Some(status) = member.process.ended() {
            return Some(status);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    member.process.kill();
    None
}

/// What the end of a process says, and what it excuses.
///
/// # Errors
/// When it ended otherwise than it was told to.
fn judge(
    member: &Member,
    point: Point,
    asked: Option<Moment>,
    status: Option<ExitStatus>,
) -> Result<Death> {
    let gone = history::now();
    let words = history::read(&member.history)?.events;
    let crash = words.iter().find(|event| event.word == Word::Crash { point });
    let killed = status.is_none_or(|status| status.signal() == Some(9));
    let in_order = asked.is_some() && status.is_some_and(|status| status.success());
    if !(in_order || killed && (crash.is_some() || status.is_none())) {
        bail!("{} was to die at {point} and ended with {status:?}: {}", member.name, member.told());
    }
    // Who was asked to end gives tasks back before it dies.
    let died = crash.map_or(gone, |event| event.at);
    let repeats_from = asked.unwrap_or(died);
    let excuse =
        Excuse { from: died, to: gone, repeats_from, ..Excuse::killed(&member.name, died) };
    Ok(Death { point, reached: crash.is_some(), excuse })
}
