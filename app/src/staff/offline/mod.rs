//! Working without a network: what was taken along answers, what is recorded waits on the tablet and is sent when the network is back.
//!
//! The network goes first, for as long as it is quick. The counter has three seams to here, [`look_up`], [`list`] and [`redeem`]; everything else
//! happens by itself: taking along after signing in, sending, and taking the keys away when the screen is locked or somebody signs out.

mod alone;
mod send;
mod store;
mod worker;

use core::cell::OnceCell;
use core::time::Duration;
use std::rc::Rc;

use domain::access::Action;
use domain::checkin::{CheckedIn, LookUp, Outcome, Redeem, Redemption, RosterRow};
use domain::error::Error;
use domain::offline::late::Late;
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use leptos::prelude::*;
use leptos::task::spawn_local;

use self::store::{Along, Entry, Store};
use crate::api;
use crate::staff::pages::desk::{Desk, Session, within};
use crate::staff::patience::Patience;
use crate::staff::scan::Scan;
use crate::ui::dom;

/// An answer that takes longer is not waited for: the tablet answers by itself.
const SHORT_MS: i32 = 1_500;
/// How often it is looked whether something waits, and whether a slow network is well again.
const BEAT_MS: u64 = 4_000;
/// How often the day is taken along again.
const AGAIN_MS: u64 = 600_000;
/// What the tablet calls itself.
const DEVICE: &str = "yizhen.staff.device";

thread_local! {
    static HERE: OnceCell<Offline> = const { OnceCell::new() };
}

/// It.
#[derive(Clone, Copy)]
pub(crate) struct Offline {
    desk: Desk,
    /// How many jabs wait to be sent.
    pub(crate) waiting: RwSignal<usize>,
    /// How many the server has refused: somebody must be told.
    pub(crate) refused: RwSignal<usize>,
    /// Whether the tablet can answer by itself.
    pub(crate) prepared: RwSignal<bool>,
    /// Whether the network is there, but so slow that the tablet answers by itself.
    pub(crate) slow: RwSignal<bool>,
    along: StoredValue<Option<Rc<Along>>, LocalStorage>,
    store: StoredValue<Option<Store>, LocalStorage>,
    /// What was recorded on this tablet: what waits, and what the day that was taken along does not tell yet.
    entries: StoredValue<Vec<Entry>, LocalStorage>,
    patience: StoredValue<Patience>,
    /// Whether what lies on the tablet was looked at.
    opened: RwSignal<bool>,
    sending: StoredValue<bool>,
}

/// Begins; it lasts as long as the document.
pub(crate) fn start(desk: Desk) -> Offline {
    let offline = Offline {
        desk,
        waiting: RwSignal::new(0),
        refused: RwSignal::new(0),
        prepared: RwSignal::new(false),
        slow: RwSignal::new(false),
        along: StoredValue::new_local(None),
        store: StoredValue::new_local(None),
        entries: StoredValue::new_local(vec![]),
        patience: StoredValue::new(Patience::default()),
        opened: RwSignal::new(false),
        sending: StoredValue::new(false),
    };
    HERE.with(|here| here.set(offline).ok());
    provide_context(offline);
    offline.follow();
    worker::start();
    spawn_local(async move {
        if let Ok(store) = Store::open().await {
            offline.store.set_value(Some(store));
            offline.go_on().await;
        }
    });
    offline
}

impl Offline {
    /// The one that was provided.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// Follows the session and the network.
    fn follow(self) {
        Effect::new(move |_| {
            // what was left behind is taken away as soon as it can be reached
            match (self.opened.get(), self.desk.session.get()) {
                (true, Session::Locked) => self.close(false),
                (true, Session::Out) => self.close(true),
                _ => {}
            }
        });
        Effect::new(move |_| {
            let (times, site, online) = (self.desk.signed_in.get(), self.desk.site_id.get(), self.desk.online.get());
            if self.opened.get() && times > 0 && site.is_some() && online {
                self.take();
            }
        });
        set_interval(move || self.beat(), Duration::from_millis(BEAT_MS));
        set_interval(move || self.take(), Duration::from_millis(AGAIN_MS));
    }

    /// After a reload: what was taken along today goes on, also where nobody can be asked who is signed in.
    async fn go_on(self) {
        let Some(store) = self.store.get_value() else { return };
        let along = store.kept().await.filter(Along::is_of_today);
        let key = along.as_ref().map(|along| along.taken.queue_key);
        if let Ok((lying, entries)) = store.queue(key.as_ref()).await {
            self.waiting.set(lying);
            if key.is_some() {
                self.entries.set_value(entries);
                self.recount();
            }
        }
        if let Some(along) = along {
            self.along.set_value(Some(Rc::new(along.clone())));
            self.prepared.set(true);
            self.opened.set(true);
            return self.open_alone(along).await;
        }
        self.opened.set(true);
    }

