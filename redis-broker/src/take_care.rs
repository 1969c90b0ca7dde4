//! What a permitted tick does besides: takes back from the dead (B16), and looks after the numbers (B17).

use tireless_core::{Operation, QueueName, QueueTicked, Reclaim, Result, WorkerId};

use crate::broker::{RedisBroker, is_away};
use crate::client::RedisClient;
use crate::parse::{self, TickAnswer};
use crate::request;

impl<C: RedisClient> RedisBroker<C> {
    /// What a permitted tick does besides: takes back from the dead, and now and then mends.
    pub(crate) async fn take_care(
        &self,
        queue: &QueueName,
        answer: TickAnswer,
        permission: &Reclaim,
        limit: usize,
    ) -> Result<QueueTicked> {
        let TickAnswer { mut ticked, expired, more_expired, reconciles } = answer;
        let reclaimed = self.reclaim(queue, &expired, permission, limit, &mut ticked).await;
        // Only where somebody made room for those that were not named: else the next tick would name the
        // same ones, and there would be more for ever.
        let goes_on = more_expired && reclaimed.gone;
        ticked.more |= goes_on;
        if reconciles {
            // What fails here says so to whoever next uses that key, and hides nothing of the tick.
            drop(self.look_after(queue, &mut ticked.mended).await);
        }
        // What a damaged key says is told by the tick that cannot go on for it.
        if goes_on { Ok(ticked) } else { reclaimed.outcome.map(|()| ticked) }
    }

    /// Takes back what the given workers of one queue held.
    /// One after the other: what each may take depends on what was taken before (B16).
    async fn reclaim(
        &self,
        queue: &QueueName,
        workers: &[WorkerId],
        permission: &Reclaim,
        limit: usize,
        answer: &mut QueueTicked,
    ) -> Reclaimed {
        let keys = self.keys(queue);
        let (mut gone, mut outcome) = (false, Ok(()));
        for worker in workers {
            let room = request::Room { limit, taken: answer.reclaimed as usize };
            if room.taken >= limit {
                answer.more = true;
                break;
            }
            let cap = self.settings.dead_kept;
            let call = request::reclaim(&keys, *worker, permission, room, cap);
            let reply = self.runner.run_one(Operation::Tick, call).await;
            let judged = reply.and_then(|reply| parse::add_reclaimed(answer, reply));
            gone |= judged.as_ref().is_ok_and(|judged| judged.gone);
            // What of this one waits is first at the next tick.
            let waits = judged.as_ref().is_ok_and(|judged| judged.waits);
            let away = judged.as_ref().is_err_and(is_away);
            // One damaged key must not keep the tasks of all other workers.
            outcome = outcome.and(judged.map(drop));
            if waits || away {
                break;
            }
        }
        Reclaimed { gone, outcome }
    }
}

/// What became of the workers whose leases had ended.
struct Reclaimed {
    /// Whether any of them is gone now.
    gone: bool,
    /// The first error.
    outcome: Result<()>,
}
