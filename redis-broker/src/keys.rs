//! The names of all keys, built in one place (B13).

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use tireless_core::{Error, Namespace, Operation, QueueName, Result, WorkerId};

use crate::slots::slot_of;
use crate::words::Words;

impl Adoption {
    /// Whether keys beside the list can be named so that they share its slot.
    pub(crate) fn check(&self) -> Result<()> {
        let name = std::str::from_utf8(&self.list).ok();
        let usable = name.is_some_and(|name| {
            !name.is_empty() && (own_tag(name).is_some() || !name.contains(['{', '}']))
        });
        if let Some(list) = name.filter(|name| is_name_of_a_queue(name)) {
            let message = format!(
                "the keys beside an adopted list {list} would be those of the queue that this names; \
                 rename the list"
            );
            return Err(Error::invalid(Operation::Connect, message));
        }
        if usable && self.list != self.failed_set && !self.failed_set.is_empty() {
            return Ok(());
        }
        let message = "an adopted list has a name of its own in UTF-8, with braces only around a \
                       hash tag, and its failed set another name";
        Err(Error::invalid(Operation::Connect, message))
    }
}

impl Adoption {
    /// Whether each list has a queue and a failed set of its own. The keys beside a list are named after
    /// it: two queues of one would number their claims in the same place. And each list takes up what it
    /// does not know in its set: of two that share one, each would take the other's failed bodies.
    pub(crate) fn check_apart(all: &HashMap<QueueName, Self>) -> Result<()> {
        for (queue, one) in all {
            for (second, other) in all.iter().filter(|(second, _)| *second != queue) {
                let [set, list, other_list] = [&other.failed_set, &one.list, &other.list]
                    .map(|key| String::from_utf8_lossy(key));
                if other.list == one.list {
                    let message = format!(
                        "the list {list} is adopted by the queues {queue} and {second}; a list can \
                         have one queue"
                    );
                    return Err(Error::invalid(Operation::Connect, message));
                }
                if other.failed_set == one.failed_set || other.failed_set == one.list {
                    let message = format!(
                        "the failed set {set} of the list {other_list} is used for the list {list} \
                         too; give each list a failed set of its own"
                    );
                    return Err(Error::invalid(Operation::Connect, message));
                }
            }
        }
        Ok(())
    }

    /// Whether both keys are in one slot of a Cluster, so that one script may use them (B13).
    pub(crate) fn check_slot(&self) -> Result<()> {
        if slot_of(&self.list) == slot_of(&self.failed_set) {
            return Ok(());
        }
        let [list, set] = [&self.list, &self.failed_set].map(|key| String::from_utf8_lossy(key));
        let message = format!(
            "the list {list} and the failed set {set} are in different slots of the Cluster, where \
             no script may use both; give them one hash tag, as in {{tasks}}:list and {{tasks}}:set"
        );
        Err(Error::invalid(Operation::Connect, message))
    }
}

/// Whether a list is called as the hash tag of one of our queues: namespace, queue, shard.
fn is_name_of_a_queue(list: &str) -> bool {
    let mut parts = list.splitn(3, '/');
    let mut next = || parts.next().unwrap_or_default();
    let (namespace, queue, shard) = (next(), next(), next());
    shard == "0" && Namespace::new(namespace).is_ok() && QueueName::new(queue).is_ok()
}

/// The part of a key's name that decides its slot, if it has one.
fn own_tag(name: &str) -> Option<&str> {
    let (_, rest) = name.split_once('{')?;
    let (tag, _) = rest.split_once('}')?;
    Some(tag).filter(|tag| !tag.is_empty())
}

/// Builds the keys of one queue. All share one hash tag, so one slot.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
    adoption: Option<Adoption>,
}

/// Plain keys that a queue takes its tasks from and shows its failed ones in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The list that other programs push raw bodies to, at its left.
    pub list: Bytes,
    /// The set in which failed bodies are to be seen.
    pub failed_set: Bytes,
    /// How often members of the set that others have put there go back to the list.
    pub sweep_every: Duration,
}

impl Keys {
    pub(crate) fn of_queue(namespace: &Namespace, queue: &QueueName) -> Self {
        // The shard is 0 until one queue can span several slots.
        Self { prefix: format!("tireless:{{{namespace}/{queue}/0}}:"), adoption: None }
    }

    /// The keys beside an adopted list: in the slot of that list, by its own tag or its whole name.
    pub(crate) fn of_adopted(adoption: &Adoption) -> Self {
        let list = String::from_utf8_lossy(&adoption.list);
        let prefix = match own_tag(&list) {
            Some(tag) => format!("tireless:{{{tag}}}:{list}:"),
            None => format!("tireless:{{{list}}}:"),
        };
        Self { prefix, adoption: Some(adoption.clone()) }
    }

    /// The plain keys of an adopted queue.
    pub(crate) fn adoption(&self) -> Option<&Adoption> {
        self.adoption.as_ref()
    }

