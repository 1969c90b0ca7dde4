//! Commands run, fail, hang and die, and leave nothing behind.

use std::future::pending;

use rustix::process::Pid;
use tireless::limits::LAST_FAILURE_BYTES;

use super::*;

fn exec(command: &str, timeout: Option<Duration>) -> Exec {
    let mut script = OsString::from(AFTER_GO);
    script.push(command);
    let guard = Arc::new(Guard::unguarded());
    let (reader, timed_out) = (Reader::of(ChildOutput::Stderr), AtomicU64::new(0));
    Exec(Arc::new(Inner { script, timeout, reader, guard, timed_out }))
}

fn run(body: impl Into<Bytes>) -> Run {
    Run { id: "id".into(), queue: "q".into(), attempt: 3, body: body.into(), timeout: None }
}

async fn fate(command: &str, body: &'static [u8]) -> Verdict {
    exec(command, None).run_one(run(body), pending()).await
}

fn failure(verdict: Verdict) -> (String, String) {
    match verdict {
        Verdict::Retry(failure) => (failure.kind().to_owned(), failure.text().to_owned()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_body_arrives_byte_for_byte() {
    static LARGE: &[u8] = &[b'\n'; 1 << 20];
    for body in [
        &b""[..],
        b"plain",
        &LARGE[..4095],
        &LARGE[..4096],
        LARGE,
        b"\n\nline\n",
        b"\x00\xff\\n $x 'q' \n",
    ] {
        let dir = std::env::temp_dir().join(format!("tireless-exec-{}", tireless::TaskId::new()));
        let command = format!("cat > {}", dir.display());
        assert_eq!(fate(&command, body).await, Verdict::Done);
        assert_eq!(std::fs::read(&dir).unwrap(), body);
        std::fs::remove_file(dir).unwrap();
    }
}

#[tokio::test]
async fn what_a_run_knows_is_in_its_environment() {
    let command = r#"test "$TIRELESS_TASK_ID $TIRELESS_QUEUE $TIRELESS_ATTEMPT" = "id q 3""#;
    assert_eq!(fate(command, b"").await, Verdict::Done);
}

#[tokio::test]
async fn a_failure_keeps_the_status_and_the_end_of_standard_error() {
    let (kind, text) = failure(fate("echo first >&2; echo bad luck >&2; exit 7", b"").await);
    assert_eq!((kind.as_str(), text.as_str()), ("exit 7", "first\nbad luck"));
    let (kind, _) = failure(fate("kill -9 $$", b"").await);
    assert_eq!(kind, "signal 9");
    let (_, text) =
        failure(fate("head -c 6000 /dev/zero | tr '\\0' x >&2; echo END >&2; false", b"").await);
    assert!(text.len() <= LAST_FAILURE_BYTES && text.ends_with("xEND"), "{}", text.len());
}

#[tokio::test]
async fn a_command_need_not_read_its_body() {
    let exec = exec("exit 0", None);
    assert_eq!(exec.run_one(run(vec![b'x'; 1 << 20]), pending()).await, Verdict::Done);
}

#[tokio::test]
async fn a_timeout_ends_the_whole_group() {
    let file = std::env::temp_dir().join(format!("tireless-exec-{}", tireless::TaskId::new()));
    let command = format!("sleep 600 & echo $! > {}; wait", file.display());
    let exec = exec(&command, Some(Duration::from_millis(500)));
    let (kind, _) = failure(exec.run_one(run(""), pending()).await);
    assert_eq!(kind, "timeout 500ms");
    let child = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    assert_gone(child.trim().parse().unwrap());
}

/// Where the pool ends it, nothing of what it said is kept.
#[tokio::test]
async fn a_timeout_of_the_task_itself_keeps_what_the_command_said() {
    let command = "trap 'echo tidied >&2; exit 1' TERM; while :; do sleep 0.01; done";
    let exec = exec(command, None);
    let broker = crate::connect::in_memory();
    let queue = tireless::QueueName::new("q").unwrap();
    let mut envelope = Envelope::raw("x");
    envelope.options.timeout = Some(Duration::from_secs(2));
    let task = tireless::NewTask::new(envelope.encode().unwrap());
    let id = task.id;
    crate::pusher::Pusher::new(broker.clone(), queue.clone()).push(vec![task]).await.unwrap();
    let policy = crate::pool::policy(0, Duration::ZERO, &exec);
    let queues = [queue.clone()];
    let pool = crate::pool::pool(broker.clone(), &queues, false, policy, exec.clone());
    let running = pool.start().await.unwrap();
    while broker.counts(&queue).await.unwrap().dead == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let task = broker.show(&queue, id).await.unwrap().unwrap();
    let failure = &task.failures.0[0].failure;
    assert_eq!(failure.kind(), "exhausted/timeout 2s");
    assert!(failure.text().ends_with("tidied"), "{failure:?}");
    assert_eq!(running.shutdown().await.timed_out + exec.timed_out(), 1);
}

#[tokio::test]
async fn a_command_that_ignores_the_polite_signal_ends_too() {
    let command = "trap '' TERM; while :; do sleep 0.05; done";
    let started = Instant::now();
    let cancelled = tokio::time::sleep(Duration::from_millis(200));
    let (kind, _) = failure(exec(command, None).run_one(run(""), cancelled).await);
    assert_eq!(kind, "cancelled");
    assert!(started.elapsed() >= CANCEL_GRACE);
}

#[tokio::test]
async fn a_dropped_run_leaves_no_process() {
    let file = std::env::temp_dir().join(format!("tireless-exec-{}", tireless::TaskId::new()));
    let command = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600", file.display());
    let run = tokio::spawn(exec(&command, None).run_one(run(""), pending()));
    while !file.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let child = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    run.abort();
    let _ = run.await;
    let child = child.trim().parse().unwrap();
    tokio::task::spawn_blocking(move || assert_gone(child)).await.unwrap();
}

/// Waits until the process is gone, or only waits to be reaped by somebody else.
fn assert_gone(pid: i32) {
    let pid = Pid::from_raw(pid).unwrap();
    let started = Instant::now();
    while rustix::process::test_kill_process(pid).is_ok() {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        if stat.is_ok_and(|stat| stat.contains(") Z ")) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{pid:?} still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}
