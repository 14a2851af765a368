// A whole day at a site, through the calls that pages make: people book the day before, come or do not, wait, get their jab or go home without
// it; some walk in; a manager takes jabs back. A book kept here says what must be counted, and the page, its plot and the ledger agree.
// PEOPLE=5000 plays a larger one.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Caller, PEOPLE_AN_ACCOUNT, Refused, type Slot, siteNamed, slots } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { someone } from '../support/people.ts'
import { PARTS, bars, tableOfToday } from '../support/plot.ts'
import { PASSWORD, TODAY } from '../support/service.ts'
import { OTHER_SITE, staffSignIn } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

const PEOPLE = Number(process.env.PEOPLE ?? 2000)
/** Of a hundred who want a jab so many just walk in. */
const WALK_INS = 6
const DAY = '2027-03-02'
/** When the day is looked at; in between everybody comes whose window has begun. */
const LOOKS = ['08:10', '10:05', '14:35', '16:40']
const AT_ONCE = 8

// one site large enough for everybody: twelve windows of one vaccine
const CITY = join(mkdtempSync(join(tmpdir(), 'yizhen-day-')), 'city.toml')
const PLACES = Math.ceil((PEOPLE / 12) * 1.6) + 20
const yongzhou = readFileSync(new URL('../../app/engine/cities/yongzhou.toml', import.meta.url), 'utf8')
const usual = '{ vaccine = "vero", hours = ["08:00-11:30", "14:30-17:00"], capacity = 30 }'
writeFileSync(CITY, yongzhou.replace(usual, usual.replace('30 }', `${PLACES} }`)))

test.use({
  ...TABLET,
  settings: {
    CITY_FILE: CITY,
    PROOF_OF_WORK: 'never',
    LIMIT_CODES_AN_ADDRESS: '100000',
    LIMIT_TRIES_AN_ADDRESS: '100000',
    STAFF_LOCK_MINUTES: '0',
    STAFF_SESSION_IDLE_MINUTES: '600',
  },
})

/** What becomes of somebody: a hundred people in these shares, always in the same order. */
const FATES = [
  ...Array<Fate>(52).fill('jab'),
  ...Array<Fate>(14).fill('received, jab'),
  ...Array<Fate>(6).fill('received'),
  ...Array<Fate>(5).fill('sent home'),
  ...Array<Fate>(3).fill('received, sent home'),
  ...Array<Fate>(3).fill('taken back'),
  ...Array<Fate>(3).fill('taken back, jab'),
  ...Array<Fate>(4).fill('called off'),
  ...Array<Fate>(10).fill('stays away'),
]
type Fate =
  | 'jab'
  | 'received, jab'
  | 'received'
  | 'sent home'
  | 'received, sent home'
  | 'taken back'
  | 'taken back, jab'
  | 'called off'
  | 'stays away'

interface Visit {
  code: string
  fate: Fate
  window: string
  citizen: Caller
}

/** What the book says of a window. */
interface Line {
  expected: number
  done: number
  waiting: number
  turned_away: number
  capacity: number
}

interface Roster {
  rows: { start: string }[]
  slots: { start: string; capacity: number; closed: boolean }[]
}

interface Today {
  sum: Record<string, number>
  windows: (Record<string, number> & { start: string; end: string; closed: boolean })[]
}

/** Does it for all of them, a few at a time. */
async function all<T>(many: T[], work: (one: T, at: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let at = next++; at < many.length; at = next++) await work(many[at]!, at)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** The reason of a refusal that must come. */
async function refused(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof Refused)) throw error ?? new Error('it was not refused')
  return error.body.code
}

