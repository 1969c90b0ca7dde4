//! What a pool was given to run, until it starts.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tireless_core::{Error, Operation, QueueName, Result, TypeName};

use super::data::DataMap;
use super::handler::Handler;
use super::task::Task;
use crate::run::{Handle, Route, RunPolicy};

type Bind = Box<dyn FnOnce(&DataMap) -> Result<Arc<dyn Handle>> + Send>;

/// Handlers and data of a pool. They meet in [`Registry::bind`], when the pool starts, so that
/// their order does not matter and what is wrong with them is told there.
#[derive(Default)]
pub(crate) struct Registry {
    data: DataMap,
    handlers: Vec<Result<Unbound>>,
}

struct Unbound {
    task_type: Option<TypeName>,
    queue: QueueName,
    policy: RunPolicy,
    bind: Bind,
}

impl Registry {
    /// Adds shared state; a second value of one type replaces the first.
    pub(crate) fn data<T: ?Sized + Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.data.insert(value);
    }

    /// Adds the handler of a typed task.
    pub(crate) fn handle<Shape, H>(&mut self, handler: H)
    where
        H: Handler<Shape, Input: Task>,
    {
        let names = TypeName::new(H::Input::NAME)
            .and_then(|name| Ok((name, QueueName::new(H::Input::QUEUE)?)));
        self.handlers.push(names.map(|(name, queue)| Unbound {
            task_type: Some(name),
            queue,
            policy: H::Input::policy(),
            bind: Box::new(move |data| handler.bind(data)),
        }));
    }

    /// Adds the handler of a queue's raw tasks.
    pub(crate) fn handle_raw<Shape, H>(&mut self, queue: &str, policy: RunPolicy, handler: H)
    where
        H: Handler<Shape, Input = Bytes>,
    {
        self.handlers.push(QueueName::new(queue).map(|queue| Unbound {
            task_type: None,
            queue,
            policy,
            bind: Box::new(move |data| handler.bind(data)),
        }));
    }

    /// The routes, in the order they were added.
    ///
    /// # Errors
    /// `InvalidInput` for data that a handler takes and the pool was not given, an illegal name,
    /// or two handlers for the same tasks.
    pub(crate) fn bind(self) -> Result<Vec<Route>> {
        let mut types = HashSet::new();
        let mut raw_queues = HashSet::new();
        let mut routes = Vec::with_capacity(self.handlers.len());
        for unbound in self.handlers {
            let Unbound { task_type, queue, policy, bind } =
                unbound.map_err(|error| error.during(Operation::Run))?;
            let fresh = match &task_type {
                Some(name) => types.insert(name.clone()),
                None => raw_queues.insert(queue.clone()),
            };
            if !fresh {
                return Err(Error::invalid(Operation::Run, twice(task_type.as_ref(), &queue)));
            }
            routes.push(Route { task_type, queue: Some(queue), policy, handle: bind(&self.data)? });
        }
        Ok(routes)
    }
}

fn twice(task_type: Option<&TypeName>, queue: &QueueName) -> String {
    match task_type {
        Some(name) => format!(
            "two handlers take tasks of the type {name:?}; keep one, or give one of the types \
             another name with #[task(name = \"..\")]",
            name = name.as_str()
        ),
        None => format!("two handlers take the raw tasks of the queue {queue}; keep one"),
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({:?}, {} handlers)", self.data, self.handlers.len())
    }
}
