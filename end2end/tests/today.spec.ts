// The site's day in numbers: the plot and the table say what the service counts, and they follow it by themselves.
import { randomUUID } from 'node:crypto'
import type { Page } from '@playwright/test'
import { Caller, openSlots, siteNamed } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { axe, sideways, smallTargets } from '../support/measure.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { PASSWORD, TODAY } from '../support/service.ts'
import { NURSE, lockScreen, staffSignIn } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

interface Numbers {
  expected: number
  done: number
  to_come: number
  not_come: number
  free: number
}
interface Today {
  sum: Numbers
  windows: (Numbers & { start: string; end: string })[]
}

const PARTS = ['plot-done', 'plot-to-come', 'plot-not-come', 'plot-free']

/** What the bars are drawn from, and how tall they are. */
function drawn(page: Page) {
  return page.locator('.plot-bar').evaluateAll((bars) =>
    bars.map((bar) => ({
      window: bar.getAttribute('data-window'),
      parts: [...bar.querySelectorAll('rect')].map((part) => ({
        kind: part.getAttribute('class'),
        count: Number(part.getAttribute('data-count')),
        tall: part.getBoundingClientRect().height,
      })),
    })),
  )
}

test.use(TABLET)

test('the plot and the table say what the service counts, and follow it by themselves', async ({ page, service }) => {
  await page.clock.install()
  const site = await siteNamed(service.url, STAFF_SITE)
  const nurse = await new Caller(service.url).staffSignIn(NURSE.username, PASSWORD)
  await staffSignIn(page, NURSE, '/staff/today')
  const table = page.getByRole('table', { name: '按时段' })
  const cells = async () => (await table.getByRole('row').allInnerTexts()).slice(1).map((row) => row.split(/\s+/))

  const agrees = async () => {
    const today = await nurse.call<Today>('checkin/today', { site_id: site.id })
    const values = (numbers: Numbers) => [numbers.expected, numbers.done, numbers.to_come, numbers.not_come, numbers.free].map(String)
    const rows = [...today.windows.map((one) => [`${one.start}–${one.end}`, ...values(one)]), ['全天', ...values(today.sum)]]
    await expect.poll(cells).toEqual(rows)
    const bars = await drawn(page)
    const unit = Math.max(...bars.flatMap((bar) => bar.parts.map((part) => part.tall / part.count)))
    expect(bars.map((bar) => bar.window)).toEqual(today.windows.map((one) => one.start))
    bars.forEach((bar, at) => {
      const one = today.windows[at]!
      const counts = [one.done, one.to_come, one.not_come, one.free]
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
