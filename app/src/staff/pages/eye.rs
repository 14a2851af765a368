//! The browser's side of the camera: opening it, its lamp, and grey pictures of what it sees. No signals here.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement, MediaDeviceInfo, MediaDeviceKind, MediaDevices, MediaStream,
    MediaStreamConstraints, MediaStreamTrack, MediaTrackConstraints,
};

use crate::staff::qr::Grey;
use crate::ui::dom;

/// The longer side of a picture that is looked at. More costs time and finds nothing more.
const LONGEST: u32 = 960;

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blind {
    /// Somebody said no.
    Denied,
    /// There is none.
    Missing,
    /// Another program has it.
    Taken,
    /// The page did not come over https (or from this machine), so the browser hides it.
    Insecure,
    /// Anything else.
    Broken,
}

/// A camera that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lens {
    pub(super) id: String,
    pub(super) name: String,
}

/// A camera that is open.
pub(super) struct Eye {
    stream: MediaStream,
    track: MediaStreamTrack,
}

impl Eye {
    /// Opens the chosen camera; without a choice, or when that one is gone, the one at the back.
    pub(super) async fn open(chosen: Option<&str>) -> Result<Self, Blind> {
        let devices = devices()?;
        if let Some(id) = chosen {
            match Self::ask(&devices, "deviceId", "exact", id).await {
                Err(Blind::Missing) => {}
                answer => return answer,
            }
        }
        Self::ask(&devices, "facingMode", "ideal", "environment").await
    }

    async fn ask(devices: &MediaDevices, wish: &str, strength: &str, value: &str) -> Result<Self, Blind> {
        let video = MediaTrackConstraints::new();
        set(&video, wish, &object(strength, &value.into()));
        set(&video, "width", &object("ideal", &1280.into()));
        set(&video, "height", &object("ideal", &720.into()));
        let constraints = MediaStreamConstraints::new();
        constraints.set_video(&video);
        let asked = devices.get_user_media_with_constraints(&constraints).map_err(|error| blind(&error))?;
        let stream: MediaStream = JsFuture::from(asked).await.map_err(|error| blind(&error))?.unchecked_into();
        let track: MediaStreamTrack = stream.get_video_tracks().get(0).dyn_into().map_err(|_| Blind::Broken)?;
        Ok(Self { stream, track })
    }

    /// Shows what it sees.
    pub(super) fn show(&self, video: &HtmlVideoElement) {
        video.set_src_object(Some(&self.stream));
        video.set_muted(true);
        // playing may be put off by the browser; the pictures come when it plays
        let _ = video.play();
    }

    /// Whether it is still there: a tablet takes it away when it sleeps, a plug when it is pulled.
    pub(super) fn is_live(&self) -> bool {
        Reflect::get(&self.track, &"readyState".into()).is_ok_and(|state| state == "live")
    }

    /// Which camera it is.
    pub(super) fn id(&self) -> Option<String> {
        let settings = called(&self.track, "getSettings")?;
        Reflect::get(&settings, &"deviceId".into()).ok()?.as_string()
    }

    /// Whether it has a lamp.
    pub(super) fn has_lamp(&self) -> bool {
        let torch = called(&self.track, "getCapabilities").and_then(|can| Reflect::get(&can, &"torch".into()).ok());
        torch.is_some_and(|torch| torch.is_truthy())
    }

    /// Turns the lamp on or off; tells whether that worked. Holds nothing of the eye while it waits.
    pub(super) fn light(&self, on: bool) -> impl Future<Output = bool> + use<> {
        let constraints = MediaTrackConstraints::new();
        set(&constraints, "advanced", &Array::of1(&object("torch", &on.into())));
        let asked = self.track.apply_constraints_with_constraints(&constraints);
        async move {
            match asked {
                Ok(asked) => JsFuture::from(asked).await.is_ok(),
                Err(_) => false,
            }
        }
    }
}

impl Drop for Eye {
    fn drop(&mut self) {
        self.stream.get_tracks().iter().for_each(|track| track.unchecked_into::<MediaStreamTrack>().stop());
    }
}

/// The cameras there are. Their names are told only once one has been allowed.
pub(super) async fn lenses() -> Vec<Lens> {
    let Ok(asked) = devices().and_then(|devices| devices.enumerate_devices().map_err(|error| blind(&error))) else { return vec![] };
    let Ok(found) = JsFuture::from(asked).await else { return vec![] };
    let found = Array::from(&found);
    let cameras = found
        .iter()
        .map(|device| device.unchecked_into::<MediaDeviceInfo>())
        .filter(|device| device.kind() == MediaDeviceKind::Videoinput);
    cameras.map(|device| Lens { id: device.device_id(), name: device.label() }).collect()
}

