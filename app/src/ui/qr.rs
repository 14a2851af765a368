//! A QR drawn as SVG: rows of dark modules on white.

use leptos::prelude::*;
use qrcode::{Color, EcLevel, QrCode};

/// White around the QR, in modules: what the standard asks for.
pub const QUIET: usize = 4;

/// A QR as rows of dark modules.
pub struct Modules {
    /// Modules a side, without the white around.
    pub side: usize,
    dark: Vec<bool>,
}

impl Modules {
    /// The QR of a text, at level M; nothing where it is too long for any.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let side = code.width();
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Some(Self { side, dark })
    }

    /// The runs of dark modules: column, row, length; the white around counted in.
    pub fn runs(&self) -> Vec<(usize, usize, usize)> {
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
    pub fn whole(&self) -> usize {
        self.side + 2 * QUIET
    }

    /// The picture, black on white by day and by night.
    pub fn drawn(&self, label: &'static str) -> AnyView {
        let whole = self.whole();
        let path: String = self.runs().into_iter().map(|(x, y, length)| format!("M{x} {y}h{length}v1h-{length}z")).collect();
        view! {
            <svg class="qr" viewBox=format!("0 0 {whole} {whole}") shape-rendering="crispEdges" role="img" aria-label=label>
                <path fill="#fff" d=format!("M0 0h{whole}v{whole}h-{whole}z")></path>
                <path fill="#000" d=path></path>
            </svg>
        }
        .into_any()
    }
}
