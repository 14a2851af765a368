// The staff's service worker. It keeps the page itself, so that a reload without a network opens it, and nothing of anybody: what is
// asked for under /api and /availability never passes through here. What waits to be sent lies in IndexedDB and outlives every version.
const KEPT = 'yizhen-staff-__VERSION__'
const FILES = ['__FILES__']
const PAGE = '/staff'
const PATIENCE_MS = 2000

addEventListener('install', (event) => {
  const keep = async () => {
    const cache = await caches.open(KEPT)
    await cache.addAll(FILES.map((path) => new Request(path, { cache: 'no-cache', credentials: 'omit' })))
    await skipWaiting()
  }
  event.waitUntil(keep())
})

addEventListener('activate', (event) => {
  const take = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith('yizhen-staff-') && name !== KEPT)
    await Promise.all(old.map((name) => caches.delete(name)))
    await clients.claim()
  }
  event.waitUntil(take())
})

const kept = async (path) => (await caches.open(KEPT)).match(path)

// The page of the network where it comes soon: a new version is then seen at once.
const page = async (request) => {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))
  const asked = fetch(request)
  const answer = await Promise.race([asked.catch(() => undefined), late])
  return answer?.ok ? answer : ((await kept(PAGE)) ?? asked)
}

addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin) return
  if (request.mode === 'navigate') return event.respondWith(page(request))
  if (pathname !== PAGE && FILES.includes(pathname)) event.respondWith(kept(pathname).then((file) => file ?? fetch(request)))
})