    /// Nobody can be asked who is signed in: whoever was, is, as long as the screen was not locked.
    async fn open_alone(self, along: Along) {
        crate::staff::pages::desk::sleep(SHORT_MS).await;
        if self.desk.session.get_untracked() == Session::Unknown {
            self.desk.go_on_alone(along.member.clone());
        }
    }

    fn beat(self) {
        if self.desk.session.get_untracked() != Session::In {
            return;
        }
        if self.slow.get_untracked() {
            spawn_local(async move {
                let asked = gloo_net::http::Request::get("/healthz").send();
                let well = matches!(within(SHORT_MS, asked).await, Some(Ok(answer)) if answer.ok());
                if well {
                    self.note(true);
                }
            });
        }
        if self.desk.online.get_untracked() {
            self.send();
        }
    }

    fn note(self, in_time: bool) {
        self.patience.update_value(|patience| patience.note(in_time));
        self.slow.set(self.patience.get_value().is_over());
    }

    /// Takes the day along. Where that fails, what was taken before stays.
    fn take(self) {
        let (Some(site_id), Some(store)) = (self.desk.site_id.get_untracked(), self.store.get_value()) else { return };
        if self.desk.session.get_untracked() != Session::In || !untrack(|| self.desk.may(Action::WorkOffline)) {
            return;
        }
        spawn_local(async move {
            let Ok(taken) = self.desk.ask(api::offline::take(site_id)).await else { return };
            let Some(member) = self.desk.member.get_untracked() else { return };
            // locked, or somebody else's, while it was on its way
            if self.desk.session.get_untracked() != Session::In || self.desk.site_id.get_untracked() != Some(site_id) {
                return;
            }
            let ahead_ms = taken.now.signed_duration_since(dom::now()).num_milliseconds();
            let (key, at) = (taken.queue_key, taken.now);
            let along = Along { taken, member, ahead_ms };
            if store.keep(&along).await.is_err() || self.desk.session.get_untracked() != Session::In {
                let _ = store.lock().await;
                return;
            }
            self.along.set_value(Some(Rc::new(along)));
            self.prepared.set(true);
            // what was sent before is told by what was taken along
            if let Ok((_, entries)) = store.queue(Some(&key)).await {
                let (told, rest): (Vec<_>, Vec<_>) =
                    entries.into_iter().partition(|entry| entry.sent_at.is_some_and(|sent| sent <= at));
                let told: Vec<_> = told.into_iter().map(|entry| entry.late.nonce).collect();
                let _ = store.drop_sent(&told).await;
                self.entries.set_value(rest);
                self.recount();
            }
            self.send();
        });
    }

    /// Takes the keys away. What waits stays, sealed, and is still counted.
    fn close(self, for_good: bool) {
        self.along.set_value(None);
        self.entries.set_value(vec![]);
        self.prepared.set(false);
        if let Some(store) = self.store.get_value() {
            spawn_local(async move {
                // where it fails there is no storage to speak of
                let _ = if for_good { store.forget().await } else { store.lock().await };
            });
        }
    }

    fn recount(self) {
        let (mut waiting, mut refused) = (0, 0);
        self.entries.with_value(|entries| {
            for entry in entries {
                waiting += usize::from(entry.sent_at.is_none() && entry.refused.is_none());
                refused += usize::from(entry.refused.is_some());
            }
        });
        self.waiting.set(waiting);
        self.refused.set(refused);
    }

    /// What was taken along, where it is of today.
    fn along(self) -> Option<Rc<Along>> {
        self.along.get_value().filter(|along| along.is_of_today())
    }

    /// Whether the tablet answers by itself at once.
    fn is_alone(self) -> bool {
        !self.desk.online.get_untracked() || self.slow.get_untracked()
    }

    /// The network's answer, where it comes quickly; nothing where the tablet answers by itself.
    async fn ask<T>(self, call: impl Future<Output = Result<T, api::ApiError>>) -> Option<Result<T, Error>> {
        self.wait_shortly(self.desk.ask(call)).await
    }

    async fn wait_shortly<T>(self, call: impl Future<Output = Result<T, Error>>) -> Option<Result<T, Error>> {
        if self.is_alone() {
            return None;
        }
        let answer = within(SHORT_MS, call).await;
        let answer = answer.filter(|answer| !matches!(answer, Err(Error { reason: Some(Reason::Network), .. })));
        self.note(answer.is_some());
        answer
    }

