//! How much a gateway takes. Beyond it answers with a limit's code, and some count even what they refuse: so the limits are kept before sending.

use domain::message::MessageKind;

/// How much a gateway takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayLimits {
    /// Messages a second, of this process.
    pub a_second: u32,
    /// Messages that are being handed over at once, by this process.
    pub at_once: usize,
    /// Codes (somebody waits for them) to one number.
    pub codes: PerNumber,
    /// Everything else to one number.
    pub notices: PerNumber,
    /// Notices of one template to one number within 24 hours; nothing: as many as `notices` allows.
    pub a_template_a_day: Option<u32>,
}

/// How many messages one number may get. Nothing: as many as there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerNumber {
    /// Within 60 seconds.
    pub a_minute: Option<u32>,
    /// Within an hour.
    pub an_hour: Option<u32>,
    /// Within 24 hours.
    pub a_day: Option<u32>,
}

impl GatewayLimits {
    /// What one number may get of messages of a kind.
    pub fn of(&self, kind: MessageKind) -> PerNumber {
        if kind.is_code() { self.codes } else { self.notices }
    }
}
