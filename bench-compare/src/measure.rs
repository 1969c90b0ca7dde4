//! The stages that each contestant goes through, each on an empty server and newly connected.

mod drain;
mod pick_up;
mod push;
mod worker;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use redis::aio::MultiplexedConnection;

use crate::args::Amounts;
use crate::contestant::Contestant;
use crate::contestants::Entry;
use crate::figures::{Figures, Measure};
use crate::server::connect;

/// What the stages share.
struct Place<'a> {
    entry: &'a Entry,
    url: &'a str,
    amounts: &'a Amounts,
    connection: MultiplexedConnection,
}

/// The stages.
#[derive(Clone, Copy)]
enum Stage {
    PushOne,
    PushMany,
    FillAndDrain,
    PickUp,
}

impl Stage {
    const ALL: [Self; 4] = [Self::PushOne, Self::PushMany, Self::FillAndDrain, Self::PickUp];

    fn measures(self) -> &'static [Measure] {
        use Measure::*;
        match self {
            Self::PushOne => &[PushOnePerS],
            Self::PushMany => &[PushManyPerS],
            Self::FillAndDrain => {
                &[PushBatchPerS, MemoryBytes, DrainPerS, ServerCpuUs, WorkerCpuUs, Commands]
            }
            Self::PickUp => &[PickUpP50Us, PickUpP99Us, IdleCommandsPerS],
        }
    }
}

/// Goes through all stages; one that fails leaves its reason.
pub(crate) async fn all(entry: &Entry, url: &str, amounts: &Amounts) -> Result<Figures> {
    let mut place = Place { entry, url, amounts, connection: connect(url).await? };
    let mut figures = Figures::default();
    for stage in Stage::ALL {
        if let Err(error) = place.within_patience(stage, &mut figures).await {
            eprintln!("  not measured: {error:#}");
            figures.missing(stage.measures(), &format!("{error:#}"));
        }
    }
    Ok(figures)
}

impl Place<'_> {
    async fn within_patience(&mut self, stage: Stage, figures: &mut Figures) -> Result<()> {
        let patience = self.amounts.patience;
        match tokio::time::timeout(patience, self.stage(stage, figures)).await {
            Ok(ended) => ended,
            Err(_) => bail!("it was given up after {} s", patience.as_secs()),
        }
    }

    async fn stage(&mut self, stage: Stage, figures: &mut Figures) -> Result<()> {
        let contestant = self.prepare().await?;
        match stage {
            Stage::PushOne => {
                figures.set(Measure::PushOnePerS, push::singly(contestant.as_ref(), 1).await?);
            }
            Stage::PushMany => {
                let rate = push::singly(contestant.as_ref(), push::CALLERS).await?;
                figures.set(Measure::PushManyPerS, rate);
            }
            Stage::FillAndDrain => {
                let tasks = self.amounts.tasks;
                push::fill(contestant.as_ref(), &mut self.connection, tasks, figures).await?;
                drain::measure(&contestant, &mut self.connection, tasks, figures).await?;
            }
            Stage::PickUp => pick_up::measure(&contestant, &mut self.connection, figures).await?,
        }
        Ok(())
    }

    async fn prepare(&mut self) -> Result<Arc<dyn Contestant>> {
        redis::cmd("FLUSHALL").query_async::<()>(&mut self.connection).await?;
        self.entry.prepare(self.url).await.context("it does not connect")
    }
}
