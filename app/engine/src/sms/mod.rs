//! The SMS gateways, one file each behind one trait: handing a message over, asking what became of it, reading what they push.
//!
//! Handing over is not idempotent at the big ones (only the webhook's is), so each answer is one of four classes ([`Handed`]), and what
//! was perhaps taken is never called refused. What a gateway says of itself (`why`) is its own error code and nothing else: its words may
//! repeat a number or a text.

mod aliyun;
mod answer;
mod demo;
mod file;
mod letter;
mod limits;
mod receipts;
mod secret;
mod template;
mod tencent;
mod webhook;
mod wire;

use async_trait::async_trait;
use domain::lang::Lang;
use domain::message::MessageKind;
use domain::{DateTime, Utc};

pub use answer::{Handed, Pushed, Receipt, ReceiptRefused, Told, code};
pub use demo::DemoInbox;
pub use file::{GatewayParts, GatewaysFileError, SecretFrom, gateways};
pub use letter::Letter;
pub use limits::{GatewayLimits, PerNumber};

/// A gateway.
///
/// Cancelling [`Gateway::send`] (dropping its future) leaves the message in doubt, as a time-out does.
#[async_trait]
pub trait Gateway: Send + Sync + core::fmt::Debug {
    /// Its name in the settings, in `messages.gateway`, in the log and in the metrics: 1 to 32 small letters, digits and hyphens.
    fn name(&self) -> &str;

    /// How much it takes.
    fn limits(&self) -> &GatewayLimits;

    /// Whether it has a template for messages of this kind and language. The webhook and the demo's inbox take all.
    fn takes(&self, kind: MessageKind, lang: Lang) -> bool;

    /// Hands one message over. Ends within the gateway's time-out, whatever the gateway does.
    async fn send(&self, letter: &Letter) -> Handed;

    /// Asks what became of a message that was, or may have been, handed over at `handed_at`; `reference` is what [`Handed::Taken`] gave,
    /// where it was not lost. Ends within the gateway's time-out (Aliyun: within it for each of at most a few pages). The number and the id
    /// of the letter are looked at; its text may be empty.
    async fn ask(&self, letter: &Letter, handed_at: DateTime<Utc>, reference: Option<&str>) -> Told;

    /// Verifies what somebody pushed in the gateway's name, and reads it. What is in it is then true of *some* message of that gateway's; that
    /// it is one of ours, handed to this gateway under this reference, is for the caller to see.
    ///
    /// # Errors
    /// When it does not come from the gateway, or makes no sense.
    fn receipts(&self, pushed: &Pushed) -> Result<Vec<Receipt>, ReceiptRefused>;

    /// What it wants to hear when its receipts were taken: JSON. Anything else makes it push them again.
    fn thanks(&self) -> &'static str;
}
