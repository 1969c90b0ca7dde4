use std::time::Duration;

use super::*;

fn full() -> Envelope {
    Envelope {
        task_type: Some(TypeName::new("SendMail").unwrap()),
        codec: Codec::JSON,
        options: TaskOptions {
            retries: Some(3),
            timeout: Some(Duration::from_secs(30)),
            keep: None,
        },
        headers: vec![("trace".into(), Bytes::from_static(b"\x00\xff"))],
        body: Bytes::from_static(b"{\"to\":\"ada\"}"),
    }
}

#[test]
fn a_full_envelope_matches_its_golden_bytes() {
    let golden = b"\x01\x01\x03\x08SendMail\x07\x01\x01\x03\x02\x02\x75\x30\x00\x01\x05trace\x00\x02\x00\xff{\"to\":\"ada\"}";
    assert_eq!(full().encode().unwrap(), golden.as_slice());
    assert_eq!(Envelope::decode(&Bytes::from_static(golden)).unwrap(), full());
}

#[test]
fn a_raw_envelope_costs_four_bytes() {
    let raw = Envelope::raw("x\n");
    assert_eq!(raw.encode().unwrap(), b"\x01\x00\x00\x00x\n".as_slice());
    assert_eq!(Envelope::decode(&raw.encode().unwrap()).unwrap(), raw);
}

#[test]
fn a_later_version_is_told_from_damage() {
    let later = Bytes::from_static(b"\x02whatever");
    assert_eq!(Envelope::decode(&later), Err(EnvelopeError::Newer(2)));
    assert!(matches!(
        Envelope::decode(&Bytes::from_static(b"\x00")),
        Err(EnvelopeError::Malformed(_))
    ));
}

#[test]
fn every_cut_of_an_envelope_is_refused_or_read_without_a_panic() {
    let whole = full().encode().unwrap();
    let head = whole.len() - full().body.len();
    for size in 0..head {
        let cut = Envelope::decode(&whole.slice(..size));
        assert!(matches!(cut, Err(EnvelopeError::Malformed(_))), "{size}: {cut:?}");
    }
}
