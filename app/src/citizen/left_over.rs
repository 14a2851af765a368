//! To be called for a dose that is left over: offered where every window of a vaccine is full, on a page of its own that promises nothing.

use domain::error::Error;
use domain::left_over::{Ask, Asked};
use domain::person::Person;
use domain::slot::SlotState;
use domain::time::{day_text, plus_days};
use domain::{NaiveDate, Uuid};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::missing;
use super::parts::{back, refused, shown, site_path, waiting};
use super::sign_in;
use super::state::State;
use crate::api;
use crate::live::{Overview, SlotNow};
use crate::ui::{Load, call, heading, lang, load, page, submit_button, t, titled};

/// For how many days ahead one may be called, as the page offers it.
const UNTIL: [u32; 3] = [0, 2, 6];
const SAID: &str = "left-over-said";

/// The offer below the windows of a vaccine, where none of them can be had and there are some to be had at all.
pub(crate) fn offer(site: Uuid, slots: Vec<SlotNow>) -> AnyView {
    let full = Memo::new(move |_| {
        let is = |state: SlotState| slots.iter().any(|slot| slot.now.with(|now| now.state == state));
        is(SlotState::Full) && !is(SlotState::Open)
    });
    let words = move || {
        view! {
            <section class="note">
                <p>{t(
                    "都约满了。疫苗开瓶后当天要用完，傍晚如有剩余，我们可能打电话请您来。",
                    "All is full. An opened vial must be used the same day: if doses are left in the evening, we may call you.",
                )}</p>
                <a class="alone" href=format!("/sites/{site}/left-over")>{t("有剩余时打电话给我", "Call me if a dose is left")}</a>
            </section>
        }
    };
    view! { <Show when=move || full.get()>{words()}</Show> }.into_any()
}

/// The page's state. Outlives the words around it.
#[derive(Clone, Copy)]
struct LeftOver {
    state: State,
    site: Uuid,
    asks: RwSignal<Load<Vec<Asked>>>,
    person: RwSignal<Option<Uuid>>,
    /// All sites of this one's county, or this one alone.
    wide: RwSignal<bool>,
    days: RwSignal<u32>,
    busy: RwSignal<bool>,
    refusal: RwSignal<Option<Error>>,
    /// What has just been done, for whoever does not see it.
    said: RwSignal<Option<bool>>,
}

/// The page.
pub(crate) fn page() -> AnyView {
    let params = use_params_map();
    (move || match params.with(|params| params.get("id").and_then(|id| Uuid::parse_str(&id).ok())) {
        Some(site) => of(site),
        None => missing::page(),
    })
    .into_any()
}

fn of(site: Uuid) -> AnyView {
    let state = State::here();
    let left_over = LeftOver {
        state,
        site,
        asks: RwSignal::new(Load::Waiting),
        person: RwSignal::new(None),
        wide: RwSignal::new(false),
        days: RwSignal::new(0),
        busy: RwSignal::new(false),
        refusal: RwSignal::new(None),
        said: RwSignal::new(None),
    };
    state.live.watch();
    left_over.read();
    titled(
        || t("剩余疫苗", "Doses that are left over").to_owned(),
        move || {
            let again = Callback::new(move |()| left_over.read());
            view! {
                {back(site_path(site))}
                {heading(t("有剩余时打电话给我", "Call me if a dose is left"))}
                {terms()}
                {move || shown(left_over.asks, again, move |asks| left_over.view(&asks))}
            }
            .into_any()
        },
    )
}

