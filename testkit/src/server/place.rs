//! Where a server comes from and where it runs: binary, port, folder; and whether it answers.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The variable that names the binary to run.
pub const SERVER_VARIABLE: &str = "TIRELESS_TEST_SERVER";

/// The ports to choose from: below what systems hand out to clients, so that a port stays free
/// while its server is down for a moment.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// Finds the server binary: `TIRELESS_TEST_SERVER`, else `redis-server` or `valkey-server` on the
/// path.
///
/// # Errors
///
/// When there is none, with the command to type.
pub fn find_binary() -> io::Result<PathBuf> {
    if let Some(path) = std::env::var_os(SERVER_VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_on(&path).ok_or_else(|| {
        let hint = if cfg!(target_os = "macos") {
            "brew install redis"
        } else {
            "apt-get install redis-server"
        };
        let message = format!(
            "no redis-server or valkey-server on the path and {SERVER_VARIABLE} is not set; \
             type: {hint}"
        );
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}

pub(super) fn find_on(path: &OsStr) -> Option<PathBuf> {
    let names = ["redis-server", "valkey-server"];
    names
        .iter()
        .flat_map(|name| std::env::split_paths(path).map(move |dir| dir.join(name)))
        .find(|file| file.is_file())
}

/// A free port that is not 6379.
pub(super) fn free_port() -> io::Result<u16> {
    static TURN: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    for _ in 0..200 {
        // Spread by process, time and turn: several test processes look for ports at once.
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let seed = (now / 1_000).wrapping_add(std::process::id().wrapping_mul(7_919));
        let offset = seed.wrapping_add(turn.wrapping_mul(61)) % u32::from(PORTS.end - PORTS.start);
        let port = PORTS.start + u16::try_from(offset).unwrap_or_default();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port between 10000 and 30000"))
}

/// A new folder, with a short path because socket paths are limited to about 100 bytes.
pub(super) fn create_dir() -> io::Result<PathBuf> {
    static TURN: AtomicU32 = AtomicU32::new(0);
    let base = std::env::temp_dir();
    loop {
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let dir = base.join(format!("tireless-{}-{turn}", std::process::id()));
        match fs::create_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| dir),
        }
    }
}

/// Whether a server answers a ping; one that asks for a password answers too.
pub(super) fn answers(socket: &Path) -> bool {
    let ping = || -> io::Result<bool> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"*1\r\n$4\r\nPING\r\n")?;
        let mut reply = [0; 5];
        stream.read_exact(&mut reply)?;
        Ok(&reply == b"+PONG" || &reply == b"-NOAU")
    };
    ping().unwrap_or(false)
}
