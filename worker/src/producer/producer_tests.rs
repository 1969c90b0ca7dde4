//! Tests of the producer, over a broker that answers as it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tireless_core::{
    Broker, Claim, Claimed, Clock, Codec, Effect, Envelope, Error, ErrorKind, Operation, Push,
    Pushed, Renew, Renewed, Result, Settle, SettleAnswer, Sleep, StoreTime, Tick, Ticked, Wait,
    When, Woken, limits,
};

use super::Producer;
use crate::codec::Json;
use crate::testbed::{Bed, Trouble};
use crate::typed::Task;

#[derive(Serialize, Deserialize)]
struct SendMail {
    to: String,
}

impl Task for SendMail {
    const NAME: &'static str = "SendMail";
    const QUEUE: &'static str = "mail";
    type Codec = Json;
}

fn mail() -> SendMail {
    SendMail { to: "ada".into() }
}

/// What happens to one push call on its way.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It is carried out, its answer is lost.
    AnswerLost,
    /// It never arrives.
    Unreachable,
    Full,
}

/// Remembers answers by caller and number (B3.3), and every call it was sent.
#[derive(Clone, Debug, Default)]
struct Store(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    fates: VecDeque<Fate>,
    calls: Vec<Push>,
    answers: HashMap<u64, Vec<Pushed>>,
    executed: usize,
}

impl Store {
    fn failing(fates: impl IntoIterator<Item = Fate>) -> Self {
        let store = Self::default();
        store.0.lock().unwrap().fates = fates.into_iter().collect();
        store
    }

    fn calls(&self) -> Vec<Push> {
        self.0.lock().unwrap().calls.clone()
    }

    fn executed(&self) -> usize {
        self.0.lock().unwrap().executed
    }

    fn only_envelope(&self) -> Envelope {
        Envelope::decode(&self.calls()[0].tasks[0].envelope).unwrap()
    }
}

#[async_trait]
impl Broker for Store {
    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        let mut inner = self.0.lock().unwrap();
        inner.calls.push(push.clone());
        let fate = inner.fates.pop_front();
        let failure = |kind| Error::new(kind, Operation::Push, "as told");
        match fate {
            Some(Fate::Unreachable) => return Err(failure(ErrorKind::Unavailable)),
            Some(Fate::Full) => return Err(failure(ErrorKind::OutOfMemory)),
            _ => {}
        }
        if !inner.answers.contains_key(&push.call.number) {
            inner.executed += push.tasks.len();
            inner.answers.insert(push.call.number, vec![Pushed::Accepted; push.tasks.len()]);
        }
        match fate {
            None => Ok(inner.answers[&push.call.number].clone()),
            Some(_) => Err(failure(ErrorKind::Timeout).with_effect(Effect::Maybe)),
        }
    }

    async fn claim(&self, _: &Claim) -> Claimed {
        Vec::new()
    }

    async fn settle(&self, _: &Settle) -> Result<SettleAnswer> {
        Ok(SettleAnswer::default())
    }

    async fn renew(&self, _: &Renew) -> Renewed {
        Vec::new()
    }

    async fn wait(&self, _: &Wait) -> Result<Woken> {
        Ok(Woken::TimedOut)
    }

    async fn tick(&self, _: &Tick) -> Ticked {
        Vec::new()
    }
}

/// A clock whose sleeps end at once and move it.
#[derive(Clone, Debug, Default)]
struct Hasty(Arc<Mutex<Duration>>);

