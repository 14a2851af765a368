//! How a refusal travels: `domain::error::Error` as it is, in a wrapper that the server-function machinery can decode.

use domain::error::Error;
use domain::reason::Reason;
use serde::{Deserialize, Serialize};
use server_fn::codec::JsonEncoding;
use server_fn::error::{FromServerFnError, ServerFnErrorErr};

/// A refusal on its way between browser and server. The status follows from its code and is set by the HTTP host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiError(pub Error);

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Args(text) => malformed(&text),
            ServerFnErrorErr::MissingArg(field) => Error::field(&field, Reason::Missing),
            // On the server: a body that is no JSON. In the browser: an answer that is not ours, such as a proxy's page.
            ServerFnErrorErr::Deserialization(text) if cfg!(feature = "ssr") => malformed(&text),
            ServerFnErrorErr::Deserialization(_) | ServerFnErrorErr::Request(_) => Error::new(Reason::Network),
            _ => Error::internal(),
        })
    }
}

/// Names the field, where the decoder named it: "missing field `phone`".
fn malformed(text: &str) -> Error {
    let field = text.split('`').nth(1).filter(|name| name.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'_'));
    match field {
        Some(field) if text.contains("missing field") => Error::field(field, Reason::Missing),
        Some(field) => Error::field(field, Reason::Malformed),
        None => Error::new(Reason::Malformed),
    }
}
