//! Keys that come faster than a hand types: a scanner's.

/// Milliseconds between two keys of a hand, at least: twenty keys a second.
const HAND_MS: f64 = 50.0;
/// So many keys in a row that are faster are a scanner's.
const KEYS: u32 = 4;
/// Milliseconds of quiet after which a scanner has finished.
const QUIET_MS: f64 = 300.0;

/// The keys of the moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Burst {
    last_ms: f64,
    fast: u32,
}

impl Burst {
    /// Takes a key at an instant in milliseconds. Gives whether it is a scanner's, which it is until there was quiet; letters tell it as well.
    pub(crate) fn key(&mut self, key: &str, now_ms: f64) -> bool {
        let pause = now_ms - self.last_ms;
        self.last_ms = now_ms;
        let typed = key.chars().count() == 1 || key == "Enter" || key == "Tab";
        if self.fast >= KEYS && pause < QUIET_MS {
            return true;
        }
        self.fast = if typed && pause < HAND_MS { self.fast + 1 } else { 0 };
        self.fast >= KEYS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str], every_ms: f64) -> Vec<bool> {
        let mut burst = Burst::default();
        (1..).zip(keys).map(|(at, key)| burst.key(key, 10_000.0 + every_ms * f64::from(at))).collect()
    }

    #[test]
    fn a_hand_is_not_taken_for_a_scanner() {
        let pin = ["9", "4", "0", "2", "6", "3", "Enter"];
        for every_ms in [60.0, 120.0, 800.0] {
            assert!(!keys(&pin, every_ms).contains(&true), "{every_ms} ms");
        }
    }

    #[test]
    fn a_scanner_is_noticed_before_its_sixth_key_and_its_enter_goes_nowhere() {
        let code = ["7", "2", "9", "4", "0", "1", "5", "3", "8", "6", "Enter"];
        for every_ms in [1.0, 10.0, 40.0] {
            let seen = keys(&code, every_ms);
            assert!(seen[4..].iter().all(|scanner| *scanner), "{every_ms} ms: {seen:?}");
        }
    }

    #[test]
    fn after_some_quiet_a_hand_is_heard_again() {
        let mut burst = Burst::default();
        for at in 0..20 {
            burst.key("8", 10_000.0 + f64::from(at));
        }
        assert!(burst.key("Enter", 10_100.0));
        assert!(!burst.key("9", 10_500.0));
        assert!(!burst.key("4", 10_620.0));
    }
}