fn devices() -> Result<MediaDevices, Blind> {
    let navigator = dom::window().navigator();
    match Reflect::get(&navigator, &"mediaDevices".into()) {
        Ok(devices) if !devices.is_undefined() => Ok(devices.unchecked_into()),
        _ if dom::window().is_secure_context() => Err(Blind::Missing),
        _ => Err(Blind::Insecure),
    }
}

/// Media Capture and Streams, 10.2: what `getUserMedia` rejects with.
fn blind(error: &JsValue) -> Blind {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
    match &*name {
        "NotAllowedError" | "PermissionDeniedError" => Blind::Denied,
        "NotFoundError" | "OverconstrainedError" | "DevicesNotFoundError" => Blind::Missing,
        "NotReadableError" | "AbortError" | "TrackStartError" => Blind::Taken,
        "SecurityError" => Blind::Insecure,
        _ => Blind::Broken,
    }
}

/// What a method without arguments gives, in a browser that has it.
fn called(object: &JsValue, method: &str) -> Option<JsValue> {
    Reflect::get(object, &method.into()).ok()?.dyn_ref::<js_sys::Function>()?.call0(object).ok()
}

fn set(target: &JsValue, key: &str, value: &JsValue) {
    // setting a property of a plain object cannot fail
    let _ = Reflect::set(target, &key.into(), value);
}

fn object(key: &str, value: &JsValue) -> Object {
    let object = Object::new();
    set(&object, key, value);
    object
}

/// A part of a picture: where it begins and how large it is, as shares of the whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    from: f64,
    size: f64,
}

impl Part {
    /// All of it.
    pub(super) const WHOLE: Self = Self { from: 0.0, size: 1.0 };
    /// The middle, in which a distant code is seen larger.
    pub(super) const MIDDLE: Self = Self { from: 0.2, size: 0.6 };
}

/// Turns what a video or a photo shows into grey pictures. Keeps its canvas.
pub(super) struct Paper {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

impl Paper {
    /// A canvas that is read often, where the browser has one.
    pub(super) fn new() -> Option<Self> {
        let canvas: HtmlCanvasElement = dom::document().create_element("canvas").ok()?.dyn_into().ok()?;
        let often = object("willReadFrequently", &true.into());
        let context = canvas.get_context_with_context_options("2d", &often).ok()??.dyn_into().ok()?;
        Some(Self { canvas, context })
    }

    /// A picture of a part of the video's present frame.
    pub(super) fn of_video(&self, video: &HtmlVideoElement, part: Part) -> Option<Grey> {
        let (width, height) = (video.video_width(), video.video_height());
        let (from, size, to) = self.fit((width, height), part, LONGEST)?;
        self.context
            .draw_image_with_html_video_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                video, from.0, from.1, size.0, size.1, 0.0, 0.0, to.0, to.1,
            )
            .ok()?;
        self.grey()
    }

    /// A picture of a part of a photo, at most `longest` pixels long.
    pub(super) fn of_photo(&self, photo: &web_sys::ImageBitmap, part: Part, longest: u32) -> Option<Grey> {
        let (from, size, to) = self.fit((photo.width(), photo.height()), part, longest)?;
        self.context
            .draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                photo, from.0, from.1, size.0, size.1, 0.0, 0.0, to.0, to.1,
            )
            .ok()?;
        self.grey()
    }

    /// Where the part lies in the source and how large it is drawn; never larger than it is.
    #[expect(clippy::type_complexity, reason = "three pairs, named at both ends")]
    fn fit(&self, (width, height): (u32, u32), part: Part, longest: u32) -> Option<((f64, f64), (f64, f64), (f64, f64))> {
        if width == 0 || height == 0 {
            return None;
        }
        let (width, height) = (f64::from(width), f64::from(height));
        let size = (width * part.size, height * part.size);
        let scale = (f64::from(longest) / size.0.max(size.1)).min(1.0);
        let to = ((size.0 * scale).round(), (size.1 * scale).round());
        if (f64::from(self.canvas.width()), f64::from(self.canvas.height())) != to {
            self.canvas.set_width(to.0 as u32);
            self.canvas.set_height(to.1 as u32);
        }
        Some(((width * part.from, height * part.from), size, to))
    }

    fn grey(&self) -> Option<Grey> {
        let (width, height) = (self.canvas.width(), self.canvas.height());
        let data = self.context.get_image_data(0.0, 0.0, f64::from(width), f64::from(height)).ok()?.data();
        Some(Grey::of_rgba(&data, width as usize, height as usize))
    }
}
