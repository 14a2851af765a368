// Privacy: a consent of its own, one's own data taken out and away, and what staff have shown to them in full.
import { readFile } from 'node:fs/promises'
import { type Booking, Caller, openSlots, signInCode } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE, at, bookForMyself, chooseTime, goOn, openSite, signIn, typeDetails } from '../support/citizen.ts'
import { axe, smallTargets } from '../support/measure.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { PASSWORD, type Service, TODAY } from '../support/service.ts'
import { MANAGER, NURSE, answer, everything, lockScreen, says, scanField, signOut, staffSignIn, wedge } from '../support/staff.ts'
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

/** Opens the page of one's own data, and signs in there. */
async function openMyData(page: Page): Promise<void> {
  await page.goto('/my-data')
  await signIn(page, LINS_PHONE)
  await expect(page.getByRole('heading', { name: '我们保存了什么' })).toBeVisible()
}

/** A state of the page that one comes to by its buttons only: axe finds nothing, in light and dark, and every target is large enough. */
async function expectSound(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await axe(page)).toEqual([])
  }
  expect(await smallTargets(page, 44)).toEqual([])
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
  await openMyData(page)
  await (await Caller.of(page)).savePerson(LIN, LINS_PHONE)
  await service.restart(`${TODAY}T09:20:00+08:00`)
  await page.reload()
  await page.getByRole('button', { name: '删除我的账号和数据' }).click()
  await expectSound(page)
  await page.getByLabel('短信里的 6 位验证码').focus()
  await proveIt(page, service.url, '确认删除，不能恢复')
  await at(page, '已经删除')
  await page.goto('/bookings')
  await expect(page.getByLabel('您的手机号')).toBeVisible()
})

test('taking consent back is asked once more, and takes everybody out of the list', async ({ page }) => {
  await openMyData(page)
  const lin = await Caller.of(page)
  const { sensitive } = await lin.call<{ sensitive: { version: string } }>('notices/current')
  await lin.call('accounts/consent', { kind: 'sensitive', version: sensitive.version })
  await lin.savePerson(LIN, LINS_PHONE)
  const people = async () => (await lin.call<{ people: unknown[] }>('people/list')).people.length
  await page.reload()
  await page.getByRole('button', { name: '撤回同意' }).click()
  await expect(page.getByText(/名单里的 1 位接种人会被删除/)).toBeFocused()
  await expectSound(page)
  await page.getByRole('button', { name: '不撤回' }).click()
  expect(await people()).toBe(1)
  await page.getByRole('button', { name: '撤回同意' }).click()
  await page.getByRole('button', { name: '确定撤回' }).click()
  await expect(page.getByRole('heading', { name: '撤回同意' })).toHaveCount(0)
  expect(await people()).toBe(0)
})

/** Today's booking of somebody, made through the calls. */
async function booked(service: Service): Promise<Booking> {
  const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.date === TODAY)!
  const citizen = await new Caller(service.url).signIn(LINS_PHONE)
  return citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
}

/** Has the document's number shown, with a reason. */
async function showNumber(page: Page): Promise<void> {
  await page.getByRole('button', { name: '查看完整信息' }).click()
  await page.getByLabel('看什么').selectOption('证件号码')
  await page.getByLabel('查看的原因').selectOption('核对身份')
  await page.getByRole('button', { name: '显示 30 秒' }).click()
  await expect(page.getByText(LIN.number)).toBeVisible()
}

/** It is neither on the page nor in the browser's storage. */
async function hidden(page: Page): Promise<void> {
  await expect(page.getByText(LIN.number)).toHaveCount(0)
  expect(await everything(page)).not.toContain(LIN.number)
}

/** Another app or tab comes before the page, or it comes back. */
async function turn(page: Page, visibility: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate((visibility) => {
    Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true })
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  }, visibility)
}

test.describe('at the counter', () => {
  test.use(TABLET)

  test('a manager sees a number in full with a reason, and it is hidden again; a nurse is not offered it', async ({ page, service }) => {
    const booking = await booked(service)
    await staffSignIn(page, MANAGER)
    await expect(scanField(page)).toBeFocused()
    await wedge(page, booking.pass!)
    await expect(answer(page)).toContainText(LIN.name)
    await page.getByRole('button', { name: '查看完整信息' }).click()
    await page.getByLabel('看什么').selectOption('证件号码')
    await page.getByRole('button', { name: '显示 30 秒' }).click()
    await expect(page.getByRole('alert')).toContainText('查看的原因')
    await page.getByLabel('查看的原因').selectOption('核对身份')
    await page.getByRole('button', { name: '显示 30 秒' }).click()
    await expect(page.getByText(LIN.number)).toBeVisible()
    await expect(page.getByText(/^\d+ 秒后自动隐藏$/)).toBeVisible()
    await page.getByRole('button', { name: '马上隐藏' }).click()
    await hidden(page)

    // the number at the link of the calls is asked for on arrival: whoever leaves before would hear of it
    const counted = page.waitForResponse('**/messages/to_call_count')
    await page.goto('/staff')
    await counted
    await signOut(page)
    await staffSignIn(page, NURSE)
    await expect(scanField(page)).toBeFocused()
    await wedge(page, booking.pass!)
    await expect(answer(page)).toContainText(LIN.name)
    await expect(page.getByRole('button', { name: '查看完整信息' })).toHaveCount(0)
  })

  test('what is shown in full is hidden by itself, by turning away, by a lock and by signing out; and nothing of it is stored', async ({ page, service }) => {
    const booking = await booked(service)
    const kept = () => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
    const again = page.getByRole('button', { name: '查看完整信息' })
    await page.clock.install()
    await staffSignIn(page, MANAGER)
    await expect(scanField(page)).toBeFocused()
    await wedge(page, booking.pass!)

    await showNumber(page)
    expect(await kept()).not.toContain(LIN.number)
    await page.clock.runFor(20_000)
    await expect(page.getByText(LIN.number)).toBeVisible()
    await page.clock.runFor(11_000)
    await expect(again).toBeVisible()
    await hidden(page)

    // a tablet that slept had no timers
    await showNumber(page)
    await page.clock.fastForward(31_000)
    await expect(again).toBeVisible()
    await hidden(page)

    await showNumber(page)
    await turn(page, 'hidden')
    await turn(page, 'visible')
    await expect(again).toBeVisible()
    await hidden(page)

    await showNumber(page)
    await page.getByRole('button', { name: '锁屏' }).click()
    await expect(lockScreen(page)).toBeVisible()
    await hidden(page)
    await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: '解锁', exact: true }).click()
    await says(page, '请扫二维码')
    await hidden(page)

    await wedge(page, booking.pass!)
    await showNumber(page)
    await signOut(page)
    await hidden(page)
    await page.reload()
    await hidden(page)
  })
})
