//! Maps by id. Ids are random where they are made, so three multiplications spread them over a
//! map, even where somebody counts instead. The standard hasher also withstands keys that were
//! chosen to collide, and took a quarter of all that a task costs here; who could choose such ids
//! has the whole process.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map from task or worker ids.
pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// See the module's words.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdHasher(u64);

/// 2^64 over the golden ratio: odd, and without a pattern in its bits.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        debug_assert!(rest.is_empty(), "ids have 16 bytes");
        for word in words {
            self.0 = spread(self.0 ^ u64::from_ne_bytes(*word));
        }
    }

    /// All ids are of one length.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        spread(self.0)
    }
}

/// Each bit comes to bear on many: a map looks at the topmost ones and at the lowest ones.
fn spread(word: u64) -> u64 {
    let product = u128::from(word) * u128::from(SPREAD);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use tireless_core::TaskId;

    use super::*;

    fn hash(id: TaskId) -> u64 {
        BuildHasherDefault::<IdHasher>::default().hash_one(id)
    }

    /// How many of so many hashes are alike in the bits that a map of their number looks at.
    fn collisions(ids: &[TaskId]) -> usize {
        let low: HashSet<u64> = ids.iter().map(|id| hash(*id) % (2 * ids.len() as u64)).collect();
        ids.len() - low.len()
    }

    #[test]
    fn drawn_ids_spread() {
        let ids: Vec<_> = (0..4_096).map(|_| TaskId::new()).collect();
        // Chance alone gives a fifth.
        assert!(collisions(&ids) < ids.len() / 4, "{}", collisions(&ids));
    }

    #[test]
    fn ids_that_count_spread() {
        let counting = |at: usize| {
            (0..4_096_u16).map(move |number| {
                let mut bytes = [0; 16];
                bytes[at..at + 2].copy_from_slice(&number.to_be_bytes());
                TaskId::from_bytes(bytes)
            })
        };
        for at in 0..15 {
            let ids: Vec<_> = counting(at).collect();
            assert!(collisions(&ids) < ids.len() / 4, "{at}: {}", collisions(&ids));
            let tags: HashSet<u64> = ids.iter().map(|id| hash(*id) >> 57).collect();
            assert!(tags.len() > 100, "{at}: {}", tags.len());
        }
    }
}
