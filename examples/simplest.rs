//! The smallest whole program: a task, its handler, a producer and a worker. Ctrl-C ends it.

use serde::{Deserialize, Serialize};
use tireless::prelude::*;

#[derive(Serialize, Deserialize, Task)]
struct Greet {
    name: String,
}

async fn greet(task: Greet) -> TaskResult {
    println!("Hello, {}!", task.name);
    Ok(())
}

#[tokio::main]
async fn main() -> tireless::Result<()> {
    let broker = tireless::connect("memory://").await?;
    Producer::new(broker.clone()).push(Greet { name: "Ada".into() }).await?;
    WorkerPool::new(broker).handle(greet).run_until(tireless::shutdown_signal()).await
}
