//! What the command line does with members of staff. Whoever may run it is the house itself; each deed is audited as such.

use domain::access::Role;
use domain::error::{Error, Result};
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

use super::password;
use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::store::entities::{recovery_code, second_factor, session, staff, staff_site};

/// A member of staff to be added, or to be given a new password and place.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// What they sign in with: 2–40 letters, digits, `.`, `_` or `-`.
    pub username: String,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where they work; at least one for all but the office.
    pub sites: Vec<Uuid>,
    /// Eight characters or more, and none of those that are tried first.
    pub password: String,
}

/// A member of staff, in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffListed {
    /// What they sign in with.
    pub username: String,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The names of their sites.
    pub sites: Vec<String>,
    /// Whether they sign in with a second factor.
    pub second_factor: bool,
    /// Whether they may not sign in any more.
    pub disabled: bool,
    /// When they last signed in.
    pub signed_in_at: Option<DateTime<Utc>>,
}

impl Engine {
    /// Adds a member of staff; one of the same user name gets the new name, role, sites and password, and their sessions end.
    ///
    /// # Errors
    /// `invalid` on `username`, `password` or `site_id`; `not_found` on `site_id`.
    pub async fn staff_add(&self, new: NewStaff) -> Result<()> {
        let username = new.username.trim().to_lowercase();
        let allowed = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-');
        if !(2..=40).contains(&username.len()) || !username.chars().all(allowed) {
            return Err(Error::field("username", Reason::Malformed));
        }
        password::check("password", &new.password, &[&username, &new.name])?;
        let sites = if new.role == Role::Office { vec![] } else { new.sites };
        if new.role != Role::Office && sites.is_empty() {
            return Err(Error::field("site_id", Reason::Missing));
        }
        for site_id in &sites {
            self.site(*site_id).map_err(|_| Error::field("site_id", Reason::NotFound))?;
        }
        let row = staff::ActiveModel {
            id: Set(self.new_id()),
            username: Set(username.clone()),
            name: Set(new.name.trim().to_owned()),
            role: Set(new.role.as_str().to_owned()),
            site_id: Set(sites.first().copied()),
            password_hash: Set(self.hash_password(new.password).await?),
            disabled: Set(false),
            failed: Set(0),
            locked_until: Set(None),
            created_at: Set(self.now()),
            pin_hash: Set(None),
            signed_in_at: Set(None),
        };
        use staff::Column::{Disabled, Failed, LockedUntil, Name, PasswordHash, Role as RoleColumn, SiteId, Username};
        let replace = OnConflict::column(Username)
            .update_columns([Name, RoleColumn, SiteId, PasswordHash, Disabled, Failed, LockedUntil])
            .to_owned();
        let tx = self.store().begin().await.map_err(internal)?;
        staff::Entity::insert(row).on_conflict(replace).exec_without_returning(&tx).await.map_err(internal)?;
        let id = named(&tx, &username).await?.id;
        write_sites(&tx, id, &sites).await?;
        self.end_staff_sessions(&tx, id, None).await?;
        let detail = Some(format!("{} at {} sites", new.role, sites.len()));
        self.deed(&tx, Actor::House, "staff_add", id, detail).await?;
        tx.commit().await.map_err(internal)
    }

    /// Gives a member of staff a new password, and takes away their second factor, their PIN and every session: for a lost phone as for a
    /// forgotten password.
    ///
    /// # Errors
    /// `not_found` on `username`; `invalid` on `password`.
    pub async fn staff_reset(&self, username: &str, password: String) -> Result<()> {
        let whose = named(&self.store().read, username).await?;
        password::check("password", &password, &[&whose.username, &whose.name])?;
        let hash = self.hash_password(password).await?;
        self.change(username, "staff_reset", async |tx, id| {
            staff::Entity::update_many()
                .col_expr(staff::Column::PasswordHash, Expr::value(hash))
                .col_expr(staff::Column::PinHash, Expr::value(None::<String>))
                .col_expr(staff::Column::Failed, Expr::value(0))
                .col_expr(staff::Column::LockedUntil, Expr::value(None::<DateTime<Utc>>))
                .filter(staff::COLUMN.id.eq(id))
                .exec(tx)
                .await
                .map_err(internal)?;
            take_factor_away(tx, id).await?;
            self.end_staff_sessions(tx, id, None).await.map(drop)
        })
        .await
    }

    /// Lets a member of staff sign in no more, and ends every session of theirs.
    ///
    /// # Errors
    /// `not_found` on `username`.
    pub async fn staff_disable(&self, username: &str) -> Result<()> {
        self.change(username, "staff_disable", async |tx, id| {
            set_disabled(tx, id, true).await?;
            self.end_staff_sessions(tx, id, None).await.map(drop)
        })
        .await
    }

    /// Lets a member of staff sign in again, with the password that they had.
    ///
    /// # Errors
    /// `not_found` on `username`.
    pub async fn staff_enable(&self, username: &str) -> Result<()> {
        self.change(username, "staff_enable", async |tx, id| set_disabled(tx, id, false).await).await
    }

