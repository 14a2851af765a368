//! The citizen's pages: look where doses are left, book, show the code at the door.

mod arrival;
mod awake;
mod book;
mod booking;
mod bookings;
mod calendar;
mod cancel;
mod chooser;
mod download;
mod draft;
mod help;
mod home;
mod kept;
mod left_over;
mod messages;
mod missing;
mod move_to;
mod my_data;
mod notice;
mod parts;
mod picture;
mod sheet;
mod shell;
mod sign_in;
mod site;
mod state;
mod ticket;

use leptos::prelude::*;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

use crate::ui::prefs;
use state::State;

/// The application of citizens.
#[component]
pub fn App() -> impl IntoView {
    prefs::start();
    State::start();
    view! {
        <Router>
            {shell::header()}
            <main id="main" tabindex="-1">
                <FlatRoutes fallback=missing::page>
                    <Route path=path!("/") view=home::page />
                    <Route path=path!("/sites/:id") view=site::page />
                    <Route path=path!("/sites/:id/left-over") view=left_over::page />
                    <Route path=path!("/book/:step") view=book::page />
                    <Route path=path!("/bookings") view=bookings::page />
                    <Route path=path!("/bookings/:code") view=booking::page />
                    <Route path=path!("/bookings/:code/move") view=move_to::page />
                    <Route path=path!("/bookings/:code/cancel") view=cancel::page />
                    <Route path=path!("/notice") view=notice::page />
                    <Route path=path!("/help") view=help::page />
                    <Route path=path!("/my-data") view=my_data::page />
                    <Route path=path!("/sign-in") view=sign_in::page />
                </FlatRoutes>
                {shell::helpline()}
            </main>
        </Router>
    }
}
