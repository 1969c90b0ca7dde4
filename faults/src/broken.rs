//! Broken brokers that stand in for the true one: a fault that passes with one of them proves
//! nothing.

use std::sync::Arc;

use anyhow::{Context, Result};
use tireless::Backend;
use tireless_testkit::{Wrapper, broken};

type Over = fn(Arc<dyn Backend>) -> Arc<dyn Backend>;

/// All that a fault may name.
const ALL: &[(&str, Over)] = &[
    ("AcksByIdAlone", broken::AcksByIdAlone::over),
    ("AckLeavesTheIdInTheClaim", broken::AckLeavesTheIdInTheClaim::over),
    ("ClientClock", broken::ClientClock::over),
    ("DoublesRepeatedPushes", broken::DoublesRepeatedPushes::over),
    ("NeverLetsGo", broken::NeverLetsGo::over),
    ("NeverReclaims", broken::NeverReclaims::over),
    ("PopWithoutRecord", broken::PopWithoutRecord::over),
    ("ReclaimsUnasked", broken::ReclaimsUnasked::over),
];

/// Its name as it stands here.
///
/// # Errors
/// For a name that no fault has.
pub fn named(name: &str) -> Result<&'static str> {
    let found = ALL.iter().find(|(known, _)| *known == name);
    found.map(|(known, _)| *known).with_context(|| format!("no broken broker is called {name}"))
}

/// The broken broker of this name over a true one; the true one without a name.
///
/// # Errors
/// As [`named`].
pub fn over(name: Option<&str>, broker: Arc<dyn Backend>) -> Result<Arc<dyn Backend>> {
    let Some(name) = name else { return Ok(broker) };
    let found = ALL.iter().find(|(known, _)| *known == name);
    let (_, wrap) = found.with_context(|| format!("no broken broker is called {name}"))?;
    Ok(wrap(broker))
}
