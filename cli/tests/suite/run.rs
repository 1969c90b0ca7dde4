//! `run`: standard input to commands, without a server.

use serde_json::Value;

use crate::harness::{Answer, finish, tireless};

fn run(args: &[&str], input: &str) -> Answer {
    // A broker that nobody answers at: `run` must not even look.
    let mut command = tireless();
    command.env("TIRELESS_BROKER", "redis://127.0.0.1:1").args(args);
    finish(&mut command, input.as_bytes()).into()
}

#[test]
fn each_line_is_a_task() {
    let input: String = (0..200).map(|number| format!("{number}\n")).collect();
    // One write a line: commands that run side by side share standard output.
    let answer = run(&["run", "--exec", r#"read -r x || :; echo "$x""#], &input);
    assert!(answer.err.contains("200 done, 0 died"), "{answer:?}");
    let said = answer.ok();
    let mut lines: Vec<u32> = said.lines().map(|line| line.parse().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, (0..200).collect::<Vec<_>>());
}

#[test]
fn no_input_is_no_error() {
    let answer = run(&["run", "--exec", "cat"], "");
    assert!(answer.err.contains("0 done, 0 died"), "{answer:?}");
    assert_eq!(answer.ok(), "");
}

#[test]
fn what_fails_is_tried_again_and_then_dead() {
    let command = r#"read -r x || :; echo "$x" >&2; test "$x" = good"#;
    let args = ["--json", "run", "--retries", "2", "--retry-delay", "10ms", "--exec", command];
    let answer = run(&args, "good\nbad\n");
    assert_eq!(answer.code, 1, "{answer:?}");
    let did: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(did["done"].as_u64(), Some(1));
    assert_eq!(did["died"].as_u64(), Some(1));
    assert_eq!(did["retried"].as_u64(), Some(2));
    assert_eq!(did["died_lines"], serde_json::json!([2]));
    assert!(answer.err.contains("line 2 has failed for good: bad\n"), "{answer:?}");
    assert_eq!(answer.err.lines().filter(|line| *line == "bad").count(), 3, "{answer:?}");
}

#[test]
fn a_retry_can_succeed() {
    let command = "test $TIRELESS_ATTEMPT = 3";
    let args = ["run", "--retries", "2", "--retry-delay", "10ms", "--exec", command];
    let answer = run(&args, "a\n");
    assert!(answer.err.contains("1 done, 0 died, 2 failed runs"), "{answer:?}");
    assert_eq!(answer.code, 0);
}

#[test]
fn for_programs_standard_output_holds_the_summary_alone() {
    let answer = run(&["--json", "run", "--exec", "echo noise"], "a\n");
    assert!(answer.err.lines().any(|line| line == "noise"), "{answer:?}");
    let did: Value = serde_json::from_str(&answer.ok()).unwrap();
    assert_eq!(did["done"].as_u64(), Some(1));
}

#[test]
fn a_line_over_the_limit_is_told_after_the_others_ran() {
    let input = format!("a\n{}\n", "x".repeat((1 << 20) + 1));
    let said = run(&["run", "--exec", "cat"], &input).failed(1);
    assert!(said.contains("line 2") && said.contains("1 done"), "{said}");
    assert!(said.contains("run from this line on") && !said.contains("push"), "{said}");
}

#[test]
fn a_run_that_took_too_long_is_counted_as_such() {
    let args = ["--json", "run", "--timeout", "200ms", "--retries", "1", "--retry-delay", "10ms"];
    let answer = run(&[&args[..], &["--exec", "sleep 30"]].concat(), "a\n");
    let did: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((did["timed_out"].as_u64(), did["died"].as_u64()), (Some(2), Some(1)), "{answer:?}");
}

#[test]
fn the_longest_durations_overflow_nothing() {
    let longest = "18446744073709551615s";
    let args = ["run", "--exec", "cat", "--timeout", longest, "--retry-delay", longest];
    assert_eq!(run(&args, "a\n").ok(), "a");
}
