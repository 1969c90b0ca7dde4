//! How many servers an address stands for, and who among them is asked.

use super::{Address, Endpoint, Secret};

/// A host and a port.
pub type Node = (String, u16);

/// What kind of set-up an address leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Topology {
    /// The one server that the endpoint names.
    #[default]
    Single,
    /// A master and its replicas, watched by sentinels that know which one is the master. The
    /// endpoint names a sentinel.
    Sentinel(Sentinels),
    /// The servers of a Cluster. The endpoint names one of them.
    Cluster {
        /// More servers to ask, should the first one not answer.
        nodes: Vec<Node>,
    },
}

/// The sentinels of a master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentinels {
    /// What they call the master.
    pub master: String,
    /// The sentinels besides the one that the endpoint names.
    pub nodes: Vec<Node>,
    /// The user of the sentinels, which have users of their own.
    pub user: Option<String>,
    /// The password of the sentinels.
    pub password: Option<Secret>,
}

impl Address {
    /// One server of the set-up, entered in the same way.
    #[must_use]
    pub fn of_node(&self, host: impl Into<String>, port: u16) -> Self {
        let endpoint = Endpoint::Tcp { host: host.into(), port, tls: self.tls().cloned() };
        Self { endpoint, topology: Topology::Single, ..self.clone() }
    }

    /// Every sentinel that is named, entered with what is for sentinels. None without sentinels.
    pub fn sentinels(&self) -> Vec<Self> {
        let Topology::Sentinel(sentinels) = &self.topology else { return Vec::new() };
        let enter = |(host, port): Node| Self {
            user: sentinels.user.clone(),
            password: sentinels.password.clone(),
            database: 0,
            ..self.of_node(host, port)
        };
        self.named().into_iter().chain(sentinels.nodes.iter().cloned()).map(enter).collect()
    }

    /// Every server of a Cluster that is named. None without a Cluster.
    pub fn cluster_nodes(&self) -> Vec<Node> {
        let Topology::Cluster { nodes } = &self.topology else { return Vec::new() };
        self.named().into_iter().chain(nodes.iter().cloned()).collect()
    }

    fn named(&self) -> Option<Node> {
        match &self.endpoint {
            Endpoint::Tcp { host, port, .. } => Some((host.clone(), *port)),
            Endpoint::Unix(_) => None,
        }
    }
}
