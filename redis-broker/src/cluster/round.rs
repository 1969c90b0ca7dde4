//! The commands of one call to a Cluster, on their way from server to server.

use bytes::Bytes;

use super::Answer;
use crate::client::{ClientError, Command};
use crate::slots::Node;

/// A command under way, and where its answer belongs.
pub(super) struct Sending {
    pub(super) at: usize,
    pub(super) command: Command,
    /// The server that was named for it, and whether that must be asked to take it.
    pub(super) to: Option<Node>,
    pub(super) asking: bool,
    /// The server that it was sent to last.
    pub(super) asked: Option<Node>,
}

impl Sending {
    pub(super) fn commands(&self) -> Vec<Command> {
        let asking = || Command::anywhere(vec![Bytes::from_static(b"ASKING")]);
        let first = self.asking.then(asking);
        first.into_iter().chain([self.command.clone()]).collect()
    }

    pub(super) fn size(&self) -> usize {
        1 + usize::from(self.asking)
    }

    /// The server that was asked, if it says that there is no Cluster: it may be cut off from it.
    pub(super) fn cut_off(&self, answer: &Answer) -> Option<Node> {
        match answer {
            Err(ClientError::Server(text)) if text.starts_with("CLUSTERDOWN") => self.asked.clone(),
            _ => None,
        }
    }
}

/// The commands that are to be sent next, and what must be done before.
#[derive(Default)]
pub(super) struct Round {
    pub(super) sendings: Vec<Sending>,
    pub(super) needs_map: bool,
    pub(super) needs_pause: bool,
    /// Servers whose map is the last to be believed.
    pub(super) doubted: Vec<Node>,
}

/// The answer to a command of a slot that no known server has.
pub(super) fn unserved() -> Answer {
    Err(ClientError::Server("CLUSTERDOWN no server is known for the slot".to_owned()))
}
