//! Settings: how long people stay signed in.

use chrono::TimeDelta;
use clap::Args;
use domain::session::Lasts;

/// How long people stay signed in.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Sessions")]
pub struct Sessions {
    /// Days that a citizen stays signed in without coming back.
    #[arg(long, env = "SESSION_IDLE_DAYS", value_name = "DAYS", default_value_t = standard().citizens.idle.num_days(), value_parser = clap::value_parser!(i64).range(1..=365), hide_env_values = true)]
    pub session_idle_days: i64,
    /// Days that a citizen stays signed in at most.
    #[arg(long, env = "SESSION_DAYS", value_name = "DAYS", default_value_t = standard().citizens.whole.num_days(), value_parser = clap::value_parser!(i64).range(1..=365), hide_env_values = true)]
    pub session_days: i64,
    /// Minutes that a member of staff stays signed in without doing anything, give or take five.
    #[arg(long, env = "STAFF_SESSION_IDLE_MINUTES", value_name = "MINUTES", default_value_t = standard().staff.idle.num_minutes(), value_parser = clap::value_parser!(i64).range(15..=1440), hide_env_values = true)]
    pub staff_session_idle_minutes: i64,
    /// Hours that a member of staff stays signed in at most.
    #[arg(long, env = "STAFF_SESSION_HOURS", value_name = "HOURS", default_value_t = standard().staff.whole.num_hours(), value_parser = clap::value_parser!(i64).range(1..=24), hide_env_values = true)]
    pub staff_session_hours: i64,
}

fn standard() -> engine::Sessions {
    engine::Sessions::default()
}

impl Sessions {
    /// Nobody can be away for longer than they are signed in.
    pub(super) fn check(&self) -> Result<(), String> {
        let engine::Sessions { citizens, staff } = self.engine();
        if citizens.idle > citizens.whole {
            return Err("SESSION_IDLE_DAYS must not be more than SESSION_DAYS".into());
        }
        if staff.idle > staff.whole {
            return Err("STAFF_SESSION_IDLE_MINUTES must not be more than STAFF_SESSION_HOURS".into());
        }
        Ok(())
    }

    /// As the engine takes them.
    pub fn engine(&self) -> engine::Sessions {
        engine::Sessions {
            citizens: Lasts { idle: TimeDelta::days(self.session_idle_days), whole: TimeDelta::days(self.session_days) },
            staff: Lasts {
                idle: TimeDelta::minutes(self.staff_session_idle_minutes),
                whole: TimeDelta::hours(self.staff_session_hours),
            },
        }
    }
}
