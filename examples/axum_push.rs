//! A web service that answers at once and leaves the work to a worker.
//!
//! ```text
//! cargo run -p tireless-examples --example axum_push
//! curl -X POST localhost:3000/signup -H 'content-type: application/json' -d '{"mail":"ada@example.org"}'
//! ```

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tireless::ErrorKind;
use tireless::prelude::*;

#[derive(Serialize, Deserialize, Task)]
#[task(queue = "mail", timeout = "30s")]
struct Welcome {
    mail: String,
}

#[derive(Deserialize)]
struct Signup {
    mail: String,
}

/// Answers 202 with the task's id; the same address twice is one task while it waits.
async fn signup(
    State(tasks): State<Producer>,
    Json(signup): Json<Signup>,
) -> Result<(StatusCode, String), StatusCode> {
    let own_id = format!("welcome/{}", signup.mail);
    match tasks.push(Welcome { mail: signup.mail }).own_id(own_id).await {
        Ok(receipt) => Ok((StatusCode::ACCEPTED, receipt.id.to_string())),
        Err(error) => {
            eprintln!("{error}");
            Err(match error.kind() {
                ErrorKind::InvalidInput | ErrorKind::TooLarge => StatusCode::BAD_REQUEST,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            })
        }
    }
}

async fn welcome(task: Welcome) -> TaskResult {
    println!("welcome, {}", task.mail);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "memory://".to_owned());
    let broker = tireless::connect(&url).await?;

    // One producer for the whole service: clones share its call numbers.
    let app =
        Router::new().route("/signup", post(signup)).with_state(Producer::new(broker.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);

    // Here the worker lives in the same process; over Redis it can live anywhere.
    let worker = WorkerPool::new(broker).handle(welcome).start().await?;
    axum::serve(listener, app).with_graceful_shutdown(tireless::shutdown_signal()).await?;
    worker.shutdown().await;
    Ok(())
}
