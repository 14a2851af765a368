// Pictures of every page, to be looked at: out/<how>/<number>-<page>.png
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { PHONE, TABLET } from '../support/browser.ts'
import { refusal, test } from '../support/test.ts'
import { type Stop, tourOfCitizens, tourOfStaff } from '../support/tour.ts'

const OUT = fileURLToPath(new URL('../out', import.meta.url))

/** Keeps a picture of the whole page at each stop, numbered as one comes by. */
async function pictures(how: string): Promise<Stop> {
  await rm(`${OUT}/${how}`, { recursive: true, force: true })
  let number = 0
  return async (name: string, page: Page) => {
    number += 1
    // as on a screen that is as long as the page, so that the bar at the bottom stands at the bottom
    const screen = page.viewportSize()!
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    await page.setViewportSize({ ...screen, height: Math.max(height, screen.height) })
    await page.screenshot({ path: `${OUT}/${how}/${String(number).padStart(2, '0')}-${name}.png`, animations: 'disabled' })
    await page.setViewportSize(screen)
  }
}

for (const { how, use, text } of [
  { how: 'phone', use: PHONE, text: 'standard' },
  { how: 'phone-dark', use: { ...PHONE, colorScheme: 'dark' as const }, text: 'standard' },
  { how: 'phone-elder', use: PHONE, text: 'large' },
  { how: 'phone-elder-largest', use: PHONE, text: 'largest' },
  { how: 'wide', use: TABLET, text: 'standard' },
]) {
  test.describe(`citizens, ${how}`, () => {
    test.use(use)

    test('every page', async ({ page, complaints }) => {
      complaints.expect(refusal(404))
      await page.addInitScript((text) => localStorage.setItem('yizhen.text', text), text)
      await tourOfCitizens(page, await pictures(how))
    })
  })
}

for (const { how, use } of [
  { how: 'staff', use: TABLET },
  { how: 'staff-dark', use: { ...TABLET, colorScheme: 'dark' as const } },
  { how: 'staff-phone', use: PHONE },
]) {
  test.describe(how, () => {
    test.use(use)

    test('every page', async ({ page, service, complaints }) => {
      // a right password asks for the second factor
      complaints.expect(refusal(401, '/api/staff/sign_in'))
      await tourOfStaff(page, service, await pictures(how))
    })
  })
}
