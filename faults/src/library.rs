//! What is written once for any client library, run with the one that is asked for.

use anyhow::{Result, bail};
use async_trait::async_trait;
use tireless::Client;
use tireless_testkit::broken::AckLeavesTheIdInTheClaim;
use tireless_tests::broken::{Broken, ConfirmsTooSoon, PushesAnew, SettlesAnew};
use tireless_tests::{Fred, Library, RedisRs};
use tokio::runtime::Handle;

use crate::fault::{Report, Run};

/// Broken brokers that stand over a library in this process.
pub const BROKEN: &[&str] = &["ConfirmsTooSoon", "PushesAnew", "SettlesAnew"];

/// Something that any library can be put through.
#[async_trait(?Send)]
pub trait OverAny {
    /// With this one.
    ///
    /// # Errors
    /// What kept it from being done.
    async fn over<L: Library>(&self, run: &Run) -> Result<Report>;
}

/// Puts the library that the run asks for through it, broken if the run says so.
///
/// Holds its thread until the end: what tests share is not made to change threads.
///
/// # Errors
/// As [`OverAny::over`]; for a broken broker of processes.
pub fn over_asked(what: &impl OverAny, run: &Run) -> Result<Report> {
    let over = async {
        match (run.broken, run.client) {
            (None, Client::Fred) => what.over::<Fred>(run).await,
            (None, _) => what.over::<RedisRs>(run).await,
            // Which client carries a broken broker makes no difference.
            (Some("ConfirmsTooSoon"), _) => {
                what.over::<Broken<RedisRs, ConfirmsTooSoon>>(run).await
            }
            (Some("PushesAnew"), _) => what.over::<Broken<RedisRs, PushesAnew>>(run).await,
            (Some("SettlesAnew"), _) => what.over::<Broken<RedisRs, SettlesAnew>>(run).await,
            (Some("AckLeavesTheIdInTheClaim"), _) => {
                what.over::<Broken<RedisRs, AckLeavesTheIdInTheClaim>>(run).await
            }
            (Some(name), _) => bail!("{name} does not stand over a library here"),
        }
    };
    tokio::task::block_in_place(|| Handle::current().block_on(over))
}
