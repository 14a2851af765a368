// What the service says to programs: another citizen who acts at the same time, and the phone's messages.
import { randomUUID } from 'node:crypto'
import type { BrowserContext, Page } from '@playwright/test'
import { type Someone, someone } from './people.ts'

export interface Slot {
  id: string
  vaccine_id: string
  date: string
  start: string
  end: string
  capacity: number
  remaining: number
  state: 'open' | 'full' | 'closed' | 'later'
}

export interface Site {
  id: string
  name: string
  county: string
  address: string
  phone: string
  days: { date: string; remaining: number }[]
}

export interface Booking {
  code: string
  state: 'booked' | 'redeemed' | 'cancelled' | 'missed'
  dose: number
  person: { id: string; name: string }
  site: { id: string; name: string; address: string; phone: string }
  vaccine: { id: string; name: string }
  date: string
  start: string
  end: string
  pass: string | null
}

export interface Message {
  to: string
  kind: 'sign_in_code' | 'own_data_code' | 'booked' | 'moved' | 'cancelled' | 'reminder'
  text: string
  at: string
}

/** A refusal, as programs get it. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body: { code: string; message: string; field: string | null },
  ) {
    super(`${status} ${body.code}: ${body.message}`)
  }
}

async function read<T>(answer: Response): Promise<T> {
  if (!answer.ok) throw new Refused(answer.status, await answer.json())
  return (await answer.json()) as T
}

/** The messages that would have been sent to a phone, newest first. */
export async function messages(url: string, phone: string): Promise<Message[]> {
  return read(await fetch(`${url}/demo/messages?phone=${phone}`, { headers: { accept: 'application/json' } }))
}

/** The six digits of the newest sign-in code. */
export async function signInCode(url: string, phone: string): Promise<string> {
  const newest = (await messages(url, phone)).find((message) => message.kind.endsWith('_code'))
  const digits = newest && /\d{6}/.exec(newest.text)
  if (!digits) throw new Error(`no sign-in code was sent to ${phone}`)
  return digits[0]
}

export async function sites(url: string): Promise<Site[]> {
  return (await read<{ sites: Site[] }>(await fetch(`${url}/availability`))).sites
}

export async function siteNamed(url: string, name: string): Promise<Site> {
  const site = (await sites(url)).find((site) => site.name === name)
  if (!site) throw new Error(`there is no site ${name}`)
  return site
}

/** A site's windows that can be booked, soonest first. */
export async function openSlots(url: string, siteName: string, vaccine = 'vero'): Promise<Slot[]> {
  const all = await slots(url, (await siteNamed(url, siteName)).id)
  return all.filter((slot) => slot.state === 'open' && slot.vaccine_id === vaccine)
}

export async function slots(url: string, siteId: string): Promise<Slot[]> {
  return (await read<{ slots: Slot[] }>(await fetch(`${url}/availability/${siteId}`))).slots
}

const SCREENING = { allergy: false, severe_reaction: false, neurological: false, acute_or_uncontrolled: false, pregnant: false }

/** A citizen or a member of staff who calls the service without a page. */
export class Caller {
  private cookie = ''

  constructor(readonly url: string) {}

  /** The one who is signed in on a page. */
  static async of(page: Page): Promise<Caller> {
    const caller = new Caller(new URL(page.url()).origin)
    const cookies = await page.context().cookies(caller.url)
    caller.cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    return caller
  }

  /** Lets a page be signed in as this one. */
  async signInto(context: BrowserContext): Promise<void> {
    const [name, value] = this.cookie.split('=')
    await context.addCookies([{ name: name!, value: value!, url: this.url }])
  }

  async call<T>(path: string, body: unknown = {}): Promise<T> {
    const headers = { 'content-type': 'application/json', cookie: this.cookie }
    const answer = await fetch(`${this.url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    const given = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]!)
    if (given.length > 0) this.cookie = given.join('; ')
    return read<T>(answer)
  }

  async signIn(phone: string): Promise<this> {
    await this.call('accounts/send_code', { phone })
    await this.call('accounts/sign_in', { phone, code: await signInCode(this.url, phone) })
    return this
  }

  async staffSignIn(username: string, password: string): Promise<this> {
    await this.call('staff/sign_in', { username, password })
    return this
  }

  async savePerson(who: Someone, phone: string, relation: 'self' | 'other' = 'self'): Promise<string> {
    const { name, number, county, address } = who
    const person = { relation, name, phone, document: { kind: 'resident_id', number }, county, address }
    return (await this.call<{ person: { id: string } }>('people/save', { person })).person.id
  }

  async reserve(personId: string, slotId: string, dose = 1): Promise<Booking> {
    const notice = await this.call<{ version: string }>('notices/current')
    const request = { request_id: randomUUID(), person_id: personId, slot_id: slotId, dose, screening: SCREENING, consent: { version: notice.version } }
    return (await this.call<{ booking: Booking }>('bookings/reserve', request)).booking
  }

  async move(code: string, slotId: string): Promise<Booking> {
    return (await this.call<{ booking: Booking }>('bookings/move', { request_id: randomUUID(), code, slot_id: slotId })).booking
  }

  async cancel(code: string): Promise<Booking> {
    return (await this.call<{ booking: Booking }>('bookings/cancel', { code })).booking
  }

  async bookings(): Promise<Booking[]> {
    return (await this.call<{ bookings: Booking[] }>('bookings/list')).bookings
  }
}

/** An account keeps its holder and five others. */
export const PEOPLE_AN_ACCOUNT = 6
let strangers = 0

/** Other people take places of a window, through calls like everybody's. */
export async function othersTake(url: string, slotId: string, places: number): Promise<void> {
  let caller: Caller | undefined
  let phone = ''
  for (let place = 0; place < places; place++) {
    strangers += 1
    if (place % PEOPLE_AN_ACCOUNT === 0) {
      phone = `154${String(90_000_000 + strangers)}`
      caller = await new Caller(url).signIn(phone)
    }
    const person = await caller!.savePerson(someone('旁人', '1970-01-01', strangers), phone, place % PEOPLE_AN_ACCOUNT === 0 ? 'self' : 'other')
    await caller!.reserve(person, slotId)
  }
}
