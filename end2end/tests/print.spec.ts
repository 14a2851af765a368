// On paper: the day's list and the citizen's confirmation, black on white also where the screen is dark, and nothing that one can only press.
import { fileURLToPath } from 'node:url'
import { type Page } from '@playwright/test'
import { Caller, openSlots } from '../support/api.ts'
import { PHONE, TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { NURSE, staffSignIn } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

const OUT = fileURLToPath(new URL('../out/print', import.meta.url))

/** As wide as A4 between its margins, at 96 dots an inch. */
const SHEET = { width: 703, height: 1009 }

/** Everything on the page is ink on white. */
async function blackOnWhite(page: Page): Promise<void> {
  const colours = await page.evaluate(() => {
    const style = getComputedStyle(document.body)
    return [style.color, style.backgroundColor, getComputedStyle(document.documentElement).backgroundColor]
  })
  expect(colours[0]).toBe('rgb(0, 0, 0)')
  for (const ground of colours.slice(1)) expect(['rgb(255, 255, 255)', 'rgba(0, 0, 0, 0)']).toContain(ground)
}

test.describe('the day’s list', () => {
  test.use({ ...TABLET, colorScheme: 'dark' })

  test('has a line a person with a box to tick, and no buttons', async ({ page, service }) => {
    const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.date === TODAY)!
    const citizen = await new Caller(service.url).signIn(LINS_PHONE)
    await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
    await page.addInitScript(() => {
      window.print = () => document.body.setAttribute('data-printed', '1')
    })
    await staffSignIn(page, NURSE, '/staff/roster')
    const sum = await page.getByText(/预约 \d+ 人/).innerText()
    const people = Number(/预约 (\d+) 人/.exec(sum)![1])
    await page.getByRole('button', { name: '打印' }).click()
    await expect(page.locator('body[data-printed]')).toHaveCount(1)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    await page.setViewportSize(SHEET)
    const lines = page.getByRole('table').getByRole('row')
    await expect(lines).toHaveCount(people + 1)
    await expect(lines.filter({ hasText: LIN.name })).toContainText(LIN.number.slice(-4))
    await expect(lines.filter({ hasText: LIN.name })).not.toContainText(LIN.number.slice(0, 14))
    await expect(page.getByText(`共 ${people} 人。${NURSE.name}`)).toBeVisible()
    await expect(page.getByRole('button')).toHaveCount(0)
    await expect(page.getByRole('link')).toHaveCount(0)
    await blackOnWhite(page)
    await page.screenshot({ path: `${OUT}/roster.png`, fullPage: true })
    const pdf = await page.pdf({ preferCSSPageSize: true, path: `${OUT}/roster.pdf` })
    const sheets = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0
    expect(sheets).toBeGreaterThan(1)
    // once it is printed it is gone from the page
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')))
    await expect(page.getByRole('table')).toHaveCount(0)
  })
})

test.describe('the confirmation', () => {
  test.use({ ...PHONE, colorScheme: 'dark' })

  test('has the code, what to bring, and the text that was agreed to with its version', async ({ page, service }) => {
    const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.date > TODAY)!
    const citizen = await new Caller(service.url).signIn(LINS_PHONE)
    const booking = await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
    const notice = await citizen.call<{ version: string }>('notices/current')
    await citizen.signInto(page.context())
    await page.goto(`/bookings/${booking.code}`)
    await expect(page.getByRole('button', { name: '打印' })).toBeVisible()
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    await page.setViewportSize(SHEET)
    await expect(page.getByText(`预约时已阅读并同意（版本 ${notice.version}）：`)).toBeVisible()
    await expect(page.getByRole('img', { name: '预约二维码' })).toBeVisible()
    await expect(page.getByRole('heading', { name: '请带上' })).toBeVisible()
    await expect(page.getByText(LIN.name).first()).toBeVisible()
    await expect(page.getByRole('button')).toHaveCount(0)
    await expect(page.getByRole('link', { name: '取消预约' })).toHaveCount(0)
    await blackOnWhite(page)
    await page.screenshot({ path: `${OUT}/confirmation.png`, fullPage: true })
    await page.pdf({ preferCSSPageSize: true, path: `${OUT}/confirmation.pdf` })
  })
})
