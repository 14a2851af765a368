// The site's day in numbers: the plot and the table say what the service counts, and they follow it by themselves.
import { randomUUID } from 'node:crypto'
import { Caller, openSlots, siteNamed } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { axe, sideways, smallTargets } from '../support/measure.ts'
import { LIN, LINS_PHONE, MOTHER, someone } from '../support/people.ts'
import { PARTS, bars, tableOfToday } from '../support/plot.ts'
import { PASSWORD, TODAY } from '../support/service.ts'
import { NURSE, lockScreen, staffSignIn } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

interface Numbers {
  expected: number
  done: number
  waiting: number
  to_come: number
  not_come: number
  free: number
}
interface Today {
  sum: Numbers
  windows: (Numbers & { start: string; end: string })[]
}

test.use(TABLET)

test('the plot and the table say what the service counts, and follow it by themselves', async ({ page, service }) => {
  await page.clock.install()
  const site = await siteNamed(service.url, STAFF_SITE)
  const nurse = await new Caller(service.url).staffSignIn(NURSE.username, PASSWORD)
  await staffSignIn(page, NURSE, '/staff/today')

  const agrees = async () => {
    const today = await nurse.call<Today>('checkin/today', { site_id: site.id })
    const values = (numbers: Numbers) => [numbers.expected, numbers.done, numbers.waiting, numbers.to_come, numbers.not_come, numbers.free].map(String)
    const rows = [...today.windows.map((one) => [`${one.start}–${one.end}`, ...values(one)]), ['全天', ...values(today.sum)]]
    await expect.poll(() => tableOfToday(page)).toEqual(rows)
    const drawn = await bars(page)
    const unit = Math.max(...drawn.flatMap((bar) => bar.parts.map((part) => part.tall / part.count)))
    expect(drawn.map((bar) => bar.window)).toEqual(today.windows.map((one) => one.start))
    drawn.forEach((bar, at) => {
      const one = today.windows[at]!
      const counts = [one.done, one.waiting, one.to_come, one.not_come, one.free]
      expect(bar.parts.map(({ kind, count }) => ({ kind, count }))).toEqual(
        PARTS.map((kind, part) => ({ kind, count: counts[part]! })).filter(({ count }) => count > 0),
      )
      for (const part of bar.parts) expect(Math.abs(part.tall - part.count * unit), `${bar.window} ${part.kind}`).toBeLessThan(3)
    })
    return today.sum
  }

  const before = await agrees()
  expect(before.expected).toBeGreaterThan(0)
  const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.date === TODAY)!
  const citizen = await new Caller(service.url).signIn(LINS_PHONE)
  const booking = await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
  await nurse.call('checkin/redeem', { code: booking.code, nonce: randomUUID() })
  await page.clock.runFor(31_000)
  const after = await agrees()
  expect([after.expected, after.done, after.free]).toEqual([before.expected + 1, before.done + 1, before.free - 1])

  // somebody is received and waits, and somebody goes home with a fever: their place is free again
  const others = (await openSlots(service.url, STAFF_SITE)).filter((other) => other.date === TODAY)
  const codes: string[] = []
  for (const [at, phone] of ['13900139001', '13900139002'].entries()) {
    const guest = await new Caller(service.url).signIn(phone)
    codes.push((await guest.reserve(await guest.savePerson([MOTHER, someone('赵志强', '1979-02-08')][at]!, phone), others[at]!.id)).code)
  }
  await nurse.call('checkin/arrive', { code: codes[0] })
  await nurse.call('checkin/turn_away', { code: codes[1], reason: 'fever', nonce: randomUUID() })
  await page.clock.runFor(31_000)
  const later = await agrees()
  expect([later.expected, later.done, later.waiting]).toEqual([after.expected + 1, after.done, after.waiting + 1])
  await expect(page.locator('.today-sums').getByText('今天不接种')).toBeVisible()
})

test.describe('a page that reads itself again', () => {
  test.use({ settings: { STAFF_LOCK_MINUTES: '1' } })

  test('keeps no screen open', async ({ page, complaints }) => {
    complaints.expect(/status of 40[13]/)
    await page.clock.install()
    await staffSignIn(page, NURSE, '/staff/today')
    await expect(page.getByRole('table', { name: '按时段' })).toBeVisible()
    let read = 0
    page.on('request', (request) => (read += Number(request.url().endsWith('/api/checkin/today'))))
    await page.clock.runFor(45_000)
    await expect.poll(() => read).toBeGreaterThan(0)
    await page.clock.runFor(20_000)
    await expect(lockScreen(page)).toBeVisible()
    await expect(page.getByRole('table', { name: '按时段' })).toHaveCount(0)
  })
})

for (const { how, use } of [
  { how: 'lying', use: TABLET },
  { how: 'upright', use: { ...TABLET, viewport: { width: 768, height: 1024 } } },
  { how: 'dark', use: { ...TABLET, colorScheme: 'dark' as const } },
]) {
  test.describe(how, () => {
    test.use(use)

    test('the day is legible, and within reach', async ({ page }) => {
      await staffSignIn(page, NURSE, '/staff/today')
      await expect(page.getByRole('img', { name: /柱状图/ })).toBeVisible()
      expect(await axe(page)).toEqual([])
      expect(await sideways(page)).toBe(0)
      expect(await smallTargets(page, 44)).toEqual([])
      await page.getByRole('button', { name: 'English' }).click()
      await expect(page.getByRole('columnheader', { name: 'To come' })).toBeVisible()
      expect(await sideways(page)).toBe(0)
    })
  })
}
