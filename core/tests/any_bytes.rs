//! What is read from a store or from people may be anything: nothing of it panics, and what was
//! written comes back as it was.

use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tireless_core::{
    Codec, Envelope, Failure, FailureHistory, History, Namespace, OwnId, QueueName, State, TaskId,
    TaskOptions, TypeName, WorkerId,
};

fn name() -> impl Strategy<Value = TypeName> {
    "[A-Za-z0-9._:-]{1,128}".prop_map(|name| TypeName::new(name).expect("a legal name"))
}

fn millis() -> impl Strategy<Value = Option<Duration>> {
    option::of((0..1u64 << 40).prop_map(Duration::from_millis))
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let options =
        (option::of(any::<u32>()), millis(), millis()).prop_map(|(retries, timeout, keep)| {
            let mut options = TaskOptions::default();
            (options.retries, options.timeout, options.keep) = (retries, timeout, keep);
            options
        });
    let header = ("\\PC{0,60}", vec(any::<u8>(), 0..300))
        .prop_map(|(name, value)| (name, Bytes::from(value)));
    let parts =
        (option::of(name()), any::<u8>(), options, vec(header, 0..6), vec(any::<u8>(), 0..300));
    parts.prop_map(|(task_type, codec, options, headers, body)| Envelope {
        task_type,
        codec: Codec(codec),
        options,
        headers,
        body: body.into(),
    })
}

/// Bytes that begin as an envelope does, so that more than the first check is met.
fn almost() -> impl Strategy<Value = Vec<u8>> {
    let cut = (envelope(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>());
    let damaged = cut.prop_map(|(envelope, at, byte, cut)| {
        let mut bytes = envelope.encode().expect("an envelope").to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(if cut { at } else { bytes.len() });
        bytes
    });
    prop_oneof![vec(any::<u8>(), 0..80), damaged]
}

proptest! {
    #[test]
    fn envelopes_come_back(envelope in envelope()) {
        let bytes = envelope.encode().expect("within the bounds");
        prop_assert_eq!(Envelope::decode(&bytes), Ok(envelope));
    }

    #[test]
    fn any_bytes_are_an_envelope_or_an_error(bytes in almost()) {
        // What can be read can be written, and is the same then.
        if let Ok(envelope) = Envelope::decode(&bytes.into()) {
            let again = envelope.encode().expect("what was read");
            prop_assert_eq!(Envelope::decode(&again), Ok(envelope));
        }
    }

    #[test]
    fn any_bytes_are_a_history(bytes in vec(any::<u8>(), 0..400)) {
        let history = History::decode(&bytes);
        prop_assert_eq!(History::decode(&history.encode()), history);
    }

    #[test]
    fn any_bytes_are_failures(bytes in vec(any::<u8>(), 0..400)) {
        let failure = Failure::decode(&bytes);
        prop_assert_eq!(Failure::decode(&failure.encode()), failure);
        FailureHistory::decode(&bytes);
        let failure = Failure::decode(&bytes);
        let cut = Failure::new(failure.kind(), failure.text());
        prop_assert_eq!(Failure::decode(&cut.encode()), cut);
    }

    #[test]
    fn a_name_is_legal_or_refused(text in "\\PC{0,140}|[A-Za-z0-9._:-]{0,140}") {
        let legal = (1..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
        prop_assert_eq!(QueueName::new(&text).is_ok(), legal);
        prop_assert_eq!(Namespace::new(&text).is_ok(), legal);
        prop_assert_eq!(TypeName::new(&text).is_ok(), legal);
        let parsed = text.parse::<QueueName>().map(|name| name.to_string());
        prop_assert_eq!(parsed.ok(), legal.then_some(text));
    }

    #[test]
    fn ids_come_back(bytes in any::<[u8; 16]>(), text in "\\PC{0,40}") {
        let id = TaskId::from_bytes(bytes);
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        let _ = (id.made_at_millis(), text.parse::<WorkerId>(), text.parse::<State>());
    }

    #[test]
    fn an_own_id_is_kept_as_it_is(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(own_id) = OwnId::new(&bytes) {
            prop_assert_eq!(own_id.as_bytes(), &bytes[..]);
            let _ = own_id.to_string();
        }
    }
}
