// What a citizen does on the pages, by the words that stand there.
import { type Locator, type Page, expect } from '@playwright/test'
import { type Booking, type Slot, signInCode } from './api.ts'
import type { Someone } from './people.ts'
import { photograph } from './qr.ts'

/** Where the demo's staff work: open at any hour. */
export const STAFF_SITE = '冷水滩区演示接种点一'

/** The page's one heading. */
export function title(page: Page, name: string | RegExp): Locator {
  return page.getByRole('heading', { level: 1, name })
}

/** Waits until a page is there. */
export async function at(page: Page, name: string | RegExp): Promise<void> {
  await expect(title(page, name)).toBeVisible()
}

/** From wherever to a site's page. */
export async function openSite(page: Page, name = STAFF_SITE): Promise<void> {
  await page.goto('/')
  await page.getByRole('link', { name: new RegExp(name) }).click()
  await at(page, name)
}

/** A window on a site's page whose day is open to sight. */
export function timeButton(page: Page, start: string): Locator {
  return page.getByRole('button', { name: new RegExp(`^${start}–`) })
}

/** `3月1日`: how a page names a day. */
export function dayWords(date: string): string {
  const [, month, day] = date.split('-').map(Number)
  return `${month}月${day}日`
}

/** Opens a day of the list, if it is not open. */
export async function openDay(page: Page, date: string): Promise<void> {
  const day = page.getByRole('button', { name: new RegExp(`${dayWords(date)} 周`) })
  if ((await day.getAttribute('aria-expanded')) === 'false') await day.click()
  await expect(day).toHaveAttribute('aria-expanded', 'true')
}

/** Chooses a window on a site's page. */
export async function chooseTime(page: Page, slot: Pick<Slot, 'date' | 'start'>): Promise<void> {
  await openDay(page, slot.date)
  await timeButton(page, slot.start).click()
  await at(page, '给谁约？')
}

/** Fills in the page about somebody new, without sending it. `phone` is asked for others only. */
export async function typeDetails(page: Page, who: Someone, phone?: string): Promise<void> {
  await page.getByLabel('姓名').fill(who.name)
  await page.getByLabel('证件号码').fill(who.number)
  if (phone) await page.getByLabel('手机号').fill(phone)
  await page.getByLabel('现居住县市区').selectOption(who.countyName)
  await page.getByLabel('详细地址').fill(who.address)
  await agreeSeparately(page)
}

/** Ticks the separate consent to sensitive data, where it is asked for. */
export async function agreeSeparately(page: Page): Promise<void> {
  const tick = page.getByRole('checkbox', { name: /单独同意/ })
  await expect(tick.or(page.getByText('您已单独同意'))).toBeVisible()
  if (await tick.isVisible()) await tick.check()
}

export async function goOn(page: Page): Promise<void> {
  await page.getByRole('button', { name: '下一步' }).click()
}

/** From "whom for" to the page where the answers are checked, for somebody new and their first dose. */
export async function answerAll(page: Page, who: Someone, phone?: string): Promise<void> {
  await page.getByRole('button', { name: phone ? /^给家人或别人约/ : /^给自己约/ }).click()
  await at(page, phone ? '接种人的信息' : '您的信息')
  await typeDetails(page, who, phone)
  await goOn(page)
  await at(page, '打第几剂？')
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await at(page, '接种人有下面的情况吗？')
  await page.getByRole('button', { name: '以上都没有' }).click()
}

export async function agree(page: Page): Promise<void> {
  await at(page, '请读一下告知书')
  await page.getByRole('button', { name: '我已阅读并同意' }).click()
}

export async function submit(page: Page): Promise<void> {
  await at(page, /请核对/)
  await page.getByRole('button', { name: /提交/ }).click()
}

/** Signs in wherever the page asks for it. The code is read where the phone would show it. */
export async function signIn(page: Page, phone: string): Promise<void> {
  await page.getByLabel('您的手机号').fill(phone)
  await page.getByRole('button', { name: '获取验证码' }).click()
  await enterCode(page, phone)
}

/** Enters the code that was sent. */
export async function enterCode(page: Page, phone: string): Promise<void> {
  const code = page.getByLabel('短信里的 6 位验证码')
  await expect(code).toBeFocused()
  await code.fill(await signInCode(new URL(page.url()).origin, phone))
  await page.getByRole('button', { name: '登录', exact: true }).click()
}

/** Books for the one who holds the phone, from the home page to the QR. Gives the booking's code. */
export async function bookForMyself(page: Page, who: Someone, phone: string, slot: Pick<Slot, 'date' | 'start'>): Promise<string> {
  await openSite(page)
  await chooseTime(page, slot)
  await answerAll(page, who)
  await agree(page)
  await submit(page)
  await at(page, '用手机号登录')
  await signIn(page, phone)
  await at(page, '约好了')
  return bookingCode(page)
}

/** The ten characters under the QR, without their groups. */
export async function bookingCode(page: Page): Promise<string> {
  const text = await page.getByText(/^[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{4}$/).innerText()
  return text.replaceAll('-', '')
}

/** The QR on the page of a booking. */
export function qr(page: Page): Locator {
  return page.getByRole('img', { name: '预约二维码' })
}

/** A phone that shows a booking's ticket with a pass of one's choice in it, as a forger's would. */
export async function forged(phone: Page, booking: Booking, pass: string): Promise<Buffer> {
  await phone.route('**/api/bookings/show', (route) => route.fulfill({ json: { booking: { ...booking, state: 'booked', pass } } }))
  await phone.goto(`/bookings/${booking.code}`)
  const picture = await photograph(qr(phone))
  await phone.unroute('**/api/bookings/show')
  return picture
}