    /// Writes a jab down on the tablet.
    async fn write(self, along: &Along, entry: Entry) -> Result<(), Error> {
        let store = self.store.get_value().ok_or_else(|| Error::new(Reason::Network))?;
        store.put(&along.taken.queue_key, &entry).await.map_err(|_| Error::new(Reason::Network))?;
        self.entries.update_value(|entries| {
            entries.retain(|other| other.late.nonce != entry.late.nonce);
            entries.push(entry);
        });
        self.recount();
        Ok(())
    }

    fn entry(self, along: &Along, redeem: &Redeem) -> Entry {
        let late = Late {
            code: redeem.code.clone(),
            nonce: redeem.nonce,
            at: along.now(),
            lot: redeem.lot.clone(),
            device: Some(device()),
            by: Some(along.member.username.clone()),
        };
        Entry { late, sent_at: None, refused: None }
    }
}

/// Looks a scan up: the service's answer, or the tablet's own.
pub(crate) async fn look_up(desk: Desk, scan: &Scan) -> Result<LookUp, Error> {
    let (pass, code) = match scan {
        Scan::Pass(pass) => (Some(pass.clone()), None),
        Scan::Code(code) => (None, Some(code.to_string())),
    };
    let call = api::checkin::look_up(pass, code);
    let here = HERE.with(|here| here.get().copied());
    let Some((offline, along)) = here.and_then(|offline| Some((offline, offline.along()?))) else { return desk.ask(call).await };
    match offline.ask(call).await {
        Some(answer) => answer,
        None => offline.entries.with_value(|entries| alone::look_up(scan, &along, entries)),
    }
}

/// Today's list, to be searched: the service's; or the tablet's own, with when it was taken along.
pub(crate) async fn list(desk: Desk, site_id: Uuid) -> Result<(Vec<RosterRow>, Option<DateTime<Utc>>), Error> {
    let here = HERE.with(|here| here.get().copied());
    let Some((offline, along)) = here.and_then(|offline| Some((offline, offline.along()?))) else {
        let today = desk.today_now().ok_or_else(|| Error::new(Reason::Network))?;
        return Ok((desk.roster(site_id, today).await?.rows, None));
    };
    // after a reload without a network nobody has said which day it is, but what was taken along
    let today = desk.today_now().unwrap_or(along.taken.date);
    if let Some(answer) = offline.wait_shortly(desk.roster(site_id, today)).await {
        return Ok((answer?.rows, None));
    }
    let rows = offline.entries.with_value(|entries| alone::list(&along, entries)).ok_or_else(|| Error::new(Reason::Network))?;
    Ok((rows, Some(along.taken.now)))
}

/// Records a jab: with the service, or on the tablet, where it is written down before this returns.
pub(crate) async fn redeem(desk: Desk, redeem: Redeem) -> Result<CheckedIn, Error> {
    let here = HERE.with(|here| here.get().copied());
    let Some((offline, along)) = here.and_then(|offline| Some((offline, offline.along()?))) else {
        return desk.ask(api::checkin::redeem(redeem)).await;
    };
    // that it may be given here although it was booked elsewhere is for the service to say
    if redeem.accept.is_some() {
        return desk.ask(api::checkin::redeem(redeem)).await;
    }
    let entry = offline.entry(&along, &redeem);
    match offline.ask(api::checkin::redeem(redeem)).await {
        Some(Ok(done)) => {
            // so that the tablet knows it by itself, should the network go now
            let told = Entry { sent_at: Some(along.now()), ..entry };
            spawn_local(async move {
                let _ = offline.write(&along, told).await;
            });
            Ok(done)
        }
        Some(refused) => refused,
        None => {
            let at = entry.late.at;
            offline.write(&along, entry).await?;
            let by = along.member.name.clone();
            let redemption = Some(Redemption { at, by, site_name: along.taken.site_name.clone() });
            Ok(CheckedIn { outcome: Outcome::Redeemed, redemption })
        }
    }
}

/// Whether something waits to be sent.
pub(crate) fn something_waits() -> bool {
    HERE.with(|here| here.get().is_some_and(|offline| offline.waiting.get_untracked() > 0))
}

/// What the tablet calls itself: drawn once.
fn device() -> String {
    dom::local(DEVICE).unwrap_or_else(|| {
        let drawn = dom::new_id().simple().to_string().to_uppercase();
        let name = drawn[drawn.len() - 4..].to_owned();
        dom::keep_local(DEVICE, Some(&name));
        name
    })
}
