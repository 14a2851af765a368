//! When a tablet stops waiting for the network, and when it begins again. Pure, so that every case is tested.

/// After so many slow ones in a row it is not even tried.
const IN_ROW: u32 = 2;

/// How the network was of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patience {
    slow: u32,
}

impl Patience {
    /// An answer came in time, or did not.
    pub(crate) fn note(&mut self, in_time: bool) {
        self.slow = if in_time { 0 } else { self.slow.saturating_add(1) };
    }

    /// Whether the tablet answers by itself at once, and only tries in the background whether the network is well again.
    pub(crate) fn is_over(self) -> bool {
        self.slow >= IN_ROW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_slow_answers_in_a_row_are_enough_and_a_quick_one_begins_again() {
        let mut patience = Patience::default();
        for (in_time, over) in [(false, false), (true, false), (false, false), (false, true), (false, true), (true, false)] {
            patience.note(in_time);
            assert_eq!(patience.is_over(), over);
        }
    }
}
