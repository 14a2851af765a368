// Tablets without a network: they go on, lose nothing, tell nothing, and what two of them disagree on lies on the manager's desk.
import type { BrowserContext, Page } from '@playwright/test'
import { Caller, openSlots } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { LIN, LINS_PHONE, someone } from '../support/people.ts'
import { type Service, TODAY } from '../support/service.ts'
import { MANAGER, NURSE, answer, lockScreen, redeemButton, says, signOut, staffSignIn, wedge } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

test.use({ ...TABLET, settings: { YIZHEN_LIMITS: 'off' } })

/** People with a booking for today at the staff's site: their codes. */
async function booked(service: Service, people: number): Promise<string[]> {
  const codes: string[] = []
  let citizen!: Caller
  let phone = ''
  const slots = (await openSlots(service.url, STAFF_SITE)).filter((slot) => slot.date === TODAY)
  let left = slots.flatMap((slot) => Array<string>(slot.remaining).fill(slot.id))
  // the windows that are shown may be a moment older than what is booked
  left = left.reverse()
  for (let one = 0; one < people; one++) {
    if (one % 6 === 0) {
      phone = `1539${String(1_000_000 + one)}`
      citizen = await new Caller(service.url).signIn(phone)
    }
    const person = await citizen.savePerson(someone('旁人', '1970-01-01', one), phone, one % 6 === 0 ? 'self' : 'other')
    codes.push((await citizen.reserve(person, left[one]!)).code)
  }
  return codes
}

async function lins(service: Service): Promise<{ code: string; pass: string }> {
  const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.date === TODAY)!
  const citizen = await new Caller(service.url).signIn(LINS_PHONE)
  const { code, pass } = await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
  return { code, pass: pass! }
}

/** Everything that the browser keeps for this origin. */
async function kept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const all: unknown[] = [{ ...localStorage }, { ...sessionStorage }]
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open(name!)
        request.onsuccess = () => resolve(request.result)
      })
      for (const store of database.objectStoreNames) {
        const read = (request: IDBRequest) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))
        const inside = database.transaction(store).objectStore(store)
        all.push(name, store, await read(inside.getAllKeys()), await read(inside.getAll()))
      }
      database.close()
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) {
        all.push(request.url)
        if (!request.url.endsWith('.wasm')) all.push(await (await cache.match(request))!.text())
      }
    }
    return JSON.stringify(all)
  })
}

/** The keys that lie on an open tablet, each as it is written there. */
async function keysKept(page: Page): Promise<Record<string, string>> {
  return page.evaluate(async () => {
    const read = <T>(request: IDBRequest<T>) => new Promise<T>((resolve) => (request.onsuccess = () => resolve(request.result)))
    const database = await read(indexedDB.open('yizhen-staff'))
    const keys: unknown = JSON.parse(await read(database.transaction('kept').objectStore('kept').get('keys')))
    database.close()
    // within the dump it stands in quotes
    return Object.fromEntries(Object.entries(keys as object).map(([name, key]) => [name, JSON.stringify(key)]))
  })
}

/** Waits until the tablet has taken its day along, and its page. */
async function prepared(page: Page): Promise<void> {
  await page.evaluate(async () => void (await navigator.serviceWorker.ready))
  await expect.poll(async () => (await kept(page)).includes('queue')).toBe(true)
}

const network = (page: Page) => page.getByRole('banner').getByRole('status')

/** Scans by a wedge scanner, one after the other. */
async function scanAll(page: Page, codes: string[]): Promise<void> {
  for (const code of codes) {
    await wedge(page, code)
    await expect(answer(page)).toContainText(`${code.slice(0, 3)}-${code.slice(3, 6)}-${code.slice(6)}`)
    await expect(redeemButton(page)).toBeEnabled()
    await page.keyboard.press('Control+Enter')
    await says(page, '接种完成')
  }
}

