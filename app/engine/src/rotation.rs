//! The keys of a running service: it learns of new ones by itself.
//!
//! It looks instead of being told. Rotation then needs no process id and no signal that one of several processes, machines or containers
//! may miss, and nothing waits for it: a new version seals only some minutes after it was written down, and by then everybody has looked.

use std::time::Duration;

use crate::Engine;
use crate::config::OpenError;
use crate::key_check;

/// When it is tried again after keys that were of no use.
const AGAIN: Duration = Duration::from_secs(60);

/// The least time between a new version's being written down and its sealing: every process looks many times in it, also after a fault.
pub const LEAST_NOTICE: Duration = Duration::from_secs(5 * 60);

impl Engine {
    /// Reads the keys again. `true`: there is something new. Keys that cannot be used, or do not belong to this database or to those in
    /// use, change nothing.
    ///
    /// # Errors
    /// [`OpenError::Keys`] and [`OpenError::OtherKeys`]; [`OpenError::Connect`] when the database does not answer.
    pub async fn reload_keys(&self) -> Result<bool, OpenError> {
        let source = &self.config().keys;
        let (fresh, present) = (source.load().await?, self.vault().keys());
        if fresh.same_as(&present) {
            return Ok(false);
        }
        if !fresh.continues(&present) {
            return Err(OpenError::OtherKeys(source.named()));
        }
        key_check::check(self.config(), self.store(), &fresh).await?;
        let versions: Vec<u8> = fresh.versions().iter().map(|one| one.version).collect();
        let passes: Vec<u8> = fresh.pass_keys().iter().map(|one| one.id).collect();
        let (seals, signs) = (fresh.sealing_version(self.now()), fresh.signing_id(self.now()));
        self.vault().take(fresh);
        tracing::info!(?versions, seals, ?passes, signs, "the keys are new");
        Ok(true)
    }

    /// Keeps the keys in step with where they come from, for as long as it is polled.
    pub async fn keep_keys(&self) {
        let Some(every) = self.config().keys.look_every() else { return std::future::pending().await };
        let mut read = None;
        loop {
            let mark = self.config().keys.mark();
            if mark.is_none() || mark != read {
                match self.reload_keys().await {
                    Ok(_) => read = mark,
                    Err(error) => {
                        tracing::error!(%error, "the keys stay as they were; they will be read again in a minute");
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            }
            tokio::time::sleep(every).await;
        }
    }
}
