//! Tests of handlers, extraction and what errors decide.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tireless_core::{
    ClaimToken, Codec, Envelope, ErrorKind, QueueName, Reentry, Result, TaskId, TypeName, WorkerId,
};
use tokio_util::sync::CancellationToken;

use super::{Bury, Data, Headers, Registry, Release, Snooze, Task, TaskError, TaskResult};
use crate::clock::TokioClock;
use crate::codec::{BodyCodec, CodecError, Json};
use crate::run::{Context, Facts, RunPolicy, Verdict};

#[derive(Serialize, Deserialize)]
struct Count {
    by: u64,
}

impl Task for Count {
    const NAME: &'static str = "Count";
    const QUEUE: &'static str = "counting";
    type Codec = Reversed;

    fn policy() -> RunPolicy {
        RunPolicy { retries: 3, ..RunPolicy::default() }
    }
}

/// JSON, backwards.
struct Reversed;

impl BodyCodec for Reversed {
    const CODEC: Codec = Codec(200);

    fn encode<T: Serialize>(value: &T) -> Result<Bytes, CodecError> {
        Ok(Json::encode(value)?.iter().rev().copied().collect())
    }

    fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, CodecError> {
        Json::decode(&body.iter().rev().copied().collect::<Vec<u8>>())
    }
}

fn context() -> Context {
    Context::new(Facts {
        queue: QueueName::new("counting").unwrap(),
        id: TaskId::from_bytes([7; 16]),
        own_id: None,
        claim: ClaimToken { worker: WorkerId::from_bytes([1; 16]), number: 1 },
        attempt: 2,
        retries: 3,
        cancellation: CancellationToken::new(),
        deadline: None,
        lease_until: Arc::new(AtomicU64::new(0)),
        clock: Arc::new(TokioClock),
    })
}

fn envelope(codec: Codec, body: impl Into<Bytes>) -> Envelope {
    let mut envelope = Envelope::raw(body);
    envelope.task_type = Some(TypeName::new("Count").unwrap());
    envelope.codec = codec;
    envelope.headers = vec![("tenant".to_owned(), Bytes::from("t1"))];
    envelope
}

fn count(by: u64) -> Envelope {
    envelope(Reversed::CODEC, Reversed::encode(&Count { by }).unwrap())
}

/// Runs the only handler of a registry.
async fn run(registry: Registry, envelope: Envelope) -> Verdict {
    let routes = registry.bind().unwrap();
    routes[0].handle.run(envelope, context()).await
}

async fn by_error(error: impl Into<TaskError>) -> Verdict {
    error.into().into_verdict()
}

