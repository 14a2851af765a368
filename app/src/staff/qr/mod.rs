//! Reads a QR code out of a grey picture. Pure: the camera, a photo and the tests bring the pictures.

mod find;
#[cfg(test)]
mod scenes;

use super::scan::PASS;

/// A picture: one byte a pixel, 0 is black, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grey {
    pixels: Vec<u8>,
    width: usize,
    height: usize,
}

impl Grey {
    /// Takes the pixels of a canvas: red, green, blue, and an alpha that a camera's picture has not.
    pub(crate) fn of_rgba(rgba: &[u8], width: usize, height: usize) -> Self {
        // the weights of Rec. 601 in 256ths: no floats on the way of every frame
        let luma = |p: &[u8]| ((u32::from(p[0]) * 77 + u32::from(p[1]) * 150 + u32::from(p[2]) * 29) >> 8) as u8;
        let mut pixels: Vec<u8> = rgba.chunks_exact(4).map(luma).collect();
        pixels.resize(width * height, 255);
        Self { pixels, width, height }
    }

    /// Light and dark exchanged: a phone that darkens every page shows its codes so.
    pub(crate) fn inverted(mut self) -> Self {
        self.pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
        self
    }
}

/// The text of a QR code in the picture. Where there are several, a pass comes before a poster on the wall.
pub(crate) fn decode(grey: &Grey) -> Option<String> {
    // the smallest code has 21 modules
    if grey.width < 21 || grey.height < 21 {
        return None;
    }
    let mut found = None;
    find::find(grey, |matrix| {
        let Ok((_, text)) = rqrr::Grid::new(matrix).decode() else { return false };
        let enough = text.starts_with(PASS);
        if enough || found.is_none() {
            found = Some(text);
        }
        enough
    });
    found
}

#[cfg(test)]
mod tests {
    use super::scenes::{Dice, Scene, beside, pass};
    use super::*;

    const TURNS: [f64; 8] = [0.0, 5.0, 12.0, 33.0, 45.0, 90.0, 137.0, 180.0];

    #[track_caller]
    fn is_read(scene: &Scene) {
        assert_eq!(decode(&scene.draw(&pass(1))), Some(pass(1)), "{scene:?}");
    }

    #[test]
    fn a_pass_is_read_however_it_is_turned_and_tilted() {
        for turned in TURNS {
            for tilted in [0.0, 0.15] {
                is_read(&Scene { turned, tilted, ..Scene::default() });
            }
        }
    }

    #[test]
    fn a_pass_is_read_from_near_and_far() {
        for module in [2.0, 2.5, 3.0, 4.0, 6.0, 9.0, 10.0] {
            for turned in [0.0, 12.0, 45.0] {
                is_read(&Scene { module, turned, ..Scene::default() });
            }
        }
    }

    #[test]
    fn a_blurred_pass_is_read() {
        for (module, blurred) in [(3.0, 1), (5.0, 2), (8.0, 3)] {
            for turned in TURNS {
                is_read(&Scene { module, blurred, turned, ..Scene::default() });
            }
        }
    }

    #[test]
    fn a_pass_in_bad_light_is_read() {
        for turned in [0.0, 12.0, 45.0] {
            is_read(&Scene { noise: 60, turned, ..Scene::default() });
            is_read(&Scene { noise: 30, blurred: 1, module: 4.0, turned, ..Scene::default() });
            is_read(&Scene { ink: (90, 150), noise: 8, turned, ..Scene::default() });
            is_read(&Scene { shade: 0.7, turned, ..Scene::default() });
        }
    }

    #[test]
    fn a_scratched_pass_is_read() {
        let mut grey = Scene { module: 6.0, ..Scene::default() }.draw(&pass(1));
        // a thumb's width over one edge of 330 pixels
        for y in 420..445 {
            for x in 420..470 {
                grey.pixels[y * grey.width + x] = 120;
            }
        }
        assert_eq!(decode(&grey), Some(pass(1)));
    }

    #[test]
    fn a_pass_shown_light_on_dark_is_read_once_inverted() {
        let grey = Scene::default().draw(&pass(1)).inverted();
        assert_eq!(decode(&grey), None);
        assert_eq!(decode(&grey.inverted()), Some(pass(1)));
    }

    #[test]
    fn codes_of_all_sizes_are_read() {
        for length in [1, 20, 60, 120, 300, 700] {
            let text = "A1".repeat(length / 2 + 1);
            let scene = Scene { module: 4.0, width: 1000, height: 1000, ..Scene::default() };
            assert_eq!(decode(&scene.draw(&text)), Some(text.clone()), "{length}");
        }
    }

    #[test]
    fn a_pass_comes_before_a_poster() {
        let poster = Scene { width: 400, height: 500, module: 6.0, ..Scene::default() }.draw("https://example.org/poster");
        let phone = Scene { width: 400, height: 500, module: 4.0, ..Scene::default() }.draw(&pass(1));
        assert_eq!(decode(&beside(&poster, &phone)), Some(pass(1)));
        assert_eq!(decode(&beside(&phone, &poster)), Some(pass(1)));
    }

    #[test]
    fn what_is_no_code_is_not_read() {
        let mut dice = Dice(3);
        let noise = (0..640 * 480).map(|_| dice.roll(256) as u8).collect();
        for pixels in [vec![0; 640 * 480], vec![255; 640 * 480], noise] {
            assert_eq!(decode(&Grey { pixels, width: 640, height: 480 }), None);
        }
        for (width, height) in [(0, 0), (1, 1), (20, 480), (22, 22), (960, 21)] {
            assert_eq!(decode(&Grey { pixels: vec![128; width * height], width, height }), None);
        }
    }

    /// Both are known to stop other readers for minutes; here the work for a picture is bounded.
    #[test]
    fn nothing_that_is_seen_keeps_the_reader_busy() {
        let mut dice = Dice(11);
        for round in 0..30 {
            let mut grey = if round % 2 == 0 {
                finder_wall(2 + round / 6, 8 + round % 6)
            } else {
                Scene { noise: 200, ..Scene::default() }.draw(&pass(1))
            };
            for _ in 0..dice.roll(40) {
                let (x, y, side) =
                    (dice.roll(grey.width as u64) as usize, dice.roll(grey.height as u64) as usize, dice.roll(60) as usize);
                for row in y..(y + side).min(grey.height) {
                    let row = row * grey.width;
                    let right = (x + side).min(grey.width);
                    grey.pixels[row + x..row + right].fill(dice.roll(256) as u8);
                }
            }
            let start = std::time::Instant::now();
            let _ = decode(&grey);
            assert!(start.elapsed().as_secs() < 20, "round {round}: {:?}", start.elapsed());
        }
    }

    fn finder_wall(module: usize, every: usize) -> Grey {
        let (width, height) = (640, 480);
        let ink = |x: usize, y: usize| {
            let (x, y) = ((x / module % every) as i32 - 3, (y / module % every) as i32 - 3);
            let ring = x.abs().max(y.abs());
            ring <= 3 && ring != 2
        };
        let pixels = (0..width * height).map(|at| if ink(at % width, at / width) { 20 } else { 230 }).collect();
        Grey { pixels, width, height }
    }

    #[test]
    fn a_canvas_becomes_grey() {
        let grey = Grey::of_rgba(&[255, 255, 255, 255, 0, 0, 0, 255, 255, 0, 0, 255, 0, 255, 0, 255], 2, 2);
        assert_eq!(grey.pixels, [255, 0, 76, 149]);
    }
}
