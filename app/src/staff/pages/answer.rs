//! The answer, as large as the screen: what it is, who it is, what they are due, and the one button.

use domain::access::Action;
use domain::checkin::{Light, LookUp, Redemption, Timing};
use domain::error::Error;
use domain::lang::Lang;
use domain::reason::Reason;
use domain::screening::Group;
use domain::time::{civil, day_text, hour_minute};
use leptos::prelude::*;

use super::counter::{Counter, Screen};
use super::desk::Session;
use super::{flow, found, next_dose, reveal, shape, undo};
use crate::staff::verdict::Verdict;
use crate::ui::{lang, t};

/// What the counter shows now.
pub(super) fn answer(counter: Counter) -> AnyView {
    let shown = move || {
        let lang = lang();
        // while the session has ended nothing of anybody stands behind the form
        if counter.desk.session.get() != Session::In {
            return ready();
        }
        match counter.screen.get() {
            Screen::Ready => ready(),
            Screen::Asking => asking(),
            Screen::Answer(found) => about(counter, &found, lang),
            Screen::Refused(error) => refused(&Verdict::refused(&error, lang), lang),
            Screen::NoCode => refused(&no_code(), lang),
            Screen::Found(who) => found::found(counter, who, lang),
            Screen::Recording(found, trouble) => recording(counter, &found, trouble.as_ref(), lang),
            Screen::Done(found, redemption) => done(counter, found, redemption.as_ref(), lang),
            Screen::Undone(found) => undone(&found, lang),
            Screen::Said(found, said) => flow::said(counter, &found, said, lang),
        }
    };
    let busy = move || counter.screen.with(|screen| matches!(screen, Screen::Asking));
    view! {
        <section class="answer" aria-label=move || t("核验结果", "Answer") aria-live="assertive" aria-atomic="true" aria-busy=move || busy().to_string()>
            {shown}
        </section>
    }
    .into_any()
}

fn ready() -> AnyView {
    view! {
        <div class="card ready">
            <svg class="ready-sign" viewBox="0 0 96 96" aria-hidden="true">
                <path d="M8 28V8h20M68 8h20v20M88 68v20H68M28 88H8V68"></path>
                <path d="M26 26h16v16H26zM54 26h16v16H54zM26 54h16v16H26zM54 54h6v6h-6zM66 64h6v6h-6zM54 68h4v4"></path>
            </svg>
            <h2>{t("请扫二维码", "Scan a QR code")}</h2>
            <p>{t("扫码枪、摄像头都可以，也可以输入 10 位预约码，或按姓名、证件尾号找今天的人。", "With a scanner or the camera; or type the 10 characters of the code, or a name or last four of today's list.")}</p>
        </div>
    }
    .into_any()
}

fn asking() -> AnyView {
    view! { <div class="card ready"><h2>{t("正在查询……", "Looking up …")}</h2></div> }.into_any()
}

fn tone(light: Light) -> &'static str {
    match light {
        Light::Green => "card go",
        Light::Amber => "card look",
        Light::Red => "card stop",
    }
}

/// The light, shape and word; what there is to know; what to do.
fn words(verdict: &Verdict, lang: Lang) -> AnyView {
    let (word, title) = (verdict.word(lang), verdict.title.clone());
    // where the word says it all, it is the heading
    let heading = if word == title {
        view! { <h2 class="sign">{shape::light(verdict.light)}<b>{word}</b></h2> }.into_any()
    } else {
        view! {
            <p class="sign">{shape::light(verdict.light)}<b>{word}</b></p>
            <h2 class="title">{title}</h2>
        }
        .into_any()
    };
    view! { {heading} <p class="advice">{verdict.advice.clone()}</p> }.into_any()
}

fn about(counter: Counter, found: &LookUp, lang: Lang) -> AnyView {
    let verdict = Verdict::of(found, counter.desk.site(found.site_id).as_ref(), lang);
    let step = flow::next_step(counter, found);
    let button = found.may_redeem.then(|| redeem_button(counter, step.is_none()));
    let lot = (found.may_redeem || found.visit.may_accept == Some(true)).then(|| counter.shelf.view(found.vaccine.id.clone()));
    let settle = if found.may_redeem {
        Some(flow::turn_away(counter, Box::new(found.clone())))
    } else if found.visit.may_accept == Some(true) {
        Some(flow::accept(counter, Box::new(found.clone())))
    } else {
        None
    };
    let undo = (found.redemption.is_some() && is_today(counter, found) && counter.may_undo(found))
        .then(|| undo::undo(counter, Box::new(found.clone())));
    let reveal = counter.may_reveal(found).then(|| reveal::reveal(counter, found.code));
    view! {
        <div class=tone(verdict.light)>
            <div class="head">
                {words(&verdict, lang)}
            </div>
            {who(found, lang)}
            {facts(counter, found, lang)}
            {lot}
            <div class="foot">{step} {button} {settle} {undo} {reveal}</div>
        </div>
    }
    .into_any()
}

