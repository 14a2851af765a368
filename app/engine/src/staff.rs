//! Members of staff: who is signed in, at which site, and what the session is good for.

mod doorway;
mod house;
mod lock;
mod password;
mod second_factor;
mod totp;

use std::collections::HashMap;

use domain::access::{Action, Place, Role, Standing, may};
use domain::error::{Error, Result};
use domain::reason::Reason;
use domain::staff::{StaffMember, StaffSignIn, StaffSite};
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::sessions::Holder;
use crate::store::entities::{session, staff, staff_site};
use crate::store::lists::lists;

pub(crate) use house::write_sites;
pub use house::{NewStaff, StaffListed};

/// A member of staff who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Their id.
    pub id: Uuid,
    /// Who they are.
    pub member: StaffMember,
    session: session::Model,
}

impl Staff {
    /// Asks whether they may do something at a site.
    ///
    /// # Errors
    /// `forbidden`; `sign_in_required` while the screen is locked.
    pub(crate) fn may(&self, action: Action, site_id: Uuid) -> Result<()> {
        self.may_in(action, self.place_of(site_id))
    }

    /// Asks whether they may do something at any site at all: before anything is looked for, so that who may not learns nothing of what is
    /// there.
    ///
    /// # Errors
    /// `forbidden`; `sign_in_required` while the screen is locked.
    pub(crate) fn may_somewhere(&self, action: Action) -> Result<()> {
        let elsewhere = if self.member.site_id.is_some() { Place::Elsewhere } else { Place::Nowhere };
        self.may_in(action, elsewhere).or_else(|_| self.may_oneself(action))
    }

    /// Asks whether they may do something that concerns only themselves.
    ///
    /// # Errors
    /// `forbidden`; `sign_in_required` while the screen is locked.
    fn may_oneself(&self, action: Action) -> Result<()> {
        self.may_in(action, if self.member.site_id.is_some() { Place::Here } else { Place::Nowhere })
    }

    /// Where a site is, seen from the one that the session is bound to.
    pub(crate) fn place_of(&self, site_id: Uuid) -> Place {
        Place::of(&site_id, self.member.site_id.as_ref())
    }

    fn may_in(&self, action: Action, place: Place) -> Result<()> {
        let StaffMember { role, standing, .. } = self.member;
        if may(role, standing, action, place) {
            return Ok(());
        }
        // at some site they might: so that is what is missing
        let elsewhere = may(role, standing, action, Place::Here);
        Err(Error::new(match (standing, place) {
            (Standing::Locked, _) => Reason::Locked,
            (Standing::Enrolling, _) => Reason::SecondFactorNeeded,
            (Standing::Full, Place::Nowhere) if elsewhere => Reason::SiteNotChosen,
            (Standing::Full, _) => Reason::NotAllowed,
        }))
    }

    fn is_locked(&self) -> bool {
        self.member.standing == Standing::Locked
    }
}

