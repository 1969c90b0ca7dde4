//! Who takes part, in the order of the tables.

mod apalis;
mod bare;
mod bullmq;
mod oxana;
mod sidekiq;
mod tireless;

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::contestant::{Contestant, Facts};

/// A contestant that is not connected yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) facts: Facts,
    which: Which,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    Bare,
    TirelessRedisRs,
    TirelessFred,
    Apalis,
    Bullmq,
    Oxana,
    Sidekiq,
}

/// All of them.
pub(crate) fn all() -> Vec<Entry> {
    vec![
        Entry { facts: bare::FACTS, which: Which::Bare },
        Entry { facts: tireless::REDIS_RS, which: Which::TirelessRedisRs },
        Entry { facts: tireless::FRED, which: Which::TirelessFred },
        Entry { facts: apalis::FACTS, which: Which::Apalis },
        Entry { facts: bullmq::FACTS, which: Which::Bullmq },
        Entry { facts: oxana::FACTS, which: Which::Oxana },
        Entry { facts: sidekiq::FACTS, which: Which::Sidekiq },
    ]
}

/// The one of this name.
pub(crate) fn find(name: &str) -> Result<Entry> {
    let found = all().into_iter().find(|entry| entry.facts.name == name);
    found.with_context(|| format!("no contestant is called {name:?}"))
}

impl Entry {
    /// Connects it to an empty server.
    pub(crate) async fn prepare(&self, url: &str) -> Result<Arc<dyn Contestant>> {
        use ::tireless::Client::{Fred, RedisRs};
        Ok(match self.which {
            Which::Bare => Arc::new(bare::Bare::prepare(url).await?),
            Which::TirelessRedisRs => Arc::new(tireless::Tireless::prepare(url, RedisRs).await?),
            Which::TirelessFred => Arc::new(tireless::Tireless::prepare(url, Fred).await?),
            Which::Apalis => Arc::new(apalis::Apalis::prepare(url).await?),
            Which::Bullmq => Arc::new(bullmq::Bullmq::prepare(url).await?),
            Which::Oxana => Arc::new(oxana::Oxana::prepare(url).await?),
            Which::Sidekiq => Arc::new(sidekiq::Sidekiq::prepare(url).await?),
        })
    }
}