impl Hasty {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hasty {
    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn wall(&self) -> StoreTime {
        StoreTime::default()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.advance(duration);
        Box::pin(std::future::ready(()))
    }
}

fn producer(store: &Store) -> Producer {
    Producer::new(store.clone()).clock(Arc::new(Hasty::default()))
}

#[tokio::test]
async fn a_push_carries_type_codec_options_and_headers() {
    let store = Store::default();
    let at = UNIX_EPOCH + Duration::new(7, 1);
    let receipt = producer(&store)
        .push(mail())
        .at(at)
        .own_id("ada")
        .retries(3)
        .timeout(Duration::from_secs(9))
        .keep(Duration::from_secs(60))
        .header("tenant", "t1")
        .await
        .unwrap();
    let push = &store.calls()[0];
    assert_eq!(push.queue.as_str(), "mail");
    assert_eq!(push.tasks[0].id, receipt.id);
    assert_eq!(push.tasks[0].when, When::At(StoreTime::from_millis(7_001)), "rounded up");
    assert_eq!(push.tasks[0].own_id.as_ref().unwrap().as_bytes(), b"ada");
    let envelope = store.only_envelope();
    assert_eq!(envelope.task_type.unwrap().as_str(), "SendMail");
    assert_eq!(envelope.codec, Codec::JSON);
    assert_eq!(envelope.options.retries, Some(3));
    assert_eq!(envelope.options.timeout, Some(Duration::from_secs(9)));
    assert_eq!(envelope.options.keep, Some(Duration::from_secs(60)));
    assert_eq!(envelope.headers, [("tenant".to_owned(), Bytes::from("t1"))]);
    assert_eq!(envelope.body, r#"{"to":"ada"}"#);
}

#[tokio::test]
async fn a_raw_push_is_the_bytes_alone() {
    let store = Store::default();
    producer(&store).push_raw("jobs", "x\0y").after(Duration::from_secs(1)).await.unwrap();
    assert_eq!(store.only_envelope(), Envelope::raw("x\0y"));
    assert_eq!(store.calls()[0].tasks[0].when, When::After(Duration::from_secs(1)));
}

#[tokio::test]
async fn a_timeout_that_would_end_every_run_is_refused() {
    let store = Store::default();
    for timeout in [Duration::ZERO, Duration::from_micros(900)] {
        let error = producer(&store).push(mail()).timeout(timeout).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
        assert!(error.to_string().contains("would end every run"), "{error}");
    }
    producer(&store).push(mail()).timeout(Duration::from_millis(1)).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_under_the_same_number() {
    let store = Store::failing([Fate::AnswerLost, Fate::Unreachable, Fate::AnswerLost]);
    let receipt = producer(&store).push(mail()).await.unwrap();
    let calls = store.calls();
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|call| call.call.number == 1 && call.tasks[0].id == receipt.id));
    assert_eq!(store.executed(), 1);
}

#[tokio::test]
async fn a_push_that_gave_up_can_be_sent_again() {
    let store = Store::failing([Fate::AnswerLost]);
    let push = producer(&store).patience(Duration::ZERO).push(mail()).prepare().unwrap();
    let error = push.send().await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Timeout, Effect::Maybe));
    assert_eq!(push.send().await.unwrap().id, push.id());
    assert_eq!(store.executed(), 1);
}

#[tokio::test]
async fn patience_ends_a_try_that_is_not_answered() {
    let bed = Bed::new();
    let patience = Duration::from_millis(300);
    let producer = Producer::new(bed.spy.clone()).clock(Arc::new(bed.clock.clone()));
    let producer = producer.patience(patience);
    bed.spy.trouble(Some((Operation::Push, Trouble::Hang)));
    let push = producer.push_raw("q", "x").prepare().unwrap();
    let began = bed.clock.monotonic();
    let wait = bed.clock.advance(Duration::from_secs(1));
    let (error, ()) = tokio::join!(
        async { (push.send().await.unwrap_err(), bed.clock.monotonic().saturating_sub(began)) },
        wait
    );
    let (error, took) = error;
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Timeout, Effect::Maybe));
    assert!(error.to_string().contains("within 300ms"), "{error}");
    assert_eq!(took, patience);
    bed.spy.trouble(None);
    assert_eq!(push.send().await.unwrap().id, push.id());
}

#[tokio::test]
async fn what_was_wrong_before_is_told_when_patience_ends() {
    let bed = Bed::new();
    let producer = Producer::new(bed.spy.clone()).clock(Arc::new(bed.clock.clone()));
    bed.spy.go_away(true);
    let push = producer.push_raw("q", "x").prepare().unwrap();
    let later = async {
        bed.clock.advance(Duration::from_secs(2)).await;
        bed.spy.trouble(Some((Operation::Push, Trouble::Hang)));
        bed.clock.advance(Duration::from_secs(9)).await;
    };
    let (error, ()) = tokio::join!(push.send(), later);
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Maybe));
    assert!(error.to_string().contains("away"), "{error}");
}

#[tokio::test]
async fn an_error_after_a_lost_answer_still_says_maybe() {
    let store = Store::failing([Fate::AnswerLost, Fate::Full]);
    let error = producer(&store).push(mail()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::OutOfMemory, Effect::Maybe));
    assert_eq!(store.calls().len(), 2, "a full store is an answer");
}

