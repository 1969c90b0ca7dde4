//! What is told costs nobody anything but the telling. A log may panic, as one does that prints to a
//! pipe whose reader has gone: it decides about no task, ends no loop, and stops no shutdown.
//!
//! All logging of this crate goes through here; `cargo xtask tidy` looks that it does.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::Span;

/// Logs at a level: `log!(warn, %error, "text")`.
macro_rules! log {
    ($level:ident, $($said:tt)+) => {{
        $crate::quiet::quietly(|| tracing::$level!($($said)+));
    }};
}

pub(crate) use log;

/// Tells something, unless that panics.
pub(crate) fn quietly<T>(tell: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(tell)).map_err(discard).ok()
}

/// Does something inside of a span. It must not panic: leaving a span while unwinding may abort the
/// process.
pub(crate) fn inside<T>(span: &Span, run: impl FnOnce() -> T) -> T {
    let entered = (!span.is_disabled()).then(|| quietly(|| span.enter()));
    let result = run();
    if let Some(entered) = entered {
        quietly(move || drop(entered));
    }
    result
}

/// What a panic said.
pub(crate) fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = if let Some(text) = panic.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a text".to_owned()
    };
    discard(panic);
    text
}

/// Drops what a panic carried, which may panic in turn.
pub(crate) fn discard(panic: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
}

#[cfg(test)]
#[path = "quiet_tests.rs"]
mod tests;
