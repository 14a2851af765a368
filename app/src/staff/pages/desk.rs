//! What the staff's pages share: who is signed in, which site and day, how the network is, and how many are done.

use core::future::Future;
use core::time::Duration;

use domain::access::{Action, Place, Role, Standing, may};
use domain::availability::{Availability, SiteDays};
use domain::booking::BookingState;
use domain::checkin::Roster;
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use domain::staff::StaffMember;
use domain::{NaiveDate, Uuid};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{self, ApiError};
use crate::staff::offline;
use crate::staff::scan::Scan;
use crate::ui::call::get;
use crate::ui::{dom, nav};

/// An answer that takes longer is none: on bad Wi-Fi a request can hang for minutes.
const PATIENCE_MS: i32 = 8_000;
/// How often it is tried whether a lost network is back.
const HEARTBEAT_MS: u64 = 4_000;
/// How often the counts and the day are read again; reading a roster is audited, so not all the time.
const REFRESH_MS: u64 = 180_000;
const OFFICE_SITE: &str = "yizhen.staff.site";
/// That this tab is locked: a reload does not open what the server could not be told of.
const LOCKED: &str = "yizhen.staff.locked";
/// That somebody has signed out and the server could not be told yet.
const LEFT: &str = "yizhen.staff.left";

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    /// Not asked yet.
    Unknown,
    /// Nobody is signed in.
    Out,
    /// Somebody is.
    In,
    /// It was there and has ended: signing in again goes on where it stopped.
    Ended,
    /// It is locked: nothing of anybody is on the page.
    Locked,
}

/// How many of a day's bookings are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) done: usize,
    pub(crate) expected: usize,
}

/// It.
#[derive(Clone, Copy)]
pub(crate) struct Desk {
    pub(crate) session: RwSignal<Session>,
    pub(crate) member: RwSignal<Option<StaffMember>>,
    /// The city, its sites and the server's day.
    pub(crate) overview: RwSignal<Option<Availability>>,
    /// The site whose day is watched: one's own, or the one that the office chose.
    pub(crate) site_id: RwSignal<Option<Uuid>>,
    pub(crate) counts: RwSignal<Option<Counts>>,
    /// How many should be told by telephone, where that is theirs to do.
    pub(crate) calls: RwSignal<Option<u32>>,
    /// How many late records disagree with their booking, where that is theirs to settle.
    pub(crate) conflicts: RwSignal<Option<u32>>,
    /// Whether the last thing that was asked got an answer.
    pub(crate) online: RwSignal<bool>,
    /// Something that another page wants to see looked up.
    pub(crate) wanted: RwSignal<Option<Scan>>,
    /// Grows with every sign-in: what waited for one goes on.
    pub(crate) signed_in: RwSignal<u32>,
    /// Whether it is asked if somebody really signs out: something waits to be sent.
    pub(crate) leaving: RwSignal<bool>,
}

impl Desk {
    /// Makes it and provides it to all pages.
    pub(crate) fn start() -> Self {
        let desk = Self {
            session: RwSignal::new(Session::Unknown),
            member: RwSignal::new(None),
            overview: RwSignal::new(None),
            site_id: RwSignal::new(None),
            counts: RwSignal::new(None),
            calls: RwSignal::new(None),
            conflicts: RwSignal::new(None),
            online: RwSignal::new(true),
            wanted: RwSignal::new(None),
            signed_in: RwSignal::new(0),
            leaving: RwSignal::new(false),
        };
        provide_context(desk);
        desk.find_out();
        desk.keep_watch();
        desk
    }

    /// The one that was provided.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// Asks who is signed in, until there is an answer.
    fn find_out(self) {
        spawn_local(async move {
            while dom::local(LEFT).is_some() {
                match self.ask(api::staff::sign_out()).await {
                    Ok(_) => dom::keep_local(LEFT, None),
                    Err(_) => sleep(HEARTBEAT_MS as i32).await,
                }
            }
            loop {
                match self.ask(api::staff::me(true)).await {
                    Ok(one) if dom::session(LOCKED).is_some() => {
                        self.member.set(Some(one.staff));
                        return self.lock();
                    }
                    Ok(one) => return self.welcome(one.staff),
                    Err(error) if error.code == ErrorCode::SignInRequired => return self.session.set(Session::Out),
                    Err(_) => sleep(HEARTBEAT_MS as i32).await,
                }
            }
        });
    }

