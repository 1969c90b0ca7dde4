//! A link that carries only so much: what goes to clients shares it, whatever its connection.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How many bytes of one connection go before another has its turn.
const TURN: usize = 16 * 1_024;

/// How fast answers go to clients; as fast as they come unless told otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Throttle {
    bytes_per_second: Arc<AtomicU64>,
    turn: Arc<Mutex<()>>,
}

impl Throttle {
    pub(super) fn set(&self, bytes_per_second: u64) {
        self.bytes_per_second.store(bytes_per_second, Ordering::Relaxed);
    }

    pub(super) async fn write(&self, to: &mut OwnedWriteHalf, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.chunks(TURN) {
            let rate = self.bytes_per_second.load(Ordering::Relaxed);
            if rate > 0 {
                let _turn = self.turn.lock().await;
                sleep(Duration::from_secs_f64(part.len() as f64 / rate as f64)).await;
            }
            to.write_all(part).await?;
        }
        Ok(())
    }
}
