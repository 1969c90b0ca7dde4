use tireless::Producer;

use super::*;
use crate::connect::in_memory;

fn own(id: &str) -> OwnId {
    OwnId::new(id).unwrap()
}

#[tokio::test]
async fn own_ids_are_looked_up_and_each_task_is_named_once() {
    let broker = in_memory();
    let queue = QueueName::new("q").unwrap();
    let producer = Producer::new(broker.clone());
    let [a, b] = ["a", "b"].map(|name| producer.push_raw("q", "body").own_id(name));
    let (a, b, other) = (a.await.unwrap().id, b.await.unwrap().id, TaskId::new());
    let own_ids = ["nobody", "b", "a", "b", "none"].map(own).to_vec();
    let named = Named::look_up(&queue, vec![a, other, a], own_ids, &*broker).await.unwrap();
    // Whether a task lives that was named by its id is for the command to see.
    assert_eq!(named.ids, [a, other, b]);
    assert_eq!(named.unknown, [own("nobody"), own("none")]);
}

#[tokio::test]
async fn many_own_ids_keep_their_order() {
    let broker = in_memory();
    let queue = QueueName::new("q").unwrap();
    let own_ids: Vec<_> = (0..300).map(|number| own(&number.to_string())).collect();
    let named = Named::look_up(&queue, Vec::new(), own_ids.clone(), &*broker).await.unwrap();
    assert_eq!((named.ids, named.unknown), (Vec::new(), own_ids));
}

#[test]
fn what_is_said_shows_every_character() {
    let said = nothing_under(&QueueName::new("q").unwrap(), &own("a\u{1b}[2J\n"));
    assert!(said.contains(r#"own id "a\u{1b}[2J\n""#), "{said}");
}
