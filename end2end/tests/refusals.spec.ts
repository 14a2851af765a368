// What goes wrong, as a citizen sees it: said in place, nothing lost, and the next best thing offered at once.
import { Caller, openSlots, othersTake } from '../support/api.ts'
import { agree, answerAll, at, bookForMyself, bookingCode, chooseTime, goOn, openDay, openSite, signIn, submit, typeDetails } from '../support/citizen.ts'
import { LIN, LINS_PHONE, MOTHER, MOTHERS_PHONE, mistyped, someone } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { expect, refusal, test } from '../support/test.ts'
import type { Page } from '@playwright/test'

const HALF_PAST_NINE = { date: TODAY, start: '09:30' }
/** Five places a window. */
const SMALL_SITE = '双牌县演示接种点二'

async function toDetails(page: Page): Promise<void> {
  await openSite(page)
  await chooseTime(page, HALF_PAST_NINE)
  await page.getByRole('button', { name: /^给自己约/ }).click()
  await at(page, '您的信息')
}

/** The summary on top has focus, says the words, and leads to the field, which says them too. */
async function expectFieldError(page: Page, label: string, words: string | RegExp): Promise<void> {
  const summary = page.getByRole('alert')
  await expect(summary).toBeFocused()
  await expect(page).toHaveTitle(/^出错了：/)
  await summary.getByRole('link', { name: words }).click()
  const field = page.getByLabel(label)
  await expect(field).toBeFocused()
  await expect(field).toHaveAttribute('aria-invalid', 'true')
  await expect(field).toHaveAccessibleDescription(words)
}

test('a wrong check digit is said beside the field, and what was typed stays', async ({ page }) => {
  await toDetails(page)
  await typeDetails(page, { ...LIN, number: mistyped(LIN.number) })
  await goOn(page)
  await expectFieldError(page, '证件号码', /证件号码有一位不对/)
  await expect(page.getByLabel('证件号码')).toHaveValue(mistyped(LIN.number))
  await expect(page.getByLabel('姓名')).toHaveValue(LIN.name)
  await expect(page.getByLabel('详细地址')).toHaveValue(LIN.address)
  await page.getByLabel('证件号码').fill(LIN.number)
  await goOn(page)
  await at(page, '打第几剂？')
  await expect(page).not.toHaveTitle(/出错了/)
})

test('somebody of 17 is told from which day on they can come', async ({ page }) => {
  await toDetails(page)
  await typeDetails(page, someone('蒋小雨', '2009-03-20'))
  await goOn(page)
  const refused = page.getByRole('alert')
  await expect(refused).toContainText('接种当天须满 18 周岁')
  await expect(refused).toContainText('2027-03-20')
  await expect(refused.getByRole('link', { name: '给别人约' })).toBeVisible()
  await expect(page.getByLabel('姓名')).toHaveValue('蒋小雨')
})

test('an address with an emoji is refused in the words of what an address may hold', async ({ page }) => {
  await toDetails(page)
  await typeDetails(page, { ...LIN, address: '梧桐街道12号😀' })
  await goOn(page)
  await expectFieldError(page, '详细地址', /详细地址只能用汉字和数字/)
  await expect(page.getByLabel('详细地址')).toHaveValue('梧桐街道12号😀')
})

test('every wrong field is named at once, in the order of the page', async ({ page }) => {
  await toDetails(page)
  await expect(page.getByRole('checkbox', { name: /单独同意/ })).toBeVisible()
  await goOn(page)
  const summary = page.getByRole('alert')
  await expect(summary).toBeFocused()
  await expect(summary.getByRole('link')).toHaveCount(5)
  await expect(summary.getByRole('link').last()).toContainText('单独同意')
})

