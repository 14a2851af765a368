//! The demo's inbox: takes everything, delivers at once, and needs no network. What "arrived" is shown at `/demo/messages`.

use async_trait::async_trait;
use domain::lang::Lang;
use domain::message::MessageKind;
use domain::{DateTime, Utc};

use super::{Gateway, GatewayLimits, Handed, Letter, PerNumber, Pushed, Receipt, ReceiptRefused, Told};

/// The demo's inbox.
#[derive(Clone, Debug)]
pub struct DemoInbox {
    limits: GatewayLimits,
}

impl Default for DemoInbox {
    fn default() -> Self {
        let limits = GatewayLimits {
            a_second: u32::MAX,
            at_once: 64,
            codes: PerNumber::default(),
            notices: PerNumber::default(),
            a_template_a_day: None,
        };
        Self { limits }
    }
}

#[async_trait]
impl Gateway for DemoInbox {
    fn name(&self) -> &str {
        "demo"
    }

    fn limits(&self) -> &GatewayLimits {
        &self.limits
    }

    fn takes(&self, _: MessageKind, _: Lang) -> bool {
        true
    }

    async fn send(&self, _: &Letter) -> Handed {
        Handed::Delivered
    }

    async fn ask(&self, _: &Letter, _: DateTime<Utc>, _: Option<&str>) -> Told {
        Told::Delivered
    }

    /// Nobody pushes anything for it.
    fn receipts(&self, _: &Pushed) -> Result<Vec<Receipt>, ReceiptRefused> {
        Err(ReceiptRefused::NotVerified)
    }

    fn thanks(&self) -> &'static str {
        "{}"
    }
}
