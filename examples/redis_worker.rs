//! A worker over Redis, as a service would have it.
//!
//! ```text
//! cargo run -p tireless-examples --example redis_worker -- redis://localhost
//! ```
//!
//! Start several: they share the work. Ctrl-C or SIGTERM lets what runs finish and gives back
//! the rest; a killed one loses nothing either, its tasks are taken back when its lease ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tireless::prelude::*;

#[derive(Serialize, Deserialize, Task)]
#[task(queue = "thumbnails", retries = 8, timeout = "2m", backoff = "exponential 5s..30m")]
struct MakeThumbnail {
    image: String,
    width: u32,
}

async fn make_thumbnail(task: MakeThumbnail, context: Context) -> TaskResult {
    if task.width == 0 {
        return Err(Bury::new("a thumbnail without a width").into());
    }
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(200)) => {}
        // Someone else may have the task by now: stop touching the world.
        () = context.cancellation().cancelled() => return Err("the lease has ended".into()),
    }
    println!("{}: {} at {} px", context.id(), task.image, task.width);
    Ok(())
}

#[tokio::main]
async fn main() -> tireless::Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://localhost".to_owned());
    let broker = tireless::connect(&url).await?;

    // Any other process could push these; the own id makes a second start push nothing twice.
    let tasks = Producer::new(broker.clone());
    for number in 1..=20 {
        let image = format!("photo-{number}.jpg");
        let receipt = tasks
            .push(MakeThumbnail { image: image.clone(), width: 320 })
            .own_id(format!("thumbnail/{image}/320"))
            .await?;
        if receipt.existed {
            println!("{image} waits already, as {}", receipt.id);
        }
    }

    WorkerPool::new(broker)
        .handle(make_thumbnail)
        .concurrency(4)
        .shutdown_timeout(Duration::from_secs(10))
        .run_until(tireless::shutdown_signal())
        .await?;
    Ok(())
}
