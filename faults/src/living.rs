//! The living: workers that never died, whatever the store may think, and tasks that they hold for
//! long.

use anyhow::Result;
use tireless::{List, State};

use crate::fault::Report;
use crate::ground::Ground;
use crate::history::{self, Word};
use crate::load::{Load, Plan};

/// Where the numbers of the held ones begin.
const HELD_FROM: u64 = 1 << 40;

/// Pushes so many tasks whose bodies make them run all through what is to come, and beyond.
///
/// # Errors
/// As [`Load::start`] and [`Load::finish`].
pub async fn hold(ground: &Ground, turn: u64, count: u64, body: fn(u64) -> String) -> Result<()> {
    let first = HELD_FROM + turn * count;
    let plan = Plan { first, batch: count, ..Plan::new(count, 0.0, body) };
    Load::start(ground, &format!("holder-{turn}"), plan)?.finish().await?;
    Ok(())
}

/// Crashes of which tasks that run are accused.
///
/// # Errors
/// When the server does not answer.
pub async fn crashes(ground: &Ground) -> Result<u64> {
    let list = List { queue: ground.queue.clone(), state: State::Running, cursor: 0, limit: 1_000 };
    let page = ground.broker.list(&list).await?;
    Ok(page.tasks.iter().filter(|task| task.history.crashes > 0).count() as u64)
}

/// Demands that no crash was charged and nothing taken back.
///
/// # Errors
/// When a history cannot be read.
pub fn unharmed(report: &mut Report, ground: &Ground, charged: u64) -> Result<()> {
    report.count("crashes charged", charged);
    report.demand(charged == 0, || format!("{charged} crashes charged to the living"));
    let reclaimed = reclaimed(ground)?;
    report.count("reclaimed", reclaimed);
    report.demand(reclaimed == 0, || format!("{reclaimed} reclaimed from the living"));
    Ok(())
}

/// What workers took back from others.
fn reclaimed(ground: &Ground) -> Result<u64> {
    let histories = history::read_all(&ground.place.dir)?;
    let events = histories.iter().flat_map(|history| &history.events);
    let reclaimed = events.map(|event| match event.word {
        Word::Reclaimed { tasks, .. } => tasks,
        _ => 0,
    });
    Ok(reclaimed.sum())
}
