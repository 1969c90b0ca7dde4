//! A slow way to a server, which can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Passes bytes to a server, each read of a caller's bytes this much later. Its threads end with
/// the test process.
pub(crate) struct Proxy {
    pub(crate) url: String,
    way: Arc<Way>,
}

struct Way {
    down: AtomicBool,
    accepted: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub(crate) fn to(server: u16, latency: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let way = Arc::new(Way {
            down: AtomicBool::new(false),
            accepted: AtomicUsize::new(0),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&way);
        thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                accepting.accepted.fetch_add(1, Ordering::SeqCst);
                if !accepting.down.load(Ordering::SeqCst) {
                    accepting.pass(caller, server, latency);
                }
            }
        });
        Self { url, way }
    }

    /// How many connections came, also while it was cut.
    pub(crate) fn accepted(&self) -> usize {
        self.way.accepted.load(Ordering::SeqCst)
    }

    /// Ends all connections, and each that comes from now on.
    pub(crate) fn cut(&self) {
        self.way.down.store(true, Ordering::SeqCst);
        for stream in self.way.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn mend(&self) {
        self.way.down.store(false, Ordering::SeqCst);
    }
}

impl Way {
    fn pass(&self, caller: TcpStream, server: u16, latency: Duration) {
        let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
        let (asks, answers) = (caller.try_clone().unwrap(), server.try_clone().unwrap());
        self.open.lock().unwrap().push(caller.try_clone().unwrap());
        thread::spawn(move || forward(asks, server, latency));
        thread::spawn(move || forward(answers, caller, Duration::ZERO));
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, latency: Duration) {
    let mut bytes = [0; 16 * 1_024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        thread::sleep(latency);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
