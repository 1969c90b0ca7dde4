//! The way between clients and server: open, or a black hole in one direction or both.

use tokio::sync::watch;

use super::throttle::Throttle;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From clients to the server.
    Asks,
    /// From the server to clients.
    Answers,
    /// Both.
    Both,
}

/// What becomes of the connections of a black hole when it heals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    /// What was sent meanwhile arrives now, as TCP has it.
    Kept,
    /// They stay silent for ever, as when something between has forgotten them.
    Forgotten,
}

/// What can pass now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gate {
    asks_holed: bool,
    answers_holed: bool,
    /// Rises when connections are forgotten: those that began before pass nothing any more.
    age: u64,
    /// Rises when connections are closed: those that began before end.
    closed: u64,
}

impl Gate {
    pub(super) fn hole(&mut self, way: Way) {
        self.asks_holed |= way != Way::Answers;
        self.answers_holed |= way != Way::Asks;
    }

    pub(super) fn heal(&mut self, connections: Connections) {
        (self.asks_holed, self.answers_holed) = (false, false);
        self.age += u64::from(connections == Connections::Forgotten);
    }

    pub(super) fn close(&mut self) {
        self.closed += 1;
    }
}

/// What one connection knows of the gate.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    pub(super) throttle: Throttle,
    gate: watch::Receiver<Gate>,
    born: Gate,
}

impl Passage {
    pub(super) fn new(gate: watch::Receiver<Gate>, throttle: Throttle) -> Self {
        let born = *gate.borrow();
        Self { throttle, gate, born }
    }

    /// For a connection that begins now.
    pub(super) fn born_now(&self) -> Self {
        Self::new(self.gate.clone(), self.throttle.clone())
    }

    /// Waits until bytes can pass in this direction: for ever if the connection is forgotten.
    pub(super) async fn open(&mut self, way: Way) {
        let age = self.born.age;
        let open = |gate: &Gate| {
            let holed = if way == Way::Asks { gate.asks_holed } else { gate.answers_holed };
            gate.age == age && !holed
        };
        if self.gate.wait_for(open).await.is_err() {
            // The proxy is gone, and so will this connection be.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn closed(&mut self) {
        let closed = self.born.closed;
        let _gone = self.gate.wait_for(|gate| gate.closed != closed).await;
    }
}