#[tokio::test]
async fn a_handler_gets_its_task_its_data_and_its_context() {
    async fn handler(
        task: Count,
        total: Data<AtomicU64>,
        names: Data<[&'static str]>,
        context: Context,
        headers: Headers,
    ) -> TaskResult {
        assert_eq!(context.attempt(), 2);
        assert_eq!(headers.get("tenant"), Some(&b"t1"[..]));
        assert_eq!(names.len(), 2);
        total.fetch_add(task.by, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
    let total = Arc::new(AtomicU64::new(1));
    let mut registry = Registry::default();
    registry.handle(handler);
    registry.data(total.clone());
    registry.data::<[&'static str]>(Arc::new(["a", "b"]));
    assert_eq!(run(registry, count(41)).await, Verdict::Done);
    assert_eq!(total.load(std::sync::atomic::Ordering::Relaxed), 42);
}

#[tokio::test]
async fn closures_and_other_answers_are_handlers_too() {
    let mut registry = Registry::default();
    registry.handle(|_: Count| async {});
    assert_eq!(run(registry, count(1)).await, Verdict::Done);
    let mut registry = Registry::default();
    registry.handle(|_: Count| async { Err::<(), _>("plain text") });
    let Verdict::Retry(failure) = run(registry, count(1)).await else { panic!("not a retry") };
    assert_eq!(failure.to_string(), "error: plain text");
}

#[test]
fn routes_know_type_queue_and_policy() {
    let mut registry = Registry::default();
    registry.handle(|_: Count| async {});
    registry.handle_raw("raw", RunPolicy::default(), |_: Bytes, _: Context| async {});
    let routes = registry.bind().unwrap();
    assert_eq!(routes[0].task_type.as_ref().unwrap().as_str(), "Count");
    assert_eq!(routes[0].queue.as_ref().unwrap().as_str(), "counting");
    assert_eq!(routes[0].policy.retries, 3);
    assert_eq!(routes[1].task_type, None);
    assert_eq!(routes[1].queue.as_ref().unwrap().as_str(), "raw");
}

#[tokio::test]
async fn a_raw_handler_gets_the_exact_bytes() {
    let mut registry = Registry::default();
    registry.handle_raw("raw", RunPolicy::default(), |body: Bytes| async move {
        if body == b"\xff\0\n"[..] { Ok(()) } else { Err("changed") }
    });
    assert_eq!(run(registry, Envelope::raw(&b"\xff\0\n"[..])).await, Verdict::Done);
}

#[tokio::test]
async fn missing_data_is_told_at_the_start_by_its_type() {
    struct Smtp;
    let mut registry = Registry::default();
    registry.handle(|_: Count, _: Data<Smtp>| async {});
    let error = registry.bind().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("Smtp"), "{error}");
}

/// A trait object too: it can come as an `Arc` alone.
#[test]
fn an_arc_given_as_a_value_is_told_to_be_given_as_an_arc() {
    trait Mailer: Send + Sync {}
    impl Mailer for () {}
    let told = |mut registry: Registry| {
        registry.handle(|_: Count, _: Data<String>, _: Data<dyn Mailer>| async {});
        registry.bind().unwrap_err().to_string()
    };
    let mut registry = Registry::default();
    registry.data(Arc::new(Arc::new(String::new())));
    let error = told(registry);
    assert!(error.contains("String>, and") && error.contains(".data_arc(..)"), "{error}");
    let mut registry = Registry::default();
    registry.data(Arc::new(String::new()));
    registry.data::<Arc<dyn Mailer>>(Arc::new(Arc::new(())));
    let error = told(registry);
    assert!(error.contains("Mailer>, and") && error.contains("an Arc of it"), "{error}");
    let error = told(Registry::default());
    assert!(error.contains("was not given one") && !error.contains(" a alloc"), "{error}");
}

#[test]
fn headers_are_collected_by_hand_too() {
    let headers: Headers = [("tenant", "t1"), ("tenant", "t2")].into_iter().collect();
    assert_eq!(headers.get("tenant"), Some(&b"t1"[..]));
    assert_eq!(headers.iter().count(), 2);
}

#[test]
fn two_handlers_for_the_same_tasks_do_not_start() {
    let mut registry = Registry::default();
    registry.handle(|_: Count| async {});
    registry.handle(|_: Count, _: Context| async {});
    let error = registry.bind().unwrap_err();
    assert!(error.to_string().contains("\"Count\""), "{error}");
    let mut registry = Registry::default();
    registry.handle_raw("no queue", RunPolicy::default(), |_: Bytes| async {});
    assert_eq!(registry.bind().unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn what_cannot_be_decoded_says_why() {
    async fn undecodable(envelope: Envelope) -> String {
        let mut registry = Registry::default();
        registry.handle(|_: Count| async { Err::<(), _>("it was decoded") });
        match run(registry, envelope).await {
            Verdict::Undecodable(failure) => failure.to_string(),
            other => panic!("{other:?}"),
        }
    }
    let text = undecodable(envelope(Reversed::CODEC, "nonsense")).await;
    assert!(text.starts_with("Count: "), "{text}");
    let text = undecodable(envelope(Codec(77), "{}")).await;
    assert!(text.contains("codec 77") && text.contains("codec 200"), "{text}");
}

#[tokio::test]
async fn json_is_read_whatever_the_codec_is() {
    let mut registry = Registry::default();
    registry.handle(|task: Count| async move { assert_eq!(task.by, 5) });
    assert_eq!(run(registry, envelope(Codec::JSON, r#"{"by":5}"#)).await, Verdict::Done);
}

#[tokio::test]
async fn errors_keep_their_type_their_text_and_their_sources() {
    let inner = "x".parse::<u8>().unwrap_err();
    let Verdict::Retry(failure) = by_error(io::Error::other(Outer(inner))).await else {
        panic!("not a retry")
    };
    assert!(failure.kind().ends_with("io::error::Error"), "{failure:?}");
    assert_eq!(failure.text(), "outer; caused by: invalid digit found in string");
}

#[tokio::test]
async fn bury_snooze_and_release_are_found_in_sources_and_boxes() {
    let Verdict::Bury(failure) = by_error(Bury::new("no such user")).await else {
        panic!("not buried")
    };
    assert_eq!((failure.kind(), failure.text()), ("", "no such user"));
    let minute = Duration::from_secs(60);
    assert_eq!(by_error(Snooze(minute)).await, Verdict::Snooze(minute));
    let boxed: Box<dyn std::error::Error + Send + Sync> = Snooze(minute).into();
    assert_eq!(by_error(boxed).await, Verdict::Snooze(minute));
    assert_eq!(by_error(Release).await, Verdict::Release(Reentry::Back));
    assert_eq!(by_error(Outer(Release)).await, Verdict::Release(Reentry::Back));
    let error = "x".parse::<u8>().map_err(Bury::because).unwrap_err();
    let Verdict::Bury(failure) = by_error(Outer(error)).await else { panic!("not buried") };
    assert!(failure.kind().ends_with("ParseIntError"), "{failure:?}");
}

#[derive(Debug)]
struct Outer<E>(E);

impl<E> std::fmt::Display for Outer<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("outer")
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Outer<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
