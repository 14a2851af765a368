//! The camera on the scan page: what it shows, what stands in its way, and the frames that are looked at.

use core::time::Duration;

use leptos::html::Video;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::counter::Counter;
use super::eye::{Blind, Eye, Lens, Paper, Part, lenses};
use crate::staff::qr::decode;
use crate::staff::scan::Sight;
use crate::ui::{dom, t};

/// How often a frame is looked at, at most.
const EVERY_MS: u64 = 80;
const ON: &str = "yizhen.staff.camera";
const CHOSEN: &str = "yizhen.staff.lens";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Off,
    Opening,
    Live,
    Blind(Blind),
    /// It was there and is gone.
    Lost,
}

/// What looks at frames, and what it needs to.
struct Looking {
    eye: Eye,
    paper: Paper,
    sight: Sight,
    frames: u32,
    /// The frame that was looked at last, by the video's own time.
    last_frame_s: f64,
    /// A slow tablet gets a rest as long as the look before took.
    rest_until_ms: f64,
}

/// It.
#[derive(Clone, Copy)]
pub(super) struct Camera {
    counter: Counter,
    state: RwSignal<State>,
    lenses: RwSignal<Vec<Lens>>,
    chosen: RwSignal<Option<String>>,
    /// Whether the lamp is on; nothing where there is none.
    lamp: RwSignal<Option<bool>>,
    video: NodeRef<Video>,
    looking: StoredValue<Option<Looking>, LocalStorage>,
}

impl Camera {
    /// A camera that is off, or on again where it was on before.
    pub(super) fn start(counter: Counter) -> Self {
        let camera = Self {
            counter,
            state: RwSignal::new(State::Off),
            lenses: RwSignal::new(vec![]),
            chosen: RwSignal::new(dom::local(CHOSEN)),
            lamp: RwSignal::new(None),
            video: NodeRef::new(),
            looking: StoredValue::new_local(None),
        };
        if let Ok(handle) = set_interval_with_handle(move || camera.look(), Duration::from_millis(EVERY_MS)) {
            on_cleanup(move || handle.clear());
        }
        on_cleanup(move || {
            camera.looking.try_update_value(|looking| *looking = None);
        });
        // a tablet that slept has lost its camera; nobody should have to tap for that
        let awake = window_event_listener(leptos::ev::visibilitychange, move |_| {
            if camera.state.try_get_untracked() == Some(State::Lost) && !dom::document().hidden() {
                camera.open();
            }
        });
        on_cleanup(move || awake.remove());
        if dom::local(ON).is_some() {
            camera.open();
        }
        camera
    }

    fn open(self) {
        if self.state.get_untracked() == State::Opening {
            return;
        }
        self.state.set(State::Opening);
        self.looking.update_value(|looking| *looking = None);
        spawn_local(async move {
            let opened = Eye::open(self.chosen.get_untracked().as_deref()).await;
            // the page may have been left, or the camera turned off, while the browser asked
            if self.state.try_get_untracked() != Some(State::Opening) {
                return;
            }
            let (eye, paper) = match opened.and_then(|eye| Ok((eye, Paper::new().ok_or(Blind::Broken)?))) {
                Ok(both) => both,
                Err(blind) => return self.state.set(State::Blind(blind)),
            };
            dom::keep_local(ON, Some("1"));
            if let Some(video) = self.video.get_untracked() {
                eye.show(&video);
            }
            self.lamp.set(eye.has_lamp().then_some(false));
            self.chosen.set(eye.id());
            self.looking.set_value(Some(Looking {
                eye,
                paper,
                sight: Sight::default(),
                frames: 0,
                last_frame_s: -1.0,
                rest_until_ms: 0.0,
            }));
            self.state.set(State::Live);
            let found = lenses().await;
            let _ = self.lenses.try_set(found);
        });
    }

    fn close(self) {
        dom::keep_local(ON, None);
        self.looking.update_value(|looking| *looking = None);
        self.lamp.set(None);
        self.state.set(State::Off);
    }

    fn choose(self, id: String) {
        dom::keep_local(CHOSEN, Some(&id));
        self.chosen.set(Some(id));
        self.open();
    }

    fn light(self) {
        let Some(on) = self.lamp.get_untracked() else { return };
        spawn_local(async move {
            let asked = self.looking.try_with_value(|looking| looking.as_ref().map(|looking| looking.eye.light(!on)));
            if let Some(Some(asked)) = asked
                && asked.await
            {
                let _ = self.lamp.try_set(Some(!on));
            }
        });
    }

    /// Looks at the present frame. Called by a clock for as long as the page is there.
    fn look(self) {
        if self.state.try_get_untracked() != Some(State::Live) || dom::document().hidden() {
            return;
        }
        let Some(video) = self.video.get_untracked() else { return };
        let seen = self.looking.try_update_value(|looking| {
            let looking = looking.as_mut()?;
            if !looking.eye.is_live() {
                return Some(Err(()));
            }
            looking.see(&video).map(Ok)
        });
        match seen.flatten() {
            Some(Ok(text)) => self.bring(&text),
            Some(Err(())) => {
                self.looking.update_value(|looking| *looking = None);
                self.state.set(State::Lost);
            }
            None => {}
        }
    }

    fn bring(self, text: &str) {
        let now = js_sys::Date::now();
        let comes = |looking: &mut Option<Looking>| looking.as_mut().is_some_and(|looking| looking.sight.comes(text, now));
        if self.looking.try_update_value(comes) == Some(true) && !self.counter.scanned(text) {
            self.looking.update_value(|looking| {
                if let Some(looking) = looking {
                    looking.sight.forget(text);
                }
            });
        }
    }

