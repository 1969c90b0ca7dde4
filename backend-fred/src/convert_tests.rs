use super::*;

fn blob(text: &'static str) -> Resp3Frame {
    Resp3Frame::BlobString { data: Bytes::from_static(text.as_bytes()), attributes: None }
}

fn text(text: &'static str) -> Reply {
    Reply::Bytes(Bytes::from_static(text.as_bytes()))
}

fn array(data: Vec<Resp3Frame>) -> Resp3Frame {
    Resp3Frame::Array { data, attributes: None }
}

fn error(text: &str) -> Resp3Frame {
    Resp3Frame::SimpleError { data: text.into(), attributes: None }
}

#[test]
fn frames_keep_their_shape() {
    let number = Resp3Frame::Number { data: -7, attributes: None };
    assert_eq!(to_reply(number.clone()).unwrap(), Reply::Int(-7));
    assert_eq!(to_reply(Resp3Frame::Null).unwrap(), Reply::Nil);
    assert_eq!(to_reply(blob("x")).unwrap(), text("x"));
    assert_eq!(
        to_reply(array(vec![number, array(vec![blob("x")]), error("WRONGTYPE no")])).unwrap(),
        Reply::Array(vec![
            Reply::Int(-7),
            Reply::Array(vec![text("x")]),
            Reply::Error("WRONGTYPE no".into()),
        ])
    );
}

#[test]
fn an_array_taken_for_a_message_is_an_array_again() {
    let push = Resp3Frame::Push {
        data: vec![blob("pubsub"), blob("message"), blob("a"), blob("b")],
        attributes: None,
    };
    assert_eq!(to_reply(push).unwrap(), Reply::Array(vec![text("message"), text("a"), text("b")]));
}

#[test]
fn errors_keep_their_code_in_front() {
    match to_reply(error("NOSCRIPT No matching script.")) {
        Err(ClientError::Server(text)) => assert_eq!(text, "NOSCRIPT No matching script."),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_is_its_name_and_its_arguments() {
    let words = ["EVALSHA", "sha", "1", "key"];
    let words: Vec<Bytes> = words.iter().map(|w| Bytes::from_static(w.as_bytes())).collect();
    let (custom, args) = to_custom(Command::keyed(words.clone(), 3)).unwrap();
    assert_eq!(&*custom.cmd, "EVALSHA");
    assert!(!custom.blocking);
    assert_eq!(args, words[1..].iter().cloned().map(Value::Bytes).collect::<Vec<_>>());
    assert!(to_custom(Command::anywhere(Vec::new())).is_err());
}
