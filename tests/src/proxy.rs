//! A proxy that understands the Redis protocol: it stands between clients and one server, keeps
//! commands and replies paired, strikes chosen ones, and can become a black hole.
//!
//! It speaks TCP on a free port of the loopback address, to any client, in RESP2 and RESP3. It does
//! not take part in MONITOR, SUBSCRIBE and what else has no reply of its own for each command.

mod connection;
mod frame;
mod kind;
mod strikes;
mod throttle;
mod way;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub use strikes::{Odds, Strike, Strikes, Struck};
pub use way::{Connections, Way};

use kind::Kinds;
use throttle::Throttle;
use way::{Gate, Passage};

/// The proxy. Dropping it closes all its connections.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    strikes: Strikes,
    throttle: Throttle,
    gate: watch::Sender<Gate>,
    accepted: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy to the server at this port of the loopback address, on the runtime it is made on.
    ///
    /// Panics without a free port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("redis://{}", listener.local_addr().expect("its address"));
        let (gate, passages) = watch::channel(Gate::default());
        let (strikes, accepted) = (Strikes::default(), Arc::new(AtomicUsize::new(0)));
        let throttle = Throttle::default();
        let passage = Passage::new(passages, throttle.clone());
        let accepting = accept(listener, port, strikes.clone(), passage, accepted.clone());
        Self { url, strikes, throttle, gate, accepted, accepting: tokio::spawn(accepting) }
    }

    /// Where clients connect.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is to be struck.
    pub fn strikes(&self) -> &Strikes {
        &self.strikes
    }

    /// How many connections came so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Lets all answers together be no faster than this from now on.
    pub fn throttle(&self, bytes_per_second: u64) {
        self.throttle.set(bytes_per_second);
    }

    /// From now on nothing passes in this direction, and nobody is told: not of what was sent, and
    /// not of a side that closes. Connections are still accepted.
    pub fn black_hole(&self, way: Way) {
        self.gate.send_modify(|gate| gate.hole(way));
    }

    /// Lets everything pass again.
    pub fn heal(&self, connections: Connections) {
        self.gate.send_modify(|gate| gate.heal(connections));
    }

    /// Closes all connections.
    pub fn close_all(&self) {
        self.gate.send_modify(Gate::close);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    port: u16,
    strikes: Strikes,
    passage: Passage,
    accepted: Arc<AtomicUsize>,
) {
    let kinds = Arc::new(Kinds::new());
    // Ends them all when this future is dropped.
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = tokio::select! {
            accepted = listener.accept() => accepted.expect("a connection"),
            Some(_ended) = connections.join_next() => continue,
        };
        accepted.fetch_add(1, Ordering::Relaxed);
        let (strikes, kinds) = (strikes.clone(), kinds.clone());
        let passage = passage.born_now();
        connections.spawn(async move {
            // A server that is not there closes what came for it.
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            // Sides that close in trouble are what this is for.
            let _trouble = connection::serve(client, server, &strikes, &kinds, passage).await;
        });
    }
}

#[cfg(test)]
#[path = "proxy/proxy_tests.rs"]
mod own_server;
