// Booking at the desk: who walks in goes on to the jab, who calls hears a code; what was typed is kept until it is right, and not longer.
import type { Page } from '@playwright/test'
import { Caller } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE, dayWords } from '../support/citizen.ts'
import { axe, sideways, smallTargets } from '../support/measure.ts'
import { LIN, LINS_PHONE, MOTHER, type Someone, mistyped } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { NURSE, answer, everything, lockScreen, redeemButton, staffSignIn } from '../support/staff.ts'
import { expect, refusal, test } from '../support/test.ts'

test.use(TABLET)

async function typeWho(page: Page, who: Someone, phone: string): Promise<void> {
  await page.getByLabel('姓名', { exact: true }).fill(who.name)
  await page.getByLabel('证件号码', { exact: true }).fill(who.number)
  await page.getByLabel('手机号', { exact: true }).fill(phone)
  await page.getByLabel('现居住县市区').selectOption(who.countyName)
  await page.getByLabel('详细地址').fill(who.address)
}

async function agree(page: Page): Promise<void> {
  for (const name of ['consent.version', 'sensitive']) await page.locator(`input[name="${name}"]`).check()
}

test('who walks in is booked into the window that goes on, and has the jab', async ({ page, service }) => {
  await staffSignIn(page, NURSE, '/staff/walk-in')
  await expect(page.getByLabel('时段')).toContainText('09:00–09:30')
  await typeWho(page, MOTHER, LINS_PHONE)
  await agree(page)
  expect(await axe(page)).toEqual([])
  expect(await sideways(page)).toBe(0)
  expect(await smallTargets(page, 44)).toEqual([])
  // by the keyboard: Enter in a field sends the form
  await page.getByLabel('详细地址').press('Enter')
  await expect(answer(page)).toContainText(MOTHER.name)
  await expect(answer(page)).toContainText('09:00–09:30')
  await redeemButton(page).click()
  await expect(answer(page).getByRole('heading', { name: '接种完成', exact: true })).toBeVisible()

  // whoever holds the phone finds it there
  const [booking] = await (await new Caller(service.url).signIn(LINS_PHONE)).bookings()
  expect(booking).toMatchObject({ state: 'redeemed', date: TODAY, start: '09:00', person: { name: MOTHER.name }, site: { name: STAFF_SITE } })
  // and nothing of them is left in the form
  await page.getByRole('link', { name: '登记', exact: true }).click()
  await expect(page.getByLabel('证件号码', { exact: true })).toHaveValue('')
  expect(await everything(page)).not.toContain(MOTHER.number)
})

test('a mistyped number is told in place, nothing typed is lost, and who calls hears their code', async ({ page, service, complaints }) => {
  complaints.expect(refusal(409, 'desk/book'))
  await staffSignIn(page, NURSE, '/staff/walk-in')
  await page.getByRole('button', { name: '打电话来约' }).click()
  const day = page.getByLabel('日期')
  await expect(day).toBeVisible()
  await typeWho(page, { ...LIN, number: mistyped(LIN.number) }, LINS_PHONE)
  await page.getByLabel('这是本人自己的手机号').check()
  await page.getByRole('button', { name: '预约', exact: true }).click()
  const summary = page.getByRole('alert')
  await expect(summary).toBeFocused()
  await expect(summary.getByRole('listitem')).toHaveCount(4)
  await summary.getByRole('link', { name: /时段/ }).click()
  await expect(page.getByLabel('时段')).toBeFocused()
  await expect(page.getByLabel('姓名', { exact: true })).toHaveValue(LIN.name)
  expect(await axe(page)).toEqual([])

  await day.selectOption({ index: 2 })
  const chosen = await day.inputValue()
  await page.getByLabel('时段').selectOption({ index: 1 })
  await page.getByLabel('证件号码', { exact: true }).fill(LIN.number)
  await agree(page)
  await page.getByRole('button', { name: '预约', exact: true }).click()
  const booked = page.getByRole('status').filter({ hasText: '约好了' })
  await expect(booked).toBeFocused()
  await expect(booked).toContainText(dayWords(chosen))
  expect(await axe(page)).toEqual([])
  const [booking] = await (await new Caller(service.url).signIn(LINS_PHONE)).bookings()
  expect(booking).toMatchObject({ state: 'booked', date: chosen, person: { name: LIN.name } })
  const { code } = booking!
  await expect(booked).toContainText(`${code.slice(0, 3)}-${code.slice(3, 6)}-${code.slice(6)}`)

  // the same person again: told, without a word about whose booking it is
  await page.getByRole('button', { name: '再登记一位' }).click()
  await expect(page.getByLabel('姓名', { exact: true })).toHaveValue('')
  await page.getByRole('button', { name: '人在现场' }).click()
  await typeWho(page, LIN, '13900139009')
  await agree(page)
  await page.getByRole('button', { name: '登记，去接种' }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  expect(await everything(page)).not.toContain(code)
})

test('a locked screen has nothing of what was typed', async ({ page }) => {
  await staffSignIn(page, NURSE, '/staff/walk-in')
  await typeWho(page, LIN, LINS_PHONE)
  await page.getByRole('button', { name: '锁屏' }).click()
  await expect(lockScreen(page)).toBeVisible()
  const all = await everything(page)
  for (const secret of [LIN.name, LIN.number, LINS_PHONE, LIN.address]) expect(all).not.toContain(secret)
})
