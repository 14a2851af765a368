//! The demo's members of staff: `nurse` and `manager` at the demo's site, `office` everywhere.

use domain::access::Role;
use domain::error::Result;
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::city_file::stable_id;
use crate::error::internal;
use crate::staff::write_sites;
use crate::store::entities::staff;

/// User name, what others see, role.
const STAFF: [(&str, &str, Role); 3] =
    [("nurse", "演示护士", Role::Nurse), ("manager", "演示负责人", Role::Manager), ("office", "演示市办", Role::Office)];

/// The user names.
pub(super) fn usernames() -> [&'static str; 3] {
    STAFF.map(|(username, ..)| username)
}

/// The id of a demo member of staff.
pub(super) fn id(username: &str) -> Uuid {
    stable_id(&["demo", "staff", username])
}

/// Writes the three, who share a password and its hash; who is there already gets the new password and a clean slate.
pub(super) async fn write(db: &impl ConnectionTrait, site_id: Uuid, password_hash: &str, now: DateTime<Utc>) -> Result<()> {
    for (username, name, role) in STAFF {
        let row = staff::ActiveModel {
            id: Set(id(username)),
            username: Set(username.to_owned()),
            name: Set(name.to_owned()),
            role: Set(role.as_str().to_owned()),
            site_id: Set((role != Role::Office).then_some(site_id)),
            password_hash: Set(password_hash.to_owned()),
            disabled: Set(false),
            failed: Set(0),
            locked_until: Set(None),
            created_at: Set(now),
            pin_hash: Set(None),
            signed_in_at: Set(None),
        };
        let again = OnConflict::column(staff::Column::Username)
            .update_columns([
                staff::Column::PasswordHash,
                staff::Column::SiteId,
                staff::Column::Disabled,
                staff::Column::Failed,
                staff::Column::LockedUntil,
            ])
            .to_owned();
        staff::Entity::insert(row).on_conflict(again).exec_without_returning(db).await.map_err(internal)?;
        let sites: &[Uuid] = if role == Role::Office { &[] } else { &[site_id] };
        write_sites(db, id(username), sites).await?;
    }
    Ok(())
}
