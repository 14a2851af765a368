//! What an answer sounds and feels like, for those who look at the person and not at the screen.

use std::cell::RefCell;

use domain::checkin::Light;
use leptos::prelude::*;
use web_sys::{AudioContext, AudioContextState, OscillatorType};

use crate::ui::dom;

const MUTED: &str = "yizhen.staff.muted";

/// Something worth hearing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sound {
    /// The answer came.
    Answer(Light),
    /// The jab is recorded.
    Done,
}

/// A tone: hertz, when it begins and how long it lasts, both in seconds.
type Tone = (f32, f64, f64);

impl Sound {
    /// Told apart by tune, not by pitch alone: rising, the same twice, low and long, three up.
    fn tones(self) -> (&'static [Tone], OscillatorType) {
        match self {
            Self::Answer(Light::Green) => (&[(880.0, 0.0, 0.09), (1318.5, 0.1, 0.14)], OscillatorType::Sine),
            Self::Answer(Light::Amber) => (&[(659.3, 0.0, 0.12), (659.3, 0.2, 0.12)], OscillatorType::Triangle),
            Self::Answer(Light::Red) => (&[(207.7, 0.0, 0.26), (155.6, 0.28, 0.42)], OscillatorType::Square),
            Self::Done => (&[(784.0, 0.0, 0.08), (987.8, 0.09, 0.08), (1318.5, 0.18, 0.2)], OscillatorType::Sine),
        }
    }

    /// Milliseconds on, off, on.
    fn pulses(self) -> &'static [u32] {
        match self {
            Self::Answer(Light::Green) => &[60],
            Self::Answer(Light::Amber) => &[80, 80, 80],
            Self::Answer(Light::Red) => &[400],
            Self::Done => &[60, 50, 60, 50, 60],
        }
    }
}

thread_local! {
    static CONTEXT: RefCell<Option<AudioContext>> = const { RefCell::new(None) };
    static ON: ArcRwSignal<bool> = ArcRwSignal::new(dom::local(MUTED).is_none());
}

/// Whether sounds are on.
pub(crate) fn is_on() -> bool {
    ON.with(|on| on.get())
}

/// Turns sounds on or off, for the next visit too.
pub(crate) fn turn(on: bool) {
    dom::keep_local(MUTED, (!on).then_some("1"));
    ON.with(|signal| signal.set(on));
    if on {
        play(Sound::Answer(Light::Green));
    }
}

/// Browsers let a page make sounds only after somebody has touched it: the first touch opens the way.
pub(crate) fn start() {
    let _ = window_event_listener(leptos::ev::pointerdown, |_| wake());
    let _ = window_event_listener(leptos::ev::keydown, |_| wake());
}

fn wake() {
    CONTEXT.with_borrow_mut(|context| {
        if context.is_none() {
            *context = AudioContext::new().ok();
        }
        if let Some(context) = context
            && context.state() == AudioContextState::Suspended
        {
            let _ = context.resume();
        }
    });
}

/// Plays it, where sounds are on and possible.
pub(crate) fn play(sound: Sound) {
    let pulses = js_sys::Array::new();
    for pulse in sound.pulses() {
        pulses.push(&(*pulse).into());
    }
    let _ = dom::window().navigator().vibrate_with_pattern(&pulses);
    if !ON.with(|on| on.get_untracked()) {
        return;
    }
    CONTEXT.with_borrow(|context| {
        if let Some(context) = context.as_ref().filter(|context| context.state() == AudioContextState::Running) {
            let (tones, shape) = sound.tones();
            // a browser that cannot make a tone leaves the picture and the word
            let _ = tones.iter().try_for_each(|tone| ring(context, *tone, shape));
        }
    });
}

fn ring(context: &AudioContext, (hertz, after, lasts): Tone, shape: OscillatorType) -> Result<(), wasm_bindgen::JsValue> {
    let (begin, end) = (context.current_time() + after, context.current_time() + after + lasts);
    let (tone, volume) = (context.create_oscillator()?, context.create_gain()?);
    tone.set_type(shape);
    tone.frequency().set_value(hertz);
    // swells and fades within a few milliseconds, or it clicks
    volume.gain().set_value_at_time(0.0, begin)?;
    volume.gain().linear_ramp_to_value_at_time(0.35, begin + 0.01)?;
    volume.gain().set_value_at_time(0.35, end - 0.02)?;
    volume.gain().linear_ramp_to_value_at_time(0.0, end)?;
    tone.connect_with_audio_node(&volume)?;
    volume.connect_with_audio_node(&context.destination())?;
    tone.start_with_when(begin)?;
    tone.stop_with_when(end)
}
