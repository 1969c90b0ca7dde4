//! Commands run, fail, hang and die, and leave nothing behind.

use std::future::pending;

use rustix::process::{Pid, Signal};
use tireless::limits::LAST_FAILURE_BYTES;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Longest wait for what happens soon.
const SOON: Duration = Duration::from_secs(30);

fn exec(command: &str, timeout: Option<Duration>) -> Exec {
    exec_with_grace(command, timeout, TIMEOUT_GRACE)
}

fn exec_with_grace(command: &str, timeout: Option<Duration>, grace: Duration) -> Exec {
    let mut script = OsString::from(AFTER_GO);
    script.push(command);
    let guard = Arc::new(Guard::unguarded());
    let (reader, timed_out) = (Reader::of(ChildOutput::Stderr), AtomicU64::new(0));
    Exec(Arc::new(Inner { script, timeout, grace, reader, guard, timed_out }))
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
async fn a_timeout_of_the_task_itself_leaves_the_command_as_long_to_tidy_up() {
    let command = "trap 'sleep 1; echo tidied >&2; exit 1' TERM; while :; do sleep 0.01; done";
    let exec = exec(command, None);
    let broker = crate::connect::in_memory();
    let queue = tireless::QueueName::new("q").unwrap();
    let mut envelope = Envelope::raw("x");
    envelope.options.timeout = Some(Duration::from_secs(2));
    let task = tireless::broker::NewTask::new(envelope.encode().unwrap());
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

/// Others may run the task by then, or the pool ends.
#[tokio::test]
async fn who_is_told_to_stop_while_it_tidies_up_has_no_more_time_for_it() {
    let command = "trap '' TERM; while :; do sleep 0.05; done";
    let exec = exec_with_grace(command, Some(Duration::from_millis(200)), HOUR);
    let run = exec.run_one(run(""), tokio::time::sleep(Duration::from_millis(500)));
    let (kind, _) = failure(tokio::time::timeout(SOON, run).await.expect("it ends"));
    assert_eq!(kind, "timeout 200ms");
}

/// A process that left the group holds standard error, and is neither cut off nor waited for long.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn what_left_the_group_has_a_while_for_its_last_words_and_no_more() {
    let file = std::env::temp_dir().join(format!("tireless-exec-{}", tireless::TaskId::new()));
    let left =
        "echo $$ > \"$0.new\"; mv \"$0.new\" \"$0\"; sleep 0.5; echo late >&2; exec sleep 600";
    let command = format!(
        "setsid sh -c '{left}' {0} & until test -e {0}; do sleep 0.01; done; exit 3",
        file.display()
    );
    let ended = tokio::time::timeout(SOON, exec(&command, None).run_one(run(""), pending())).await;
    let pid = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    rustix::process::kill_process_group(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    std::fs::remove_file(file).unwrap();
    let (kind, text) = failure(ended.expect("the run ends"));
    assert_eq!((kind.as_str(), text.as_str()), ("exit 3", "late"));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_first_process_of_a_container_keeps_no_dead_ones() {
    // What the first process of a container is for all of it, this one is for what it starts.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    let file = std::env::temp_dir().join(format!("tireless-exec-{}", tireless::TaskId::new()));
    let command = format!("sleep 600 & sleep 600 & echo $! > {}", file.display());
    assert_eq!(exec(&command, None).run_one(run(""), pending()).await, Verdict::Done);
    let child: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    std::fs::remove_file(file).unwrap();
    let started = Instant::now();
    while std::path::Path::new(&format!("/proc/{child}")).exists() {
        assert!(started.elapsed() < SOON, "{child} was not waited for");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
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