impl Engine {
    /// The names of members of staff, by their ids.
    pub(crate) async fn staff_names(&self, ids: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, String>> {
        let mut ids: Vec<Uuid> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let mut names = HashMap::with_capacity(ids.len());
        for list in lists(&ids) {
            let rows =
                staff::Entity::find().filter(staff::Column::Id.is_in(list)).all(&self.store().read).await.map_err(internal)?;
            names.extend(rows.into_iter().map(|row| (row.id, row.name)));
        }
        Ok(names)
    }

    /// Exchanges user name and password, and the second factor where it is on, for a session. The session that came along, `old`, ends.
    /// With one site, or with one named, the session is bound to it; otherwise one must be chosen first. Gives the member of staff and
    /// the new session's token.
    ///
    /// # Errors
    /// `sign_in_required` when name or password is wrong, the same for both; when the second factor is needed as well, or wrong;
    /// `forbidden` on `site_id` for a site that is not theirs; `too_many` while locked out; `busy` when too many sign in at once.
    pub async fn staff_sign_in(&self, sign_in: &StaffSignIn, old: Option<&str>) -> Result<(StaffMember, String)> {
        let _turn = doorway::turn().await?;
        let row = self.try_password(&sign_in.username, &sign_in.password).await?;
        self.judge_second_factor(&row, sign_in.otp.as_deref()).await?;
        let sites = self.sites_of(&row).await?;
        let site_id = match (sites.as_slice(), sign_in.site_id) {
            (all, Some(wanted)) if all.iter().any(|site| site.id == wanted) => Some(wanted),
            ([only], None) => Some(only.id),
            (_, None) => None,
            // the office is bound to none, whatever it says
            ([], Some(_)) if row.role == Role::Office.as_str() => None,
            (_, Some(_)) => {
                self.take_try_back(&row).await?;
                return Err(Error::field("site_id", Reason::NotAllowed));
            }
        };
        self.let_in(&row).await?;
        let token = self.begin_session(Holder::Staff(row.id, site_id), old).await?;
        let detail = site_id.map(|id| id.to_string());
        self.deed(&self.store().write, Actor::Staff(row.id), "staff_sign_in", row.id, detail).await?;
        Ok((self.staff_as_they_are(&token).await?.member, token))
    }

    /// The member of staff of a session's token, whose screen is open and who has all that their role needs. The session counts as used.
    ///
    /// # Errors
    /// `sign_in_required` when there is none, also when they were disabled meanwhile, and while the screen is locked; `forbidden` while
    /// they have no second factor but need one.
    pub async fn staff(&self, token: &str) -> Result<Staff> {
        let staff = self.staff_by_itself(token).await?;
        self.note_use(&staff.session);
        Ok(staff)
    }

    /// The same for a call that the page makes by itself: it keeps no screen open.
    ///
    /// # Errors
    /// As [`Engine::staff`].
    pub async fn staff_by_itself(&self, token: &str) -> Result<Staff> {
        let staff = self.staff_as_they_are(token).await?;
        match staff.member.standing {
            Standing::Full => Ok(staff),
            Standing::Enrolling => Err(Error::new(Reason::SecondFactorNeeded)),
            Standing::Locked => Err(Error::new(Reason::Locked)),
        }
    }

    /// The member of staff of a session's token, whatever the session is good for. What they may do is asked at each thing that they do.
    ///
    /// # Errors
    /// `sign_in_required` when there is none, also when they were disabled meanwhile.
    pub async fn staff_as_they_are(&self, token: &str) -> Result<Staff> {
        let session = self.session_as_it_is(token).await?;
        let staff_id = session.staff_id.ok_or_else(|| Error::new(Reason::SignIn))?;
        let row = staff::Entity::find_by_id(staff_id).one(&self.store().read).await.map_err(internal)?;
        let row = row.filter(|row| !row.disabled).ok_or_else(|| Error::new(Reason::SignIn))?;
        let member = self.member(&row, &session).await?;
        Ok(Staff { id: row.id, member, session })
    }

    /// Somebody uses the page without asking for anything. A locked screen stays locked.
    pub fn staff_is_there(&self, staff: &Staff) {
        if !staff.is_locked() {
            self.note_use(&staff.session);
        }
    }

    /// Binds the session to one of the member's sites, once: what is done in a session is all done at one place, and nobody comes from one
    /// site's list to another's without signing in.
    ///
    /// # Errors
    /// `forbidden` on `site_id` for a site that is not theirs; `forbidden` when the session is bound to another one already.
    pub async fn staff_choose_site(&self, staff: &Staff, site_id: Uuid) -> Result<()> {
        if staff.member.standing == Standing::Full && staff.place_of(site_id) == Place::Here {
            return Ok(());
        }
        staff.may_oneself(Action::ChooseSite)?;
        if !staff.member.sites.iter().any(|site| site.id == site_id) {
            return Err(Error::field("site_id", Reason::NotAllowed));
        }
        self.note_use(&staff.session);
        let bound = session::Entity::update_many()
            .col_expr(session::Column::SiteId, Expr::value(site_id))
            .filter(session::COLUMN.token_hash.eq(staff.session.token_hash.clone()))
            .filter(session::COLUMN.site_id.is_null())
            .exec(&self.store().write)
            .await
            .map_err(internal)?;
        if bound.rows_affected == 0 {
            return Err(Error::new(Reason::NotAllowed));
        }
        self.deed(&self.store().write, Actor::Staff(staff.id), "staff_choose_site", site_id, None).await
    }

    /// Ends a member of staff's session. Nothing happens when there is none.
    ///
    /// # Errors
    /// `internal`
    pub async fn staff_sign_out(&self, token: &str) -> Result<()> {
        self.end_session(token).await
    }

    /// Ends every session of a member of staff, this one too.
    ///
    /// # Errors
    /// `forbidden` or `sign_in_required` in the session of a locked screen.
    pub async fn staff_sign_out_everywhere(&self, staff: &Staff) -> Result<()> {
        staff.may_oneself(Action::SignOutEverywhere)?;
        let ended = self.end_staff_sessions(&self.store().write, staff.id, None).await?;
        let detail = Some(format!("{ended} sessions"));
        self.deed(&self.store().write, Actor::Staff(staff.id), "staff_sign_out_everywhere", staff.id, detail).await
    }

    async fn member(&self, row: &staff::Model, session: &session::Model) -> Result<StaffMember> {
        let role: Role = row.role.parse().map_err(|()| Error::internal())?;
        let sites = self.sites_of(row).await?;
        // one that was taken from them meanwhile is not theirs any more
        let here = sites.iter().find(|site| Some(site.id) == session.site_id);
        let second_factor = self.has_second_factor(row.id).await?;
        let rules = &self.config().staff;
        let idle = self.now() - self.last_use(session);
        let standing = match () {
            () if session.locked_at.is_some() || rules.lock_after.is_some_and(|after| idle >= after) => Standing::Locked,
            () if !second_factor && rules.second_factor.contains(&role) => Standing::Enrolling,
            () => Standing::Full,
        };
        Ok(StaffMember {
            username: row.username.clone(),
            name: row.name.clone(),
            role,
            site_id: here.map(|site| site.id),
            site_name: here.map(|site| site.name.clone()),
            sites,
            standing,
            second_factor,
            pin: row.pin_hash.is_some(),
            lock_after_s: rules.lock_after.and_then(|after| u32::try_from(after.num_seconds()).ok()),
        })
    }

    /// The sites of a member of staff, in the city's order; none for the office.
    async fn sites_of(&self, row: &staff::Model) -> Result<Vec<StaffSite>> {
        let theirs = staff_site::Entity::find().filter(staff_site::COLUMN.staff_id.eq(row.id)).all(&self.store().read).await;
        let mut sites: Vec<_> =
            theirs.map_err(internal)?.into_iter().filter_map(|theirs| self.board().site_row(theirs.site_id)).collect();
        sites.sort_by_key(|site| site.position);
        Ok(sites.into_iter().map(|site| StaffSite { id: site.id, name: site.name, name_en: site.name_en }).collect())
    }
}

/// Whether an instant lies so near that what was shown then still counts.
fn is_fresh(at: DateTime<Utc>, now: DateTime<Utc>, minutes: i64) -> bool {
    now - at < chrono::TimeDelta::minutes(minutes)
}