    /// The keys of the registry: which queues are in use and which workers live.
    pub(crate) fn of_registry(namespace: &Namespace) -> Self {
        Self { prefix: format!("tireless:{{{namespace}}}:"), adoption: None }
    }

    pub(crate) fn part(&self, name: &str) -> Bytes {
        match (&self.adoption, name) {
            (Some(adoption), "inbox" | "list") => return adoption.list.clone(),
            (Some(adoption), "failedset") => return adoption.failed_set.clone(),
            _ => {}
        }
        format!("{}{name}", self.prefix).into()
    }

    /// Adds these keys, in order; those of one worker are the caller's.
    pub(crate) fn add_to(&self, words: &mut Words, names: &[&str], caller: Option<WorkerId>) {
        let caller = caller.map(|caller| caller.to_string());
        for name in names {
            match (&self.adoption, *name, &caller) {
                (Some(adoption), "inbox" | "list", _) => words.add(&adoption.list),
                (Some(adoption), "failedset", _) => words.add(&adoption.failed_set),
                (_, "running" | "pushes" | "settles", Some(caller)) => {
                    let parts = [&self.prefix, *name, ":", caller].map(str::as_bytes);
                    words.add_joined(&parts);
                }
                _ => words.add_joined(&[self.prefix.as_bytes(), name.as_bytes()]),
            }
        }
    }

    /// How many bytes a key has at most, about.
    pub(crate) fn length(&self) -> usize {
        self.prefix.len() + 12
    }

    /// How the names of the keys begin that say what a worker holds.
    pub(crate) const RUNNING: &str = "running:";

    /// What a worker holds.
    pub(crate) fn running(&self, worker: WorkerId) -> Bytes {
        format!("{}{}{worker}", self.prefix, Self::RUNNING).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adopted_queue_lives_in_the_slot_of_its_list() {
        let adoption = |list: &'static str| Adoption {
            list: list.into(),
            failed_set: "failed".into(),
            sweep_every: Duration::from_secs(60),
        };
        let keys = Keys::of_adopted(&adoption("task_queue"));
        assert_eq!(keys.part("ready"), "tireless:{task_queue}:ready");
        assert_eq!(
            (keys.part("inbox"), keys.part("failedset")),
            ("task_queue".into(), "failed".into())
        );
        assert_eq!(Keys::of_adopted(&adoption("a{b}c")).part("bell"), "tireless:{b}:a{b}c:bell");
    }

    #[test]
    fn no_list_is_called_as_a_queue_is() {
        let check = |list: &'static str| {
            let failed_set = "failed".into();
            Adoption { list: list.into(), failed_set, sweep_every: Duration::ZERO }.check()
        };
        for fine in ["mail", "mail/0", "a/b/c", "a/b/0/c", "/b/0", "a/b/", "{a/b/0}", "a/b/0:x"] {
            assert!(check(fine).is_ok(), "{fine}");
        }
        let keys = Keys::of_queue(&Namespace::default(), &QueueName::new("mail").unwrap());
        assert_eq!(keys.part("ready"), "tireless:{default/mail/0}:ready");
        let error = check("default/mail/0").unwrap_err();
        assert!(error.message().contains("rename the list"), "{error}");
        assert!(check("shop/mail/1").is_ok(), "ours all end in 0");
    }

    #[test]
    fn adopted_lists_share_nothing() {
        let adoption = |list: &'static str, failed_set: &'static str| Adoption {
            list: list.into(),
            failed_set: failed_set.into(),
            sweep_every: Duration::from_secs(60),
        };
        let check = |second: Adoption| {
            let all = [("one", adoption("a", "a-failed")), ("two", second)];
            let all = all.map(|(queue, adoption)| (QueueName::new(queue).unwrap(), adoption));
            Adoption::check_apart(&all.into())
        };
        assert!(check(adoption("b", "b-failed")).is_ok());
        for wrong in [adoption("a", "a-failed"), adoption("a", "b-failed")] {
            let error = check(wrong).unwrap_err();
            assert!(error.message().contains("a list can have one queue"), "{error}");
        }
        for wrong in [adoption("b", "a-failed"), adoption("b", "a")] {
            let error = check(wrong).unwrap_err();
            assert!(error.message().contains("failed set of its own"), "{error}");
        }
    }

    #[test]
    fn every_key_of_a_queue_has_the_same_hash_tag() {
        let queue = QueueName::new("mail").unwrap();
        let keys = Keys::of_queue(&Namespace::default(), &queue);
        let worker = WorkerId::from_bytes([0xab; 16]);
        let tag = "tireless:{default/mail/0}:";
        assert_eq!(keys.part("ready"), format!("{tag}ready"));
        assert_eq!(keys.running(worker), format!("{tag}running:{}", "ab".repeat(16)));
        let names = ["running", "pushes", "settles", "bell"];
        let mut words = Words::default();
        keys.add_to(&mut words, &names, Some(worker));
        let own = |name| format!("{tag}{name}:{}", "ab".repeat(16));
        let expected = [own("running"), own("pushes"), own("settles"), format!("{tag}bell")];
        assert!(words.finish().eq(expected));
    }
}
