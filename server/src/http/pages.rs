//! The built pages: out of this program, or out of a folder. A path that is no file answers the page.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::city::City;
use rust_embed::RustEmbed;

use super::page::Page;
use super::{Host, refusal, worker};
use crate::config::FrameHosts;

/// The link that messages hold, short, and the same for everybody: whoever finds a phone learns nothing from it.
pub const MINE: &str = "/m";

/// What trunk built, as it was when this program was compiled.
#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Built;

type Files = HashMap<String, Cow<'static, [u8]>>;

/// The pages, ready to be sent.
#[derive(Clone)]
pub struct Pages(Arc<Ready>);

struct Ready {
    citizen: Option<Page>,
    staff: Option<Page>,
    assets: HashMap<String, Page>,
}

impl Pages {
    /// The pages inside this program.
    pub fn built_in(city: &City, frames: &FrameHosts, hosts: &str) -> Self {
        let files = Built::iter().filter_map(|name| Some((name.to_string(), Built::get(&name)?.data))).collect();
        Self::of(files, city, frames, hosts)
    }

    /// The pages of a folder that holds `citizen/` and `staff/`.
    ///
    /// # Errors
    /// When the folder cannot be read, or has no pages.
    pub fn of_folder(folder: &Path, city: &City, frames: &FrameHosts, hosts: &str) -> std::io::Result<Self> {
        let mut files = Files::new();
        for page in ["citizen", "staff"] {
            read(&folder.join(page), page, &mut files)?;
            if !files.contains_key(&format!("{page}/index.html")) {
                return Err(std::io::Error::other(format!("there is no {page}/index.html")));
            }
        }
        Ok(Self::of(files, city, frames, hosts))
    }

    /// Whether there are pages at all: a program can be compiled before they are built.
    pub fn are_there(&self) -> bool {
        self.0.citizen.is_some() && self.0.staff.is_some()
    }

    fn of(mut files: Files, city: &City, frames: &FrameHosts, hosts: &str) -> Self {
        let mut document = |name: &str, frames: &FrameHosts| {
            let html = files.remove(name)?;
            Some(Page::document(core::str::from_utf8(&html).ok()?, city, frames, hosts))
        };
        // nobody shows the staff's page in a frame: what is done there cannot be undone by those whom it is done to
        let nobody = FrameHosts::default();
        let (citizen, staff) = (document("citizen/index.html", frames), document("staff/index.html", &nobody));
        let mut assets = HashMap::new();
        let mut kept = Vec::new();
        for (name, body) in &files {
            let path = match name.strip_prefix("citizen/") {
                Some(name) => format!("/{name}"),
                None => format!("/{name}"),
            };
            if let Some(page) = Page::asset(name, body.clone(), files.get(&format!("{name}.br")).cloned()) {
                if name.starts_with("staff/") {
                    kept.push((path.clone(), page.tag().to_owned()));
                }
                assets.insert(path, page);
            }
        }
        if let Some(staff) = &staff {
            kept.push(("/staff".to_owned(), staff.tag().to_owned()));
            assets.insert(worker::PATH.to_owned(), Page::worker(worker::script(kept)));
        }
        Self(Arc::new(Ready { citizen, staff, assets }))
    }
}

/// Reads the files of a folder, and of those in it, under names that begin with `name`.
fn read(folder: &Path, name: &str, files: &mut Files) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &name, files)?;
        } else {
            files.insert(name, std::fs::read(entry.path())?.into());
        }
    }
    Ok(())
}

/// Leads from the link in a message to one's bookings.
pub(super) async fn mine() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/bookings"), (header::CACHE_CONTROL, "no-store")]).into_response()
}

/// Whatever no other room answers.
pub(super) async fn answer(State(host): State<Host>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return refusal::wrong_method().await.into_response();
    }
    let pages = &host.0.pages.0;
    let path = uri.path();
    if let Some(asset) = pages.assets.get(path) {
        return asset.send(&headers);
    }
    if path.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        return text(StatusCode::NOT_FOUND, "没有这个文件。 There is no such file.\n");
    }
    let for_staff = path == "/staff" || path.starts_with("/staff/");
    match if for_staff { &pages.staff } else { &pages.citizen } {
        Some(page) => page.send(&headers),
        None => text(
            StatusCode::SERVICE_UNAVAILABLE,
            "页面还没有构建：请运行 make build。 The pages are not built yet: run make build.\n",
        ),
    }
}

fn text(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], text).into_response()
}
