//! Runs scripts: by hash, loading what the server does not know, naming keys of a wrong type.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tireless_core::{Error, ErrorKind, Operation, Result};

use crate::client::{ClientError, Command, RedisClient, only};
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
    pub(crate) fn by_hash(&self) -> Command {
        let mut words = Vec::with_capacity(3 + self.keys.len() + self.args.len());
        words.push(Bytes::from_static(b"EVALSHA"));
        words.push(self.script.compiled(self.adopted).sha.clone());
        words.push(self.keys.len().to_string().into());
        words.extend(self.keys.iter().cloned());
        words.extend(self.args.iter().cloned());
        Command::keyed(words, 3)
    }

    /// With the script's whole text, which needs no memory of the server's.
    fn whole(&self) -> Command {
        let mut command = self.by_hash();
        command.words[0] = Bytes::from_static(b"EVAL");
        command.words[1] = self.script.compiled(self.adopted).source.clone();
        command
    }

    fn load(&self) -> Command {
        let source = self.script.compiled(self.adopted).source.clone();
        let words = vec![Bytes::from_static(b"SCRIPT"), Bytes::from_static(b"LOAD"), source];
        // It must be where the call will go.
        Command { words, key: self.keys.first().cloned() }
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

    /// Runs one call and asks `question` about it, over a connection that nothing else uses and
    /// that may be held up for `hold`. Gives the call's answer, and what was said to the question.
    pub(crate) async fn run_and_ask(
        &self,
        operation: Operation,
        call: &ScriptCall,
        question: &Command,
        hold: Duration,
    ) -> (Result<Reply>, std::result::Result<Reply, ClientError>) {
        // Each further way is taken only if the server did not know the script, and so did nothing.
        let ways: [fn(&ScriptCall) -> Vec<Command>; 3] = [
            |call| vec![call.by_hash()],
            |call| vec![call.load(), call.by_hash()],
            |call| vec![call.whole()],
        ];
        let mut answers = Vec::new();
        for way in ways {
            let commands = way(call).into_iter().chain([question.clone()]).collect();
            answers = self.0.block(commands, hold).await;
            let called = answers.iter().rev().nth(1);
            if !called.is_some_and(|answer| answer.as_ref().is_err_and(is_missing_script)) {
                break;
            }
        }
        let asked = only(answers.pop().into_iter().collect());
        let reply = match only(answers) {
            Err(error) if is_wrong_type(&error) => Err(self.wrong_type(operation, call).await),
            answer => answer.map_err(|error| explain(operation, error)),
        };
        (reply, asked)
    }

    /// Sends one plain command, to where the word at this place lies, if it is a key.
    pub(crate) async fn command(
        &self,
        operation: Operation,
        words: &[&[u8]],
        first_key: Option<usize>,
    ) -> Result<Reply> {
        let key = first_key.and_then(|at| words.get(at).copied());
        self.send_command(operation, words, key).await
    }

    /// Sends one plain command to where a key lies.
    pub(crate) async fn command_at(
        &self,
        operation: Operation,
        words: &[&[u8]],
        key: &[u8],
    ) -> Result<Reply> {
        self.send_command(operation, words, Some(key)).await
    }

    async fn send_command(
        &self,
        operation: Operation,
        words: &[&[u8]],
        key: Option<&[u8]>,
    ) -> Result<Reply> {
        let words: Vec<_> = words.iter().map(|word| Bytes::copy_from_slice(word)).collect();
        let key = key.map(Bytes::copy_from_slice);
        let mut answers = self.0.send(vec![Command { words, key: key.clone() }]).await;
        match (answers.pop(), key) {
            (Some(Ok(reply)), _) => Ok(reply),
            (Some(Err(error)), Some(key)) if is_wrong_type(&error) => {
                Err(taken(operation, &key, "another type", "collection"))
            }
            (Some(Err(error)), _) => Err(explain(operation, error)),
            (None, _) => Err(corrupt(operation)),
        }
    }

    /// The server forgets scripts at a restart, a failover or a flush: what it did not know has done
    /// nothing, so it is loaded and called again. Should it be forgotten in between, or loading not
    /// be allowed, the whole text is sent.
    async fn load_missing(
        &self,
        calls: &[ScriptCall],
        answers: &mut [std::result::Result<Reply, ClientError>],
    ) {
        let loaded = self.again(calls, answers, |call| vec![call.load(), call.by_hash()]).await;
        if loaded > 0 {
            self.again(calls, answers, |call| vec![call.whole()]).await;
        }
    }

    /// Sends commands for each call whose script is missing; the last one's answer is the call's.
    async fn again(
        &self,
        calls: &[ScriptCall],
        answers: &mut [std::result::Result<Reply, ClientError>],
        commands: impl Fn(&ScriptCall) -> Vec<Command>,
    ) -> usize {
        let missing = |at: &usize| answers[*at].as_ref().is_err_and(is_missing_script);
        let lacking: Vec<usize> = (0..answers.len()).filter(missing).collect();
        if lacking.is_empty() {
            return 0;
        }
        let sent: Vec<_> = lacking.iter().map(|at| commands(&calls[*at])).collect();
        let sizes: Vec<_> = sent.iter().map(Vec::len).collect();
        let mut replies = self.0.send(sent.into_iter().flatten().collect()).await.into_iter();
        for (at, size) in lacking.iter().zip(sizes) {
            if let Some(answer) = replies.by_ref().take(size).last() {
                answers[*at] = answer;
            }
        }
        lacking.len()
    }

    async fn wrong_type(&self, operation: Operation, call: &ScriptCall) -> Error {
        let ask = |key: &Bytes| Command::keyed(vec![Bytes::from_static(b"TYPE"), key.clone()], 1);
        let types = self.0.send(call.keys.iter().map(ask).collect()).await;
        for (at, (key, answer)) in call.keys.iter().zip(types).enumerate() {
            let Ok(Reply::Bytes(found)) = answer else { continue };
            let names = call.script.key_names(call.adopted);
            let name = names.get(at).copied().unwrap_or("running");
            let expected = expected_type(name);
            if found != "none" && found != expected {
                let found = format!("a {}", String::from_utf8_lossy(&found));
                return match adopted_as(name).filter(|_| call.adopted) {
                    Some(role) => mistaken(operation, key, &found, role),
                    None => taken(operation, key, &found, expected),
                };
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

/// A plain key that is to be adopted is another thing than its user thought: that user's own data.
fn mistaken(operation: Operation, key: &Bytes, found: &str, role: &str) -> Error {
    let message =
        format!("{:?} is {found}, so nothing was done: {role}", String::from_utf8_lossy(key));
    Error::new(ErrorKind::WrongType, operation, message)
}

/// What a plain key of an adopted queue has to be.
fn adopted_as(key: &str) -> Option<&'static str> {
    match key {
        "inbox" | "list" => Some("what is adopted has to be a list; is another key meant?"),
        "failedset" => Some("the failed set of an adopted list has to be a set; is another meant?"),
        _ => None,
    }
}

fn expected_type(key: &str) -> &'static str {
    match key {
        "ready" | "bell" | "inbox" | "list" => "list",
        "failedset" | "ghosts" | "lost" => "set",
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
