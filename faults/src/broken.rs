//! Broken brokers that stand in for the true one: a fault that passes with one of them proves
//! nothing.

mod acks_for_others;
mod charges;
mod grows;
mod never_loads;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tireless::Backend;
use tireless_testkit::{Layered, Wrapper, broken};
use tireless_tests::Raw;

use acks_for_others::AcksForOthers;
use charges::ChargesReleases;
use grows::ClaimsByGrowing;
use never_loads::NeverLoadsScripts;

use crate::library;

type Over = fn(Arc<dyn Backend>) -> Arc<dyn Backend>;

/// Those of the testkit that a fault may name.
const BY_LAYER: &[(&str, Over)] = &[
    ("AckLeavesTheIdInTheClaim", broken::AckLeavesTheIdInTheClaim::over),
    ("ChargesReleases", ChargesReleases::over),
    ("ClientClock", broken::ClientClock::over),
    ("IgnoresThePermissionsEnd", broken::IgnoresThePermissionsEnd::over),
    ("KeepsFinishedTasks", broken::KeepsFinishedTasks::over),
    ("NeverReclaims", broken::NeverReclaims::over),
    ("PopWithoutRecord", broken::PopWithoutRecord::over),
    ("ReclaimsUnasked", broken::ReclaimsUnasked::over),
];

/// Those that need a hand of their own on the server.
const BY_HAND: &[&str] = &["AcksForOthers", "ClaimsByGrowing", "NeverLoadsScripts"];

/// Its name as it stands here.
///
/// # Errors
/// For a name that no fault has.
pub fn named(name: &str) -> Result<&'static str> {
    let mut all = BY_LAYER.iter().map(|(known, _)| known).chain(BY_HAND).chain(library::BROKEN);
    let found = all.find(|known| **known == name);
    found.copied().with_context(|| format!("no broken broker is called {name}"))
}

/// The broken broker of this name over a true one at this URL; the true one without a name.
///
/// # Errors
/// As [`named`].
pub async fn over(
    name: Option<&str>,
    broker: Arc<dyn Backend>,
    url: &str,
) -> Result<Arc<dyn Backend>> {
    let Some(name) = name else { return Ok(broker) };
    if let Some((_, wrap)) = BY_LAYER.iter().find(|(known, _)| *known == name) {
        return Ok(wrap(broker));
    }
    let raw = Raw::connect(url).await;
    Ok(match named(name)? {
        "AcksForOthers" => Arc::new(Layered(AcksForOthers::over(broker, raw))),
        name if library::BROKEN.contains(&name) => bail!("{name} is for no process of its own"),
        "ClaimsByGrowing" => Arc::new(Layered(ClaimsByGrowing::over(broker, raw))),
        _ => Arc::new(Layered(NeverLoadsScripts::over(broker, raw).await)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::ALL;

    #[test]
    fn every_fault_names_brokers_that_there_are() {
        for fault in ALL {
            assert!(!fault.catches().is_empty(), "{} has seen no broken broker", fault.name());
            for name in fault.catches() {
                assert!(named(name).is_ok(), "{name}");
            }
        }
    }
}
