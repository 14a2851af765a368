//! The ticket: the QR on white at full width, and the code in large type.

use domain::booking::Booking;
use leptos::prelude::*;
use qrcode::{Color, EcLevel, QrCode};

use crate::ui::t;

/// White around the QR, in modules: what the standard asks for.
pub(crate) const QUIET: usize = 4;

/// A QR as rows of dark modules.
pub(crate) struct Modules {
    /// Modules a side, without the white around.
    pub(crate) side: usize,
    dark: Vec<bool>,
}

impl Modules {
    /// The QR of a pass: alphanumeric, level M.
    pub(crate) fn of(pass: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(pass, EcLevel::M).ok()?;
        let side = code.width();
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Some(Self { side, dark })
    }

    /// The runs of dark modules: column, row, length; the white around counted in.
    pub(crate) fn runs(&self) -> Vec<(usize, usize, usize)> {
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for (at, _) in self.dark.iter().enumerate().filter(|(_, dark)| **dark) {
            let (x, y) = (at % self.side + QUIET, at / self.side + QUIET);
            match runs.last_mut() {
                Some((from, row, length)) if *row == y && *from + *length == x => *length += 1,
                _ => runs.push((x, y, 1)),
            }
        }
        runs
    }

    /// Modules a side, the white around counted in.
    pub(crate) fn whole(&self) -> usize {
        self.side + 2 * QUIET
    }
}

/// The ticket of a booking that stands.
pub(crate) fn view(booking: &Booking) -> AnyView {
    let qr = booking.pass.as_deref().and_then(Modules::of).map(|modules| {
        let whole = modules.whole();
        let path: String = modules.runs().into_iter().map(|(x, y, length)| format!("M{x} {y}h{length}v1h-{length}z")).collect();
        view! {
            <svg class="qr" viewBox=format!("0 0 {whole} {whole}") shape-rendering="crispEdges" role="img" aria-label=t("预约二维码", "QR code of the booking")>
                <path fill="#fff" d=format!("M0 0h{whole}v{whole}h-{whole}z")></path>
                <path fill="#000" d=path></path>
            </svg>
        }
        .into_any()
    });
    view! {
        <section class="ticket">
            {qr}
            <p class="code-label">{t("预约码", "Booking code")}</p>
            <p class="code num" data-code=booking.code.to_string()>{booking.code.grouped()}</p>
            <p class="hint">{t("给工作人员扫，把屏幕调亮一些更好认", "Let the staff scan it; a bright screen helps")}</p>
        </section>
    }
    .into_any()
}
