//! Finds where a QR code lies in a grey picture, and reads its modules off.
//!
//! `rqrr` corrects and reads the modules (`super`); it could find them too, but not on a live camera: a frame that
//! almost looks like a code keeps it busy for minutes or ends it (WanzenBug/rqrr#54, dlbeer/quirc#162), and a stuck frame is
//! a stuck tablet. Here every loop has an end that does not depend on what is seen. The way is the known one: rows that
//! cross a finder pattern (1:1:3:1:1), three of them that make a corner, the alignment pattern, a perspective.

use super::Grey;

/// No more finder patterns than this are looked at: a wall of codes costs no more than this one frame.
const MOST_FINDERS: usize = 20;
/// No more corners than this are tried.
const MOST_CORNERS: usize = 8;
/// A point in the picture: x to the right, y down, whole numbers in the middle of a pixel.
type Point = (f32, f32);

/// The modules of a code, row by row; `true` is dark.
pub(crate) struct Matrix {
    size: usize,
    modules: Vec<bool>,
}

impl rqrr::BitGrid for Matrix {
    fn size(&self) -> usize {
        self.size
    }

    fn bit(&self, y: usize, x: usize) -> bool {
        self.modules[y * self.size + x]
    }
}

/// Every reading of the picture that may be a code, the likeliest first, until `accept` has enough.
pub(crate) fn find(grey: &Grey, mut accept: impl FnMut(Matrix) -> bool) {
    let picture = Darkness::of(grey);
    let finders = finders(&picture);
    for corner in corners(&finders) {
        let Some(sides) = corner.modules(&picture) else { continue };
        for size in sizes(sides) {
            for far in corner.far_points(&picture, size) {
                if read(&picture, &corner, far, size).is_some_and(&mut accept) {
                    return;
                }
            }
        }
    }
}

/// How much darker each pixel is than its surroundings: above zero is ink.
struct Darkness {
    values: Vec<i16>,
    width: usize,
    height: usize,
}

impl Darkness {
    fn of(grey: &Grey) -> Self {
        let (width, height) = (grey.width, grey.height);
        // wide enough to reach beyond the middle of a finder pattern of a code that fills the picture
        let reach = (width.max(height) / 24).max(8);
        let mut sums = vec![0u32; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut row = 0;
            for x in 0..width {
                row += u32::from(grey.pixels[y * width + x]);
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
            }
        }
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            let (top, bottom) = (y.saturating_sub(reach) * (width + 1), (y + reach + 1).min(height) * (width + 1));
            let rows = (bottom - top) / (width + 1);
            for x in 0..width {
                let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(width));
                let sum = sums[bottom + right] + sums[top + left] - sums[top + right] - sums[bottom + left];
                let mean = sum / (rows * (right - left)) as u32;
                // a little below the mean, so that plain paper is no ink
                values.push((mean - mean / 32) as i16 - i16::from(grey.pixels[y * width + x]));
            }
        }
        Self { values, width, height }
    }

    /// Between the pixels, linearly. `None` outside the picture.
    fn at(&self, (x, y): Point) -> Option<f32> {
        if !(x >= 0.0 && y >= 0.0) {
            return None;
        }
        let (left, top) = (x as usize, y as usize);
        if left + 1 >= self.width || top + 1 >= self.height {
            return None;
        }
        let (dx, dy) = (x - left as f32, y - top as f32);
        let value = |x: usize, y: usize| f32::from(self.values[y * self.width + x]);
        let upper = value(left, top) * (1.0 - dx) + value(left + 1, top) * dx;
        let lower = value(left, top + 1) * (1.0 - dx) + value(left + 1, top + 1) * dx;
        Some(upper * (1.0 - dy) + lower * dy)
    }

    /// How far from `from` the ink ends, begins and ends again when one walks in a direction of length 1.
    fn three_edges(&self, from: Point, (dx, dy): Point, most: f32) -> Option<[f32; 3]> {
        let mut edges = [0.0; 3];
        let mut found = 0;
        let mut last = self.at(from)?;
        let mut walked = 0.0;
        while walked < most {
            walked += 1.0;
            // the picture's edge ends a pattern like paper does
            let here = self.at((from.0 + dx * walked, from.1 + dy * walked)).unwrap_or(-1.0);
            if (last > 0.0) != (here > 0.0) {
                edges[found] = walked - 1.0 + last / (last - here);
                found += 1;
                if found == 3 {
                    return Some(edges);
                }
            }
            last = here;
        }
        None
    }

    /// Whether a line through `middle` crosses a finder pattern: its module's length on that line, and the true middle.
    fn cross(&self, middle: Point, along: Point, most: f32) -> Option<(f32, Point)> {
        if self.at(middle)? <= 0.0 {
            return None;
        }
        let ahead = self.three_edges(middle, along, most)?;
        let back = self.three_edges(middle, (-along.0, -along.1), most)?;
        let runs = [back[2] - back[1], back[1] - back[0], back[0] + ahead[0], ahead[1] - ahead[0], ahead[2] - ahead[1]];
        let module = finder_module(runs)?;
        let shift = (ahead[0] - back[0] + ahead[1] - back[1] + ahead[2] - back[2]) / 6.0;
        Some((module, (middle.0 + along.0 * shift, middle.1 + along.1 * shift)))
    }
}

