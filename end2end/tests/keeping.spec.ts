// What was chosen and typed survives: language, reload, going back, two tabs, signing in, another time zone.
import { Caller, messages, openSlots, othersTake } from '../support/api.ts'
import { agree, answerAll, at, bookForMyself, chooseTime, dayWords, goOn, openDay, openSite, signIn, STAFF_SITE, submit, timeButton, typeDetails } from '../support/citizen.ts'
import { LIN, LINS_PHONE, MOTHER } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { expect, test } from '../support/test.ts'
import type { Page } from '@playwright/test'

const HALF_PAST_NINE = { date: TODAY, start: '09:30' }

async function typedDetails(page: Page): Promise<void> {
  await openSite(page)
  await chooseTime(page, HALF_PAST_NINE)
  await page.getByRole('button', { name: /^给家人或别人约/ }).click()
  await at(page, '接种人的信息')
  await typeDetails(page, MOTHER, LINS_PHONE)
}

test('the language is switched in place and what was typed stays', async ({ page }) => {
  await typedDetails(page)
  await page.getByRole('button', { name: /^EN|^English/ }).click()
  await at(page, 'Their details')
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  await expect(page.getByLabel('Name')).toHaveValue(MOTHER.name)
  await expect(page.getByLabel('Document number')).toHaveValue(MOTHER.number)
  await expect(page.getByLabel('Mobile number')).toHaveValue(LINS_PHONE)
  await expect(page.getByLabel('County of residence')).toHaveValue(MOTHER.county)
  await expect(page.getByLabel('Address', { exact: true })).toHaveValue(MOTHER.address)
  await expect(page).toHaveTitle(/Their details/)
  await page.reload()
  await at(page, 'Their details')
  await page.getByRole('button', { name: '切换到中文' }).click()
  await at(page, '接种人的信息')
  await expect(page.getByLabel('姓名')).toHaveValue(MOTHER.name)
})

test('the whole booking can be made in English', async ({ page }) => {
  await page.goto('/?lang=en')
  await page.getByRole('link', { name: /Lengshuitan Demo Site 1/ }).click()
  await at(page, 'Lengshuitan Demo Site 1')
  await page.getByRole('button', { name: /^09:30–10:00/ }).click()
  await at(page, 'Whom is it for?')
  await page.getByRole('button', { name: /^For myself/ }).click()
  await page.getByLabel('Name').fill(LIN.name)
  await page.getByLabel('Document number').fill(LIN.number)
  await page.getByLabel('County of residence').selectOption('Lengshuitan District')
  await page.getByLabel('Address', { exact: true }).fill(LIN.address)
  await page.getByRole('checkbox', { name: /^I agree, separately/ }).check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('button', { name: /^Dose 1/ }).click()
  await page.getByRole('button', { name: 'None of these' }).click()
  await page.getByRole('button', { name: 'I have read this and agree' }).click()
  await at(page, /Check, then book/)
  await page.getByRole('button', { name: 'Book' }).click()
  await page.getByLabel('Your mobile number').fill(LINS_PHONE)
  await page.getByRole('button', { name: 'Send me a code' }).click()
  const code = page.getByLabel('The 6 digits from the message')
  await expect(code).toBeFocused()
  const url = new URL(page.url()).origin
  const [sent] = await messages(url, LINS_PHONE)
  await code.fill(/\d{6}/.exec(sent!.text)![0])
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await at(page, 'You are booked')
  await expect(page.getByRole('img', { name: 'QR code of the booking' })).toBeVisible()
})

test('a reload in the middle keeps everything, on every page', async ({ page }) => {
  await typedDetails(page)
  await page.reload()
  await at(page, '接种人的信息')
  await expect(page.getByLabel('姓名')).toHaveValue(MOTHER.name)
  await expect(page.getByLabel('详细地址')).toHaveValue(MOTHER.address)
  await goOn(page)
  await at(page, '打第几剂？')
  await page.reload()
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await at(page, '接种人有下面的情况吗？')
  await page.reload()
  await page.getByRole('button', { name: '以上都没有' }).click()
  await at(page, '请读一下告知书')
  await page.reload()
  await agree(page)
  await at(page, /请核对/)
  await page.reload()
  await at(page, /请核对/)
  await expect(page.getByText(MOTHER.name).first()).toBeVisible()
  await submit(page)
  await at(page, '用手机号登录')
  await page.reload()
  await signIn(page, LINS_PHONE)
  await at(page, '约好了')
  await page.reload()
  await at(page, /约好了|到现场出示这个码/)
  await expect(page.getByText(MOTHER.name)).toBeVisible()
})

