//! How a case failed: where it panicked, and in which words.

use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::{Component, Path, PathBuf};
use std::sync::Once;

thread_local! {
    /// The newest panic of this thread. Every case runs in the thread of its test alone.
    static NEWEST: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// A case's failure.
#[derive(Debug)]
pub(crate) struct Seen {
    file: PathBuf,
    line: u32,
    words: String,
}

impl Seen {
    /// Runs a case; its failure if it fails.
    pub(crate) fn of(case: impl FnOnce()) -> Option<Self> {
        static LISTENING: Once = Once::new();
        LISTENING.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                NEWEST.set(Some(Self::read(info)));
                usual(info);
            }));
        });
        NEWEST.take();
        let failed = panic::catch_unwind(AssertUnwindSafe(case)).is_err();
        NEWEST.take().filter(|_| failed)
    }

    fn read(info: &PanicHookInfo<'_>) -> Self {
        let payload = info.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let words = text.or_else(|| payload.downcast_ref::<&str>().copied());
        let (file, line) = info.location().map_or(("", 0), |place| (place.file(), place.line()));
        Self { file: file.into(), line, words: words.unwrap_or_default().to_owned() }
    }

    /// Whether the cases of this theme found an answer wrong, themselves or by the words that they
    /// share. What breaks down elsewhere, in a broker or in the time that a case has, proves nothing.
    pub(crate) fn is_by(&self, theme: &str) -> bool {
        let in_theme = self.file.file_stem().is_some_and(|file| file == theme);
        let shared = Component::Normal("fixtures".as_ref());
        let in_words = Path::new(&self.file).components().any(|part| part == shared);
        (in_theme || in_words) && !self.is_timeout()
    }

    /// Whether it only took too long: the case, or a wait in it.
    fn is_timeout(&self) -> bool {
        self.words.contains("did not end")
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.words)
    }
}
