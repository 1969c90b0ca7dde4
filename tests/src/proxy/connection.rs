//! One connection: commands one way, replies the other, paired in their order.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::frame::{Frames, is_push};
use super::kind::Kinds;
use super::strikes::{Strike, Strikes};
use super::way::{Passage, Way};

/// How many bytes are read at once.
const READ: usize = 64 * 1_024;

/// Passes commands and replies on until a side closes, a strike cuts, or the proxy does. Then both
/// sides are closed.
pub(super) async fn serve(
    client: TcpStream,
    server: TcpStream,
    strikes: &Strikes,
    kinds: &Kinds,
    passage: Passage,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let connection = Connection { strikes, kinds, expected: Mutex::default() };
    let mut closing = passage.clone();
    tokio::select! {
        ended = connection.asks(from_client, to_server, passage.clone()) => ended,
        ended = connection.answers(from_server, to_client, passage) => ended,
        () = closing.closed() => Ok(()),
    }
}

struct Connection<'a> {
    strikes: &'a Strikes,
    kinds: &'a Kinds,
    /// The strike of each command that is not answered yet, oldest first.
    expected: Mutex<VecDeque<Option<Strike>>>,
}

impl Connection<'_> {
    fn expect(&self, strike: Option<Strike>) {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner).push_back(strike);
    }

    /// The strike of the command that this reply answers.
    fn answered(&self) -> io::Result<Option<Strike>> {
        let oldest = self.expected.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        oldest.ok_or_else(|| io::Error::other("a reply that no command asked for"))
    }

    async fn asks(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        mut passage: Passage,
    ) -> io::Result<()> {
        let (mut frames, mut read) = (Frames::default(), BytesMut::with_capacity(READ));
        while from.read_buf(&mut read).await? > 0 {
            frames.feed(&read.split());
            passage.open(Way::Asks).await;
            let mut out = BytesMut::new();
            while let Some(command) = frames.next().map_err(io::Error::other)? {
                let strike = self.strikes.on(&self.kinds.of(&command));
                if strike == Some(Strike::CutBefore) {
                    // What stood before it still goes.
                    return to.write_all(&out).await;
                }
                self.expect(strike);
                out.extend_from_slice(&command);
                if matches!(strike, Some(Strike::Repeat | Strike::Resend)) {
                    out.extend_from_slice(&command);
                }
            }
            to.write_all(&out).await?;
        }
        // The client has closed; nothing of that passes a hole.
        passage.open(Way::Asks).await;
        Ok(())
    }

    async fn answers(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        mut passage: Passage,
    ) -> io::Result<()> {
        let mut replies = Replies { from: &mut from, frames: Frames::default() };
        while let Some(reply) = replies.next().await? {
            let strike = if is_push(&reply) { None } else { self.answered()? };
            let mut given = reply;
            match strike {
                Some(Strike::Hole) => return replies.swallow().await,
                Some(Strike::Skip) => continue,
                Some(Strike::Cut(thousandths)) => {
                    let part = given.len() * usize::from(thousandths).min(999) / 1_000;
                    passage.open(Way::Answers).await;
                    return to.write_all(&given[..part]).await;
                }
                Some(Strike::Delay(time)) => tokio::time::sleep(time).await,
                Some(Strike::Repeat) => {
                    passage.open(Way::Answers).await;
                    to.write_all(&given).await?;
                    // The second reply is nobody's.
                    replies.next_answer(&mut to).await?;
                    continue;
                }
                Some(Strike::Resend) => match replies.next_answer(&mut to).await? {
                    Some(second) => given = second,
                    None => break,
                },
                Some(Strike::CutBefore) | None => {}
            }
            passage.open(Way::Answers).await;
            passage.throttle.write(&mut to, &given).await?;
        }
        passage.open(Way::Answers).await;
        Ok(())
    }
}

/// The replies of a server, one by one.
struct Replies<'a> {
    from: &'a mut OwnedReadHalf,
    frames: Frames,
}

impl Replies<'_> {
    /// The next one; nothing at the end of the connection.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let mut read = BytesMut::new();
        loop {
            if let Some(frame) = self.frames.next().map_err(io::Error::other)? {
                return Ok(Some(frame));
            }
            read.reserve(READ);
            if self.from.read_buf(&mut read).await? == 0 {
                return Ok(None);
            }
            self.frames.feed(&read.split());
        }
    }

    /// The next one that answers a command; pushes before it pass.
    async fn next_answer(&mut self, to: &mut OwnedWriteHalf) -> io::Result<Option<Bytes>> {
        while let Some(frame) = self.next().await? {
            if !is_push(&frame) {
                return Ok(Some(frame));
            }
            to.write_all(&frame).await?;
        }
        Ok(None)
    }

    /// Reads what comes and gives none of it, for as long as the client stays.
    async fn swallow(&mut self) -> io::Result<()> {
        while self.next().await?.is_some() {}
        Ok(())
    }
}