    fn keep_watch(self) {
        let check = move || {
            if self.session.get_untracked() != Session::In {
                return;
            }
            self.refresh();
        };
        // the application lives as long as its document, so nothing of this ever ends
        set_interval(check, Duration::from_millis(REFRESH_MS));
        let beat = move || {
            if !self.online.get_untracked() {
                self.try_network();
            }
        };
        set_interval(beat, Duration::from_millis(HEARTBEAT_MS));
        let _ = window_event_listener(leptos::ev::offline, move |_| self.online.set(false));
        let _ = window_event_listener(leptos::ev::online, move |_| self.try_network());
    }

    fn try_network(self) {
        spawn_local(async move {
            let answer = within(PATIENCE_MS, gloo_net::http::Request::get("/healthz").send()).await;
            let up = matches!(answer, Some(Ok(answer)) if answer.ok());
            if up && !self.online.get_untracked() {
                self.online.set(true);
                self.refresh();
            }
        });
    }

    /// Asks the server. Notes whether it could be reached, and whether the session has ended.
    pub(crate) async fn ask<T>(self, call: impl Future<Output = Result<T, ApiError>>) -> Result<T, Error> {
        let answer = match within(PATIENCE_MS, call).await {
            Some(answer) => answer.map_err(|ApiError(error)| error),
            None => Err(Error::new(Reason::Network)),
        };
        let reason = answer.as_ref().err().and_then(|error| error.reason.as_ref());
        let reached = reason != Some(&Reason::Network);
        if self.online.get_untracked() != reached {
            self.online.set(reached);
        }
        match (reason, self.session.get_untracked()) {
            (Some(Reason::SignIn), Session::In) => self.session.set(Session::Ended),
            (Some(Reason::SignIn), Session::Locked) => self.session.set(Session::Out),
            (Some(Reason::Locked), Session::In | Session::Ended) => self.cover(),
            // it was changed on another page, or by the house
            (Some(Reason::SecondFactorNeeded | Reason::SiteNotChosen), Session::In) => self.look_who(),
            _ => {}
        }
        answer
    }

    /// Somebody has signed in, for the first time or again.
    pub(crate) fn welcome(self, member: StaffMember) {
        let chosen = || dom::local(OFFICE_SITE).and_then(|id| id.parse().ok());
        let site_id = member.site_id.or_else(chosen);
        if self.site_id.get_untracked() != site_id {
            self.counts.set(None);
            self.site_id.set(site_id);
        }
        let locked = member.standing == Standing::Locked;
        self.member.set(Some(member));
        if locked {
            return self.cover();
        }
        dom::keep_session(LOCKED, None);
        dom::keep_local(LEFT, None);
        self.session.set(Session::In);
        self.signed_in.update(|times| *times += 1);
        self.refresh();
    }

    /// Whether the member of staff may do something at their own site, tracked: what they may not is not offered.
    pub(crate) fn may(self, action: Action) -> bool {
        self.member.with(|member| member.as_ref().is_some_and(|member| may(member.role, member.standing, action, Place::Here)))
    }

    fn may_untracked(self, action: Action) -> bool {
        untrack(|| self.may(action))
    }

    /// Whether the member of staff may begin to work.
    fn is_ready(self) -> bool {
        self.member.with_untracked(|member| {
            member.as_ref().is_some_and(|member| {
                member.standing == Standing::Full && (member.role == Role::Office || member.site_id.is_some())
            })
        })
    }

    /// Asks once more who is signed in, and what for.
    pub(crate) fn look_who(self) {
        spawn_local(async move {
            if let Ok(one) = self.ask(api::staff::me(false)).await {
                self.learn(one.staff);
            }
        });
    }

    /// What is known of the member of staff has changed; the pages stay as they are.
    pub(crate) fn learn(self, member: StaffMember) {
        if member.standing == Standing::Locked {
            return self.cover();
        }
        if self.member.with_untracked(|known| known.as_ref() != Some(&member)) {
            if member.site_id.is_some() {
                self.site_id.set(member.site_id);
            }
            self.member.set(Some(member));
        }
    }

    /// Takes everything from the page and asks for the PIN.
    pub(crate) fn cover(self) {
        self.counts.set(None);
        self.wanted.set(None);
        dom::keep_session(LOCKED, Some("1"));
        self.session.set(Session::Locked);
    }

    /// Locks: the page at once, the server as soon as it can be told. It locks by itself as well.
    pub(crate) fn lock(self) {
        self.cover();
        spawn_local(async move {
            while self.ask(api::staff::lock()).await.is_err() && self.session.get_untracked() == Session::Locked {
                sleep(HEARTBEAT_MS as i32).await;
            }
        });
    }

