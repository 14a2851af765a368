// Pictures of the ticket by day, at night, in the elder mode, and without a network; and of the search on the scan page: out/ticket/
import { fileURLToPath } from 'node:url'
import { TABLET } from '../support/browser.ts'
import { at, bookForMyself, qr } from '../support/citizen.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { NURSE, answer, scanField, staffSignIn } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

const OUT = fileURLToPath(new URL('../out/ticket', import.meta.url))

test('the ticket', async ({ page, context, complaints }) => {
  complaints.expect(/net::ERR_INTERNET_DISCONNECTED/)
  const code = await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  await expect.poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/bookings'))?.active?.state)).toBe('activated')
  for (const dark of [false, true]) {
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
    const night = dark ? '-night' : ''
    await page.goto(`/bookings/${code}`)
    await at(page, '到现场出示这个码')
    await page.screenshot({ path: `${OUT}/ticket${night}.png` })
    await page.getByRole('button', { name: '长辈版' }).click()
    await page.screenshot({ path: `${OUT}/ticket-elder${night}.png` })
    await context.setOffline(true)
    await page.goto(`/bookings/${code}`)
    await expect(qr(page)).toBeVisible()
    await page.screenshot({ path: `${OUT}/offline-elder${night}.png`, fullPage: true })
    await page.getByRole('button', { name: '长辈版' }).click()
    await page.screenshot({ path: `${OUT}/offline${night}.png`, fullPage: true })
    await context.setOffline(false)
  }
})

for (const [width, height] of [
  [1024, 768],
  [768, 1024],
] as const) {
  test.describe(`search ${width}`, () => {
    test.use({ ...TABLET, viewport: { width, height } })
    test('who fits', async ({ page }) => {
      await staffSignIn(page, NURSE)
      for (const [what, typed] of [
        ['many', '张'],
        ['none', '不在名单'],
      ] as const) {
        await scanField(page).fill(typed)
        await page.keyboard.press('Enter')
        await expect(answer(page).getByRole('heading', { name: typed })).toBeVisible()
        await page.screenshot({ path: `${OUT}/search-${width}-${what}.png` })
        await page.emulateMedia({ colorScheme: 'dark' })
        await page.screenshot({ path: `${OUT}/search-${width}-${what}-night.png` })
        await page.emulateMedia({ colorScheme: 'light' })
      }
    })
  })
}
