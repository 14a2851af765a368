//! The ticket: the QR on white at full width, and the code in large type.

use domain::booking::Booking;
use domain::code::Code;
use leptos::prelude::*;

use super::awake;
use crate::ui::qr::Modules;
use crate::ui::t;

/// The ticket of a booking that stands.
pub(crate) fn view(booking: &Booking) -> AnyView {
    of(booking.pass.as_deref(), booking.code)
}

/// The ticket of a pass and a code. The screen stays on while it is shown, and the page opens again without a network.
pub(crate) fn of(pass: Option<&str>, code: Code) -> AnyView {
    awake::keep_awake();
    awake::keep_page();
    let qr = pass.and_then(Modules::of).map(|modules| modules.drawn(t("预约二维码", "QR code of the booking")));
    view! {
        <section class="ticket">
            {qr}
            <p class="code-label">{t("预约码", "Booking code")}</p>
            <p class="code num" data-code=code.to_string()>{code.grouped()}</p>
            <p class="hint">{t("给工作人员扫，把屏幕调亮一些更好认", "Let the staff scan it; a bright screen helps")}</p>
        </section>
    }
    .into_any()
}
