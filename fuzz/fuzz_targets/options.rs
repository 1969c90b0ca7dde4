//! Options travel with a task and come back as they were, to the millisecond, beside any headers and
//! any body.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tireless_core::{Envelope, TaskOptions};

type Input<'a> = (Option<u32>, Option<u64>, Option<u64>, Vec<(String, Vec<u8>)>, &'a [u8]);

fuzz_target!(|input: Input<'_>| {
    let (retries, timeout, keep, headers, body) = input;
    let mut options = TaskOptions::default();
    options.retries = retries;
    options.timeout = timeout.map(Duration::from_millis);
    options.keep = keep.map(Duration::from_millis);
    let mut envelope = Envelope::raw(Bytes::copy_from_slice(body));
    envelope.options = options;
    envelope.headers = headers.into_iter().map(|(name, value)| (name, value.into())).collect();
    // Too much for an envelope is an error, never a shorter envelope.
    if let Ok(bytes) = envelope.encode() {
        assert_eq!(Envelope::decode(&bytes), Ok(envelope));
    }
});