test('a yes to a contraindication stops here, says why, and keeps the answers', async ({ page, service }) => {
  await toDetails(page)
  await typeDetails(page, LIN)
  await goOn(page)
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await at(page, '接种人有下面的情况吗？')
  await page.getByRole('checkbox', { name: /正在怀孕/ }).check()
  await goOn(page)
  await at(page, '现在还不能预约接种')
  await expect(page.getByRole('alert')).toContainText('正在怀孕')
  await expect(page.getByRole('link', { name: /打电话问接种点/ })).toHaveAttribute('href', /^tel:\d+$/)
  await page.getByRole('button', { name: '勾错了，返回修改' }).click()
  const pregnant = page.getByRole('checkbox', { name: /正在怀孕/ })
  await expect(pregnant).toBeChecked()
  await pregnant.uncheck()
  await page.getByRole('button', { name: '以上都没有' }).click()
  await agree(page)
  await at(page, /请核对/)
  await expect(page.getByText(LIN.name).first()).toBeVisible()
  expect(service.logged).not.toContain(LIN.number)
})

test('a yes cannot be stepped over by going to a later page', async ({ page }) => {
  await toDetails(page)
  await typeDetails(page, LIN)
  await goOn(page)
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await page.getByRole('checkbox', { name: /正在怀孕/ }).check()
  await goOn(page)
  await at(page, '现在还不能预约接种')
  await page.goto('/book/check')
  await at(page, '接种人有下面的情况吗？')
})

test('when another takes the last place meanwhile, the next best time is one tap away and everything is kept', async ({ page, service, complaints }) => {
  complaints.expect(refusal(409))
  const [wanted] = (await openSlots(service.url, SMALL_SITE)).filter((slot) => slot.date > TODAY)
  await openSite(page, SMALL_SITE)
  await chooseTime(page, wanted!)
  await answerAll(page, LIN)
  await agree(page)
  await at(page, /请核对/)
  await othersTake(service.url, wanted!.id, wanted!.remaining)
  await submit(page)
  await signIn(page, LINS_PHONE)

  await at(page, /请核对/)
  const refused = page.getByRole('alert')
  await expect(refused).toContainText('这个时段刚刚约满')
  const offers = refused.getByRole('button', { name: /还有 \d+ 个号|只剩/ })
  await expect(offers.first()).toBeVisible()
  const next = (await offers.first().innerText()).match(/\d\d:\d\d–\d\d:\d\d/)![0]
  await offers.first().click()
  await expect(page.getByRole('alert')).toHaveCount(0)
  await expect(page.getByText(LIN.name).first()).toBeVisible()
  await expect(page.getByText(LIN.address)).toBeVisible()
  await submit(page)
  await at(page, '约好了')
  await expect(page.getByText(next)).toBeVisible()
})

test('a time that fills up while one looks at it can no longer be tapped', async ({ page, service }) => {
  const [wanted] = (await openSlots(service.url, SMALL_SITE)).filter((slot) => slot.date > TODAY)
  await openSite(page, SMALL_SITE)
  await openDay(page, wanted!.date)
  const time = page.getByRole('listitem').filter({ hasText: new RegExp(`^${wanted!.start}–`) })
  await expect(time.getByRole('button')).toBeVisible()
  await othersTake(service.url, wanted!.id, wanted!.remaining)
  await expect(time).toContainText('已约满')
  await expect(time.getByRole('button')).toHaveCount(0)
})

test('with the network gone while submitting, everything is kept and trying again books once', async ({ page, context, complaints }) => {
  complaints.expect(/net::ERR_INTERNET_DISCONNECTED/)
  await page.goto('/sign-in')
  await signIn(page, LINS_PHONE)
  await at(page, '我的预约')
  await openSite(page)
  await chooseTime(page, HALF_PAST_NINE)
  await answerAll(page, LIN)
  await agree(page)
  await context.setOffline(true)
  await submit(page)
  const refused = page.getByRole('alert')
  await expect(refused).toContainText('网络断了，内容都还在')
  await expect(page.getByText(LIN.address)).toBeVisible()
  await context.setOffline(false)
  await refused.getByRole('button', { name: '再试一次' }).click()
  await at(page, '约好了')
  expect(await (await Caller.of(page)).bookings()).toHaveLength(1)
})

