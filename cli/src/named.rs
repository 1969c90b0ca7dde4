//! Tasks as the command line names them: by their ids, and by own ids.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use tireless::{Backend, OwnId, QueueName, TaskId};

use crate::exit::Outcome;

/// Own ids that are looked up at a time.
const AT_ONCE: usize = 64;

/// The tasks that were named.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// Each once, those first that were named by their ids.
    pub(crate) ids: Vec<TaskId>,
    /// The own ids under which no task lives.
    pub(crate) unknown: Vec<OwnId>,
}

impl Named {
    /// Looks up the own ids.
    pub(crate) async fn look_up(
        queue: &QueueName,
        ids: Vec<TaskId>,
        own_ids: Vec<OwnId>,
        broker: &dyn Backend,
    ) -> Outcome<Self> {
        let find = async |own_id: OwnId| {
            let found = broker.find(queue, &own_id).await?;
            Ok::<_, tireless::Error>(found.ok_or(own_id))
        };
        let found: Vec<_> = stream::iter(own_ids).map(find).buffered(AT_ONCE).try_collect().await?;
        let mut named = Self { ids, unknown: Vec::new() };
        for answer in found {
            match answer {
                Ok(id) => named.ids.push(id),
                Err(own_id) => named.unknown.push(own_id),
            }
        }
        let mut seen = HashSet::new();
        named.ids.retain(|id| seen.insert(*id));
        Ok(named)
    }
}

/// What is to be said of an own id under which no task lives.
pub(crate) fn nothing_under(queue: &QueueName, own_id: &OwnId) -> String {
    let own_id = own_id.to_string();
    format!(
        "{queue} has no task under the own id {own_id:?}: it is done, was removed, or was pushed to \
         another queue"
    )
}

#[cfg(test)]
#[path = "named_tests.rs"]
mod tests;
