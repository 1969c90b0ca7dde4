//! Handlers: plain async functions, made into what the pool runs.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tireless_core::{Codec, Envelope, Failure, Result};

use super::data::DataMap;
use super::error::IntoVerdict;
use super::extract::Extract;
use super::task::Task;
use crate::codec::{BodyCodec, CodecError, Json};
use crate::run::{Context, Handle, Verdict};

/// What a handler takes first: a typed task, or the bytes of a raw one.
pub trait Input: Sized + Send + 'static {
    /// Reads it from the envelope.
    ///
    /// # Errors
    /// What is wrong with the body; the task is then buried (B9).
    fn read(envelope: &Envelope) -> Result<Self, Failure>;
}

impl<T: Task> Input for T {
    fn read(envelope: &Envelope) -> Result<Self, Failure> {
        let decoded: Result<T, CodecError> = match envelope.codec {
            codec if codec == T::Codec::CODEC => T::Codec::decode(&envelope.body),
            Codec::JSON => Json::decode(&envelope.body),
            codec => Err(format!(
                "the body was made by codec {}; the handler of {} reads codec {}",
                codec.0,
                T::NAME,
                T::Codec::CODEC.0
            )
            .into()),
        };
        decoded.map_err(|error| Failure::new(T::NAME, error.to_string()))
    }
}

impl Input for Bytes {
    fn read(envelope: &Envelope) -> Result<Self, Failure> {
        Ok(envelope.body.clone())
    }
}

/// An async function that runs tasks.
///
/// Its first argument is the task by value, up to six more come by [extraction](Extract); it
/// returns [`TaskResult`](super::TaskResult), `()` or a `Result<(), E>`. `Shape` is found by the
/// compiler and never written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "a handler is an async function that takes its task by value, then up to six of \
            Data<..>, Context and the like, and returns TaskResult; its future must be Send"
)]
pub trait Handler<Shape>: Clone + Send + Sync + 'static {
    /// What it takes first.
    type Input: Input;

    /// Makes it runnable with the data of a pool.
    ///
    /// # Errors
    /// What the pool was not given.
    fn bind(self, data: &DataMap) -> Result<Arc<dyn Handle>>;
}

/// A closure over envelope and context as a [`Handle`].
struct FromFn<F>(F);

impl<F> Handle for FromFn<F>
where
    F: Fn(Envelope, Context) -> BoxFuture<'static, Verdict> + Send + Sync + 'static,
{
    fn run(&self, envelope: Envelope, context: Context) -> BoxFuture<'static, Verdict> {
        (self.0)(envelope, context)
    }
}

macro_rules! handler {
    ($($argument:ident),*) => {
        #[allow(non_snake_case, reason = "a type parameter names its value too")]
        impl<F, Fut, T, $($argument,)*> Handler<(T, $($argument,)*)> for F
        where
            F: Fn(T, $($argument,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            Fut::Output: IntoVerdict,
            T: Input,
            $($argument: Extract,)*
        {
            type Input = T;

            #[allow(unused_variables, reason = "the shortest shape extracts nothing")]
            fn bind(self, data: &DataMap) -> Result<Arc<dyn Handle>> {
                let prepared = ($($argument::prepare(data)?,)*);
                Ok(Arc::new(FromFn(move |envelope: Envelope, context: Context| {
                    let (handler, prepared) = (self.clone(), prepared.clone());
                    // All of it inside the future: a panic while decoding is the run's.
                    let run = async move {
                        let task = match T::read(&envelope) {
                            Ok(task) => task,
                            Err(failure) => return Verdict::Undecodable(failure),
                        };
                        let ($($argument,)*) = prepared;
                        $(let $argument =
                            match $argument::extract(&$argument, &envelope, &context) {
                                Ok(argument) => argument,
                                Err(error) => return error.into_verdict(),
                            };)*
                        drop((envelope, context));
                        handler(task, $($argument,)*).await.into_verdict()
                    };
                    Box::pin(run) as BoxFuture<'static, Verdict>
                })))
            }
        }
    };
}

handler!();
handler!(A1);
handler!(A1, A2);
handler!(A1, A2, A3);
handler!(A1, A2, A3, A4);
handler!(A1, A2, A3, A4, A5);
handler!(A1, A2, A3, A4, A5, A6);
