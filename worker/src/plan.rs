//! From what a pool was told to what it serves: queues in their order, with their handlers.

use std::collections::HashSet;
use std::sync::Arc;

use tireless_core::{Error, Operation, QueueName, Result, TypeName};

use crate::run::Route;
use crate::shared::{Routes, Served};

/// Why a limit of no crashes is refused.
pub(crate) const NO_CRASHES: &str =
    "bury_after_crashes(0) would bury what has not crashed; give it 1 or more";

/// A queue as it was added.
#[derive(Clone, Debug)]
pub(crate) struct AddedQueue {
    pub(crate) name: QueueName,
    /// `None` for strict order.
    pub(crate) weight: Option<u32>,
    pub(crate) inbox: bool,
}

/// The queues that were added, and whether those of handlers are served besides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues {
    pub(crate) named: Vec<AddedQueue>,
    pub(crate) only_named: bool,
}

/// The queues to be served, each with its handlers.
///
/// # Errors
/// `InvalidInput` without a queue or a handler, for a queue that was added twice, for two handlers
/// for the same tasks, and for a handler that would never run.
pub(crate) fn serve(queues: Queues, routes: Vec<Route>, any_type: bool) -> Result<Vec<Served>> {
    let mut served = lines(queues, &routes)?;
    if routes.is_empty() {
        return invalid("the pool has no handler; add one with .handle(..)");
    }
    check_routes(&routes)?;
    if any_type && routes.iter().all(|route| route.task_type.is_some()) {
        return invalid(
            "tasks of any type go to the handler for raw tasks, and there is none; add one",
        );
    }
    let routes: Vec<_> = routes.into_iter().map(Arc::new).collect();
    for queue in &mut served {
        queue.routes = routes_of(&queue.name, &routes);
        queue.routes.any = queue.routes.raw.clone().filter(|_| any_type);
        if queue.inbox && queue.routes.raw.is_none() {
            return invalid(format!(
                "the inbox of {} is to be taken in, but no handler takes raw tasks",
                queue.name
            ));
        }
    }
    Ok(served)
}

/// The queues in their order, without handlers yet.
fn lines(Queues { named, only_named }: Queues, routes: &[Route]) -> Result<Vec<Served>> {
    if only_named && named.is_empty() {
        return invalid("only named queues are to be served, and none is named; add .queue(..)");
    }
    let mut served: Vec<Served> = Vec::new();
    let strict = named.iter().filter(|queue| queue.weight.is_none()).count();
    let mut levels = 0..strict;
    for queue in named {
        if served.iter().any(|other| other.name == queue.name) {
            return invalid(format!("the queue {} was added twice", queue.name));
        }
        let level = if queue.weight.is_some() { None } else { levels.next() };
        let level = level.unwrap_or(strict);
        served.push(line(queue.name, level, queue.weight.unwrap_or(1), queue.inbox));
    }
    for route in routes {
        let Some(queue) = &route.queue else { continue };
        if served.iter().any(|other| other.name == *queue) {
            continue;
        }
        if !only_named {
            served.push(line(queue.clone(), usize::MAX, 1, false));
        } else if route.task_type.is_none() {
            // Typed tasks are found in any queue; raw ones of another queue are not taken for these.
            return invalid(format!(
                "the handler for the raw tasks of {queue} would never run, as only named queues \
                 are served; add .queue(\"{queue}\"), or leave it out"
            ));
        }
    }
    if served.is_empty() {
        return invalid("the pool serves no queue; add one with .queue(..)");
    }
    Ok(served)
}

fn line(name: QueueName, level: usize, weight: u32, inbox: bool) -> Served {
    Served { name, level, weight, inbox, routes: Routes::default() }
}

fn check_routes(routes: &[Route]) -> Result<()> {
    let mut seen = HashSet::new();
    for Route { task_type, queue, .. } in routes {
        if !seen.insert((task_type, queue)) {
            let what = task_type.as_ref().map_or("raw", TypeName::as_str);
            let of = queue.as_ref().map_or_else(String::new, |queue| format!(" of {queue}"));
            return invalid(format!("two handlers take the {what} tasks{of}; keep one"));
        }
    }
    Ok(())
}

/// The handlers of a queue: first its own, then typed ones that expect their tasks elsewhere, and
/// raw ones that are for any queue.
fn routes_of(queue: &QueueName, routes: &[Arc<Route>]) -> Routes {
    let mut found = Routes::default();
    let own = |route: &&Arc<Route>| route.queue.as_ref() == Some(queue);
    let others = routes.iter().filter(|route| !own(route));
    for route in routes.iter().filter(own).chain(others) {
        match &route.task_type {
            Some(name) => {
                found.typed.entry(name.clone()).or_insert_with(|| Arc::clone(route));
            }
            None if own(&route) || route.queue.is_none() => {
                found.raw.get_or_insert_with(|| Arc::clone(route));
            }
            None => {}
        }
    }
    found
}

fn invalid<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::invalid(Operation::Run, message))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
