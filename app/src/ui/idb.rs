//! IndexedDB, as much of it as a page needs: open, put, delete, read all. What `put` has written when it returns survives a power cut.
//!
//! Over web-sys, not one of the crates for it: they leave the durability to the browser, which since Chromium 121 writes to the disk when
//! it likes, and what is kept here are jabs that stand nowhere else.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransaction};

use super::dom;

/// A database of this origin: stores of texts under text keys.
#[derive(Clone, Debug)]
pub struct Database(IdbDatabase);

type Outcome<T> = Result<T, JsValue>;

impl Database {
    /// Opens it, making the stores that are not there.
    ///
    /// # Errors
    /// Where storage is forbidden, broken or full.
    pub async fn open(name: &str, version: u32, stores: &'static [&'static str]) -> Outcome<Self> {
        let factory = dom::window().indexed_db()?.ok_or(JsValue::NULL)?;
        let request = factory.open_with_u32(name, version)?;
        let upgrading = request.clone();
        let upgrade = Closure::once(move || {
            let Ok(database) = upgrading.result().map(JsCast::unchecked_into::<IdbDatabase>) else { return };
            for store in stores {
                if !database.object_store_names().contains(store) {
                    // one that cannot be made fails the opening
                    let _ = database.create_object_store(store);
                }
            }
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let opened = done(&request.clone().unchecked_into::<IdbRequest>()).await?;
        drop(upgrade);
        Ok(Self(opened.unchecked_into()))
    }

    /// Writes a value under a key, in place of the one that was there; it is on the disk when this returns.
    ///
    /// # Errors
    /// Where it could not be written.
    pub async fn put(&self, store: &str, key: &str, value: &str) -> Outcome<()> {
        let (writing, store) = self.begin(store, "readwrite")?;
        let ended = end(&writing);
        store.put_with_key(&value.into(), &key.into())?;
        JsFuture::from(ended).await.map(drop)
    }

    /// Takes keys away, also such as are not there.
    ///
    /// # Errors
    /// Where that could not be written.
    pub async fn delete(&self, store: &str, keys: &[String]) -> Outcome<()> {
        let (writing, store) = self.begin(store, "readwrite")?;
        let ended = end(&writing);
        for key in keys {
            store.delete(&key.as_str().into())?;
        }
        JsFuture::from(ended).await.map(drop)
    }

    /// All keys and values, in the order of the keys.
    ///
    /// # Errors
    /// Where it could not be read.
    pub async fn all(&self, store: &str) -> Outcome<Vec<(String, String)>> {
        let (_, store) = self.begin(store, "readonly")?;
        let (keys, values) = (store.get_all_keys()?, store.get_all()?);
        let (keys, values) = (done_both(&keys), done_both(&values));
        let (keys, values) = (Array::from(&JsFuture::from(keys).await?), Array::from(&JsFuture::from(values).await?));
        Ok(keys.iter().zip(values.iter()).filter_map(|(key, value)| Some((key.as_string()?, value.as_string()?))).collect())
    }

    fn begin(&self, store: &str, mode: &str) -> Outcome<(IdbTransaction, IdbObjectStore)> {
        // web-sys has the options behind an unstable flag
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &"strict".into())?;
        let transaction: Function = Reflect::get(&self.0, &"transaction".into())?.dyn_into()?;
        let begun: IdbTransaction = transaction.call3(&self.0, &store.into(), &mode.into(), &options)?.dyn_into()?;
        let store = begun.object_store(store)?;
        Ok((begun, store))
    }
}

async fn done(request: &IdbRequest) -> Outcome<JsValue> {
    JsFuture::from(done_both(request)).await
}

/// A promise of what a request brings. Its handlers are set at once: an event that nobody waits for is lost.
fn done_both(request: &IdbRequest) -> Promise {
    let request = request.clone();
    Promise::new(&mut |resolve, reject| {
        let (succeeded, failed) = (request.clone(), request.clone());
        let good = Closure::once_into_js(move || resolve.call1(&JsValue::NULL, &succeeded.result().unwrap_or(JsValue::NULL)));
        let bad = Closure::once_into_js(move || {
            let error = failed.error().ok().flatten().map_or(JsValue::NULL, JsValue::from);
            reject.call1(&JsValue::NULL, &error)
        });
        request.set_onsuccess(Some(good.unchecked_ref()));
        request.set_onerror(Some(bad.unchecked_ref()));
    })
}

/// A promise that a transaction is written.
fn end(transaction: &IdbTransaction) -> Promise {
    Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    })
}
