//! Settings: the doors in besides the phone code. Neither keys nor secrets are flags: every user of the machine could read those.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use engine::doors::{HostApps, WechatApi};
use zeroize::Zeroizing;

use super::values::address;

/// The secret of the official account in the environment.
const SECRET: &str = "WECHAT_SECRET";

/// The doors in besides the phone code.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Doors in")]
pub struct Doors {
    /// A TOML file with the apps that may send people here with a signed token, and their keys.
    #[arg(long, env = "HOST_APPS", value_name = "HOST_APPS", hide_env_values = true)]
    pub host_apps: Option<PathBuf>,
    /// The WeChat official account (公众号) whose users may sign in: its app id. It needs PUBLIC_ORIGIN.
    #[arg(long, env = "WECHAT_APP_ID", value_name = "WECHAT_APP_ID", hide_env_values = true)]
    pub wechat_app_id: Option<String>,
    /// A file that holds its secret. Instead of a file, the environment variable WECHAT_SECRET may hold it.
    #[arg(long, env = "WECHAT_SECRET_FILE", value_name = "WECHAT_SECRET_FILE", hide_env_values = true)]
    pub wechat_secret_file: Option<PathBuf>,
    /// Where browsers are sent to WeChat.
    #[arg(long, env = "WECHAT_AUTHORIZE_URL", value_name = "URL", value_parser = address, default_value = "https://open.weixin.qq.com/connect/oauth2/authorize", hide_env_values = true)]
    pub wechat_authorize_url: String,
    /// Where WeChat is asked whose code it is.
    #[arg(long, env = "WECHAT_API_URL", value_name = "URL", value_parser = address, default_value = "https://api.weixin.qq.com", hide_env_values = true)]
    pub wechat_api_url: String,
}

impl Doors {
    /// What must not be set together.
    pub(super) fn check(&self, demo: bool, public_origin: Option<&str>) -> Result<(), String> {
        if self.wechat_app_id.is_some() && public_origin.is_none() && !demo {
            return Err("WECHAT_APP_ID needs PUBLIC_ORIGIN, such as https://yizhen.example: WeChat sends people back there".into());
        }
        if self.wechat_app_id.is_none() && self.wechat_secret_file.is_some() {
            return Err("WECHAT_SECRET_FILE needs WECHAT_APP_ID".into());
        }
        Ok(())
    }

    /// The apps of the file; none without one.
    ///
    /// # Errors
    /// One line for the operator, which repeats no key.
    pub fn host_apps(&self) -> Result<HostApps, String> {
        let Some(path) = &self.host_apps else { return Ok(HostApps::default()) };
        let wrong = |why: String| format!("HOST_APPS {}: {why}", path.display());
        HostApps::parse(&read_private(path).map_err(wrong)?).map_err(wrong)
    }

    /// The way to WeChat, where there is an official account.
    ///
    /// # Errors
    /// One line for the operator.
    pub fn wechat(&self) -> Result<Option<WechatApi>, String> {
        let Some(app_id) = self.wechat_app_id.as_deref().filter(|id| !id.is_empty()) else { return Ok(None) };
        let named = std::env::var(SECRET).ok().filter(|secret| !secret.is_empty()).map(Zeroizing::new);
        let secret = match (&self.wechat_secret_file, named) {
            (Some(_), Some(_)) => {
                return Err(format!("WECHAT_SECRET_FILE and {SECRET} are two ways to the same secret; set one of them"));
            }
            (Some(path), None) => read_private(path).map_err(|why| format!("WECHAT_SECRET_FILE {}: {why}", path.display()))?,
            (None, Some(secret)) => secret,
            (None, None) => {
                return Err(format!("WECHAT_APP_ID needs its secret: WECHAT_SECRET_FILE, or {SECRET} in the environment"));
            }
        };
        let secret = Zeroizing::new(secret.trim().to_owned());
        if secret.is_empty() {
            return Err("the secret of WECHAT_APP_ID is empty".into());
        }
        WechatApi::new(app_id, secret, &self.wechat_authorize_url, &self.wechat_api_url).map(Some)
    }
}

/// A file that not everybody may read.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<String>, String> {
    let why = |error: std::io::Error| format!("it cannot be read: {error}");
    let about = std::fs::metadata(path).map_err(why)?;
    if !about.is_file() {
        return Err("it is no file".into());
    }
    if about.permissions().mode() & 0o007 != 0 {
        return Err("every user of the machine can read it; make it its owner's alone with chmod 600".into());
    }
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(why)
}
