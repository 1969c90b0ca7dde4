//! Standard output and standard error that are full, stalled, or read by nobody.

use std::process::{Child, Stdio};

use crate::harness::{Answer, Place, Running, eventually, tireless};

/// Waits for the end of a command that reads nothing, for a bounded time.
fn end_of(child: Child) -> Answer {
    let mut running = Running(child);
    eventually("the command ended", || running.0.try_wait().unwrap().is_some());
    let code = running.0.wait().unwrap().code().unwrap_or(-1);
    let mut err = String::new();
    if let Some(mut stderr) = running.0.stderr.take() {
        std::io::Read::read_to_string(&mut stderr, &mut err).unwrap();
    }
    Answer { code, out: String::new(), err }
}

#[test]
fn a_worker_whose_output_nobody_reads_stops_and_charges_nothing() {
    let place = Place::new();
    place.feed(&["push", "q", "--lines", "-"], b"a\nb\nc\nd\ne\nf\n").ok();
    let pushed = place.ids("q", "ready");
    let args = ["work", "q", "--concurrency", "1", "--exec", "cat; echo"];
    let mut child = place.command(&args).spawn().unwrap();
    drop(child.stdout.take());
    let said = end_of(child).failed(1);
    assert!(said.contains("nobody reads standard output"), "{said}");
    let count = |what| place.count("q", what);
    assert_eq!((count("failed"), count("dead"), count("done")), (0, 0, 0));
    assert_eq!((count("ready"), count("scheduled")), (6, 0));
    assert_eq!(place.ids("q", "ready"), pushed, "what was given back keeps its place");
    for id in pushed {
        assert_eq!(place.json(&["show", "q", &id])["attempts"].as_u64(), Some(0));
    }
}

#[test]
fn a_run_whose_output_nobody_reads_any_more_stops() {
    let mut command = tireless();
    let args = ["run", "--concurrency", "1", "--retries", "0", "--exec"];
    command.args(args).arg("read -r x || :; touch begun; sleep 1; echo \"$x\" || exit 1");
    let place = Place::new();
    let mut child = command.current_dir(place.file("")).stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"a\nb\n").unwrap();
    eventually("the first one runs", || place.file("begun").exists());
    drop(child.stdout.take());
    let said = end_of(child).failed(1);
    assert!(said.contains("nobody reads standard output"), "{said}");
    assert!(said.contains("0 done, 0 died"), "{said}");
}

#[test]
fn a_worker_whose_errors_nobody_reads_goes_on() {
    let place = Place::new();
    place.feed(&["push", "q", "--lines", "-"], b"a\nb\nc\n").ok();
    let command = "head -c 600000 /dev/zero | tr '\\0' '\\n' >&2";
    let mut worker = Running(place.command(&["work", "q", "--exec", command]).spawn().unwrap());
    eventually("all are done", || place.count("q", "done") == 3);
    worker.signal(rustix::process::Signal::TERM);
    eventually("the worker ended", || worker.0.try_wait().unwrap().is_some());
    assert_eq!(worker.0.wait().unwrap().code(), Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn a_push_whose_answer_cannot_be_written_says_that_it_was_one() {
    let place = Place::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let said = end_of(place.command(&["push", "q", "x"]).stdout(full()).spawn().unwrap()).failed(1);
    let id = place.ids("q", "ready").remove(0);
    let told = format!("task {id} was pushed, but the answer could not be written: ");
    assert!(said.contains(&told) && said.contains("No space left"), "{said}");
    let args = ["--json", "push", "q", "--lines", "-"];
    let mut child = place.command(&args).stdin(Stdio::piped()).stdout(full()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"a\nb\n").unwrap();
    let said = end_of(child).failed(1);
    assert!(said.contains("2 tasks were pushed to q, but the answer could not"), "{said}");
}

/// Its exit code and what it says, where nobody reads its answer or that finds no room.
#[cfg(target_os = "linux")]
fn unwritten(place: &Place, args: &[&str], input: &[u8], full: bool) -> Answer {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = place.command(&[&["--json"], args].concat());
    if full {
        command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
    } else {
        command.stdout(writer);
    }
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A command that takes no input may have ended by now.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input);
    end_of(child)
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_without_room_is_a_failure_and_one_without_a_reader_is_none() {
    let place = Place::new();
    place.run(&["push", "q", "x"]).ok();
    for args in [
        &["status", "q"][..],
        &["workers"],
        &["ls", "q", "ready"],
        &["reconcile", "q"],
        &["doctor"],
        &["run", "--exec", "true"],
        &["work", "q", "--drain", "--exec", "true"],
    ] {
        let said = unwritten(&place, args, b"a\n", true).failed(1);
        assert!(said.contains("No space left"), "{args:?}: {said}");
        let answer = unwritten(&place, args, b"a\n", false);
        assert_eq!((answer.code, answer.err.contains("error")), (0, false), "{args:?}: {answer:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_died_is_a_failure_whether_or_not_anybody_reads_of_it() {
    let place = Place::new();
    for full in [true, false] {
        let run = ["run", "--retries", "0", "--exec", "false"];
        let said = unwritten(&place, &run, b"a\n", full).failed(1);
        assert!(said.contains("line 1 has failed for good"), "{said}");
        place.run(&["push", "q", "x"]).ok();
        let work = ["work", "q", "--drain", "--retries", "0", "--exec", "false"];
        let said = unwritten(&place, &work, b"", full).failed(1);
        assert!(said.contains("1 task died; tireless ls q dead"), "{said}");
    }
}
