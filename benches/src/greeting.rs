//! The typed task that is measured, with a JSON body of any size.

use serde::{Deserialize, Serialize};
use tireless_core::{Codec, Envelope, TypeName};
use tireless_worker::{BodyCodec, Json, Task};

use crate::fixture::QUEUE;

/// A small task as users have them: a few fields, of which one may be long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Greeting {
    /// A number.
    pub number: u64,
    /// A short text.
    pub name: String,
    /// The rest.
    pub text: String,
}

/// By hand, as the derived code names the facade.
impl Task for Greeting {
    const NAME: &'static str = "Greeting";
    const QUEUE: &'static str = QUEUE;
    type Codec = Json;
}

impl Greeting {
    /// One with this many bytes of text.
    pub fn with_text(bytes: usize) -> Self {
        Self { number: 42, name: "Ada".to_owned(), text: "x".repeat(bytes) }
    }

    /// As a producer sends it.
    ///
    /// # Panics
    /// Never: its name is legal and it has no headers.
    pub fn envelope(&self) -> Envelope {
        let mut envelope = Envelope::raw(Json::encode(self).expect("a body"));
        envelope.task_type = Some(TypeName::new(Self::NAME).expect("a legal name"));
        envelope.codec = Codec::JSON;
        envelope
    }
}
