//! What the citizen's pages share: the live overview, who is signed in, the booking in the making.

use domain::booking::Booking;
use domain::error::{Error, ErrorCode};
use domain::notice::Notice;
use domain::person::{Account, Identity, Person};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::draft::Draft;
use super::kept;
use crate::api;
use crate::live::{Live, Overview};
use crate::ui::call::get;
use crate::ui::{Load, dom, lang, load};

const SIGNED_IN: &str = "yizhen.signed_in";
/// The account that came in last in this tab: what somebody else has typed is not theirs.
const CAME_IN: &str = "yizhen.came_in";

/// It.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub(crate) live: Live,
    pub(crate) draft: RwSignal<Draft>,
    /// Whether a session should be there. The cookie itself is out of sight; the server has the last word.
    pub(crate) signed_in: RwSignal<bool>,
    /// What the server found wrong with the details, on the way to the page where they are typed.
    pub(crate) person_errors: RwSignal<Vec<Error>>,
    /// A refusal on the way to the page where the answers are checked.
    pub(crate) refusal: RwSignal<Option<Error>>,
    pub(crate) account: RwSignal<Option<Account>>,
    /// Whether an app or WeChat has just brought somebody, who is told as whom they are signed in.
    pub(crate) arrived: RwSignal<bool>,
    pub(crate) people: RwSignal<Load<Vec<Person>>>,
    pub(crate) notice: RwSignal<Load<Notice>>,
    /// The booking that was last made, moved or cancelled here: its page need not ask again.
    pub(crate) last: RwSignal<Option<Booking>>,
    /// The telephone of the site that a page is about, where the address does not tell it.
    pub(crate) site_phone: RwSignal<Option<String>>,
    /// Whether this is a demonstration, with an inbox for its messages.
    pub(crate) demo: RwSignal<Option<bool>>,
}

impl State {
    /// Makes it and provides it to all pages.
    pub(crate) fn start() -> Self {
        let state = Self {
            live: Live::start(),
            draft: RwSignal::new(Draft::kept()),
            signed_in: RwSignal::new(dom::local(SIGNED_IN).is_some()),
            person_errors: RwSignal::new(vec![]),
            refusal: RwSignal::new(None),
            account: RwSignal::new(None),
            arrived: RwSignal::new(false),
            people: RwSignal::new(Load::Waiting),
            notice: RwSignal::new(Load::Waiting),
            last: RwSignal::new(None),
            site_phone: RwSignal::new(None),
            demo: RwSignal::new(None),
        };
        Effect::new(move |_| state.draft.with(Draft::keep));
        if dom::take_cookie(domain::session::ARRIVED_COOKIE) {
            dom::keep_local(SIGNED_IN, Some("1"));
            state.signed_in.set(true);
            state.arrived.set(true);
        }
        if state.signed_in.get_untracked() {
            state.load_account();
        }
        state.follow_other_tabs();
        state.tell_language();
        provide_context(state);
        state
    }

    /// The one that was provided.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// Reads something of the overview, tracked; `None` until it is here.
    pub(crate) fn overview<T>(&self, read: impl FnOnce(&Overview) -> T) -> Option<T> {
        self.live.overview.with(|now| now.ready().map(read))
    }

    /// The same, for event handlers.
    pub(crate) fn overview_now<T>(&self, read: impl FnOnce(&Overview) -> T) -> Option<T> {
        self.live.overview.with_untracked(|now| now.ready().map(read))
    }

    /// Somebody has signed in.
    pub(crate) fn welcome(&self, account: Account) {
        dom::keep_local(SIGNED_IN, Some("1"));
        self.account.set(Some(account));
        self.signed_in.set(true);
        self.load_people();
    }

    /// Who the account's holder is, where an app has vouched for it and nothing stands against it.
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.account.with(|account| account.as_ref()?.identity.clone()).filter(|identity| !identity.differs)
    }

    /// What happened to the session in another tab of this browser happened here too.
    fn follow_other_tabs(self) {
        // for as long as the page is open: the handle is not needed
        let _ = window_event_listener(leptos::ev::storage, move |event| {
            if event.key().as_deref() != Some(SIGNED_IN) {
                return;
            }
            match event.new_value() {
                None => self.farewell(),
                Some(_) => {
                    self.signed_in.set(true);
                    self.load_account();
                }
            }
        });
    }

    /// Messages come in the language that the account's holder reads here, by whatever door they came in.
    fn tell_language(self) {
        Effect::new(move |_| {
            let lang = lang();
            if self.account.with(|account| account.as_ref().is_none_or(|account| account.lang == lang)) {
                return;
            }
            spawn_local(async move {
                // where it fails, the next switch or visit says it again
                if api::accounts::set_lang(lang).await.is_ok() {
                    let _ = self.account.try_update(|account| account.iter_mut().for_each(|account| account.lang = lang));
                }
            });
        });
    }

    /// Nobody is signed in any more. Said twice, it changes nothing the second time: what is being typed to sign in again stays.
    pub(crate) fn farewell(&self) {
        if !self.signed_in.get_untracked() {
            return;
        }
        dom::keep_local(SIGNED_IN, None);
        kept::forget();
        self.account.set(None);
        self.arrived.set(false);
        self.people.set(Load::Waiting);
        self.last.set(None);
        self.signed_in.set(false);
    }

    /// Notices when a refusal says that the session is over.
    pub(crate) fn heed(&self, error: &Error) {
        if error.code == ErrorCode::SignInRequired {
            self.farewell();
        }
    }

    fn load_account(self) {
        spawn_local(async move {
            match api::accounts::me().await {
                Ok(answer) => {
                    if self.arrived.get_untracked() && dom::session(CAME_IN).is_none_or(|before| before != answer.account.phone) {
                        dom::keep_session(CAME_IN, Some(&answer.account.phone));
                        self.draft.set(Draft::default());
                        kept::forget();
                    }
                    self.account.set(Some(answer.account));
                    self.load_people();
                }
                Err(error) => {
                    self.heed(&error.0);
                    self.people.set(Load::Failed(error.0));
                }
            }
        });
    }

    /// Asks for the account's people.
    pub(crate) fn load_people(self) {
        load(self.people, async { Ok(api::people::list().await?.people) });
    }

    /// Asks for the notice in force, if it is not here yet.
    pub(crate) fn need_notice(self) {
        if self.notice.with_untracked(|notice| notice.ready().is_none()) {
            self.load_notice();
        }
    }

    /// Asks for the notice in force.
    pub(crate) fn load_notice(self) {
        load(self.notice, api::notices::current());
    }

    /// Finds out whether this is a demonstration: only there is an inbox to look into.
    pub(crate) fn need_demo(self) {
        if self.demo.get_untracked().is_none() {
            spawn_local(async move {
                let inbox = get::<Vec<domain::message::DemoMessage>>("/demo/messages").await;
                self.demo.set(Some(inbox.is_ok()));
            });
        }
    }
}