    /// What is seen, or why not.
    pub(super) fn view(self) -> AnyView {
        let live = move || self.state.get() == State::Live;
        view! {
            <section class="camera" class:live=live aria-label=move || t("摄像头", "Camera")>
                <video node_ref=self.video muted=true playsinline=true autoplay=true aria-hidden="true"></video>
                <div class="camera-frame" aria-hidden="true"></div>
                {move || self.words()}
                {move || live().then(|| self.controls())}
            </section>
        }
        .into_any()
    }

    fn words(self) -> AnyView {
        let (title, advice, button) = match self.state.get() {
            State::Live => return view! { <p class="camera-hint">{t("对准二维码", "Point it at the QR code")}</p> }.into_any(),
            State::Opening => {
                let words = t("正在打开摄像头，请在弹窗里点“允许”", "Opening the camera: choose “Allow” if the browser asks");
                return view! { <p class="camera-hint" role="status">{words}</p> }.into_any();
            }
            State::Off => (
                None,
                t("也可以用这台设备的摄像头扫码", "You can also scan with this device's camera"),
                t("打开摄像头", "Turn the camera on"),
            ),
            State::Lost => (
                Some(t("摄像头断开了", "The camera is gone")),
                t("可能被拔下，或设备睡眠过", "It may have been unplugged, or the device was asleep"),
                t("重新打开", "Turn it on again"),
            ),
            State::Blind(Blind::Denied) => (
                Some(t("没有摄像头权限", "The camera is not allowed")),
                t(
                    "请点地址栏左边的图标，把“摄像头”改为允许，再试一次",
                    "Click the sign left of the address, allow the camera, then try again",
                ),
                t("再试一次", "Try again"),
            ),
            State::Blind(Blind::Missing) => (
                Some(t("没有找到摄像头", "No camera found")),
                t("请用扫码枪，或输入预约码", "Use a scanner, or type the code"),
                t("再试一次", "Try again"),
            ),
            State::Blind(Blind::Taken) => (
                Some(t("摄像头正被别的程序占用", "Another program is using the camera")),
                t("关掉那个程序，再试一次", "Close it, then try again"),
                t("再试一次", "Try again"),
            ),
            State::Blind(Blind::Insecure) => (
                Some(t("这个网址不能用摄像头", "This address cannot use the camera")),
                t("请用 https 开头的网址打开本页", "Open this page at its https address"),
                t("再试一次", "Try again"),
            ),
            State::Blind(Blind::Broken) => (
                Some(t("摄像头打不开", "The camera does not open")),
                t("请用扫码枪，或输入预约码", "Use a scanner, or type the code"),
                t("再试一次", "Try again"),
            ),
        };
        view! {
            <div class="camera-words" role="status">
                {title.map(|title| view! { <h2>{title}</h2> })}
                <p>{advice}</p>
                <button type="button" class="btn" on:click=move |_| self.open()>{button}</button>
            </div>
        }
        .into_any()
    }

    fn controls(self) -> AnyView {
        let options = move || {
            let chosen = self.chosen.get();
            let option = |(at, lens): (usize, Lens)| {
                let name = if lens.name.is_empty() { format!("{} {}", t("摄像头", "Camera"), at + 1) } else { lens.name };
                view! { <option value=lens.id.clone() selected=chosen.as_ref() == Some(&lens.id)>{name}</option> }.into_any()
            };
            self.lenses.get().into_iter().enumerate().map(option).collect::<Vec<_>>()
        };
        let choice = move || {
            (self.lenses.with(Vec::len) > 1).then(|| {
                view! {
                    <select
                        class="camera-choice"
                        aria-label=t("选择摄像头", "Choose a camera")
                        on:change=move |event| self.choose(event_target_value(&event))
                    >
                        {options}
                    </select>
                }
            })
        };
        let lamp = move || {
            self.lamp.get().map(|on| {
                view! {
                    <button type="button" class="pill" aria-pressed=if on { "true" } else { "false" } on:click=move |_| self.light()>
                        {t("补光灯", "Light")}
                    </button>
                }
            })
        };
        view! {
            <div class="camera-controls">
                {choice} {lamp}
                <button type="button" class="pill" on:click=move |_| self.close()>{t("关闭摄像头", "Turn the camera off")}</button>
            </div>
        }
        .into_any()
    }
}

impl Looking {
    /// The text of a code in the present frame. Frames take turns: all of it, its middle, and now and then light on dark.
    fn see(&mut self, video: &web_sys::HtmlVideoElement) -> Option<String> {
        let now = js_sys::Date::now();
        let frame_s = video.current_time();
        if video.ready_state() < 2 || frame_s == self.last_frame_s || now < self.rest_until_ms {
            return None;
        }
        self.last_frame_s = frame_s;
        self.frames = self.frames.wrapping_add(1);
        let part = if self.frames.is_multiple_of(2) { Part::MIDDLE } else { Part::WHOLE };
        let grey = self.paper.of_video(video, part)?;
        let grey = if self.frames % 8 == 7 { grey.inverted() } else { grey };
        let text = decode(&grey);
        let end = js_sys::Date::now();
        self.rest_until_ms = end + (end - now);
        // when it was looked at and for how long: read by end2end/look/camera.look.ts
        let _ = video.set_attribute("data-look", &format!("{now} {}", end - now));
        text
    }
}
