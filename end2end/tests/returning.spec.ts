// Somebody who comes back: few taps, all their bookings with the next step of each, moving and cancelling.
import { Caller, messages, openSlots } from '../support/api.ts'
import { at, bookForMyself, bookingCode, chooseTime, dayWords, openDay, openSite, qr, signIn, STAFF_SITE, timeButton } from '../support/citizen.ts'
import { DEMO_PHONE, LIN, LINS_PHONE } from '../support/people.ts'
import { decode, photograph } from '../support/qr.ts'
import { TODAY } from '../support/service.ts'
import { expect, refusal, test } from '../support/test.ts'
import type { Page } from '@playwright/test'

const TOMORROW = '2027-03-02'

/** Counts what the person does, on every page of this tab. */
async function countTapsAndKeys(page: Page): Promise<() => Promise<{ taps: number; keys: number }>> {
  await page.addInitScript(() => {
    const count = (event: Event, key: string) => {
      if (event.isTrusted) sessionStorage.setItem(key, String(Number(sessionStorage.getItem(key)) + 1))
    }
    addEventListener('click', (event) => count(event, 'test.taps'), true)
    addEventListener('keydown', (event) => count(event, 'test.keys'), true)
    addEventListener('input', (event) => count(event, 'test.keys'), true)
  })
  return () =>
    page.evaluate(() => ({
      taps: Number(sessionStorage.getItem('test.taps')),
      keys: Number(sessionStorage.getItem('test.keys')),
    }))
}

test('a returning person books with at most six taps and no typing', async ({ page }) => {
  await page.goto('/sign-in')
  await signIn(page, LINS_PHONE)
  await at(page, '我的预约')
  await (await Caller.of(page)).savePerson(LIN, LINS_PHONE)
  const count = await countTapsAndKeys(page)

  await page.goto('/')
  await page.getByRole('link', { name: new RegExp(STAFF_SITE) }).tap()
  await page.getByRole('button', { name: /^09:30–/ }).tap()
  await page.getByRole('button', { name: new RegExp(LIN.name) }).tap()
  await page.getByRole('button', { name: /^第 1 剂/ }).tap()
  await page.getByRole('button', { name: '以上都没有' }).tap()
  await page.getByRole('button', { name: '同意告知书并提交' }).tap()
  await at(page, '约好了')
  const { taps, keys } = await count()
  expect(taps).toBeLessThanOrEqual(6)
  expect(keys).toBe(0)
})

test.describe('the demo’s citizen', () => {
  test.beforeEach(async ({ page }) => {
    await page.goto('/bookings')
    await signIn(page, DEMO_PHONE)
    await expect(page.getByText('周明远')).toBeVisible()
  })

  for (const { name, state, link, next } of [
    { name: '周明远', state: '已预约', link: '出示二维码', next: '到现场出示这个码' },
    { name: '李秀兰', state: '已接种', link: '看接种记录', next: '已经接种' },
    { name: '周国平', state: '已取消', link: '重新预约', next: STAFF_SITE },
    { name: '唐桂香', state: '未到', link: '重新预约', next: STAFF_SITE },
  ]) {
    test(`sees the booking that is ${state} with its own next step`, async ({ page }) => {
      const card = page.getByRole('listitem').filter({ hasText: name })
      await expect(card).toContainText(state)
      await card.getByRole('link', { name: link }).click()
      await at(page, next)
    })
  }

  for (const { name, heading, ways } of [
    { name: '周国平', heading: '这个预约已取消', ways: ['重新预约', '看全部预约'] },
    { name: '唐桂香', heading: '这一天已经过了', ways: ['重新预约', /其实去了？打电话问接种点/] },
  ]) {
    test(`finds a page of its own for “${heading}”, without a QR`, async ({ page }) => {
      await page.getByRole('listitem').filter({ hasText: name }).getByRole('link', { name: '查看' }).click()
      await at(page, heading)
      for (const way of ways) await expect(page.getByRole('link', { name: way })).toBeVisible()
      await expect(qr(page)).toHaveCount(0)
    })
  }

  test('opens any booking by its address, also one of nobody', async ({ page, complaints }) => {
    complaints.expect(refusal(404))
    const [first] = await (await Caller.of(page)).bookings()
    await page.goto(`/bookings/${first!.code}`)
    await at(page, '到现场出示这个码')
    await page.goto('/bookings/0000000000')
    await at(page, '没有找到这个预约')
    await expect(page.getByRole('button', { name: '换个手机号登录' })).toBeVisible()
    await page.getByRole('main').getByRole('link', { name: '我的预约' }).click()
    await at(page, '我的预约')
  })
})

