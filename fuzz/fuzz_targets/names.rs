//! A name is legal or refused, by one rule for all kinds, and a legal one is kept as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tireless_core::{Namespace, OwnId, QueueName, TaskId, TypeName, WorkerId};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(own) = OwnId::new(bytes) {
        assert_eq!(own.as_bytes(), bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let legal = (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
    let names = [
        QueueName::new(text).map(|name| name.as_str().to_owned()),
        Namespace::new(text).map(|name| name.as_str().to_owned()),
        TypeName::new(text).map(|name| name.as_str().to_owned()),
    ];
    for name in names {
        match name {
            Ok(name) => assert!(legal && name == text, "{text:?} became {name:?}"),
            Err(_) => assert!(!legal, "{text:?} was refused"),
        }
    }
    for id in [text.parse::<TaskId>().map(|id| id.to_string()).ok(),
        text.parse::<WorkerId>().map(|id| id.to_string()).ok()]
    {
        assert!(id.is_none_or(|id| id.eq_ignore_ascii_case(&text.replace('-', ""))), "{text:?}");
    }
});
