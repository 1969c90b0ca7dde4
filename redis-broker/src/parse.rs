//! Answers of scripts become answers of the contract, with no store at hand.

use std::time::Duration;

use bytes::Bytes;
use tireless_core::{
    ClaimedTask, History, Moved, Operation, Purged, Pushed, QueueClaimed, QueueRenewed,
    QueueTicked, Reconciled, Removed, Result, SettleAnswer, Settled, StoreTime, TaskId, WorkerId,
};

use crate::reply::Reply;
use crate::runner::corrupt;

/// Takes the parts of an array one by one; any surprise is a `Corrupt` error.
pub(crate) struct Parts {
    operation: Operation,
    parts: std::vec::IntoIter<Reply>,
}

impl Parts {
    pub(crate) fn of(operation: Operation, reply: Reply) -> Result<Self> {
        let parts = reply.into_array().ok_or_else(|| corrupt(operation))?;
        Ok(Self { operation, parts: parts.into_iter() })
    }

    pub(crate) fn next(&mut self) -> Result<Reply> {
        self.parts.next().ok_or_else(|| corrupt(self.operation))
    }

    pub(crate) fn int(&mut self) -> Result<i64> {
        self.next()?.as_int().ok_or_else(|| corrupt(self.operation))
    }

    pub(crate) fn count(&mut self) -> Result<u64> {
        Ok(u64::try_from(self.int()?).unwrap_or(0))
    }

    pub(crate) fn flag(&mut self) -> Result<bool> {
        Ok(self.int()? != 0)
    }

    pub(crate) fn time(&mut self) -> Result<StoreTime> {
        Ok(StoreTime::from_millis(self.count()?))
    }

