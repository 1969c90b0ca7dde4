//! Logs go to standard error, as `RUST_LOG` asks for.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::output::colours;
use crate::redact::RedactedStderr;

/// Starts logging; `default` is the level when `RUST_LOG` is not set.
pub(crate) fn start(default: &str) {
    let filter = match std::env::var("RUST_LOG") {
        Ok(wanted) if !wanted.is_empty() => EnvFilter::try_new(&wanted).unwrap_or_else(|error| {
            eprintln!("warning: RUST_LOG is not understood ({error}); using {default}");
            EnvFilter::new(default)
        }),
        _ => EnvFilter::new(default),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(RedactedStderr)
        .with_ansi(colours(&io::stderr()))
        .init();
}