fn is_today(counter: Counter, found: &LookUp) -> bool {
    counter.desk.today_now() == Some(found.window.date)
}

fn redeem_button(counter: Counter, first: bool) -> AnyView {
    view! {
        <button
            type="button"
            class=if first { "btn redeem" } else { "btn quiet" }
            aria-keyshortcuts="Control+Enter"
            disabled=move || !counter.armed.get()
            on:click=move |_| counter.redeem()
        >
            {t("接种完成（核销）", "Jab given: mark as done")}
        </button>
    }
    .into_any()
}

fn who(found: &LookUp, lang: Lang) -> AnyView {
    let age = match lang {
        Lang::Zh => format!("{} 岁", found.age),
        Lang::En => format!("{} years old", found.age),
    };
    if found.name.is_empty() {
        // without a network, and not among those that were taken along: the pass tells no name
        return view! {
            <div class="who">
                <p class="name">{t("姓名请看证件", "Name: see the document")}</p>
                <p class="what">
                    <span>{t("离线名单里没有这一位：二维码是真的，请核对短信里的姓名、疫苗和剂次。", "Not in the list taken along. The code is genuine: compare name, vaccine and dose with the message.")}</span>
                    <small class="num">{found.code.grouped()}</small>
                </p>
            </div>
        }
        .into_any();
    }
    view! {
        <div class="who">
            <p class="name">{found.name.clone()}</p>
            <p class="what">
                <span class="num">{age}</span>
                <span>{t("证件尾号", "Document ends in")}" "<b class="num">{found.document_last_four.clone()}</b></span>
                <small class="num">{found.document_kind.title(lang)}" · "{found.code.grouped()}</small>
            </p>
        </div>
    }
    .into_any()
}

fn facts(counter: Counter, found: &LookUp, lang: Lang) -> AnyView {
    let fact = |term: &'static str, words: String, weight: &'static str| {
        view! { <div class=weight><dt>{term}</dt><dd>{words}</dd></div> }.into_any()
    };
    let vaccine = match lang {
        _ if found.dose == 0 => t("请看短信", "See the message").to_owned(),
        Lang::Zh => format!("{}　第 {} 剂，共 {} 剂", found.vaccine.name, found.dose, found.vaccine.doses),
        Lang::En => format!("{}: dose {} of {}", found.vaccine.name_en, found.dose, found.vaccine.doses),
    };
    let day = if is_today(counter, found) { String::new() } else { format!("{} ", day_text(found.window.date, lang)) };
    let window = format!("{day}{} · {}", found.window.text(), timing(found.timing));
    let yes: Vec<&str> = Group::ALL.iter().filter(|group| found.screening.answer(**group)).map(|group| group.title(lang)).collect();
    let (screening, weight) = if found.screening_due {
        (t("还没有问，请现在逐条问", "Not asked yet: please ask now").to_owned(), "strong")
    } else if yes.is_empty() {
        (t("五项都回答“否”", "All five answered “no”").to_owned(), "")
    } else {
        (yes.join(lang.pick("；", "; ")), "strong")
    };
    // the words above name the other site already
    let elsewhere = counter.desk.site_id.get_untracked() != Some(found.site_id) && found.reason != Some(Reason::OtherSite);
    let site = elsewhere.then(|| {
        let name = counter.desk.site(found.site_id).map_or(found.site_name.clone(), |site| lang.pick(site.name, site.name_en));
        fact(t("接种点", "Site"), name, "strong")
    });
    view! {
        <dl class="facts">
            {fact(t("疫苗和剂次", "Vaccine and dose"), vaccine, "whole")}
            {fact(t("预约时段", "Window"), window, "num")}
            {flow::so_far(found, lang).map(|words| fact(t("到场情况", "Visit"), words, "num"))}
            {found.visit.lot.clone().map(|lot| fact(t("批号", "Lot"), lot, "num"))}
            {fact(t("健康询问", "Screening"), screening, weight)}
            {site}
        </dl>
    }
    .into_any()
}

