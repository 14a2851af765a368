//! The scale of a plot.

/// A round number that is at least `most`, and in how many even steps it is reached.
pub(crate) fn scale(most: u32) -> (u32, u32) {
    let mut unit = 1;
    loop {
        for (top, steps) in [(2, 2), (3, 3), (4, 4), (5, 5), (6, 3), (8, 4), (10, 5), (15, 3)] {
            if top * unit >= most {
                return (top * unit, steps);
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::scale;

    #[test]
    fn the_scale_is_round_reaches_the_tallest_bar_and_has_even_steps() {
        for most in 0..3000 {
            let (top, steps) = scale(most);
            assert!(top >= most && top % steps == 0 && (most < 3 || top < most * 2), "{most}: {top} in {steps}");
        }
    }
}