/// What one agrees to, before anything is asked.
fn terms() -> AnyView {
    let points = [
        t(
            "疫苗开瓶后当天要用完。傍晚如有剩余，接种点会按登记的先后打电话，本县区的人优先。",
            "An opened vial must be used the same day. If doses are left in the evening, the site calls people in the order in which they asked, its own county first.",
        ),
        t(
            "不保证一定会打给您；没有接到电话不影响您预约。",
            "We promise no call; without one your chance of a booking is the same.",
        ),
        t(
            "接到电话后请带上证件，通常要在半小时左右赶到，现场再问健康情况。",
            "If we call, bring your document; you usually have about half an hour, and are asked about your health there.",
        ),
        t(
            "您选的接种点的负责人到时会看到姓名和手机号，只用来打这个电话，每次查看都有记录。到期、约上或打完后自动失效，也可以随时取消。",
            "Those in charge of the sites that you choose will see the name and number, to make this call and for nothing else; each look is written down. It ends by itself on the day you choose, with a booking or the jab, and you can take it back at any time.",
        ),
    ];
    let points: Vec<AnyView> = points.into_iter().map(|words| view! { <li>{words}</li> }.into_any()).collect();
    view! { <ul class="left-over-terms">{points}</ul> }.into_any()
}

impl LeftOver {
    fn read(self) {
        load(self.asks, async { Ok(api::left_over::mine().await?.asks) });
    }

    fn view(self, asks: &[Asked]) -> AnyView {
        let asks: Vec<Asked> = asks.to_vec();
        let said = move || {
            self.said.get().map(|on| {
                if on {
                    t("已登记。如有剩余，我们可能打电话给您。", "Noted. If doses are left, we may call you.")
                } else {
                    t("已取消，不会再打电话。", "Taken back: we will not call.")
                }
            })
        };
        let refusal = move || self.refusal.get().map(|error| refused(&error, ().into_any()));
        view! {
            <p class="left-over-said" id=SAID role="status" tabindex="-1">{said}</p>
            {refusal}
            {move || match self.state.people.get() {
                _ if !self.state.signed_in.get() => sign_in::panel(Callback::new(move |()| self.read())),
                Load::Waiting => waiting(2),
                Load::Ready(people) => view! { {self.list(&asks, &people)} {self.form(&asks, people)} }.into_any(),
                Load::Failed(error) => refused(&error, ().into_any()),
            }}
        }
        .into_any()
    }

    /// What was asked before, each with a way to take it back.
    fn list(self, asks: &[Asked], people: &[Person]) -> AnyView {
        let lines: Vec<AnyView> = asks
            .iter()
            .map(|ask| {
                let name =
                    people.iter().find(|person| person.id == ask.person_id).map(|person| person.name.clone()).unwrap_or_default();
                let until = day_text(ask.until, lang());
                let where_to = self.where_words(&ask.site_ids);
                let words = lang().pick(format!("{name}：到 {until}，{where_to}"), format!("{name}: until {until}, {where_to}"));
                let id = ask.id;
                let label = lang().pick(format!("不用再打电话给{name}"), format!("Do not call {name}"));
                view! {
                    <li class="note">
                        <p>{words}</p>
                        <button type="button" class="btn quiet wide" on:click=move |_| self.withdraw(id)>{label}</button>
                    </li>
                }
                .into_any()
            })
            .collect();
        (!lines.is_empty())
            .then(|| view! { <section><h2>{t("已登记", "You have asked")}</h2><ul class="stack">{lines}</ul></section> })
            .into_any()
    }

    fn where_words(self, sites: &[Uuid]) -> String {
        let name =
            |id: Uuid| self.state.overview(|now| now.site(id).map(|now| lang().pick(&now.site.name, &now.site.name_en).clone()));
        match sites {
            [only] => name(*only).flatten().unwrap_or_default(),
            several => lang().pick(format!("{} 个接种点", several.len()), format!("{} sites", several.len())),
        }
    }

