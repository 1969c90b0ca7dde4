//! Runs scripts: by hash, loading what the server does not know, naming keys of a wrong type.

use std::sync::Arc;

use bytes::Bytes;
use tireless_core::{Error, ErrorKind, Operation, Result};

use crate::client::{ClientError, Command, RedisClient};
use crate::reply::Reply;
use crate::script::Script;
use crate::server_error::{explain, is_missing_script, is_wrong_type};

/// One call of a script.
#[derive(Clone, Debug)]
pub(crate) struct ScriptCall {
    pub(crate) script: &'static Script,
    /// Whether the queue adopts plain keys, which are then sent too.
    pub(crate) adopted: bool,
    pub(crate) keys: Vec<Bytes>,
    pub(crate) args: Vec<Bytes>,
}

impl ScriptCall {
    fn by_hash(&self) -> Command {
        let mut words = Vec::with_capacity(3 + self.keys.len() + self.args.len());
        words.push(Bytes::from_static(b"EVALSHA"));
        words.push(self.script.compiled(self.adopted).sha.clone());
        words.push(self.keys.len().to_string().into());
        words.extend(self.keys.iter().cloned());
        words.extend(self.args.iter().cloned());
        Command { words, first_key: Some(3) }
    }

    fn load(&self) -> Command {
        let source = self.script.compiled(self.adopted).source.clone();
        let words = vec![Bytes::from_static(b"SCRIPT"), Bytes::from_static(b"LOAD"), source];
        Command { words, first_key: None }
    }
}

/// A client that knows how to run scripts.
#[derive(Debug)]
pub(crate) struct Runner<C>(Arc<C>);

impl<C> Clone for Runner<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: RedisClient> Runner<C> {
    pub(crate) fn new(client: C) -> Self {
        Self(Arc::new(client))
    }

    pub(crate) fn client(&self) -> &C {
        &self.0
    }

    /// Runs calls in one round trip; one answer each, in order.
    pub(crate) async fn run(
        &self,
        operation: Operation,
        calls: &[ScriptCall],
    ) -> Vec<Result<Reply>> {
        let commands = calls.iter().map(ScriptCall::by_hash).collect();
        let mut answers = self.0.send(commands).await;
        self.load_missing(calls, &mut answers).await;
        let mut results = Vec::with_capacity(answers.len());
        for (call, answer) in calls.iter().zip(answers) {
            results.push(match answer {
                Ok(reply) => Ok(reply),
                Err(error) if is_wrong_type(&error) => Err(self.wrong_type(operation, call).await),
                Err(error) => Err(explain(operation, error)),
            });
        }
        results
    }

    /// Runs one call.
    pub(crate) async fn run_one(&self, operation: Operation, call: ScriptCall) -> Result<Reply> {
        self.run(operation, &[call]).await.pop().unwrap_or_else(|| Err(corrupt(operation)))
    }

    /// Sends one plain command.
    pub(crate) async fn command(
        &self,
        operation: Operation,
        words: &[&[u8]],
        first_key: Option<usize>,
    ) -> Result<Reply> {
        let words: Vec<_> = words.iter().map(|word| Bytes::copy_from_slice(word)).collect();
        let key = first_key.and_then(|at| words.get(at).cloned());
        let mut answers = self.0.send(vec![Command { words, first_key }]).await;
        match (answers.pop(), key) {
            (Some(Ok(reply)), _) => Ok(reply),
            (Some(Err(error)), Some(key)) if is_wrong_type(&error) => {
                Err(taken(operation, &key, "another type", "collection"))
            }
            (Some(Err(error)), _) => Err(explain(operation, error)),
            (None, _) => Err(corrupt(operation)),
        }
    }

    /// The server forgets scripts at a restart, a failover or a flush: whatever it did not know
    /// has done nothing, so it is loaded and called again.
    async fn load_missing(
        &self,
        calls: &[ScriptCall],
        answers: &mut [std::result::Result<Reply, ClientError>],
    ) {
        let missing = |answer: &std::result::Result<Reply, ClientError>| {
            answer.as_ref().is_err_and(is_missing_script)
        };
        let lacking: Vec<usize> = (0..answers.len()).filter(|at| missing(&answers[*at])).collect();
        if lacking.is_empty() {
            return;
        }
        let mut commands: Vec<_> = lacking.iter().map(|at| calls[*at].load()).collect();
        commands.extend(lacking.iter().map(|at| calls[*at].by_hash()));
        let mut loads = self.0.send(commands).await;
        let again = loads.split_off(lacking.len().min(loads.len()));
        for ((at, load), answer) in lacking.into_iter().zip(loads).zip(again) {
            // Without the right to load scripts the server says so there, and why is lost here.
            let unheard = answer.as_ref().is_err_and(is_missing_script);
            answers[at] = if unheard && load.is_err() { load } else { answer };
        }
    }

    async fn wrong_type(&self, operation: Operation, call: &ScriptCall) -> Error {
        let ask = |key: &Bytes| Command {
            words: vec![Bytes::from_static(b"TYPE"), key.clone()],
            first_key: Some(1),
        };
        let types = self.0.send(call.keys.iter().map(ask).collect()).await;
        for (at, (key, answer)) in call.keys.iter().zip(types).enumerate() {
            let Ok(Reply::Bytes(found)) = answer else { continue };
            let names = call.script.key_names(call.adopted);
            let name = names.get(at).copied().unwrap_or("running");
            let expected = expected_type(name);
            if found != "none" && found != expected {
                let found = format!("a {}", String::from_utf8_lossy(&found));
                return taken(operation, key, &found, expected);
            }
        }
        let message = format!("a key of the {} script holds another type", call.script.name);
        Error::new(ErrorKind::WrongType, operation, message)
    }
}

/// A key of ours holds what is not ours.
fn taken(operation: Operation, key: &Bytes, found: &str, expected: &str) -> Error {
    let message = format!(
        "the key {:?} holds {found}, not a {expected}, so nothing was done; another program uses \
         this name: rename or delete that key, or use another namespace",
        String::from_utf8_lossy(key),
    );
    Error::new(ErrorKind::WrongType, operation, message)
}

fn expected_type(key: &str) -> &'static str {
    match key {
        "ready" | "bell" | "inbox" | "list" => "list",
        "failedset" | "ghosts" => "set",
        "scheduled" | "failed" | "dead" | "done" | "kept" | "suspects" | "leases" | "queues"
        | "workers" => "zset",
        _ => "hash",
    }
}

/// An answer of a shape that our scripts never give.
pub(crate) fn corrupt(operation: Operation) -> Error {
    let message = "the store's answer has an unknown shape; is a proxy or another version between?";
    Error::new(ErrorKind::Corrupt, operation, message)
}
