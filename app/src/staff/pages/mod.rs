//! What a member of staff sees.

mod answer;
mod bar;
mod camera;
mod counter;
mod desk;
mod eye;
mod field;
mod photo;
mod roster;
mod scan;
mod shape;
mod sign_in;
mod sound;
mod undo;

use leptos::prelude::*;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

use crate::ui::{nav, prefs};
use desk::{Desk, Session};

/// The application of staff. Whoever is not signed in is asked to, in place: the page behind keeps all it had.
#[component]
pub fn App() -> impl IntoView {
    prefs::start();
    let desk = Desk::start();
    sound::start();
    let session = desk.session;
    let inside = Memo::new(move |_| matches!(session.get(), Session::In | Session::Ended));
    let ended = Memo::new(move |_| session.get() == Session::Ended);
    let outside = move || match session.get() {
        Session::Out => sign_in::page(),
        Session::Ended => sign_in::over(),
        Session::Unknown => sign_in::waiting(),
        Session::In => ().into_any(),
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
                        </FlatRoutes>
                    </main>
                </div>
            </Show>
            {outside}
        </Router>
    }
}
