//! The commands of one call to a Cluster, on their way from server to server.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::redirect::{Elsewhere, where_to};
use super::{Answer, ClusterClient};
use crate::client::{ClientError, Command, RedisClient, only};
use crate::link::Link;
use crate::patience;
use crate::slots::Node;

/// How often a command is sent at most while others of its call have their answers.
pub(super) const ROUNDS: u32 = 5;

/// A command under way, and where its answer belongs.
struct Sending {
    at: usize,
    command: Command,
    /// The server that was named for it, and whether that must be asked to take it.
    to: Option<Node>,
    asking: bool,
    /// The server that it was sent to last.
    asked: Option<Node>,
}

impl Sending {
    fn commands(&self) -> Vec<Command> {
        let asking = || Command::anywhere(vec![Bytes::from_static(b"ASKING")]);
        let first = self.asking.then(asking);
        first.into_iter().chain([self.command.clone()]).collect()
    }

    fn size(&self) -> usize {
        1 + usize::from(self.asking)
    }

    /// The server that was asked, if it says that there is no Cluster: it may be cut off from it.
    fn cut_off(&self, answer: &Answer) -> Option<Node> {
        match answer {
            Err(ClientError::Server(text)) if text.starts_with("CLUSTERDOWN") => self.asked.clone(),
            _ => None,
        }
    }
}

/// The commands that are to be sent next, and what must be done before.
struct Round {
    /// How many rounds there were before.
    after: u32,
    /// How long the call may look for servers.
    until: Instant,
    sendings: Vec<Sending>,
    needs_map: bool,
    needs_pause: bool,
    /// Servers whose map is the last to be believed.
    doubted: Vec<Node>,
}

impl Round {
    fn following(after: u32, until: Instant) -> Self {
        let (sendings, doubted) = (Vec::new(), Vec::new());
        Self { after, until, sendings, needs_map: false, needs_pause: false, doubted }
    }

    /// Whether a command that belongs elsewhere goes on in this round. What one server holds up must not
    /// keep the answers of the others: unless all wait, only what was sent on is soon at its place, and a
    /// server that is away is looked for by the next call.
    fn goes_on(&self, elsewhere: &Elsewhere, all_wait: bool) -> bool {
        match elsewhere {
            _ if all_wait => Instant::now() < self.until,
            Elsewhere::Unknown => false,
            _ => self.after < ROUNDS,
        }
    }
}

/// The answer to a command of a slot that no known server has.
pub(super) fn unserved() -> Answer {
    Err(ClientError::Server("CLUSTERDOWN no server is known for the slot".to_owned()))
}

impl<L: Link> ClusterClient<L> {
    /// Sends commands until each has its last answer, for [`patience::REDIRECTED`] at most.
    pub(super) async fn send_in_rounds(&self, commands: Vec<Command>) -> Vec<Answer> {
        let until = Instant::now() + patience::REDIRECTED;
        let mut answers: Vec<Option<Answer>> = commands.iter().map(|_| None).collect();
        let new = |(at, command)| Sending { at, command, to: None, asking: false, asked: None };
        let mut sendings: Vec<Sending> = commands.into_iter().enumerate().map(new).collect();
        for round in 1.. {
            let given = self.send_round(sendings).await;
            let mut next = Round::following(round, until);
            self.sort(given, &mut answers, &mut next);
            if next.needs_map {
                self.refresh(&next.doubted).await;
            }
            if next.sendings.is_empty() {
                break;
            }
            if next.needs_pause {
                let longest = patience::longest_pause(*self.lease());
                sleep(patience::pause(round, longest)).await;
            }
            next.sendings.sort_by_key(|sending| sending.at);
            sendings = next.sendings;
        }
        answers.into_iter().map(|answer| only(answer.into_iter().collect())).collect()
    }

    /// Notes the answers that are the last of their commands, and makes the others ready for the next
    /// round.
    fn sort(
        &self,
        given: Vec<(Sending, Answer)>,
        answers: &mut [Option<Answer>],
        next: &mut Round,
    ) {
        let all_wait = answers.iter().all(Option::is_none)
            && given.iter().all(|(sending, answer)| self.redirect(sending, answer).is_some());
        for (sending, answer) in given {
            next.doubted.extend(sending.cut_off(&answer));
            match self.redirect(&sending, &answer) {
                Some(elsewhere) if next.goes_on(&elsewhere, all_wait) => {
                    self.prepare(sending, elsewhere, next);
                }
                last => {
                    // The next call finds a map that may know better.
                    next.needs_map |=
                        last.is_some() || !matches!(answer, Ok(_) | Err(ClientError::Server(_)));
                    answers[sending.at] = Some(answer);
                }
            }
        }
    }

    /// Sends each command to its server, all servers at once.
    async fn send_round(&self, sendings: Vec<Sending>) -> Vec<(Sending, Answer)> {
        let mut by_node: BTreeMap<Node, Vec<Sending>> = BTreeMap::new();
        let mut answers = Vec::with_capacity(sendings.len());
        for sending in sendings {
            match sending.to.clone().or_else(|| self.node_of(&sending.command)) {
                Some(node) => by_node.entry(node).or_default().push(sending),
                None => answers.push((sending, unserved())),
            }
        }
        let calls = by_node.into_iter().map(|(node, sendings)| self.send_to(node, sendings));
        answers.extend(join_all(calls).await.into_iter().flatten());
        answers
    }

    async fn send_to(&self, node: Node, sendings: Vec<Sending>) -> Vec<(Sending, Answer)> {
        let commands = sendings.iter().flat_map(Sending::commands).collect();
        let mut replies = self.client_of(&node).send(commands).await.into_iter();
        let answered = |sending: Sending| {
            let mine = replies.by_ref().take(sending.size()).collect();
            (Sending { asked: Some(node.clone()), ..sending }, only(mine))
        };
        sendings.into_iter().map(answered).collect()
    }

    /// What a command needs after this answer; `None` if the answer is its last.
    fn redirect(&self, sending: &Sending, answer: &Answer) -> Option<Elsewhere> {
        match answer {
            Err(ClientError::Server(text)) => where_to(text, sending.asked.as_ref()?),
            // It never left, so wherever the slot is by now, it may go there.
            Err(ClientError::NotSent(_)) => Some(Elsewhere::Unknown),
            _ => None,
        }
    }

    /// Makes ready for the next round what `elsewhere` says of a command.
    fn prepare(&self, sending: Sending, elsewhere: Elsewhere, next: &mut Round) {
        let (to, asking) = match elsewhere {
            Elsewhere::Moved(slot, node) => {
                self.change_map(|map| map.moved(slot, &node));
                next.needs_map = true;
                (Some(node), false)
            }
            Elsewhere::Ask(node) => (Some(node), true),
            Elsewhere::Later => {
                next.needs_pause = true;
                (None, false)
            }
            Elsewhere::Unknown => {
                (next.needs_map, next.needs_pause) = (true, true);
                (None, false)
            }
        };
        next.sendings.push(Sending { to, asking, ..sending });
    }
}
