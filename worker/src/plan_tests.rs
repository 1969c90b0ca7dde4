use tireless_core::TypeName;

use super::*;
use crate::run::Verdict;
use crate::testbed::{queue, raw};

fn named(name: &str, weight: Option<u32>) -> AddedQueue {
    AddedQueue { name: queue(name), weight, inbox: false }
}

/// These queues, and those of handlers.
fn all(named: Vec<AddedQueue>) -> Queues {
    Queues { named, only_named: false }
}

fn only(named: Vec<AddedQueue>) -> Queues {
    Queues { named, only_named: true }
}

fn route(task_type: Option<&str>, of: Option<&str>) -> Route {
    let mut route = raw(|_| async { Verdict::Done });
    route.task_type = task_type.map(|name| TypeName::new(name).unwrap());
    route.queue = of.map(queue);
    route
}

#[test]
fn strict_queues_come_first_then_weighted_ones_then_those_of_handlers() {
    let queues =
        vec![named("b", Some(2)), named("first", None), named("a", Some(1)), named("second", None)];
    let routes = vec![route(Some("t"), Some("own")), route(Some("u"), Some("a"))];
    let served = serve(all(queues), routes, false).unwrap();
    let mut order: Vec<_> =
        served.iter().map(|queue| (queue.level, queue.weight, queue.name.as_str())).collect();
    order.sort_unstable();
    let names: Vec<_> = order.iter().map(|(_, _, name)| *name).collect();
    assert_eq!(names, ["first", "second", "a", "b", "own"]);
    assert_eq!(order[2].0, order[3].0, "weighted ones share a level");
    assert!(order[0].0 < order[1].0 && order[1].0 < order[2].0 && order[3].0 < order[4].0);
}

#[test]
fn a_queues_own_handlers_go_before_those_that_expect_their_tasks_elsewhere() {
    let mut elsewhere = route(Some("t"), Some("b"));
    elsewhere.policy.retries = 1;
    let mut own = route(Some("t"), Some("a"));
    own.policy.retries = 2;
    let queues = vec![named("a", None), named("b", None), named("c", None)];
    let served = serve(all(queues), vec![elsewhere, own, route(None, Some("c"))], false).unwrap();
    let task_type = TypeName::new("t").unwrap();
    let retries = |at: usize| {
        let found: &Arc<Route> = served[at].routes.find(Some(&task_type)).unwrap();
        found.policy.retries
    };
    assert_eq!([retries(0), retries(1)], [2, 1]);
    assert!(served[2].routes.find(Some(&task_type)).is_some());
    let raw = |at: usize| served[at].routes.find(None).is_some();
    assert_eq!([raw(0), raw(1), raw(2)], [false, false, true], "raw tasks are not taken elsewhere");
}

#[test]
fn an_inbox_needs_a_handler_for_raw_tasks() {
    let inbox = || all(vec![AddedQueue { name: queue("q"), weight: None, inbox: true }]);
    assert!(serve(inbox(), vec![route(Some("t"), None)], false).is_err());
    assert!(serve(inbox(), vec![route(None, None)], false).is_ok());
}

#[test]
fn tasks_of_any_type_need_a_handler_for_raw_tasks() {
    let queues = || all(vec![named("q", None)]);
    assert!(serve(queues(), vec![route(Some("t"), None)], true).is_err());
    assert!(serve(queues(), vec![route(None, None)], true).is_ok());
}

#[test]
fn only_named_queues_are_served_where_that_was_said() {
    let named = || vec![named("tenant-1", None), named("tenant-2", Some(2))];
    let names = |queues: Queues| {
        let served = serve(queues, vec![route(Some("t"), Some("own"))], false).unwrap();
        served.into_iter().map(|queue| queue.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(all(named())), ["tenant-1", "tenant-2", "own"]);
    assert_eq!(names(only(named())), ["tenant-1", "tenant-2"]);
    let served = serve(only(named()), vec![route(Some("t"), Some("own"))], false).unwrap();
    let task_type = TypeName::new("t").unwrap();
    assert!(served.iter().all(|queue| queue.routes.find(Some(&task_type)).is_some()));
}

#[test]
fn only_named_queues_need_a_name_and_no_handler_that_never_runs() {
    let refused = |queues, of| {
        serve(queues, vec![route(None, of)], false)
            .err()
            .map_or_else(String::new, |e| e.to_string())
    };
    assert!(refused(only(vec![]), Some("own")).contains("none is named"));
    let named = || vec![named("q", None)];
    assert!(refused(only(named()), Some("own")).contains("raw tasks of own would never run"));
    assert_eq!(refused(only(named()), Some("q")), "");
    assert_eq!(refused(only(named()), None), "");
    assert_eq!(refused(all(named()), Some("own")), "");
}
