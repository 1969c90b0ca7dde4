//! The bounds of a call, checked before anything is touched (B7).

use tireless_core::limits::{BYTES_PER_CALL, CLAIMS_PER_RENEWAL, NUMBERS_END, TASKS_PER_CALL};
use tireless_core::{Call, Error, ErrorKind, Operation, Push, QueueName, Result, Wait};

/// Refuses more tasks than one call may carry.
pub(crate) fn tasks(operation: Operation, count: usize) -> Result<()> {
    if count <= TASKS_PER_CALL {
        return Ok(());
    }
    let message = format!("{count} tasks in one call; {TASKS_PER_CALL} is the most: split it");
    Err(Error::new(ErrorKind::TooLarge, operation, message))
}

/// Refuses a limit of nothing, or over the bound, where an operator chose it.
pub(crate) fn limit(operation: Operation, limit: usize) -> Result<()> {
    if (1..=TASKS_PER_CALL).contains(&limit) {
        return Ok(());
    }
    let message = format!("a limit of {limit}: give 1 to {TASKS_PER_CALL} and call again for more");
    Err(Error::invalid(operation, message))
}

/// Refuses a push that is too long, too big or wrongly numbered.
pub(crate) fn push(push: &Push) -> Result<()> {
    numbered(Operation::Push, push.call)?;
    tasks(Operation::Push, push.tasks.len())?;
    let bytes: usize = push.tasks.iter().map(|task| task.envelope.len()).sum();
    if bytes <= BYTES_PER_CALL {
        return Ok(());
    }
    let message = format!("{bytes} bytes in one call; {BYTES_PER_CALL} is the most: split it");
    Err(Error::new(ErrorKind::TooLarge, Operation::Push, message))
}

/// Refuses a call that says that it was answered already.
pub(crate) fn numbered(operation: Operation, call: Call) -> Result<()> {
    below_the_end(operation, call.number)?;
    if call.answered < call.number {
        return Ok(());
    }
    let message = format!(
        "call {} says that calls up to {} are answered; numbers start at 1 and rise",
        call.number, call.answered
    );
    Err(Error::invalid(operation, message))
}

/// Refuses a number that other stores could not tell from the one before.
fn below_the_end(operation: Operation, number: u64) -> Result<()> {
    if number < NUMBERS_END {
        return Ok(());
    }
    Err(Error::invalid(operation, format!("the number {number}: they stay below {NUMBERS_END}")))
}

/// Refuses a claim without a number of its own.
pub(crate) fn numbered_claim(number: u64) -> Result<()> {
    if number > 0 {
        return below_the_end(Operation::Claim, number);
    }
    Err(Error::invalid(Operation::Claim, "the claim has the number 0; numbers start at 1 and rise"))
}

/// Refuses more claims than one renewal may name.
pub(crate) fn claims(count: usize) -> Result<()> {
    if count <= CLAIMS_PER_RENEWAL {
        return Ok(());
    }
    let message = format!("{count} claims in one renewal; {CLAIMS_PER_RENEWAL} is the most");
    Err(Error::new(ErrorKind::TooLarge, Operation::Renew, message))
}

/// Refuses a wait that nothing could end but its time.
pub(crate) fn waited_for(wait: &Wait) -> Result<()> {
    if wait.queues.is_empty() {
        return Err(Error::invalid(Operation::Wait, "name at least one queue to wait for"));
    }
    Ok(())
}

/// Refuses a queue that a call names for the second time.
///
/// Answered twice, the same tasks would be run twice, or taken for orphans.
pub(crate) fn once<'a>(
    operation: Operation,
    seen: &mut Vec<&'a QueueName>,
    queue: &'a QueueName,
) -> Result<()> {
    if seen.contains(&queue) {
        return Err(Error::invalid(operation, format!("the call names queue {queue} twice")));
    }
    seen.push(queue);
    Ok(())
}
