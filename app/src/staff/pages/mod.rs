//! What a member of staff sees.

mod account;
mod answer;
mod bar;
mod calls;
mod camera;
mod choose_site;
mod closing;
mod conflicts;
mod counter;
pub(crate) mod desk;
mod enrol;
mod eye;
mod field;
mod flow;
mod found;
mod gate;
mod leaving;
mod left_over;
mod lock;
mod lots;
mod next_dose;
mod observation;
mod password;
mod photo;
mod pin;
mod reveal;
mod roster;
mod roster_print;
mod scan;
mod shape;
mod shelf;
mod sign_in;
mod sound;
mod texts;
mod today;
mod today_plot;
mod undo;
mod walk_in;
mod watch;

use domain::access::{Role, Standing};
use leptos::prelude::*;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

use crate::staff::offline;
use crate::ui::{nav, prefs};
use desk::{Desk, Session};

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Waiting,
    SignIn,
    /// Over the pages, which wait for it.
    SignInOver,
    Locked,
    /// The role needs a second factor before anything else.
    Enrol,
    ChooseSite,
    Desk,
}

impl Room {
    fn of(desk: Desk) -> Self {
        match desk.session.get() {
            Session::Unknown => Self::Waiting,
            Session::Out => Self::SignIn,
            Session::Ended => Self::SignInOver,
            Session::Locked => Self::Locked,
            Session::In => desk.member.with(|member| match member {
                Some(member) if member.standing == Standing::Enrolling => Self::Enrol,
                Some(member) if member.role != Role::Office && member.site_id.is_none() => Self::ChooseSite,
                _ => Self::Desk,
            }),
        }
    }
}

/// The application of staff. Whoever is not signed in is asked to, in place: the page behind keeps all it had.
#[component]
pub fn App() -> impl IntoView {
    prefs::start();
    let desk = Desk::start();
    sound::start();
    watch::start(desk);
    offline::start(desk);
    let room = Memo::new(move |_| Room::of(desk));
    let inside = Memo::new(move |_| matches!(room.get(), Room::Desk | Room::SignInOver));
    let ended = Memo::new(move |_| room.get() == Room::SignInOver);
    let outside = move || match room.get() {
        Room::Desk => ().into_any(),
        Room::Waiting => sign_in::waiting(),
        Room::SignIn => sign_in::page(),
        Room::SignInOver => sign_in::over(),
        Room::Locked => lock::page(),
        Room::Enrol => enrol::page(),
        Room::ChooseSite => choose_site::page(),
    };
    view! {
        <Router base="/staff">
            <Show when=move || inside.get()>
                <div class="desk" inert=move || ended.get()>
                    {nav::start()}
                    {bar::bar()}
                    <main id="main">
                        <FlatRoutes fallback=scan::lost>
                            <Route path=path!("/") view=scan::page />
                            <Route path=path!("/roster") view=roster::page />
                            <Route path=path!("/walk-in") view=walk_in::page />
                            <Route path=path!("/today") view=today::page />
                            <Route path=path!("/left-over") view=left_over::page />
                            <Route path=path!("/observation") view=observation::page />
                            <Route path=path!("/lots") view=lots::page />
                            <Route path=path!("/calls") view=calls::page />
                            <Route path=path!("/conflicts") view=conflicts::page />
                            <Route path=path!("/messages") view=texts::page />
                            <Route path=path!("/account") view=account::page />
                        </FlatRoutes>
                    </main>
                </div>
            </Show>
            {outside}
            <Show when=move || desk.leaving.get()>{leaving::dialog(desk)}</Show>
        </Router>
    }
}
