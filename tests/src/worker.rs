//! A worker process for the tests that kill one: `worker URL CLIENT NAMESPACE QUEUE LOG CONCURRENCY`.
//!
//! Bodies are `ID [sleep MS] [abort]`: it appends `ID` to the log when a run begins, sleeps, aborts
//! the process if told so, and appends `done ID` at the end.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tireless::prelude::*;
use tireless::{ConnectOptions, connect_with};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, client, namespace, queue, log, concurrency] = &args[..] else {
        return Err("usage: worker URL CLIENT NAMESPACE QUEUE LOG CONCURRENCY".into());
    };
    let mut options = ConnectOptions::default();
    options.client = Some(client.parse()?);
    options.namespace = namespace.parse()?;
    let broker = connect_with(url, options).await?;
    let log = Arc::new(OpenOptions::new().create(true).append(true).open(log)?);
    let run = move |body: Bytes, _: Context| {
        let log = log.clone();
        async move { run(&log, &String::from_utf8_lossy(&body)).await }
    };
    let pool = WorkerPool::new(broker).concurrency(concurrency.parse()?).handle_raw(queue, run);
    pool.run_until(tireless::shutdown_signal()).await?;
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
