//! Members of staff, as the pages see them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Role;

/// The member of staff who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMember {
    /// What they sign in with.
    pub username: String,
    /// What others see beside what they did.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where they work; nothing for the office.
    pub site_id: Option<Uuid>,
    /// The name of that site.
    pub site_name: Option<String>,
}

/// Replies that hold the member of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneStaffMember {
    /// Them.
    pub staff: StaffMember,
}
