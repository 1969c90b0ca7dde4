//! What a server says before it is asked anything, and closes: that it is full, or in protected mode.
//! Libraries keep it to themselves, or tell of a closed connection.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::address::{Address, Endpoint};
use crate::reach;

/// A server that has something to say says it at once.
const LISTENED: Duration = Duration::from_millis(300);

/// Longer than any server's words.
const MOST_BYTES: u64 = 2_048;

/// The error that the server at this address gives to who only connects.
pub(crate) async fn first_words(address: &Address) -> Option<String> {
    let Endpoint::Tcp { host, port, tls: None } = &address.endpoint else { return None };
    let listen = async {
        let stream = reach::connect(host, *port).await.ok()?;
        let mut said = Vec::new();
        stream.take(MOST_BYTES).read_to_end(&mut said).await.ok()?;
        Some(said)
    };
    let said = timeout(LISTENED, listen).await.ok()??;
    let line = said.strip_prefix(b"-")?.split(|byte| b"\r\n".contains(byte)).next()?;
    Some(String::from_utf8_lossy(line).into_owned())
}
