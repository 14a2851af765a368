//! The five groups of contraindication that are asked about before a booking.
//!
//! Source: `mission.md` rule 7; Yongzhou notice of 2021-05-07, annex 1, part 1 (3). The wording is ours.

use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::words::words;

words! {
    /// A group of contraindication.
    Group {
        /// Allergy to the vaccine or something in it.
        Allergy = "allergy",
        /// A severe reaction to an earlier vaccination.
        SevereReaction = "severe_reaction",
        /// Uncontrolled epilepsy or another severe neurological disease.
        Neurological = "neurological",
        /// Fever, acute illness, or a chronic one out of control.
        AcuteOrUncontrolled = "acute_or_uncontrolled",
        /// Pregnancy.
        Pregnant = "pregnant",
    }
}

impl Group {
    /// A few words that name the group.
    pub fn title(self, lang: Lang) -> &'static str {
        match self {
            Self::Allergy => lang.pick("对疫苗或其中的成分过敏", "Allergy to the vaccine or something in it"),
            Self::SevereReaction => lang.pick("以前打疫苗有过严重反应", "A severe reaction to a vaccination before"),
            Self::Neurological => {
                lang.pick("癫痫未控制，或有严重神经系统疾病", "Uncontrolled epilepsy or a severe disease of the nerves")
            }
            Self::AcuteOrUncontrolled => {
                lang.pick("正在发热、急性发病，或慢性病没有控制好", "Fever, an acute illness, or a chronic one not under control")
            }
            Self::Pregnant => lang.pick("正在怀孕", "Pregnancy"),
        }
    }

    /// A line that helps to decide.
    pub fn hint(self, lang: Lang) -> &'static str {
        match self {
            Self::Allergy => lang.pick("包括上一次打同类疫苗时过敏", "Also an allergy after an earlier dose of the same kind"),
            Self::SevereReaction => {
                lang.pick("例如喘不过气、喉头或脸部肿胀、休克", "For example trouble breathing, a swollen face or throat, shock")
            }
            Self::Neurological => {
                lang.pick("例如脊髓炎、格林巴利综合征、脱髓鞘疾病", "For example myelitis, Guillain-Barré syndrome, demyelination")
            }
            Self::AcuteOrUncontrolled => {
                lang.pick("血压、血糖用药后稳定的，不算在内", "Blood pressure or sugar kept steady by medicine does not count")
            }
            Self::Pregnant => lang.pick("备孕或正在哺乳的，不算在内", "Planning a child or breastfeeding does not count"),
        }
    }
}

/// Which questions were asked: grows with each change of their number or of their words. A booking keeps this, and nothing else of the
/// answers: it is only made where all of them are no.
pub const VERSION: i16 = 1;

/// In place of a version: nobody was asked yet, because staff booked weeks ahead. They are asked on the day.
pub const NOT_ASKED: i16 = 0;

/// The answers: `true` is yes. Every question must have been answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screening {
    /// See [`Group::Allergy`].
    pub allergy: bool,
    /// See [`Group::SevereReaction`].
    pub severe_reaction: bool,
    /// See [`Group::Neurological`].
    pub neurological: bool,
    /// See [`Group::AcuteOrUncontrolled`].
    pub acute_or_uncontrolled: bool,
    /// See [`Group::Pregnant`].
    pub pregnant: bool,
}

impl Screening {
    /// Every question answered with no: what every booking was made with.
    pub const ALL_NO: Self =
        Self { allergy: false, severe_reaction: false, neurological: false, acute_or_uncontrolled: false, pregnant: false };

    /// The answer for one group.
    pub fn answer(&self, group: Group) -> bool {
        match group {
            Group::Allergy => self.allergy,
            Group::SevereReaction => self.severe_reaction,
            Group::Neurological => self.neurological,
            Group::AcuteOrUncontrolled => self.acute_or_uncontrolled,
            Group::Pregnant => self.pregnant,
        }
    }

    /// Sets the answer for one group.
    pub fn set(&mut self, group: Group, yes: bool) {
        match group {
            Group::Allergy => self.allergy = yes,
            Group::SevereReaction => self.severe_reaction = yes,
            Group::Neurological => self.neurological = yes,
            Group::AcuteOrUncontrolled => self.acute_or_uncontrolled = yes,
            Group::Pregnant => self.pregnant = yes,
        }
    }

    /// The first group answered with yes.
    pub fn first_yes(&self) -> Option<Group> {
        Group::ALL.iter().copied().find(|group| self.answer(*group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_yes_is_found_as_its_own_group() {
        assert_eq!(Screening::default().first_yes(), None);
        for group in Group::ALL {
            let mut screening = Screening::default();
            screening.set(*group, true);
            assert_eq!(screening.first_yes(), Some(*group));
        }
    }

    #[test]
    fn other_questions_are_another_version() {
        let words =
            Group::ALL.iter().flat_map(|group| [Lang::Zh, Lang::En].map(|lang| [group.title(lang), group.hint(lang)].join("|")));
        // FNV-1a
        let hash = words
            .collect::<Vec<_>>()
            .join("|")
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let known = [(1, 7_352_823_222_632_927_322)];
        assert_eq!(known.last(), Some(&(VERSION, hash)), "the questions have changed: raise VERSION and add it here");
    }

    #[test]
    fn no_to_everything_has_no_yes() {
        assert_eq!(Screening::ALL_NO.first_yes(), None);
    }

    #[test]
    fn an_unanswered_question_is_not_a_no() {
        let missing = r#"{"allergy":false,"severe_reaction":false,"neurological":false,"pregnant":false}"#;
        let error = serde_json::from_str::<Screening>(missing).expect_err("one is missing");
        assert!(error.to_string().contains("acute_or_uncontrolled"));
    }
}