/// The length of a module if five runs of ink and paper are those of a finder pattern.
fn finder_module(runs: [f32; 5]) -> Option<f32> {
    let module = runs.iter().sum::<f32>() / 7.0;
    let fits = |run: f32, modules: f32| (run - modules * module).abs() < 0.55 * modules.min(2.0) * module;
    let fit = fits(runs[0], 1.0) && fits(runs[1], 1.0) && fits(runs[2], 3.0) && fits(runs[3], 1.0) && fits(runs[4], 1.0);
    (fit && module > 1.2).then_some(module)
}

#[derive(Clone, Copy, Debug)]
struct Finder {
    at: Point,
    module: f32,
    /// How many rows crossed it.
    rows: u32,
}

fn finders(picture: &Darkness) -> Vec<Finder> {
    let mut found: Vec<Finder> = Vec::new();
    for y in 0..picture.height {
        let row = &picture.values[y * picture.width..(y + 1) * picture.width];
        let mut edges = [0.0f32; 6];
        let mut seen = 0;
        for (x, pair) in row.windows(2).enumerate() {
            let (last, here) = (f32::from(pair[0]), f32::from(pair[1]));
            if (last > 0.0) == (here > 0.0) {
                continue;
            }
            edges.rotate_left(1);
            edges[5] = x as f32 + last / (last - here);
            seen += 1;
            let ink_ends = last > 0.0;
            if !ink_ends || seen < 6 {
                continue;
            }
            let runs = [edges[1] - edges[0], edges[2] - edges[1], edges[3] - edges[2], edges[4] - edges[3], edges[5] - edges[4]];
            if let Some(module) = finder_module(runs) {
                note(picture, &mut found, ((edges[2] + edges[3]) / 2.0, y as f32), module);
            }
        }
    }
    found.sort_by_key(|finder| std::cmp::Reverse(finder.rows));
    found.truncate(MOST_FINDERS);
    found
}

/// Adds what a row crossed to the finders, if the other directions say so too.
fn note(picture: &Darkness, found: &mut Vec<Finder>, at: Point, module: f32) {
    let near = |finder: &&mut Finder| {
        let reach = 2.0 * finder.module;
        (finder.at.0 - at.0).abs() < reach && (finder.at.1 - at.1).abs() < reach
    };
    if let Some(known) = found.iter_mut().find(near) {
        known.rows += 1;
        return;
    }
    if found.len() >= 10 * MOST_FINDERS {
        return;
    }
    let most = module * 8.0;
    let upright = |at| picture.cross(at, (0.0, 1.0), most);
    let level = |at| picture.cross(at, (1.0, 0.0), most);
    let slanted = |at| picture.cross(at, (0.707, 0.707), most);
    let Some((_, at)) = upright(at) else { return };
    let Some((_, at)) = level(at) else { return };
    let Some((height, at)) = upright(at) else { return };
    let Some((width, at)) = level(at) else { return };
    if slanted(at).is_none() || !(0.5..2.0).contains(&(height / width)) {
        return;
    }
    found.push(Finder { at, module: (height + width) / 2.0, rows: 1 });
}