    /// Milliseconds until something, or a negative number for never.
    pub(crate) fn wait(&mut self) -> Result<Option<Duration>> {
        Ok(u64::try_from(self.int()?).ok().map(Duration::from_millis))
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes> {
        self.next()?.into_bytes().ok_or_else(|| corrupt(self.operation))
    }

    pub(crate) fn optional_bytes(&mut self) -> Result<Option<Bytes>> {
        Ok(self.next()?.into_bytes())
    }

    pub(crate) fn array(&mut self) -> Result<Vec<Reply>> {
        self.next()?.into_array().ok_or_else(|| corrupt(self.operation))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.as_slice().is_empty()
    }
}

fn text(operation: Operation, reply: Reply) -> Result<Bytes> {
    reply.into_bytes().ok_or_else(|| corrupt(operation))
}

pub(crate) fn history_of(record: Option<Bytes>) -> History {
    record.map_or_else(History::default, |record| History::decode(&record))
}

pub(crate) fn pushed(reply: Reply, tasks: usize) -> Result<Vec<Pushed>> {
    let answer = text(Operation::Push, reply)?;
    if answer.is_empty() {
        return Ok(vec![Pushed::Accepted; tasks]);
    }
    let mut rest = &answer[..];
    let mut pushed = Vec::with_capacity(tasks);
    while let Some((letter, after)) = rest.split_first() {
        rest = after;
        if *letter == b'A' {
            pushed.push(Pushed::Accepted);
            continue;
        }
        let (id, after) = rest.split_first_chunk().ok_or_else(|| corrupt(Operation::Push))?;
        rest = after;
        pushed.push(Pushed::Exists { id: TaskId::from_bytes(*id) });
    }
    if pushed.len() == tasks { Ok(pushed) } else { Err(corrupt(Operation::Push)) }
}

pub(crate) fn claimed(reply: Reply, claim: u64) -> Result<QueueClaimed> {
    let mut parts = Parts::of(Operation::Claim, reply)?;
    let mut answer = QueueClaimed::default();
    answer.now = parts.time()?;
    answer.more = parts.flag()?;
    answer.next_due = parts.wait()?;
    answer.suspects = parts.count()?;
    answer.your_turn = parts.flag()?;
    answer.paused = parts.flag()?;
    answer.promoted = parts.count()?;
    answer.requeued = parts.count()?;
    let ids = parts.bytes()?;
    let envelopes = parts.array()?;
    let mut histories = parts.array()?.into_iter();
    let (ids, odd) = ids.as_chunks::<16>();
    if ids.len() != envelopes.len() || !odd.is_empty() {
        return Err(corrupt(Operation::Claim));
    }
    answer.tasks = Vec::with_capacity(ids.len());
    for (id, envelope) in ids.iter().zip(envelopes) {
        answer.tasks.push(ClaimedTask {
            id: TaskId::from_bytes(*id),
            claim,
            envelope: text(Operation::Claim, envelope)?,
            history: history_of(histories.next().and_then(Reply::into_bytes)),
        });
    }
    Ok(answer)
}

pub(crate) fn settled(reply: Reply, places: &[Option<usize>]) -> Result<SettleAnswer> {
    let answer = text(Operation::Settle, reply)?;
    let colon = answer.iter().position(|byte| *byte == b':');
    let (dropped, letters) = match colon {
        Some(colon) => (&answer[..colon], &answer[colon + 1..]),
        None => return Err(corrupt(Operation::Settle)),
    };
    let dropped = std::str::from_utf8(dropped).ok().and_then(|text| text.parse().ok());
    let letter = |place: &Option<usize>| match place {
        None => Ok(Settled::LeaseLost),
        Some(_) if letters.is_empty() => Ok(Settled::Applied),
        Some(place) => match letters.get(*place) {
            Some(b'A') => Ok(Settled::Applied),
            Some(b'L') => Ok(Settled::LeaseLost),
            _ => Err(corrupt(Operation::Settle)),
        },
    };
    let mut settled = SettleAnswer::default();
    settled.dropped = dropped.ok_or_else(|| corrupt(Operation::Settle))?;
    settled.settled = places.iter().map(letter).collect::<Result<_>>()?;
    Ok(settled)
}

/// A renewal's answer, and whether more is to go back in another call.
pub(crate) fn renewed(reply: Reply) -> Result<(QueueRenewed, bool)> {
    let mut parts = Parts::of(Operation::Renew, reply)?;
    let mut answer = QueueRenewed::default();
    answer.now = parts.time()?;
    answer.released = parts.count()?;
    let lost = parts.array()?;
    answer.lost = lost.iter().filter_map(Reply::as_int).map(i64::unsigned_abs).collect();
    Ok((answer, parts.flag()?))
}

/// A tick's answer with what it asks for beside.
pub(crate) struct TickAnswer {
    pub(crate) ticked: QueueTicked,
    /// Workers whose lease has ended.
    pub(crate) expired: Vec<WorkerId>,
    /// Whether there may be more of them than are named.
    pub(crate) more_expired: bool,
    /// Whether it is time to look whether the numbers add up, or to go on with a search.
    pub(crate) reconciles: bool,
}

pub(crate) fn ticked(reply: Reply) -> Result<TickAnswer> {
    let mut parts = Parts::of(Operation::Tick, reply)?;
    let mut answer = QueueTicked::default();
    answer.now = parts.time()?;
    answer.promoted = parts.count()?;
    answer.requeued = parts.count()?;
    answer.dropped = parts.count()?;
    answer.more = parts.flag()?;
    answer.next_due = parts.wait()?;
    let expired = parts.array()?.into_iter().filter_map(Reply::into_bytes);
    let expired = expired.filter_map(|id| WorkerId::from_slice(&id)).collect();
    let reconciles = parts.flag()?;
    answer.steady = parts.flag()?;
    let more_expired = parts.flag()?;
    Ok(TickAnswer { ticked: answer, expired, more_expired, reconciles })
}

/// What became of a worker whose lease has ended. If it is neither, it was not to be judged.
pub(crate) struct Judged {
    /// It still holds tasks.
    pub(crate) waits: bool,
    /// It holds nothing any more, and is not registered.
    pub(crate) gone: bool,
}

/// Adds what a reclaim did to the tick that led to it.
pub(crate) fn add_reclaimed(answer: &mut QueueTicked, reply: Reply) -> Result<Judged> {
    let mut parts = Parts::of(Operation::Tick, reply)?;
    answer.reclaimed += parts.count()?;
    answer.poisoned += parts.count()?;
    answer.dropped += parts.count()?;
    let judged = Judged { waits: parts.flag()?, gone: parts.flag()? };
    answer.more |= judged.waits;
    Ok(judged)
}

pub(crate) fn moved(reply: Reply) -> Result<Moved> {
    let mut parts = Parts::of(Operation::Requeue, reply)?;
    let mut answer = Moved::default();
    answer.moved = parts.count()?;
    answer.more = parts.flag()?;
    Ok(answer)
}

pub(crate) fn purged(reply: Reply) -> Result<Purged> {
    let mut parts = Parts::of(Operation::Purge, reply)?;
    let mut answer = Purged::default();
    answer.removed = parts.count()?;
    answer.more = parts.flag()?;
    Ok(answer)
}

pub(crate) fn reconciled(reply: Reply) -> Result<Reconciled> {
    let mut parts = Parts::of(Operation::Reconcile, reply)?;
    let mut answer = Reconciled::default();
    answer.more = parts.flag()?;
    let mended = &mut answer.mended;
    mended.lost = parts.count()?;
    mended.empty = parts.count()?;
    mended.doubled = parts.count()?;
    mended.unleased = parts.count()?;
    mended.leftovers = parts.count()?;
    mended.untimed = parts.count()?;
    mended.ghosts = parts.count()?;
    mended.malformed = parts.count()?;
    answer.unsure = parts.flag()?;
    Ok(answer)
}

/// The task that was looked for by its own id, if one lives under it.
pub(crate) fn found(reply: Reply) -> Result<Option<TaskId>> {
    if reply == Reply::Nil {
        return Ok(None);
    }
    let id = TaskId::from_slice(&text(Operation::Inspect, reply)?);
    id.map(Some).ok_or_else(|| corrupt(Operation::Inspect))
}

/// `None` if workers have come or gone since they were looked up.
pub(crate) fn removed(reply: Reply, ids: usize) -> Result<Option<Vec<Removed>>> {
    let letters = text(Operation::Remove, reply)?;
    if letters.is_empty() && ids > 0 {
        return Ok(None);
    }
    let answer = |letter: &u8| match letter {
        b'R' => Removed::Removed,
        b'H' => Removed::Running,
        _ => Removed::Missing,
    };
    Ok(Some(letters.iter().map(answer).collect()))
}

#[cfg(test)]
mod tests {
    use tireless_core::ErrorKind;

    use super::*;

    #[test]
    fn what_was_found_is_an_id_or_nothing() {
        let id = TaskId::new();
        let bytes = |bytes: &[u8]| Reply::Bytes(Bytes::copy_from_slice(bytes));
        assert_eq!(found(Reply::Nil).unwrap(), None);
        assert_eq!(found(bytes(id.as_bytes())).unwrap(), Some(id));
        for odd in [bytes(b""), bytes(&id.as_bytes()[..15]), Reply::Int(1), Reply::Array(vec![])] {
            assert_eq!(found(odd).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }
}