fn timing(timing: Timing) -> &'static str {
    match timing {
        Timing::Early => t("来早了", "early"),
        Timing::OnTime => t("准时", "on time"),
        Timing::Late => t("来晚了", "late"),
        Timing::OtherDay => t("不是今天", "another day"),
    }
}

fn no_code() -> Verdict {
    Verdict {
        light: Light::Amber,
        title: t("照片里没有找到二维码", "No QR code in the photo").to_owned(),
        advice: t("请拍近一些、拍正，避开反光；或输入预约码。", "Go closer, straight on, without glare; or type the code.")
            .to_owned(),
    }
}

fn refused(verdict: &Verdict, lang: Lang) -> AnyView {
    view! {
        <div class=tone(verdict.light)>
            <div class="head alone">
                {words(verdict, lang)}
            </div>
        </div>
    }
    .into_any()
}

fn recording(counter: Counter, found: &LookUp, trouble: Option<&Error>, lang: Lang) -> AnyView {
    let Some(error) = trouble else {
        return view! {
            <div class="card go">
                <div class="head"><h2 class="title">{t("正在记录……", "Recording …")}</h2></div>
                {who(found, lang)}
            </div>
        }
        .into_any();
    };
    view! {
        <div class="card look">
            <div class="head">
                <p class="sign">{shape::light(Light::Amber)}<b>{t("还没有记上", "Not recorded yet")}</b></p>
                <p class="advice">{error.text(lang)}</p>
                <p class="advice">{t("正在自动重试，同一次不会记两遍。请先不要走开。", "It is tried again by itself, and never recorded twice. Please stay.")}</p>
            </div>
            {who(found, lang)}
            <div class="foot actions">
                <button type="button" class="btn" on:click=move |_| counter.record_now()>{t("马上再试", "Try now")}</button>
                <button type="button" class="btn quiet" on:click=move |_| counter.give_up()>{t("先不记，下一位", "Leave it, next person")}</button>
            </div>
        </div>
    }
    .into_any()
}

fn done(counter: Counter, found: Box<LookUp>, redemption: Option<&Redemption>, lang: Lang) -> AnyView {
    let dose = match lang {
        _ if found.dose == 0 => found.code.grouped(),
        Lang::Zh => format!("{} 第 {} 剂", found.vaccine.name, found.dose),
        Lang::En => format!("{}, dose {}", found.vaccine.name_en, found.dose),
    };
    let by = redemption.map(|done| {
        let at = hour_minute(civil(done.at).time());
        match lang {
            // 预防接种工作规范（2023 年版）: thirty minutes of observation after a jab
            Lang::Zh => format!("{at}，{} 记录。请留观 30 分钟。", done.by),
            Lang::En => format!("{at}, recorded by {}. Please stay for 30 minutes.", done.by),
        }
    });
    let name = found.name.clone();
    let next = (found.dose > 0 && found.dose < found.vaccine.doses && counter.desk.may(Action::BookAtDesk))
        .then(|| next_dose::offer(counter.desk, found.code));
    let undo = counter.may_undo(&found).then(|| undo::undo(counter, found));
    view! {
        <div class="card go done">
            <div class="head alone">
                {shape::tick()}
                <h2 class="title">{t("接种完成", "Done")}</h2>
                <p class="name">{name}</p>
                <p class="advice">{dose}</p>
                <p class="advice num">{by}</p>
                <p class="next">{t("可以直接扫下一位", "Scan the next person right away")}</p>
            </div>
            {next}
            <div class="foot">{undo}</div>
        </div>
    }
    .into_any()
}

fn undone(found: &LookUp, lang: Lang) -> AnyView {
    view! {
        <div class="card look">
            <div class="head alone">
                <p class="sign">{shape::light(Light::Amber)}<b>{t("已撤销核销", "Taken back")}</b></p>
                <p class="name">{found.name.clone()}</p>
                <p class="advice">
                    {lang.pick("这个预约又可以核销了，原因已记入日志。", "This booking can be recorded again; the reason is kept in the log.")}
                </p>
            </div>
        </div>
    }
    .into_any()
}
