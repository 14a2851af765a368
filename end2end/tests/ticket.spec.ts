// What a citizen keeps: the ticket itself, at the door without a network; the calendar entry; the picture.
import { readFile } from 'node:fs/promises'
import { Caller } from '../support/api.ts'
import { at, bookForMyself, bookingCode, qr, STAFF_SITE } from '../support/citizen.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { decode, photograph } from '../support/qr.ts'
import { TODAY } from '../support/service.ts'
import { expect, test } from '../support/test.ts'

test('the calendar file says who, when, where and the code, and reminds the day before', async ({ page }) => {
  const code = await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  const saved = page.waitForEvent('download')
  await page.getByRole('link', { name: '加到日历' }).click()
  const download = await saved
  expect(download.suggestedFilename()).toMatch(/\.ics$/)
  const text = await readFile(await download.path(), 'utf8')
  const lines = text.split('\r\n')
  expect(lines.at(-1)).toBe('')
  for (const line of lines) expect(Buffer.byteLength(line), line).toBeLessThanOrEqual(75)
  const [booking] = await (await Caller.of(page)).bookings()
  const unfolded = text.replaceAll('\r\n ', '').split('\r\n')
  expect(unfolded).toEqual(
    expect.arrayContaining([
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'DTSTART:20270301T013000Z',
      'DTEND:20270301T020000Z',
      expect.stringMatching(new RegExp(`^SUMMARY:.*${LIN.name}`)),
      expect.stringMatching(new RegExp(`^LOCATION:${STAFF_SITE}.*${booking!.site.address}`)),
      expect.stringContaining(`${code.slice(0, 3)}-${code.slice(3, 6)}-${code.slice(6)}`),
      'BEGIN:VALARM',
      'TRIGGER:-P1D',
      'SEQUENCE:0',
      'END:VCALENDAR',
    ]),
  )
  expect(text).not.toContain(LIN.number)
})

test('what was put on a calendar can be taken off it when the booking is cancelled', async ({ page }) => {
  const code = await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  const entry = async (link: string): Promise<string[]> => {
    const saved = page.waitForEvent('download')
    await page.getByRole('link', { name: link }).click()
    return (await readFile(await (await saved).path(), 'utf8')).split('\r\n')
  }
  const uid = (lines: string[]) => lines.find((line) => line.startsWith('UID:'))
  const added = await entry('加到日历')
  await (await Caller.of(page)).cancel(code)
  await page.reload()
  await at(page, '这个预约已取消')
  const removed = await entry('从日历里删掉')
  expect(uid(added)).toBeTruthy()
  expect(uid(removed), 'the same entry').toBe(uid(added))
  expect(removed).toEqual(expect.arrayContaining(['METHOD:CANCEL', 'STATUS:CANCELLED']))
})

test('the picture is a real image whose QR is the booking’s pass', async ({ page }) => {
  await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  await page.getByRole('button', { name: '保存图片' }).click()
  const picture = page.getByRole('img', { name: /预约凭证图片/ })
  await expect(picture).toBeVisible()
  const source = await picture.getAttribute('src')
  expect(source).toMatch(/^data:image\/png;base64,/)
  const bytes = Buffer.from(source!.split(',')[1]!, 'base64')
  const [booking] = await (await Caller.of(page)).bookings()
  expect(decode(bytes)).toBe(booking!.pass)

  const saved = page.waitForEvent('download')
  await page.getByRole('link', { name: '点这里下载' }).click()
  const download = await saved
  expect(download.suggestedFilename()).toMatch(/\.png$/)
  expect(await readFile(await download.path())).toEqual(bytes)
})

test('a ticket that was opened once opens again without a network, and signing out takes it away', async ({ page, context, complaints }) => {
  complaints.expect(/net::ERR_INTERNET_DISCONNECTED/)
  const code = await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  const pass = (await (await Caller.of(page)).bookings())[0]!.pass!
  const worker = () => page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/bookings'))?.active?.state)
  await expect.poll(worker).toBe('activated')
  await context.setOffline(true)
  await page.goto(`/bookings/${code}`)
  await at(page, '到现场出示这个码')
  await expect(page.getByText('这是上次打开时的二维码')).toBeVisible()
  expect(await bookingCode(page)).toBe(code)
  expect(decode(await photograph(qr(page)))).toBe(pass)
  const kept = () => page.evaluate(() => JSON.stringify({ ...localStorage }))
  expect(await kept()).toContain(pass)
  for (const secret of [LIN.name, LIN.number, LIN.number.slice(-4), LIN.address, LINS_PHONE]) expect(await kept()).not.toContain(secret)

  // the network comes back, and the page with it
  await context.setOffline(false)
  await expect(page.getByText(LIN.name)).toBeVisible()
  await expect(page.getByText('这是上次打开时的二维码')).toHaveCount(0)

  await page.goto('/help')
  await page.getByRole('button', { name: '退出登录', exact: true }).click()
  await at(page, /./)
  await expect.poll(kept).not.toContain(pass)
  await context.setOffline(true)
  await page.goto(`/bookings/${code}`)
  await expect(page.getByRole('button', { name: /再试|重试/ })).toBeVisible()
  await expect(qr(page)).toHaveCount(0)
})

test('a booking that is cancelled leaves no ticket on the phone', async ({ page }) => {
  const code = await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  await expect.poll(() => page.evaluate(() => localStorage.getItem('yizhen.tickets'))).toContain(code)
  await (await Caller.of(page)).cancel(code)
  await page.goto(`/bookings/${code}`)
  await at(page, '这个预约已取消')
  await expect.poll(() => page.evaluate(() => localStorage.getItem('yizhen.tickets'))).toBeNull()
})

test('the screen stays on while a ticket is shown, also after a look elsewhere, and no longer', async ({ page }) => {
  await page.addInitScript(() => {
    const held = new Set<object>()
    class Lock extends EventTarget {
      released = false
      async release() {
        this.released = true
        held.delete(this)
      }
    }
    Object.defineProperty(navigator, 'wakeLock', {
      value: {
        async request(kind: string) {
          if (kind !== 'screen') throw new TypeError(kind)
          const lock = new Lock()
          held.add(lock)
          return lock
        },
      },
    })
    // a browser lets go of all of them when the page goes out of sight
    Object.assign(window, { locks: held, letGo: () => held.forEach((lock) => (lock as Lock).release()) })
  })
  const locks = () => page.evaluate(() => (window as unknown as { locks: Set<object> }).locks.size)
  await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  await expect.poll(locks).toBe(1)
  await page.evaluate(() => {
    ;(window as unknown as { letGo: () => void }).letGo()
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  })
  await expect.poll(locks).toBe(1)
  await page.getByRole('navigation', { name: '主要页面' }).getByRole('link', { name: '看号源' }).click()
  await expect.poll(locks).toBe(0)
})

for (const { phone, dark, elder } of [
  { phone: 'by day', dark: false, elder: false },
  { phone: 'at night', dark: true, elder: false },
  { phone: 'at night in the elder mode', dark: true, elder: true },
]) {
  test(`the code is large and black on white ${phone}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
    await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
    if (elder) await page.getByRole('button', { name: '长辈版' }).click()
    const [booking] = await (await Caller.of(page)).bookings()
    expect(decode(await photograph(qr(page)))).toBe(booking!.pass)
    // 49 modules with the white around: six pixels each on this screen of 390 points
    expect((await qr(page).boundingBox())!.width).toBeGreaterThan(300)
    const corner = await qr(page).evaluate((qr) => getComputedStyle(qr.parentElement!).backgroundColor)
    expect(corner).toBe('rgb(255, 255, 255)')
  })
}