test('an answer that is lost on its way is the same booking when one tries again', async ({ page, complaints }) => {
  complaints.expect(/net::ERR_FAILED/)
  await page.goto('/sign-in')
  await signIn(page, LINS_PHONE)
  await at(page, '我的预约')
  await openSite(page)
  await chooseTime(page, HALF_PAST_NINE)
  await answerAll(page, LIN)
  await agree(page)
  await page.route('**/api/bookings/reserve', async (route) => {
    await route.fetch()
    await route.abort('failed')
  }, { times: 1 })
  await submit(page)
  await expect(page.getByRole('alert')).toContainText('网络断了')
  const [made] = await (await Caller.of(page)).bookings()
  await page.getByRole('button', { name: '再试一次' }).click()
  await at(page, '约好了')
  expect(await bookingCode(page)).toBe(made!.code)
  expect(await (await Caller.of(page)).bookings()).toHaveLength(1)
})

test('a page that cannot load anything says so and has a way on', async ({ page, complaints }) => {
  complaints.expect(/net::ERR_FAILED/)
  await page.route('**/availability**', (route) => route.abort('failed'))
  await page.goto('/')
  await expect(page.getByRole('alert')).toContainText('网络断了')
  await page.unroute('**/availability**')
  await page.getByRole('button', { name: '再试一次' }).click()
  await at(page, /全市还有/)
})

test.describe('when the session has ended', () => {
  test.use({ settings: { LIMIT_CODES_A_MINUTE: '5' } })

  test('one signs in again in place and the booking goes on', async ({ page, context, complaints }) => {
    complaints.expect(refusal(401))
    await page.goto('/sign-in')
    await signIn(page, LINS_PHONE)
    await at(page, '我的预约')
    await openSite(page)
    await chooseTime(page, HALF_PAST_NINE)
    await answerAll(page, MOTHER, LINS_PHONE)
    await agree(page)
    await context.clearCookies()
    await submit(page)
    await at(page, '用手机号登录')
    await signIn(page, LINS_PHONE)
    await at(page, '约好了')
    await expect(page.getByText(MOTHER.name)).toBeVisible()
    expect(await (await Caller.of(page)).bookings()).toHaveLength(1)
  })

  test('My bookings asks to sign in and then shows them', async ({ page, context, complaints }) => {
    complaints.expect(refusal(401))
    await bookForMyself(page, LIN, LINS_PHONE, HALF_PAST_NINE)
    await context.clearCookies()
    await page.goto('/bookings')
    await expect(page.getByRole('heading', { name: '请先登录' })).toBeVisible()
    await signIn(page, LINS_PHONE)
    await expect(page.getByRole('link', { name: '出示二维码' })).toBeVisible()
  })
})

test('a late answer that says once more that the session is over takes nothing away', async ({ page, context, complaints }) => {
  complaints.expect(refusal(401))
  await page.goto('/sign-in')
  await signIn(page, LINS_PHONE)
  await at(page, '我的预约')
  await context.clearCookies()
  let release = () => {}
  const typing = new Promise<void>((typed) => (release = typed))
  await page.route('**/api/accounts/me', async (route) => {
    await typing
    await route.continue()
  })
  const late = page.waitForResponse('**/api/accounts/me')
  await page.goto('/bookings')
  await page.getByLabel('您的手机号').fill(MOTHERS_PHONE)
  await page.getByRole('button', { name: '获取验证码' }).click()
  const code = page.getByLabel('短信里的 6 位验证码')
  await expect(code).toBeFocused()
  await code.fill('123')
  release()
  await (await late).finished()
  // the page has had the answer once it has drawn twice
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
  await expect(code).toHaveValue('123')
  await expect(code).toBeFocused()
})

test('a wrong sign-in code can be typed again, and a new one only after a minute', async ({ page, complaints }) => {
  complaints.expect(refusal(400))
  await page.goto('/sign-in')
  await page.getByLabel('您的手机号').fill('12345')
  await page.getByRole('button', { name: '获取验证码' }).click()
  await expect(page.getByRole('alert')).toContainText('请填写 11 位手机号')
  await page.getByLabel('您的手机号').fill(LINS_PHONE)
  await page.getByRole('button', { name: '获取验证码' }).click()
  await page.getByLabel('短信里的 6 位验证码').fill('000000')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await expectFieldError(page, '短信里的 6 位验证码', /验证码不对或已过期/)
  await expect(page.getByText(/\d+ 秒后可重新获取/)).toBeVisible()
  await expect(page.getByLabel('短信里的 6 位验证码')).toHaveAttribute('autocomplete', 'one-time-code')
})