test('the browser’s back button goes through the pages with what was typed, and never submits twice', async ({ page }) => {
  await typedDetails(page)
  await goOn(page)
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await at(page, '接种人有下面的情况吗？')
  await page.goBack()
  await at(page, '打第几剂？')
  await page.goBack()
  await at(page, '接种人的信息')
  await expect(page.getByLabel('姓名')).toHaveValue(MOTHER.name)
  await page.goBack()
  await at(page, '给谁约？')
  await page.goBack()
  await at(page, STAFF_SITE)
  await page.goForward()
  await page.goForward()
  await at(page, '接种人的信息')
  await expect(page.getByLabel('姓名')).toHaveValue(MOTHER.name)
  await goOn(page)
  // which dose is answered already
  await page.getByRole('button', { name: '以上都没有' }).click()
  await agree(page)
  await submit(page)
  await signIn(page, LINS_PHONE)
  await at(page, '约好了')
  await page.goBack()
  await at(page, '先选一个接种点和时间')
  await expect(page.getByRole('link', { name: '看哪里还有号' })).toBeVisible()
  expect(await (await Caller.of(page)).bookings()).toHaveLength(1)
})

test('each answer can be changed from the page where they are checked, and the others stay', async ({ page }) => {
  await openSite(page)
  await chooseTime(page, HALF_PAST_NINE)
  await answerAll(page, LIN)
  await agree(page)
  await at(page, /请核对/)
  await page.getByRole('link', { name: '改住址' }).click()
  await at(page, '您的信息')
  await page.getByLabel('详细地址').fill('菱角山街道28号')
  await goOn(page)
  await at(page, /请核对/)
  await expect(page.getByText('菱角山街道28号')).toBeVisible()
  await page.getByRole('link', { name: '改时间' }).click()
  await at(page, STAFF_SITE)
  await openDay(page, TODAY)
  await timeButton(page, '10:00').click()
  await at(page, /请核对/)
  await expect(page.getByText('10:00–10:30').first()).toBeVisible()
  await expect(page.getByText('菱角山街道28号')).toBeVisible()
  await expect(page.getByText(LIN.number)).toBeVisible()
})

test('deep links lead to their pages, and nowhere has a way on', async ({ page, service }) => {
  const [slot] = await openSlots(service.url, STAFF_SITE)
  expect(slot).toBeDefined()
  for (const [path, name] of [
    ['/help', '须知与帮助'],
    ['/notice', /告知书/],
    ['/sign-in', '用手机号登录'],
    ['/bookings', '我的预约'],
    ['/book/check', '先选一个接种点和时间'],
    ['/nowhere', '没有这个页面'],
    ['/sites/nowhere', '没有这个页面'],
    ['/book/nowhere', '没有这个页面'],
  ] as const) {
    await page.goto(path)
    await at(page, name)
    await expect(page.getByRole('main').getByRole('link').or(page.getByRole('main').getByRole('button')).first()).toBeVisible()
    await expect(page.getByRole('link', { name: '0746-000 0000' }).first()).toHaveAttribute('href', 'tel:07460000000')
  }
})

test('a link to a booking asks to sign in and then shows it', async ({ page, browser, service, complaints }) => {
  complaints.expect(/status of 401/)
  const code = await bookForMyself(page, LIN, LINS_PHONE, HALF_PAST_NINE)
  await service.restart(`${TODAY}T09:12:00+08:00`)
  const context = await browser.newContext({ baseURL: service.url, locale: 'zh-CN' })
  await complaints.watch(context)
  const other = await context.newPage()
  await other.goto(`/bookings/${code}`)
  await signIn(other, LINS_PHONE)
  await at(other, '到现场出示这个码')
  await context.close()
})

