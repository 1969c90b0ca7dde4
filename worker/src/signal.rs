//! Signals: the first asks for a shutdown in good order, a later one for a shutdown at once.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// For how long after the first signal more of them are taken for the same one. GNU `timeout` signals
/// its child and then the child's group, and a terminal and a supervisor may both pass on one Ctrl-C.
const ECHO: Duration = Duration::from_secs(1);

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

/// Ends at the first SIGTERM or Ctrl-C. One that comes more than a second later ends the shutdown of
/// all pools of this process at once: what runs is stopped and given back. What comes within that
/// second is taken for the first one again: some programs send each signal twice.
///
/// From its first poll on, neither signal ends the process by itself any more, also after this future
/// was dropped: tokio sets its handlers once and never takes them back. It may be dropped, but a signal
/// that comes while none of these futures waits is lost.
///
/// # Panics
/// When it is polled outside of a tokio runtime with I/O enabled.
///
/// ```no_run
/// # async fn example(pool: tireless_worker::WorkerPool) -> tireless_core::Result<()> {
/// pool.run_until(tireless_worker::shutdown_signal()).await?;
/// # Ok(())
/// # }
/// ```
pub async fn shutdown_signal() {
    // The same listeners for both, where there are such: between two, a signal would be missed.
    let mut signals = Signals::listen();
    signals.next().await;
    let first = Instant::now();
    tokio::spawn(async move {
        signals.next().await;
        while first.elapsed() < ECHO {
            signals.next().await;
        }
        second().cancel();
    });
}

#[cfg(unix)]
use of_unix::Signals;

#[cfg(unix)]
mod of_unix {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// SIGTERM and Ctrl-C, from when it is made on; without those that cannot be listened for.
    pub(super) struct Signals {
        terminated: Option<Signal>,
        interrupted: Option<Signal>,
    }

    impl Signals {
        pub(super) fn listen() -> Self {
            let terminated = listen("SIGTERM", SignalKind::terminate());
            let interrupted = listen("Ctrl-C", SignalKind::interrupt());
            Self { terminated, interrupted }
        }

        pub(super) async fn next(&mut self) {
            tokio::select! {
                () = next(&mut self.terminated) => {}
                () = next(&mut self.interrupted) => {}
            }
        }
    }

    fn listen(name: &str, kind: SignalKind) -> Option<Signal> {
        signal(kind)
            .inspect_err(|error| crate::quiet::log!(warn, %error, "{name} cannot be listened for"))
            .ok()
    }

    async fn next(signals: &mut Option<Signal>) {
        let next = match signals {
            Some(signals) => signals.recv().await,
            None => None,
        };
        if next.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            crate::quiet::log!(warn, %error, "Ctrl-C cannot be listened for");
            std::future::pending::<()>().await;
        }
    }
}
