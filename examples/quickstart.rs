//! Tasks that succeed, fail and come back, wait, and are given up: without any server.
//!
//! `cargo run --example quickstart` tells what happens and ends after a few seconds.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tireless::prelude::*;
use tireless::{List, QueueName, State};

/// A task is data: what is needed to do the work later, perhaps in another process.
#[derive(Serialize, Deserialize, Task)]
#[task(queue = "mail", retries = 5, backoff = "fixed 500ms")]
struct SendMail {
    to: String,
}

/// Stands for whatever handlers share: a connection pool, a client.
struct Smtp;

impl Smtp {
    async fn deliver(&self, to: &str, attempt: u32) -> std::io::Result<()> {
        if to.starts_with("bob") && attempt < 3 {
            return Err(std::io::Error::other("the mail server is busy"));
        }
        Ok(())
    }
}

/// A handler is an async function: the task first, then what it needs. An error means "again
/// later", until the retries are used up.
async fn send_mail(task: SendMail, smtp: Data<Smtp>, context: Context) -> TaskResult {
    let (to, attempt) = (&task.to, context.attempt());
    if !to.contains('@') {
        println!("worker:   {to:?} is no address: buried, since no retry can help");
        return Err(Bury::new("not an address").into());
    }
    if let Err(error) = smtp.deliver(to, attempt).await {
        println!("worker:   mail to {to} failed at attempt {attempt}, will come back: {error}");
        return Err(error.into());
    }
    println!("worker:   mail to {to} is sent, at attempt {attempt}");
    Ok(())
}

#[tokio::main]
async fn main() -> tireless::Result<()> {
    // The same program runs over Redis with "redis://localhost" and the feature `redis-rs`.
    let broker = tireless::connect("memory://").await?;

    let tasks = Producer::new(broker.clone());
    let mail = |to: &str| SendMail { to: to.to_owned() };
    tasks.push(mail("ada@example.org")).await?;
    tasks.push(mail("bob@example.org")).await?;
    tasks.push(mail("nobody")).await?;
    println!("producer: three mails pushed; bob's server is busy, nobody is no address");

    tasks.push(mail("eve@example.org")).after(Duration::from_secs(2)).own_id("eve").await?;
    let again = tasks.push(mail("eve@example.org")).own_id("eve").await?;
    println!("producer: a mail for in two seconds; pushed twice, accepted once: {}", again.existed);

    // A service would say `.run_until(tireless::shutdown_signal())`.
    let pool = WorkerPool::new(broker.clone()).data(Smtp).handle(send_mail).concurrency(8);
    pool.run_until(tokio::time::sleep(Duration::from_secs(4))).await?;

    let queue = QueueName::new("mail")?;
    let done = broker.counts(&queue).await?.done;
    println!("\nafter four seconds: {done} mails sent");
    let dead = List { queue: queue.clone(), state: State::Dead, cursor: 0, limit: 10 };
    for task in broker.list(&dead).await?.tasks {
        let Some(detail) = broker.show(&queue, task.id).await? else { continue };
        let reason = detail.failures.0.first().map(|entry| entry.failure.to_string());
        println!("kept for a person to look at: {} ({})", task.id, reason.unwrap_or_default());
    }
    Ok(())
}
