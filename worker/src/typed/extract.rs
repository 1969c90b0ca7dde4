//! Extraction: where a handler's further arguments come from.

use bytes::Bytes;
use tireless_core::{Envelope, Result};

use super::data::DataMap;
use super::error::TaskError;
use crate::run::Context;

/// A type that a handler can take as an argument behind its task.
///
/// [`Data`](super::Data), [`Context`] and [`Headers`] are such; implement it for your own, say a
/// tenant read from a header.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take `{Self}` behind its task",
    label = "neither Data<..>, Context, Headers nor another type that implements `Extract`"
)]
pub trait Extract: Sized + Send + 'static {
    /// What is found once, when the pool starts.
    type Prepared: Clone + Send + Sync + 'static;

    /// Finds what the extraction needs, when the pool starts.
    ///
    /// # Errors
    /// Whatever is missing: the pool does not start.
    fn prepare(data: &DataMap) -> Result<Self::Prepared>;

    /// Makes the argument of one run.
    ///
    /// # Errors
    /// Decides about the task as a handler's own error would.
    fn extract(
        prepared: &Self::Prepared,
        envelope: &Envelope,
        context: &Context,
    ) -> Result<Self, TaskError>;
}

impl Extract for Context {
    type Prepared = ();

    fn prepare(_: &DataMap) -> Result<()> {
        Ok(())
    }

    fn extract((): &(), _: &Envelope, context: &Context) -> Result<Self, TaskError> {
        Ok(context.clone())
    }
}

/// The headers that travelled with a task.
///
/// For calling a handler by hand they are collected:
///
/// ```
/// use tireless_worker::Headers;
///
/// let headers = Headers::from_iter([("tenant", "t1")]);
/// assert_eq!(headers.get("tenant"), Some(&b"t1"[..]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(String, Bytes)>);

impl Headers {
    /// The value of the first header with this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// All headers, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_ref()))
    }
}

impl<N: Into<String>, V: Into<Bytes>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        Self(headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Extract for Headers {
    type Prepared = ();

    fn prepare(_: &DataMap) -> Result<()> {
        Ok(())
    }

    fn extract((): &(), envelope: &Envelope, _: &Context) -> Result<Self, TaskError> {
        Ok(Self(envelope.headers.clone()))
    }
}
