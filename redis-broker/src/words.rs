//! The short words of a command, keys, ids and numbers, in one allocation for all of them.

use std::io::Write;

use bytes::Bytes;

/// Words one after the other; bodies are none of them, for they are never copied.
#[derive(Debug, Default)]
pub(crate) struct Words {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Words {
    /// Room for so many words of about this length.
    pub(crate) fn with_capacity(words: usize, length: usize) -> Self {
        Self { bytes: Vec::with_capacity(words * length), ends: Vec::with_capacity(words) }
    }

    /// Adds a word.
    pub(crate) fn add(&mut self, word: &[u8]) {
        self.add_joined(&[word]);
    }

    /// Adds a word that is made of these.
    pub(crate) fn add_joined(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.ends.push(self.bytes.len());
    }

    /// Adds a number.
    pub(crate) fn add_number(&mut self, number: u64) {
        // Nothing fails that is written into memory.
        let _ = write!(self.bytes, "{number}");
        self.ends.push(self.bytes.len());
    }

    /// The words, in order.
    pub(crate) fn finish(self) -> impl ExactSizeIterator<Item = Bytes> {
        let bytes = Bytes::from(self.bytes);
        let mut start = 0;
        self.ends.into_iter().map(move |end| bytes.slice(std::mem::replace(&mut start, end)..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_out_as_they_went_in() {
        let mut words = Words::with_capacity(2, 4);
        words.add(b"ready");
        words.add(b"");
        words.add_number(90);
        words.add_joined(&[b"running:", b"\0\xff"]);
        let words: Vec<Bytes> = words.finish().collect();
        assert_eq!(words, [&b"ready"[..], b"", b"90", b"running:\0\xff"]);
        assert_eq!(Words::default().finish().len(), 0);
    }
}
