//! `--adopt LIST --failed-set SET`: a plain list and its set in the place of a queue.

use std::borrow::Cow;
use std::time::Duration;

use tireless::{Adoption, QueueName};

use crate::exit::{Outcome, Stop};

/// What stands for it where nothing is swept.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A list and a set that were there before, of which both are given or none.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Adopt {
    /// An existing plain list, which others LPUSH bodies to, instead of a queue
    #[arg(long = "adopt", id = "adopt", value_name = "LIST", requires = "failed_set")]
    list: Option<String>,
    /// The plain set in which the failed bodies of --adopt are kept
    #[arg(long = "failed-set", id = "failed_set", value_name = "SET", requires = "adopt")]
    set: Option<String>,
}

impl Adopt {
    /// The plain keys to adopt, and the queue that stands for them.
    pub(crate) fn keys(&self) -> Outcome<Option<(QueueName, Adoption)>> {
        self.keys_swept(SWEEP_EVERY)
    }

    /// The same for a worker, which also puts back what others put into the set.
    pub(crate) fn keys_swept(
        &self,
        sweep_every: Duration,
    ) -> Outcome<Option<(QueueName, Adoption)>> {
        let (Some(list), Some(set)) = (&self.list, &self.set) else { return Ok(None) };
        for (flag, key) in [("--adopt", list), ("--failed-set", set)] {
            if key.is_empty() {
                return Err(Stop::usage(format!("{flag} needs the name of a key")));
            }
        }
        if list == set {
            return Err(Stop::usage("--adopt and --failed-set name the same key"));
        }
        let (list_key, failed_set) = (list.clone().into(), set.clone().into());
        Ok(Some((name_of(list)?, Adoption { list: list_key, failed_set, sweep_every })))
    }

    /// The queue that stands for them.
    pub(crate) fn queue(&self) -> tireless::Result<Option<QueueName>> {
        self.list.as_deref().map(name_of).transpose()
    }

    /// What to type for them, where a queue would stand.
    pub(crate) fn words(&self) -> Option<String> {
        let (list, set) = (quoted(self.list.as_ref()?), quoted(self.set.as_ref()?));
        Some(format!("--adopt {list} --failed-set {set}"))
    }

    /// The queue that is meant, of those that may be named instead.
    pub(crate) fn or_queues(&self, named: &[QueueName]) -> tireless::Result<Vec<QueueName>> {
        Ok(self.queue()?.map_or_else(|| named.to_vec(), |queue| vec![queue]))
    }

    /// The queue and what follows it on the command line. With --adopt no queue is named, so what
    /// stands in its place is the first of the others.
    pub(crate) fn shifted<T>(
        &self,
        first: Option<QueueName>,
        others: Vec<T>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Outcome<(QueueName, Vec<T>)> {
        let Some(queue) = self.queue()? else {
            let queue = first.ok_or_else(|| Stop::usage("name a queue, or a list by --adopt"))?;
            return Ok((queue, others));
        };
        let first = first.map(|word| {
            read(word.as_str()).map_err(|wrong| {
                Stop::usage(format!("--adopt names the list, so {word} is no queue: {wrong}"))
            })
        });
        Ok((queue, first.transpose()?.into_iter().chain(others).collect()))
    }

    /// The same where exactly one word follows the queue; `missing` says which.
    pub(crate) fn shifted_one<T>(
        &self,
        first: Option<QueueName>,
        other: Option<T>,
        missing: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Outcome<(QueueName, T)> {
        let named = first.clone();
        let (queue, others) = self.shifted(first, other.into_iter().collect(), read)?;
        let count = others.len();
        match (others.into_iter().next(), named) {
            (Some(one), _) if count == 1 => Ok((queue, one)),
            (_, Some(word)) => {
                Err(Stop::usage(format!("--adopt names the list: leave {word} or the other out")))
            }
            _ => Err(Stop::usage(missing)),
        }
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    if word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''")).into()
    }
}

/// A list's name is free, a queue's is not.
fn name_of(list: &str) -> tireless::Result<QueueName> {
    QueueName::new(list).or_else(|_| QueueName::new("adopted"))
}
