//! Runs one hot path, for callgrind to count: `hot-paths NAME ROUNDS`. Without words it lists them,
//! one a line: name, tasks a round, the fewer and the more rounds to be run.

use std::process::ExitCode;

use tireless_benches::scenario::{SCENARIOS, Scenario};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => {
            for Scenario { name, tasks, rounds: [few, many], .. } in SCENARIOS {
                println!("{name} {tasks} {few} {many}");
            }
            ExitCode::SUCCESS
        }
        [name, rounds] => match (Scenario::named(name), rounds.parse()) {
            (Some(scenario), Ok(rounds)) => {
                scenario.run(rounds);
                ExitCode::SUCCESS
            }
            _ => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("Usage: hot-paths [NAME ROUNDS]; without words it lists the names");
    ExitCode::from(2)
}
