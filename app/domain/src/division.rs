//! County-level divisions of a city (GB/T 2260). Which ones there are is the city's data.

use serde::{Deserialize, Serialize};

use crate::lang::Lang;

/// A county-level division.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Division {
    /// Six digits, as in GB/T 2260.
    pub code: String,
    /// 冷水滩区
    pub name: String,
    /// Lengshuitan District
    pub name_en: String,
    /// Roughly its middle, WGS 84 degrees: latitude, longitude. Only to order counties by nearness.
    pub at: (f32, f32),
}

impl Division {
    /// The name in the reader's language.
    pub fn title(&self, lang: Lang) -> &str {
        lang.pick(&self.name, &self.name_en)
    }

    /// Squared distance to a point in degrees, longitude shortened by the latitude. Good for ordering, not for telling.
    pub fn distance(&self, to: (f32, f32)) -> f32 {
        let north = self.at.0 - to.0;
        let east = (self.at.1 - to.1) * self.at.0.to_radians().cos();
        north * north + east * east
    }
}

/// `divisions` with the one called `home` first and the others by nearness to it.
pub fn nearest_first(divisions: &[Division], home: &str) -> Vec<Division> {
    let mut ordered = divisions.to_vec();
    if let Some(home) = divisions.iter().find(|division| division.code == home) {
        let at = home.at;
        ordered.sort_by(|a, b| a.distance(at).total_cmp(&b.distance(at)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_comes_first_then_the_nearest() {
        let division = |code: &str, at| Division { code: code.into(), name: code.into(), name_en: code.into(), at };
        let all = [division("431103", (26.46, 111.60)), division("431129", (25.19, 111.58)), division("431102", (26.22, 111.63))];
        let order = |home| nearest_first(&all, home).into_iter().map(|d| d.code).collect::<Vec<_>>();
        assert_eq!(order("431103"), ["431103", "431102", "431129"]);
        assert_eq!(order("431129"), ["431129", "431102", "431103"]);
        assert_eq!(order("999999"), ["431103", "431129", "431102"]);
    }
}
