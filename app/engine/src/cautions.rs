//! What staff are to look at before a jab though the booking stands: asked of the same rules as when it was booked, on the day itself.

use domain::eligibility::{DoseRecord, Question};
use domain::error::Result;
use domain::pass::Pass;
use domain::reason::Reason;
use domain::time::{age_on, birthday};

use crate::Engine;
use crate::people;
use crate::shown::Found;

impl Engine {
    /// Under age today: then there is no jab, whatever was booked. A date of birth may have been put right since.
    pub(crate) fn too_young(&self, found: &Found) -> Result<Option<Reason>> {
        let born_on = people::open(self.vault(), &found.person)?.born_on;
        let from_age = self.city().from_age;
        let old_enough = age_on(born_on, self.today()).is_some_and(|age| age >= from_age);
        Ok((!old_enough).then(|| Reason::UnderAge { from_age, from: birthday(born_on, from_age) }))
    }

    /// Whether the pass that was shown is from before the booking was moved.
    pub(crate) fn pass_outdated(found: &Found, pass: Option<&Pass>) -> Option<Reason> {
        let window = found.slot.window();
        let outdated = pass.is_some_and(|pass| pass.is_outdated(found.slot.site_id, &window, found.booking.version));
        outdated.then_some(Reason::PassOutdated { date: window.date })
    }

    /// What is doubtful about the dose: the one before was not given, or given too short or too long a time ago, or was another product.
    pub(crate) async fn doubtful_dose(&self, found: &Found) -> Result<Option<Reason>> {
        let dose = found.dose();
        if dose <= 1 {
            return Ok(None);
        }
        let vaccine = self.vaccine(&found.slot.vaccine_id)?;
        let details = people::open(self.vault(), &found.person)?;
        let judged = self.judged(found, &vaccine).await?;
        let before: Vec<DoseRecord> = judged.doses.iter().filter(|record| record.dose < dose).cloned().collect();
        let question = Question {
            born_on: details.born_on,
            from_age: self.city().from_age,
            vaccine: &vaccine,
            dose,
            on: self.today(),
            today: self.today(),
            history: &before,
            previous_dose_on: found.booking.previous_dose_on,
            screening: None,
        };
        Ok(question.decide().err().and_then(|error| error.reason))
    }
}
