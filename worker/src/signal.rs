//! Signals: the first asks for a shutdown in good order, the second for one at once.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

/// One for the process, and never reset: a process that was told twice to end at once does not go
/// on, and pools that it might start after that end at once too.
fn second() -> &'static CancellationToken {
    static SECOND: OnceLock<CancellationToken> = OnceLock::new();
    SECOND.get_or_init(CancellationToken::new)
}

/// Fires when a second signal has come.
pub(crate) fn hurry() -> CancellationToken {
    second().child_token()
}

/// Ends at the first SIGTERM or Ctrl-C. From then on a second one ends the shutdown of all pools
/// of this process at once: what runs is stopped and given back.
///
/// ```no_run
/// # async fn example(pool: tireless_worker::WorkerPool) -> tireless_core::Result<()> {
/// pool.run_until(tireless_worker::shutdown_signal()).await?;
/// # Ok(())
/// # }
/// ```
pub async fn shutdown_signal() {
    next_signal().await;
    tokio::spawn(async {
        next_signal().await;
        second().cancel();
    });
}

#[cfg(unix)]
async fn next_signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be listened for");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = terminated => {}
        () = interrupted() => {}
    }
}

#[cfg(not(unix))]
async fn next_signal() {
    interrupted().await;
}

async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "Ctrl-C cannot be listened for");
        std::future::pending::<()>().await;
    }
}
