//! Shared state of handlers.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use tireless_core::{Envelope, Error, Operation, Result};

use super::error::TaskError;
use super::extract::Extract;
use crate::run::Context;

/// State that handlers share: what was given to [`WorkerPool::data`](crate::WorkerPool::data).
///
/// A handler takes it as an argument and uses it like a reference to the value. A pool whose
/// handlers ask for data that was not given does not start.
pub struct Data<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Data<T> {
    /// Wraps a value, for calling a handler by hand (in a test, say).
    pub fn new(value: T) -> Self
    where
        T: Sized,
    {
        Self(Arc::new(value))
    }

    /// The value's shared pointer, to hand it on to what outlives the run.
    pub fn into_arc(self) -> Arc<T> {
        self.0
    }
}

impl<T: ?Sized> From<Arc<T>> for Data<T> {
    fn from(value: Arc<T>) -> Self {
        Self(value)
    }
}

impl<T: ?Sized> Clone for Data<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Data<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Data<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: ?Sized + Send + Sync + 'static> Extract for Data<T> {
    type Prepared = Self;

    fn prepare(data: &DataMap) -> Result<Self> {
        data.get().map(Self).ok_or_else(|| {
            let name = type_name::<T>();
            let message = if data.get::<Arc<T>>().is_some() {
                format!(
                    "a handler takes Data<{name}>, and the pool was given an Arc of it by \
                     .data(..), which is for Data<Arc<..>>; give the Arc to .data_arc(..)"
                )
            } else {
                format!(
                    "a handler takes Data<{name}>, but the pool was not given one; add .data(..) \
                     with such a value to the pool, or .data_arc(..) with an Arc of one"
                )
            };
            Error::invalid(Operation::Run, message)
        })
    }

    fn extract(prepared: &Self, _: &Envelope, _: &Context) -> Result<Self, TaskError> {
        Ok(prepared.clone())
    }
}

/// What a pool was given with `data`, by type.
#[derive(Default)]
pub struct DataMap(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl DataMap {
    pub(crate) fn insert<T: ?Sized + Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// The value of this type.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref::<Arc<T>>().cloned()
    }
}

impl fmt::Debug for DataMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataMap({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_the_pointer_that_was_given() {
        let given: Arc<str> = Arc::from("smtp");
        let data = Data::from(Arc::clone(&given));
        assert_eq!(&*data, "smtp");
        assert!(Arc::ptr_eq(&data.clone().into_arc(), &given));
    }
}