/// Three finder patterns: the one in the angle, the one to its right, the one below it.
struct Corner {
    angle: Point,
    right: Point,
    below: Point,
    module: f32,
    /// The smaller the more like a corner.
    doubt: f32,
}

fn corners(finders: &[Finder]) -> Vec<Corner> {
    let mut corners = Vec::new();
    for a in 0..finders.len() {
        for b in 0..finders.len() {
            for c in b + 1..finders.len() {
                if a != b && a != c {
                    corners.extend(Corner::of(&finders[a], &finders[b], &finders[c]));
                }
            }
        }
    }
    corners.sort_by(|a, b| a.doubt.total_cmp(&b.doubt));
    corners.truncate(MOST_CORNERS);
    corners
}

impl Corner {
    fn of(angle: &Finder, one: &Finder, other: &Finder) -> Option<Self> {
        let (u, v) = (minus(one.at, angle.at), minus(other.at, angle.at));
        let (u_length, v_length) = (length(u), length(v));
        let lean = (u.0 * v.0 + u.1 * v.1).abs() / (u_length * v_length);
        let uneven = (u_length / v_length).ln().abs();
        let least = angle.module.min(one.module).min(other.module);
        let most = angle.module.max(one.module).max(other.module);
        let plausible = lean < 0.4 && uneven < 0.6 && most / least < 1.8 && u_length.min(v_length) > 9.0 * least;
        let turns_right = u.0 * v.1 - u.1 * v.0 > 0.0;
        let (right, below) = if turns_right { (one.at, other.at) } else { (other.at, one.at) };
        let doubt = lean + uneven + (most / least).ln();
        plausible.then_some(Self { angle: angle.at, right, below, module: (angle.module + one.module + other.module) / 3.0, doubt })
    }

    /// How many modules lie between the middles of the finder patterns, measured along both sides.
    fn modules(&self, picture: &Darkness) -> Option<f32> {
        let side = |to: Point| {
            let way = minus(to, self.angle);
            let along = (way.0 / length(way), way.1 / length(way));
            let at = |point| picture.cross(point, along, self.module * 9.0).map(|(module, _)| module);
            let module = match (at(self.angle), at(to)) {
                (Some(one), Some(other)) => (one + other) / 2.0,
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => return None,
            };
            Some(length(way) / module)
        };
        match (side(self.right), side(self.below)) {
            (Some(one), Some(other)) => Some((one + other) / 2.0),
            (one, other) => one.or(other),
        }
    }

    /// Where the middle of the alignment pattern may be; without one, where a fourth finder pattern would be.
    fn far_points(&self, picture: &Darkness, size: usize) -> Vec<Far> {
        let between = size as f32 - 7.0;
        let (u, v) = (minus(self.right, self.angle), minus(self.below, self.angle));
        let flat = Far { at: (self.angle.0 + u.0 + v.0, self.angle.1 + u.1 + v.1), module: size as f32 - 3.5 };
        if size == 21 {
            return vec![flat];
        }
        let (u, v) = ((u.0 / between, u.1 / between), (v.0 / between, v.1 / between));
        let inwards = between - 3.0;
        let guess = (self.angle.0 + (u.0 + v.0) * inwards, self.angle.1 + (u.1 + v.1) * inwards);
        let reach = (size as f32 * 0.15).clamp(3.0, 9.0);
        let rough = best_alignment(picture, guess, (u, v), reach, 0.5);
        let fine = rough.and_then(|rough| best_alignment(picture, rough, (u, v), 0.6, 0.12));
        fine.map(|at| Far { at, module: size as f32 - 6.5 }).into_iter().chain([flat]).collect()
    }
}

/// The fourth point of the perspective.
#[derive(Clone, Copy)]
struct Far {
    at: Point,
    /// Its place in modules, the same across and down.
    module: f32,
}