test('a booking that is cancelled is free for others at once, and its QR is gone', async ({ page, service }) => {
  const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.start === '10:00')!
  const code = await bookForMyself(page, LIN, LINS_PHONE, slot)
  const left = async () => (await openSlots(service.url, STAFF_SITE)).find(({ id }) => id === slot.id)!.remaining
  await expect.poll(left).toBe(slot.remaining - 1)
  await page.getByRole('link', { name: '取消预约' }).click()
  await at(page, '取消这个预约？')
  await expect(page.getByText(LIN.name)).toBeVisible()
  await page.getByRole('button', { name: '确认取消预约' }).click()
  await at(page, '这个预约已取消')
  await expect(qr(page)).toHaveCount(0)
  await expect.poll(left).toBe(slot.remaining)
  const kinds = (await messages(service.url, LINS_PHONE)).map((message) => message.kind)
  expect(kinds).toContain('cancelled')
  await page.getByRole('link', { name: '看全部预约' }).click()
  await expect(page.getByRole('listitem').filter({ hasText: LIN.name })).toContainText('已取消')
  await page.goto(`/bookings/${code}`)
  await at(page, '这个预约已取消')
})

test('a booking that is moved keeps its code, gets a new time and a new QR, and gives the old place up', async ({ page, service }) => {
  const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.start === '10:00')!
  const code = await bookForMyself(page, LIN, LINS_PHONE, slot)
  const before = decode(await photograph(qr(page)))
  await page.getByRole('link', { name: '改时间' }).click()
  await at(page, '改到什么时候？')
  await openDay(page, TODAY)
  await expect(page.getByRole('listitem').filter({ hasText: /^10:00–/ })).toContainText('现在的时间')
  await openDay(page, TOMORROW)
  await timeButton(page, '14:30').click()
  const confirm = page.getByRole('heading', { name: '改到这个时间？' })
  await expect(confirm).toBeVisible()
  await expect(page.getByText(new RegExp(`明天 ${dayWords(TOMORROW)} 周二 14:30–15:00`))).toBeVisible()
  await page.getByRole('button', { name: '确认改时间' }).click()
  await at(page, '到现场出示这个码')
  await expect(page.getByText('14:30–15:00')).toBeVisible()
  expect(await bookingCode(page)).toBe(code)
  const after = decode(await photograph(qr(page)))
  expect(after).toBeDefined()
  expect(after).not.toBe(before)
  const [moved] = await (await Caller.of(page)).bookings()
  expect(moved).toMatchObject({ code, date: TOMORROW, start: '14:30', pass: after })
  expect((await openSlots(service.url, STAFF_SITE)).find(({ id }) => id === slot.id)!.remaining).toBe(slot.remaining)
})

test('a booking can be moved to another site', async ({ page, service }) => {
  await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '10:00' })
  const there = '冷水滩区演示接种点二'
  const slot = (await openSlots(service.url, there)).find((slot) => slot.date > TODAY)!
  await page.getByRole('link', { name: '改时间' }).click()
  await at(page, '改到什么时候？')
  await page.getByLabel('接种点').selectOption(there)
  await openDay(page, slot.date)
  await timeButton(page, slot.start).click()
  await page.getByRole('button', { name: '确认改时间' }).click()
  await at(page, '到现场出示这个码')
  await expect(page.getByText(there)).toBeVisible()
})

test('the next dose cannot be booked before its first day, and the page says which day that is', async ({ page }) => {
  await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  await openSite(page)
  await chooseTime(page, { date: '2027-03-10', start: '09:30' })
  await page.getByRole('button', { name: new RegExp(LIN.name) }).click()
  await at(page, '打第几剂？')
  await page.getByRole('button', { name: /^第 2 剂/ }).click()
  const refused = page.getByRole('alert')
  await expect(refused).toContainText('2027-03-22')
  await expect(refused.getByRole('link', { name: '换个日子' })).toBeVisible()
})