/** The same tablet, after its battery was pulled. */
async function restarted(context: BrowserContext, page: Page): Promise<Page> {
  await page.close()
  const again = await context.newPage()
  await again.goto('/staff')
  await expect(again.getByRole('banner')).toContainText(NURSE.name)
  return again
}

test('a tablet goes on without a network, through a reload, and sends when it is back', async ({ page, context, service, complaints }) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED/, /Failed to fetch/)
  const lin = await lins(service)
  const [other] = await booked(service, 1)
  await staffSignIn(page, NURSE)
  await prepared(page)
  const later = await booked(service, 0)
  expect(later).toEqual([])

  await context.setOffline(true)
  await expect(network(page)).toContainText('离线工作')
  await wedge(page, lin.code)
  await expect(answer(page)).toContainText(LIN.name)
  await page.keyboard.press('Control+Enter')
  await says(page, '接种完成')
  await expect(network(page)).toContainText('1 条待上传')
  await wedge(page, lin.pass)
  await says(page, '已经接种过')
  await wedge(page, '000-000-0000')
  await says(page, '离线名单里没有这个预约码')

  await page.reload()
  await expect(network(page)).toContainText('1 条待上传')
  await wedge(page, lin.code)
  await says(page, '已经接种过')
  await scanAll(page, [other!])
  await expect(network(page)).toContainText('2 条待上传')

  await context.setOffline(false)
  await expect(network(page)).toHaveText('网络正常')
  const manager = await new Caller(service.url).staffSignIn(MANAGER.username, 'demo-pass-2027')
  const seen = await manager.call<{ state: string; redemption: { by: string } }>('checkin/look_up', { code: lin.code })
  expect([seen.state, seen.redemption.by]).toEqual(['redeemed', NURSE.name])
})

test('who comes without phone and paper is found on the tablet’s own list, by name and by last four', async ({ page, context, service, complaints }) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED/, /Failed to fetch/)
  const lin = await lins(service)
  await staffSignIn(page, NURSE)
  await prepared(page)
  await context.setOffline(true)
  await expect(network(page)).toContainText('离线工作')
  const hit = answer(page).getByRole('listitem').filter({ hasText: LIN.name })
  for (const sought of [LIN.name, LIN.number.slice(-4)]) {
    await wedge(page, sought)
    await expect(hit).toHaveCount(1)
    await expect(answer(page)).toContainText('没有网络：这是 09:1')
  }
  // through a reload as well
  await page.reload()
  await expect(network(page)).toContainText('离线工作')
  await wedge(page, LIN.name)
  await hit.getByRole('button').click()
  await expect(answer(page)).toContainText(LIN.number.slice(-4))
  await redeemButton(page).click()
  await says(page, '接种完成')
  await wedge(page, LIN.name)
  await expect(hit).toContainText('已完成')
  await context.setOffline(false)
  await expect(network(page)).toHaveText('网络正常')
  const manager = await new Caller(service.url).staffSignIn(MANAGER.username, 'demo-pass-2027')
  expect(await manager.call('checkin/look_up', { code: lin.code })).toMatchObject({ state: 'redeemed' })
})

