//! What all who take part share: the way to the server, the record, and whether it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tireless_core::Backend;
use tireless_redis_broker::Settings;

use super::book::Book;
use super::watch::Watch;
use crate::Library;

/// The stage.
#[derive(Debug)]
pub(super) struct Stage {
    /// Through the proxy.
    pub(super) url: String,
    pub(super) settings: Settings,
    pub(super) book: Arc<Book>,
    over: AtomicBool,
}

impl Stage {
    pub(super) fn new(url: &str, settings: Settings) -> Arc<Self> {
        let (url, book) = (url.to_owned(), Arc::default());
        Arc::new(Self { url, settings, book, over: AtomicBool::new(false) })
    }

    /// A connection through the proxy, watched. `crashes` where workers die on purpose.
    ///
    /// Panics when there is none to be had: nothing is struck yet when the stage is set.
    pub(super) async fn connect<L: Library>(&self, crashes: bool) -> Arc<dyn Backend> {
        let broker = L::connect(&self.url, self.settings.clone()).await;
        let broker = broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME));
        Watch::over(broker, &self.book, crashes)
    }

    /// Nothing new begins from now on.
    pub(super) fn close(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}
