// Doors in besides the phone code: a city's app that has said who comes, and a WeChat official account. The demo plays both.
import type { Page } from '@playwright/test'
import { openSlots } from '../support/api.ts'
import { agreeSeparately, at, chooseTime, enterCode, goOn, openSite, qr, signIn, STAFF_SITE, title, typeDetails } from '../support/citizen.ts'
import { axe, sideways, smallTargets } from '../support/measure.ts'
import { PHONE } from '../support/browser.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { expect, refusal, test } from '../support/test.ts'

/** Whom the demo's app knows first. */
const JIANG = '蒋玉梅'
const OUR_BAR = { name: '一针永州' }

/** Opens the booking pages from the demo's app, as somebody whom it knows. */
async function comeFromApp(page: Page, name = JIANG): Promise<void> {
  await page.goto('/demo/host')
  await page.getByRole('button', { name }).click()
  await at(page, /全市还有/)
}

/** Opens them from the demo's official account, as one of its users. */
async function comeFromWechat(page: Page, user: string): Promise<void> {
  await page.goto('/demo/wechat')
  await page.getByRole('link', { name: /疫苗预约/ }).click()
  await page.getByRole('link', { name: user }).click()
}

/** The axe, small targets and what runs off, of the page as it is, in light and dark. */
async function expectSound(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await axe(page)).toEqual([])
  }
  expect(await smallTargets(page, 44)).toEqual([])
  expect(await sideways(page)).toBe(0)
}

test('whoever comes from the city’s app books for themselves without typing who they are', async ({ page, service }) => {
  await comeFromApp(page)
  expect(page.url()).toBe(`${service.url}/?host=demo`)
  await expect(page.getByRole('link', OUR_BAR)).toBeHidden()
  const greeting = page.getByRole('region', { name: '蒋*梅，您好' })
  await expect(greeting).toContainText('154****1001')
  await expectSound(page)
  await greeting.getByRole('button', { name: '是我，知道了' }).click()
  await expect(greeting).toBeHidden()

  const [slot] = await openSlots(service.url, STAFF_SITE)
  await page.getByRole('link', { name: new RegExp(STAFF_SITE) }).click()
  await chooseTime(page, slot!)
  await page.getByRole('button', { name: `${JIANG}（本人）` }).click()
  await at(page, '您的信息')
  await expect(page.getByLabel('姓名')).toHaveCount(0)
  await expect(page.getByLabel('证件号码')).toHaveCount(0)
  await expect(page.getByText('已由城市 App 核实')).toBeVisible()
  await expectSound(page)
  await page.getByLabel('现居住县市区').selectOption('冷水滩区')
  await page.getByLabel('详细地址').fill('梧桐街道翠竹路12号')
  await agreeSeparately(page)
  await goOn(page)
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await page.getByRole('button', { name: '以上都没有' }).click()
  await page.getByRole('button', { name: '我已阅读并同意' }).click()
  await at(page, /请核对/)
  await page.getByRole('button', { name: /提交/ }).click()
  await at(page, '约好了')
  await expect(qr(page)).toBeVisible()
  await expect(page.getByRole('link', OUR_BAR)).toBeHidden()

  // the next time the person is known whole
  await comeFromApp(page)
  await page.getByRole('link', { name: new RegExp(STAFF_SITE) }).click()
  await chooseTime(page, slot!)
  await expect(page.getByRole('button', { name: new RegExp(`${JIANG}（本人）.*已核实`) })).toBeVisible()
})

test('whoever is greeted as somebody else signs out with one tap', async ({ page, complaints }) => {
  complaints.expect(refusal(401))
  await comeFromApp(page)
  await page.getByRole('button', { name: '不是我，退出' }).click()
  await expect(page.getByRole('region', { name: /您好/ })).toBeHidden()
  await page.goto('/bookings')
  await expect(page.getByLabel('您的手机号')).toBeVisible()
})

test('the greeting comes once, and in English too', async ({ page }) => {
  await page.goto('/?lang=en')
  await at(page, /In the next/)
  await page.goto('/demo/host')
  await page.getByRole('button', { name: JIANG }).click()
  await expect(page.getByRole('region', { name: 'Hello, 蒋*梅' })).toContainText('You are signed in as 154****1001')
  await page.reload()
  await at(page, /In the next/)
  await expect(page.getByRole('region', { name: /Hello/ })).toBeHidden()
})