test('nothing of anybody lies on the tablet in the clear: offline, locked, and after signing out', async ({ page, context, service, complaints }) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED/, /Failed to fetch/)
  const lin = await lins(service)
  const planted = [LIN.name, LIN.number, LIN.number.slice(-4), LINS_PHONE, lin.code, `${lin.code.slice(0, 3)}-${lin.code.slice(3, 6)}-${lin.code.slice(6)}`, lin.pass]
  const clean = async (when: string) => {
    const all = await kept(page)
    expect(all, 'the dump shows nothing').toContain('yizhen-staff')
    for (const secret of planted) expect(all, `${when}: ${secret}`).not.toContain(secret)
    return all
  }
  await staffSignIn(page, NURSE)
  await prepared(page)
  await context.setOffline(true)
  await expect(network(page)).toContainText('离线工作')
  await scanAll(page, [lin.code])
  expect(await clean('offline')).toContain('"keys"')
  // the keys as they lie there while the screen is open, and nowhere once it is not
  const keys = Object.values(await keysKept(page))
  expect(keys).toHaveLength(3)
  const closed = async () => {
    const all = await kept(page)
    for (const key of keys) expect(all).not.toContain(key)
  }

  await page.getByRole('button', { name: '锁屏' }).click()
  await expect(lockScreen(page)).toBeVisible()
  await expect.poll(async () => (await kept(page)).includes('"keys"')).toBe(false)
  await clean('locked')
  await closed()

  await page.getByRole('button', { name: '换人登录（退出）' }).click()
  await expect(page.getByRole('alertdialog')).toContainText('还有 1 条没有上传')
  await page.getByRole('button', { name: '仍然退出' }).click()
  await expect(page.getByRole('heading', { name: '工作人员登录' })).toBeVisible()
  await expect.poll(async () => (await kept(page)).includes('"along"')).toBe(false)
  await clean('signed out')
  await closed()

  // whoever signs in next sends what waits
  await context.setOffline(false)
  await staffSignIn(page, MANAGER)
  await expect(network(page)).toHaveText('网络正常')
  await wedge(page, lin.code)
  await says(page, '已经接种过')
  await expect(answer(page)).toContainText(NURSE.name)
  await signOut(page)
})

for (const order of ['first', 'second'] as const) {
  test(`two tablets scan 200 with 20 in common, one is killed, the ${order} is back before the other: 180 done, 20 conflicts`, async ({ browser, page, service }) => {
    test.setTimeout(420_000)
    const codes = await booked(service, 180)
    const tablets = [codes.slice(0, 100), codes.slice(80)]
    const contexts = await Promise.all(tablets.map(() => browser.newContext({ ...TABLET, baseURL: service.url })))
    const pages = await Promise.all(contexts.map((context) => context.newPage()))
    for (const tablet of pages) {
      await staffSignIn(tablet, NURSE)
      await prepared(tablet)
    }
    for (const context of contexts) await context.setOffline(true)
    for (const tablet of pages) await expect(network(tablet)).toContainText('离线工作')
    const killed = async () => {
      await scanAll(pages[0]!, tablets[0]!.slice(0, 60))
      pages[0] = await restarted(contexts[0]!, pages[0]!)
      await scanAll(pages[0], tablets[0]!.slice(60))
    }
    await Promise.all([killed(), scanAll(pages[1]!, tablets[1]!)])
    for (const tablet of pages) await expect(network(tablet)).toContainText('100 条待上传')
    for (const tablet of order === 'first' ? [0, 1] : [1, 0]) {
      await contexts[tablet]!.setOffline(false)
      await expect(network(pages[tablet]!)).toHaveText('网络正常', { timeout: 60_000 })
    }
    for (const context of contexts) await context.close()

    await staffSignIn(page, MANAGER)
    await page.getByRole('link', { name: '冲突，20 个要处理' }).click()
    await expect(page.getByRole('listitem')).toHaveCount(20)
    const manager = await Caller.of(page)
    const { staff } = await manager.call<{ staff: { site_id: string } }>('staff/me')
    const roster = await manager.call<{ rows: { code: string; state: string }[] }>('checkin/roster', { site_id: staff.site_id, date: TODAY })
    const done = roster.rows.filter((row) => codes.includes(row.code) && row.state === 'redeemed')
    expect(done).toHaveLength(180)
    const { rows } = await manager.call<{ rows: { code: string }[] }>('offline/conflicts', { site_id: staff.site_id })
    expect(rows.map((row) => row.code).sort()).toEqual(codes.slice(80, 100).sort())

    const conflict = page.getByRole('listitem').first()
    await expect(conflict).toContainText('预约上的记录')
    await expect(conflict).toContainText('断网时的记录')
    await conflict.getByRole('button', { name: '只打了一针' }).click()
    await expect(page.getByRole('link', { name: '冲突，19 个要处理' })).toBeVisible()
  })
}
