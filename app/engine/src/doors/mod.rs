//! Doors in besides the phone code: a city's app that vouches for who comes, and a WeChat official account.

mod apps;
mod demo_app;
mod enter;
mod oauth_state;
mod token;
mod wechat;
mod wechat_api;

pub use apps::{HostApp, HostApps};
pub use demo_app::{DemoApp, Invented};
pub use enter::{Entered, NotEntered};
pub use oauth_state::STATE_LASTS;
pub use token::Refused;
pub use wechat::{ByWechat, Pending};
pub use wechat_api::{Openid, WechatApi, WechatError};