test(`the day of ${PEOPLE} people adds up`, async ({ page, service }) => {
  test.setTimeout(60_000 + PEOPLE * 400)
  const manager = { username: 'site-two', name: '二号点负责人' }
  service.run(['staff', 'add', '--username', manager.username, '--name', manager.name, '--role', 'manager', '--site', 'lengshuitan-2'], PASSWORD)
  const staff = () => new Caller(service.url).staffSignIn(manager.username, PASSWORD)
  const stranger = () => new Caller(service.url).staffSignIn('nurse', PASSWORD)
  const site = await siteNamed(service.url, OTHER_SITE)

  // the demo's own people are in the book before anybody else
  await service.restart(`${TODAY}T18:00:00+08:00`)
  const roster = await (await staff()).call<Roster>('checkin/roster', { site_id: site.id, date: DAY })
  const book = new Map<string, Line>()
  const line = (window: string) => book.get(window)!
  for (const { start, capacity, closed } of roster.slots) {
    const present = book.get(start) ?? { expected: 0, done: 0, waiting: 0, turned_away: 0, capacity: 0 }
    // what is closed has no free place
    book.set(start, { ...present, capacity: present.capacity + (closed ? 0 : capacity) })
  }
  for (const { start } of roster.rows) line(start).expected += 1
  const places = (await slots(service.url, site.id)).filter(({ date, vaccine_id, state }) => date === DAY && vaccine_id === 'vero' && state === 'open')

  // the day before: families book
  const visits: Visit[] = []
  const booked = PEOPLE - Math.round((PEOPLE * WALK_INS) / 100)
  const families = Array.from({ length: Math.ceil(booked / PEOPLE_AN_ACCOUNT) }, (_, at) => at)
  await all(families, async (family) => {
    const phone = `154${String(80_000_000 + family)}`
    const citizen = await new Caller(service.url).signIn(phone)
    for (let at = family * PEOPLE_AN_ACCOUNT; at < Math.min(booked, (family + 1) * PEOPLE_AN_ACCOUNT); at++) {
      const relation = at % PEOPLE_AN_ACCOUNT === 0 ? 'self' : 'other'
      const born = `19${50 + (at % 50)}-0${1 + (at % 9)}-1${Math.floor(at / 900) % 9}`
      const person = await citizen.savePerson(someone('来人', born, 1 + Math.floor(at / 50)), phone, relation)
      const slot = places[at % places.length]!
      const { code } = await citizen.reserve(person, slot.id)
      line(slot.start).expected += 1
      visits.push({ code, fate: FATES[(at * 37) % FATES.length]!, window: slot.start, citizen })
    }
  })

  let walkIns = 0
  const agrees = async (desk: Caller, now: string) => {
    const today = await desk.call<Today>('checkin/today', { site_id: site.id })
    for (const one of today.windows) {
      const { expected, done, waiting, turned_away, capacity } = line(one.start)
      const left = expected - done - waiting
      const over = one.end <= now
      const numbers = { expected, done, waiting, turned_away, to_come: over ? 0 : left, not_come: over ? left : 0, free: over || one.closed ? 0 : capacity - expected }
      expect(one, `${one.start} at ${now}`).toMatchObject(numbers)
    }
    expect(today.sum.walk_ins).toBe(walkIns)
    const sum = (of: keyof Line) => [...book.values()].reduce((sum, line) => sum + line[of], 0)
    expect(today.sum).toMatchObject({ expected: sum('expected'), done: sum('done'), waiting: sum('waiting'), turned_away: sum('turned_away') })
    expect(today.windows.length).toBe(book.size)
    return today
  }

  /** One visit, from the door to whatever becomes of it. */
  const comes = async (desk: Caller, elsewhere: Caller, { code, fate, window, citizen }: Visit, at: number) => {
    const jab = (nonce = randomUUID()) => desk.call('checkin/redeem', { code, nonce })
    const arrive = async () => {
      await desk.call('checkin/arrive', { code })
      line(window).waiting += 1
    }
    const home = async () => {
      await desk.call('checkin/turn_away', { code, nonce: randomUUID(), reason: 'fever' })
      line(window).turned_away += 1
      line(window).expected -= 1
      expect(await refused(jab())).toBe('wrong_state')
    }
    if (at % 10 === 0) {
      expect((await elsewhere.call<{ may_redeem: boolean }>('checkin/look_up', { code })).may_redeem).toBe(false)
      expect(await refused(elsewhere.call('checkin/redeem', { code, nonce: randomUUID() }))).toBe('forbidden')
    }
    switch (fate) {
      case 'stays away':
        return
      case 'called off':
        await citizen.cancel(code)
        line(window).expected -= 1
        return
      case 'received':
        return arrive()
      case 'sent home':
        return home()
      case 'received, sent home':
        await arrive()
        line(window).waiting -= 1
        return home()
      case 'received, jab':
        await arrive()
        line(window).waiting -= 1
        break
      default:
    }
    const nonce = randomUUID()
    // two taps are one jab
    await Promise.all([jab(nonce), jab(nonce)])
    line(window).done += 1
    if (at % 7 === 0) expect(await refused(jab())).toBe('already_redeemed')
    if (fate.startsWith('taken back')) {
      await desk.call('checkin/undo', { code, reason: '扫错了人' })
      line(window).done -= 1
    }
    if (fate === 'taken back, jab') {
      await jab()
      line(window).done += 1
    }
  }

  const notice = await new Caller(service.url).call<{ version: string }>('notices/current')
  const screening = { allergy: false, severe_reaction: false, neurological: false, acute_or_uncontrolled: false, pregnant: false }
  /** Somebody without a booking takes a free place of the window that goes on, and has their jab. */
  const walksIn = async (desk: Caller, slot: Slot) => {
    const at = walkIns++
    const { name, number, county, address } = someone('过路人', `198${at % 10}-12-2${Math.floor(at / 10) % 9}`, 1 + Math.floor(at / 90))
    const person = { relation: 'other', name, document: { kind: 'resident_id', number }, phone: `157${String(70_000_000 + at)}`, county, address }
    const wants = { request_id: randomUUID(), slot_id: slot.id, dose: 1, how: 'walk_in', person, screening, consent: { version: notice.version } }
    const once = () => desk.call<{ booking: { code: string } }>('desk/book', wants)
    const [first, again] = await Promise.all([once(), once()])
    expect(again.booking.code, 'one request, one booking').toBe(first.booking.code)
    await desk.call('checkin/redeem', { code: first.booking.code, nonce: randomUUID() })
    line(slot.start).expected += 1
    line(slot.start).done += 1
  }

  const present = new Set<string>()
  for (const now of LOOKS) {
    await service.restart(`${DAY}T${now}:00+08:00`)
    const [desk, elsewhere] = [await staff(), await stranger()]
    const come = visits.filter(({ code, window }) => window <= now && !present.has(code))
    for (const { code } of come) present.add(code)
    await all(come, (visit, at) => comes(desk, elsewhere, visit, at))
    const going = places.find(({ start, end }) => start <= now && now < end)!
    await all(Array.from({ length: Math.round((PEOPLE * WALK_INS) / 100 / LOOKS.length) }), () => walksIn(desk, going))
    await agrees(desk, now)
  }
  expect(present.size, 'everybody had their turn').toBe(visits.length)

  // the page says the same, in its table and in its bars
  await staffSignIn(page, manager, '/staff/today')
  const today = await agrees(await staff(), LOOKS.at(-1)!)
  const values = (numbers: Record<string, number>) =>
    ['expected', 'done', 'waiting', 'to_come', 'not_come', 'free'].map((name) => String(numbers[name]))
  const rows = [...today.windows.map((one) => [`${one.start}–${one.end}`, ...values(one)]), ['全天', ...values(today.sum)]]
  await expect.poll(() => tableOfToday(page)).toEqual(rows)
  const plot = await bars(page)
  expect(plot.map(({ window }) => window)).toEqual([...book.keys()].sort())
  for (const [at, bar] of plot.entries()) {
    const one = today.windows[at]!
    const counts = [one.done, one.waiting, one.to_come, one.not_come, one.free]
    expect(bar.parts.map(({ kind, count }) => ({ kind, count })), bar.window!).toEqual(
      PARTS.map((kind, part) => ({ kind, count: counts[part]! })).filter(({ count }) => count > 0),
    )
  }

  // the ledger balances, and after midnight whoever stayed away is missed and free to book again
  expect(service.run(['ledger', 'check'])).toMatch(/balances/)
  await service.restart('2027-03-03T00:15:00+08:00')
  const away = visits.filter(({ fate }) => fate === 'stays away')
  expect(away.length).toBeGreaterThan(0)
  const states = new Map<string, string>()
  for (const citizen of new Set(away.map(({ citizen }) => citizen))) {
    for (const { code, state } of await citizen.bookings()) states.set(code, state)
  }
  for (const { code } of away) expect(states.get(code)).toBe('missed')
  expect(service.run(['ledger', 'check'])).toMatch(/balances/)
})