test('a stolen token opens nothing in another browser', async ({ page, browser, service, complaints }) => {
  complaints.expect(refusal(401))
  const opened = page.waitForRequest((request) => request.url().includes('/enter?token='))
  await comeFromApp(page)
  const stolen = (await opened).url()
  const thief = await browser.newContext({ ...PHONE, baseURL: service.url })
  const theirs = await thief.newPage()
  const answer = await theirs.goto(stolen)
  expect(answer!.status()).toBe(401)
  await at(theirs, '没有登录成功')
  await expect(theirs.getByText('请回到 App，从里面重新打开预约页面')).toBeVisible()
  await expect(theirs.getByText('Go back to the app')).toBeVisible()
  await expect(theirs.getByText(JIANG)).toHaveCount(0)
  expect((await thief.cookies()).map((cookie) => cookie.name)).not.toContain('yizhen')
  await expectSound(theirs)
  await theirs.getByRole('link', { name: /用手机号登录/ }).click()
  await expect(theirs.getByLabel('您的手机号')).toBeVisible()
  await thief.close()
  // and its owner stays signed in
  await page.goto('/bookings')
  await at(page, '我的预约')
  await expect(page.getByLabel('您的手机号')).toHaveCount(0)
})

test('only a host that the service knows takes our title bar away', async ({ page }) => {
  await page.goto('/?host=evil')
  await at(page, /全市还有/)
  await expect(page.getByRole('link', OUR_BAR)).toBeVisible()
  await page.goto('/?host=demo')
  await at(page, /全市还有/)
  await expect(page.getByRole('link', OUR_BAR)).toBeHidden()
  await page.goto('/help')
  await expect(title(page, '须知与帮助')).toBeVisible()
  await expect(page.getByRole('link', OUR_BAR), 'kept for the tab').toBeHidden()
})

test('a WeChat user proves a phone once, comes in at once from then on, and can be let go', async ({ page, browser, service, complaints }) => {
  complaints.expect(refusal(401))
  await comeFromWechat(page, '微信用户甲')
  await at(page, '用手机号登录')
  await expect(page.getByText('这个手机号会和您的微信绑定')).toBeVisible()
  await expect(page.getByRole('link', OUR_BAR)).toBeHidden()
  await expectSound(page)
  await signIn(page, LINS_PHONE)
  await at(page, '我的预约')

  const another = await browser.newContext({ ...PHONE, baseURL: service.url })
  const later = await another.newPage()
  await comeFromWechat(later, '微信用户甲')
  await at(later, /全市还有/)
  await expect(later.getByRole('region', { name: '您好' })).toContainText('155****0001')
  await expect(later.getByRole('link', OUR_BAR)).toBeHidden()
  await later.getByRole('link', { name: '须知与帮助' }).click()
  await later.getByRole('button', { name: '解除微信绑定' }).click()
  await expect(later.getByRole('status').filter({ hasText: '已解除微信绑定' })).toBeFocused()
  await expectSound(later)
  await comeFromWechat(later, '微信用户甲')
  await at(later, '用手机号登录')
  await another.close()
})

test('a snapshot of the page lets nobody in and says where the whole page is', async ({ page, complaints }) => {
  complaints.expect(refusal(403))
  await comeFromWechat(page, '“快照页”里的访客')
  await at(page, '现在看到的是“快照页”')
  await expect(page.getByText('请点右下角的“使用完整服务”')).toBeVisible()
  await expectSound(page)
})

test('the pages of the demo’s app and of its official account are sound', async ({ page }) => {
  await page.goto('/demo/host')
  await expectSound(page)
  await page.goto('/demo/wechat')
  await expectSound(page)
  await page.getByRole('link', { name: /疫苗预约/ }).click()
  await at(page, '这是谁的微信？')
  await expectSound(page)
})

test('somebody who has a booking with another document keeps it, and is told what differs', async ({ page, service }) => {
  const phone = '15400001001'
  const [slot] = await openSlots(service.url, STAFF_SITE)
  await openSite(page)
  await chooseTime(page, slot!)
  await page.getByRole('button', { name: /^给自己约/ }).click()
  await typeDetails(page, LIN)
  await goOn(page)
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await page.getByRole('button', { name: '以上都没有' }).click()
  await page.getByRole('button', { name: '我已阅读并同意' }).click()
  await at(page, /请核对/)
  await page.getByRole('button', { name: /提交/ }).click()
  await at(page, '用手机号登录')
  await page.getByLabel('您的手机号').fill(phone)
  await page.getByRole('button', { name: '获取验证码' }).click()
  await enterCode(page, phone)
  await at(page, '约好了')

  await comeFromApp(page)
  await expect(page.getByRole('region', { name: /您好/ })).toContainText('和这里登记的不一样')
  await expectSound(page)
  await openSite(page)
  await chooseTime(page, slot!)
  await expect(page.getByRole('button', { name: `${LIN.name}（本人）` })).toBeVisible()
  await expect(page.getByRole('button', { name: JIANG })).toHaveCount(0)
})
