//! How busy the demo's city is: which windows are closed, and how many of each one's places are taken. Pure, and the same
//! every time, so that a later start goes on where the first one stopped.

use domain::chrono::Timelike;
use domain::slot::Window;
use domain::{NaiveDate, Uuid};

use super::invent::Dice;

/// What a site is in the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Where the demo's staff work: busy on the day, with free places at any hour.
    Staff,
    /// Where everything that is released is taken.
    Full,
    /// Any other.
    Other,
}

/// Whether the site has closed this window.
pub(super) fn is_closed(part: Part, site_key: &str, id: Uuid, date: NaiveDate) -> bool {
    let whole_day = Dice::new(&["closed day", site_key, &date.to_string()]).below(40) == 0;
    part == Part::Other && (whole_day || Dice::of("closed", id).below(24) == 0)
}

/// How many places of an open, released window are taken; `days` is how far ahead it is, -1 for yesterday.
pub(super) fn seats(part: Part, id: Uuid, capacity: u32, window: Window, days: i64) -> u32 {
    let mut dice = Dice::of("seats", id);
    let mut up_to = |most: u32| 1 + u32::try_from(dice.below(u64::from(most.max(1)))).unwrap_or(0);
    let by_day = (8..18).contains(&window.start.hour());
    match (part, days) {
        (Part::Staff, -1) if by_day => up_to(capacity / 4),
        (Part::Staff, 0..=2) => up_to(if by_day { capacity / 3 } else { 2 }),
        (Part::Full, 0..=2) => capacity,
        (Part::Other, 0..=2) if capacity <= 20 && up_to(7) == 1 => capacity,
        (Part::Other, 0..=6) if up_to(8) == 1 => up_to((capacity / 3).min(6)),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city_file::CityFile;
    use domain::time::plus_days;

    #[test]
    fn a_city_on_a_usual_week_shows_every_state_with_a_few_thousand_people() {
        let file = CityFile::yongzhou();
        let roles = file.demo.clone().expect("roles");
        for first in ["2026-11-23", "2026-11-27", "2027-02-28"] {
            let first: NaiveDate = first.parse().expect("a date");
            let (mut people, mut full, mut closed, mut part_full) = (0, 0, 0, 0);
            for (site, days) in file.sites.iter().flat_map(|site| (-1..14).map(move |days| (site, days))) {
                let part = if site.key == roles.staff_site {
                    Part::Staff
                } else if site.key == roles.full_site {
                    Part::Full
                } else {
                    Part::Other
                };
                let date =
                    if days < 0 { first.pred_opt().expect("a day") } else { plus_days(first, u32::try_from(days).expect("small")) };
                for slot in site.slots(date) {
                    if is_closed(part, &site.key, slot.id, date) {
                        closed += 1;
                        continue;
                    }
                    let seats = seats(part, slot.id, slot.capacity, slot.window, days);
                    assert!(seats <= slot.capacity);
                    assert!(part != Part::Staff || seats < slot.capacity, "the staff's site keeps free places");
                    people += seats;
                    full += u32::from(seats == slot.capacity);
                    part_full += u32::from(seats > 0 && seats < slot.capacity);
                }
            }
            assert!((1000..4000).contains(&people), "{people} people");
            assert!(full > 50 && closed > 50 && part_full > 100, "{full} full, {closed} closed, {part_full} in part");
        }
    }
}
