// Keeps the files of the citizens' page, so that a ticket that was opened once opens again at the door without a network. It is registered by the page
// of a booking that stands, and works below /bookings only. It keeps no data: what a ticket says is kept by the page itself, which takes it away
// when somebody signs out.
const KEPT = 'yizhen-page'
const PAGE = '/bookings'
// A network that is there by name only: after this the page of before is shown, and asks by itself.
const PATIENCE_MS = 4000

// What a page is made of: files of our own, with a hash in their names.
function filesOf(html) {
  const named = html.matchAll(/["'=](\/[\w.-]+\.(?:js|wasm|css|svg))(?=["'\s>])/g)
  return [...new Set([...named].map((match) => match[1]))]
}

// The page and its files, all of them or none; what an older page was made of goes.
async function keep(response) {
  const cache = await caches.open(KEPT)
  const html = await response.clone().text()
  const before = await cache.match(PAGE)
  if (before && (await before.text()) === html) return
  const files = filesOf(html)
  await cache.addAll(files)
  await cache.put(PAGE, response)
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url)
    if (pathname !== PAGE && !files.includes(pathname)) await cache.delete(request)
  }
}

function isPage(response) {
  return response.ok && (response.headers.get('content-type') ?? '').startsWith('text/html')
}

async function page(event) {
  const asked = fetch(event.request)
  asked.catch(() => {})
  const late = new Promise((_, giveUp) => setTimeout(giveUp, PATIENCE_MS))
  try {
    const fresh = await Promise.race([asked, late])
    if (isPage(fresh)) event.waitUntil(keep(fresh.clone()).catch(() => {}))
    return fresh
  } catch {
    return (await caches.match(PAGE)) ?? asked
  }
}

self.addEventListener('install', (event) => {
  const first = async () => {
    const response = await fetch(PAGE)
    if (!isPage(response)) throw new Error('no page')
    await keep(response)
    await self.skipWaiting()
  }
  event.waitUntil(first())
})

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (origin !== self.location.origin || request.method !== 'GET') return
  // the calendar's file is asked for in the same way as a page
  if (request.mode === 'navigate' && !pathname.includes('.')) event.respondWith(page(event))
  // a name with a hash means the same bytes for ever
  else if (/-[0-9a-f]{10,16}(_bg)?\.(js|wasm|css|svg)$/.test(pathname)) {
    event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(request)))
  }
})
