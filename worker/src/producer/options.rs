//! What can be decided for a push, and how it gets into the envelope.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tireless_core::{
    Codec, Durability, Envelope, Error, NewTask, Operation, QueueName, Result, StoreTime, TaskId,
    TaskOptions, TypeName, When,
};

use crate::codec::BodyCodec;
use crate::typed::Task;

/// What one push, or all tasks of a batch, have in common. Wrong names are told when the push is
/// sent.
#[derive(Debug)]
pub(super) struct PushOptions {
    pub(super) queue: Result<QueueName>,
    task_type: Option<Result<TypeName>>,
    codec: Codec,
    pub(super) when: When,
    pub(super) task: TaskOptions,
    pub(super) headers: Vec<(String, Bytes)>,
    /// The producer's unless set.
    pub(super) durability: Option<Durability>,
}

impl PushOptions {
    pub(super) fn typed<T: Task>() -> Self {
        Self {
            task_type: Some(TypeName::new(T::NAME)),
            codec: T::Codec::CODEC,
            ..Self::raw(T::QUEUE)
        }
    }

    pub(super) fn raw(queue: &str) -> Self {
        Self {
            queue: QueueName::new(queue),
            task_type: None,
            codec: Codec::RAW,
            when: When::Now,
            task: TaskOptions::default(),
            headers: Vec::new(),
            durability: None,
        }
    }

    /// Makes tasks of bodies.
    pub(super) fn tasks(self, bodies: Vec<Result<Bytes>>) -> Result<(QueueName, Vec<NewTask>)> {
        let (queue, mut make) = self.maker()?;
        let tasks = bodies.into_iter().map(&mut make).collect::<Result<_>>()?;
        Ok((queue, tasks))
    }

    /// Makes one task.
    pub(super) fn task(self, body: Result<Bytes>) -> Result<(QueueName, NewTask)> {
        let (queue, mut make) = self.maker()?;
        Ok((queue, make(body)?))
    }

    fn maker(self) -> Result<(QueueName, impl FnMut(Result<Bytes>) -> Result<NewTask>)> {
        let queue = self.queue?;
        // The envelope keeps whole milliseconds.
        if self.task.timeout.is_some_and(|timeout| timeout < Duration::from_millis(1)) {
            let message = "a timeout below a millisecond would end every run";
            return Err(Error::invalid(Operation::Push, message));
        }
        let mut envelope = Envelope::default();
        envelope.task_type = self.task_type.transpose()?;
        envelope.codec = self.codec;
        envelope.options = self.task;
        envelope.headers = self.headers;
        let make = move |body: Result<Bytes>| {
            envelope.body = body?;
            let envelope = envelope.encode()?;
            Ok(NewTask { id: TaskId::new(), envelope, when: self.when, own_id: None })
        };
        Ok((queue, make))
    }
}

/// The store's form of an absolute time, rounded up so that nothing runs early.
pub(super) fn store_time(at: SystemTime) -> StoreTime {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    StoreTime::from_millis(0).after(since)
}

/// The options that single pushes and batches share.
macro_rules! push_options {
    ($type:ident) => {
        impl $type {
            /// To be ready after a delay, counted by the store from when it accepts the push.
            pub fn after(mut self, delay: std::time::Duration) -> Self {
                self.options.when = tireless_core::When::After(delay);
                self
            }

            /// To be ready at a moment by the store's clock; at once if that is past.
            pub fn at(mut self, time: std::time::SystemTime) -> Self {
                let time = super::options::store_time(time);
                self.options.when = tireless_core::When::At(time);
                self
            }

            /// To another queue than the task's own. Its handler must be served from there too:
            /// see the pool's `queue`.
            pub fn queue(mut self, queue: impl AsRef<str>) -> Self {
                self.options.queue = tireless_core::QueueName::new(queue);
                self
            }

            /// Tries after the first one, instead of what the handler's side says.
            pub fn retries(mut self, retries: u32) -> Self {
                self.options.task.retries = Some(retries);
                self
            }

            /// How long one run may take, instead of what the handler's side says. Less than a
            /// millisecond is refused when the push is sent.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.options.task.timeout = Some(timeout);
                self
            }

            /// How long it stays listed after it was done; else it leaves nothing behind.
            pub fn keep(mut self, time: std::time::Duration) -> Self {
                self.options.task.keep = Some(time);
                self
            }

            /// How sure it must be before it is answered, instead of what the producer says.
            pub fn durability(mut self, durability: tireless_core::Durability) -> Self {
                self.options.durability = Some(durability);
                self
            }

            /// Adds a header that travels along: at most 255 bytes of name, 65,535 of value.
            pub fn header(
                mut self,
                name: impl Into<String>,
                value: impl Into<bytes::Bytes>,
            ) -> Self {
                self.options.headers.push((name.into(), value.into()));
                self
            }
        }
    };
}

pub(super) use push_options;
