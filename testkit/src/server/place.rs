//! Where a server comes from and where it runs: binary, port, folder; and whether it answers.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The variable that names the binary to run.
pub const SERVER_VARIABLE: &str = "TIRELESS_TEST_SERVER";

/// The ports to choose from: below what systems hand out to clients, so that a port stays free
/// while its server is down for a moment.
pub(super) const PORTS: Range<u16> = 10_000..30_000;

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

/// A free port of the range.
pub(super) fn free_port(ports: &Range<u16>) -> io::Result<u16> {
    static TURN: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    for _ in 0..200 {
        // Spread by process, time and turn: several test processes look for ports at once.
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let seed = (now / 1_000).wrapping_add(std::process::id().wrapping_mul(7_919));
        let offset = seed.wrapping_add(turn.wrapping_mul(61)) % u32::from(ports.end - ports.start);
        let port = ports.start + u16::try_from(offset).unwrap_or_default();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    let message = format!("no free port between {} and {}", ports.start, ports.end);
    Err(io::Error::new(io::ErrorKind::AddrInUse, message))
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
    match ask(socket, &["PING"], Duration::from_secs(1)) {
        Ok(answer) => answer == "PONG",
        Err(error) => error.to_string().starts_with("NOAUTH"),
    }
}

/// Sends one command and gives the answer as text: the parts of an array are joined by line breaks.
pub(super) fn ask(socket: &Path, words: &[&str], patience: Duration) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(patience))?;
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(request.as_bytes())?;
    let mut parts = Vec::new();
    read_reply(&mut BufReader::new(stream), &mut parts)?;
    Ok(parts.join("\n"))
}

fn read_reply(reader: &mut impl BufRead, parts: &mut Vec<String>) -> io::Result<()> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let line = line.trim_end();
    let kind = line.chars().next().ok_or(io::ErrorKind::UnexpectedEof)?;
    let rest = &line[1..];
    match kind {
        '-' => Err(io::Error::other(rest.to_owned())),
        '$' if rest != "-1" => {
            let size: usize = rest.parse().map_err(io::Error::other)?;
            let mut bytes = vec![0; size + 2];
            reader.read_exact(&mut bytes)?;
            parts.push(String::from_utf8_lossy(&bytes[..size]).into_owned());
            Ok(())
        }
        '*' => (0..rest.parse().unwrap_or(0)).try_for_each(|_| read_reply(reader, parts)),
        _ => {
            parts.push(rest.to_owned());
            Ok(())
        }
    }
}
