//! What the derive makes, and what it refuses.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tireless::{BodyCodec, Bytes, Codec, Task};

#[derive(Serialize, Deserialize, Task)]
struct Plain;

#[derive(Serialize, Deserialize, Task)]
#[task(name = "mail.send", queue = "mail", retries = 3)]
#[task(timeout = "1m30s", backoff = "linear 10s..25s", codec = Text)]
enum Full {
    Only(u8),
}

mod renamed {
    pub(crate) use tireless::*;
}

#[derive(Serialize, Deserialize, Task)]
#[task(crate = crate::renamed, backoff = tripled)]
struct Elsewhere {
    _field: u8,
}

#[derive(Serialize, Deserialize, Task)]
#[task(crate = "crate::renamed", backoff = tireless::Backoff::fixed(Duration::from_secs(7)))]
struct Quoted {}

mod names {
    pub(crate) const MAIL: &str = "mail";
    pub(crate) const SEND: &str = "mail.send";
}

#[derive(Serialize, Deserialize, Task)]
#[task(crate = crate::renamed, name = names::SEND, queue = crate::names::MAIL)]
struct Named;

fn tripled(attempt: u32) -> Duration {
    Duration::from_secs(3) * attempt
}

/// JSON under a number of its own.
struct Text;

impl BodyCodec for Text {
    const CODEC: Codec = Codec(201);

    fn encode<T: Serialize>(value: &T) -> Result<Bytes, tireless::CodecError> {
        tireless::Json::encode(value)
    }

    fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, tireless::CodecError> {
        tireless::Json::decode(body)
    }
}

fn codec_of<T: Task>() -> Codec {
    T::Codec::CODEC
}

#[test]
fn without_keys_the_name_is_the_types_and_the_queue_is_default() {
    assert_eq!((Plain::NAME, Plain::QUEUE), ("Plain", "default"));
    assert_eq!(codec_of::<Plain>(), Codec::JSON);
    assert_eq!(format!("{:?}", Plain::policy()), format!("{:?}", tireless::RunPolicy::default()));
}

#[test]
fn all_keys_together_are_kept() {
    assert_eq!((Full::NAME, Full::QUEUE), ("mail.send", "mail"));
    assert_eq!(codec_of::<Full>(), Codec(201));
    let policy = Full::policy();
    assert_eq!((policy.retries, policy.timeout), (3, Some(Duration::from_secs(90))));
    assert_eq!(policy.backoff.delay(2), Duration::from_secs(20));
    assert_eq!(policy.backoff.delay(3), Duration::from_secs(25));
}

#[test]
fn a_name_and_a_queue_can_be_constants() {
    assert_eq!((Named::NAME, Named::QUEUE), ("mail.send", "mail"));
}

#[test]
fn the_crate_can_be_found_elsewhere_and_a_backoff_can_be_an_expression() {
    assert_eq!((Elsewhere::NAME, Quoted::NAME), ("Elsewhere", "Quoted"));
    assert_eq!(Elsewhere::policy().backoff.delay(4), Duration::from_secs(12));
    assert_eq!(Quoted::policy().backoff.delay(4), Duration::from_secs(7));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
