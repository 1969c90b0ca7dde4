//! Many callers at the same time, each of which pushes one task after the other.

use tireless_worker::Producer;

use crate::greeting::Greeting;

/// How many they are.
pub const CALLERS: usize = 64;

/// Pushes this many tasks from each of them through one producer.
///
/// # Panics
/// If a push is refused.
pub async fn push(producer: &Producer, each: usize) {
    let caller = |producer: Producer| async move {
        for _ in 0..each {
            producer.push(Greeting::with_text(100)).await.expect("a push");
        }
    };
    let callers: Vec<_> = (0..CALLERS).map(|_| tokio::spawn(caller(producer.clone()))).collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
}
