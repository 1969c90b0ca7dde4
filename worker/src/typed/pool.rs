//! Handlers and data on the pool's builder. The pool keeps them in its field `registry`, and asks
//! [`Registry::bind`](super::Registry::bind) for its routes when it starts.

use std::sync::Arc;

use bytes::Bytes;

use super::handler::Handler;
use super::task::Task;
use crate::pool::WorkerPool;
use crate::run::RunPolicy;

impl WorkerPool {
    /// Gives handlers shared state, which they take as [`Data<T>`](crate::Data). A second value of
    /// the same type replaces the first.
    pub fn data<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.data_arc(Arc::new(value))
    }

    /// Gives handlers shared state that is shared already, or is a trait object.
    pub fn data_arc<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.registry.data(value);
        self
    }

    /// Runs the tasks of one type with an async function, and serves the type's queue.
    ///
    /// What is wrong with it (an illegal name, missing data, two handlers for one type) is told
    /// when the pool starts.
    pub fn handle<Shape, H>(mut self, handler: H) -> Self
    where
        H: Handler<Shape, Input: Task>,
    {
        self.registry.handle(handler);
        self
    }

    /// Runs the raw tasks of one queue (those pushed as bytes, without a type) with an async
    /// function whose first argument is [`Bytes`]; ten retries, no timeout.
    pub fn handle_raw<Shape, H>(self, queue: impl AsRef<str>, handler: H) -> Self
    where
        H: Handler<Shape, Input = Bytes>,
    {
        self.handle_raw_with(queue, RunPolicy::default(), handler)
    }

    /// As [`handle_raw`](Self::handle_raw), with a policy for running and retrying.
    pub fn handle_raw_with<Shape, H>(
        mut self,
        queue: impl AsRef<str>,
        policy: RunPolicy,
        handler: H,
    ) -> Self
    where
        H: Handler<Shape, Input = Bytes>,
    {
        self.registry.handle_raw(queue.as_ref(), policy, handler);
        self
    }
}
