//! Calls that were dropped before their answer came: whoever waits less long than a link is given
//! silence would never learn that it is dead, nor would who comes after.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::client::Command;
use crate::link::Link;
use crate::patience;

use super::Links;

/// A call under way on a link. Dropped unanswered, it has the link asked for a sign of life.
pub(super) struct UnderWay<'a, L: Link> {
    links: &'a Arc<Links<L>>,
    link: &'a Arc<L>,
    has_ended: bool,
}

impl<'a, L: Link> UnderWay<'a, L> {
    pub(super) fn on(links: &'a Arc<Links<L>>, link: &'a Arc<L>) -> Self {
        Self { links, link, has_ended: false }
    }

    /// It was answered, or waited for as long as any is.
    pub(super) fn ended(mut self) {
        self.has_ended = true;
    }
}

impl<L: Link> Drop for UnderWay<'_, L> {
    fn drop(&mut self) {
        // Where no runtime is left no call comes after this one.
        let Ok(runtime) = Handle::try_current() else { return };
        if self.has_ended || self.links.asking.swap(true, Ordering::Relaxed) {
            return;
        }
        let (links, link) = (Arc::clone(self.links), Arc::clone(self.link));
        runtime.spawn(async move {
            let asking = Asking(&links);
            let ping = Command::anywhere(vec![Bytes::from_static(b"PING")]);
            if timeout(patience::ANSWER, link.call(vec![ping])).await.is_err() {
                links.give_up(&link);
            }
            drop(asking);
        });
    }
}

/// One question at a time. It also ends with its runtime.
struct Asking<'a, L>(&'a Links<L>);

impl<L> Drop for Asking<'_, L> {
    fn drop(&mut self) {
        self.0.asking.store(false, Ordering::Relaxed);
    }
}
