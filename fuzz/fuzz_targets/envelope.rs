//! Any bytes are an envelope or an error, and what can be read can be written and is the same then.
//! The records beside it, histories and failures, are read whatever they hold.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tireless_core::{Envelope, Failure, FailureHistory, History};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = Envelope::decode(&Bytes::copy_from_slice(bytes)) {
        let again = envelope.encode().expect("what was read can be written");
        assert_eq!(Envelope::decode(&again), Ok(envelope));
    }
    let history = History::decode(bytes);
    assert_eq!(History::decode(&history.encode()), history);
    FailureHistory::decode(bytes);
    let failure = Failure::decode(bytes);
    assert_eq!(Failure::decode(&failure.encode()), failure);
});