    /// Ends every session of a member of staff, wherever they are signed in: a tablet was lost. Gives how many there were.
    ///
    /// # Errors
    /// `not_found` on `username`.
    pub async fn staff_sign_out_of_all(&self, username: &str) -> Result<u64> {
        let mut ended = 0;
        self.change(username, "staff_sign_out", async |tx, id| {
            ended = self.end_staff_sessions(tx, id, None).await?;
            Ok(())
        })
        .await?;
        Ok(ended)
    }

    /// Ends every session at a site, and those of its members that are bound to none yet. Gives how many there were.
    ///
    /// # Errors
    /// `not_found` on `site_id`.
    pub async fn staff_sign_out_site(&self, site_id: Uuid) -> Result<u64> {
        self.site(site_id).map_err(|_| Error::field("site_id", Reason::NotFound))?;
        let members = Query::select()
            .column(staff_site::Column::StaffId)
            .from(staff_site::Entity)
            .and_where(Expr::col(staff_site::Column::SiteId).eq(site_id))
            .to_owned();
        let unbound = Expr::col(session::Column::SiteId).is_null().and(Expr::col(session::Column::StaffId).in_subquery(members));
        let there = Expr::col(session::Column::SiteId).eq(site_id).or(unbound);
        let tx = self.store().begin().await.map_err(internal)?;
        let ended = session::Entity::delete_many().filter(there).exec(&tx).await.map_err(internal)?.rows_affected;
        self.deed(&tx, Actor::House, "staff_sign_out", site_id, Some(format!("{ended} sessions"))).await?;
        tx.commit().await.map_err(internal)?;
        Ok(ended)
    }

    /// Everybody, by user name.
    ///
    /// # Errors
    /// `internal`
    pub async fn staff_list(&self) -> Result<Vec<StaffListed>> {
        let rows = staff::Entity::find().order_by_asc(staff::Column::Username).all(&self.store().read).await.map_err(internal)?;
        let mut list = Vec::with_capacity(rows.len());
        for row in rows {
            list.push(StaffListed {
                role: row.role.parse().map_err(|()| Error::internal())?,
                sites: self.sites_of(&row).await?.into_iter().map(|site| site.name).collect(),
                second_factor: self.has_second_factor(row.id).await?,
                username: row.username,
                name: row.name,
                disabled: row.disabled,
                signed_in_at: row.signed_in_at,
            });
        }
        Ok(list)
    }

    /// A site by its id, its key in the city file, or its name.
    ///
    /// # Errors
    /// `not_found` on `site_id`.
    pub fn find_site(&self, text: &str) -> Result<Uuid> {
        let by_key = || self.config().city.site(text).map(|entry| entry.id());
        let by_name = || self.board().site_named(text);
        let found = text.parse().ok().or_else(by_key).filter(|id| self.site(*id).is_ok()).or_else(by_name);
        found.ok_or_else(|| Error::field("site_id", Reason::NotFound))
    }

    /// A password that nobody guesses, of letters and digits that are read out without mistakes: 80 bits.
    pub fn draw_password(&self) -> String {
        const SIGNS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
        let drawn: [u8; 16] = self.vault().entropy().bytes();
        drawn.iter().map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect()
    }

    /// Does something to a member of staff, and writes it down, in one transaction.
    async fn change(
        &self,
        username: &str,
        action: &str,
        work: impl AsyncFnOnce(&DatabaseTransaction, Uuid) -> Result<()>,
    ) -> Result<()> {
        let tx = self.store().begin().await.map_err(internal)?;
        let id = named(&tx, username).await?.id;
        work(&tx, id).await?;
        self.deed(&tx, Actor::House, action, id, None).await?;
        tx.commit().await.map_err(internal)
    }
}

async fn named(db: &impl ConnectionTrait, username: &str) -> Result<staff::Model> {
    let username = username.trim().to_lowercase();
    let row = staff::Entity::find().filter(staff::COLUMN.username.eq(username)).one(db).await.map_err(internal)?;
    row.ok_or_else(|| Error::field("username", Reason::NotFound))
}

/// Writes where somebody works, in place of what was there.
pub(crate) async fn write_sites(db: &impl ConnectionTrait, staff_id: Uuid, sites: &[Uuid]) -> Result<()> {
    staff_site::Entity::delete_many().filter(staff_site::COLUMN.staff_id.eq(staff_id)).exec(db).await.map_err(internal)?;
    for site_id in sites {
        let row = staff_site::ActiveModel { staff_id: Set(staff_id), site_id: Set(*site_id) };
        let once = OnConflict::columns([staff_site::Column::StaffId, staff_site::Column::SiteId]).do_nothing().to_owned();
        staff_site::Entity::insert(row).on_conflict(once).try_insert().exec_without_returning(db).await.map_err(internal)?;
    }
    Ok(())
}

async fn set_disabled(db: &impl ConnectionTrait, id: Uuid, disabled: bool) -> Result<()> {
    staff::Entity::update_many()
        .col_expr(staff::Column::Disabled, Expr::value(disabled))
        .filter(staff::COLUMN.id.eq(id))
        .exec(db)
        .await
        .map(drop)
        .map_err(internal)
}

/// Takes away a second factor and its recovery codes.
pub(super) async fn take_factor_away(db: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    recovery_code::Entity::delete_many().filter(recovery_code::COLUMN.staff_id.eq(id)).exec(db).await.map_err(internal)?;
    second_factor::Entity::delete_by_id(id).exec(db).await.map(drop).map_err(internal)
}
