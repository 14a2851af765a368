//! Pictures of codes as a camera takes them, for the tests: turned, tilted, blurred, noisy, in bad light.

use super::Grey;
use crate::staff::scan::PASS;

/// A text as long as a pass, in the alphabet of a pass.
pub(super) fn pass(seed: u64) -> String {
    let mut dice = Dice(seed);
    let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    PASS.chars().chain((0..157).map(|_| char::from(alphabet[dice.roll(32) as usize]))).collect()
}

/// Chance that is the same on every run (xorshift).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// What a camera sees: a screen with a code on a table.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Pixels of one module.
    pub(super) module: f64,
    /// Degrees.
    pub(super) turned: f64,
    /// How much smaller the far edge is.
    pub(super) tilted: f64,
    /// Pixels to each side.
    pub(super) blurred: usize,
    /// The largest change of a pixel.
    pub(super) noise: u64,
    /// Black and white of the screen.
    pub(super) ink: (u8, u8),
    /// How much darker it is on the right.
    pub(super) shade: f64,
}

impl Default for Scene {
    fn default() -> Self {
        Self { width: 960, height: 720, module: 5.0, turned: 0.0, tilted: 0.0, blurred: 0, noise: 0, ink: (20, 235), shade: 0.0 }
    }
}

impl Scene {
    pub(super) fn draw(&self, text: &str) -> Grey {
        let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M).expect("fits");
        let (modules, across) = (code.to_colors(), code.width());
        let side = across as f64;
        let (sin, cos) = self.turned.to_radians().sin_cos();
        let light = |x: f64, y: f64| {
            // from the picture back to the code: middle, tilt, turn
            let (x, y) = (x - self.width as f64 / 2.0, y - self.height as f64 / 2.0);
            let depth = 1.0 - self.tilted * y / (side * self.module);
            let (x, y) = (x / depth / self.module, y / depth / self.module);
            let (x, y) = (x * cos + y * sin + side / 2.0, y * cos - x * sin + side / 2.0);
            let screen = -4.0..side + 4.0;
            let dark = |x: f64, y: f64| modules[y as usize * across + x as usize] == qrcode::Color::Dark;
            if !screen.contains(&x) || !screen.contains(&y) {
                110.0
            } else if (0.0..side).contains(&x) && (0.0..side).contains(&y) && dark(x, y) {
                f64::from(self.ink.0)
            } else {
                f64::from(self.ink.1)
            }
        };
        let mut pixels = Vec::with_capacity(self.width * self.height);
        for y in 0..self.height {
            for x in 0..self.width {
                let at = |dx: f64, dy: f64| light(x as f64 + dx, y as f64 + dy);
                let mean = (at(0.25, 0.25) + at(0.75, 0.25) + at(0.25, 0.75) + at(0.75, 0.75)) / 4.0;
                pixels.push((mean * (1.0 - self.shade * x as f64 / self.width as f64)) as u8);
            }
        }
        let mut grey = blur(Grey { pixels, width: self.width, height: self.height }, self.blurred);
        let mut dice = Dice(20_210_508);
        if self.noise > 0 {
            for pixel in &mut grey.pixels {
                let change = dice.roll(2 * self.noise + 1) as i64 - self.noise as i64;
                *pixel = (i64::from(*pixel) + change).clamp(0, 255) as u8;
            }
        }
        grey
    }
}

/// Two pictures of the same height, side by side.
pub(super) fn beside(left: &Grey, right: &Grey) -> Grey {
    let rows = left.pixels.chunks(left.width).zip(right.pixels.chunks(right.width));
    let pixels = rows.flat_map(|(left, right)| left.iter().chain(right).copied()).collect();
    Grey { pixels, width: left.width + right.width, height: left.height }
}

/// A box blur, one direction after the other.
fn blur(grey: Grey, radius: usize) -> Grey {
    if radius == 0 {
        return grey;
    }
    let (width, height) = (grey.width, grey.height);
    let pass = |from: &[u8], step: usize, along: usize, at: &dyn Fn(usize) -> usize| -> Vec<u8> {
        let mean = |pixel: usize| {
            let here = at(pixel);
            let (first, last) = (here.saturating_sub(radius), (here + radius).min(along - 1));
            let sum: usize = (first..=last).map(|other| usize::from(from[pixel + other * step - here * step])).sum();
            (sum / (last - first + 1)) as u8
        };
        (0..from.len()).map(mean).collect()
    };
    let level = pass(&grey.pixels, 1, width, &|pixel| pixel % width);
    Grey { pixels: pass(&level, width, height, &|pixel| pixel / width), width, height }
}
