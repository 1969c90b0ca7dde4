//! The client for whatever set-up an address names.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tireless_core::Result;

use crate::address::{Address, Topology};
use crate::client::{ClientError, Command, Master, RedisClient};
use crate::cluster::ClusterClient;
use crate::link::Link;
use crate::linked::LinkedClient;
use crate::reply::Reply;

/// A [`RedisClient`] for one server, the master that sentinels name, or a Cluster.
#[derive(Debug)]
pub enum AnyClient<L> {
    /// One server at a time.
    Linked(LinkedClient<L>),
    /// All masters of a Cluster.
    Cluster(Box<ClusterClient<L>>),
}

impl<L: Link> AnyClient<L> {
    /// Connects as the address asks.
    ///
    /// # Errors
    /// As [`LinkedClient::connect`] and [`ClusterClient::connect`].
    pub async fn connect(address: &Address) -> Result<Self> {
        match address.topology {
            Topology::Cluster { .. } => {
                let client = ClusterClient::connect(address).await?;
                Ok(Self::Cluster(Box::new(client)))
            }
            _ => LinkedClient::connect(address).await.map(Self::Linked),
        }
    }
}

#[async_trait]
impl<L: Link> RedisClient for AnyClient<L> {
    async fn send(&self, commands: Vec<Command>) -> Vec<std::result::Result<Reply, ClientError>> {
        match self {
            Self::Linked(client) => client.send(commands).await,
            Self::Cluster(client) => client.send(commands).await,
        }
    }

    async fn block(
        &self,
        commands: Vec<Command>,
        hold: Duration,
    ) -> Vec<std::result::Result<Reply, ClientError>> {
        match self {
            Self::Linked(client) => client.block(commands, hold).await,
            Self::Cluster(client) => client.block(commands, hold).await,
        }
    }

    fn keeps_lease(&self, lease: Duration) {
        match self {
            Self::Linked(client) => client.keeps_lease(lease),
            Self::Cluster(client) => client.keeps_lease(lease),
        }
    }

    fn apart(&self) -> Option<Arc<dyn RedisClient>> {
        match self {
            Self::Linked(client) => client.apart(),
            Self::Cluster(client) => client.apart(),
        }
    }

    fn has_slots(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    fn masters(&self) -> Vec<Master> {
        match self {
            Self::Linked(client) => client.masters(),
            Self::Cluster(client) => client.masters(),
        }
    }
}
