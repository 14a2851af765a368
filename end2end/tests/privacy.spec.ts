// Privacy: a consent of its own, one's own data taken out and away, and what staff have shown to them in full.
import { readFile } from 'node:fs/promises'
import { Caller, openSlots, signInCode } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE, at, bookForMyself, chooseTime, goOn, openSite, signIn, typeDetails } from '../support/citizen.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { MANAGER, NURSE, answer, scanField, staffSignIn, wedge } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'
import type { Page } from '@playwright/test'

const HALF_PAST_NINE = { date: TODAY, start: '09:30' }

/** Enters the code that came to one's own phone, and sends it. */
async function proveIt(page: Page, url: string, button: string): Promise<void> {
  const code = page.getByLabel('短信里的 6 位验证码')
  await expect(code).toBeFocused()
  await code.fill(await signInCode(url, LINS_PHONE))
  await page.getByRole('button', { name: button }).click()
}

test('the consent to sensitive data is asked for on its own, and nothing goes on without it', async ({ page }) => {
  await openSite(page)
  await chooseTime(page, HALF_PAST_NINE)
  await page.getByRole('button', { name: /^给自己约/ }).click()
  await at(page, '您的信息')
  await typeDetails(page, LIN)
  const tick = page.getByRole('checkbox', { name: /单独同意/ })
  await expect(page.getByRole('heading', { name: '单独同意：敏感个人信息' })).toBeVisible()
  await tick.uncheck()
  await goOn(page)
  const summary = page.getByRole('alert')
  await expect(summary).toContainText('单独同意')
  await summary.getByRole('link').click()
  await expect(tick).toBeFocused()
  await tick.check()
  await goOn(page)
  await at(page, '打第几剂？')
})

test('for somebody else the words say that one acts with their agreement, also after one’s own', async ({ page }) => {
  await bookForMyself(page, LIN, LINS_PHONE, HALF_PAST_NINE)
  await openSite(page)
  await chooseTime(page, { date: TODAY, start: '10:00' })
  await page.getByRole('button', { name: /^给家人或别人约/ }).click()
  await at(page, '接种人的信息')
  await expect(page.getByRole('checkbox', { name: /得到本人（或其监护人）同意/ })).not.toBeChecked()
  expect((await (await Caller.of(page)).call<{ account: { sensitive_consent: boolean } }>('accounts/me', {})).account.sensitive_consent).toBe(true)
})

test('one’s own data comes as a file, and erasing waits for what is booked', async ({ page, service }) => {
  await bookForMyself(page, LIN, LINS_PHONE, HALF_PAST_NINE)
  await service.restart(`${TODAY}T09:20:00+08:00`)
  await page.goto('/help')
  await page.getByRole('link', { name: '我的数据：查看、下载、删除' }).click()
  await at(page, '我的数据')
  await page.getByRole('button', { name: '下载我的数据' }).click()
  const coming = page.waitForEvent('download')
  await proveIt(page, service.url, '保存文件')
  const download = await coming
  expect(download.suggestedFilename()).toBe(`yizhen-my-data-${TODAY}.json`)
  const data = JSON.parse(await readFile((await download.path())!, 'utf8'))
  expect(data).toMatchObject({ form: 1, account: { phone: LINS_PHONE }, people: [{ document_number: LIN.number }], consents: [{ kind: 'sensitive', given: true }] })
  await expect(page.getByText('文件已保存到这台设备')).toBeVisible()

  await expect(page.getByRole('button', { name: '删除我的账号和数据' })).toHaveCount(0)
  await page.getByRole('link', { name: /^取消 / }).click()
  await at(page, /取消/)
})

test('an account is erased with a code, and is gone', async ({ page, service }) => {
  await page.goto('/my-data')
  await signIn(page, LINS_PHONE)
  await at(page, '我的数据')
  await (await Caller.of(page)).savePerson(LIN, LINS_PHONE)
  await service.restart(`${TODAY}T09:20:00+08:00`)
  await page.reload()
  await page.getByRole('button', { name: '删除我的账号和数据' }).click()
  await proveIt(page, service.url, '确认删除，不能恢复')
  await at(page, '已经删除')
  await page.goto('/bookings')
  await expect(page.getByLabel('您的手机号')).toBeVisible()
})

test.describe('at the counter', () => {
  test.use(TABLET)

  test('a manager sees a number in full with a reason, and it is hidden again; a nurse is not offered it', async ({ page, service }) => {
    const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.date === TODAY)!
    const citizen = await new Caller(service.url).signIn(LINS_PHONE)
    const booking = await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
    await staffSignIn(page, MANAGER)
    await expect(scanField(page)).toBeFocused()
    await wedge(page, booking.pass!)
    await expect(answer(page)).toContainText(LIN.name)
    await page.getByRole('button', { name: '查看完整信息' }).click()
    await page.getByLabel('看什么').selectOption('证件号码')
    await page.getByRole('button', { name: '显示 30 秒' }).click()
    await expect(page.getByRole('alert')).toContainText('为什么要看')
    await page.getByLabel('为什么要看').selectOption('核对身份')
    await page.getByRole('button', { name: '显示 30 秒' }).click()
    await expect(page.getByText(LIN.number)).toBeVisible()
    await expect(page.getByText(/^\d+ 秒后自动隐藏$/)).toBeVisible()
    await page.getByRole('button', { name: '马上隐藏' }).click()
    await expect(page.getByText(LIN.number)).toHaveCount(0)
    expect(await page.evaluate((number) => JSON.stringify({ ...localStorage, ...sessionStorage }).includes(number), LIN.number)).toBe(false)

    await page.goto('/staff')
    await page.getByRole('button', { name: '退出' }).click()
    await staffSignIn(page, NURSE)
    await expect(scanField(page)).toBeFocused()
    await wedge(page, booking.pass!)
    await expect(answer(page)).toContainText(LIN.name)
    await expect(page.getByRole('button', { name: '查看完整信息' })).toHaveCount(0)
  })
})
