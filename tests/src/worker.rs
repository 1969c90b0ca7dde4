//! A worker process for the tests that kill one: `worker url=.. client=.. namespace=.. queue=..
//! log=.. slots=..`, and if wanted `lease_ms=.. beat_ms=.. adopt=LIST failed_set=SET`.
//!
//! Bodies are `ID [sleep MS] [abort]`: it appends `start ID` to the log when a run begins, sleeps,
//! aborts the process if told so, and appends `done ID` at the end. After a shutdown in good order
//! it appends `end DONE LOST`, with how many outcomes were written and how many refused.
//!
//! It ends at once when its standard input does, so that none outlives a test.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tireless::prelude::*;
use tireless::{Adoption, ConnectOptions, connect_with};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: HashMap<&str, &str> = args.iter().filter_map(|arg| arg.split_once('=')).collect();
    let word = |name: &str| words.get(name).copied().ok_or(format!("{name}=.. is missing"));
    let millis = |name: &str, otherwise: u64| -> Result<Duration, Failure> {
        let given = words.get(name).map(|text| text.parse()).transpose()?;
        Ok(Duration::from_millis(given.unwrap_or(otherwise)))
    };
    std::thread::spawn(|| {
        let _ended = std::io::stdin().read(&mut [0]);
        std::process::exit(3);
    });

    let queue = word("queue")?;
    let mut options = ConnectOptions::default();
    options.client = Some(word("client")?.parse()?);
    options.namespace = word("namespace")?.parse()?;
    if let Some(list) = words.get("adopt") {
        let adoption = Adoption {
            list: Bytes::copy_from_slice(list.as_bytes()),
            failed_set: Bytes::copy_from_slice(word("failed_set")?.as_bytes()),
            sweep_every: Duration::from_secs(60),
        };
        options.adopted.insert(queue.parse()?, adoption);
    }
    let broker = connect_with(word("url")?, options).await?;
    let log = Arc::new(OpenOptions::new().create(true).append(true).open(word("log")?)?);
    let logged = log.clone();
    let run = move |body: Bytes, _: Context| {
        let log = logged.clone();
        async move { run(&log, &String::from_utf8_lossy(&body)).await }
    };
    let pool = WorkerPool::new(broker)
        .concurrency(word("slots")?.parse()?)
        .lease(millis("lease_ms", 15_000)?)
        .beat(millis("beat_ms", 5_000)?)
        .handle_raw(queue, run);
    let pool = pool.start().await?;
    tireless::shutdown_signal().await;
    let summary = pool.shutdown().await;
    note(&log, &format!("end {} {}", summary.done, summary.lease_lost))?;
    Ok(())
}

async fn run(log: &File, body: &str) -> TaskResult {
    let mut words = body.split_whitespace();
    let id = words.next().unwrap_or_default();
    note(log, &format!("start {id}"))?;
    while let Some(word) = words.next() {
        match word {
            "sleep" => {
                let millis = words.next().and_then(|millis| millis.parse().ok()).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(millis)).await;
            }
            "abort" => std::process::abort(),
            _ => {}
        }
    }
    note(log, &format!("done {id}"))?;
    Ok(())
}

/// One line in one write: many processes append to the same file.
fn note(mut log: &File, line: &str) -> std::io::Result<()> {
    log.write_all(format!("{line}\n").as_bytes())
}
