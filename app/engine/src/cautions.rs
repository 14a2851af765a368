//! What staff are to look at before a jab though the booking stands: asked of the same rules as when it was booked, on the day itself.

use std::collections::HashMap;

use domain::eligibility::{DoseRecord, Question};
use domain::error::Result;
use domain::pass::Pass;
use domain::person::Details;
use domain::reason::Reason;
use domain::time::{age_on, birthday};

use crate::Engine;
use crate::people;
use crate::shown::Found;

impl Engine {
    /// Under age today: then there is no jab, whatever was booked. A date of birth may have been put right since.
    pub(crate) fn too_young(&self, details: &Details) -> Option<Reason> {
        let (born_on, from_age) = (details.born_on, self.city().from_age);
        let old_enough = age_on(born_on, self.today()).is_some_and(|age| age >= from_age);
        (!old_enough).then(|| Reason::UnderAge { from_age, from: birthday(born_on, from_age) })
    }

    /// Whether the pass that was shown is from before the booking was moved.
    pub(crate) fn pass_outdated(found: &Found, pass: Option<&Pass>) -> Option<Reason> {
        let window = found.slot.window();
        let outdated = pass.is_some_and(|pass| pass.is_outdated(found.slot.site_id, &window, found.booking.version));
        outdated.then_some(Reason::PassOutdated { date: window.date })
    }

    /// What was given to the people of these bookings, read together; of those who come for a first dose nothing is asked.
    pub(crate) async fn doses_before(&self, found: &[Found]) -> Result<HashMap<Vec<u8>, Vec<DoseRecord>>> {
        let people: Vec<_> = found.iter().filter(|found| found.dose() > 1).map(|found| found.person.clone()).collect();
        people::doses_of(&self.store().read, &people, self.today()).await
    }

    /// What is doubtful about the dose: the one before was not given, or given too short or too long a time ago, or was another product.
    /// `doses`: as of [`Engine::doses_before`].
    pub(crate) fn doubtful_dose(
        &self,
        found: &Found,
        details: &Details,
        doses: &HashMap<Vec<u8>, Vec<DoseRecord>>,
    ) -> Result<Option<Reason>> {
        let dose = found.dose();
        if dose <= 1 {
            return Ok(None);
        }
        let vaccine = self.vaccine(&found.slot.vaccine_id)?;
        let mut before = self.in_course(&vaccine.course, doses.get(&found.booking.person_hash).cloned().unwrap_or_default());
        before.retain(|record| record.dose < dose);
        let question = Question {
            previous_dose_on: found.booking.previous_dose_on,
            ..self.question(details, &vaccine, dose, self.today(), &before)
        };
        Ok(question.decide().err().and_then(|error| error.reason))
    }
}