    /// Signs out; what was on the screen goes with it. Where something waits to be sent it is asked first.
    pub(crate) fn leave(self) {
        if offline::something_waits() && !self.leaving.get_untracked() {
            return self.leaving.set(true);
        }
        self.leaving.set(false);
        spawn_local(async move {
            // where the server cannot be told, nobody must find this session open after a reload
            if self.ask(api::staff::sign_out()).await.is_err() {
                dom::keep_local(LEFT, Some("1"));
            }
            self.farewell();
        });
    }

    /// Nobody can be asked who is signed in, and whoever was has taken the day along: the tablet goes on with them.
    pub(crate) fn go_on_alone(self, member: StaffMember) {
        if dom::session(LOCKED).is_none() && dom::local(LEFT).is_none() {
            self.online.set(false);
            self.site_id.set(member.site_id);
            self.member.set(Some(member));
            self.session.set(Session::In);
        }
    }

    /// Nobody is signed in any more.
    pub(crate) fn farewell(self) {
        self.counts.set(None);
        self.calls.set(None);
        self.conflicts.set(None);
        self.wanted.set(None);
        dom::keep_session(LOCKED, None);
        self.site_id.set(None);
        self.member.set(None);
        self.session.set(Session::Out);
        // whoever is next begins at scanning, and not where somebody else has been
        nav::replace("/");
    }

    /// The office looks at another site.
    pub(crate) fn choose_site(self, id: Option<Uuid>) {
        dom::keep_local(OFFICE_SITE, id.map(|id| id.to_string()).as_deref());
        self.counts.set(None);
        self.site_id.set(id);
        self.refresh();
    }

    /// Reads the day and the counts again.
    pub(crate) fn refresh(self) {
        spawn_local(async move {
            if let Some(Ok(overview)) = within(PATIENCE_MS, get::<Availability>("/availability")).await {
                self.overview.set(Some(overview));
            }
            if let (Some(site_id), Some(today), true) = (self.site_id.get_untracked(), self.today_now(), self.is_ready()) {
                // a failure shows as the network's state; the old counts stay
                let _ = self.roster(site_id, today).await;
            }
            if self.is_ready() && self.may_untracked(Action::ReadCallList) {
                // the same; and nobody is named
                if let Ok(waiting) = self.ask(api::messages::to_call_count()).await {
                    self.calls.set(Some(waiting.count));
                }
            }
            if let (Some(site_id), true) = (self.site_id.get_untracked(), self.is_ready())
                && self.may_untracked(Action::SettleConflict)
                && let Ok(open) = self.ask(api::offline::conflict_count(site_id)).await
            {
                self.conflicts.set(Some(open.count));
            }
        });
    }

    /// Reads a day's list; today's also gives the counts. It is no use of the session: whoever is there is told apart (`watch`).
    pub(crate) async fn roster(self, site_id: Uuid, date: NaiveDate) -> Result<Roster, Error> {
        let roster = self.ask(api::checkin::roster(site_id, date, true)).await?;
        if Some(date) == self.today_now() && Some(site_id) == self.site_id.get_untracked() {
            let done = roster.rows.iter().filter(|row| row.state == BookingState::Redeemed).count();
            self.counts.set(Some(Counts { done, expected: roster.rows.len() }));
        }
        Ok(roster)
    }

    /// A jab was recorded here (`1`) or taken back (`-1`): the counts need not wait for the next reading.
    pub(crate) fn count(self, change: isize) {
        self.counts.update(|counts| {
            if let Some(counts) = counts {
                counts.done = counts.done.saturating_add_signed(change).min(counts.expected);
            }
        });
    }

    /// The server's day, tracked.
    pub(crate) fn today(self) -> Option<NaiveDate> {
        self.overview.with(|overview| overview.as_ref().map(|overview| overview.today))
    }

    pub(crate) fn today_now(self) -> Option<NaiveDate> {
        self.overview.with_untracked(|overview| overview.as_ref().map(|overview| overview.today))
    }

    /// A site of the city, tracked.
    pub(crate) fn site(self, id: Uuid) -> Option<SiteDays> {
        self.overview
            .with(|overview| overview.as_ref().and_then(|overview| overview.sites.iter().find(|site| site.id == id).cloned()))
    }
}

/// Waits.
pub(crate) async fn sleep(ms: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        // without a timer (never seen) the wait is over at once
        let _ = dom::window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

/// What comes of `work` within a time, or nothing.
pub(crate) async fn within<T>(ms: i32, work: impl Future<Output = T>) -> Option<T> {
    use core::task::Poll;
    let mut work = core::pin::pin!(work);
    let mut end = core::pin::pin!(sleep(ms));
    core::future::poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => end.as_mut().poll(context).map(|()| None),
    })
    .await
}
