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

/// Names the field, where the decoder named it: "missing field `phone`". What else it quotes is what was sent, and not ours to repeat.
fn malformed(text: &str) -> Error {
    let named = |what: &str| {
        let (_, rest) = text.split_once(what)?;
        let (name, _) = rest.split_once('`')?;
        name.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'_').then_some(name)
    };
    match (named("missing field `"), named("duplicate field `")) {
        (Some(field), _) => Error::field(field, Reason::Missing),
        (_, Some(field)) => Error::field(field, Reason::Malformed),
        _ => Error::new(Reason::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_named_and_what_was_sent_is_not_repeated() {
        for (text, field, reason) in [
            ("missing field `phone` at line 1 column 2", Some("phone"), Reason::Missing),
            ("duplicate field `phone` at line 1 column 20", Some("phone"), Reason::Malformed),
            ("invalid value: integer `999`, expected u8", None, Reason::Malformed),
            ("unknown variant `mother`, expected `self` or `other` at line 1 column 30", None, Reason::Malformed),
            ("invalid type: integer `431103198501011234`, expected a string", None, Reason::Malformed),
            ("expected value at line 1 column 1", None, Reason::Malformed),
        ] {
            let error = malformed(text);
            assert_eq!((error.field.as_deref(), error.reason), (field, Some(reason)), "{text}");
        }
    }
}