    fn form(self, asks: &[Asked], people: Vec<Person>) -> AnyView {
        let open: Vec<Person> = people.into_iter().filter(|person| asks.iter().all(|ask| ask.person_id != person.id)).collect();
        if open.is_empty() && !asks.is_empty() {
            return ().into_any();
        }
        if open.is_empty() {
            return view! {
                <p class="note">{t(
                    "名单里还没有人：预约时填过一次资料的人，才能登记。",
                    "There is nobody in your list yet: only those whose details were given for a booking before can be called.",
                )}</p>
            }
            .into_any();
        }
        if self.person.get_untracked().is_none_or(|chosen| open.iter().all(|person| person.id != chosen)) {
            self.person.set(open.first().map(|person| person.id));
        }
        let whom: Vec<AnyView> = open
            .into_iter()
            .map(|person| {
                let id = person.id;
                choice("whom", person.name, move || self.person.get() == Some(id), move || self.person.set(Some(id)))
            })
            .collect();
        let here = self.where_words(&[self.site]);
        let county = self.state.overview(|now: &Overview| self.county(now)).flatten();
        let wide = county.map(|(_, title)| {
            let words = lang().pick(format!("{title}所有接种点"), format!("All sites of {title}"));
            choice("where", words, move || self.wide.get(), move || self.wide.set(true))
        });
        let today = self.state.overview(|now| now.today);
        let days: Vec<AnyView> = UNTIL
            .into_iter()
            .map(|days| {
                let until = today.map(|today| day_text(plus_days(today, days), lang())).unwrap_or_default();
                let words = match days {
                    0 => lang().pick(format!("只在今天（{until}）"), format!("Only today ({until})")),
                    _ => lang().pick(format!("到 {until} 为止"), format!("Until {until}")),
                };
                choice("until", words, move || self.days.get() == days, move || self.days.set(days))
            })
            .collect();
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.ask();
        };
        view! {
            <form class="stack" on:submit=submit>
                <fieldset class="field"><legend>{t("打给谁？", "For whom?")}</legend>{whom}</fieldset>
                <fieldset class="field">
                    <legend>{t("哪里可以打给您？", "Which sites may call?")}</legend>
                    {choice("where", here, move || !self.wide.get(), move || self.wide.set(false))}
                    {wide}
                </fieldset>
                <fieldset class="field"><legend>{t("到哪一天为止？", "Until when?")}</legend>{days}</fieldset>
                {submit_button(t("同意，有剩余时打电话给我", "I agree: call me if a dose is left"), self.busy)}
            </form>
        }
        .into_any()
    }

    /// The site's county, by its code and name.
    fn county(self, now: &Overview) -> Option<(String, String)> {
        let county = now.site(self.site)?.site.county.clone();
        let title = now.city.divisions.iter().find(|division| division.code == county)?.title(lang()).to_owned();
        Some((county, title))
    }

    fn ask(self) {
        let today: Option<NaiveDate> = self.state.overview_now(|now| now.today);
        let (Some(person_id), Some(today)) = (self.person.get_untracked(), today) else { return };
        let county = self.state.overview_now(|now| self.county(now)).flatten().filter(|_| self.wide.get_untracked());
        let ask = Ask {
            person_id,
            course: None,
            site_ids: if county.is_some() { vec![] } else { vec![self.site] },
            county: county.map(|(code, _)| code),
            until: plus_days(today, self.days.get_untracked()),
        };
        call(self.busy, async { api::left_over::ask(ask).await }, move |answer| self.done(answer.map(|_| true)));
    }

    fn withdraw(self, id: Uuid) {
        call(self.busy, async move { api::left_over::withdraw(id).await }, move |answer| self.done(answer.map(|_| false)));
    }

    fn done(self, answer: Result<bool, Error>) {
        match answer {
            Ok(on) => {
                self.refusal.set(None);
                self.said.set(Some(on));
                self.read();
                page::arrived();
            }
            Err(error) => {
                self.said.set(None);
                self.state.heed(&error);
                self.refusal.set(Some(error));
            }
        }
    }
}

fn choice(
    name: &'static str,
    words: String,
    checked: impl Fn() -> bool + Send + Sync + 'static,
    choose: impl Fn() + Send + Sync + 'static,
) -> AnyView {
    view! {
        <label class="choice">
            <input type="radio" name=name prop:checked=checked on:change=move |_| choose() />
            <span>{words}</span>
        </label>
    }
    .into_any()
}
