//! A broker that loads its script once, and then goes by its hash whatever the server says.

use std::sync::Arc;

use async_trait::async_trait;
use redis::Value;
use tireless::broker::{Push, Pushed};
use tireless::{Backend, Error, ErrorKind, Operation, Result};
use tireless_testkit::Layer;
use tireless_tests::Raw;

/// See the module's words.
#[derive(Debug)]
pub(super) struct NeverLoadsScripts {
    inner: Arc<dyn Backend>,
    raw: Raw,
    sha: Vec<u8>,
}

impl NeverLoadsScripts {
    pub(super) async fn over(inner: Arc<dyn Backend>, mut raw: Raw) -> Self {
        let loaded = raw.command(&[b"SCRIPT", b"LOAD", b"return 1"]).await;
        let Value::BulkString(sha) = loaded else { panic!("no hash: {loaded:?}") };
        Self { inner, raw, sha }
    }
}

#[async_trait]
impl Layer for NeverLoadsScripts {
    fn inner(&self) -> &Arc<dyn Backend> {
        &self.inner
    }

    async fn push(&self, push: &Push) -> Result<Vec<Pushed>> {
        let words: [&[u8]; 3] = [b"EVALSHA", &self.sha, b"0"];
        match self.raw.clone().try_command(&words).await {
            Ok(_) => self.inner.push(push).await,
            Err(refusal) => {
                Err(Error::new(ErrorKind::Corrupt, Operation::Push, refusal.to_string()))
            }
        }
    }
}
