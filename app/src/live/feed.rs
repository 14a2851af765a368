//! One connection to the availability feed: opened, listened to, opened again, and closed with its page.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use domain::Uuid;
use domain::availability::SiteChange;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

use crate::ui::dom;

/// Where events do not get through: the pause between two questions, milliseconds.
const POLL_MS: u32 = 15_000;

type Handler = Closure<dyn FnMut(MessageEvent)>;

/// A page's connection. It closes with the page's owner.
#[derive(Clone, Copy)]
pub(super) struct Feed(StoredValue<Rc<Connection>, LocalStorage>);

struct Connection {
    path: String,
    behind: RwSignal<bool>,
    /// The version that the page holds; the feed begins after it.
    version: StoredValue<u64>,
    source: RefCell<Option<EventSource>>,
    broken: Cell<bool>,
    on_change: Box<dyn Fn(SiteChange)>,
    refresh: Box<dyn Fn()>,
    handlers: RefCell<Vec<Handler>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(source) = self.source.get_mut().take() {
            source.close();
        }
    }
}

impl Feed {
    /// Of one site, or of all; not open yet. `refresh` is called where something may have been missed.
    pub(super) fn new(
        site: Option<Uuid>,
        behind: RwSignal<bool>,
        version: StoredValue<u64>,
        on_change: impl Fn(SiteChange) + 'static,
        refresh: impl Fn() + 'static,
    ) -> Self {
        let site = site.map(|id| format!("site={id}&")).unwrap_or_default();
        let connection = Rc::new(Connection {
            path: format!("/availability/feed?{site}after="),
            behind,
            version,
            source: RefCell::default(),
            broken: Cell::new(false),
            on_change: Box::new(on_change),
            refresh: Box::new(refresh),
            handlers: RefCell::default(),
        });
        for event in ["visibilitychange", "online"] {
            let weak = Rc::downgrade(&connection);
            let handle = window_event_listener_untyped(event, move |_| {
                if let Some(connection) = weak.upgrade().filter(|_| dom::is_visible()) {
                    connection.revive();
                }
            });
            on_cleanup(move || handle.remove());
        }
        Self(StoredValue::new_local(connection))
    }

    /// Opens it, if it is not open.
    pub(super) fn open(self) {
        let _ = self.0.try_with_value(Connection::open);
    }
}

impl Connection {
    fn open(self: &Rc<Self>) {
        let version = self.version.try_get_value().unwrap_or(0);
        if version == 0 || self.source.borrow().is_some() {
            return;
        }
        let Ok(source) = EventSource::new(&format!("{}{version}", self.path)) else { return };
        let weak = Rc::downgrade(self);
        let on = |then: fn(&Rc<Self>, MessageEvent)| {
            let weak: Weak<Self> = weak.clone();
            Handler::new(move |event| {
                if let Some(connection) = weak.upgrade() {
                    then(&connection, event);
                }
            })
        };
        let (message, opened, failed) = (on(Self::message), on(Self::opened), on(Self::failed));
        source.set_onmessage(Some(message.as_ref().unchecked_ref()));
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        *self.handlers.borrow_mut() = vec![message, opened, failed];
        *self.source.borrow_mut() = Some(source);
    }

    /// A change; anything else says that too much was missed, and to ask again.
    fn message(self: &Rc<Self>, event: MessageEvent) {
        match event.data().as_string().and_then(|text| serde_json::from_str::<SiteChange>(&text).ok()) {
            Some(change) => {
                let _ = self.version.try_set_value(change.version);
                (self.on_change)(change);
            }
            None => (self.refresh)(),
        }
    }

    fn opened(self: &Rc<Self>, _: MessageEvent) {
        let _ = self.behind.try_set(false);
        if self.broken.replace(false) {
            (self.refresh)();
        }
    }

    /// The browser connects again by itself, unless the answer was no feed at all: then we ask at intervals.
    fn failed(self: &Rc<Self>, _: MessageEvent) {
        self.broken.set(true);
        let closed = self.source.borrow().as_ref().is_none_or(|source| source.ready_state() == EventSource::CLOSED);
        if closed {
            self.source.borrow_mut().take();
            let weak = Rc::downgrade(self);
            dom::after(POLL_MS, move || {
                if let Some(connection) = weak.upgrade() {
                    connection.revive();
                }
            });
        }
    }

    fn revive(self: &Rc<Self>) {
        (self.refresh)();
        self.open();
    }
}
