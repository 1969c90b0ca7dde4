//! A proxy that delays: each byte half a round trip each way, as many under way as come.
//!
//! Threads, and not tasks: tokio's timers count in whole milliseconds, and half of a quarter
//! millisecond is to be waited for.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::Result;

/// Portions under way in one direction; more than the server's and our own windows hold.
const UNDER_WAY: usize = 65_536;

/// A portion, and when it is to arrive.
type Portion = (Instant, Vec<u8>);

/// A proxy before a server; it lasts as long as the process.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
}

impl Proxy {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no port for it.
    pub fn start(server_port: u16, round_trip: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client whose way cannot be opened sees its connection end.
                let _ = open(client, server_port, round_trip / 2);
            }
        });
        Ok(Self { address })
    }

    /// Where to connect.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }
}

fn open(client: TcpStream, server_port: u16, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server_port))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    way(client.try_clone()?, server.try_clone()?, delay);
    way(server, client, delay);
    Ok(())
}

/// One direction: one thread notes when each portion came, another hands it on when it is due.
fn way(from: TcpStream, to: TcpStream, delay: Duration) {
    let (sender, receiver) = sync_channel(UNDER_WAY);
    thread::spawn(move || take_in(from, &sender, delay));
    thread::spawn(move || hand_on(&to, &receiver));
}

fn take_in(mut from: TcpStream, portions: &SyncSender<Portion>, delay: Duration) {
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let portion = (Instant::now() + delay, buffer[..length].to_vec());
        if portions.send(portion).is_err() {
            return;
        }
    }
}

fn hand_on(mut to: &TcpStream, portions: &Receiver<Portion>) {
    precise();
    while let Ok((due, bytes)) = portions.recv() {
        let left = due.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            sleep(left);
        }
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // It may be closed already.
    let _ = to.shutdown(Shutdown::Both);
}

/// Has this thread woken when it is due: Linux may otherwise take 50 us more.
fn precise() {
    #[cfg(target_os = "linux")]
    if let Some(one) = std::num::NonZeroU64::new(1) {
        // Without it the delays are a little longer, which the measured round trip shows.
        let _ = rustix::thread::set_current_timer_slack(Some(one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets, once.
    fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 1_024];
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                stream.write_all(&buffer[..length]).unwrap();
            }
        });
        port
    }

    #[test]
    fn a_byte_comes_back_after_a_round_trip() {
        let round_trip = Duration::from_millis(40);
        let proxy = Proxy::start(echo(), round_trip).unwrap();
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        for _ in 0..3 {
            let begin = Instant::now();
            stream.write_all(b"x").unwrap();
            stream.read_exact(&mut [0]).unwrap();
            let took = begin.elapsed();
            assert!(took >= round_trip && took < round_trip * 10, "{took:?}");
        }
    }

    #[test]
    fn many_portions_are_under_way_at_once() {
        let round_trip = Duration::from_millis(100);
        let proxy = Proxy::start(echo(), round_trip).unwrap();
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        stream.set_nodelay(true).unwrap();
        let begin = Instant::now();
        for _ in 0..20 {
            stream.write_all(b"x").unwrap();
            sleep(Duration::from_millis(1));
        }
        stream.read_exact(&mut [0; 20]).unwrap();
        assert!(begin.elapsed() < round_trip * 10, "{:?}", begin.elapsed());
    }
}
