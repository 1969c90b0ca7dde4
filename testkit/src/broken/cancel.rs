//! Brokers that note a call before they carry it out: dropped between, it is lost.

use tireless_core::{
    Claim, Claimed, Push, Pushed, Result, Settle, SettleAnswer, Settled, WorkerId,
};

use super::{Memory, broken, let_others_look};

/// Notes a call; whether it was noted before.
fn repeats(memory: &Memory, caller: WorkerId, number: u64) -> bool {
    let mut key = caller.as_bytes().to_vec();
    key.extend(number.to_be_bytes());
    memory.seen().insert(key, 1).is_some()
}

broken! {
    /// B10: notes that a settle was made before it was made.
    NotesBeforeItActs {
        async fn settle(&self, settle: &Settle) -> Result<SettleAnswer> {
            if repeats(&self.memory, settle.worker, settle.call.number) {
                let mut answer = SettleAnswer::default();
                answer.settled = vec![Settled::Applied; settle.outcomes.len()];
                return Ok(answer);
            }
            let_others_look().await;
            self.inner.settle(settle).await
        }
    }
}

broken! {
    /// B10: notes that a push was made before it was made.
    NotesPushesBeforeItActs {
        async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
            if repeats(&self.memory, push.caller, push.call.number) {
                return Ok(vec![Pushed::Accepted; push.tasks.len()]);
            }
            let_others_look().await;
            self.inner.push(push).await
        }
    }
}

broken! {
    /// B10: notes that a claim was made before it was made: its copy takes nothing more.
    NotesClaimsBeforeItActs {
        async fn claim(&self, claim: &Claim) -> Claimed {
            if repeats(&self.memory, claim.worker, claim.number) {
                let mut again = claim.clone();
                again.queues.iter_mut().for_each(|from| from.max = 0);
                return self.inner.claim(&again).await;
            }
            let_others_look().await;
            self.inner.claim(claim).await
        }
    }
}