#[tokio::test]
async fn a_push_is_not_repeated_when_the_store_may_have_forgotten_it() {
    let store = Store::failing([Fate::AnswerLost, Fate::Unreachable]);
    let clock = Hasty::default();
    let producer = producer(&store).clock(Arc::new(clock.clone())).patience(Duration::ZERO);
    let doubtful = producer.push(mail()).prepare().unwrap();
    let harmless = producer.push(mail()).prepare().unwrap();
    doubtful.send().await.unwrap_err();
    assert_eq!(harmless.send().await.unwrap_err().effect(), Effect::None);
    clock.advance(limits::REPEAT_WINDOW + Duration::from_secs(1));
    assert_eq!(doubtful.send().await.unwrap_err().kind(), ErrorKind::Stale);
    assert_eq!(store.calls().len(), 2, "nothing was sent");
    harmless.send().await.unwrap();
}

#[tokio::test]
async fn a_held_push_keeps_the_mark_and_a_dropped_one_gives_up() {
    let store = Store::default();
    let producer = producer(&store);
    let held = producer.push(mail()).prepare().unwrap();
    producer.push(mail()).await.unwrap();
    drop(held);
    producer.push(mail()).await.unwrap();
    producer.push(mail()).queue("other").await.unwrap();
    let marks: Vec<(u64, u64)> =
        store.calls().iter().map(|call| (call.call.number, call.call.answered)).collect();
    assert_eq!(marks, [(2, 0), (3, 2), (1, 0)]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is() {
    let store = Store::default();
    let small = producer(&store).body_limit(4);
    let error = small.push(mail()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(small.push_raw("q", "1234").await.is_ok());
    let producer = producer(&store).body_limit(usize::MAX);
    let huge = vec![0u8; limits::BYTES_PER_CALL];
    assert_eq!(producer.push_raw("q", huge).await.unwrap_err().kind(), ErrorKind::TooLarge);
    let named = producer.push(mail()).queue("no queue").await.unwrap_err();
    assert_eq!(named.kind(), ErrorKind::InvalidInput);
    assert_eq!(producer.push(mail()).own_id("").await.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(store.calls().len(), 1);
}

#[tokio::test]
async fn a_batch_is_split_by_number_and_by_bytes_and_keeps_its_order() {
    let store = Store::default();
    let bodies = (0..2_500u32).map(|n| n.to_be_bytes().to_vec());
    let receipts = producer(&store).push_all_raw("q", bodies).await.unwrap();
    let ids: Vec<_> =
        store.calls().iter().flat_map(|call| call.tasks.iter().map(|task| task.id)).collect();
    assert_eq!(
        store.calls().iter().map(|call| call.tasks.len()).collect::<Vec<_>>(),
        [1_000, 1_000, 500]
    );
    assert_eq!(receipts.iter().map(|receipt| receipt.id).collect::<Vec<_>>(), ids);

    let store = Store::default();
    let bodies = (0..9).map(|_| vec![0u8; limits::BODY_BYTES]);
    producer(&store).push_all_raw("q", bodies).await.unwrap();
    for call in store.calls() {
        let bytes: usize = call.tasks.iter().map(|task| task.envelope.len()).sum();
        assert!(bytes <= limits::BYTES_PER_CALL, "{bytes}");
    }
    assert_eq!(store.executed(), 9);
    assert!(producer(&store).push_all(Vec::<SendMail>::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_batch_goes_on_where_it_stopped() {
    let store = Store::failing([Fate::AnswerLost]);
    let tasks = (0..1_500).map(|_| mail());
    let producer = producer(&store).patience(Duration::ZERO);
    let mut batch = producer.push_all(tasks).after(Duration::from_secs(5)).prepare().unwrap();
    batch.send().await.unwrap_err();
    assert!(batch.receipts().is_empty());
    assert_eq!(batch.send().await.unwrap().len(), 1_500);
    assert_eq!(store.executed(), 1_500);
    assert_eq!(batch.send().await.unwrap().len(), 1_500);
    assert_eq!(store.calls().len(), 3, "an answered batch is not sent again");
}

#[test]
fn a_time_before_the_epoch_is_the_epoch() {
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(super::options::store_time(before), StoreTime::from_millis(0));
}

#[tokio::test]
async fn a_push_is_not_repeated_after_the_machine_slept_for_too_long() {
    let (bed, store) = (Bed::new(), Store::failing([Fate::AnswerLost]));
    let producer = Producer::new(store.clone()).clock(Arc::new(bed.clock.clone()));
    let push = producer.patience(Duration::ZERO).push_raw("q", "x").prepare().unwrap();
    push.send().await.unwrap_err();
    // Monotonic time stands still meanwhile; the store's goes on.
    bed.clock.jump_wall(660_000);
    let error = push.send().await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Stale, Effect::Maybe));
    assert_eq!(store.calls().len(), 1, "a copy would make a second task");
}
