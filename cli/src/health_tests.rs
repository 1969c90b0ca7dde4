use super::*;

fn ask(request: &str) -> (String, String) {
    let report = || Report {
        live: true,
        ready: false,
        store_answers: false,
        stopping: false,
        loops: vec![LoopReport {
            name: "settler",
            queue: Some("mail".into()),
            state: "silent",
            last_success_ms: None,
            silent_for_ms: 4000,
            may_be_silent_ms: 3000,
            restarts: 1,
        }],
    };
    let answer = String::from_utf8(answer(request.as_bytes(), report)).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[test]
fn the_status_is_the_answer_and_the_body_names_the_loops() {
    let (head, live) = ask("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", live.len())), "{head}");
    let (head, ready) = ask("GET /ready?verbose HTTP/1.0\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert_eq!(live, ready);
    let body: serde_json::Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((body["live"].as_bool(), body["ready"].as_bool()), (Some(true), Some(false)));
    assert_eq!(body["loops"][0]["queue"].as_str(), Some("mail"));
    assert!(body["loops"][0]["last_success_ms"].is_null());
}

#[test]
fn a_head_is_the_same_without_a_body() {
    let (get, body) = ask("GET /ready HTTP/1.1\r\n\r\n");
    let (head, nothing) = ask("HEAD /ready HTTP/1.1\r\n\r\n");
    assert_eq!((head, nothing.as_str()), (get, ""));
    assert!(!body.is_empty());
}

#[test]
fn anything_else_is_not_found_or_no_request() {
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET /readyz HTTP/1.1\r\n\r\n",
        "GET /live/ HTTP/1.1\r\n\r\n",
        "POST /live HTTP/1.1\r\n\r\n",
        "get /live HTTP/1.1\r\n\r\n",
        "GET http://x/live HTTP/1.1\r\n\r\n",
    ] {
        assert!(ask(request).0.starts_with("HTTP/1.1 404 "), "{request:?}");
    }
    for request in [
        "",
        "\r\n\r\n",
        "GET /live HTTP/1.1\r\n",
        "GET /live\r\n\r\n",
        "GET  /live HTTP/1.1\r\n\r\n",
        "GET /live HTTP/2\r\n\r\n",
        "GET /live HTTP/1.1 x\r\n\r\n",
        "PING\r\n\r\n",
    ] {
        assert!(ask(request).0.starts_with("HTTP/1.1 400 "), "{request:?}");
    }
}
