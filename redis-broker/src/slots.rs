//! Slots of a Cluster: which one a key belongs to, and which server has it.

use std::collections::BTreeSet;
use std::fmt;

use crate::reply::Reply;

/// How many slots a Cluster has.
const SLOTS: u16 = 16_384;

/// The slot of a key: of its hash tag if it has one, else of the whole key.
pub(crate) fn slot_of(key: &[u8]) -> u16 {
    crc16(hash_tag(key).unwrap_or(key)) % SLOTS
}

/// What stands between the first opening brace and the next closing one, if that is anything.
fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|byte| *byte == b'{')?;
    let rest = &key[open + 1..];
    let close = rest.iter().position(|byte| *byte == b'}')?;
    (close > 0).then(|| &rest[..close])
}

/// CRC16 as the Cluster specification has it (XMODEM: polynomial 0x1021, from zero).
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |mut crc, byte| {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
        crc
    })
}

/// A server of a Cluster, as its others call it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Node {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Node {
    /// Reads `HOST:PORT`. A server that does not know its own host leaves it out: then it is the
    /// one that was asked.
    pub(crate) fn parse(text: &str, asked: &Node) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let port = port.split('@').next()?.parse().ok().filter(|port| *port != 0)?;
        let host = match host.trim_start_matches('[').trim_end_matches(']') {
            "" | "?" => asked.host.clone(),
            host => host.to_owned(),
        };
        Some(Self { host, port })
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Which master has which slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotMap {
    masters: Vec<Node>,
    /// For each slot the number of its master in `masters`; none known where this ends.
    owners: Vec<Option<u16>>,
}

impl SlotMap {
    /// Reads the answer to `CLUSTER SLOTS`; `None` if it has another shape.
    pub(crate) fn read(reply: Reply, asked: &Node) -> Option<Self> {
        let mut map = Self::default();
        for range in reply.into_array()? {
            let mut parts = range.into_array()?.into_iter();
            let (first, last) = (slot(&parts.next()?)?, slot(&parts.next()?)?);
            let mut master = parts.next()?.into_array()?.into_iter();
            let host = match master.next()? {
                Reply::Bytes(host) if !host.is_empty() && host != "?" => {
                    String::from_utf8(host.into()).ok()?
                }
                _ => asked.host.clone(),
            };
            let Reply::Int(port) = master.next()? else { return None };
            let node = Node { host, port: u16::try_from(port).ok()? };
            (first..=last).for_each(|slot| map.moved(slot, &node));
        }
        Some(map)
    }

    /// The master of a slot, if one is known.
    pub(crate) fn master(&self, slot: u16) -> Option<&Node> {
        let owner = (*self.owners.get(usize::from(slot))?)?;
        self.masters.get(usize::from(owner))
    }

    /// All masters.
    pub(crate) fn masters(&self) -> &[Node] {
        &self.masters
    }

    /// The masters that have slots, each with its own.
    pub(crate) fn slots_of_masters(&self) -> Vec<(Node, BTreeSet<u16>)> {
        let mut shared: Vec<_> =
            self.masters.iter().map(|node| (node.clone(), BTreeSet::new())).collect();
        for (slot, owner) in (0..).zip(&self.owners) {
            if let Some((_, slots)) = owner.and_then(|owner| shared.get_mut(usize::from(owner))) {
                slots.insert(slot);
            }
        }
        shared.retain(|(_, slots)| !slots.is_empty());
        shared
    }

    /// Notes that a slot is at this master now.
    pub(crate) fn moved(&mut self, slot: u16, to: &Node) {
        let known = self.masters.iter().position(|master| master == to);
        let owner = known.unwrap_or_else(|| {
            self.masters.push(to.clone());
            self.masters.len() - 1
        });
        let slot = usize::from(slot);
        if self.owners.len() <= slot {
            self.owners.resize(slot + 1, None);
        }
        self.owners[slot] = u16::try_from(owner).ok();
    }
}

fn slot(reply: &Reply) -> Option<u16> {
    match reply {
        Reply::Int(slot) => u16::try_from(*slot).ok().filter(|slot| *slot < SLOTS),
        _ => None,
    }
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
