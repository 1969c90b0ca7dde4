//! What is written while nobody reads, and afterwards.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;

/// A stream that holds its writer up until each text is read.
struct Stalling(SyncSender<String>);

impl Write for Stalling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(String::from_utf8_lossy(bytes).into_owned()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn queue() -> (Arc<Queue>, Receiver<String>) {
    let (sender, receiver) = sync_channel(0);
    let queue = Arc::new(Queue::default());
    let writer = queue.clone();
    std::thread::spawn(move || writer.drain_into(Stalling(sender)));
    (queue, receiver)
}

#[test]
fn what_is_left_out_is_counted_in_its_place() {
    let (queue, read) = queue();
    let large = format!("{}\n", "x".repeat(HELD - 1));
    assert!(queue.takes(&large));
    assert!(!queue.takes("one too many\n"));
    queue.leave_out("one too many\nand one\n");
    assert!(!queue.takes("behind them\n"), "there is a gap before it");
    queue.leave_out("behind them\n");
    queue.flush(Duration::from_millis(10));
    assert_eq!(read.recv().unwrap(), large);
    let said = read.recv().unwrap();
    assert_eq!(said, "warning: 3 lines left out here: standard error was not read\n");
    assert!(queue.takes("later\n"));
    assert_eq!(read.recv().unwrap(), "later\n");
    queue.flush(Duration::from_secs(20));
    assert_eq!(queue.lock().bytes, 0);
}

#[tokio::test]
async fn a_slow_reader_misses_nothing_of_a_program() {
    let (queue, read) = queue();
    let chunk = "x".repeat(HELD / 2);
    let reader = std::thread::spawn(move || {
        let all = read.iter().take(8).map(|text| {
            std::thread::sleep(Duration::from_millis(50));
            text.len()
        });
        all.sum::<usize>()
    });
    for _ in 0..8 {
        queue.take_patiently(&chunk).await;
    }
    assert_eq!(reader.join().unwrap(), 8 * chunk.len());
}