test('two tabs hold two bookings in the making and do not mix them', async ({ page, context }) => {
  await typedDetails(page)
  const second = await context.newPage()
  await openSite(second)
  await chooseTime(second, { date: TODAY, start: '10:00' })
  await answerAll(second, LIN)
  await agree(second)
  await at(second, /请核对/)

  await expect(page.getByLabel('姓名')).toHaveValue(MOTHER.name)
  await goOn(page)
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await page.getByRole('button', { name: '以上都没有' }).click()
  await agree(page)
  await expect(page.getByText('09:30–10:00').first()).toBeVisible()
  await submit(page)
  await signIn(page, LINS_PHONE)
  await at(page, '约好了')
  await expect(page.getByText(MOTHER.name)).toBeVisible()

  await expect(second.getByText(LIN.name).first()).toBeVisible()
  await expect(second.getByText('10:00–10:30').first()).toBeVisible()
  await submit(second)
  await at(second, '约好了')
  expect((await (await Caller.of(page)).bookings()).map(({ person, start }) => [person.name, start])).toEqual([
    [MOTHER.name, '09:30'],
    [LIN.name, '10:00'],
  ])
})

test('a place that somebody takes changes the open pages without a reload', async ({ page, context, service }) => {
  const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.start === '10:00')!
  await openSite(page)
  const time = page.getByRole('listitem').filter({ hasText: /^10:00–/ })
  await expect(time).toContainText(`${slot.remaining} 个号`)
  const home = await context.newPage()
  await home.goto('/')
  const row = home.getByRole('link', { name: new RegExp(STAFF_SITE) })
  const left = async () => Number(/(\d+) ?个号/.exec((await row.innerText()).replaceAll(/[\n,]+/g, ''))![1])
  const before = await left()
  for (const open of [page, home]) await open.evaluate(() => Object.assign(window, { sameDocument: true }))
  await othersTake(service.url, slot.id, 2)
  await expect(time).toContainText(`${slot.remaining - 2} 个号`)
  await expect.poll(left).toBe(before - 2)
  for (const open of [page, home]) expect(await open.evaluate(() => 'sameDocument' in window)).toBe(true)
})

test('pages catch up by themselves after the service was away', async ({ page, service, complaints }) => {
  complaints.expect(/net::ERR_/)
  const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.start === '10:00')!
  await openSite(page)
  const time = page.getByRole('listitem').filter({ hasText: /^10:00–/ })
  await expect(time).toContainText(`${slot.remaining} 个号`)
  await service.restart(`${TODAY}T09:15:00+08:00`)
  await othersTake(service.url, slot.id, 1)
  await expect(time).toContainText(`${slot.remaining - 1} 个号`, { timeout: 20_000 })
})

test.describe('in a browser of another time zone', () => {
  test.use({ timezoneId: 'America/Los_Angeles' })

  test('days and times are the site’s', async ({ page }) => {
    await openSite(page)
    await expect(page.getByRole('button', { name: new RegExp(`今天 ?${dayWords(TODAY)} 周一`) })).toBeVisible()
    await bookForMyself(page, LIN, LINS_PHONE, HALF_PAST_NINE)
    await expect(page.getByText(new RegExp(`今天 ${dayWords(TODAY)} 周一 09:30–10:00`))).toBeVisible()
    const saved = page.waitForEvent('download')
    await page.getByRole('link', { name: '加到日历' }).click()
    const chunks: Buffer[] = []
    for await (const chunk of await (await saved).createReadStream()) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).toString('utf8')).toContain('DTSTART:20270301T013000Z')
  })
})

test('a host that has its own title bar gets pages without ours', async ({ page }) => {
  await page.goto('/?host=wechat')
  await at(page, /全市还有/)
  await expect(page.getByRole('link', { name: '一针永州' })).toBeHidden()
  await page.getByRole('button', { name: '长辈版' }).click()
  await expect(page.locator('html')).toHaveClass(/elder/)
})
