use tireless_core::{Call, NewTask, QueueName, WorkerId};

use super::*;

fn push(tasks: usize) -> Push {
    Push {
        queue: QueueName::new("q").unwrap(),
        caller: WorkerId::new(),
        call: Call { number: 1, answered: 0 },
        tasks: (0..tasks).map(|_| NewTask::new("x")).collect(),
        durability: Durability::REPLICATED,
    }
}

fn confirmation() -> Confirmation {
    Confirmation::of(Durability::REPLICATED).unwrap()
}

#[test]
fn a_push_that_is_content_waits_for_nothing() {
    assert_eq!(Confirmation::of(Durability::Stored), None);
}

#[test]
fn the_question_never_waits_for_ever() {
    let none = Durability::Replicated { replicas: 0, timeout: Duration::ZERO };
    let command = Confirmation::of(none).unwrap().command();
    assert_eq!(command.words, ["WAIT", "1", "1"]);
    let endless = Durability::Replicated { replicas: 1, timeout: Duration::MAX };
    let command = Confirmation::of(endless).unwrap().command();
    assert_eq!(command.words, ["WAIT", "1", "86400000"]);
    let command = Confirmation::of(Durability::FSYNCED).unwrap().command();
    assert_eq!(command.words, ["WAITAOF", "1", "0", "2000"]);
}

#[test]
fn too_few_are_an_error_that_names_the_tasks() {
    let push = push(3);
    let error = confirmation().check(Ok(Reply::Int(0)), &push).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::NotDurable, Effect::Maybe));
    assert!(error.is_retryable());
    let text = error.to_string();
    assert!(text.contains(&push.tasks[0].id.to_string()) && text.contains("2 more"), "{text}");
    assert!(confirmation().check(Ok(Reply::Int(1)), &push).is_ok());
}

#[test]
fn a_disk_is_asked_for_its_own_count() {
    let disk = Confirmation::of(Durability::FSYNCED).unwrap();
    let counts = |local, replicas| Ok(Reply::Array(vec![Reply::Int(local), Reply::Int(replicas)]));
    assert!(disk.check(counts(1, 0), &push(1)).is_ok());
    let error = disk.check(counts(0, 5), &push(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotDurable);
    let unknown = Err(ClientError::Server("ERR unknown command 'WAITAOF'".into()));
    let error = disk.check(unknown, &push(1)).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unsupported, Effect::Maybe));
}

#[test]
fn a_master_that_is_one_no_more_can_be_asked_again_elsewhere() {
    let push = push(1);
    for text in [
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> \
         replica?)",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "LOADING Redis is loading the dataset in memory",
        "READONLY You can't write against a read only replica.",
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0",
    ] {
        let refused = Err(ClientError::Server(text.into()));
        let error = confirmation().check(refused, &push).unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Unavailable, Effect::Maybe),
            "{text}"
        );
        let told = error.to_string();
        assert!(error.is_retryable() && told.contains(&push.tasks[0].id.to_string()), "{told}");
    }
}

#[test]
fn a_right_that_is_missing_is_named() {
    let refused = || Err(ClientError::Server("NOPERM this user has no permissions".into()));
    for (durability, right) in
        [(Durability::REPLICATED, "grant +wait ("), (Durability::FSYNCED, "grant +waitaof (")]
    {
        let confirmation = Confirmation::of(durability).unwrap();
        let error = confirmation.check(refused(), &push(1)).unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Denied, Effect::Maybe));
        assert!(error.to_string().contains(right), "{error}");
    }
}

#[test]
fn a_server_that_is_not_set_up_for_it_cannot_tell() {
    let disk = Confirmation::of(Durability::FSYNCED).unwrap();
    let text = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
    let error = disk.check(Err(ClientError::Server(text.into())), &push(1)).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unsupported, Effect::Maybe));
}