/// The place within `reach` modules of `guess` that looks most like an alignment pattern.
fn best_alignment(picture: &Darkness, guess: Point, (u, v): (Point, Point), reach: f32, step: f32) -> Option<Point> {
    let steps = (reach / step) as i32;
    let place = |from: Point, a: f32, b: f32| (from.0 + u.0 * a + v.0 * b, from.1 + u.1 * a + v.1 * b);
    let mut best = (0.0, None);
    for i in -steps..=steps {
        for j in -steps..=steps {
            let at = place(guess, i as f32 * step, j as f32 * step);
            let mut likeness = 0.0;
            for a in -2i32..=2 {
                for b in -2i32..=2 {
                    let value = picture.at(place(at, a as f32, b as f32)).unwrap_or(0.0).clamp(-48.0, 48.0);
                    // one ring of paper (8 modules) weighs as much as the ink around and within it (17)
                    likeness += if a.abs().max(b.abs()) == 1 { -2.0 * value } else { value };
                }
            }
            if likeness > best.0 {
                best = (likeness, Some(at));
            }
        }
    }
    best.1
}

/// The sizes that a code may have, the nearest first.
fn sizes(between_finders: f32) -> impl Iterator<Item = usize> {
    let versions = (between_finders + 7.0 - 17.0) / 4.0;
    let nearest = versions.round();
    let second = if versions > nearest { nearest + 1.0 } else { nearest - 1.0 };
    [nearest, second, 2.0 * nearest - second]
        .into_iter()
        .filter(|version| (1.0..=40.0).contains(version))
        .map(|version| version as usize * 4 + 17)
}

/// Reads every module in its middle.
fn read(picture: &Darkness, corner: &Corner, far: Far, size: usize) -> Option<Matrix> {
    let end = size as f32 - 3.5;
    let seen = square_to(corner.angle, corner.right, far.at, corner.below)?;
    let known = square_to((3.5, 3.5), (end, 3.5), (far.module, far.module), (3.5, end))?;
    let way = product(&seen, &adjugate(&known));
    let mut modules = Vec::with_capacity(size * size);
    for y in 0..size {
        for x in 0..size {
            let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
            let [a, b, c] = [0, 1, 2].map(|row| way[row][0] * x + way[row][1] * y + way[row][2]);
            modules.push(picture.at((a / c, b / c))? > 0.0);
        }
    }
    Some(Matrix { size, modules })
}

type Projection = [[f32; 3]; 3];

/// The projection of the unit square's corners (clockwise from the origin) to four points (Heckbert 1989).
fn square_to(p0: Point, p1: Point, p2: Point, p3: Point) -> Option<Projection> {
    let (d1, d2) = (minus(p1, p2), minus(p3, p2));
    let s = (p0.0 - p1.0 + p2.0 - p3.0, p0.1 - p1.1 + p2.1 - p3.1);
    let area = d1.0 * d2.1 - d2.0 * d1.1;
    if area.abs() < 1e-3 {
        return None;
    }
    let (g, h) = ((s.0 * d2.1 - d2.0 * s.1) / area, (d1.0 * s.1 - s.0 * d1.1) / area);
    Some([
        [p1.0 - p0.0 + g * p1.0, p3.0 - p0.0 + h * p3.0, p0.0],
        [p1.1 - p0.1 + g * p1.1, p3.1 - p0.1 + h * p3.1, p0.1],
        [g, h, 1.0],
    ])
}

/// The way back, up to a factor, which a projection does not mind.
fn adjugate(m: &Projection) -> Projection {
    let minor = |r0: usize, c0: usize, r1: usize, c1: usize| m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
    [
        [minor(1, 1, 2, 2), -minor(0, 1, 2, 2), minor(0, 1, 1, 2)],
        [-minor(1, 0, 2, 2), minor(0, 0, 2, 2), -minor(0, 0, 1, 2)],
        [minor(1, 0, 2, 1), -minor(0, 0, 2, 1), minor(0, 0, 1, 1)],
    ]
}

fn product(a: &Projection, b: &Projection) -> Projection {
    [0, 1, 2].map(|row| [0, 1, 2].map(|column| (0..3).map(|k| a[row][k] * b[k][column]).sum()))
}

fn minus(a: Point, b: Point) -> Point {
    (a.0 - b.0, a.1 - b.1)
}

fn length((x, y): Point) -> f32 {
    x.hypot(y)
}
