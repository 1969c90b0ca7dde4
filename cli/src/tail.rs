//! The end of what a command says on its standard error: it is kept with the task.

use std::sync::{Arc, Mutex, PoisonError};

use tireless::limits::LAST_FAILURE_BYTES;
use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;

use crate::stderr;

/// Keeps the end of standard error, and passes all of it on.
pub(crate) async fn read_tail(mut pipe: ChildStderr, tail: Arc<Mutex<Tail>>) {
    let mut buffer = vec![0; 8 * 1024];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        let text = crate::redact::redact(&String::from_utf8_lossy(&buffer[..read]));
        tail.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..read]);
        stderr::pass_on(&text).await;
    }
}

/// The last bytes of what came.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    fn add(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
        let over = self.bytes.len().saturating_sub(LAST_FAILURE_BYTES);
        self.bytes.drain(..over);
    }

    /// As text of at most as many bytes, its end kept.
    pub(crate) fn text(&self) -> String {
        let text = crate::redact::redact(&String::from_utf8_lossy(&self.bytes));
        let text = text.trim_end();
        let mut start = text.len().saturating_sub(LAST_FAILURE_BYTES);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        text[start..].to_owned()
    }
}
